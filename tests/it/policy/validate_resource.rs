//! Save-time validation of policies that name principals, and what S3 calls public.

use countersign::policy::{Kind, validate};
use serde_json::{Value, json};

const BUCKET: &str = "photos";

/// A statement that is taken, changed in some elements: `null` takes one away.
fn statement(start: Value, changes: &Value) -> Value {
    let mut statement = start;
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(statement.as_object_mut().unwrap().remove(name)),
            value => statement[name] = value.clone(),
        }
    }
    statement
}

fn document(statements: Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn of_bucket(changes: &Value) -> String {
    let start = json!({
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"
    });
    document(json!([statement(start, changes)]))
}

fn of_trust(changes: &Value) -> String {
    let start = json!({
        "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "sts:AssumeRole"
    });
    document(json!([statement(start, changes)]))
}

/// What S3 refuses a document with.
fn s3_refusal(text: &str) -> Option<String> {
    let fault = validate::bucket(text, BUCKET).err()?;
    assert_eq!((fault.status, &*fault.code), (400, "MalformedPolicy"), "{text}");
    Some(fault.message.into())
}

fn trust_refusal(text: &str) -> Option<String> {
    let fault = validate::trust(text).err()?;
    assert_eq!((fault.status, &*fault.code), (400, "MalformedPolicyDocument"), "{text}");
    Some(fault.message.into())
}

#[test]
fn documents_that_s3_refuses() {
    let good = json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::photos" });
    let cases = [
        (String::new(), "Policies must be valid JSON and the first byte must be '{'"),
        (" {}".into(), "Policies must be valid JSON and the first byte must be '{'"),
        ("[]".into(), "Policies must be valid JSON and the first byte must be '{'"),
        ("{".into(), "This policy contains invalid Json"),
        ("{\"Version\":\"2012-10-17\",}".into(), "This policy contains invalid Json"),
        ("{}".into(), "Missing required field Statement"),
        (json!({ "Statement": [] }).to_string(), "Could not parse the policy: Statement is empty!"),
        (json!({ "Version": "2012", "Statement": good }).to_string(), "The policy must contain a valid version string"),
        (json!({ "Version": 2012, "Statement": good }).to_string(), "The policy must contain a valid version string"),
        (json!({ "Statement": good, "Fn::Join": [] }).to_string(), "Unknown field Fn::Join"),
        (json!({ "Statement": ["x"] }).to_string(), "Invalid policy syntax."),
        (json!({ "Statement": good, "Id": 1 }).to_string(), "Invalid policy syntax."),
        (
            json!({ "Statement": good, "Id": "x".repeat(20_480) }).to_string(),
            "Normalized policy document exceeds the maximum allowed size of 20480 bytes",
        ),
        (
            "{\"Statement\":[{\"Effect\":\"Deny\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",\
             \"Resource\":\"arn:aws:s3:::photos\"}]}"
                .into(),
            "Invalid policy syntax.",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(s3_refusal(&text).as_deref(), Some(message), "{text}");
    }
    let spacious = format!("{{{}\"Statement\": {good} }}", " ".repeat(30_000));
    assert_eq!(s3_refusal(&spacious), None, "white space between parts counts");
}

#[test]
fn statements_that_s3_refuses() {
    const PRINCIPAL: &str = "Invalid principal in policy";
    const ACTION: &str = "Policy has invalid action";
    const RESOURCE: &str = "Policy has invalid resource";
    const APPLIES: &str = "Action does not apply to any resource(s) in statement";
    let condition = |condition: Value| json!({ "Condition": condition });
    let aws = |principal: &str| json!({ "Principal": { "AWS": principal } });
    let cases = [
        (json!({ "Effect": null }), "Missing required field Effect"),
        (json!({ "Effect": "allow" }), "Invalid effect: allow"),
        (json!({ "Principal": null }), "Missing required field Principal"),
        (json!({ "Action": null }), "Missing required field Action"),
        (json!({ "Resource": null }), "Missing required field Resource"),
        (json!({ "Ref": "x" }), "Unknown field Ref"),
        (json!({ "Principal": "arn:aws:iam::111122223333:root" }), PRINCIPAL),
        (json!({ "Principal": [] }), PRINCIPAL),
        (json!({ "Principal": {} }), PRINCIPAL),
        (json!({ "Principal": { "AWS": [] } }), PRINCIPAL),
        (json!({ "Principal": { "aws": "*" } }), PRINCIPAL),
        (json!({ "Principal": { "Service": "*" } }), PRINCIPAL),
        (json!({ "Principal": { "CanonicalUser": "a".repeat(64) } }), PRINCIPAL),
        (aws("ann"), PRINCIPAL),
        (aws("11112222333"), PRINCIPAL),
        (aws("arn:aws:iam::111122223333:*"), PRINCIPAL),
        (aws("arn:aws:iam::111122223333:user/*"), PRINCIPAL),
        (aws("arn:aws:iam::111122223333:group/team"), PRINCIPAL),
        (aws("arn:aws:iam::1:user/ann"), PRINCIPAL),
        (aws("arn:aws:iam::1:root"), PRINCIPAL),
        (aws("arn:aws:sts::111122223333:assumed-role/app"), PRINCIPAL),
        (aws("arn:aws:s3:::photos"), PRINCIPAL),
        (json!({ "Action": [] }), ACTION),
        (json!({ "Action": "GetObject" }), ACTION),
        (json!({ "Action": "s3:GetObjects" }), ACTION),
        (json!({ "Action": "s3:Foo*" }), ACTION),
        (json!({ "Action": ["s3:GetObject", "iam:GetUser"] }), ACTION),
        (json!({ "Resource": [] }), RESOURCE),
        (json!({ "Resource": "*" }), RESOURCE),
        (json!({ "Resource": "arn:aws:s3:::*" }), RESOURCE),
        (json!({ "Resource": "arn:aws:s3:::photos2/*" }), RESOURCE),
        (json!({ "Resource": ["arn:aws:s3:::photos/*", "arn:aws:s3:::other/*"] }), RESOURCE),
        (json!({ "Resource": "arn:other:s3:::photos/*" }), RESOURCE),
        (json!({ "Resource": "arn:aws:s3:us-east-1::photos/*" }), RESOURCE),
        (json!({ "Resource": "photos/*" }), RESOURCE),
        (json!({ "Resource": "arn:aws:s3:::photos" }), APPLIES),
        (json!({ "Action": "s3:ListBucket" }), APPLIES),
        (json!({ "Action": ["s3:GetObject", "s3:ListBucket"] }), APPLIES),
        (json!({ "Action": "s3:ListAllMyBuckets" }), APPLIES),
        (condition(json!({ "StringIs": { "aws:UserAgent": "x" } })), "Invalid Condition type : StringIs"),
        (condition(json!({ "StringEquals": { "UserAgent": "x" } })), "Policy has an invalid condition key"),
        (condition(json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/33" } })), "Invalid IP address in Conditions"),
        (condition(json!({ "NumericEquals": { "s3:max-keys": "x" } })), "Invalid policy syntax."),
        (condition(json!([])), "Invalid policy syntax."),
        (json!({ "NotAction": "s3:GetObject" }), "Invalid policy syntax."),
        (json!({ "NotPrincipal": "*" }), "Invalid policy syntax."),
    ];
    for (changes, message) in cases {
        let text = of_bucket(&changes);
        assert_eq!(s3_refusal(&text).as_deref(), Some(message), "{text}");
    }
}

#[test]
fn statements_that_s3_takes() {
    let cases = [
        json!({}),
        json!({ "Sid": "Allow get requests of example.com." }),
        json!({ "Effect": "Deny", "Principal": null, "NotPrincipal": { "AWS": "arn:aws:iam::111122223333:root" } }),
        json!({ "Principal": { "AWS": ["111122223333", "arn:aws:iam::111122223333:role/a/b", "AIDAAAAAAAAAAAAAUSER"] } }),
        json!({ "Principal": { "AWS": "arn:aws:sts::111122223333:assumed-role/app/one", "Service": ["a.amazonaws.com"] } }),
        json!({ "Principal": { "Federated": "arn:aws:iam::111122223333:saml-provider/idp" } }),
        json!({ "Action": "*" }),
        json!({ "Action": ["s3:Get*", "S3:PUTOBJECT"] }),
        json!({ "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::photos", "arn:aws:s3:::photos/*"] }),
        json!({ "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::photos*" }),
        json!({ "Action": null, "NotAction": "s3:DeleteBucket" }),
        json!({ "Resource": null, "NotResource": "arn:aws:s3:::photos/private/*" }),
        json!({ "Resource": "arn:aws:s3:::photos/${aws:username}/*" }),
        json!({ "Condition": { "StringLike": { "aws:Referer": ["https://example.com/*"] } } }),
    ];
    for changes in cases {
        let text = of_bucket(&changes);
        assert_eq!(s3_refusal(&text), None, "{text}");
    }
}

#[test]
fn what_s3_calls_public() {
    let like = |operator: &str, key: &str, value: Value| json!({ "Condition": { operator: { key: value } } });
    let equals = |key: &str, value: &str| like("StringEquals", key, json!(value));
    let ip = |value: Value| like("IpAddress", "aws:SourceIp", value);
    let cases = [
        (json!({}), true),
        (json!({ "Principal": { "AWS": "*" } }), true),
        (json!({ "Principal": { "AWS": ["111122223333", "*"] } }), true),
        (json!({ "Principal": null, "NotPrincipal": { "AWS": "111122223333" } }), true),
        (json!({ "Effect": "Deny" }), false),
        (json!({ "Principal": { "AWS": "111122223333" } }), false),
        (json!({ "Principal": { "Service": "logging.s3.amazonaws.com" } }), false),
        (equals("aws:SourceVpc", "vpc-1"), false),
        (equals("aws:sourcevpce", "vpce-1"), false),
        (equals("aws:SourceAccount", "111122223333"), false),
        (equals("aws:SourceOwner", "111122223333"), false),
        (equals("aws:PrincipalOrgID", "o-1"), false),
        (equals("aws:PrincipalAccount", "111122223333"), false),
        (equals("s3:DataAccessPointAccount", "111122223333"), false),
        (equals("s3:x-amz-server-side-encryption-aws-kms-key-id", "key"), false),
        (equals("aws:userid", "AIDA1"), false),
        (equals("aws:userid", "AROA1:one"), true),
        (like("StringLike", "aws:userid", json!("AROA1:*")), true),
        (like("StringLike", "aws:SourceVpc", json!("vpc-1")), false),
        (like("StringLike", "aws:SourceVpc", json!("vpc-*")), true),
        (like("StringEquals", "aws:SourceVpc", json!(["vpc-1", "vpc-?"])), true),
        (equals("aws:SourceVpc", "${aws:PrincipalTag/vpc}"), true),
        (like("StringEquals", "aws:SourceVpc", json!([])), true),
        (like("StringNotEquals", "aws:SourceVpc", json!("vpc-1")), true),
        (like("StringEqualsIfExists", "aws:SourceVpc", json!("vpc-1")), true),
        (like("ForAllValues:StringEquals", "aws:SourceVpc", json!("vpc-1")), true),
        (like("ForAnyValue:StringEquals", "aws:SourceVpc", json!("vpc-1")), false),
        (like("ArnLike", "aws:SourceArn", json!("arn:aws:sns:us-east-1:111122223333:topic")), false),
        (like("ArnLike", "aws:SourceArn", json!("arn:aws:sns:*:*:topic")), true),
        (like("ArnLike", "s3:DataAccessPointArn", json!("arn:aws:s3:us-west-2:111122223333:accesspoint/*")), false),
        (like("ArnLike", "s3:DataAccessPointArn", json!("arn:aws:s3:us-west-2:*:accesspoint/a")), true),
        (equals("aws:UserAgent", "x"), true),
        (equals("aws:Referer", "x"), true),
        (ip(json!("192.0.2.0/24")), false),
        (ip(json!(["192.0.2.0/24", "0.0.0.0/0"])), true),
        (ip(json!("10.0.0.0/8")), false),
        (ip(json!("10.0.0.0/7")), true),
        (ip(json!("0.0.0.0/1")), true),
        (ip(json!("2001:db8::/32")), false),
        (ip(json!("2001::/31")), true),
        (like("NotIpAddress", "aws:SourceIp", json!("192.0.2.0/24")), true),
        (
            json!({ "Condition": {
            "StringEquals": { "aws:SourceVpc": "vpc-1" }, "StringLike": { "aws:Referer": "*" }
        } }),
            false,
        ),
    ];
    for (changes, expected) in cases {
        let text = of_bucket(&changes);
        let policy = validate::bucket(&text, BUCKET).unwrap_or_else(|fault| panic!("{fault}: {text}"));
        assert_eq!(policy.is_public(), expected, "{text}");
    }
    let fixed = json!({ "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "s3:*", "Resource": "arn:aws:s3:::photos" });
    let open =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::photos" });
    let policy = validate::bucket(&document(json!([fixed, open])), BUCKET).unwrap();
    assert!(policy.is_public(), "one public statement is enough");
}

#[test]
fn trust_policies() {
    const ACTIONS: &str = "AssumeRole policy may only specify STS AssumeRole actions.";
    let refused = [
        (json!({ "Principal": null }), "Missing required field Principal"),
        (json!({ "Resource": "*" }), "Has prohibited field Resource"),
        (json!({ "NotResource": "*" }), "Has prohibited field Resource"),
        (json!({ "Action": null }), "Missing required field Action"),
        (json!({ "Action": [] }), ACTIONS),
        (json!({ "Action": "*" }), ACTIONS),
        (json!({ "Action": "sts:*" }), ACTIONS),
        (json!({ "Action": ["sts:AssumeRole", "sts:GetSessionToken"] }), ACTIONS),
        (json!({ "Action": "s3:GetObject" }), ACTIONS),
        (json!({ "Action": null, "NotAction": "sts:AssumeRole" }), ACTIONS),
        (json!({ "Effect": "allow" }), "Invalid effect: allow"),
        (json!({ "Principal": { "AWS": "ann" } }), "Invalid principal in policy: \"AWS\":\"ann\""),
        (
            json!({ "Principal": { "AWS": "arn:aws:iam::111122223333:user/*" } }),
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::111122223333:user/*\"",
        ),
        (json!({ "Principal": { "Service": "*" } }), "Invalid principal in policy: \"SERVICE\":\"*\""),
        (json!({ "Condition": { "StringIs": { "sts:ExternalId": "x" } } }), "Invalid policy syntax."),
        (
            json!({ "Sid": "a b" }),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ),
    ];
    for (changes, message) in refused {
        let text = of_trust(&changes);
        assert_eq!(trust_refusal(&text).as_deref(), Some(message), "{text}");
    }
    let taken = [
        json!({}),
        json!({ "Principal": "*" }),
        json!({ "Principal": { "Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"] } }),
        json!({ "Principal": { "Federated": "accounts.google.com" }, "Action": "sts:AssumeRoleWithWebIdentity" }),
        json!({ "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"] }),
        json!({ "Condition": { "StringEquals": { "sts:ExternalId": "x" } } }),
    ];
    for changes in taken {
        let text = of_trust(&changes);
        assert_eq!(trust_refusal(&text), None, "{text}");
    }
    assert_eq!(trust_refusal("x").as_deref(), Some("This policy contains invalid Json"));
}

#[test]
fn policies_of_control() {
    let allow = |principal: Value, version: &str| {
        let mut statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        if !principal.is_null() {
            statement["Principal"] = principal;
        }
        json!({ "Version": version, "Statement": statement }).to_string()
    };
    let cases = [
        (Kind::ServiceControl, json!(null), "2012-10-17", true),
        (Kind::ServiceControl, json!(null), "2008-10-17", false),
        (Kind::ServiceControl, json!("*"), "2012-10-17", false),
        (Kind::ResourceControl, json!("*"), "2012-10-17", true),
        (Kind::ResourceControl, json!(null), "2012-10-17", false),
        (Kind::ResourceControl, json!({ "AWS": "111122223333" }), "2012-10-17", false),
    ];
    for (kind, principal, version, taken) in cases {
        let text = allow(principal, version);
        assert_eq!(validate::control(&text, kind).is_ok(), taken, "{kind:?} {text}");
    }
}

#[test]
fn a_policy_compiles_as_what_it_is_only() {
    use Kind::{Bucket, Identity, ResourceControl, ServiceControl, Trust};
    let base = || json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:s3:::photos" });
    let with = |changes: &Value| document(statement(base(), changes));
    let aws = json!({ "Principal": { "AWS": "111122223333" } });
    let cases = [
        (with(&json!({})), vec![Identity, Kind::Boundary, Kind::Session, ServiceControl]),
        (with(&aws), vec![Bucket]),
        (with(&json!({ "Principal": "*" })), vec![Bucket, ResourceControl]),
        (with(&json!({ "NotPrincipal": { "AWS": "111122223333" } })), vec![Bucket]),
        (with(&json!({ "Principal": "*", "Resource": null })), vec![Trust]),
        (with(&json!({ "Resource": null })), vec![]),
        (with(&json!({ "Principal": {} })), vec![]),
        (with(&json!({ "Principal": { "AWS": "*", "Group": "x" } })), vec![]),
        (with(&json!({ "Principal": "*", "NotPrincipal": "*" })), vec![]),
        (with(&json!({ "Principal": "*", "Resource": "arn:aws:s3" })), vec![ResourceControl]),
        (with(&json!({ "Resource": "arn:aws:s3" })), vec![Identity, Kind::Boundary, Kind::Session, ServiceControl]),
    ];
    for (text, kinds) in cases {
        for kind in [Identity, Kind::Boundary, Kind::Session, Trust, Bucket, ServiceControl, ResourceControl] {
            let compiled = countersign::policy::Policy::compile_as(&text, kind);
            assert_eq!(compiled.is_ok(), kinds.contains(&kind), "{kind:?} {text}");
        }
    }
}
