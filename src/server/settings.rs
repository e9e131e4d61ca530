//! From a checked configuration to what the road works with.

use std::sync::Arc;

use rustls::ClientConfig;

use super::tls::{self, TlsError};
use crate::{
    api::delegation::{Delegation, notice::Webhook},
    base::{AccountId, SecretKey},
    config::{Config, Upstream, UpstreamKind},
    gateway::{
        proxies::Proxies,
        settings::{GLOBAL_REGION, Limits, Settings},
        upstream::{Address, Pool, Upstreams, http::HttpUpstream, s3::S3Upstream},
    },
    mapping::{
        execute_api::Api,
        s3::{Addressing, Style},
    },
};

/// What is still read of a refused request's body: enough for clients that read no answer before they have sent all,
/// short of what costs more than a new connection.
const DRAINED_BYTES_MAX: usize = 1 << 20;

/// The road's settings. `generation` tells them from those before.
pub fn settings(config: Config, account: AccountId, generation: u64) -> Result<Settings, TlsError> {
    // Stores that keep objects as files are told apart by bucket only after the key was read: one is enough.
    let keys_are_file_paths = config
        .upstreams
        .iter()
        .any(|upstream| matches!(upstream.kind, UpstreamKind::S3 { keys_are_file_paths: true, .. }));
    let region = config.regions.first().map_or("us-east-1", |region| region).to_owned();
    let apis = config.upstreams.iter().filter_map(|upstream| api(upstream, account, &region));
    let apis_by_host = apis.filter(|api| api.host.is_some()).collect();
    let mut backends = Vec::with_capacity(config.upstreams.len());
    for upstream in config.upstreams {
        let tls = if upstream.url.tls { Some(tls::client(upstream.ca_file.as_deref())?) } else { None };
        backends.push((upstream, tls));
    }
    Ok(Settings {
        account,
        regions_of_own_apis: with_global(&config.regions),
        regions: config.regions,
        addressing: Addressing { base_domains: config.domains, keys_are_file_paths },
        apis_by_host,
        issuer: config.issuer.map(Arc::new),
        organization: Arc::new(config.organization),
        proxies: Proxies::new(config.trusted_proxies),
        limits: Limits {
            buffered_bytes_max: config.limits.buffered_bytes,
            idle: config.limits.idle_time,
            drained_bytes_max: DRAINED_BYTES_MAX,
        },
        generation,
        connect: Box::new(move || connect(&backends, account, &region)),
    })
}

/// Who may ask other accounts for permissions, taken out of a configuration.
pub fn delegation(config: &mut Config) -> Result<Arc<Delegation>, TlsError> {
    let mut delegation = std::mem::take(&mut config.delegation);
    if delegation.channels.values().any(Webhook::is_tls) {
        delegation.tls = Some(tls::client(config.delegation_ca_file.as_deref())?);
    }
    Ok(Arc::new(delegation))
}

fn with_global(regions: &[Box<str>]) -> Vec<Box<str>> {
    let global = (!regions.iter().any(|region| &**region == GLOBAL_REGION)).then(|| GLOBAL_REGION.into());
    regions.iter().cloned().chain(global).collect()
}

/// A worker's own upstreams.
fn connect(backends: &[(Upstream, Option<Arc<ClientConfig>>)], account: AccountId, own_region: &str) -> Upstreams {
    let mut upstreams = Upstreams { s3: Vec::new(), http: Vec::new() };
    for (backend, tls) in backends {
        let address = Address { host: backend.url.host.clone(), port: backend.url.port, tls: tls.clone() };
        let pool = Pool::new(address, backend.timeouts, backend.connections_idle);
        match &backend.kind {
            UpstreamKind::S3 { region, access_key_id, secret, virtual_host, buckets, .. } => {
                let style = if *virtual_host { Style::VirtualHost } else { Style::Path };
                let secret = SecretKey::new(secret.expose().to_owned());
                let upstream = S3Upstream::new(&backend.name, pool, style, region, access_key_id, secret);
                upstreams.s3.push((buckets.clone(), Arc::new(upstream)));
            }
            UpstreamKind::Http { headers, .. } => {
                let Some(api) = api(backend, account, own_region) else { continue };
                upstreams.http.push(Arc::new(HttpUpstream::new(&backend.name, api, pool, headers.clone())));
            }
        }
    }
    upstreams
}

/// The internal API that an upstream serves.
fn api(upstream: &Upstream, account: AccountId, own_region: &str) -> Option<Api> {
    let UpstreamKind::Http { api_id, stage, host, base_path, .. } = &upstream.kind else { return None };
    Some(Api {
        id: api_id.clone(),
        stage: stage.clone(),
        region: own_region.to_owned(),
        account,
        host: host.clone(),
        base_path: base_path.clone(),
    })
}
