//! What a denial was made of, as `sts:DecodeAuthorizationMessage` shows it: the statement that denies, the principal,
//! the action, the resource, and the facts that conditions could ask for.
//!
//! Source: STS API reference, `DecodeAuthorizationMessage`, whose shape this has. Where a statement is told, its policy
//! and its place are told too; its text is not.

use serde_json::{Value as Json, json};

use crate::{
    base::{
        Principal,
        condition::{Context, Value},
    },
    policy::{Decision, DenyKind, Question, decide::Decided},
};

/// The element of an error that holds it, sealed.
pub const ELEMENT: &str = "EncodedAuthorizationMessage";

/// The keys that are told where they have a value. Tags and headers that conditions name otherwise are not.
const KEYS: [&str; 45] = [
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalType",
    "aws:Referer",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:SecureTransport",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:userid",
    "aws:username",
    "iam:PolicyARN",
    "s3:LocationConstraint",
    "s3:ObjectCreationOperation",
    "s3:RequestObjectTagKeys",
    "s3:TlsVersion",
    "s3:VersionId",
    "s3:authType",
    "s3:delimiter",
    "s3:if-match",
    "s3:if-none-match",
    "s3:max-keys",
    "s3:object-lock-legal-hold",
    "s3:object-lock-mode",
    "s3:prefix",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:x-amz-acl",
    "s3:x-amz-content-sha256",
    "s3:x-amz-copy-source",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-storage-class",
    "sts:ExternalId",
    "sts:RoleSessionName",
];

/// The most characters of a value, so that the whole stays below what STS takes.
const VALUE_CHARACTERS_MAX: usize = 128;

/// Tells of a decision on a question of a principal; of one without an ARN nothing is told.
pub fn of(decision: &Decision<'_>, principal: &Principal, question: &Question<'_>, resource: &str) -> Option<String> {
    let arn = principal.arn()?;
    let denying = match decision {
        Decision::Deny(DenyKind::Explicit(decided)) => Some(statement(decided, principal)),
        Decision::Deny(DenyKind::Implicit(_)) | Decision::Allow(_) => None,
    };
    let mut who = json!({ "id": principal.user_id(), "arn": arn.as_str() });
    if let (Principal::User(user), Some(members)) = (principal, who.as_object_mut()) {
        members.insert("name".to_owned(), json!(&*user.name));
    }
    let facts = KEYS.into_iter().filter_map(|key| Some(fact(key, values(question.context, key)?)));
    let told = json!({
        "allowed": matches!(decision, Decision::Allow(_)),
        "explicitDeny": denying.is_some(),
        "matchedStatements": { "items": denying.into_iter().collect::<Vec<_>>() },
        "failures": { "items": [] },
        "context": {
            "principal": who,
            "action": question.action,
            "resource": resource,
            "conditions": { "items": facts.collect::<Vec<_>>() },
        },
    });
    Some(told.to_string())
}

fn statement(decided: &Decided<'_>, principal: &Principal) -> Json {
    json!({
        "statementId": decided.found.statement.sid.as_deref().unwrap_or_default(),
        "effect": "DENY",
        "principals": items([principal.user_id()]),
        "sourcePolicyId": decided.found.source,
        "sourcePolicyType": decided.layer.to_string(),
        "statement": decided.found.at,
    })
}

fn values(context: &dyn Context, key: &str) -> Option<Json> {
    let cut = |value: &str| value.chars().take(VALUE_CHARACTERS_MAX).collect::<String>();
    match context.value(&key.to_ascii_lowercase()) {
        Value::Absent => None,
        Value::One(value) => Some(items([cut(&value)])),
        Value::Many(values) => Some(items(values.iter().map(|value| cut(value)).take(16))),
    }
}

fn fact(key: &str, values: Json) -> Json {
    json!({ "key": key, "values": values })
}

fn items<T: serde::Serialize>(values: impl IntoIterator<Item = T>) -> Json {
    json!({ "items": values.into_iter().map(|value| json!({ "value": value })).collect::<Vec<_>>() })
}
