//! Everything that a session rests on is looked at again at each use.

use serde_json::json;

use super::{ALL, allow, assume, credentials, done, read, role, trust_account};
use crate::{
    api::call,
    road::{
        client::Request,
        gateway::Gateway,
        signer::{Key, Signer},
        upstream::Upstream,
    },
};

struct Cast {
    ann: Key,
    own: Key,
    of_role: Key,
    chained: Key,
    federated: Key,
}

fn cast(gateway: &Gateway) -> Cast {
    let ann = gateway.user("ann", Some(ALL));
    role(gateway, "reader", &trust_account(), Some(ALL));
    role(gateway, "second", &trust_account(), Some(ALL));
    let own = credentials(&call(gateway, &ann, "GetSessionToken", &[]));
    let of_role = credentials(&assume(gateway, &ann, "reader", &[]));
    let chained = credentials(&assume(gateway, &of_role, "second", &[]));
    let federated = credentials(&call(gateway, &ann, "GetFederationToken", &[("Name", "guest"), ("Policy", ALL)]));
    Cast { ann, own, of_role, chained, federated }
}

/// After each change, who of ann, her session, her role, the role after that, her guest can still read. A session that is
/// over is not a denial but no credentials.
#[test]
fn what_a_session_rests_on_ends_it() {
    let reader = ("RoleName", "reader");
    let old = |before: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": before}}}})
        .to_string()
    };
    type Change<'a> = &'a dyn Fn(&Gateway, &Cast);
    let rows: &[(&str, Change<'_>, [u16; 5])] = &[
        ("nothing", &|_, _| {}, [200, 200, 200, 200, 200]),
        ("the key is inactive", &|gateway, cast| gateway.revoke_key(&cast.ann), [403, 400, 400, 400, 400]),
        ("the user's policy is gone", &|gateway, _| gateway.revoke_policy("ann"), [403, 403, 200, 200, 403]),
        (
            "the role's policy is gone",
            &|gateway, _| drop(done(gateway, "DeleteRolePolicy", &[reader, ("PolicyName", "p")])),
            [200, 200, 403, 200, 200],
        ),
        (
            "the role is gone",
            &|gateway, _| {
                done(gateway, "DeleteRolePolicy", &[reader, ("PolicyName", "p")]);
                done(gateway, "DeleteRole", &[reader]);
            },
            [200, 200, 400, 200, 200],
        ),
        (
            "the role is another of the same name",
            &|gateway, _| {
                done(gateway, "DeleteRolePolicy", &[reader, ("PolicyName", "p")]);
                done(gateway, "DeleteRole", &[reader]);
                role(gateway, "reader", &trust_account(), Some(ALL));
            },
            [200, 200, 400, 200, 200],
        ),
        (
            "older sessions of the role are revoked",
            &|gateway, _| {
                let parameters = [
                    reader,
                    ("PolicyName", "AWSRevokeOlderSessions"),
                    ("PolicyDocument", &old("2999-01-01T00:00:00Z")),
                ];
                done(gateway, "PutRolePolicy", &parameters);
            },
            [200, 200, 403, 200, 200],
        ),
        (
            "still older ones are",
            &|gateway, _| {
                let parameters = [
                    reader,
                    ("PolicyName", "AWSRevokeOlderSessions"),
                    ("PolicyDocument", &old("2020-01-01T00:00:00Z")),
                ];
                done(gateway, "PutRolePolicy", &parameters);
            },
            [200, 200, 200, 200, 200],
        ),
        (
            "the session is ended",
            &|gateway, cast| {
                drop(done(gateway, "UpdateAccessKey", &[("AccessKeyId", &cast.of_role.id), ("Status", "Inactive")]));
            },
            [200, 200, 400, 400, 200],
        ),
        (
            "the chained session is ended",
            &|gateway, cast| drop(done(gateway, "DeleteAccessKey", &[("AccessKeyId", &cast.chained.id)])),
            [200, 200, 200, 400, 200],
        ),
    ];
    let upstream = Upstream::start();
    for (what, change, expected) in rows {
        let gateway = Gateway::start(&upstream);
        let cast = cast(&gateway);
        let all = |gateway: &Gateway| {
            [&cast.ann, &cast.own, &cast.of_role, &cast.chained, &cast.federated]
                .map(|key| read(gateway, key, "/bucket/a"))
        };
        assert_eq!(all(&gateway), [200; 5], "before: {what}");
        change(&gateway, &cast);
        assert_eq!(all(&gateway), *expected, "{what}");
    }
}

/// Why is in the record, and not in the answer.
#[test]
fn the_record_says_why_a_session_is_over() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let cast = cast(&gateway);
    done(&gateway, "DeleteAccessKey", &[("AccessKeyId", &cast.of_role.id)]);
    for (key, holds) in
        [(&cast.of_role, "was ended"), (&cast.chained, &*format!("the session {} was ended", cast.of_role.id))]
    {
        let answer = gateway.send(&Signer::s3(key), Request::new("GET", "/bucket/a"));
        assert_eq!(answer.refusal(), (400, "InvalidToken".into()));
        assert!(!answer.text().contains("ended"));
        let record = gateway.record(&answer);
        assert!(record["additionalEventData"]["detail"].as_str().unwrap().contains(holds), "{record:#}");
    }
    // Ending the sessions of all is not a matter of one's own keys.
    let own_keys = allow("iam:*AccessKey*", "arn:aws:iam::123456789012:user/${aws:username}");
    let bob = gateway.user("bob", Some(&own_keys));
    let answer = call(&gateway, &bob, "DeleteAccessKey", &[("AccessKeyId", &cast.own.id)]);
    assert_eq!(answer.refusal(), (403, "AccessDenied".into()));
    let of_others = call(&gateway, &gateway.root(), "DeleteAccessKey", &[("AccessKeyId", "ASIAAAAAAAAAAAAAAAAA")]);
    assert_eq!(of_others.refusal(), (404, "NoSuchEntity".into()));
}

/// A call that names a user is about the keys of that user, as on AWS, and no temporary key is one of them.
#[test]
fn whoever_names_a_user_ends_no_session() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let cast = cast(&gateway);
    gateway.user("bob", None);
    // Who may end sessions may not change users, and the other way round.
    let ender = gateway.user("ender", Some(&allow("iam:*AccessKey*", "arn:aws:iam::123456789012:session/*")));
    let keeper = gateway.user("keeper", Some(&allow("iam:*AccessKey*", "arn:aws:iam::123456789012:user/*")));
    let root = gateway.root();
    let inactive = ("Status", "Inactive");
    for key in [&cast.own, &cast.of_role, &cast.federated] {
        let id = ("AccessKeyId", &*key.id);
        for (caller, user, status, code) in [
            (&root, "ann", 404, "NoSuchEntity"),
            (&root, "bob", 404, "NoSuchEntity"),
            (&root, "nobody", 404, "NoSuchEntity"),
            (&root, "", 400, "ValidationError"),
            (&keeper, "ann", 404, "NoSuchEntity"),
            (&ender, "ann", 403, "AccessDenied"),
        ] {
            let named = ("UserName", user);
            for answer in [
                call(&gateway, caller, "DeleteAccessKey", &[id, named]),
                call(&gateway, caller, "UpdateAccessKey", &[id, named, inactive]),
            ] {
                assert_eq!(answer.refusal(), (status, code.to_owned()), "{user}: {}", answer.text());
            }
        }
        assert_eq!(call(&gateway, &keeper, "DeleteAccessKey", &[id]).refusal(), (403, "AccessDenied".into()));
        assert_eq!(read(&gateway, key, "/bucket/a"), 200);
        assert_eq!(call(&gateway, &ender, "DeleteAccessKey", &[id]).status, 200);
        assert_eq!(read(&gateway, key, "/bucket/a"), 400);
    }
}
