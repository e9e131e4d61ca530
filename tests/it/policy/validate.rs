//! Save-time validation: AWS's messages, and the order in which it finds faults.

use countersign::policy::{Policy, validate, validate_managed};
use serde_json::{Value, json};

const SYNTAX: &str = "Syntax errors in policy.";
const VERSION: &str = "Policy document must be version 2012-10-17 or greater.";
const LEGACY: &str = "The policy failed legacy parsing";
const ACTIONS: &str = "Policy statement must contain actions.";
const RESOURCES: &str = "Policy statement must contain resources.";
const PREFACED: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const COLONS: &str = "Actions/Condition can contain only one colon.";
const VENDOR: &str = "Resource vendor must be fully qualified and cannot contain regexes.";
const UNIQUE: &str = "Statement IDs (SID) in a single policy must be unique.";
const ALPHANUMERIC: &str = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
                            expression [0-9A-Za-z]*";
const PRINCIPAL: &str = "Policy document should not specify a principal.";
const IAM_PATH: &str = "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, \
                        instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, \
                        report/, access-report/.";

/// What a managed policy of this text is refused with.
fn refusal(text: &str) -> Option<String> {
    let fault = validate_managed(text).err()?;
    assert_eq!((fault.status, &*fault.code), (400, "MalformedPolicyDocument"), "{text}");
    Some(fault.message.into())
}

/// A statement that AWS takes, changed in some elements: `null` takes one away.
fn statement(changes: Value) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b" });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(statement.as_object_mut().unwrap().remove(name)),
            value => statement[name] = value.clone(),
        }
    }
    statement
}

fn policy(statements: Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

#[test]
fn a_document_that_aws_refuses_gets_its_message() {
    let good = statement(json!({}));
    let documents = [
        ("This is no JSON", SYNTAX),
        ("", SYNTAX),
        ("[]", SYNTAX),
        ("\"x\"", SYNTAX),
        (&json!({ "Version": "2012-10-17" }).to_string(), SYNTAX),
        (&json!({ "Version": "2013-10-17", "Statement": good }).to_string(), SYNTAX),
        (&json!({ "Version": "2012-10-17", "Statement": good, "x": 1 }).to_string(), SYNTAX),
        (&json!({ "Version": "2012-10-17", "Statement": good, "Id": ["x"] }).to_string(), SYNTAX),
        (&json!({ "Version": "2012-10-17", "Statement": [] }).to_string(), SYNTAX),
        (&json!({ "Version": "2012-10-17", "Statement": ["x"] }).to_string(), SYNTAX),
        (&json!({ "Statement": good }).to_string(), VERSION),
        (&json!({ "Version": "2008-10-17", "Statement": good }).to_string(), VERSION),
        (&format!("{{\"Version\":\"2012-10-17\",\"Version\":\"2012-10-17\",\"Statement\":{good}}}"), SYNTAX),
        (&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), SYNTAX),
        (&format!("{{\"Version\":\"2012-10-17\",\"Statement\":{good}}}{}", " ".repeat(262_144)), SYNTAX),
    ];
    for (text, message) in documents {
        assert_eq!(refusal(text).as_deref(), Some(message), "{text:.200}");
    }
}

#[test]
fn a_statement_that_aws_refuses_gets_its_message() {
    let condition = |condition: Value| json!({ "Condition": condition });
    let cases = [
        (json!({ "Effect": null }), SYNTAX),
        (json!({ "Effect": "Permit" }), SYNTAX),
        (json!({ "Effect": 1 }), SYNTAX),
        (json!({ "Effect": "denY" }), LEGACY),
        (json!({ "x": 1 }), SYNTAX),
        (json!({ "Sid": {} }), SYNTAX),
        (json!({ "Sid": "a b" }), ALPHANUMERIC),
        (json!({ "Sid": "é" }), ALPHANUMERIC),
        (json!({ "NotAction": "iam:x" }), SYNTAX),
        (json!({ "NotAction": [] }), SYNTAX),
        (json!({ "NotResource": "*" }), SYNTAX),
        (json!({ "Action": {} }), SYNTAX),
        (json!({ "Action": [[]] }), SYNTAX),
        (json!({ "Resource": { "a": "b" } }), SYNTAX),
        (json!({ "Resource": ["x", {}] }), SYNTAX),
        (json!({ "Principal": "*" }), PRINCIPAL),
        (json!({ "NotPrincipal": { "AWS": "*" } }), PRINCIPAL),
        (json!({ "Action": null }), ACTIONS),
        (json!({ "Action": [] }), ACTIONS),
        (json!({ "Action": null, "NotAction": [] }), ACTIONS),
        (json!({ "Action": "x" }), PREFACED),
        (json!({ "Action": null, "NotAction": "" }), PREFACED),
        (json!({ "Action": ["s3:Get", "**"] }), PREFACED),
        (json!({ "Action": "s3:List:Bucket" }), COLONS),
        (json!({ "Action": "a a:ListBucket" }), "Vendor a a is not valid"),
        (json!({ "Action": "s*:ListBucket" }), "Vendor s* is not valid"),
        (json!({ "Action": ":ListBucket" }), "Vendor  is not valid"),
        (json!({ "Resource": null }), RESOURCES),
        (json!({ "Resource": [] }), RESOURCES),
        (json!({ "Resource": null, "NotResource": [] }), RESOURCES),
        (json!({ "Resource": "no arn" }), "Resource no arn must be in ARN format or \"*\"."),
        (json!({ "Resource": "" }), "Resource  must be in ARN format or \"*\"."),
        (json!({ "Resource": ["x"] }), "Resource x must be in ARN format or \"*\"."),
        (json!({ "Resource": "a:aws:s3:::b" }), "Resource a:aws:s3:::b must be in ARN format or \"*\"."),
        (json!({ "Resource": "a:b" }), "Partition \"b\" is not valid for resource \"arn:b:*:*:*:*\"."),
        (json!({ "Resource": "a:b:c" }), "Partition \"b\" is not valid for resource \"arn:b:c:*:*:*\"."),
        (json!({ "Resource": "a:b:c:d:e:f:g:h" }), "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\"."),
        (json!({ "Resource": "aws:s3:::b" }), "Partition \"s3\" is not valid for resource \"arn:s3:::b:*\"."),
        (json!({ "Resource": "arn:a*:s3:::b" }), "Partition \"a*\" is not valid for resource \"arn:a*:s3:::b\"."),
        (json!({ "Resource": "arn:aws" }), VENDOR),
        (json!({ "Resource": "arn:aws:*" }), VENDOR),
        (json!({ "Resource": "arn:aws:s?:::b" }), VENDOR),
        (json!({ "Resource": "arn:aws::::b" }), LEGACY),
        (json!({ "Resource": "arn:aws::b" }), LEGACY),
        (json!({ "Resource": "arn:aws:s3::b" }), LEGACY),
        (json!({ "Resource": null, "NotResource": "arn:aws:s3::b" }), LEGACY),
        (json!({ "Resource": "arn:aws:s3:::b/${aws:username" }), LEGACY),
        (json!({ "Resource": "arn:aws:sqs:${aws:RequestedRegion}:1:q" }), LEGACY),
        (json!({ "Resource": "arn:aws:sqs:*:${aws:PrincipalAccount}:q" }), LEGACY),
        (
            json!({ "Resource": "arn:aws:iam:us-east-1::user/a" }),
            "IAM resource arn:aws:iam:us-east-1::user/a cannot contain region information.",
        ),
        (
            json!({ "Resource": "arn:aws:s3:us-east-1::b" }),
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        (json!({ "Resource": "arn:aws:iam:::b" }), IAM_PATH),
        (json!({ "Resource": "arn:aws:iam::1:u*" }), IAM_PATH),
        (condition(json!([])), SYNTAX),
        (condition(json!("a")), SYNTAX),
        (condition(json!({ "StringEquals": "a" })), SYNTAX),
        (condition(json!({ "StringEquals": [] })), SYNTAX),
        (condition(json!({ "StringEquals": { "a": {} } })), SYNTAX),
        (condition(json!({ "StringEquals": { "a": null } })), SYNTAX),
        (condition(json!({ "x": { "a": "1" } })), SYNTAX),
        (condition(json!({ "ForAnyValue::StringEquals": { "a": "1" } })), SYNTAX),
        (condition(json!({ "ForSomeValues:StringEquals": { "a": "1" } })), SYNTAX),
        (condition(json!({ "NullIfExists": { "a": "true" } })), SYNTAX),
        (condition(json!({ "DateGreaterThan": { "a": "x" } })), LEGACY),
        (condition(json!({ "DateGreaterThan": { "a": ["2024", "x"] } })), LEGACY),
        (condition(json!({ "DateLessThanEquals": { "a": "234-13" } })), LEGACY),
        (condition(json!({ "DateLessThanEquals": { "a": "2016-12-13t2:00:00.593194+1" } })), LEGACY),
        (condition(json!({ "DateLessThanEquals": { "a": "2016-12-13t2:00:00.1999999999+10:59" } })), LEGACY),
        (condition(json!({ "NumericEquals": { "a": "x" } })), LEGACY),
        (condition(json!({ "Bool": { "a": "x" } })), LEGACY),
        (condition(json!({ "Null": { "a": "x" } })), LEGACY),
        (condition(json!({ "BinaryEquals": { "a": "x" } })), LEGACY),
        (condition(json!({ "IpAddress": { "a": "10.0.0.0/33" } })), LEGACY),
        (condition(json!({ "ArnLike": { "a": "x" } })), LEGACY),
        (condition(json!({ "StringLike": { "a": "${" } })), LEGACY),
    ];
    for (changes, message) in cases {
        let text = policy(statement(changes));
        assert_eq!(refusal(&text).as_deref(), Some(message), "{text}");
        assert!(Policy::compile(&text).is_err() || is_form_only(message), "compiles: {text}");
    }
}

/// What AWS refuses for its form alone: there is no doubt what it would mean.
fn is_form_only(message: &str) -> bool {
    let forms = ["Partition", "Resource vendor", "IAM resource", "Statement IDs"];
    forms.iter().any(|start| message.starts_with(start)) || message.ends_with("region information.")
}

#[test]
fn of_several_faults_the_first_in_awss_order_is_told() {
    let bad_date = json!({ "DateGreaterThan": { "a": "x" } });
    let bad_id = |id: &str| statement(json!({ "Sid": id }));
    let cases = [
        // Syntax, version, legacy parsing, ids, principals, actions, resources' form, actions' form, resources.
        (json!({ "Statement": statement(json!({ "Condition": { "x": { "a": "1" } } })) }), SYNTAX),
        (json!({ "Statement": statement(json!({ "Condition": bad_date })) }), VERSION),
        (json!({ "Statement": statement(json!({ "Effect": "allow" })) }), VERSION),
        (json!([statement(json!({ "Effect": "aLLow", "Sid": "a" })), bad_id("a")]), LEGACY),
        (json!(statement(json!({ "Condition": bad_date, "Action": null }))), LEGACY),
        (json!(statement(json!({ "Condition": bad_date, "Resource": "arn:error:s3:::b" }))), LEGACY),
        (json!(statement(json!({ "Action": null, "Resource": "arn:aws:s3::b" }))), LEGACY),
        (json!([bad_id("a-b"), bad_id("a-b")]), ALPHANUMERIC),
        (json!([bad_id("a"), { "Sid": "a", "Effect": "Allow" }]), UNIQUE),
        (json!([bad_id("a"), bad_id("a"), statement(json!({ "Principal": "*" }))]), UNIQUE),
        (json!(statement(json!({ "Principal": "*", "Action": null }))), PRINCIPAL),
        (json!({ "Effect": "Allow" }), ACTIONS),
        (json!([{ "Effect": "Deny" }, statement(json!({}))]), ACTIONS),
        (json!(statement(json!({ "Action": null, "Resource": "x" }))), ACTIONS),
        (json!(statement(json!({ "Action": "s:3:x", "Resource": "x" }))), "Resource x must be in ARN format or \"*\"."),
        (json!(statement(json!({ "Action": "x", "Resource": null }))), PREFACED),
        (json!([statement(json!({ "Resource": [] })), statement(json!({ "Action": "x" }))]), PREFACED),
        (
            json!(statement(json!({ "Resource": ["arn:error:s3:::b", "arn:error:s3::b"] }))),
            "Partition \"error\" is not valid for resource \"arn:error:s3:::b\".",
        ),
    ];
    for (statements, message) in cases {
        let text = match statements.get("Statement") {
            Some(_) => statements.to_string(),
            None => policy(statements),
        };
        assert_eq!(refusal(&text).as_deref(), Some(message), "{text}");
    }
}

#[test]
fn what_aws_takes_is_taken_and_compiles() {
    let condition = |condition: Value| json!({ "Condition": condition });
    let cases = [
        json!({}),
        json!({ "Sid": "" }),
        json!({ "Sid": "aZ09" }),
        json!({ "Action": "*" }),
        json!({ "Action": ["s3:*", "*"] }),
        json!({ "Action": "iam: asdf safdsf af " }),
        json!({ "Action": "s3-s.x:" }),
        json!({ "Action": null, "NotAction": "s3:ListBucket", "Resource": null, "NotResource": "*" }),
        json!({ "Resource": ["arn:aws:s3:::b", "*"] }),
        json!({ "Resource": "arn:*:s3:::b" }),
        json!({ "Resource": "arn:aws-us-gov:s3:::b" }),
        json!({ "Resource": "arn:aws:anything" }),
        json!({ "Resource": "arn:aws:sqs:us-east-1:1" }),
        json!({ "Resource": "arn:aws:ec2:us-east-1::x" }),
        json!({ "Resource": "arn:aws:iam::*:user/${aws:username}" }),
        json!({ "Resource": ["arn:aws:iam::*:*", "arn:aws:iam::1:root"] }),
        json!({ "Resource": "arn:aws:s3:us-west-2:123456789012:accesspoint/a/object/*" }),
        json!({ "Resource": "arn:aws:s3:*:*:access-grants/default" }),
        condition(json!({})),
        condition(json!({ "x": {}, "DateGreaterThan": {} })),
        condition(json!({ "DateGreaterThan": { "a": [] } })),
        condition(json!({ "DateGreaterThan": { "a": "01T" } })),
        condition(json!({ "DateLessThan": { "a": "-292275054" } })),
        condition(json!({ "DateLessThan": { "a": "9223372036854775807" } })),
        condition(json!({ "DateLessThanEquals": { "a": "2016-12-13T21:20:37.593194+00:00" } })),
        condition(json!({ "DateLessThanEquals": { "a": "2016-12-13t2:00:00.593194+23" } })),
        condition(
            json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "x" }, "ForAnyValue:StringEqualsIfExists": { "a": "x" } }),
        ),
        condition(json!({ "Bool": { "a": [true, "FALSE", "${aws:SecureTransport}"] }, "Null": { "a": false } })),
        condition(json!({ "NumericEquals": { "a": [1, "2.5", -3] }, "BinaryEquals": { "a": "" } })),
        condition(json!({ "ArnLike": { "a": ["*", "arn:aws:sns:*", "${aws:PrincipalArn}", "arn:*:*:*:*:*"] } })),
    ];
    for changes in cases {
        let text = policy(statement(changes));
        assert_eq!(refusal(&text), None, "{text}");
        assert!(Policy::compile(&text).is_ok(), "{text}");
    }
    let with_id = json!({ "Version": "2012-10-17", "Id": "x", "Statement": statement(json!({})) });
    assert_eq!(refusal(&with_id.to_string()), None);
    let without_ids = json!([statement(json!({ "Sid": "" })), statement(json!({ "Sid": "" }))]);
    assert_eq!(refusal(&policy(without_ids)), None);
}

#[test]
fn inline_policies_may_be_of_the_old_version() {
    let good = statement(json!({ "Resource": "arn:aws:s3:::b/${" }));
    for version in [None, Some("2008-10-17")] {
        let mut document = json!({ "Statement": good });
        version.into_iter().for_each(|version| document["Version"] = json!(version));
        assert!(validate(&document.to_string()).is_ok(), "{document}");
        assert_eq!(refusal(&document.to_string()).as_deref(), Some(VERSION), "{document}");
    }
    assert!(validate(&json!({ "Version": "2012-10-17", "Statement": good }).to_string()).is_err());
}
