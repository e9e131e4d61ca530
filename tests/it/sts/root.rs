//! Root of a member account, for one task at a time.

use countersign::{
    base::Timestamp,
    store::{Bucket, StoreError},
};

use super::{ALL, credentials, done, outcome, who_of};
use crate::{
    api::{call, says},
    road::{
        client::Request,
        gateway::{ACCOUNT, Gateway, Setup},
        signer::Signer,
        upstream::Upstream,
    },
};

const MEMBER: &str = "999999999999";
const DENY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*",
    "Resource":["arn:aws:s3:::locked","arn:aws:s3:::locked/*"]}}"#;

#[test]
fn root_of_a_member_does_its_one_task() {
    let upstream = Upstream::start();
    let keys = [("ORGANIZATION__ID", "o-exampleorgid"), ("ORGANIZATION__PATH", "o-exampleorgid/r-ab12/")];
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys, ..Setup::default() });
    let ann = gateway.user("ann", Some(ALL));
    let bob = gateway.user("bob", None);
    let cat = gateway.user_of(MEMBER, "cat", Some(ALL));
    // The member locks everybody out of its bucket, itself too.
    let of_cat = |request| gateway.send(&Signer::s3(&cat), request);
    let bucket = Bucket {
        name: "locked".into(),
        account: MEMBER.parse().unwrap(),
        created: Timestamp::now(),
        policy: None,
        public_access_block: None,
    };
    gateway.directory().write::<_, StoreError>(|work| work.add_bucket(&bucket)).unwrap();
    assert_eq!(of_cat(Request::new("PUT", "/locked?policy").body(DENY)).status, 204);
    assert_eq!(of_cat(Request::new("DELETE", "/locked?policy")).status, 403);

    let task = |name: &str| format!("arn:aws:iam::aws:policy/root-task/{name}");
    let (unlock, audit) = (task("S3UnlockBucketPolicy"), task("IAMAuditRootUserCredentials"));
    let root_of = |key: &_, target: &str, task: &str| {
        call(&gateway, key, "AssumeRoot", &[("TargetPrincipal", target), ("TaskPolicyArn.arn", task)])
    };
    assert_eq!(outcome(&root_of(&ann, MEMBER, &unlock)), (403, "AccessDenied".into()), "before it is enabled");
    says(&gateway, "EnableOrganizationsRootSessions", &[], 200, "RootSessions");
    let arn = format!("arn:aws:iam::{MEMBER}:root");
    for (what, key, target, task, allowed) in [
        ("by the account's number", &ann, MEMBER, &unlock, true),
        ("by the ARN of its root", &ann, &arn, &unlock, true),
        ("for another policy", &ann, MEMBER, &"arn:aws:iam::aws:policy/AdministratorAccess".to_owned(), false),
        ("for no task of AWS", &ann, MEMBER, &task("Everything"), false),
        ("of the account itself", &ann, ACCOUNT, &unlock, false),
        ("of nobody", &ann, "888888888888", &unlock, false),
        ("of a user", &ann, &format!("arn:aws:iam::{MEMBER}:user/cat"), &unlock, false),
        ("without permission", &bob, MEMBER, &unlock, false),
        ("by a member", &cat, ACCOUNT, &unlock, false),
        ("by root", &gateway.root(), MEMBER, &unlock, false),
    ] {
        let answer = root_of(key, target, task);
        assert_eq!(answer.status == 200, allowed, "{what}: {}", answer.text());
    }
    let long = [("TargetPrincipal", MEMBER), ("TaskPolicyArn.arn", &*unlock), ("DurationSeconds", "901")];
    assert_eq!(call(&gateway, &ann, "AssumeRoot", &long).refusal(), (400, "ValidationError".into()));

    let (unlocking, auditing) =
        (credentials(&root_of(&ann, MEMBER, &unlock)), credentials(&root_of(&ann, MEMBER, &audit)));
    assert_eq!(who_of(&gateway, &unlocking), [MEMBER, MEMBER, &arn]);
    let with = |key, request| gateway.send(&Signer::s3(key), request);
    assert_eq!(with(&unlocking, Request::new("GET", "/locked/a")).status, 403);
    assert_eq!(with(&unlocking, Request::new("PUT", "/other")).status, 403);
    assert_eq!(with(&auditing, Request::new("DELETE", "/locked?policy")).status, 403);
    assert_eq!(call(&gateway, &unlocking, "ListUsers", &[]).refusal(), (403, "AccessDenied".into()));
    assert_eq!(call(&gateway, &auditing, "ListAccessKeys", &[]).status, 200);
    let answer = with(&unlocking, Request::new("DELETE", "/locked?policy"));
    assert_eq!(answer.status, 204, "{}", answer.text());
    let record = gateway.record(&answer);
    assert_eq!(record["userIdentity"]["type"], "Root");
    assert_eq!(record["userIdentity"]["accountId"], MEMBER);
    assert_eq!(record["userIdentity"]["sessionContext"]["assumedRoot"], "true");
    assert_eq!(of_cat(Request::new("GET", "/locked/a")).status, 200);
    done(&gateway, "DisableOrganizationsRootSessions", &[]);
}
