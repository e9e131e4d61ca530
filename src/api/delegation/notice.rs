//! Notices: what whoever asked is told of its request, as SNS delivers it to an HTTPS subscription.
//!
//! Source: IAM user guide, "Configuring Notifications" of temporary delegation; SNS developer guide, "Parsing Amazon SNS
//! message formats". SNS signs its messages, which nobody else can do: here the members of signatures are left out, and
//! the address of a webhook is known to nobody but the configuration.

use std::{fmt, net::IpAddr, sync::mpsc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT},
};
use jiff::fmt::strtime;
use serde_json::{Map, Value as Json, json};
use tokio::runtime::Handle;

use super::{Delegation, request};
use crate::{
    base::{RequestId, Timestamp},
    gateway::{
        body::UploadBody,
        upstream::{Address, Pool, Timeouts},
    },
};

/// Where messages are posted to.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    tls: bool,
    host: String,
    port: u16,
    target: String,
}

/// A message on its way.
pub struct Notice {
    address: Address,
    request: Request<UploadBody>,
    topic: String,
    deadline: Duration,
}

/// The token of a request, with the moment of its end in seconds since 1970.
pub struct Token<'a> {
    /// What is given to STS.
    pub text: &'a str,
    /// When it ends.
    pub ends: i64,
}

/// Why a notice did not arrive.
#[derive(Debug)]
pub struct Undelivered(String);

impl Webhook {
    /// Reads `https://host/path`, or `http://` where the host is this machine; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?;
        let tls = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => {
                if tls {
                    443
                } else {
                    80
                }
            }
            port => port.strip_prefix(':')?.parse().ok().filter(|port| *port != 0)?,
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let is_plain = !host.is_empty() && !text.contains('#') && (tls || is_here);
        is_plain.then_some(Self { tls, host, port, target })
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }
}

/// The address of a webhook may be what keeps it secret.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({}:{})", self.host, self.port)
    }
}

impl Notice {
    /// The news of a request's state, or its token. `id` tells the message from all others.
    ///
    /// # Errors
    /// Where the request's channel is not configured any more.
    pub fn of(
        settings: &Delegation,
        request: &request::Request,
        token: Option<&Token<'_>>,
        id: RequestId,
        at: Timestamp,
    ) -> Result<Self, Undelivered> {
        let topic = request.details.channel.clone();
        let webhook = settings.channel(request.requester(), &topic);
        let webhook = webhook.ok_or_else(|| Undelivered(format!("the channel {topic} is not configured")))?;
        let tls = match (webhook.tls, &settings.tls) {
            (false, _) => None,
            (true, Some(tls)) => Some(tls.clone()),
            (true, None) => return Err(Undelivered("no TLS is configured".into())),
        };
        let address = Address { host: webhook.host.clone(), port: webhook.port, tls };
        let id = id.hyphenated().to_string();
        let body = envelope(&topic, &id, message(request, token), at);
        let request =
            post(&address, &webhook.target, &topic, &id, body).map_err(|error| Undelivered(error.to_string()))?;
        Ok(Self { address, request, topic, deadline: settings.deadline })
    }

    /// Delivers it, however long that takes, and waits. For threads that may block.
    pub fn deliver(self) -> Result<(), Undelivered> {
        let (told, tells) = mpsc::channel();
        let patience = self.deadline + Duration::from_secs(5);
        let handle = Handle::try_current().map_err(|error| Undelivered(error.to_string()))?;
        handle.spawn(async move {
            let _ = told.send(self.send().await);
        });
        tells.recv_timeout(patience).unwrap_or_else(|error| Err(Undelivered(error.to_string())))
    }

    /// Delivers it some time, if it can be; what happens is logged.
    pub fn deliver_later(self) {
        let Ok(handle) = Handle::try_current() else {
            return tracing::warn!(topic = self.topic, "a notice of a delegation request was not delivered");
        };
        handle.spawn(async move {
            let topic = self.topic.clone();
            match self.send().await {
                Ok(()) => tracing::debug!(topic, "a notice of a delegation request was delivered"),
                Err(error) => tracing::warn!(topic, %error, "a notice of a delegation request was not delivered"),
            }
        });
    }

    /// Any answer that is a success will do; nobody is followed anywhere else.
    async fn send(self) -> Result<(), Undelivered> {
        let Self { address, request, deadline, .. } = self;
        let timeouts = Timeouts { connect: deadline, head: deadline, idle: deadline, keep: Duration::ZERO };
        let pool = Pool::new(address, timeouts, 0);
        let sent = tokio::time::timeout(deadline, pool.send(request, None)).await;
        let sent = sent.map_err(|_| Undelivered("it took too long".into()))?;
        let (response, _lease) = sent.map_err(|error| Undelivered(error.to_string()))?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(Undelivered(format!("the answer was {status}"))),
        }
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Undelivered {}

fn post(
    address: &Address,
    target: &str,
    topic: &str,
    id: &str,
    body: String,
) -> Result<Request<UploadBody>, http::Error> {
    let length = body.len();
    Request::builder()
        .method(Method::POST)
        .uri(target)
        .header(HOST, address.authority())
        .header(USER_AGENT, HeaderValue::from_static("countersign"))
        // As SNS has it, though it is JSON.
        .header(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"))
        .header(CONTENT_LENGTH, length)
        .header("x-amz-sns-message-type", "Notification")
        .header("x-amz-sns-message-id", id)
        .header("x-amz-sns-topic-arn", topic)
        .body(UploadBody::full(Bytes::from(body)))
}

fn envelope(topic: &str, id: &str, message: Json, at: Timestamp) -> String {
    json!({
        "Type": "Notification",
        "MessageId": id,
        "TopicArn": topic,
        "Message": message.to_string(),
        "Timestamp": moment(at),
    })
    .to_string()
}

fn message(request: &request::Request, token: Option<&Token<'_>>) -> Json {
    let details = &request.details;
    let mut message = Map::new();
    let mut say = |key: &str, value: Json| message.insert(key.to_owned(), value);
    say("Type", if token.is_some() { "ExchangeToken" } else { "StateChange" }.into());
    say("RequestId", request.id().into());
    say("RequestorWorkflowId", details.workflow.as_str().into());
    say("State", details.state.word().into());
    say("UpdatedAt", moment_of(details.updated).into());
    if let Some(account) = &details.owner_account {
        say("OwnerAccountId", account.as_str().into());
    }
    if let Some(Token { text, ends }) = token {
        say("ExchangeToken", (*text).into());
        say("ExpiresAt", moment_of(*ends).into());
    }
    Json::Object(message)
}

fn moment_of(seconds: i64) -> String {
    Timestamp::from_second(seconds).map(moment).unwrap_or_default()
}

fn moment(at: Timestamp) -> String {
    strtime::format("%Y-%m-%dT%H:%M:%S%.3fZ", at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_speak_tls_or_are_here() {
        for (text, expected) in [
            ("https://hooks.example.com/a?b=c", Some((true, "hooks.example.com", 443, "/a?b=c"))),
            ("https://hooks.example.com:8443", Some((true, "hooks.example.com", 8443, "/"))),
            ("http://127.0.0.1:9/x", Some((false, "127.0.0.1", 9, "/x"))),
            ("http://localhost/x", Some((false, "localhost", 80, "/x"))),
            ("http://[::1]:9/", Some((false, "::1", 9, "/"))),
            ("http://hooks.example.com/a", None),
            ("http://10.0.0.1/a", None),
            ("https://ann:secret@hooks.example.com/a", None),
            ("https://hooks.example.com/a#b", None),
            ("https://hooks.example.com:0/", None),
            ("https:///a", None),
            ("ftp://hooks.example.com/a", None),
            ("/a", None),
            ("", None),
        ] {
            let parsed = Webhook::parse(text);
            let parts = parsed.as_ref().map(|hook| (hook.tls, &*hook.host, hook.port, &*hook.target));
            assert_eq!(parts, expected, "{text}");
        }
    }

    #[test]
    fn moments_have_milliseconds() {
        assert_eq!(moment_of(1_736_937_000), "2025-01-15T10:30:00.000Z");
    }
}
