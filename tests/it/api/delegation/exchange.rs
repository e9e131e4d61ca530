//! The token is exchanged for credentials: of whom, for what, for how long, and when they end.

use std::{fs, thread::sleep, time::Duration};

use countersign::{api::delegation::request::Request, base::Timestamp};
use serde_json::json;

use super::{
    super::call,
    scene::{OTHER, REQUESTER, Scene, asked},
};
use crate::{
    road::{
        client::{Request as Http, Response},
        gateway::{ALLOW_ALL, until},
        signer::{Key, Signer},
        upstream::Answer,
    },
    sts::{allow, assume, credentials, done, outcome, read, role, trust_account, who},
};

const BOSS: &str = "arn:aws:iam::123456789012:user/boss";

/// What any of these approvers may do beside.
const DECIDE: &str =
    r#"{"Effect":"Allow","Action":["iam:*DelegationRequest*","iam:SendDelegationToken"],"Resource":"*"}"#;

impl Scene {
    /// The token of a request that somebody accepted and released.
    fn released(&self, by: &Key, workflow: &str) -> String {
        self.brought("FINALIZED", workflow, by);
        self.token()
    }

    fn exchange(&self, key: &Key, token: &str) -> Response {
        call(&self.gateway, key, "GetDelegatedAccessToken", &[("TradeInToken", token)])
    }

    /// Credentials of a request that somebody accepted.
    fn delegated(&self, by: &Key, workflow: &str) -> Key {
        let token = self.released(by, workflow);
        credentials(&self.exchange(&self.ci, &token))
    }

    fn reads(&self, key: &Key, paths: [&str; 3]) -> [u16; 3] {
        paths.map(|path| read(&self.gateway, key, path))
    }

    fn puts(&self, key: &Key, path: &str, body: &str) -> u16 {
        self.gateway.send(&Signer::s3(key), Http::new("PUT", path).body(body.to_owned())).status
    }
}

fn policy(statements: &[&str]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// What the approver may do and the policy allows, both.
#[test]
fn credentials_are_for_what_was_asked_and_what_the_approver_may() {
    let scene = Scene::new();
    let few = policy(&[
        DECIDE,
        r#"{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::photos/a","arn:aws:s3:::other/*"]}"#,
    ]);
    let denied = policy(&[
        DECIDE,
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::photos/a"}"#,
    ]);
    let none = policy(&[DECIDE]);
    for (name, document, expected) in [
        ("boss", ALLOW_ALL, [200, 200, 403]),
        ("few", &few, [200, 403, 403]),
        ("denied", &denied, [403, 200, 403]),
        ("none", &none, [403, 403, 403]),
    ] {
        let approver = scene.gateway.user(name, Some(document));
        let token = scene.released(&approver, &format!("accepted by {name}"));
        let answer = scene.exchange(&scene.ci, &token);
        let arn = format!("arn:aws:iam::123456789012:user/{name}");
        assert_eq!(
            (answer.element("AssumedPrincipal"), answer.element("PackedPolicySize")),
            (arn.clone(), String::new())
        );
        let delegate = credentials(&answer);
        assert_eq!(who(&scene.gateway, &delegate)[1], arn);
        assert_eq!(scene.reads(&delegate, ["/photos/a", "/photos/b", "/other/a"]), expected, "{name}");
        assert_eq!(scene.puts(&delegate, "/photos/a", "x"), 403, "{name}");
        for (action, parameters) in [
            ("ListUsers", &[][..]),
            ("CreateUser", &[("UserName", "eve")]),
            ("CreateAccessKey", &[]),
            ("AttachUserPolicy", &[("UserName", name), ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")]),
            ("GetFederationToken", &[("Name", "eve"), ("Policy", ALLOW_ALL)]),
            ("GetSessionToken", &[]),
        ] {
            assert_eq!(call(&scene.gateway, &delegate, action, parameters).status, 403, "{name} {action}");
        }
    }
}

/// A policy of a resource that names the approver, its account or everyone does not reach past the request's policy.
#[test]
fn no_bucket_policy_gets_a_delegate_past_its_policy() {
    let scene = Scene::new();
    let boss = scene.gateway.user("boss", Some(&policy(&[DECIDE])));
    let statement = |principal: &str, key: &str| json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:*", "Resource": format!("arn:aws:s3:::{key}")});
    for (bucket, key) in [("photos", "photos/*"), ("other", "other/*")] {
        let of = |principal| statement(principal, key);
        let document =
            json!({"Version": "2012-10-17", "Statement": [of(BOSS), of("123456789012"), of("*")]}).to_string();
        assert_eq!(scene.puts(&scene.gateway.root(), &format!("/{bucket}?policy"), &document), 204);
    }
    let delegate = scene.delegated(&boss, "workflow-1");
    let paths = ["/photos/a", "/other/a", "/other/b"];
    assert_eq!(scene.reads(&boss, paths), [200, 200, 200]);
    assert_eq!(scene.reads(&delegate, paths), [200, 403, 403]);
    assert_eq!(scene.puts(&delegate, "/photos/a", "x"), 403);
    // What denies, denies.
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/a"},
        statement(BOSS, "photos/*")]});
    assert_eq!(scene.puts(&scene.gateway.root(), "/photos?policy", &document.to_string()), 204);
    assert_eq!(scene.reads(&delegate, ["/photos/a", "/photos/b", "/other/a"]), [403, 200, 403]);
}

/// Root may do everything; whoever acts for it may not.
#[test]
fn root_lends_no_more_than_was_asked() {
    let scene = Scene::new();
    let delegate = scene.delegated(&scene.gateway.root(), "workflow-1");
    assert_eq!(who(&scene.gateway, &delegate), ["123456789012", "arn:aws:iam::123456789012:root"]);
    assert_eq!(scene.reads(&delegate, ["/photos/a", "/photos/b", "/other/a"]), [200, 200, 403]);
    for (method, path) in [
        ("PUT", "/photos/a"),
        ("DELETE", "/photos/a"),
        ("GET", "/photos?policy"),
        ("PUT", "/photos?policy"),
        ("DELETE", "/photos?policy"),
        ("GET", "/"),
    ] {
        let answer = scene
            .gateway
            .send(&Signer::s3(&delegate), Http::new(method, path).body(if method == "PUT" { ALLOW_ALL } else { "" }));
        assert_eq!(answer.status, 403, "{method} {path}");
    }
    for (action, parameters) in [
        ("CreateUser", &[("UserName", "eve")][..]),
        ("CreateAccessKey", &[]),
        ("GetFederationToken", &[("Name", "eve"), ("Policy", ALLOW_ALL)]),
        ("GetSessionToken", &[]),
        ("DecodeAuthorizationMessage", &[("EncodedMessage", "x")]),
    ] {
        assert_eq!(call(&scene.gateway, &delegate, action, parameters).status, 403, "{action}");
    }
}

/// A session of a role accepts as the role, with what its session says of it; what ends older sessions ends the delegate's.
#[test]
fn a_session_of_a_role_lends_what_the_role_may() {
    let scene = Scene::new();
    let ann = scene.gateway.user("ann", Some(&allow("sts:*", "*")));
    let tagged = policy(&[
        DECIDE,
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::photos/${aws:PrincipalTag/team}/*"}"#,
    ]);
    role(&scene.gateway, "deployer", &trust_account(), Some(&tagged));
    let tags = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "red"), ("SourceIdentity", "ann")];
    let session = credentials(&assume(&scene.gateway, &ann, "deployer", &tags));
    let delegate = scene.delegated(&session, "workflow-1");
    assert_eq!(who(&scene.gateway, &delegate)[1], "arn:aws:sts::123456789012:assumed-role/deployer/se");
    let paths = ["/photos/red/a", "/photos/blue/a", "/photos/a"];
    assert_eq!(scene.reads(&delegate, paths), [200, 403, 403]);
    let answer = scene.gateway.send(&Signer::s3(&delegate), Http::new("GET", "/photos/red/a"));
    let record = scene.gateway.record(&answer);
    let identity = &record["userIdentity"];
    assert_eq!(
        (&identity["type"], &identity["invokedByDelegate"]),
        (&json!("AssumedRole"), &json!({"accountId": REQUESTER}))
    );
    assert_eq!(identity["sessionContext"]["sourceIdentity"], "ann");
    // Whoever accepted may do this no more, and neither may the delegate.
    sleep(Duration::from_millis(1100));
    let now = Timestamp::now().to_string();
    let revoked = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{now}"}}}}}}}}"#
    );
    done(
        &scene.gateway,
        "PutRolePolicy",
        &[("RoleName", "deployer"), ("PolicyName", "AWSRevokeOlderSessions"), ("PolicyDocument", &revoked)],
    );
    assert_eq!(scene.reads(&delegate, paths), [403, 403, 403]);
    sleep(Duration::from_millis(1100));
    let again = credentials(&scene.exchange(&scene.ci, &scene.token()));
    assert_eq!(scene.reads(&again, paths), [403, 403, 403], "another exchange makes no newer session");
}

/// Nobody lends more than it has: neither a session that is restricted itself, nor a delegate.
#[test]
fn who_is_restricted_accepts_nothing() {
    let scene = Scene::new();
    let ann = scene.gateway.user("ann", Some(&allow("sts:*", "*")));
    role(&scene.gateway, "deployer", &trust_account(), Some(ALLOW_ALL));
    let narrowed = credentials(&assume(&scene.gateway, &ann, "deployer", &[("Policy", ALLOW_ALL)]));
    let id = scene.brought("ASSIGNED", "workflow-1", &scene.gateway.root());
    let told = "A session with session policies cannot accept delegation requests.";
    scene.does(&narrowed, "AcceptDelegationRequest", &id, 403, told);
    let wide = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:GetDelegationRequest","sts:GetDelegatedAccessToken","sts:AssumeRole"],"Resource":"*"}}"#;
    fs::write(scene.templates.path().join("read.json"), wide).unwrap();
    scene.reload(&[]);
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    let none: Vec<(&str, &str)> = asked(&[("RequestorWorkflowId", "workflow-2")]);
    let none: Vec<(&str, &str)> = none.into_iter().filter(|(name, _)| !name.contains("Parameters")).collect();
    let made = scene.holds(&scene.ci, "CreateDelegationRequest", &none, 200, "").element("DelegationRequestId");
    for action in ["AssociateDelegationRequest", "AcceptDelegationRequest", "SendDelegationToken"] {
        scene.does(&boss, action, &made, 200, "");
    }
    let token = scene.token();
    let delegate = credentials(&scene.exchange(&scene.ci, &token));
    scene.does(&delegate, "GetDelegationRequest", &id, 200, "ASSIGNED");
    scene.does(&delegate, "AcceptDelegationRequest", &id, 403, "because no session policy allows");
    assert_eq!(scene.exchange(&delegate, &token).status, 403);
    // A role that it takes is marked as its doing, and lasts no longer.
    let taken = assume(&scene.gateway, &delegate, "deployer", &[]);
    let until_then = scene.exchange(&scene.ci, &token).element("Expiration");
    let key = credentials(&taken);
    assert_eq!(taken.element("Expiration"), until_then);
    let answer = scene.gateway.send(&Signer::s3(&key), Http::new("GET", "/photos/a"));
    assert_eq!(scene.gateway.record(&answer)["userIdentity"]["invokedByDelegate"]["accountId"], REQUESTER);
    scene.does(&key, "AcceptDelegationRequest", &id, 403, "A delegate cannot accept delegation requests.");
}

/// Only whoever asked, with the very token, in its time; then as often as it likes, all until the same moment.
#[test]
fn a_token_is_good_for_whoever_asked_and_for_its_time() {
    let scene = Scene::new();
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    let other = scene.gateway.user_of(OTHER, "other", Some(ALLOW_ALL));
    let token = scene.released(&boss, "workflow-1");
    let (id, secret) = token.rsplit_once('.').unwrap();
    let [first, second] = [0, 1].map(|_| scene.exchange(&scene.ci, &token));
    assert_ne!(first.element("AccessKeyId"), second.element("AccessKeyId"));
    assert_eq!(first.element("Expiration"), second.element("Expiration"));
    let record = scene.gateway.record(&first);
    assert_eq!((&record["eventName"], &record["requestParameters"]), (&json!("GetDelegatedAccessToken"), &json!(null)));
    assert!(!record.to_string().contains(secret) && !record.to_string().contains(&first.element("SecretAccessKey")));
    // Others are not told that it is one.
    for key in [&other, &scene.gateway.root(), &boss] {
        assert_eq!(outcome(&scene.exchange(key, &token)), (403, "AccessDenied".into()));
    }
    let denied = scene.gateway.user_of(REQUESTER, "denied", None);
    assert_eq!(outcome(&scene.exchange(&denied, &token)), (403, "AccessDenied".into()));
    let another = scene.released(&boss, "workflow-2");
    let swapped = format!("{id}.{}", another.rsplit_once('.').unwrap().1);
    let flipped = format!("{id}.{}{}", if secret.starts_with('A') { "B" } else { "A" }, &secret[1..]);
    let unknown = format!("dr-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.{secret}");
    for altered in [
        &*swapped,
        &flipped,
        &unknown,
        id,
        secret,
        &format!("{token}A"),
        &token[..token.len() - 1],
        " ",
        &token.to_uppercase(),
    ] {
        let answer = scene.exchange(&scene.ci, altered);
        assert_eq!(outcome(&answer), (400, "ValidationError".into()), "{altered}");
        assert_eq!(answer.element("Message"), "Invalid trade-in token");
    }
    for (parameters, message) in
        [(&[][..], "Value null at 'tradeInToken'"), (&[("TradeInToken", "")], "greater than or equal to 1")]
    {
        let answer = call(&scene.gateway, &scene.ci, "GetDelegatedAccessToken", parameters);
        assert!(answer.status == 400 && answer.text().contains(message), "{}", answer.text());
    }
    // Two seconds before its end, and after it.
    let (now, hour) = (Timestamp::now().as_second(), 3600);
    scene.change(id, |request: &mut Request| request.details.released = Some(now - hour + 2));
    let last = credentials(&scene.exchange(&scene.ci, &token));
    assert_eq!(read(&scene.gateway, &last, "/photos/a"), 200);
    until("its time is over", || scene.exchange(&scene.ci, &token).status == 400);
    let over = scene.exchange(&scene.ci, &token);
    assert_eq!(outcome(&over), (400, "ExpiredTradeInTokenException".into()));
    assert_eq!(outcome(&scene.exchange(&scene.ci, &flipped)), (400, "ValidationError".into()));
    let late = scene.gateway.send(&Signer::s3(&last), Http::new("GET", "/photos/a"));
    assert_eq!(late.refusal(), (400, "ExpiredToken".into()));
}

/// A token that arrived where delivery was not confirmed is none.
#[test]
fn a_token_counts_once_its_delivery_is_known() {
    let scene = Scene::new();
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    let id = scene.brought("ACCEPTED", "workflow-1", &boss);
    scene.hook.answer(|_| Answer::error(500, "Broken"));
    scene.does(&boss, "SendDelegationToken", &id, 500, "");
    let early = scene.token();
    assert_eq!(outcome(&scene.exchange(&scene.ci, &early)), (400, "ValidationError".into()));
    scene.hook.answer(|_| Answer::ok(""));
    scene.does(&boss, "SendDelegationToken", &id, 200, "");
    assert_eq!(outcome(&scene.exchange(&scene.ci, &early)), (400, "ValidationError".into()));
    assert_eq!(scene.exchange(&scene.ci, &scene.token()).status, 200);
}

/// A change of the template after acceptance changes nothing; taking away who asks, who accepted or their keys ends it.
#[test]
fn delegated_access_ends_with_what_it_rests_on() {
    let scene = Scene::new();
    type End = fn(&Scene, &Key, &Key);
    let ends: [(&str, End); 4] = [
        ("the key of whoever asked", |scene, _, ci| scene.gateway.revoke_key(ci)),
        ("the key of whoever accepted", |scene, approver, _| scene.gateway.revoke_key(approver)),
        ("the policy of whoever accepted", |scene, approver, _| {
            scene.gateway.revoke_policy(approver.id.trim_start_matches("AKIA").trim_start_matches('0'));
        }),
        ("the user who accepted", |scene, approver, _| {
            let name = approver.id.trim_start_matches("AKIA").trim_start_matches('0').to_owned();
            done(&scene.gateway, "DeleteUserPolicy", &[("UserName", &name), ("PolicyName", "p")]);
            done(&scene.gateway, "DeleteAccessKey", &[("UserName", &name), ("AccessKeyId", &approver.id)]);
            done(&scene.gateway, "DeleteUser", &[("UserName", &name)]);
        }),
    ];
    for (at, (what, end)) in ends.into_iter().enumerate() {
        let approver = scene.gateway.user(&format!("approver{at}"), Some(ALLOW_ALL));
        let ci = scene.gateway.user_of(REQUESTER, &format!("ci{at}"), Some(ALLOW_ALL));
        let token = scene.released(&approver, &format!("until it ends {at}"));
        let delegate = credentials(&scene.exchange(&ci, &token));
        assert_eq!(read(&scene.gateway, &delegate, "/photos/a"), 200, "{what}");
        end(&scene, &approver, &ci);
        assert_ne!(read(&scene.gateway, &delegate, "/photos/a"), 200, "{what}");
        let again = scene.exchange(&scene.ci, &token);
        let is_good = again.status == 200 && read(&scene.gateway, &credentials(&again), "/photos/a") == 200;
        assert_eq!(is_good, at == 0, "{what}: {}", again.text());
    }
    // The template, and then who may ask.
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    let token = scene.released(&boss, "the last");
    let wide = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::@{bucketName}*"}}"#;
    fs::write(scene.templates.path().join("read.json"), wide).unwrap();
    scene.reload(&[]);
    let delegate = credentials(&scene.exchange(&scene.ci, &token));
    assert_eq!(scene.reads(&delegate, ["/photos/a", "/photos2/a", "/other/a"]), [200, 403, 403]);
    scene.gateway.reload(&scene.upstream, &Default::default()).unwrap();
    assert_eq!(outcome(&scene.exchange(&scene.ci, &token)), (403, "AccessDenied".into()));
}

/// What is lent to an owner is lent to a session of a role as well, and not to other sessions of that role.
#[test]
fn a_session_of_a_role_owns_what_it_claims() {
    let scene = Scene::new();
    let ann = scene.gateway.user("ann", Some(&allow("sts:*", "*")));
    role(&scene.gateway, "plain", &trust_account(), None);
    let [session, other] =
        ["mine", "other"].map(|name| credentials(&assume(&scene.gateway, &ann, "plain", &[("RoleSessionName", name)])));
    let id = scene.ask(&[]);
    scene.does(&session, "AssociateDelegationRequest", &id, 200, "");
    let owner = [("OwnerId", "arn:aws:sts::123456789012:assumed-role/plain/mine")];
    scene.holds(&session, "ListDelegationRequests", &owner, 200, &id);
    scene.does(&session, "GetDelegationRequest", &id, 200, "ASSIGNED");
    scene.does(&session, "AcceptDelegationRequest", &id, 403, "iam:AcceptDelegationRequest");
    for action in ["GetDelegationRequest", "RejectDelegationRequest", "UpdateDelegationRequest"] {
        scene.does(&other, action, &id, 403, action);
    }
    scene.does(&session, "RejectDelegationRequest", &id, 200, "");
}
