//! Instance profiles, roles of services, OpenID Connect and SAML providers, with what AWS answers at each step.

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};

use super::{call, story::tell};
use crate::road::{
    gateway::{DENY_ALL, Gateway},
    upstream::Upstream,
};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const WEB: (&str, &str) = ("InstanceProfileName", "web");
const ROLE: (&str, &str) = ("RoleName", "reader");
const NONE: (&str, &str) = ("RoleName", "none");
const IDP: (&str, &str) = ("OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example.com/a");
const SAML: (&str, &str) = ("SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/idp");

#[test]
#[rustfmt::skip]
fn instance_profiles() {
    let tags: Vec<(String, String)> = (1..=50).flat_map(|at| [(format!("Tags.member.{at}.Key"), format!("k{at}")), (format!("Tags.member.{at}.Value"), String::new())]).collect();
    let mut full: Vec<(&str, &str)> = tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    full.push(WEB);
    let unknown = "<Code>NoSuchEntity</Code><Message>Instance Profile none cannot be found.</Message>";
    let no_profile = ("InstanceProfileName", "none");
    let tag = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")];
    tell(&[
        ("ListInstanceProfiles", &[], 200, "<InstanceProfiles></InstanceProfiles><IsTruncated>false</IsTruncated>"),
        ("CreateInstanceProfile", &[], 400, "Value null at 'instanceProfileName' failed to satisfy constraint: Member must not be null"),
        ("CreateInstanceProfile", &[("InstanceProfileName", "a b")], 400, r"Member must satisfy regular expression pattern: [\w+=,.@-]+"),
        ("CreateInstanceProfile", &[WEB, ("Tags.member.1.Key", "aws:x"), ("Tags.member.1.Value", "")], 400, "<Code>InvalidInput</Code>"),
        ("CreateInstanceProfile", &[WEB, ("Path", "/x/")], 200, "<InstanceProfile><Path>/x/</Path><InstanceProfileName>web</InstanceProfileName><InstanceProfileId>AIPA"),
        ("CreateInstanceProfile", &[("InstanceProfileName", "WEB")], 409, "<Code>EntityAlreadyExists</Code><Message>Instance Profile WEB already exists.</Message>"),
        ("CreateInstanceProfile", &[("InstanceProfileName", "db"), tag[0], tag[1]], 200, "<Roles></Roles><Tags><member><Key>Team</Key><Value>a</Value></member></Tags>"),
        ("GetInstanceProfile", &[("InstanceProfileName", "Web")], 200, "<Arn>arn:aws:iam::123456789012:instance-profile/x/web</Arn>"),
        ("GetInstanceProfile", &[WEB], 200, "<Roles></Roles><Tags></Tags>"),
        ("GetInstanceProfile", &[no_profile], 404, unknown),
        ("ListInstanceProfiles", &[("PathPrefix", "/x/")], 200, "<InstanceProfileName>web</InstanceProfileName>"),
        ("ListInstanceProfiles", &[("MaxItems", "1")], 200, "<InstanceProfileName>db</InstanceProfileName>"),
        ("ListInstanceProfiles", &[("PathPrefix", "x")], 400, "ValidationError"),
        ("AddRoleToInstanceProfile", &[WEB, NONE], 404, "The role with name none cannot be found."),
        ("CreateRole", &[ROLE, ("AssumeRolePolicyDocument", TRUST)], 200, ""),
        ("CreateRole", &[("RoleName", "other"), ("AssumeRolePolicyDocument", TRUST)], 200, ""),
        ("ListInstanceProfilesForRole", &[ROLE], 200, "<InstanceProfiles></InstanceProfiles>"),
        ("ListInstanceProfilesForRole", &[NONE], 404, "The role with name none cannot be found."),
        ("AddRoleToInstanceProfile", &[no_profile, ROLE], 404, unknown),
        ("AddRoleToInstanceProfile", &[WEB, ROLE], 200, "AddRoleToInstanceProfileResponse"),
        ("AddRoleToInstanceProfile", &[WEB, ("RoleName", "other")], 409, "<Code>LimitExceeded</Code><Message>Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1</Message>"),
        ("AddRoleToInstanceProfile", &[("InstanceProfileName", "db"), ROLE], 200, ""),
        ("GetInstanceProfile", &[WEB], 200, "<Roles><member><Path>/</Path><RoleName>reader</RoleName>"),
        ("ListInstanceProfilesForRole", &[ROLE, ("MaxItems", "1")], 200, "<InstanceProfileName>db</InstanceProfileName>"),
        ("ListInstanceProfilesForRole", &[ROLE, ("Marker", "ZGI")], 200, "<InstanceProfiles><member><Path>/x/</Path><InstanceProfileName>web</InstanceProfileName>"),
        ("DeleteRole", &[ROLE], 409, "Cannot delete entity, must remove roles from instance profile first."),
        ("DeleteInstanceProfile", &[WEB], 409, "<Code>DeleteConflict</Code><Message>Cannot delete entity, must remove roles from instance profile first.</Message>"),
        ("RemoveRoleFromInstanceProfile", &[WEB, ("RoleName", "other")], 404, "Role other in Instance Profile web cannot be found."),
        ("RemoveRoleFromInstanceProfile", &[no_profile, ROLE], 404, unknown),
        ("RemoveRoleFromInstanceProfile", &[WEB, NONE], 404, "The role with name none cannot be found."),
        ("RemoveRoleFromInstanceProfile", &[WEB, ROLE], 200, "RemoveRoleFromInstanceProfileResponse"),
        ("RemoveRoleFromInstanceProfile", &[("InstanceProfileName", "db"), ROLE], 200, ""),
        ("DeleteRole", &[ROLE], 200, ""),
        ("TagInstanceProfile", &[WEB, tag[0], tag[1]], 200, "TagInstanceProfileResponse"),
        ("TagInstanceProfile", &full, 409, "<Code>LimitExceeded</Code><Message>The number of tags has reached the maximum limit.</Message>"),
        ("ListInstanceProfileTags", &[WEB], 200, "<Tags><member><Key>Team</Key><Value>a</Value></member></Tags><IsTruncated>false</IsTruncated>"),
        ("UntagInstanceProfile", &[WEB, ("TagKeys.member.1", "team")], 200, "UntagInstanceProfileResponse"),
        ("ListInstanceProfileTags", &[WEB], 200, "<Tags></Tags>"),
        ("TagInstanceProfile", &[no_profile, tag[0], tag[1]], 404, unknown),
        ("UntagInstanceProfile", &[no_profile, ("TagKeys.member.1", "team")], 404, unknown),
        ("ListInstanceProfileTags", &[no_profile], 404, unknown),
        ("DeleteInstanceProfile", &[WEB], 200, "DeleteInstanceProfileResponse"),
        ("DeleteInstanceProfile", &[("InstanceProfileName", "none")], 404, unknown),
    ]);
}

/// Whoever puts a role in a profile has to be allowed to pass it, to EC2, and each of the two decisions sees the tags of its
/// own resource.
#[test]
fn a_role_is_put_in_a_profile_by_whoever_may_pass_it() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    let statement = |action: &str, condition: &str| {
        format!(r#"{{"Effect":"Allow","Action":"iam:{action}","Resource":"*","Condition":{{{condition}}}}}"#)
    };
    let of = |key: &str, value: &str| format!(r#""StringEquals":{{"{key}":"{value}"}}"#);
    let add = |condition: &str| statement("AddRoleToInstanceProfile", condition);
    let pass = |condition: &str| statement("PassRole", condition);
    let instances = r#""ArnLike":{"iam:AssociatedResourceARN":"arn:aws:ec2:*:123456789012:instance/*"}"#;
    let missing =
        "iam:PassRole on resource: arn:aws:iam::123456789012:role/reader because no identity-based policy allows";
    let cases = [
        (vec![add("")], missing),
        (vec![add(""), pass(&of("iam:PassedToService", "ecs.amazonaws.com"))], missing),
        (vec![add(""), pass(&of("aws:ResourceTag/of", "profile"))], missing),
        (
            vec![add(&of("aws:ResourceTag/of", "role")), pass("")],
            "iam:AddRoleToInstanceProfile on resource: instance profile web",
        ),
        (vec![pass("")], "iam:AddRoleToInstanceProfile on resource: instance profile web"),
        (vec![add(""), pass(&of("iam:PassedToService", "ec2.amazonaws.com"))], ""),
        (vec![add(""), pass(instances)], ""),
        (vec![add(&of("aws:ResourceTag/of", "profile")), pass(&of("aws:ResourceTag/of", "role"))], ""),
    ];
    let tag = |of| [("Tags.member.1.Key", "of"), ("Tags.member.1.Value", of)];
    for (action, parameters, tags) in [
        ("CreateInstanceProfile", vec![WEB], tag("profile")),
        ("CreateRole", vec![ROLE, ("AssumeRolePolicyDocument", TRUST)], tag("role")),
    ] {
        assert_eq!(call(&gateway, &root, action, &[parameters, tags.to_vec()].concat()).status, 200, "{action}");
    }
    for (at, (statements, why)) in cases.iter().enumerate() {
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        let ann = gateway.user(&format!("ann{at}"), Some(&policy));
        let answer = call(&gateway, &ann, "AddRoleToInstanceProfile", &[WEB, ROLE]);
        let expected = if why.is_empty() { 200 } else { 403 };
        assert!(answer.status == expected && answer.text().contains(why), "{policy}: {}", answer.text());
        if why.is_empty() {
            assert_eq!(call(&gateway, &root, "RemoveRoleFromInstanceProfile", &[WEB, ROLE]).status, 200);
        }
    }
}

#[test]
#[rustfmt::skip]
fn roles_of_services() {
    let ecs = ("AWSServiceName", "ecs.amazonaws.com");
    let of_ecs = ("RoleName", "AWSServiceRoleForECS");
    let protected = "<Code>UnmodifiableEntity</Code><Message>Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only modifiable by AWS</Message>";
    let p = ("PolicyArn", "arn:aws:iam::123456789012:policy/p");
    let long = "s".repeat(50);
    let gone = "task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/00000000-0000-4000-8000-000000000000";
    tell(&[
        ("CreateServiceLinkedRole", &[], 400, "Value null at 'aWSServiceName' failed to satisfy constraint: Member must not be null"),
        ("CreateServiceLinkedRole", &[("AWSServiceName", "none.amazonaws.com")], 403, "<Code>AccessDenied</Code><Message>Cannot find Service Linked Role template for none.amazonaws.com</Message>"),
        ("CreateServiceLinkedRole", &[ecs, ("CustomSuffix", "x")], 400, "<Code>InvalidInput</Code><Message>Custom suffix is not allowed for ecs.amazonaws.com</Message>"),
        ("CreateServiceLinkedRole", &[ecs, ("Description", "d")], 200, "<Role><Path>/aws-service-role/ecs.amazonaws.com/</Path><RoleName>AWSServiceRoleForECS</RoleName><RoleId>AROA"),
        ("GetRole", &[of_ecs], 200, "%7B%22Service%22%3A%5B%22ecs.amazonaws.com%22%5D%7D"),
        ("CreateServiceLinkedRole", &[ecs], 400, "<Code>InvalidInput</Code><Message>Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.</Message>"),
        ("CreateServiceLinkedRole", &[("AWSServiceName", "autoscaling.amazonaws.com"), ("CustomSuffix", "x")], 200, "<Arn>arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_x</Arn>"),
        ("CreateServiceLinkedRole", &[("AWSServiceName", "autoscaling.amazonaws.com"), ("CustomSuffix", &long)], 400, "InvalidInput"),
        ("CreateRole", &[("RoleName", "own"), ("Path", "/aws-service-role/ecs.amazonaws.com/"), ("AssumeRolePolicyDocument", TRUST)], 400, "InvalidInput"),
        ("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", DENY_ALL)], 200, ""),
        ("CreateInstanceProfile", &[WEB], 200, ""),
        ("AttachRolePolicy", &[of_ecs, p], 400, protected),
        ("DetachRolePolicy", &[of_ecs, p], 400, protected),
        ("PutRolePolicy", &[of_ecs, ("PolicyName", "i"), ("PolicyDocument", DENY_ALL)], 400, protected),
        ("DeleteRolePolicy", &[of_ecs, ("PolicyName", "i")], 400, protected),
        ("PutRolePermissionsBoundary", &[of_ecs, ("PermissionsBoundary", p.1)], 400, protected),
        ("DeleteRolePermissionsBoundary", &[of_ecs], 400, protected),
        ("UpdateAssumeRolePolicy", &[of_ecs, ("PolicyDocument", TRUST)], 400, protected),
        ("UpdateRole", &[of_ecs, ("MaxSessionDuration", "7200")], 400, "<Code>UnmodifiableEntity</Code>"),
        ("DeleteRole", &[of_ecs], 400, protected),
        ("AddRoleToInstanceProfile", &[WEB, of_ecs], 400, protected),
        ("RemoveRoleFromInstanceProfile", &[WEB, of_ecs], 400, protected),
        ("UpdateRole", &[of_ecs, ("Description", "e")], 200, ""),
        ("UpdateRoleDescription", &[of_ecs, ("Description", "f")], 200, "<Description>f</Description>"),
        ("TagRole", &[of_ecs, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], 200, ""),
        ("UntagRole", &[of_ecs, ("TagKeys.member.1", "k")], 200, ""),
        ("CreateRole", &[ROLE, ("AssumeRolePolicyDocument", TRUST)], 200, ""),
        ("DeleteServiceLinkedRole", &[ROLE], 404, "NoSuchEntity"),
        ("DeleteServiceLinkedRole", &[NONE], 404, "The role with name none cannot be found."),
        ("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", "task/x")], 400, "InvalidInput"),
        ("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", gone)], 404, "NoSuchEntity"),
        ("DeleteServiceLinkedRole", &[of_ecs], 200, "<DeletionTaskId>task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/"),
        ("GetRole", &[of_ecs], 404, "NoSuchEntity"),
        ("DeleteServiceLinkedRole", &[of_ecs], 404, "NoSuchEntity"),
    ]);
}

#[test]
fn a_service_s_role_is_gone_when_its_deletion_is_told_of() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":
        "arn:aws:iam::*:role/aws-service-role/*","Condition":{"StringLike":{"iam:AWSServiceName":"e*.amazonaws.com"}}}}"#;
    let ann = gateway.user("ann", Some(policy));
    for (service, status) in [("ecs.amazonaws.com", 200), ("ram.amazonaws.com", 403)] {
        let answer = call(&gateway, &ann, "CreateServiceLinkedRole", &[("AWSServiceName", service)]);
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let deleted = call(&gateway, &root, "DeleteServiceLinkedRole", &[("RoleName", "AWSServiceRoleForECS")]);
    let task = deleted.element("DeletionTaskId");
    let answer = call(&gateway, &root, "GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", &task)]);
    assert_eq!((answer.status, answer.element("Status")), (200, "SUCCEEDED".to_owned()));
    assert_eq!(call(&gateway, &ann, "GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", &task)]).status, 403);
}

#[test]
#[rustfmt::skip]
fn openid_connect_providers() {
    let print = |letter: &str| letter.repeat(40);
    let prints: Vec<(String, String)> = ["a", "b", "c", "d", "e", "f"].iter().enumerate().map(|(at, letter)| (format!("ThumbprintList.member.{}", at + 1), print(letter))).collect();
    let prints: Vec<(&str, &str)> = prints.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let ids: Vec<(String, String)> = (1..=101).map(|at| (format!("ClientIDList.member.{at}"), format!("c{at}"))).collect();
    let ids: Vec<(&str, &str)> = ids.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let url = ("Url", "https://idp.example.com/a");
    let with = |base: &[(&'static str, &'static str)], more: &[(&'static str, &'static str)]| [base, more].concat();
    let (many_prints, many_ids) = ([&[url][..], &prints[..]].concat(), [&[url][..], &ids[..]].concat());
    let full = [&[("Url", "https://full.example.com")][..], &ids[..100]].concat();
    let full_arn = ("OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/full.example.com");
    let two_prints = [&[IDP][..], &prints[..2]].concat();
    let six_prints = [&[IDP][..], &prints[..]].concat();
    let none = ("OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/none.example.com");
    let other = ("OpenIDConnectProviderArn", "arn:aws:iam::999999999999:oidc-provider/idp.example.com/a");
    let wrong = ("OpenIDConnectProviderArn", "arn:aws:iam::123456789012:role/reader");
    let missing = "<Code>NoSuchEntity</Code><Message>OpenIDConnect Provider not found for arn arn:aws:iam::123456789012:oidc-provider/none.example.com</Message>";
    let long = "c".repeat(256);
    let tag = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")];
    tell(&[
        ("ListOpenIDConnectProviders", &[], 200, "<OpenIDConnectProviderList></OpenIDConnectProviderList>"),
        ("CreateOpenIDConnectProvider", &[], 400, "Value null at 'url' failed to satisfy constraint: Member must not be null"),
        ("CreateOpenIDConnectProvider", &[("Url", "example.org")], 400, "<Code>ValidationError</Code><Message>Invalid Open ID Connect Provider URL</Message>"),
        ("CreateOpenIDConnectProvider", &[url, ("ClientIDList.member.1", &long), ("ThumbprintList.member.1", "short")], 400, "2 validation errors detected: "),
        ("CreateOpenIDConnectProvider", &many_prints, 400, "<Code>InvalidInput</Code><Message>Thumbprint list must contain fewer than 5 entries.</Message>"),
        ("CreateOpenIDConnectProvider", &many_ids, 409, "<Code>LimitExceeded</Code><Message>Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100</Message>"),
        ("CreateOpenIDConnectProvider", &with(&[url, tag[0], tag[1]], &[("ClientIDList.member.1", "c"), ("ClientIDList.member.2", "c")]), 200, "<OpenIDConnectProviderArn>arn:aws:iam::123456789012:oidc-provider/idp.example.com/a</OpenIDConnectProviderArn><Tags><member><Key>Team"),
        ("CreateOpenIDConnectProvider", &[url], 409, "<Code>EntityAlreadyExists</Code><Message>Provider with url https://idp.example.com/a already exists.</Message>"),
        ("GetOpenIDConnectProvider", &[IDP], 200, "<Url>idp.example.com/a</Url><ClientIDList><member>c</member></ClientIDList><ThumbprintList></ThumbprintList><CreateDate>"),
        ("GetOpenIDConnectProvider", &[none], 404, missing),
        ("GetOpenIDConnectProvider", &[other], 403, "AccessDenied"),
        ("GetOpenIDConnectProvider", &[wrong], 400, "InvalidInput"),
        ("ListOpenIDConnectProviders", &[], 200, "<member><Arn>arn:aws:iam::123456789012:oidc-provider/idp.example.com/a</Arn></member>"),
        ("AddClientIDToOpenIDConnectProvider", &[IDP, ("ClientID", "d")], 200, ""),
        ("AddClientIDToOpenIDConnectProvider", &[IDP, ("ClientID", "d")], 200, ""),
        ("AddClientIDToOpenIDConnectProvider", &[none, ("ClientID", "d")], 404, missing),
        ("AddClientIDToOpenIDConnectProvider", &[wrong, ("ClientID", "d")], 400, "InvalidInput"),
        ("CreateOpenIDConnectProvider", &full, 200, ""),
        ("AddClientIDToOpenIDConnectProvider", &[full_arn, ("ClientID", "c1")], 200, ""),
        ("AddClientIDToOpenIDConnectProvider", &[full_arn, ("ClientID", "d")], 409, "<Code>LimitExceeded</Code>"),
        ("GetOpenIDConnectProvider", &[IDP], 200, "<member>c</member><member>d</member></ClientIDList>"),
        ("RemoveClientIDFromOpenIDConnectProvider", &[IDP, ("ClientID", "c")], 200, ""),
        ("RemoveClientIDFromOpenIDConnectProvider", &[IDP, ("ClientID", "c")], 200, ""),
        ("RemoveClientIDFromOpenIDConnectProvider", &[none, ("ClientID", "c")], 404, missing),
        ("RemoveClientIDFromOpenIDConnectProvider", &[wrong, ("ClientID", "c")], 400, "InvalidInput"),
        ("UpdateOpenIDConnectProviderThumbprint", &[IDP], 400, "Value null at 'thumbprintList'"),
        ("UpdateOpenIDConnectProviderThumbprint", &[IDP, ("ThumbprintList", "")], 400, "<Code>InvalidInput</Code>"),
        ("UpdateOpenIDConnectProviderThumbprint", &six_prints, 400, "<Code>InvalidInput</Code>"),
        ("UpdateOpenIDConnectProviderThumbprint", &two_prints, 200, ""),
        ("UpdateOpenIDConnectProviderThumbprint", &[none, prints[0]], 404, missing),
        ("GetOpenIDConnectProvider", &[IDP], 200, "<ClientIDList><member>d</member></ClientIDList><ThumbprintList><member>aaaa"),
        ("ListOpenIDConnectProviderTags", &[IDP], 200, "<Key>Team</Key>"),
        ("TagOpenIDConnectProvider", &[IDP, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], 200, ""),
        ("UntagOpenIDConnectProvider", &[IDP, ("TagKeys.member.1", "team")], 200, ""),
        ("ListOpenIDConnectProviderTags", &[IDP], 200, "<Tags><member><Key>k</Key><Value>v</Value></member></Tags>"),
        ("TagOpenIDConnectProvider", &[none, tag[0], tag[1]], 404, missing),
        ("UntagOpenIDConnectProvider", &[none, ("TagKeys.member.1", "k")], 404, missing),
        ("ListOpenIDConnectProviderTags", &[none], 404, missing),
        ("ListOpenIDConnectProviderTags", &[wrong], 400, "InvalidInput"),
        ("DeleteOpenIDConnectProvider", &[wrong], 400, "InvalidInput"),
        ("DeleteOpenIDConnectProvider", &[IDP], 200, "DeleteOpenIDConnectProviderResponse"),
        ("DeleteOpenIDConnectProvider", &[IDP], 404, "<Code>NoSuchEntity</Code><Message>OpenId connect Provider arn:aws:iam::123456789012:oidc-provider/idp.example.com/a cannot be found.</Message>"),
    ]);
}

/// The document of an identity provider with a certificate of its own.
pub fn metadata(id: &str, attributes: &str) -> String {
    let key = KeyPair::generate().unwrap();
    let made = CertificateParams::new(vec!["idp.example.com".to_owned()]).unwrap().self_signed(&key).unwrap();
    let certificate = data_encoding::BASE64.encode(made.der());
    format!(
        r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{id}" {attributes}>
        <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">
        <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data>
        </KeyInfo></KeyDescriptor>
        <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/sso"/>
        </IDPSSODescriptor></EntityDescriptor>{}"#,
        " ".repeat(500)
    )
}

#[test]
#[rustfmt::skip]
fn saml_providers() {
    let (first, second) = (metadata("https://idp.example.com", "validUntil=\"2031-02-03T04:05:06Z\""), metadata("https://new.example.com", ""));
    let (document, renewed) = (("SAMLMetadataDocument", first.as_str()), ("SAMLMetadataDocument", second.as_str()));
    let nonsense = "x".repeat(1000);
    let elliptic = KeyPair::generate().unwrap().serialize_pem();
    let none = ("SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/none");
    let wrong = ("SAMLProviderArn", "arn:aws:iam::123456789012:role/reader");
    let missing = "<Code>NoSuchEntity</Code><Message>Manifest not found for arn arn:aws:iam::123456789012:saml-provider/none</Message>";
    let tag = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")];
    let name = ("Name", "idp");
    tell(&[
        ("ListSAMLProviders", &[], 200, "<SAMLProviderList></SAMLProviderList>"),
        ("CreateSAMLProvider", &[name, ("SAMLMetadataDocument", "<a/>")], 400, "Member must have length greater than or equal to 1000"),
        ("CreateSAMLProvider", &[("Name", "a b"), document], 400, r"Member must satisfy regular expression pattern: [\w._-]+"),
        ("CreateSAMLProvider", &[name, document, ("AssertionEncryptionMode", "Perhaps")], 400, "Member must satisfy enum value set: [Required, Allowed]"),
        ("CreateSAMLProvider", &[name, ("SAMLMetadataDocument", &nonsense)], 400, "<Code>InvalidInput</Code><Message>Could not parse metadata</Message>"),
        ("CreateSAMLProvider", &[name, document, ("AssertionEncryptionMode", "Required")], 400, "Unable to set assertion encryption mode to Required because no private key is provided."),
        ("CreateSAMLProvider", &[name, document, ("AddPrivateKey", "none")], 400, "<Code>InvalidInput</Code><Message>Invalid private key.</Message>"),
        ("CreateSAMLProvider", &[name, document, ("AddPrivateKey", &elliptic)], 400, "Invalid private key."),
        ("CreateSAMLProvider", &[name, document, tag[0], tag[1]], 200, "<SAMLProviderArn>arn:aws:iam::123456789012:saml-provider/idp</SAMLProviderArn><Tags><member><Key>Team"),
        ("CreateSAMLProvider", &[name, document], 409, "<Code>EntityAlreadyExists</Code><Message>Provider with name idp already exists.</Message>"),
        ("GetSAMLProvider", &[SAML], 200, "<ValidUntil>2031-02-03T04:05:06Z</ValidUntil>"),
        ("GetSAMLProvider", &[SAML], 200, "<PrivateKeyList></PrivateKeyList><SAMLMetadataDocument>&lt;EntityDescriptor"),
        ("GetSAMLProvider", &[none], 404, missing),
        ("GetSAMLProvider", &[wrong], 400, "InvalidInput"),
        ("ListSAMLProviders", &[], 200, "<SAMLProviderList><member><Arn>arn:aws:iam::123456789012:saml-provider/idp</Arn><ValidUntil>2031-02-03T04:05:06Z</ValidUntil><CreateDate>"),
        ("UpdateSAMLProvider", &[SAML], 400, "Unable to update identity provider. No updates are defined for metadata or encryption assertion."),
        ("UpdateSAMLProvider", &[SAML, ("SAMLMetadataDocument", &nonsense)], 400, "Could not parse metadata"),
        ("UpdateSAMLProvider", &[SAML, ("AssertionEncryptionMode", "Required")], 400, "because no private key is provided."),
        ("UpdateSAMLProvider", &[SAML, ("AddPrivateKey", &elliptic), ("RemovePrivateKey", "ABCDEFGHIJKLMNOPQRSTUVWX")], 400, "Unable to add and remove private keys in the same request."),
        ("UpdateSAMLProvider", &[SAML, ("RemovePrivateKey", "ABCDEFGHIJKLMNOPQRSTUVWX")], 400, "Failed to remove private key because the Key ID does not match a private key."),
        ("UpdateSAMLProvider", &[none, renewed], 404, missing),
        ("UpdateSAMLProvider", &[SAML, renewed], 200, "<SAMLProviderArn>arn:aws:iam::123456789012:saml-provider/idp</SAMLProviderArn>"),
        ("GetSAMLProvider", &[SAML], 200, "entityID=\"https://new.example.com\""),
        ("GetSAMLProvider", &[SAML], 200, "<ValidUntil>21"),
        ("TagSAMLProvider", &[SAML, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], 200, ""),
        ("UntagSAMLProvider", &[SAML, ("TagKeys.member.1", "team")], 200, ""),
        ("ListSAMLProviderTags", &[SAML], 200, "<Tags><member><Key>k</Key><Value>v</Value></member></Tags>"),
        ("TagSAMLProvider", &[none, tag[0], tag[1]], 404, missing),
        ("UntagSAMLProvider", &[none, ("TagKeys.member.1", "k")], 404, missing),
        ("ListSAMLProviderTags", &[none], 404, missing),
        ("ListSAMLProviderTags", &[wrong], 400, "InvalidInput"),
        ("DeleteSAMLProvider", &[wrong], 400, "InvalidInput"),
        ("DeleteSAMLProvider", &[SAML], 200, "DeleteSAMLProviderResponse"),
        ("DeleteSAMLProvider", &[("SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/none")], 404, missing),
    ]);
}

#[test]
fn private_keys_come_and_go_and_are_told_to_nobody() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    let pem = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap().serialize_pem();
    let document = metadata("https://idp.example.com", "");
    let required = ("AssertionEncryptionMode", "Required");
    let key = ("AddPrivateKey", pem.as_str());
    let done = |action: &str, parameters: &[(&str, &str)]| {
        let answer = call(&gateway, &root, action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer
    };
    let refused = |parameters: &[(&str, &str)], status: u16, why: &str| {
        let answer = call(&gateway, &root, "UpdateSAMLProvider", parameters);
        assert!(answer.status == status && answer.text().contains(why), "{}", answer.text());
    };
    done("CreateSAMLProvider", &[("Name", "idp"), ("SAMLMetadataDocument", &document), required, key]);
    let first = done("GetSAMLProvider", &[SAML]).element("KeyId");
    done("UpdateSAMLProvider", &[SAML, key]);
    refused(&[SAML, key], 409, "<Code>LimitExceeded</Code><Message>Private key limit of 2 is reached.</Message>");
    done("UpdateSAMLProvider", &[SAML, ("RemovePrivateKey", &first)]);
    let second = done("GetSAMLProvider", &[SAML]).element("KeyId");
    assert!(second != first && second.len() == 32, "{first} {second}");
    refused(&[SAML, ("RemovePrivateKey", &second)], 400, "because no private key is provided.");
    done("UpdateSAMLProvider", &[SAML, ("RemovePrivateKey", &second), ("AssertionEncryptionMode", "Allowed")]);
    let shown = done("GetSAMLProvider", &[SAML]).text().to_string();
    assert!(shown.contains("<PrivateKeyList></PrivateKeyList>") && shown.contains(">Allowed<"), "{shown}");
    // Neither a record nor the store has a key in plain text.
    let inner = pem.lines().nth(2).unwrap().to_owned();
    let folder = gateway.dir.path().to_owned();
    let files = std::fs::read_dir(&folder).unwrap().filter_map(|entry| std::fs::read(entry.unwrap().path()).ok());
    let holds = |bytes: &[u8]| bytes.windows(inner.len()).any(|part| part == inner.as_bytes());
    assert!(!files.into_iter().any(|bytes| holds(&bytes)));
    assert!(gateway.end().iter().all(|record| !record.to_string().contains(&inner)));
}
