//! `userIdentity`.

use super::{
    Identity, SessionShown,
    json::{Object, cut, text},
};
use crate::base::{
    AccountId, Arn, Principal,
    principal::{Role, User, Vouched, Voucher},
    time,
};

/// `accountId` of callers without credentials, as S3 writes it.
const ANONYMOUS: &str = "ANONYMOUS_PRINCIPAL";
/// Most bytes of an access key id that was claimed and not proven: the longest that IAM knows.
const CLAIMED_KEY_BYTES_MAX: usize = 128;

/// Writes the object.
pub(super) fn write(out: &mut Vec<u8>, identity: &Identity<'_>) {
    let mut object = Object::open(out);
    match identity {
        Identity::Verified { principal, access_key, session } => {
            principal_members(&mut object, principal);
            object.maybe("accessKeyId", access_key.map(|key| key.as_str()));
            if let Principal::User(user) = principal {
                object.text("userName", &user.name);
            }
            if let Some(session) = session {
                object.member("sessionContext", |out| session_context(out, principal, session));
                if let Some(delegate) = session.delegate {
                    object.member("invokedByDelegate", |out| {
                        let mut object = Object::open(out);
                        object.text("accountId", delegate.as_str());
                        object.close();
                    });
                }
            }
        }
        Identity::Vouched(vouched) => vouched_members(&mut object, vouched),
        Identity::Unproven { access_key } => {
            object.text("type", "Unknown");
            object.text("principalId", "");
            object.maybe("accessKeyId", access_key.map(|key| cut(key, CLAIMED_KEY_BYTES_MAX)));
        }
    }
    object.close();
}

fn principal_members(object: &mut Object<'_>, principal: &Principal) {
    match principal {
        Principal::Root(account) => root_members(object, *account),
        Principal::User(user) => user_members(object, user),
        Principal::Role(session) => {
            let account = session.role.account;
            members(object, "AssumedRole", &session.user_id, &session.arn, account);
        }
        Principal::Federated(federated) => {
            members(object, "FederatedUser", &federated.user_id, &federated.arn, federated.account);
        }
        Principal::Anonymous => {
            object.text("type", "AWSAccount");
            object.text("principalId", "");
            object.text("accountId", ANONYMOUS);
        }
    }
}

fn members(object: &mut Object<'_>, kind: &str, id: &str, arn: &Arn, account: AccountId) {
    object.text("type", kind);
    object.text("principalId", id);
    object.text("arn", arn.as_str());
    object.text("accountId", account.as_str());
}

fn root_members(object: &mut Object<'_>, account: AccountId) {
    object.text("type", "Root");
    object.text("principalId", account.as_str());
    object.member("arn", |out| {
        out.extend_from_slice(b"\"arn:aws:iam::");
        out.extend_from_slice(account.as_str().as_bytes());
        out.extend_from_slice(b":root\"");
    });
    object.text("accountId", account.as_str());
}

fn user_members(object: &mut Object<'_>, user: &User) {
    members(object, "IAMUser", &user.id, &user.arn, user.account);
}

fn role_members(object: &mut Object<'_>, role: &Role) {
    members(object, "Role", &role.id, &role.arn, role.account);
}

fn vouched_members(object: &mut Object<'_>, vouched: &Vouched) {
    let kind = match vouched.by {
        Voucher::WebIdentity => "WebIdentityUser",
        Voucher::Saml => "SAMLUser",
        // Not in CloudTrail: AWS has no such callers.
        Voucher::Ldap => "LdapUser",
        Voucher::Certificate => "CertificateUser",
    };
    object.text("type", kind);
    object.text("principalId", &vouched.principal_id);
    object.text("userName", &vouched.user_name);
    object.text("identityProvider", &vouched.told_provider);
}

fn session_context(out: &mut Vec<u8>, principal: &Principal, session: &SessionShown<'_>) {
    let mut object = Object::open(out);
    match principal {
        Principal::Role(of) => object.member("sessionIssuer", |out| {
            let mut issuer = Object::open(out);
            role_members(&mut issuer, &of.role);
            issuer.text("userName", &of.role.name);
            issuer.close();
        }),
        Principal::Federated(of) => object.member("sessionIssuer", |out| {
            let mut issuer = Object::open(out);
            match &of.issuer {
                Some(user) => {
                    user_members(&mut issuer, user);
                    issuer.text("userName", &user.name);
                }
                None => root_members(&mut issuer, of.account),
            }
            issuer.close();
        }),
        Principal::Root(_) | Principal::User(_) | Principal::Anonymous => {}
    }
    if let Some(provider) = session.provider.filter(|provider| provider.contains(":oidc-provider/")) {
        object.member("webIdFederationData", |out| web_identity(out, provider, session.facts));
    }
    object.member("attributes", |out| {
        let mut attributes = Object::open(out);
        attributes.text("creationDate", &time::iso8601(session.issued));
        attributes.text("mfaAuthenticated", if session.has_mfa { "true" } else { "false" });
        attributes.close();
    });
    object.maybe("sourceIdentity", session.source_identity);
    if session.is_assumed_root {
        object.text("assumedRoot", "true");
    }
    object.close();
}

fn web_identity(out: &mut Vec<u8>, provider: &str, facts: &[(String, Vec<String>)]) {
    let mut object = Object::open(out);
    object.text("federatedProvider", provider);
    object.member("attributes", |out| {
        let mut attributes = Object::open(out);
        for (key, values) in facts {
            attributes.named(key, |out| text(out, values.first().map_or("", String::as_str)));
        }
        attributes.close();
    });
    object.close();
}
