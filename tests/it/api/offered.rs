//! What is offered and what is not, against AWS's own list. The lists of what is not offered may only shrink.

use std::collections::BTreeSet;

use countersign::api::{iam, query::Operation, sts};

/// The operations of IAM's service model (2010-05-08) of 2026.
const IAM: &str = include_str!("../data/iam-operations.txt");

/// The operations of STS's service model (2011-06-15) of 2026.
const STS: &str = "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot DecodeAuthorizationMessage \
                   GetAccessKeyInfo GetCallerIdentity GetDelegatedAccessToken GetFederationToken GetSessionToken \
                   GetWebIdentityToken";

/// How many operations were not offered when this line was last changed. Never raise it.
const NOT_OFFERED_MAX: usize = 76 + 9;

#[test]
fn every_operation_is_offered_or_refused_by_name() {
    let apis: [(&str, &[Operation], &[&str]); 2] =
        [(IAM, iam::OFFERED, iam::NOT_OFFERED), (STS, sts::OFFERED, sts::NOT_OFFERED)];
    for (all, offered, not_offered) in apis {
        let all: BTreeSet<&str> = all.split_whitespace().collect();
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
        let reads = ["Decode", "Get", "List", "Simulate"].iter().any(|start| operation.name.starts_with(start));
        assert_eq!(operation.read_only, reads, "{}", operation.name);
    }
}
