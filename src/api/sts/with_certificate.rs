//! Taking a role with a client certificate. An extension, in the form of MinIO's: the request bears no signature and names no
//! role. See [`crate::federation::certificate`].

use super::vouched::{Asked, Proven, not_configured, plan as taking};
use crate::{
    api::query::{Input, Plan, Scene},
    base::{Fault, principal::Voucher},
    federation::certificate::Refusal,
};

/// What turns it on.
pub(super) const KEY: &str = "client_certificates.role";

pub(super) fn plan(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let certificates = &scene.world.certificates;
    if !certificates.is_on() {
        return Err(not_configured("AssumeRoleWithCertificate", KEY));
    }
    let asked = Asked::read(input)?;
    let certificate = scene.caller.certificate().ok_or_else(|| Refusal::None.fault())?;
    let role = certificates.role_of(certificate, scene.caller.at()).map_err(|refusal| refusal.fault())?;
    let proven = Proven {
        by: Voucher::Certificate,
        action: "sts:AssumeRoleWithCertificate",
        provider: "certificate-provider/default",
        role,
        session: certificate.session_name(),
        subject: certificate.subject.clone(),
        facts: certificate.facts(),
        until: Some(certificate.not_after),
    };
    Ok(taking(scene, asked, proven))
}
