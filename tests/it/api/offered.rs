//! What is offered and what is not, against AWS's own list. The lists of what is not offered may only shrink.

use std::{collections::BTreeSet, process::Command};

use countersign::{
    api::{
        coverage::coverage,
        iam,
        query::{NotOffered, Operation},
        sts,
    },
    telemetry::label::{Label, Service},
};

use super::{declared::MODEL, form};
use crate::road::{gateway::Gateway, signer::Signer, upstream::Upstream};

/// The operations of STS's service model (2011-06-15) of 2026.
const STS: &str = "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot DecodeAuthorizationMessage \
                   GetAccessKeyInfo GetCallerIdentity GetDelegatedAccessToken GetFederationToken GetScopedCredentials \
                   GetSessionToken GetWebIdentityToken";

/// How many operations were not offered when this line was last changed. Never raise it, but for one that AWS did not have
/// before: the last was `GetScopedCredentials`.
const NOT_OFFERED_MAX: usize = 5;

/// What clients are tested with: `tests/clients/requirements.txt`.
const REQUIREMENTS: &str = include_str!("../../clients/requirements.txt");

/// The lists are AWS's own, as the botocore that is pinned has them: no operation of its models is missing here, none is here
/// that they do not have, and each declares the same errors. `COUNTERSIGN_PYTHON` names the interpreter that has it.
#[test]
fn the_lists_are_those_of_the_pinned_botocore() {
    let python = std::env::var("COUNTERSIGN_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/api/model.py");
    let hint = "set COUNTERSIGN_PYTHON to a Python that has what tests/clients/requirements.txt asks for";
    let output = Command::new(&python).arg(script).output().unwrap_or_else(|error| panic!("{python}: {error}; {hint}"));
    assert!(output.status.success(), "{python}: {}; {hint}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let (version, rest) = told.split_once("\niam\n").unwrap();
    let (of_iam, of_sts) = rest.split_once("\nsts\n").unwrap();
    let pinned = REQUIREMENTS.lines().find_map(|line| line.strip_prefix("botocore==")).unwrap();
    assert_eq!(version, pinned, "{python} has another botocore; {hint}");
    assert_eq!(of_iam.lines().collect::<Vec<_>>(), MODEL.lines().collect::<Vec<_>>());
    let names: Vec<&str> = of_sts.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, STS.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn every_operation_is_offered_or_refused_by_name() {
    let of_iam = MODEL.lines().filter_map(|line| line.split(' ').next()).collect();
    let apis: [(BTreeSet<&str>, &[Operation], &[NotOffered]); 2] =
        [(of_iam, iam::OFFERED, iam::NOT_OFFERED), (STS.split_whitespace().collect(), sts::OFFERED, sts::NOT_OFFERED)];
    for (all, offered, not_offered) in apis {
        let not_offered: Vec<&str> = not_offered.iter().map(|(name, _)| *name).collect();
        let named: Vec<&str> =
            offered.iter().map(|operation| operation.name).chain(not_offered.iter().copied()).collect();
        let distinct: BTreeSet<&str> = named.iter().copied().collect();
        assert_eq!(distinct.len(), named.len(), "an operation stands twice");
        assert_eq!(distinct, all);
        assert!(offered.is_sorted_by_key(|operation| operation.name) && not_offered.is_sorted());
    }
    assert!(iam::NOT_OFFERED.len() + sts::NOT_OFFERED.len() <= NOT_OFFERED_MAX);
}

#[test]
fn what_is_called_reading_reads() {
    for operation in iam::OFFERED.iter().chain(sts::OFFERED) {
        let reads =
            ["Assume", "Decode", "Get", "List", "Simulate"].iter().any(|start| operation.name.starts_with(start));
        assert_eq!(operation.read_only, reads, "{}", operation.name);
    }
}

/// What a call is named in its record, and what it counts as, come from the table that it was dispatched by.
#[test]
fn records_and_metrics_take_their_names_from_the_table() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    for operation in coverage() {
        let answer = gateway.send(&Signer::of(operation.service, &gateway.root()), form(operation.name, &[]));
        let is_off = operation.missing.is_some() || operation.extension.is_some();
        assert_eq!(answer.status == 501, is_off, "{}: {}", operation.name, answer.text());
        let record = gateway.record(&answer);
        assert_eq!(
            (&record["eventName"], &record["eventSource"], &record["readOnly"]),
            (
                &operation.name.into(),
                &format!("{}.amazonaws.com", operation.service).into(),
                &operation.read_only.into()
            ),
            "{record}"
        );
        assert_eq!(Service::of(operation.service).value(), operation.service);
    }
    let metrics = gateway.admin("/metrics").text().to_string();
    for service in ["iam", "sts"] {
        assert!(metrics.contains(&format!("countersign_requests_total{{service=\"{service}\"")), "{service}");
    }
}
