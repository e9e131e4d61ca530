//! What IAM refuses to save as the trust policy of a role (`MalformedPolicyDocument`).

use super::{check_ids, malformed, principals, principals::INVALID_SYNTAX};
use crate::{
    base::Fault,
    policy::{
        compiled::{Kind, Policy},
        document::{self, Effect, PrincipalKind, RawPrincipal},
        principal::Principals,
    },
};

/// The actions that a trust policy may be about, in lower case; with a directory's password and with a client certificate
/// are extensions.
const ACTIONS: [&str; 8] = [
    "sts:assumerole",
    "sts:assumerolewithcertificate",
    "sts:assumerolewithldapidentity",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
];

/// Checks and compiles a trust policy. Whether the users, roles and providers that it names are there is not seen here.
pub fn trust(text: &str) -> Result<Policy, Fault> {
    principals::read(text, &["Resource"]).map_err(malformed)?;
    let document = document::parse(text).map_err(|error| malformed(INVALID_SYNTAX).because(error))?;
    check_ids(&document.statements)?;
    for statement in document.statements {
        if let Some(principal) = statement.principal {
            check_principal(principal, statement.effect.unwrap_or(Effect::Deny))?;
        }
        let actions = statement.action.filter(|actions| !actions.negated).map_or_else(Vec::new, |them| them.patterns);
        if actions.is_empty() || !actions.iter().all(|action| is_of_trust(action)) {
            return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
        }
    }
    Policy::compile_as(text, Kind::Trust).map_err(|error| malformed(INVALID_SYNTAX).because(error))
}

/// A principal of a well-formed policy is nobody.
pub fn unknown_in_trust(name: &str) -> Fault {
    malformed(format!("Invalid principal in policy: \"AWS\":\"{name}\""))
}

fn is_of_trust(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    ACTIONS.contains(&&*action) || action == "sts:assumerole*"
}

fn check_principal(principal: RawPrincipal, effect: Effect) -> Result<(), Fault> {
    let RawPrincipal { negated, named } = principal;
    let named = named.map_err(|error| malformed("Invalid principal in policy").because(error))?;
    for (kind, text) in named {
        let alone = RawPrincipal { negated, named: Ok(vec![(kind, text.clone())]) };
        if kind == PrincipalKind::CanonicalUser || Principals::compile(alone, effect).is_err() {
            let name = match kind {
                PrincipalKind::Federated => "Federated",
                PrincipalKind::Service => "SERVICE",
                PrincipalKind::CanonicalUser => "CanonicalUser",
                PrincipalKind::Aws | PrincipalKind::Id | PrincipalKind::Everyone => "AWS",
            };
            return Err(malformed(format!("Invalid principal in policy: \"{name}\":\"{text}\"")));
        }
    }
    Ok(())
}
