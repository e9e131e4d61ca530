//! Delegation: one account asks another for permissions that a policy template describes, for a while.
//!
//! Source: IAM user guide, "IAM temporary delegation" and "IAM temporary delegation for AWS Partners". What AWS keeps of
//! the partners that it admits is configured here: who may ask, their templates, and where their notices go.
//!
//! - [`template`]: policies with parameters.
//! - [`request`]: a request as it is kept, and the states that it goes through.
//! - [`expiry`]: what becomes of requests in time.
//! - [`token`]: what is exchanged for credentials.
//! - [`notice`]: what is told to whoever asked.
//!
//! The operations are IAM's; STS gives the credentials.

pub mod expiry;
pub mod notice;
pub mod request;
mod strict;
pub mod template;
pub mod token;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rustls::ClientConfig;

use self::{notice::Webhook, template::Template};
use crate::base::{AccountId, Arn};

/// Who may ask for what, and where notices go.
#[derive(Debug, Default)]
pub struct Delegation {
    /// The accounts that may ask, with the names that are shown to those who are asked.
    pub requesters: BTreeMap<AccountId, String>,
    /// The templates by ARN: `arn:aws:iam::{requester}:delegation-template/{name}`.
    pub templates: BTreeMap<String, Template>,
    /// Where the messages of a topic go, by its ARN: `arn:aws:sns:{region}:{requester}:{topic}`.
    pub channels: BTreeMap<String, Webhook>,
    /// How `https` is spoken to them; `None` if none speaks it.
    pub tls: Option<Arc<ClientConfig>>,
    /// The longest that a delivery takes.
    pub deadline: Duration,
    /// What the link to a request begins with; its id follows. `None` for no links.
    pub console_url: Option<String>,
}

impl Delegation {
    /// The name of an account that may ask.
    pub fn requester(&self, account: AccountId) -> Option<&str> {
        self.requesters.get(&account).map(String::as_str)
    }

    /// A template of an account.
    pub fn template(&self, account: AccountId, arn: &str) -> Option<&Template> {
        self.templates.get(arn).filter(|_| is_template_of(arn, account))
    }

    /// Where the messages of an account's topic go.
    pub fn channel(&self, account: AccountId, arn: &str) -> Option<&Webhook> {
        self.channels.get(arn).filter(|_| is_channel_of(arn, account))
    }
}

/// The account of a template's ARN; `None` for what is none.
pub fn template_account(text: &str) -> Option<AccountId> {
    let arn = Arn::parse(text).filter(|arn| arn.partition() == "aws" && arn.service() == "iam")?;
    let name = arn.resource().strip_prefix("delegation-template/")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte);
    let is_name = !name.is_empty() && name.bytes().all(fits) && arn.region().is_empty();
    arn.account().parse().ok().filter(|_| is_name)
}

/// The account of a topic's ARN; `None` for what is none.
pub fn channel_account(text: &str) -> Option<AccountId> {
    let arn = Arn::parse(text).filter(|arn| arn.partition() == "aws" && arn.service() == "sns")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let is_topic = !arn.region().is_empty() && !arn.resource().is_empty() && arn.resource().bytes().all(fits);
    arn.account().parse().ok().filter(|_| is_topic)
}

fn is_template_of(arn: &str, account: AccountId) -> bool {
    template_account(arn) == Some(account)
}

fn is_channel_of(arn: &str, account: AccountId) -> bool {
    channel_account(arn) == Some(account)
}
