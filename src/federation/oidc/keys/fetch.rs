//! Asking a provider for its keys: the discovery document, then the key set that it names. HTTPS only, no redirects, within
//! one deadline for everything. Source: OpenID Connect Discovery 1.0, section 4.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    Request, Response, StatusCode, Uri,
    header::{ACCEPT, CONTENT_ENCODING, HOST, USER_AGENT},
};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::{net::TcpStream, runtime::Builder, time::timeout};
use tokio_rustls::TlsConnector;

use super::trust;
use crate::federation::oidc::{KeySet, Provider, Refusal, json, jwks};

/// Why there are no keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The provider is away, or too slow, or says so itself: another time may be better.
    Unreachable(String),
    /// It has no certificate that is trusted.
    Certificate(String),
    /// It answers something else.
    NoKeys(String),
}

/// A place of the web: `https`, and nothing that a person would add.
struct Place {
    host: String,
    port: u16,
    target: String,
}

/// How a provider is spoken to.
struct Way<'a> {
    tls: Arc<ClientConfig>,
    /// The host of the provider's URL.
    host: String,
    /// Where that host is, if not where its name says.
    address: Option<&'a (String, u16)>,
}

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Fetches the keys. Blocks, on a runtime of its own that ends with it.
pub(super) fn keys(
    provider: &Provider,
    address: Option<&(String, u16)>,
    roots: &Arc<RootCertStore>,
    time: Duration,
) -> Result<KeySet, Failure> {
    let own = |error: &dyn fmt::Display| Failure::Unreachable(format!("cannot ask: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| own(&error))?;
    let tls = trust::client(roots, &provider.thumbprints).map_err(|error| own(&error))?;
    let fetched = runtime.block_on(async { timeout(time, discover(provider, address, Arc::new(tls))).await });
    // A name that does not resolve is not waited for.
    runtime.shutdown_background();
    fetched.unwrap_or_else(|_| Err(Failure::Unreachable(format!("no answer within {} s", time.as_secs_f32()))))
}

async fn discover(
    provider: &Provider,
    address: Option<&(String, u16)>,
    tls: Arc<ClientConfig>,
) -> Result<KeySet, Failure> {
    // "Any terminating / MUST be removed before appending" (section 4.1).
    let base = provider.url.strip_suffix('/').unwrap_or(&provider.url);
    let place = Place::parse(&format!("{base}{DISCOVERY}"))
        .ok_or_else(|| Failure::NoKeys("the provider's URL is no place of the web".into()))?;
    let way = Way { tls, host: place.host.clone(), address };
    let document = way.get(&place).await?;
    let document = json::object(&document)
        .ok_or_else(|| Failure::NoKeys("the discovery document is not JSON that means one thing".into()))?;
    if document.get("issuer").and_then(Value::as_str) != Some(&provider.url) {
        return Err(Failure::NoKeys("the discovery document names another issuer".into()));
    }
    let place = document.get("jwks_uri").and_then(Value::as_str).and_then(Place::parse);
    let place = place.ok_or_else(|| Failure::NoKeys("the discovery document names no https place of keys".into()))?;
    KeySet::read(&way.get(&place).await?).map_err(|error| Failure::NoKeys(error.into()))
}

impl Way<'_> {
    /// What is at a place.
    async fn get(&self, place: &Place) -> Result<Bytes, Failure> {
        let response = self.send(place).await?;
        let status = response.status();
        if status != StatusCode::OK {
            let told = format!("{} answers {status}", place.host);
            let is_passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            return Err(if is_passing { Failure::Unreachable(told) } else { Failure::NoKeys(told) });
        }
        if response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(Failure::NoKeys(format!("{} answers in a coding that was not asked for", place.host)));
        }
        let body = Limited::new(response.into_body(), jwks::BYTES_MAX).collect().await;
        let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => Failure::Unreachable(format!("{} breaks off: {error}", place.host)),
            Err(_) => Failure::NoKeys(format!("{} answers more than {} bytes", place.host, jwks::BYTES_MAX)),
        })?;
        Ok(body.to_bytes())
    }

    async fn send(&self, place: &Place) -> Result<Response<Incoming>, Failure> {
        let away = |error: &dyn fmt::Display| Failure::Unreachable(format!("{}: {error}", place.host));
        let no_host = |_| Failure::NoKeys(format!("`{}` is not a name that tls can check", place.host));
        let name = ServerName::try_from(place.host.clone()).map_err(no_host)?;
        let (host, port) = match self.address {
            Some((host, port)) if place.host == self.host && place.port == 443 => (host.as_str(), *port),
            _ => (place.host.as_str(), place.port),
        };
        let stream = TcpStream::connect((host, port)).await.map_err(|error| away(&error))?;
        let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        let stream = stream.map_err(|error| match refused_certificate(&error) {
            Some(told) => Failure::Certificate(format!("{}: {told}", place.host)),
            None => away(&error),
        })?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| away(&error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to an identity provider ended with an error");
            }
        });
        let request = Request::get(&place.target)
            .header(HOST, place.authority())
            .header(ACCEPT, "application/json, application/jwk-set+json")
            .header(USER_AGENT, concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new());
        let request = request.map_err(|error| Failure::NoKeys(error.to_string()))?;
        sender.send_request(request).await.map_err(|error| away(&error))
    }
}

/// What TLS says of a certificate that it did not take.
fn refused_certificate(error: &std::io::Error) -> Option<String> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => {
            Some("neither an authority nor a thumbprint vouches for its certificate".into())
        }
        rustls::Error::InvalidCertificate(error) => Some(format!("its certificate is not trusted: {error}")),
        _ => None,
    }
}

impl Place {
    /// `None` for what is no plain `https` URL.
    fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok().filter(|uri: &Uri| uri.scheme_str() == Some("https"))?;
        let authority = uri.authority()?;
        let is_plain = !authority.as_str().contains('@') && !authority.host().is_empty() && !url.contains('#');
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => 443,
            port => port.strip_prefix(':')?.parse().ok().filter(|port| *port != 0)?,
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        is_plain.then_some(Self { host, port, target })
    }

    /// For the `Host` header.
    fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == 443 { host } else { format!("{host}:{}", self.port) }
    }
}

impl Failure {
    pub(super) fn refusal(&self) -> Refusal {
        match self.clone() {
            Failure::Unreachable(why) => Refusal::Unreachable(why),
            Failure::Certificate(why) => Refusal::Thumbprint(why),
            Failure::NoKeys(why) => Refusal::NoKeys(why),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Unreachable(why) | Failure::Certificate(why) | Failure::NoKeys(why)) = self;
        f.write_str(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_plain_https() {
        let cases = [
            ("https://idp.example.com/keys?a=b", Some(("idp.example.com", 443, "/keys?a=b", "idp.example.com"))),
            ("https://IDP.example.com", Some(("idp.example.com", 443, "/", "idp.example.com"))),
            ("https://idp.example.com:8443/k", Some(("idp.example.com", 8443, "/k", "idp.example.com:8443"))),
            ("https://[::1]:8443/k", Some(("::1", 8443, "/k", "[::1]:8443"))),
            ("http://idp.example.com/keys", None),
            ("https://ann@idp.example.com/keys", None),
            ("https://idp.example.com@evil.example/keys", None),
            ("https://idp.example.com/keys#a", None),
            ("https://idp.example.com:0/keys", None),
            ("https://idp.example.com:x/keys", None),
            ("https:///keys", None),
            ("//idp.example.com/keys", None),
            ("/keys", None),
            ("file:///etc/passwd", None),
            ("", None),
        ];
        for (url, expected) in cases {
            let place = Place::parse(url);
            let seen = place.as_ref().map(|it| (&*it.host, it.port, &*it.target, it.authority()));
            assert_eq!(seen, expected.map(|(host, port, target, name)| (host, port, target, name.to_owned())), "{url}");
        }
    }
}
