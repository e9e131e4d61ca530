//! Quotas: how much there may be of what, as AWS names it. Source: IAM user guide, "IAM and AWS STS quotas".
//!
//! Each has AWS's default and is a key of the configuration. What costs every decision, or is read whole by one call,
//! is bounded closely; what is only counted goes up to what a store is made for.

/// A quota with its place in the table.
pub struct Row {
    /// Which it is.
    pub quota: Quota,
    /// The key of the configuration.
    pub key: &'static str,
    /// As `LimitExceeded` names it.
    pub told: &'static str,
    /// What holds where nothing is said.
    pub default: usize,
    /// The same as TOML.
    pub shown: &'static str,
    /// The most that it can be set to; the least is 1.
    pub most: usize,
    /// What it bounds.
    pub about: &'static str,
    /// Why the default is what it is.
    pub why: &'static str,
}

macro_rules! quotas {
    (@why $most:literal) => {
        concat!("AWS's quota; it can be set from 1 to ", stringify!($most))
    };
    (@why $most:literal $ours:literal) => {
        concat!($ours, "; it can be set from 1 to ", stringify!($most))
    };
    ($($quota:ident $key:literal $told:literal $default:literal to $most:literal: $about:literal $($ours:literal)?,)+) => {
        /// What is bounded.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Quota {
            $(#[doc = $about] $quota,)+
        }

        /// All of them, in the order of their variants.
        pub static QUOTAS: &[Row] = &[$(Row {
            quota: Quota::$quota,
            key: concat!("quotas.", $key),
            told: $told,
            default: $default,
            shown: stringify!($default),
            most: $most,
            about: $about,
            why: quotas!(@why $most $($ours)?),
        }),+];
    };
}

quotas! {
    Users "users" "UsersPerAccount" 5000 to 1000000: "users of an account",
    Groups "groups" "GroupsPerAccount" 300 to 1000000: "groups of an account",
    Roles "roles" "RolesPerAccount" 1000 to 1000000: "roles of an account",
    InstanceProfiles "instance_profiles" "InstanceProfilesPerAccount" 1000 to 1000000: "instance profiles of an account",
    Policies "policies" "PoliciesPerAccount" 1500 to 1000000: "customer managed policies of an account",
    PolicyVersions "policy_versions" "VersionsPerPolicy" 5 to 100: "versions of a customer managed policy",
    GroupsPerUser "groups_per_user" "GroupsPerUser" 10 to 100: "groups of a user",
    PoliciesPerUser "policies_per_user" "PoliciesPerUser" 10 to 100: "managed policies attached to a user",
    PoliciesPerGroup "policies_per_group" "PoliciesPerGroup" 10 to 100: "managed policies attached to a group",
    PoliciesPerRole "policies_per_role" "PoliciesPerRole" 10 to 100: "managed policies attached to a role",
    AccessKeys "access_keys_per_user" "AccessKeysPerUser" 2 to 100: "access keys of a user, and of root",
    MfaDevices "mfa_devices_per_user" "MFADevicesPerUser" 8 to 100: "MFA devices of a user, and of root",
    SigningCertificates "signing_certificates_per_user" "SigningCertificatesPerUser" 2 to 100: "signing certificates of a user, and of root",
    SshKeys "ssh_keys_per_user" "SSHPublicKeysPerUser" 5 to 100: "SSH public keys of a user",
    ServiceCredentials "service_credentials_per_user" "ServiceSpecificCredentialsPerUser" 2 to 100: "service-specific credentials of a user for one service",
    ServerCertificates "server_certificates" "ServerCertificatesPerAccount" 20 to 10000: "server certificates of an account",
    OidcProviders "oidc_providers" "OpenIdConnectProvidersPerAccount" 100 to 10000: "OpenID Connect providers of an account",
    OidcClientIds "oidc_client_ids" "ClientIdsPerOpenIdConnectProvider" 100 to 1000: "client ids of an OpenID Connect provider",
    SamlProviders "saml_providers" "SAMLProvidersPerAccount" 100 to 10000: "SAML providers of an account",
    DelegationRequests "delegation_requests" "DelegationRequestsPerAccount" 1000 to 10000: "delegation requests that an account has made" "AWS tells of none; those whose time is over make room",
}

/// What each quota is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotas(Box<[usize]>);

impl Quotas {
    /// AWS's, or whatever `set` says of a row.
    pub fn read(mut set: impl FnMut(&'static Row) -> Option<usize>) -> Self {
        Self(QUOTAS.iter().map(|row| set(row).unwrap_or(row.default)).collect())
    }

    /// The most of something.
    pub fn of(&self, quota: Quota) -> usize {
        // The table has a row for each variant, and this a value for each row.
        self.0.get(quota as usize).copied().unwrap_or_default()
    }
}

impl Quota {
    /// As `LimitExceeded` names it.
    pub fn told(self) -> &'static str {
        QUOTAS.get(self as usize).map_or("", |row| row.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variant_finds_its_row() {
        let quotas = Quotas::read(|row| (row.quota == Quota::Groups).then_some(7));
        for row in QUOTAS {
            assert_eq!(row.quota.told(), row.told);
            assert_eq!(quotas.of(row.quota), if row.quota == Quota::Groups { 7 } else { row.default });
            assert!((1..=row.most).contains(&row.default) && row.default.to_string() == row.shown, "{}", row.key);
        }
    }
}
