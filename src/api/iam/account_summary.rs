//! How much an account has of what, and how much it may have.

use serde::Deserialize;

use super::{items::details, token_settings};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{AccountId, Fault},
    policy::quota,
    store::{IdentityKind, Item, ItemKind, KeyOwner, Page, PolicyUse, StoreError, UnitOfWork},
};

/// AWS's bound of the versions of all policies together.
const VERSIONS_IN_USE_MAX: usize = 10_000;

/// What an MFA device says of itself.
#[derive(Deserialize)]
struct Device {
    /// When it became somebody's.
    enabled: Option<i64>,
}

pub(super) fn get(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new("iam:GetAccountSummary", "*", |scene| {
        let account = scene.account();
        let counts = scene.world.directory.read(|work| counts(work, account))?;
        let quota = |quota| scene.quota(quota) as u64;
        // As many as the other two quotas let there be is never too many.
        let versions = scene.quota(Quota::Policies).saturating_mul(scene.quota(Quota::PolicyVersions));
        let quotas = [
            ("UsersQuota", quota(Quota::Users)),
            ("GroupsQuota", quota(Quota::Groups)),
            ("RolesQuota", quota(Quota::Roles)),
            ("PoliciesQuota", quota(Quota::Policies)),
            ("InstanceProfilesQuota", quota(Quota::InstanceProfiles)),
            ("ServerCertificatesQuota", quota(Quota::ServerCertificates)),
            ("GroupsPerUserQuota", quota(Quota::GroupsPerUser)),
            ("AccessKeysPerUserQuota", quota(Quota::AccessKeys)),
            ("SigningCertificatesPerUserQuota", quota(Quota::SigningCertificates)),
            ("AttachedPoliciesPerUserQuota", quota(Quota::PoliciesPerUser)),
            ("AttachedPoliciesPerGroupQuota", quota(Quota::PoliciesPerGroup)),
            ("AttachedPoliciesPerRoleQuota", quota(Quota::PoliciesPerRole)),
            ("VersionsPerPolicyQuota", quota(Quota::PolicyVersions)),
            ("PolicyVersionsInUseQuota", versions.max(VERSIONS_IN_USE_MAX) as u64),
            ("PolicySizeQuota", quota::MANAGED_POLICY_CHARACTERS_MAX as u64),
            ("UserPolicySizeQuota", quota::USER_INLINE_CHARACTERS_MAX as u64),
            ("GroupPolicySizeQuota", quota::GROUP_INLINE_CHARACTERS_MAX as u64),
            ("RolePolicySizeQuota", quota::ROLE_INLINE_CHARACTERS_MAX as u64),
            ("AssumeRolePolicySizeQuota", quota::TRUST_CHARACTERS_MAX as u64),
        ];
        let entries = counts.into_iter().chain(quotas).map(|(key, value)| (key.into(), Node::Number(value)));
        Ok(Node::one("SummaryMap", Node::Map(entries.collect())))
    }))
}

/// Whether an MFA device is somebody's: a user's, or root's.
pub(super) fn is_in_use(device: &Item) -> Result<bool, StoreError> {
    Ok(device.owner.is_some() || details::<Device>(device)?.enabled.is_some())
}

/// The MFA devices of root.
pub(super) fn devices_of_root(work: &mut dyn UnitOfWork, account: AccountId) -> Result<usize, StoreError> {
    let devices = work.items(account, ItemKind::MfaDevice, Page::ALL)?.items;
    devices
        .iter()
        .filter(|device| device.owner.is_none())
        .try_fold(0, |count, device| Ok(count + usize::from(is_in_use(device)?)))
}

fn counts(work: &mut dyn UnitOfWork, account: AccountId) -> Result<Vec<(&'static str, u64)>, StoreError> {
    let devices = work.items(account, ItemKind::MfaDevice, Page::ALL)?.items;
    let in_use =
        devices.iter().try_fold(0, |count, device| Ok::<_, StoreError>(count + u64::from(is_in_use(device)?)))?;
    let certificates = work.items(account, ItemKind::SigningCertificate, Page::ALL)?.items;
    let has_certificate = certificates.iter().any(|certificate| certificate.owner.is_none());
    let mut versions = 0;
    for policy in work.policies(account, PolicyUse::Any, Page::ALL)?.items {
        versions += work.policy_versions(&policy.id)?.len() as u64;
    }
    let providers =
        work.count_items(account, ItemKind::OidcProvider)? + work.count_items(account, ItemKind::SamlProvider)?;
    Ok(vec![
        ("GlobalEndpointTokenVersion", token_settings::version(work, account)?),
        ("Users", work.count_identities(account, IdentityKind::User)?),
        ("Groups", work.count_identities(account, IdentityKind::Group)?),
        ("Roles", work.count_identities(account, IdentityKind::Role)?),
        ("Policies", work.count_policies(account)?),
        ("PolicyVersionsInUse", versions),
        ("InstanceProfiles", work.count_items(account, ItemKind::InstanceProfile)?),
        ("ServerCertificates", work.count_items(account, ItemKind::ServerCertificate)?),
        ("Providers", providers),
        ("MFADevices", devices.len() as u64),
        ("MFADevicesInUse", in_use),
        ("AccountMFAEnabled", u64::from(devices_of_root(work, account)? > 0)),
        ("AccountAccessKeysPresent", u64::from(!work.access_keys(account, &KeyOwner::Root)?.is_empty())),
        // Root has no password here: it signs with its key.
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", u64::from(has_certificate)),
    ])
}
