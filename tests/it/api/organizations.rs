//! What an organization's account manages for all of them, and what an account chose of tokens.

use std::fs;

use super::{
    call,
    story::{Step, tell},
};
use crate::road::{
    client::Request,
    gateway::{ALLOW_ALL, Gateway, Setup},
    signer::{Key, Signer},
    upstream::Upstream,
};

const NO_IAM: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":["ec2:*","ecs:Run*"],"Resource":"*"}}"#;
const PATH: &str = "o-exampleorgid/r-ab12/";

#[test]
#[rustfmt::skip]
fn without_an_organization_there_is_nothing_to_manage() {
    let none = "<Code>OrganizationNotFoundException</Code><Message>No organization is associated with the account that made the request.</Message>";
    let path = |path| ("EntityPath", path);
    let steps: [Step<'_>; 17] = [
        ("ListOrganizationsFeatures", &[], 400, none),
        ("EnableOrganizationsRootSessions", &[], 400, none),
        ("DisableOrganizationsRootSessions", &[], 400, none),
        ("EnableOrganizationsRootCredentialsManagement", &[], 400, none),
        ("DisableOrganizationsRootCredentialsManagement", &[], 400, none),
        ("GenerateOrganizationsAccessReport", &[], 400, "Value null at 'entityPath' failed to satisfy constraint: Member must not be null"),
        ("GenerateOrganizationsAccessReport", &[path("o-exampleorgid/x-ab12")], 400, "ValidationError"),
        ("GenerateOrganizationsAccessReport", &[path("o-exampleorgid/r-ab12"), ("OrganizationsPolicyId", "x")], 400, "ValidationError"),
        ("GenerateOrganizationsAccessReport", &[path("o-exampleorgid/r-ab12")], 200, "<JobId>"),
        ("GetOrganizationsAccessReport", &[("JobId", "00000000-0000-4000-8000-000000000000")], 404, "NoSuchEntity"),
        ("GetOrganizationsAccessReport", &[("JobId", "00000000-0000-4000-8000-000000000000"), ("SortKey", "x")], 400, "Member must satisfy enum value set: [SERVICE_NAMESPACE_ASCENDING,"),
        ("SetSecurityTokenServicePreferences", &[("GlobalEndpointTokenVersion", "v2Token")], 200, "SetSecurityTokenServicePreferencesResponse"),
        ("SetSecurityTokenServicePreferences", &[("GlobalEndpointTokenVersion", "v3Token")], 400, "1 validation error detected: Value 'v3Token' at 'globalEndpointTokenVersion'"),
        ("SetSecurityTokenServicePreferences", &[], 400, "Value null at 'globalEndpointTokenVersion'"),
        ("GetOutboundWebIdentityFederationInfo", &[], 404, "<Code>FeatureDisabled</Code>"),
        ("DisableOutboundWebIdentityFederation", &[], 404, "<Code>FeatureDisabled</Code>"),
        ("EnableOutboundWebIdentityFederation", &[], 404, "<Code>ServiceNotSupported</Code><Message>This deployment has no public place for the documents by which tokens are verified. Set issuer_url in the table [sts] of its configuration.</Message>"),
    ];
    tell(&steps);
}

/// A gateway of an organization whose policy leaves out EC2.
fn with<T>(then: impl FnOnce(&Gateway) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("control.json");
    fs::write(&file, NO_IAM).unwrap();
    let control = format!("[{:?}]", file.display().to_string());
    let keys = [
        ("ORGANIZATION__ID", "o-exampleorgid"),
        ("ORGANIZATION__PATH", PATH),
        ("ORGANIZATION__SERVICE_CONTROL", &control),
    ];
    let upstream = Upstream::start();
    then(&Gateway::start_with(&upstream, &Setup { keys: &keys, ..Setup::default() }))
}

fn ask(gateway: &Gateway, key: &Key, action: &str, parameters: &[(&str, &str)]) -> String {
    let answer = call(gateway, key, action, parameters);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    answer.text().to_string()
}

#[test]
fn the_account_that_manages_turns_features_on_and_off() {
    with(|gateway| {
        let root = gateway.root();
        let features = |action: &str| {
            let text = ask(gateway, &root, action, &[]);
            assert!(text.contains("<OrganizationId>o-exampleorgid</OrganizationId>"), "{text}");
            let list = text.split("<EnabledFeatures>").nth(1).unwrap().split("</EnabledFeatures>").next().unwrap();
            list.replace("</member>", " ").replace("<member>", "").trim_end().to_owned()
        };
        for (action, expected) in [
            ("ListOrganizationsFeatures", ""),
            ("EnableOrganizationsRootSessions", "RootSessions"),
            ("EnableOrganizationsRootSessions", "RootSessions"),
            ("EnableOrganizationsRootCredentialsManagement", "RootCredentialsManagement RootSessions"),
            ("DisableOrganizationsRootSessions", "RootCredentialsManagement"),
            ("ListOrganizationsFeatures", "RootCredentialsManagement"),
            ("DisableOrganizationsRootCredentialsManagement", ""),
        ] {
            assert_eq!(features(action), expected, "{action}");
        }
        let other = gateway.user_of("210987654321", "boss", Some(ALLOW_ALL));
        for (action, code) in [
            ("ListOrganizationsFeatures", "AccountNotManagementOrDelegatedAdministratorException"),
            ("EnableOrganizationsRootSessions", "CallerIsNotManagementAccountException"),
            ("DisableOrganizationsRootSessions", "AccountNotManagementOrDelegatedAdministratorException"),
        ] {
            let answer = call(gateway, &other, action, &[]);
            assert_eq!((answer.status, &*answer.element("Code")), (400, code), "{action}");
        }
    });
}

#[test]
fn a_report_tells_of_all_accounts_of_the_entity() {
    with(|gateway| {
        let root = gateway.root();
        let (ann, boss) = (gateway.user("ann", None), gateway.user_of("210987654321", "boss", Some(ALLOW_ALL)));
        assert_eq!(gateway.send(&Signer::s3(&ann), Request::new("GET", "/photos/a")).status, 403);
        assert_eq!(call(gateway, &boss, "ListUsers", &[]).status, 200);
        let report = |path: &str, further: &[(&str, &str)]| {
            let job =
                call(gateway, &root, "GenerateOrganizationsAccessReport", &[("EntityPath", path)]).element("JobId");
            let parameters = [&[("JobId", &*job), ("MaxItems", "1000")], further].concat();
            ask(gateway, &root, "GetOrganizationsAccessReport", &parameters)
        };
        let service = |text: &str, namespace: &str| {
            let at = text.split("<member>").find(|part| part.contains(&format!("<ServiceNamespace>{namespace}<")));
            at.map(str::to_owned)
        };
        let whole = report(PATH.trim_end_matches('/'), &[]);
        assert!(whole.contains("<JobStatus>COMPLETED</JobStatus>"), "{whole}");
        assert!(service(&whole, "ec2").is_none() && service(&whole, "ecs").is_some(), "{whole}");
        let (s3, iam) = (service(&whole, "s3").unwrap(), service(&whole, "iam").unwrap());
        for (service, part) in [
            (&s3, "<EntityPath>o-exampleorgid/r-ab12/123456789012</EntityPath><LastAuthenticatedTime>"),
            (&s3, "<TotalAuthenticatedEntities>1</TotalAuthenticatedEntities>"),
            (&iam, "<TotalAuthenticatedEntities>2</TotalAuthenticatedEntities>"),
        ] {
            assert!(service.contains(part), "{service}");
        }
        let other = report("o-exampleorgid/r-ab12/210987654321", &[]);
        assert!(!service(&other, "s3").unwrap().contains("LastAuthenticatedTime"), "{other}");
        assert!(service(&other, "iam").unwrap().contains("<TotalAuthenticatedEntities>1<"), "{other}");
        let latest = report("o-exampleorgid/r-ab12", &[("SortKey", "LAST_AUTHENTICATED_TIME_DESCENDING")]);
        let first = latest.split("<ServiceNamespace>").nth(1).unwrap().split('<').next().unwrap();
        assert!(["iam", "s3"].contains(&first), "{first}");

        for path in ["o-exampleorgid/r-zz99", "o-exampleorgid/r-ab12/111111111111", "o-anotherorgid/r-ab12"] {
            let text = report(path, &[]);
            assert!(text.contains("<JobStatus>FAILED</JobStatus>") && text.contains("<ErrorDetails>"), "{text}");
        }
    });
}
