//! Taking a role with a name and a password of a directory. An extension, in the form of MinIO's: the request bears no
//! signature and names no role. See [`crate::federation::ldap`].

use super::{
    texts::{LDAP_NAME, LDAP_PASSWORD, SESSION_NAME},
    vouched::{Asked, Proven, not_configured, plan as taking},
};
use crate::{
    api::query::{Input, Plan, Scene},
    base::{Fault, principal::Voucher},
    federation::ldap::{Person, Refusal},
};

/// What turns it on.
pub(super) const KEY: &str = "ldap.url";

pub(super) fn plan(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let ldap = &scene.world.ldap;
    let settings = ldap.settings().ok_or_else(|| not_configured("AssumeRoleWithLDAPIdentity", KEY))?;
    let name = input.required("LDAPUsername", &LDAP_NAME);
    let password = input.secret("LDAPPassword", &LDAP_PASSWORD);
    let asked = Asked::read(input)?;
    let of_name = |refusal: Refusal| {
        let fault = refusal.fault();
        let detail = fault.detail.clone().unwrap_or_default();
        fault.because(format_args!("{detail} (`{name}`)"))
    };
    let person = ldap.prove(&settings, &name, &password, scene.caller.at()).map_err(of_name)?;
    let fits = (SESSION_NAME.fits)(&person.name) && SESSION_NAME.length.contains(&person.name.len());
    if !fits {
        return Err(of_name(Refusal::SessionName(person.name)));
    }
    let role = settings.role_of(&person).cloned().ok_or_else(|| of_name(Refusal::NoRole(person.dn.clone())))?;
    let Person { name, dn, groups } = person;
    let mut facts = vec![("ldap:user".to_owned(), vec![name.clone()]), ("ldap:dn".to_owned(), vec![dn.clone()])];
    if !groups.is_empty() {
        facts.push(("ldap:groups".into(), groups));
    }
    let proven = Proven {
        by: Voucher::Ldap,
        action: "sts:AssumeRoleWithLDAPIdentity",
        provider: "ldap-provider/default",
        role,
        session: name,
        subject: dn,
        facts,
        until: None,
    };
    Ok(taking(scene, asked, proven))
}
