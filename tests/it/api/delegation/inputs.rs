//! What cannot be asked for, parameter by parameter.

use super::scene::{OTHER, REQUESTER, Scene, TOPIC, asked};
use crate::road::gateway::ALLOW_ALL;

/// Parameters instead of the usual ones, the code, and what the message holds.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

const VALUE: &str = "Permissions.Parameters.member.1.Values.member.1";

#[test]
fn what_is_wrong_is_refused_in_its_words() {
    let scene = Scene::new();
    let root = scene.gateway.root();
    let long = |count: usize| "a".repeat(count);
    let (long_text, long_message, long_workflow) = (long(1001), long(201), long(401));
    let (long_url, long_channel) = (format!("https://{}", long(250)), long(401));
    let theirs = "arn:aws:iam::777788889999:delegation-template/read";
    let cases: &[Case<'_>] = &[
        (
            &[("Description", "-")],
            "ValidationError",
            "'description' failed to satisfy constraint: Member must not be null",
        ),
        (&[("Description", &long_text)], "ValidationError", "length less than or equal to 1000"),
        (&[("Description", "a\u{7f}")], "ValidationError", "regular expression pattern"),
        (&[("Permissions.PolicyTemplateArn", "-")], "ValidationError", "'permissions.policyTemplateArn'"),
        (&[("Permissions.PolicyTemplateArn", "arn:x")], "ValidationError", "length greater than or equal to 20"),
        (
            &[("Permissions.PolicyTemplateArn", theirs)],
            "InvalidInput",
            "The policy template arn:aws:iam::777788889999:delegation-template/read cannot be found.",
        ),
        (&[("RequestorWorkflowId", "-")], "ValidationError", "'requestorWorkflowId'"),
        (&[("RequestorWorkflowId", "abcd")], "ValidationError", "length greater than or equal to 5"),
        (&[("RequestorWorkflowId", &long_workflow)], "ValidationError", "length less than or equal to 400"),
        (&[("NotificationChannel", "-")], "ValidationError", "'notificationChannel'"),
        (&[("NotificationChannel", "a")], "ValidationError", "length greater than or equal to 2"),
        (&[("NotificationChannel", &long_channel)], "ValidationError", "length less than or equal to 400"),
        (&[("NotificationChannel", "https://ci.test/")], "ValidationError", "regular expression pattern"),
        (
            &[("NotificationChannel", "arn:aws:sns:us-east-1:444455556666:other")],
            "InvalidInput",
            "The notification channel arn:aws:sns:us-east-1:444455556666:other cannot be found.",
        ),
        (
            &[("SessionDuration", "-")],
            "ValidationError",
            "'sessionDuration' failed to satisfy constraint: Member must not be null",
        ),
        (&[("SessionDuration", "299")], "ValidationError", "value greater than or equal to 300"),
        (&[("SessionDuration", "43201")], "ValidationError", "value less than or equal to 43200"),
        (&[("SessionDuration", "x")], "ValidationError", "must be a number"),
        (&[("OwnerAccountId", "12345")], "ValidationError", r"regular expression pattern: \d{12}"),
        (&[("RequestMessage", &long_message)], "ValidationError", "length less than or equal to 200"),
        (&[("RedirectUrl", "javascript:alert(1)")], "ValidationError", "'redirectUrl'"),
        (&[("RedirectUrl", &long_url)], "ValidationError", "length less than or equal to 255"),
        (&[("OnlySendByOwner", "yes")], "ValidationError", "must be a boolean"),
        (&[("Permissions.Parameters.member.1.Name", "name")], "ValidationError", "length greater than or equal to 5"),
        (
            &[("Permissions.Parameters.member.1.Name", "otherName")],
            "InvalidInput",
            "The template has no parameter otherName.",
        ),
        (&[("Permissions.Parameters.member.1.Type", "-")], "ValidationError", "Member must not be null"),
        (
            &[("Permissions.Parameters.member.1.Type", "String")],
            "ValidationError",
            "enum value set: [string, stringList]",
        ),
        (&[(VALUE, "-")], "ValidationError", "Member must not be null"),
        (&[(VALUE, "ä")], "ValidationError", "regular expression pattern: [ -~]+"),
        (&[(VALUE, "*")], "InvalidInput", "must not have wildcards or variables"),
        (
            &[(VALUE, &long_workflow), ("Permissions.Parameters.member.1.Values.member.2", "b")],
            "InvalidInput",
            "of type string has several values",
        ),
        (&[("Permissions.Parameters.member.2.Values.member.1", "yes")], "InvalidInput", "is one string, True or False"),
    ];
    for (other, code, message) in cases {
        let answer = scene.holds(&scene.ci, "CreateDelegationRequest", &asked(other), 400, message);
        assert_eq!(answer.element("Code"), *code, "{other:?}");
    }
    for (action, parameters, message) in [
        ("GetDelegationRequest", &[][..], "Member must not be null"),
        ("GetDelegationRequest", &[("DelegationRequestId", "short")], "length greater than or equal to 16"),
        ("AcceptDelegationRequest", &[("DelegationRequestId", "dr-a/../aaaaaaaaaaaa")], "regular expression pattern"),
        ("AssociateDelegationRequest", &[("DelegationRequestId", "dr-aaaaaaaaaaaa*")], "regular expression pattern"),
        (
            "UpdateDelegationRequest",
            &[("DelegationRequestId", "dr-aaaaaaaaaaaaaaaa"), ("Notes", &*long(501))],
            "length less than or equal to 500",
        ),
        (
            "RejectDelegationRequest",
            &[("DelegationRequestId", "dr-aaaaaaaaaaaaaaaa"), ("Notes", "\u{7f}")],
            "regular expression pattern",
        ),
        (
            "GetHumanReadableSummary",
            &[("EntityArn", "arn:aws:iam::123456789012:x"), ("Locale", "e")],
            "length greater than or equal to 2",
        ),
        ("ListDelegationRequests", &[("MaxItems", "0")], "value greater than or equal to 1"),
        ("ListDelegationRequests", &[("Marker", "?")], "Invalid Marker"),
    ] {
        scene.holds(&root, action, parameters, 400, message);
    }
    assert_eq!(scene.hook.requests().len(), 0);
}

/// Who may ask, and how often.
#[test]
fn only_whom_the_configuration_names_may_ask() {
    let scene = Scene::with(&[("QUOTAS__DELEGATION_REQUESTS", "2")]);
    let other = scene.gateway.user_of(OTHER, "other", Some(ALLOW_ALL));
    for key in [&scene.gateway.root(), &other] {
        scene.holds(key, "CreateDelegationRequest", &asked(&[]), 403, "is not enabled for delegation requests.");
    }
    let answer = scene.holds(&scene.ci, "CreateDelegationRequest", &asked(&[]), 200, "");
    let id = answer.element("DelegationRequestId");
    assert_eq!(answer.element("ConsoleDeepLink"), format!("https://console.test/{id}"));
    let record = scene.gateway.record(&answer);
    let shown = &record["requestParameters"];
    assert_eq!((&shown["notificationChannel"], &shown["sessionDuration"]), (&TOPIC.into(), &3600.into()));
    assert_eq!(shown["permissions"]["parameters"][0]["name"], "bucketName");
    let again = "A delegation request with requestor workflow id workflow-1 already exists.";
    let answer = scene.holds(&scene.ci, "CreateDelegationRequest", &asked(&[]), 409, again);
    assert_eq!(answer.element("Code"), "EntityAlreadyExists");
    // In another case it is another.
    scene.ask(&[("RequestorWorkflowId", "Workflow-1")]);
    let third = asked(&[("RequestorWorkflowId", "workflow-3")]);
    let full = "Cannot exceed quota for DelegationRequestsPerAccount: 2";
    let answer = scene.holds(&scene.ci, "CreateDelegationRequest", &third, 409, full);
    assert_eq!(answer.element("Code"), "LimitExceeded");
    // One whose time is over makes room, wherever it was listed.
    let root = scene.gateway.root();
    scene.does(&root, "AssociateDelegationRequest", &id, 200, "");
    scene.age(&id);
    scene.holds(&root, "ListDelegationRequests", &[], 200, "<State>EXPIRED</State>");
    scene.holds(&scene.ci, "CreateDelegationRequest", &third, 200, "");
    scene.does(&root, "GetDelegationRequest", &id, 404, "NoSuchEntity");
    scene.holds(&root, "ListDelegationRequests", &[], 200, "<DelegationRequests></DelegationRequests>");
    assert_eq!(scene.ci.id, "AKIA00000000000000ci", "{REQUESTER}");
}
