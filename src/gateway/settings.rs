//! What the road needs to know of the configuration. One value, replaced whole when the configuration changes.

use std::{sync::Arc, time::Duration};

use super::{body::Patience, issuer::IssuerUrl, organization::Organization, proxies::Proxies, upstream::Upstreams};
use crate::{
    base::AccountId,
    mapping::{execute_api::Api, s3::Addressing},
};

/// How many of the longest bodies are held in memory at once: whoever sends them may be nobody that is known.
const HELD_AT_ONCE: usize = 32;

/// The road's settings.
pub struct Settings {
    /// The account that owns what is found on the upstreams.
    pub account: AccountId,
    /// The regions that credential scopes may name; the first is the server's own.
    pub regions: Vec<Box<str>>,
    /// The same for our own APIs, which AWS has in one region for all: clients sign for that one, whatever theirs is.
    pub regions_of_own_apis: Vec<Box<str>>,
    /// How S3 requests name their bucket.
    pub addressing: Addressing,
    /// Internal APIs that have a host of their own, by which unsigned requests to them are known.
    pub apis_by_host: Vec<Api>,
    /// Where the discovery documents of token issuers can be had.
    pub issuer: Option<Arc<IssuerUrl>>,
    /// What limits all accounts.
    pub organization: Arc<Organization>,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Proxies,
    /// Bounds.
    pub limits: Limits,
    /// Tells these settings from those before: workers connect anew when it changes.
    pub generation: u64,
    /// Makes a worker's upstreams.
    pub connect: Box<dyn Fn() -> Upstreams + Send + Sync>,
}

/// The region of AWS's IAM, and of the STS that serves all regions. Source: IAM user guide, "AWS service endpoints".
pub const GLOBAL_REGION: &str = "us-east-1";

/// Bounds of one request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest body that is held in memory, in bytes.
    pub buffered_bytes_max: usize,
    /// The longest wait for the next part of a client's body.
    pub idle: Duration,
    /// What is still read of a refused request's body, in bytes.
    pub drained_bytes_max: usize,
}

impl Settings {
    /// How long clients are waited for, and how much of their bodies is taken.
    pub fn patience(&self) -> Patience {
        let Limits { idle, drained_bytes_max, buffered_bytes_max } = self.limits;
        Patience { idle, drained_bytes_max, held_bytes_max: buffered_bytes_max.saturating_mul(HELD_AT_ONCE) }
    }

    /// The server's own region.
    pub fn region(&self) -> &str {
        self.regions.first().map_or("us-east-1", |region| region)
    }
}
