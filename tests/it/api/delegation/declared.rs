//! The errors that the operations declare, beside those that any operation is answered with when the store fails.

use super::scene::{Scene, asked};
use crate::road::gateway::ALLOW_ALL;

const NOBODYS: &str = "dr-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Operations with a code that they declare. Each is provoked below; the table of all operations counts on that.
#[rustfmt::skip]
pub const DECLARED: [(&str, &str); 15] = [
    ("AcceptDelegationRequest", "NoSuchEntity"),
    ("AssociateDelegationRequest", "InvalidInput"),
    ("AssociateDelegationRequest", "NoSuchEntity"),
    ("CreateDelegationRequest", "EntityAlreadyExists"),
    ("CreateDelegationRequest", "InvalidInput"),
    ("CreateDelegationRequest", "LimitExceeded"),
    ("GetDelegationRequest", "NoSuchEntity"),
    ("GetHumanReadableSummary", "InvalidInput"),
    ("GetHumanReadableSummary", "NoSuchEntity"),
    ("RejectDelegationRequest", "InvalidInput"),
    ("RejectDelegationRequest", "NoSuchEntity"),
    ("SendDelegationToken", "InvalidInput"),
    ("SendDelegationToken", "NoSuchEntity"),
    ("UpdateDelegationRequest", "InvalidInput"),
    ("UpdateDelegationRequest", "NoSuchEntity"),
];

#[test]
fn each_declared_error_is_provoked() {
    let scene = Scene::with(&[("QUOTAS__DELEGATION_REQUESTS", "1")]);
    let root = scene.gateway.root();
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    let bad = asked(&[("Permissions.Parameters.member.1.Values.member.1", "*")]);
    scene.holds(&scene.ci, "CreateDelegationRequest", &bad, 400, "<Code>InvalidInput</Code>");
    let over = scene.brought("FINALIZED", "workflow-1", &boss);
    let summary = |id: &str| format!("arn:aws:iam::123456789012:{id}");
    let (users, missing) = (summary("user/ann"), summary(&format!("delegation-request/{NOBODYS}")));
    for (action, code) in DECLARED {
        let status = if code == "NoSuchEntity" { 404 } else { 400 };
        let words = format!("<Code>{code}</Code>");
        match (action, code) {
            ("CreateDelegationRequest", "InvalidInput") => {}
            ("CreateDelegationRequest", "EntityAlreadyExists") => {
                drop(scene.holds(&scene.ci, action, &asked(&[]), 409, &words));
            }
            ("CreateDelegationRequest", _) => {
                drop(scene.holds(&scene.ci, action, &asked(&[("RequestorWorkflowId", "workflow-2")]), 409, &words));
            }
            ("GetHumanReadableSummary", _) => {
                let entity = if status == 404 { &missing } else { &users };
                drop(scene.holds(&root, action, &[("EntityArn", entity)], status, &words));
            }
            _ => drop(scene.does(&root, action, if status == 404 { NOBODYS } else { &over }, status, &words)),
        }
    }
}
