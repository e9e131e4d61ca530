//! Context providers of OpenID Connect providers: what a provider is to say of whom sessions are for.

use serde_json::{Value, json};

use super::{call, says, story::tell, story_providers::metadata};
use crate::road::{gateway::Gateway, upstream::Upstream};

const IDP: (&str, &str) = ("OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example.com/a");

/// What a provider is to say of whom sessions are for: set, told, changed, removed, and all that cannot be.
#[test]
#[rustfmt::skip]
fn context_providers() {
    const UPDATE: &str = "UpdateOpenIDConnectProvider";
    const GET: &str = "GetOpenIDConnectProvider";
    let url = ("Url", "https://idp.example.com/a");
    let subject = ("ContextProvider.SubjectSourceKey", "sub");
    let kind = ("ContextProvider.SubjectTypeValue", "user");
    let kind_source = ("ContextProvider.SubjectTypeSourceKey", "kind");
    let source = ("ContextProvider.KeyDefinitionList.member.1.SourceKey", "realm/team");
    let target = ("ContextProvider.KeyDefinitionList.member.1.TargetKey", "Team");
    let other = ("ContextProvider.KeyDefinitionList.member.2.SourceKey", "team");
    let center = ("IdentityCenterInstanceArn", "arn:aws:sso:::instance/ssoins-0123456789abcdef");
    let (remove, leave) = (("RemoveContextProvider", "true"), ("RemoveContextProvider", "false"));
    let remove_center = ("RemoveIdentityCenterInstance", "true");
    let none = ("OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/none.example.com");
    let missing = "<Code>NoSuchEntity</Code><Message>OpenIDConnect Provider not found for arn arn:aws:iam::123456789012:oidc-provider/none.example.com</Message>";
    let (long, many) = ("x".repeat(129), (1..=11).map(|at| (format!("ContextProvider.KeyDefinitionList.member.{at}.SourceKey"), format!("k{at}"))).collect::<Vec<_>>());
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (&**name, &**value)).chain([IDP, subject]).collect();
    let whole = "<ContextProvider><KeyDefinitionList><member><SourceKey>realm/team</SourceKey><TargetKey>Team</TargetKey></member></KeyDefinitionList>\
                 <SubjectSourceKey>sub</SubjectSourceKey><SubjectTypeValue>user</SubjectTypeValue></ContextProvider>";
    let least = "<ContextProvider><KeyDefinitionList></KeyDefinitionList><SubjectSourceKey>sub</SubjectSourceKey>\
                 <SubjectTypeSourceKey>kind</SubjectTypeSourceKey></ContextProvider>";
    let invalid = "<Code>InvalidInput</Code>";
    tell(&[
        ("CreateOpenIDConnectProvider", &[url, kind], 400, "Value null at 'contextProvider.subjectSourceKey' failed to satisfy constraint: Member must not be null"),
        ("CreateOpenIDConnectProvider", &[url, center], 400, "<Code>InvalidInput</Code><Message>IdentityCenterInstanceArn can be specified only together with ContextProvider.</Message>"),
        ("CreateOpenIDConnectProvider", &[url, subject, center], 400, "<Code>InvalidInput</Code><Message>The IAM Identity Center instance arn:aws:sso:::instance/ssoins-0123456789abcdef cannot be found.</Message>"),
        (GET, &[IDP], 404, "NoSuchEntity"),
        ("CreateOpenIDConnectProvider", &[url, subject, kind, source, target], 200, "<OpenIDConnectProviderArn>"),
        (GET, &[IDP], 200, whole),
        (UPDATE, &[none, remove], 404, missing),
        (UPDATE, &[IDP], 400, invalid),
        (UPDATE, &[IDP, leave], 400, invalid),
        (UPDATE, &[IDP, ("RemoveContextProvider", "yes")], 400, "<Code>ValidationError</Code>"),
        (UPDATE, &[IDP, subject, remove], 400, invalid),
        (UPDATE, &[IDP, subject, center], 400, invalid),
        (UPDATE, &[IDP, subject, remove_center], 400, invalid),
        (UPDATE, &[IDP, remove, remove_center], 400, invalid),
        (UPDATE, &[IDP, center, remove_center], 400, invalid),
        (UPDATE, &[IDP, center], 400, "cannot be found"),
        (UPDATE, &[IDP, source], 400, "'contextProvider.subjectSourceKey'"),
        (UPDATE, &[IDP, subject, target], 400, "Value null at"),
        (UPDATE, &[IDP, subject, kind, kind_source], 400, invalid),
        (UPDATE, &[IDP, ("ContextProvider.SubjectSourceKey", "a  b")], 400, invalid),
        (UPDATE, &[IDP, subject, ("ContextProvider.SubjectTypeSourceKey", "a$b")], 400, invalid),
        (UPDATE, &[IDP, subject, source, ("ContextProvider.KeyDefinitionList.member.1.TargetKey", " a")], 400, invalid),
        (UPDATE, &[IDP, subject, source, target, other], 400, "A target key stands twice"),
        (UPDATE, &[IDP, ("ContextProvider.SubjectSourceKey", &long)], 400, "<Code>ValidationError</Code>"),
        (UPDATE, &[IDP, subject, ("ContextProvider.SubjectTypeValue", &long)], 400, "<Code>ValidationError</Code>"),
        (UPDATE, &many, 400, "Member must have length less than or equal to 10"),
        (GET, &[IDP], 200, whole),
        (UPDATE, &[IDP, remove_center], 200, ""),
        (GET, &[IDP], 200, whole),
        ("AddClientIDToOpenIDConnectProvider", &[IDP, ("ClientID", "d")], 200, ""),
        (GET, &[IDP], 200, whole),
        (UPDATE, &[IDP, subject, kind_source, ("ContextProvider.SubjectTypeValue", "")], 200, ""),
        (GET, &[IDP], 200, least),
        (UPDATE, &[IDP, leave, subject, kind_source], 200, ""),
        (UPDATE, &[IDP, remove], 200, "UpdateOpenIDConnectProviderResponse"),
        (UPDATE, &[IDP, remove], 200, ""),
        (GET, &[IDP], 200, "<Tags></Tags></GetOpenIDConnectProviderResult>"),
        ("CreateSAMLProvider", &[("Name", "idp"), ("SAMLMetadataDocument", &metadata("https://idp.example.com", "")), subject], 400, "<Code>InvalidInput</Code><Message>ContextProvider cannot be specified"),
    ]);
}

/// Who may turn it on, and for which provider.
#[test]
fn conditions_ask_for_context_providers() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    says(&gateway, "CreateOpenIDConnectProvider", &[("Url", "https://idp.example.com/a")], 200, "");
    let subject = ("ContextProvider.SubjectSourceKey", "sub");
    let center = ("IdentityCenterInstanceArn", "arn:aws:sso:::instance/ssoins-0123456789abcdef");
    let (remove, remove_center) = (("RemoveContextProvider", "true"), ("RemoveIdentityCenterInstance", "true"));
    let is = |key: &str, value: &str| json!({"Bool": {key: value}});
    let any = |key: &str, value: &str| json!({"ForAnyValue:StringEquals": {key: value}});
    let (on, off) = (is("iam:EnableIdentityPropagation", "true"), is("iam:EnableIdentityPropagation", "false"));
    let turned = |value| is("iam:EnableIdentityCenterAssociation", value);
    let asked = json!({"ArnEquals": {"iam:RequestIdentityCenterInstanceArn": center.1}});
    let stored = |value| any("iam:ResourceIdentityProviderIssuers", value);
    let new = |value| any("iam:RequestIdentityProviderIssuers", value);
    let (update, create) = ("UpdateOpenIDConnectProvider", "CreateOpenIDConnectProvider");
    let url = ("Url", "https://new.example.com");
    type Row<'a> = (Value, &'a str, &'a [(&'a str, &'a str)], u16);
    let rows: [Row<'_>; 16] = [
        (on.clone(), update, &[IDP, subject], 200),
        (on.clone(), update, &[IDP, remove], 403),
        (off.clone(), update, &[IDP, remove], 200),
        (off.clone(), update, &[IDP, subject], 403),
        (off, update, &[IDP, remove_center], 403),
        (turned("true"), update, &[IDP, center], 400),
        (turned("true"), update, &[IDP, remove_center], 403),
        (turned("false"), update, &[IDP, remove_center], 200),
        (asked.clone(), update, &[IDP, center], 400),
        (asked, update, &[IDP, subject], 403),
        (stored("idp.example.com/a"), update, &[IDP, subject], 200),
        (stored("idp.example.com"), update, &[IDP, subject], 403),
        (new("other.example.com"), create, &[url, subject], 403),
        (on.clone(), create, &[url], 403),
        (on, create, &[url, subject], 200),
        (new("newer.example.com"), create, &[("Url", "https://newer.example.com"), subject], 200),
    ];
    for (at, (condition, action, parameters, status)) in rows.into_iter().enumerate() {
        let policy = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Action": format!("iam:{action}"), "Resource": "*", "Condition": condition}});
        let key = gateway.user(&format!("u{at}"), Some(&policy.to_string()));
        let answer = call(&gateway, &key, action, parameters);
        assert_eq!(answer.status, status, "{policy} {parameters:?}: {}", answer.text());
    }
}
