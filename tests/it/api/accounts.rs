//! Several accounts: each a world of its own.

use countersign::{base::Timestamp, store::Bucket};

use super::call;
use crate::road::{
    client::Request,
    gateway::{ALLOW_ALL, Gateway},
    signer::Signer,
    upstream::Upstream,
};

const OTHER: &str = "111122223333";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}"#;

#[test]
fn what_one_account_makes_is_nothing_to_another() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (root, other) = (gateway.root(), gateway.user_of(OTHER, "boss", Some(ALLOW_ALL)));
    let holds = |key, action: &str, parameters: &[(&str, &str)], status, text: &str| {
        let answer = call(&gateway, key, action, parameters);
        assert!(answer.status == status && answer.text().contains(text), "{action} {parameters:?}: {}", answer.text());
        gateway.record(&answer)
    };
    // The same names in both.
    for key in [&root, &other] {
        let account = if std::ptr::eq(key, &root) { "123456789012" } else { OTHER };
        let arn = |kind: &str| format!("<Arn>arn:aws:iam::{account}:{kind}/same</Arn>");
        holds(key, "CreateUser", &[("UserName", "same")], 200, &arn("user"));
        holds(key, "CreateGroup", &[("GroupName", "same")], 200, &arn("group"));
        let role = [("RoleName", "same"), ("AssumeRolePolicyDocument", TRUST)];
        let record = holds(key, "CreateRole", &role, 200, &arn("role"));
        assert_eq!(
            (record["recipientAccountId"].as_str(), record["eventName"].as_str()),
            (Some(account), Some("CreateRole"))
        );
        assert_eq!(record["resources"][0]["accountId"], account);
        let policy = [("PolicyName", "same"), ("PolicyDocument", ALLOW_ALL)];
        holds(key, "CreatePolicy", &policy, 200, &arn("policy"));
    }
    let theirs = ("PolicyArn", "arn:aws:iam::123456789012:policy/same");
    let refused = "because no resource-based policy allows the iam:GetPolicy action";
    holds(&other, "GetPolicy", &[theirs], 403, refused);
    let attached =
        holds(&other, "AttachUserPolicy", &[("UserName", "same"), theirs], 404, "does not exist or is not attachable");
    assert_eq!(attached["errorCode"], "NoSuchEntityException");
    let listed = call(&gateway, &other, "ListUsers", &[]);
    assert!(!listed.text().contains("123456789012"), "{}", listed.text());
    // Taking one's own away leaves the other's.
    holds(&other, "DeleteUser", &[("UserName", "same")], 200, "");
    holds(&root, "GetUser", &[("UserName", "same")], 200, "user/same");
    holds(&other, "GetUser", &[("UserName", "same")], 404, "NoSuchEntity");
    let who = call(&gateway, &other, "GetCallerIdentity", &[]);
    assert!(who.text().contains(&format!("<Account>{OTHER}</Account>")), "{}", who.text());
}

/// Whose policies are listed is no matter of what the path looks like.
#[test]
fn a_path_that_looks_like_an_arn_is_nobody_elses() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (root, ann) = (gateway.root(), gateway.user("ann", Some(ALLOW_ALL)));
    for key in [&root, &ann] {
        let answer = call(&gateway, key, "ListPolicies", &[("PathPrefix", "/a:b:c:d:111122223333:policy/")]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let record = gateway.record(&answer);
        assert!(record["resources"].is_null(), "{record}");
    }
}

/// A record names whose buckets are, not whose the deployment is.
#[test]
fn records_name_the_account_of_a_bucket() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    gateway.user_of(OTHER, "boss", None);
    let bucket = Bucket {
        name: "theirs".into(),
        account: OTHER.parse().unwrap(),
        created: Timestamp::now(),
        policy: None,
        public_access_block: None,
    };
    gateway.directory.write(|work| work.add_bucket(&bucket)).unwrap();
    for (path, account) in [("/theirs/a", OTHER), ("/ours/a", "123456789012")] {
        let answer = gateway.send(&Signer::s3(&gateway.root()), Request::new("GET", path));
        let record = gateway.record(&answer);
        let bucket = record["resources"].as_array().unwrap().iter().find(|it| it["type"] == "AWS::S3::Bucket").unwrap();
        assert_eq!(bucket["accountId"], account, "{path}");
        assert_eq!(record["recipientAccountId"], "123456789012");
    }
}
