//! Who may take a role, and with what.

use serde_json::{Value, json};

use super::{ALL, allow, assume, credentials, done, outcome, role, trust, trust_account, who};
use crate::{
    api::call,
    road::{
        gateway::{ACCOUNT, Gateway},
        upstream::Upstream,
    },
};

const OTHER: &str = "999999999999";

#[test]
fn both_sides_of_an_assumption_are_asked() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let may = allow("sts:*", "*");
    let ann = gateway.user("ann", Some(&may));
    let bob = gateway.user("bob", None);
    let cat = gateway.user_of(OTHER, "cat", Some(&may));
    let dan = gateway.user_of(OTHER, "dan", None);
    let is = |principal: Value| trust(principal, &["sts:AssumeRole"], Value::Null);
    let deny = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
        {"Effect": "Deny", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:user/ann")}, "Action": "sts:AssumeRole"}]});
    for (name, policy, [by_ann, by_bob, by_cat, by_dan]) in [
        ("account", is(json!({"AWS": ACCOUNT})), [true, false, false, false]),
        ("ann", is(json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:user/ann")})), [true, false, false, false]),
        ("bob", is(json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:user/bob")})), [false, true, false, false]),
        ("other", is(json!({"AWS": OTHER})), [false, false, true, false]),
        ("cat", is(json!({"AWS": format!("arn:aws:iam::{OTHER}:user/cat")})), [false, false, true, false]),
        ("dan", is(json!({"AWS": format!("arn:aws:iam::{OTHER}:user/dan")})), [false, false, false, false]),
        ("all", is(json!("*")), [true, true, true, false]),
        ("service", is(json!({"Service": "ec2.amazonaws.com"})), [false, false, false, false]),
        ("denied", deny.to_string(), [false, false, false, false]),
    ] {
        role(&gateway, name, &policy, None);
        for (who, key, expected) in
            [("ann", &ann, by_ann), ("bob", &bob, by_bob), ("cat", &cat, by_cat), ("dan", &dan, by_dan)]
        {
            let answer = assume(&gateway, key, name, &[]);
            let expected = if expected { (200, String::new()) } else { (403, "AccessDenied".into()) };
            assert_eq!(outcome(&answer), expected, "{name} by {who}: {}", answer.text());
        }
    }
}

/// A role that is not there is told like one that may not be taken.
#[test]
fn who_may_not_take_a_role_learns_nothing_of_it() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("ann", Some(&allow("sts:*", "*")));
    role(&gateway, "closed", &trust(json!({"Service": "ec2.amazonaws.com"}), &["sts:AssumeRole"], Value::Null), None);
    for name in ["closed", "missing"] {
        let answer = assume(&gateway, &ann, name, &[]);
        let message = format!(
            "<Message>User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: sts:AssumeRole on resource: \
             arn:aws:iam::{ACCOUNT}:role/{name}</Message>"
        );
        assert!(answer.text().contains(&message), "{}", answer.text());
    }
    let answer = assume(&gateway, &gateway.root(), "closed", &[]);
    assert_eq!(answer.refusal(), (403, "AccessDenied".into()));
    assert!(answer.text().contains("Roles may not be assumed by root accounts."));
}

#[test]
#[rustfmt::skip]
fn what_is_asked_of_a_session_is_checked() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("ann", Some(&allow("sts:*", "*")));
    role(&gateway, "reader", &trust_account(), Some(ALL));
    let external = trust(json!({"AWS": ACCOUNT}), &["sts:AssumeRole"], json!({"StringEquals": {"sts:ExternalId": "e-1"}}));
    role(&gateway, "external", &external, Some(ALL));
    role(&gateway, "plain", &trust(json!({"AWS": ACCOUNT}), &["sts:AssumeRole"], Value::Null), Some(ALL));
    // No two alike beside each other: it does not pack.
    let step = |seed: &mut u64| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some(char::from(b'0' + (*seed >> 33) as u8 % 74))
    };
    let noise: String = std::iter::successors(Some(1u64), |seed| Some(seed + 1)).scan(7, |seed, _| step(seed))
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(1_800).collect();
    let noisy = allow("s3:GetObject", &format!("arn:aws:s3:::b/{}", noise));
    let long = allow("s3:GetObject", &format!("arn:aws:s3:::b/{}", "x".repeat(2_048)));
    let tag = |key, value| [("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
    let [team, blue] = tag("Team", "blue");
    for (role, further, status, holds) in [
        ("reader", &[] as &[_], 200, "<AssumedRoleId>AROA"),
        ("reader", &[], 200, "<Arn>arn:aws:sts::123456789012:assumed-role/reader/se</Arn></AssumedRoleUser></AssumeRoleResult>"),
        ("reader", &[("RoleSessionName", "x")], 400, "Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"),
        ("reader", &[("RoleSessionName", "a b")], 400, r"Member must satisfy regular expression pattern: [\w+=,.@-]*"),
        ("reader", &[("DurationSeconds", "899")], 400, "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"),
        ("reader", &[("DurationSeconds", "43201")], 400, "Member must have value less than or equal to 43200"),
        ("reader", &[("DurationSeconds", "7201")], 400, "<Code>ValidationError</Code><Message>The requested DurationSeconds exceeds the MaxSessionDuration set for this role.</Message>"),
        ("reader", &[("DurationSeconds", "7200")], 200, ""),
        ("reader", &[("Policy", "{")], 400, "<Code>MalformedPolicyDocument</Code>"),
        ("reader", &[("Policy", &long)], 400, "<Code>PackedPolicyTooLarge</Code>"),
        ("reader", &[("Policy", &noisy)], 400, "<Code>PackedPolicyTooLarge</Code>"),
        ("reader", &[("Policy", ALL)], 200, "<PackedPolicySize>"),
        ("reader", &[("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess")], 200, "<PackedPolicySize>"),
        ("reader", &[("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/NoSuchPolicy")], 400, "does not exist or is not attachable"),
        ("reader", &[("PolicyArns.member.1.arn", "arn:aws:iam::123456789012:policy/none")], 400, "does not exist or is not attachable"),
        ("reader", &[team, blue], 200, "<PackedPolicySize>"),
        ("plain", &[team, blue], 403, "is not authorized to perform: sts:TagSession on resource: arn:aws:iam::123456789012:role/plain"),
        ("reader", &tag("aws:x", "y"), 400, "InvalidParameterValue"),
        ("reader", &[team, blue, ("Tags.member.2.Key", "team"), ("Tags.member.2.Value", "")], 400, "<Code>InvalidParameterValue</Code><Message>Duplicate tag keys found."),
        ("reader", &[("TransitiveTagKeys.member.1", "Team")], 400, "The specified transitive tag key must be included in the requested tags."),
        ("reader", &[team, blue, ("TransitiveTagKeys.member.1", "team")], 200, ""),
        ("reader", &[("SourceIdentity", "ann@example.com")], 200, "<SourceIdentity>ann@example.com</SourceIdentity>"),
        ("plain", &[("SourceIdentity", "ann")], 403, "is not authorized to perform: sts:SetSourceIdentity on resource"),
        ("external", &[], 403, "sts:AssumeRole"),
        ("external", &[("ExternalId", "e-2")], 403, "sts:AssumeRole"),
        ("external", &[("ExternalId", "e-1")], 200, ""),
        ("reader", &[("SerialNumber", "arn:aws:iam::123456789012:mfa/x")], 403, "must provide both MFA serial number and one time pass code."),
        ("reader", &[("SerialNumber", "arn:aws:iam::123456789012:mfa/x"), ("TokenCode", "123456")], 403, "unable to validate MFA code."),
        ("reader", &[("TokenCode", "12345")], 400, "Value '12345' at 'tokenCode' failed to satisfy constraint: Member must have length greater than or equal to 6"),
        ("reader", &[("ProvidedContexts.member.1.ProviderArn", "arn:aws:iam::aws:contextProvider/IdentityCenter")], 400, "context provider"),
    ] {
        let answer = assume(&gateway, &ann, role, further);
        assert!(answer.status == status && answer.text().contains(holds), "{role} {further:?}: {status} {holds}\n{}", answer.text());
    }
}

/// What earlier sessions were given stays with later ones, or not.
#[test]
fn a_chain_inherits_what_it_has_to() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("ann", Some(&allow("sts:*", "*")));
    role(&gateway, "first", &trust_account(), Some(&allow("sts:*", "*")));
    let second = |condition: Value| {
        trust(json!({"AWS": ACCOUNT}), &["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"], condition)
    };
    role(
        &gateway,
        "blue",
        &second(json!({"StringEquals": {"aws:PrincipalTag/Team": "blue"}})),
        Some(&allow("sts:*", "*")),
    );
    role(&gateway, "third", &second(json!({"StringEquals": {"aws:PrincipalTag/Team": "blue"}})), Some(ALL));
    let tags = [
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "blue"),
        ("Tags.member.2.Key", "Shift"),
        ("Tags.member.2.Value", "night"),
        ("TransitiveTagKeys.member.1", "Team"),
        ("SourceIdentity", "ann"),
        ("Policy", ALL),
    ];
    let first = credentials(&assume(&gateway, &ann, "first", &tags));
    assert_eq!(outcome(&assume(&gateway, &ann, "blue", &[])), (403, "AccessDenied".into()));
    let answer = assume(&gateway, &first, "blue", &[("RoleSessionName", "again")]);
    let blue = credentials(&answer);
    assert_eq!(answer.element("SourceIdentity"), "ann");
    let [id, arn] = who(&gateway, &blue);
    assert!(id.starts_with("AROA") && id.ends_with(":again"), "{id}");
    assert_eq!(arn, format!("arn:aws:sts::{ACCOUNT}:assumed-role/blue/again"));
    assert_eq!(outcome(&assume(&gateway, &blue, "third", &[])), (200, String::new()));
    for (further, status, holds) in [
        (&[("DurationSeconds", "3601")][..], 400, "1 hour session limit for roles assumed by role chaining."),
        (&[("SourceIdentity", "bob")], 403, "cannot be changed"),
        (&[("SourceIdentity", "ann")], 200, ""),
        (&[("Tags.member.1.Key", "TEAM"), ("Tags.member.1.Value", "red")], 400, "conflicts with a transitive tag key"),
        (&[("Tags.member.1.Key", "Shift"), ("Tags.member.1.Value", "day")], 200, ""),
    ] {
        let answer = assume(&gateway, &blue, "third", further);
        assert!(answer.status == status && answer.text().contains(holds), "{further:?}: {}", answer.text());
    }
    let mut last = blue;
    for _ in 0..16 {
        match assume(&gateway, &last, "blue", &[]) {
            answer if answer.status == 200 => last = credentials(&answer),
            answer => {
                assert!(answer.text().contains("A chain of more than 12 credentials"), "{}", answer.text());
                return;
            }
        }
    }
    panic!("a chain without an end");
}

/// Which credentials may call what. Source: IAM user guide, "Compare AWS STS credentials".
#[test]
fn each_kind_of_credentials_calls_what_it_may() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("ann", Some(ALL));
    role(&gateway, "reader", &trust_account(), Some(ALL));
    let of = |key: &_, action: &str, parameters: &[(&str, &str)]| credentials(&call(&gateway, key, action, parameters));
    let federated = of(&ann, "GetFederationToken", &[("Name", "visitor"), ("Policy", ALL)]);
    let (own, of_role) = (of(&ann, "GetSessionToken", &[]), credentials(&assume(&gateway, &ann, "reader", &[])));
    let of_root = of(&gateway.root(), "GetSessionToken", &[]);
    let root_federated = of(&gateway.root(), "GetFederationToken", &[("Name", "guest"), ("Policy", ALL)]);
    for (key, id, arn) in [
        (&ann, "AIDAann", "arn:aws:iam::123456789012:user/ann"),
        (&own, "AIDAann", "arn:aws:iam::123456789012:user/ann"),
        (&federated, "123456789012:visitor", "arn:aws:sts::123456789012:federated-user/visitor"),
        (&root_federated, "123456789012:guest", "arn:aws:sts::123456789012:federated-user/guest"),
        (&of_root, "123456789012", "arn:aws:iam::123456789012:root"),
    ] {
        assert_eq!(who(&gateway, key), [id, arn]);
    }
    let denied = |code: &str| (403, code.to_owned());
    let (ok, no, invalid) = ((200, String::new()), denied("AccessDenied"), denied("InvalidClientTokenId"));
    for (name, key, [assuming, own_token, federation, info, iam]) in [
        ("user", &ann, [&ok, &ok, &ok, &ok, &ok]),
        ("root", &gateway.root(), [&no, &ok, &ok, &ok, &ok]),
        ("own", &own, [&ok, &no, &no, &no, &invalid]),
        ("root's own", &of_root, [&no, &no, &no, &no, &invalid]),
        ("role", &of_role, [&ok, &no, &no, &ok, &ok]),
        ("federated", &federated, [&no, &no, &no, &no, &invalid]),
        ("root's federated", &root_federated, [&no, &no, &no, &no, &invalid]),
    ] {
        let calls: [(&str, &[(&str, &str)], _); 5] = [
            (
                "AssumeRole",
                &[("RoleArn", "arn:aws:iam::123456789012:role/reader"), ("RoleSessionName", "s2")],
                assuming,
            ),
            ("GetSessionToken", &[], own_token),
            ("GetFederationToken", &[("Name", "guest")], federation),
            ("GetAccessKeyInfo", &[("AccessKeyId", "AKIA0000000000000ann")], info),
            ("ListUsers", &[], iam),
        ];
        for (action, parameters, expected) in calls {
            let answer = call(&gateway, key, action, parameters);
            assert_eq!(outcome(&answer), *expected, "{name} {action}: {}", answer.text());
        }
    }
    let info = done(&gateway, "GetAccessKeyInfo", &[("AccessKeyId", &of_role.id)]);
    assert_eq!(info.element("Account"), ACCOUNT);
}
