//! A session never does what it was not given: session policies, boundaries, those of the role at the moment of use.

use serde_json::json;

use super::{ALL, allow, assume, credentials, done, read, role, trust_account};
use crate::{
    api::call,
    road::{
        gateway::{ACCOUNT, Gateway},
        upstream::Upstream,
    },
};

const A: &str = "arn:aws:s3:::bucket/a";
const B: &str = "arn:aws:s3:::bucket/b";

/// Who may read a, b, c: the session's own policies, those of who made it, and the boundary all have to allow.
#[test]
fn session_policies_and_boundaries_narrow() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("ann", Some(ALL));
    let two = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [A, B]}, {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]});
    let few = gateway.user("few", Some(&two.to_string()));
    let (only_a, only_b) = (allow("s3:GetObject", A), allow("s3:GetObject", B));
    role(&gateway, "two", &trust_account(), Some(&two.to_string()));
    role(&gateway, "bounded", &trust_account(), Some(ALL));
    for (name, document) in [("only-a", &only_a), ("only-b", &only_b)] {
        done(&gateway, "CreatePolicy", &[("PolicyName", name), ("PolicyDocument", document)]);
    }
    let managed = |name| format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
    let (managed_a, managed_b) = (managed("only-a"), managed("only-b"));
    done(&gateway, "PutRolePermissionsBoundary", &[("RoleName", "bounded"), ("PermissionsBoundary", &managed_b)]);
    let taken = |role, further: &[_]| credentials(&assume(&gateway, &ann, role, further));
    let federated = |key, further: &[(&str, &str)]| {
        let parameters: Vec<_> = [("Name", "guest")].into_iter().chain(further.iter().copied()).collect();
        credentials(&call(&gateway, key, "GetFederationToken", &parameters))
    };
    let (of_a, of_b) = (("PolicyArns.member.1.arn", &*managed_a), ("PolicyArns.member.2.arn", &*managed_b));
    let deny_a = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "Resource": A}]});
    for (what, key, expected) in [
        ("a role", taken("two", &[]), [true, true, false]),
        ("with an inline policy", taken("two", &[("Policy", &only_a)]), [true, false, false]),
        ("with one that allows more", taken("two", &[("Policy", ALL)]), [true, true, false]),
        ("with one that denies", taken("two", &[("Policy", &deny_a.to_string())]), [false, true, false]),
        ("with a managed policy", taken("two", &[of_a]), [true, false, false]),
        ("with two", taken("two", &[of_a, of_b]), [true, true, false]),
        ("with both kinds", taken("two", &[("Policy", &only_b), of_a]), [true, true, false]),
        (
            "with AWS's",
            taken("two", &[("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")]),
            [true, true, false],
        ),
        ("bounded", taken("bounded", &[]), [false, true, false]),
        ("bounded, with a policy", taken("bounded", &[("Policy", &only_a)]), [false, false, false]),
        ("a federated user", federated(&ann, &[("Policy", ALL)]), [true, true, true]),
        ("of one who has less", federated(&few, &[("Policy", ALL)]), [true, true, false]),
        ("without policies", federated(&ann, &[]), [false, false, false]),
        ("of root", federated(&gateway.root(), &[("Policy", &only_b)]), [false, true, false]),
        ("a session of one's own", credentials(&call(&gateway, &few, "GetSessionToken", &[])), [true, true, false]),
        ("root's own", credentials(&call(&gateway, &gateway.root(), "GetSessionToken", &[])), [true, true, true]),
    ] {
        let seen = ["a", "b", "c"].map(|name| read(&gateway, &key, &format!("/bucket/{name}")) == 200);
        assert_eq!(seen, expected, "{what}");
    }
}

/// Policies of buckets name roles, sessions and users; what names a session itself needs no session policy.
#[test]
fn bucket_policies_see_sessions_as_principals() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("ann", Some(&allow("sts:*", "*")));
    role(&gateway, "reader", &trust_account(), None);
    let statement = |principal: &str, key: &str| {
        json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:{principal}")}, "Action": "s3:GetObject",
            "Resource": format!("arn:aws:s3:::bucket/{key}")})
    };
    let policy = json!({"Version": "2012-10-17", "Statement": [
        statement(&format!("iam::{ACCOUNT}:role/reader"), "role"),
        statement(&format!("sts::{ACCOUNT}:assumed-role/reader/one"), "one"),
        statement(&format!("iam::{ACCOUNT}:user/ann"), "ann"),
        statement(&format!("sts::{ACCOUNT}:federated-user/guest"), "guest"),
    ]});
    let put = crate::road::client::Request::new("PUT", "/bucket?policy").body(policy.to_string());
    assert_eq!(gateway.send(&crate::road::signer::Signer::s3(&gateway.root()), put).status, 204);
    let session = |name| credentials(&assume(&gateway, &ann, "reader", &[("RoleSessionName", name)]));
    let none = allow("s3:ListBucket", "*");
    let narrowed = credentials(&assume(&gateway, &ann, "reader", &[("RoleSessionName", "one"), ("Policy", &none)]));
    let federated = |policies: &[_]| {
        let parameters: Vec<_> = [("Name", "guest")].into_iter().chain(policies.iter().copied()).collect();
        credentials(&call(&gateway, &ann, "GetFederationToken", &parameters))
    };
    for (what, key, expected) in [
        ("ann", ann.clone(), [false, false, true, false]),
        ("her own session", credentials(&call(&gateway, &ann, "GetSessionToken", &[])), [false, false, true, false]),
        ("one", session("one"), [true, true, false, false]),
        ("another", session("two"), [true, false, false, false]),
        ("one, narrowed", narrowed, [false, true, false, false]),
        ("federated", federated(&[("Policy", ALL)]), [false, false, true, true]),
        ("federated, without policies", federated(&[]), [false, false, false, true]),
    ] {
        let seen = ["role", "one", "ann", "guest"].map(|name| read(&gateway, &key, &format!("/bucket/{name}")) == 200);
        assert_eq!(seen, expected, "{what}");
    }
}
