//! Templates: what they are, what values make of them, what is refused.

use super::*;

fn template(statements: &str) -> Result<Template, String> {
    Template::read(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#))
}

fn parameter(name: &str, values: &[&str], is_list: bool) -> Parameter {
    Parameter { name: name.into(), values: values.iter().map(|value| (*value).to_owned()).collect(), is_list }
}

fn one(name: &str, value: &str) -> Parameter {
    parameter(name, &[value], false)
}

fn many(name: &str, values: &[&str]) -> Parameter {
    parameter(name, values, true)
}

const READ: &str = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::@{bucketName}/*"}"#;
const TWO: &str = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::@{bucketNames}/@{prefix}/*"}"#;
const SOMETIMES: &str = r#"{"Effect":"Allow","Action":"s3:List*","Resource":"*"},
    {"@Enabled":"CAN_WRITE","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::@{bucketName}/*"},
    {"@Enabled":"!CAN_WRITE","Effect":"Deny","Action":"s3:PutObject","Resource":"*"}"#;
const ACCOUNT_OF: &str = r#"{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:@{AccountId}:x",
    "Condition":{"StringEquals":{"aws:ResourceAccount":["@{AccountId}"],"aws:PrincipalTag/team":"@{teamNames}"}}}"#;
const ROLE: &str = r#"{"Effect":"Allow","Action":["iam:CreateRole","iam:PutRolePolicy"],"Resource":"arn:aws:iam::*:role/x",
    "Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::aws:policy/ReadOnlyAccess"}}}"#;

/// A name, statements, values, the owner, and what comes of them.
type Case<'a> = (&'a str, &'a str, Vec<Parameter>, Option<AccountId>, String);

#[test]
fn values_stand_where_the_template_has_their_names() {
    let whole = |statement: &str| format!(r#"{{"Statement":[{statement}],"Version":"2012-10-17"}}"#);
    let get = |resource: &str| whole(&format!(r#"{{"Action":"s3:GetObject","Effect":"Allow","Resource":{resource}}}"#));
    let list = r#"{"Action":"s3:List*","Effect":"Allow","Resource":"*"}"#;
    let put = r#"{"Action":"s3:PutObject","Effect":"Allow","Resource":"arn:aws:s3:::b/*"}"#;
    let not = r#"{"Action":"s3:PutObject","Effect":"Deny","Resource":"*"}"#;
    let owner = Some(AccountId::from_number(111_122_223_333));
    let cases: [Case<'_>; 9] = [
        ("a string", READ, vec![one("bucketName", "b")], None, get(r#""arn:aws:s3:::b/*""#)),
        ("a list of one", READ, vec![many("bucketName", &["b"])], None, get(r#"["arn:aws:s3:::b/*"]"#)),
        (
            "a list",
            READ,
            vec![many("bucketName", &["b", "c"])],
            None,
            get(r#"["arn:aws:s3:::b/*","arn:aws:s3:::c/*"]"#),
        ),
        (
            "all combinations",
            TWO,
            vec![many("bucketNames", &["b", "c"]), many("prefix", &["1", "2"])],
            None,
            get(r#"["arn:aws:s3:::b/1/*","arn:aws:s3:::b/2/*","arn:aws:s3:::c/1/*","arn:aws:s3:::c/2/*"]"#),
        ),
        (
            "enabled",
            SOMETIMES,
            vec![one("bucketName", "b"), one("CAN_WRITE", "True")],
            None,
            whole(&format!("{list},{put}")),
        ),
        (
            "not enabled",
            SOMETIMES,
            vec![one("bucketName", "b"), one("CAN_WRITE", "False")],
            None,
            whole(&format!("{list},{not}")),
        ),
        ("quotes stay values", READ, vec![one("bucketName", r#"b","x"#)], None, get(r#""arn:aws:s3:::b\",\"x/*""#)),
        (
            "the owner's account",
            ACCOUNT_OF,
            vec![many("teamNames", &["a", "b"])],
            owner,
            whole(
                r#"{"Action":"sqs:SendMessage","Condition":{"StringEquals":{"aws:PrincipalTag/team":["a","b"],"aws:ResourceAccount":["111122223333"]}},"Effect":"Allow","Resource":"arn:aws:sqs:*:111122223333:x"}"#,
            ),
        ),
        (
            "the same account twice",
            ACCOUNT_OF,
            vec![one("teamNames", "a"), one("AccountId", "111122223333")],
            owner,
            whole(
                r#"{"Action":"sqs:SendMessage","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a","aws:ResourceAccount":["111122223333"]}},"Effect":"Allow","Resource":"arn:aws:sqs:*:111122223333:x"}"#,
            ),
        ),
    ];
    for (what, statements, parameters, owner, expected) in cases {
        let filled = template(statements).and_then(|template| template.fill(&parameters, owner));
        assert_eq!(filled.as_deref(), Ok(&*expected), "{what}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let long: Vec<String> = (0..100).map(|at| format!("bucket-{at}")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    // All combinations of these would fill the memory.
    let text = "x".repeat(10_000);
    let huge = vec![text.as_str(); 1000];
    let owner = Some(AccountId::from_number(111_122_223_333));
    for (statements, parameters, owner, why) in [
        (READ, vec![], None, "The parameter bucketName is missing."),
        (READ, vec![one("bucketName", "b"), one("other", "x")], None, "The template has no parameter other."),
        (READ, vec![one("bucketName", "b"), one("bucketName", "c")], None, "The parameter bucketName is given twice."),
        (READ, vec![many("bucketName", &[])], None, "The parameter bucketName has no value."),
        (READ, vec![parameter("bucketName", &["b", "c"], false)], None, "of type string has several values."),
        (READ, vec![one("bucketName", "*")], None, "must not have wildcards or variables."),
        (READ, vec![one("bucketName", "a?")], None, "must not have wildcards or variables."),
        (READ, vec![one("bucketName", "${aws:username}")], None, "must not have wildcards or variables."),
        (READ, vec![one("bucketName", "@{bucketName}")], None, "must not have wildcards or variables."),
        (READ, vec![many("bucketName", &long)], None, "is longer than 2048 characters."),
        (TWO, vec![many("bucketNames", &long), many("prefix", &long)], None, "is longer than 2048 characters."),
        (TWO, vec![many("bucketNames", &huge), many("prefix", &huge)], None, "is longer than 2048 characters."),
        (SOMETIMES, vec![one("bucketName", "b"), one("CAN_WRITE", "true")], None, "is one string, True or False."),
        (SOMETIMES, vec![one("bucketName", "b"), many("CAN_WRITE", &["True"])], None, "is one string, True or False."),
        (ACCOUNT_OF, vec![one("teamNames", "a")], None, "The parameter AccountId is missing."),
        (
            ACCOUNT_OF,
            vec![one("teamNames", "a"), one("AccountId", "x")],
            None,
            "The parameter AccountId is no account.",
        ),
        (
            ACCOUNT_OF,
            vec![one("teamNames", "a"), one("AccountId", "444455556666")],
            owner,
            "The parameter AccountId is not the owner's account.",
        ),
    ] {
        let fault = template(statements).unwrap().fill(&parameters, owner).unwrap_err();
        assert!(fault.contains(why), "{why}: {fault}");
    }
    let never = r#"{"@Enabled":"CAN_WRITE","Effect":"Allow","Action":"s3:PutObject","Resource":"*"}"#;
    let fault = template(never).unwrap().fill(&[one("CAN_WRITE", "False")], None).unwrap_err();
    assert_eq!(fault, "No statement of the template is enabled.");
}

#[test]
fn a_template_that_is_none_is_refused() {
    let allow = |rest: &str| format!(r#"{{"Effect":"Allow","Action":"s3:GetObject",{rest}}}"#);
    let makes = |action: &str, condition: &str| {
        format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*","Condition":{condition}}}"#)
    };
    let boundary = |operator: &str, arn: &str| format!(r#"{{"{operator}":{{"iam:PermissionsBoundary":"{arn}"}}}}"#);
    for (statements, why) in [
        (READ.replace("bucketName", "name"), "has 5 to 256 printable"),
        (READ.replace("@{bucketName}", "@{bucketName"), "has an open parameter"),
        (READ.replace("s3:GetObject", "s3:@{bucketName}"), "has parameters in Action"),
        (READ.replace("Allow", "Maybe"), "is no policy"),
        (READ.replace("\"s3:GetObject\"", "\"*\""), "allows `*`"),
        (READ.replace("Action", "NotAction"), "allows with NotAction"),
        (allow(r#""Resource":7"#), "has a resource that is no text"),
        (allow(r#""Resource":"*","Resource":"*""#), "stands twice"),
        (allow(r#""Resource":"*","@Enabled":true"#), "has an @Enabled that is no text"),
        (allow(r#""Resource":"@{bucketName}","@Enabled":"bucketName""#), "as a value and in @Enabled"),
        (allow(r#""Resource":"*","Condition":{"StringEquals":{"@{keyName}":"a"}}"#), "in the operator or key"),
        (allow(r#""Resource":"*","Condition":[]"#), "has a condition that is no object"),
        (allow(r#""Resource":"*","Principal":"*""#), "is no policy"),
        (makes("iam:CreateRole", "{}"), "without a boundary"),
        (makes("iam:putrolepolicy", "{}"), "without a boundary"),
        (makes("iam:*", "{}"), "allows `iam:*`; name the actions of iam"),
        (makes("IAM:Get*", "{}"), "name the actions of iam"),
        (makes("kms:Encryp?", "{}"), "name the actions of kms"),
        (makes("i*:Get", "{}"), "is no policy"),
        (makes("iam:CreateAccessKey", "{}"), "which nobody lends to another account"),
        (makes("iam:AttachUserPolicy", "{}"), "which nobody lends to another account"),
        (makes("iam:PutGroupPolicy", "{}"), "which nobody lends to another account"),
        (makes("iam:AcceptDelegationRequest", "{}"), "which nobody lends to another account"),
        (makes("iam:UpdateAccountPasswordPolicy", "{}"), "which nobody lends to another account"),
        (makes("organizations:CreateAccount", "{}"), "which nobody lends to another account"),
        (makes("iam:CreateRole", &boundary("StringLike", "arn:aws:iam::aws:policy/x")), "without a boundary"),
        (makes("iam:CreateRole", &boundary("StringEqualsIfExists", "arn:aws:iam::aws:policy/x")), "without a boundary"),
        (makes("iam:CreateRole", &boundary("ArnEquals", "arn:aws:iam::aws:policy/*")), "without a boundary"),
        ("7".into(), "has a statement that is no object"),
    ] {
        let fault = template(&statements).err().unwrap_or_default();
        assert!(fault.contains(why), "{statements}: {why}: {fault}");
    }
    for (text, why) in [
        ("", "is no JSON"),
        ("[]", "is no object"),
        ("{}", "has no Statement"),
        (r#"{"Version":"@{version}","Statement":[]}"#, "has parameters outside its statements"),
        (r#"{"Version":"2012-10-17","Statement":[]}"#, "is no policy"),
    ] {
        let fault = Template::read(text).err().unwrap_or_default();
        assert!(fault.contains(why), "{text}: {fault}");
    }
}

#[test]
fn the_boundaries_of_roles_are_told() {
    let policy = template(ROLE).unwrap().fill(&[], None).unwrap();
    assert_eq!(boundaries(&policy), ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    let policy = template(READ).unwrap().fill(&[one("bucketName", "b")], None).unwrap();
    assert_eq!(boundaries(&policy), [""; 0]);
}

#[test]
fn what_may_be_lent_is_a_template() {
    for action in
        ["s3:*", "iam:GetUser", "iam:PassRole", "iam:CreatePolicyVersion", "organizations:ListRoots", "kms:Decrypt"]
    {
        let statement = READ.replace("s3:GetObject", action);
        assert!(template(&statement).is_ok(), "{action}: {:?}", template(&statement).err());
    }
}
