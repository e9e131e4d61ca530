//! From the question to the token, and who sees what on the way.

use std::fs;

use serde_json::json;

use super::{
    super::call,
    scene::{OTHER, READ, REQUESTER, ROLES, Scene, TOPIC},
};
use crate::road::gateway::{ALLOW_ALL, DENY_ALL};

const ANN: &str = "arn:aws:iam::123456789012:user/ann";

#[test]
fn from_the_question_to_the_token() {
    let scene = Scene::new();
    let (ann, boss) = (scene.gateway.user("ann", None), scene.gateway.user("boss", Some(ALLOW_ALL)));
    let made = scene.ask(&[("RequestMessage", "once more"), ("RedirectUrl", "https://ci.test/back")]);
    let id = &made;
    // Nobody owns it: whoever has its id sees it, and no list does.
    let seen = scene.does(&ann, "GetDelegationRequest", id, 200, "<State>UNASSIGNED</State>");
    for (name, value) in [
        ("DelegationRequestId", &**id),
        ("Description", "deploys"),
        ("RequestMessage", "once more"),
        ("PolicyTemplateArn", READ),
        ("RequestorId", REQUESTER),
        ("RequestorName", "Example CI"),
        ("SessionDuration", "3600"),
        ("RedirectUrl", "https://ci.test/back"),
        ("OnlySendByOwner", "false"),
        (
            "PermissionPolicy",
            r#"{"Statement":[{"Action":["s3:GetObject"],"Effect":"Allow","Resource":"arn:aws:s3:::photos/*"}],"Version":"2012-10-17"}"#,
        ),
        ("OwnerId", ""),
        ("OwnerAccountId", ""),
        ("ApproverId", ""),
    ] {
        assert_eq!(seen.element(name), value, "{name}");
    }
    assert!(seen.text().contains("<Name>bucketName</Name><Values><member>photos</member></Values><Type>string</Type>"));
    assert!(!seen.text().contains(TOPIC), "where notices go is told to nobody");
    let mine = [("OwnerId", ANN)];
    scene.holds(&ann, "ListDelegationRequests", &mine, 200, "<DelegationRequests></DelegationRequests>");
    // It becomes hers, and what is lent to her does not reach to accepting it.
    scene.does(&ann, "AssociateDelegationRequest", id, 200, "AssociateDelegationRequestResponse");
    scene.holds(&ann, "ListDelegationRequests", &mine, 200, id);
    scene.holds(&ann, "ListDelegationRequests", &[], 403, "iam:ListDelegationRequests on resource: *");
    let told = format!("iam:AcceptDelegationRequest on resource: arn:aws:iam::123456789012:delegation-request/{id}");
    scene.does(&ann, "AcceptDelegationRequest", id, 403, &told);
    scene.holds(&ann, "UpdateDelegationRequest", &[("DelegationRequestId", id), ("Notes", "please")], 200, "");
    scene.does(&boss, "GetDelegationRequest", id, 200, "<Notes>please</Notes>");
    scene.does(&ann, "SendDelegationToken", id, 400, "is in state PENDING_APPROVAL and cannot become FINALIZED.");
    let accepted = scene.does(&boss, "AcceptDelegationRequest", id, 200, "");
    scene.does(&ann, "GetDelegationRequest", id, 200, "<ApproverId>arn:aws:iam::123456789012:user/boss</ApproverId>");
    scene.does(&ann, "SendDelegationToken", id, 200, "SendDelegationTokenResponse");
    assert_eq!(scene.state(id), "FINALIZED");
    // What happened is told in this order, the last two in any.
    let notices = scene.notices(5);
    let told: Vec<(&str, &str)> =
        notices.iter().map(|it| (it["Type"].as_str().unwrap(), it["State"].as_str().unwrap())).collect();
    for at in [("ASSIGNED"), ("PENDING_APPROVAL"), ("ACCEPTED"), ("FINALIZED")] {
        assert!(told.contains(&("StateChange", at)), "{told:?}");
    }
    assert!(told.contains(&("ExchangeToken", "FINALIZED")));
    for notice in &notices {
        assert_eq!(
            (&notice["RequestId"], &notice["RequestorWorkflowId"], &notice["OwnerAccountId"]),
            (&json!(id), &json!("workflow-1"), &json!("123456789012"))
        );
    }
    let record = scene.gateway.record(&accepted);
    assert_eq!((&record["eventName"], &record["readOnly"]), (&json!("AcceptDelegationRequest"), &json!(false)));
    assert_eq!(record["requestParameters"], json!({ "delegationRequestId": id }));
    // No record has the token.
    let (token, records) = (scene.token(), scene.gateway.records());
    assert!(token.starts_with(&**id) && !json!(records).to_string().contains(&token));
}

#[test]
fn a_notice_looks_like_one_of_sns() {
    let scene = Scene::new();
    let id = scene.ask(&[]);
    scene.does(&scene.gateway.root(), "AssociateDelegationRequest", &id, 200, "");
    scene.notices(1);
    let [seen] = &scene.hook.requests()[..] else { panic!("one notice") };
    assert_eq!((&*seen.method, &*seen.target), ("POST", "/hook?key=k"));
    let envelope: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!((&envelope["Type"], &envelope["TopicArn"]), (&json!("Notification"), &json!(TOPIC)));
    for (header, value) in [
        ("x-amz-sns-message-type", "Notification"),
        ("x-amz-sns-topic-arn", TOPIC),
        ("content-type", "text/plain; charset=UTF-8"),
        ("x-amz-sns-message-id", envelope["MessageId"].as_str().unwrap()),
    ] {
        assert_eq!(seen.header(header), Some(value), "{header}");
    }
}

/// The account that a request names, or the one that claimed it, is the only one that it exists for; whoever made it has
/// no part in it.
#[test]
fn other_accounts_see_nothing() {
    let scene = Scene::new();
    let (ann, bob) = (scene.gateway.user("ann", None), scene.gateway.user("bob", None));
    let other = scene.gateway.user_of(OTHER, "other", Some(ALLOW_ALL));
    let named = scene.ask(&[("OwnerAccountId", "123456789012")]);
    let open = scene.ask(&[("RequestorWorkflowId", "workflow-2")]);
    scene.does(&other, "GetDelegationRequest", &open, 200, "UNASSIGNED");
    scene.does(&other, "AssociateDelegationRequest", &open, 200, "");
    for (id, strangers) in [(&named, [&other, &scene.ci]), (&open, [&scene.ci, &scene.gateway.root()])] {
        for stranger in strangers {
            for action in [
                "GetDelegationRequest",
                "AssociateDelegationRequest",
                "UpdateDelegationRequest",
                "AcceptDelegationRequest",
                "RejectDelegationRequest",
                "SendDelegationToken",
            ] {
                let missing = format!("The delegation request with id {id} cannot be found.");
                scene.does(stranger, action, id, 404, &missing);
            }
            let arn = format!("arn:aws:iam::123456789012:delegation-request/{id}");
            let refused = call(&scene.gateway, stranger, "GetHumanReadableSummary", &[("EntityArn", &arn)]);
            assert!(matches!(refused.status, 403 | 404), "{}", refused.text());
            let listed = scene.holds(stranger, "ListDelegationRequests", &[], 200, "").text();
            assert!(!listed.contains(id.as_str()), "{listed}");
        }
    }
    // Before it is claimed anybody of the named account sees it, then only its owner does.
    scene.does(&bob, "GetDelegationRequest", &named, 200, "UNASSIGNED");
    scene.does(&ann, "AssociateDelegationRequest", &named, 200, "");
    scene.does(&bob, "GetDelegationRequest", &named, 403, "iam:GetDelegationRequest");
    scene.does(&ann, "GetDelegationRequest", &named, 200, "ASSIGNED");
    // Of the same ARN, but somebody else.
    scene.change(&named, |request| request.details.owner.as_mut().unwrap().id = "AIDAformer".into());
    for action in ["GetDelegationRequest", "RejectDelegationRequest", "SendDelegationToken", "UpdateDelegationRequest"]
    {
        scene.does(&ann, action, &named, 403, action);
    }
    scene.holds(&ann, "ListDelegationRequests", &[("OwnerId", ANN)], 200, "<DelegationRequests></DelegationRequests>");
}

#[test]
fn what_is_lent_can_be_denied() {
    let scene = Scene::new();
    let ann = scene.gateway.user("ann", Some(DENY_ALL));
    let id = scene.ask(&[]);
    for action in ["GetDelegationRequest", "AssociateDelegationRequest"] {
        scene.does(&ann, action, &id, 403, "with an explicit deny in an identity-based policy");
    }
    // The keys of conditions are there.
    for (name, condition, status) in [
        ("a", format!(r#"{{"StringEquals":{{"iam:TemplateArn":"{READ}"}}}}"#), 200),
        ("b", format!(r#"{{"StringEquals":{{"iam:TemplateArn":"{ROLES}"}}}}"#), 403),
        ("c", format!(r#"{{"StringEquals":{{"iam:NotificationChannel":"{TOPIC}"}}}}"#), 200),
        ("d", r#"{"NumericLessThanEquals":{"iam:DelegationDuration":"3600"}}"#.into(), 200),
        ("e", r#"{"NumericLessThan":{"iam:DelegationDuration":"3600"}}"#.into(), 403),
    ] {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"iam:CreateDelegationRequest","Resource":"arn:aws:iam::{REQUESTER}:delegation-request/*","Condition":{condition}}}}}"#
        );
        let key = scene.gateway.user_of(REQUESTER, name, Some(&policy));
        let parameters = super::scene::asked(&[("RequestorWorkflowId", "workflow-"), ("Description", name)]);
        let workflow = format!("workflow-{name}");
        let parameters: Vec<(&str, &str)> = parameters
            .into_iter()
            .map(|(key, value)| (key, if key == "RequestorWorkflowId" { &*workflow } else { value }))
            .collect();
        scene.holds(&key, "CreateDelegationRequest", &parameters, status, "");
    }
    let owned = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*",
        "Condition":{"StringEquals":{"iam:DelegationRequestOwner":"arn:aws:iam::123456789012:user/boss"}}}}"#;
    let (eve, boss) = (scene.gateway.user("eve", Some(owned)), scene.gateway.user("boss", None));
    let carl = scene.gateway.user("carl", None);
    let other = scene.ask(&[("RequestorWorkflowId", "workflow-2")]);
    scene.does(&boss, "AssociateDelegationRequest", &id, 200, "");
    scene.does(&carl, "AssociateDelegationRequest", &other, 200, "");
    scene.does(&eve, "GetDelegationRequest", &id, 200, "ASSIGNED");
    scene.does(&eve, "GetDelegationRequest", &other, 403, "iam:GetDelegationRequest");
    let of = [("OwnerId", "arn:aws:iam::123456789012:user/boss")];
    scene.holds(&eve, "ListDelegationRequests", &of, 200, &id);
    scene.holds(&eve, "ListDelegationRequests", &[], 403, "");
}

#[test]
fn lists_have_pages() {
    let scene = Scene::new();
    let (ann, root) = (scene.gateway.user("ann", None), scene.gateway.root());
    let mut ids: Vec<String> = (0..5)
        .map(|at| {
            let id = scene.ask(&[("RequestorWorkflowId", &format!("workflow-{at}"))]);
            scene.does(if at == 4 { &root } else { &ann }, "AssociateDelegationRequest", &id, 200, "");
            id
        })
        .collect();
    let of_root = ids.pop().unwrap();
    ids.sort();
    let (mut found, mut marker) = (Vec::new(), None::<String>);
    loop {
        let mut page = vec![("OwnerId", ANN), ("MaxItems", "3")];
        page.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let answer = scene.holds(&ann, "ListDelegationRequests", &page, 200, "<isTruncated>");
        let text = answer.text();
        found.extend(text.split("<DelegationRequestId>").skip(1).map(|rest| rest[..35].to_owned()));
        assert_eq!(answer.element("isTruncated") == "true", text.contains("<Marker>"));
        match answer.element("Marker") {
            none if none.is_empty() => break,
            next => marker = Some(next),
        }
    }
    assert_eq!(found, ids);
    let all = scene.holds(&root, "ListDelegationRequests", &[], 200, &of_root).text();
    assert_eq!(all.matches("<DelegationRequestId>").count(), 5);
    scene.holds(&root, "ListDelegationRequests", &[("OwnerId", "short")], 400, "ValidationError");
}

/// What was asked for is what is decided on, whatever becomes of the template.
#[test]
fn a_template_that_changes_changes_no_request() {
    let scene = Scene::new();
    let root = scene.gateway.root();
    let id = scene.brought("ACCEPTED", "workflow-1", &root);
    let wide = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::@{bucketName}*"}}"#;
    fs::write(scene.templates.path().join("read.json"), wide).unwrap();
    scene.reload(&[]);
    scene.does(
        &root,
        "GetDelegationRequest",
        &id,
        200,
        "<PermissionPolicy>{\"Statement\":[{\"Action\":[\"s3:GetObject\"]",
    );
    let next = [
        ("RequestorWorkflowId", "workflow-2"),
        ("Permissions.Parameters.member.2.Name", "-"),
        ("Permissions.Parameters.member.2.Values.member.1", "-"),
        ("Permissions.Parameters.member.2.Type", "-"),
    ];
    let next = scene.ask(&next);
    scene.does(&root, "GetDelegationRequest", &next, 200, "\"Action\":\"s3:*\"");
}

#[test]
fn a_summary_says_in_words_what_the_policy_says() {
    let scene = Scene::new();
    let ann = scene.gateway.user("ann", None);
    let id = scene.ask(&[("Permissions.Parameters.member.2.Values.member.1", "True"), ("SessionDuration", "5400")]);
    let arn = |account: &str, id: &str| format!("arn:aws:iam::{account}:delegation-request/{id}");
    let own = arn("123456789012", &id);
    let summary = scene.holds(
        &ann,
        "GetHumanReadableSummary",
        &[("EntityArn", &own)],
        200,
        "<SummaryState>AVAILABLE</SummaryState>",
    );
    assert_eq!(summary.element("Locale"), "en");
    assert_eq!(
        summary.element("SummaryContent"),
        "Example CI (account 444455556666) asks for permissions in the account that accepts for 1 hour 30 minutes.\n\n\
         If it is given them it may do the following, as far as whoever accepts may do it too:\n\
         - s3:GetObject on arn:aws:s3:::photos/*.\n- s3:PutObject on arn:aws:s3:::photos/*.\n"
    );
    let french = [("EntityArn", &*own), ("Locale", "fr")];
    let none = "<SummaryContent></SummaryContent><Locale>fr</Locale><SummaryState>NOT_SUPPORTED</SummaryState>";
    scene.holds(&ann, "GetHumanReadableSummary", &french, 200, none);
    let roles = scene.ask(&[
        ("RequestorWorkflowId", "workflow-2"),
        ("OwnerAccountId", "123456789012"),
        ("Permissions.PolicyTemplateArn", ROLES),
        ("Permissions.Parameters.member.1.Name", "AccountId"),
        ("Permissions.Parameters.member.1.Values.member.1", "123456789012"),
        ("Permissions.Parameters.member.2.Name", "-"),
        ("Permissions.Parameters.member.2.Values.member.1", "-"),
        ("Permissions.Parameters.member.2.Type", "-"),
    ]);
    let roles_arn = arn("123456789012", &roles);
    let bounded = "They can do no more than: arn:aws:iam::aws:policy/ReadOnlyAccess.";
    scene.holds(&ann, "GetHumanReadableSummary", &[("EntityArn", &roles_arn)], 200, bounded);
    let shown = "<RolePermissionRestrictionArns><member>arn:aws:iam::aws:policy/ReadOnlyAccess</member>";
    scene.does(&ann, "GetDelegationRequest", &roles, 200, shown);
    for (entity, status, code) in [
        ("arn:aws:iam::123456789012:user/ann", 400, "InvalidInput"),
        ("arn:aws:iam::123456789012:delegation-request/short", 400, "InvalidInput"),
        (&*arn("123456789012", "dr-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 403, "AccessDenied"),
        (&*arn(REQUESTER, &id), 403, "AccessDenied"),
    ] {
        scene.holds(&ann, "GetHumanReadableSummary", &[("EntityArn", entity)], status, code);
    }
    let missing = arn("123456789012", "dr-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    scene.holds(&scene.gateway.root(), "GetHumanReadableSummary", &[("EntityArn", &missing)], 404, "NoSuchEntity");
}

#[test]
fn whether_the_caller_has_what_is_asked_for_is_told() {
    let scene = Scene::new();
    let id = scene.ask(&[]);
    let allow = |action: &str, resource: &str, rest: &str| {
        format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"{rest}}}"#)
    };
    let policy =
        |statements: &[String]| format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    let deny = r#"{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/secret/*"}"#.to_owned();
    let asks = allow("iam:GetDelegationRequest", "*", "");
    let late = r#","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}"#;
    for (name, statements, expected) in [
        ("all", vec![allow("s3:*", "*", "")], "ALLOWED"),
        ("exactly", vec![allow("s3:GetObject", "arn:aws:s3:::photos/*", "")], "ALLOWED"),
        ("none", vec![], "DENIED"),
        ("part", vec![allow("s3:GetObject", "arn:aws:s3:::photos/a/*", "")], "DENIED"),
        ("other", vec![allow("s3:PutObject", "*", "")], "DENIED"),
        ("sometimes", vec![allow("s3:*", "*", late)], "UNSURE"),
        ("but", vec![allow("s3:*", "*", ""), deny.clone()], "UNSURE"),
        ("not", vec![allow("s3:*", "*", ""), deny.replace("/secret", "")], "DENIED"),
    ] {
        let document = policy(&[vec![asks.clone()], statements].concat());
        let key = scene.gateway.user(name, Some(&document));
        let parameters = [("DelegationRequestId", &*id), ("DelegationPermissionCheck", "true")];
        let answer = scene.holds(&key, "GetDelegationRequest", &parameters, 200, "COMPLETE");
        assert_eq!(answer.element("PermissionCheckResult"), expected, "{name}");
    }
    let root = scene.gateway.root();
    let parameters = [("DelegationRequestId", &*id), ("DelegationPermissionCheck", "true")];
    scene.holds(&root, "GetDelegationRequest", &parameters, 200, "<PermissionCheckResult>ALLOWED");
    let unasked = scene.does(&root, "GetDelegationRequest", &id, 200, "").text();
    assert!(!unasked.contains("PermissionCheck"), "{unasked}");
}
