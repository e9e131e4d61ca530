//! OpenID Connect: web identity tokens, and the providers that sign them.
//! Sources: IAM user guide, "OIDC federation"; OpenID Connect Core and Discovery 1.0; RFC 7515, 7517, 7519, 8725.
//!
//! A [`Token`] is read, the [`Provider`] that it names is looked up in the account, [`Keys`] has or fetches the provider's
//! public keys, and [`verify`] says what the provider asserts, or which check refuses.
//!
//! ## What is believed
//!
//! - A provider is known by its URL, exactly as it was registered: `https`, no port, and with its last slash if it has one.
//!   No plain `http`, which IAM does not register either.
//! - Signatures by RSA and ECDSA keys only, and each key for its own algorithm only.
//! - Keys come from the `jwks_uri` of the discovery document at `{url}/.well-known/openid-configuration`, which has to name
//!   the very issuer. The certificates of both places have to be signed by an authority of the system or of `oidc.ca_file`;
//!   where none did, one of the chain has to fit one of the provider's thumbprints (SHA-1 of the top certificate) and to
//!   have signed the place's own. So does AWS: thumbprints count where its authorities do not.
//! - Or keys come from a file (`oidc.jwks_files`), for networks that have no way to the provider; then nobody is asked.
//! - Keys are kept for `oidc.keys_seconds`, are fetched anew when a token names one that is not there, and while the
//!   provider is away are used for `oidc.stale_seconds_max` longer.
//!
//! ## Recipe: Kubernetes service accounts
//!
//! The API server signs tokens of service accounts; pods get them as files that are renewed. In a closed cluster take its
//! keys to a file once (and again when they are rotated), and the issuer from its discovery document:
//!
//! ```sh
//! kubectl get --raw /.well-known/openid-configuration   # "issuer":"https://kubernetes.default.svc.cluster.local"
//! kubectl get --raw /openid/v1/jwks > /etc/countersign/cluster.jwks.json
//! aws iam create-open-id-connect-provider --url https://kubernetes.default.svc.cluster.local \
//!     --client-id-list sts.amazonaws.com
//! ```
//!
//! ```toml
//! [oidc]
//! jwks_files = { "https://kubernetes.default.svc.cluster.local" = "/etc/countersign/cluster.jwks.json" }
//! ```
//!
//! The role's trust policy names the provider and the one service account:
//!
//! ```json
//! {"Version": "2012-10-17", "Statement": [{
//!   "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
//!   "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/kubernetes.default.svc.cluster.local"},
//!   "Condition": {"StringEquals": {
//!     "kubernetes.default.svc.cluster.local:aud": "sts.amazonaws.com",
//!     "kubernetes.default.svc.cluster.local:sub": "system:serviceaccount:reports:writer"}}}]}
//! ```
//!
//! And the pod mounts a token for that audience, which every SDK finds by two variables:
//!
//! ```yaml
//! env:
//! - {name: AWS_ROLE_ARN, value: "arn:aws:iam::111122223333:role/reports"}
//! - {name: AWS_WEB_IDENTITY_TOKEN_FILE, value: /var/run/secrets/countersign/token}
//! - {name: AWS_ENDPOINT_URL, value: "https://s3.example.com"}
//! volumeMounts:
//! - {name: token, mountPath: /var/run/secrets/countersign}
//! volumes:
//! - name: token
//!   projected: {sources: [{serviceAccountToken: {path: token, audience: sts.amazonaws.com, expirationSeconds: 3600}}]}
//! ```
//!
//! ## Recipe: GitHub and GitLab
//!
//! ```sh
//! aws iam create-open-id-connect-provider --url https://token.actions.githubusercontent.com \
//!     --client-id-list sts.amazonaws.com
//! ```
//!
//! ```json
//! {"Version": "2012-10-17", "Statement": [{
//!   "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
//!   "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
//!   "Condition": {"StringEquals": {
//!     "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
//!     "token.actions.githubusercontent.com:repository_id": "123456789",
//!     "token.actions.githubusercontent.com:sub": "repo:example/reports:ref:refs/heads/main"}}}]}
//! ```
//!
//! In the workflow: `permissions: {id-token: write}` and the action `aws-actions/configure-aws-credentials`, with
//! `AWS_ENDPOINT_URL` set.
//!
//! GitLab is the same with `https://gitlab.com` and a job that says `id_tokens: {AWS_TOKEN: {aud: sts.amazonaws.com}}` and
//! writes `$AWS_TOKEN` to the file of `AWS_WEB_IDENTITY_TOKEN_FILE`:
//!
//! ```json
//! {"Version": "2012-10-17", "Statement": [{
//!   "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
//!   "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"},
//!   "Condition": {"StringEquals": {
//!     "gitlab.com:aud": "sts.amazonaws.com",
//!     "gitlab.com:project_id": "20",
//!     "gitlab.com:ref_protected": "true",
//!     "gitlab.com:sub": "project_path:example/reports:ref_type:branch:ref:main"}}}]}
//! ```
//!
//! Further claims of a GitLab or GitHub of your own become condition keys by `oidc.claims`.

mod claims;
mod json;
pub mod jwks;
pub mod keys;
mod refusal;
mod token;
mod verify;

pub use self::{claims::RULED_CLAIMS, jwks::KeySet, keys::Keys, refusal::Refusal, token::Token, verify::verify};

use super::ContextProvider;

/// What URLs of providers begin with.
const SCHEME: &str = "https://";

/// A provider as an account has registered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// `https://idp.example.com/id/1`: what its tokens name as their issuer.
    pub url: String,
    /// Whom its tokens may be meant for.
    pub client_ids: Vec<String>,
    /// SHA-1 hashes of certificates, in hexadecimal.
    pub thumbprints: Vec<String>,
    /// Claims that become condition keys, beyond those that AWS knows.
    pub claims: Vec<String>,
    /// Which claims tell whom a session is for.
    pub context: Option<ContextProvider>,
}

impl Provider {
    /// Its name in ARNs and condition keys: the URL without the scheme.
    pub fn name(&self) -> &str {
        name_of(&self.url).unwrap_or(&self.url)
    }
}

/// Whether a provider can have this URL: `https`, a host, maybe a path; no port, no query.
pub fn is_url(text: &str) -> bool {
    let Some((host, path)) = name_of(text).map(|name| name.split_once('/').unwrap_or((name, ""))) else { return false };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_path = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@%/".contains(&byte));
    host.split('.').all(is_label) && is_path
}

/// The name of the provider that an issuer is registered by; `None` for what cannot be registered.
pub fn name_of(issuer: &str) -> Option<&str> {
    issuer.strip_prefix(SCHEME).filter(|name| !name.is_empty())
}
