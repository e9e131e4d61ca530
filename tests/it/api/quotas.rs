//! Quotas: how much there may be of what, and that nobody gets past them.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{call, rights::TRUST};
use crate::road::{
    gateway::{ALLOW_ALL, Gateway, Setup},
    upstream::Upstream,
};

const SMALL: &[(&str, &str)] = &[
    ("QUOTAS__USERS", "2"),
    ("QUOTAS__GROUPS", "2"),
    ("QUOTAS__ROLES", "2"),
    ("QUOTAS__POLICIES", "2"),
    ("QUOTAS__POLICY_VERSIONS", "2"),
    ("QUOTAS__GROUPS_PER_USER", "1"),
    ("QUOTAS__POLICIES_PER_USER", "1"),
    ("QUOTAS__POLICIES_PER_GROUP", "1"),
    ("QUOTAS__POLICIES_PER_ROLE", "1"),
    ("QUOTAS__ACCESS_KEYS_PER_USER", "1"),
];

/// Operation, parameters, and how it is refused; nothing if it is not.
type Step<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
#[rustfmt::skip]
fn what_is_one_too_many_is_refused() {
    let upstream = Upstream::start();
    let gateway = Gateway::start_with(&upstream, &Setup { keys: SMALL, ..Setup::default() });
    let root = gateway.root();
    let p = |name: &str| format!("arn:aws:iam::123456789012:policy/{name}");
    let (p1, p2) = (p("p1"), p("p2"));
    let (p1, p2) = (("PolicyArn", &*p1), ("PolicyArn", &*p2));
    let (user, group, role) = (("UserName", "u1"), ("GroupName", "g1"), ("RoleName", "r1"));
    let document = ("PolicyDocument", ALLOW_ALL);
    let trust = ("AssumeRolePolicyDocument", TRUST);
    let steps: &[Step<'_>] = &[
        ("CreateUser", &[user], ""),
        ("CreateUser", &[("UserName", "u2")], ""),
        ("CreateUser", &[("UserName", "u3")], "Cannot exceed quota for UsersPerAccount: 2"),
        ("CreateGroup", &[group], ""),
        ("CreateGroup", &[("GroupName", "g2")], ""),
        ("CreateGroup", &[("GroupName", "g3")], "Cannot exceed quota for GroupsPerAccount: 2"),
        ("CreateRole", &[role, trust], ""),
        ("CreateRole", &[("RoleName", "r2"), trust], ""),
        ("CreateRole", &[("RoleName", "r3"), trust], "Cannot exceed quota for RolesPerAccount: 2"),
        ("CreatePolicy", &[("PolicyName", "p1"), document], ""),
        ("CreatePolicy", &[("PolicyName", "p2"), document], ""),
        ("CreatePolicy", &[("PolicyName", "p3"), document], "Cannot exceed quota for PoliciesPerAccount: 2"),
        ("CreatePolicyVersion", &[p1, document], ""),
        ("CreatePolicyVersion", &[p1, document], "A managed policy can have up to 2 versions. Before you create a new version, you must delete an existing version."),
        ("AddUserToGroup", &[group, user], ""),
        ("AddUserToGroup", &[group, user], ""),
        ("AddUserToGroup", &[("GroupName", "g2"), user], "Cannot exceed quota for GroupsPerUser: 1"),
        ("AttachUserPolicy", &[user, p1], ""),
        ("AttachUserPolicy", &[user, p1], ""),
        ("AttachUserPolicy", &[user, p2], "Cannot exceed quota for PoliciesPerUser: 1"),
        ("AttachGroupPolicy", &[group, p1], ""),
        ("AttachGroupPolicy", &[group, p2], "Cannot exceed quota for PoliciesPerGroup: 1"),
        ("AttachRolePolicy", &[role, p1], ""),
        ("AttachRolePolicy", &[role, p2], "Cannot exceed quota for PoliciesPerRole: 1"),
        ("CreateAccessKey", &[user], ""),
        ("CreateAccessKey", &[user], "Cannot exceed quota for AccessKeysPerUser: 1"),
        ("CreateAccessKey", &[], "Cannot exceed quota for AccessKeysPerUser: 1"),
        // Whatever was refused was not done, and what goes makes room.
        ("DeleteUser", &[("UserName", "u2")], ""),
        ("CreateUser", &[("UserName", "u3")], ""),
    ];
    for (at, (action, parameters, refused)) in steps.iter().enumerate() {
        let answer = call(&gateway, &root, action, parameters);
        let told = (answer.status, answer.element("Code"), answer.element("Message"));
        let expected = match *refused {
            "" => (200, String::new(), String::new()),
            refused => (409, "LimitExceeded".to_owned(), refused.to_owned()),
        };
        assert_eq!(told, expected, "step {at}, {action}");
    }
    // Another account has quotas of its own.
    let other = gateway.user_of("222222222222", "other", Some(ALLOW_ALL));
    assert_eq!(call(&gateway, &other, "CreateUser", &[("UserName", "u1")]).status, 200);
    assert_eq!(call(&gateway, &other, "CreateUser", &[("UserName", "u2")]).status, 409);
}

#[test]
fn a_quota_changes_with_the_configuration() {
    let upstream = Upstream::start();
    let with = |most| Setup { keys: most, ..Setup::default() };
    let gateway = Gateway::start_with(&upstream, &with(&[("QUOTAS__GROUPS", "1")]));
    let makes = |name| call(&gateway, &gateway.root(), "CreateGroup", &[("GroupName", name)]).status;
    assert_eq!([makes("a"), makes("b")], [200, 409]);
    gateway.reload(&upstream, &with(&[("QUOTAS__GROUPS", "2")])).unwrap();
    assert_eq!([makes("b"), makes("c")], [200, 409]);
    gateway.reload(&upstream, &with(&[])).unwrap();
    assert_eq!(makes("c"), 200);
}

#[test]
fn many_at_once_do_not_get_past_a_quota() {
    const QUOTA: usize = 5;
    let upstream = Upstream::start();
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &[("QUOTAS__USERS", "5")], ..Setup::default() });
    let (made, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (gateway, made, refused) = (&gateway, &made, &refused);
            scope.spawn(move || {
                for number in 0..4 {
                    let name = format!("u{thread}-{number}");
                    match call(gateway, &gateway.root(), "CreateUser", &[("UserName", &name)]).status {
                        200 => made.fetch_add(1, Ordering::Relaxed),
                        _ => refused.fetch_add(1, Ordering::Relaxed),
                    };
                }
            });
        }
    });
    assert_eq!((made.into_inner(), refused.into_inner()), (QUOTA, 16 - QUOTA));
}
