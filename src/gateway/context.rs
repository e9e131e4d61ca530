//! The condition context: what policies may ask of a request, answered only from facts that the server knows.
//!
//! Sources: IAM user guide, "AWS global condition context keys"; service authorization reference, "Condition keys for
//! Amazon S3". Keys of the operation itself (`s3:prefix`, `iam:PolicyARN`) are answered by the operation.

use std::{borrow::Cow, cell::Cell};

use http::header::{REFERER, USER_AGENT};

use super::{
    caller::Caller,
    organization::Organization,
    read::Received,
    stored_tags::{AskedTags, Place},
};
use crate::base::{
    AccountId, Operation, Principal, Tag,
    condition::{Context, Value},
    time,
};
use crate::{mapping::s3::knows_object_tags, session::Session, store::snapshot::Snapshot};

/// Everything around an operation: who, from where, over what.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// The verified caller.
    pub caller: &'a Caller,
    /// The request's head and connection.
    pub received: &'a Received,
    /// The region that was asked for: the scope's, or the server's own for anonymous requests.
    pub region: &'a str,
    /// The account that owns the resource.
    pub resource_account: AccountId,
    /// The tags of the caller's user or role, as stored: those of its session come before them.
    pub principal_tags: &'a [Tag],
    /// What limits all accounts.
    pub organization: &'a Organization,
    /// Tags that only a store knows, where they can be asked for.
    pub stored_tags: Option<&'a AskedTags>,
    /// Whether somebody is decided on for whom an identity provider vouches. Then it counts for nothing who has signed.
    pub is_vouched: bool,
}

/// The context of one decision: the circumstances, and what the operation says of this need.
pub struct NeedContext<'a, T> {
    /// Who, from where, over what.
    pub around: Circumstances<'a>,
    /// The operation.
    pub operation: &'a T,
    /// The index of the need.
    pub need: usize,
    /// The action that is decided on.
    pub action: &'a str,
    /// The resource that is decided on.
    pub resource: &'a str,
    /// Whether a tag was asked for that is not known. Then whatever is decided counts for nothing.
    pub is_unsettled: Cell<bool>,
}

impl<T: Operation> Context for NeedContext<'_, T> {
    fn value(&self, key: &str) -> Value<'_> {
        let Some((service, name)) = key.split_once(':') else { return Value::Absent };
        let around = match service {
            // A call that brings a code of a device says so itself.
            "aws" if name.starts_with("multifactorauth") => match self.operation.fact(self.need, key) {
                Value::Absent => self.around.global(name),
                fact => return fact,
            },
            "aws" => self.around.global(name),
            "s3" if self.operation.service() == "s3" => self.around.s3(name),
            _ => Value::Absent,
        };
        if !around.is_absent() {
            return around;
        }
        match self.operation.fact(self.need, key) {
            Value::Absent => match self.around.vouched_for(key) {
                Value::Absent => self.stored_tag(key),
                said => said,
            },
            fact => fact,
        }
    }
}

impl<T: Operation> NeedContext<'_, T> {
    /// A tag that only a store knows.
    fn stored_tag(&self, key: &str) -> Value<'static> {
        let Some((kind, name)) = key.split_once('/') else { return Value::Absent };
        let Some(place) = self.tagged(kind) else { return Value::Absent };
        let known = self.around.stored_tags.and_then(|tags| tags.value(place, name));
        known.unwrap_or_else(|| {
            self.is_unsettled.set(true);
            Value::Absent
        })
    }

    /// What has the tags that keys of a kind are about; `None` if they are not keys of this decision. A bucket that is to
    /// be made has none yet.
    fn tagged(&self, kind: &str) -> Option<Place<'_>> {
        if self.operation.service() != "s3" || self.operation.name() == "CreateBucket" {
            return None;
        }
        let path = self.resource.strip_prefix("arn:aws:s3:::")?;
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        match kind {
            "s3:existingobjecttag" if knows_object_tags(self.action) => {
                Some(Place { bucket, key, version: self.operation.version(self.need) })
            }
            "s3:buckettag" | "aws:resourcetag" => Some(Place { bucket, key: "", version: None }),
            _ => None,
        }
    }
}

impl<'a> Circumstances<'a> {
    /// Puts them together.
    pub fn new(
        caller: &'a Caller,
        received: &'a Received,
        region: &'a str,
        resource_account: AccountId,
        snapshot: &'a Snapshot,
        organization: &'a Organization,
    ) -> Self {
        let principal_tags = caller.principal().identity_id().map_or(&[] as &[Tag], |id| snapshot.tags(id));
        Self {
            caller,
            received,
            region,
            resource_account,
            principal_tags,
            organization,
            stored_tags: None,
            is_vouched: false,
        }
    }

    /// Who asks: nobody of ours where an identity provider vouches for somebody.
    pub fn principal(&self) -> &'a Principal {
        if self.is_vouched { &Principal::Anonymous } else { self.caller.principal() }
    }

    /// The session that asks.
    pub fn session(&self) -> Option<&'a Session> {
        if self.is_vouched { None } else { self.caller.session() }
    }

    /// The same with tags that only a store knows.
    #[must_use]
    pub fn with_tags(self, tags: &'a AskedTags) -> Self {
        Self { stored_tags: Some(tags), ..self }
    }

    /// A global key, without `aws:`.
    fn global(&self, name: &str) -> Value<'a> {
        let caller = self.caller;
        if let Some(tag) = name.strip_prefix("principaltag/") {
            let of_session = self.session().map_or(&[] as &[Tag], Session::tags);
            let stored = if self.is_vouched { &[] } else { self.principal_tags };
            let tag = of_session.iter().chain(stored).find(|known| known.key.to_lowercase() == tag);
            return Value::maybe(tag.map(|tag| &*tag.value));
        }
        match name {
            "currenttime" => Value::owned(time::iso8601(caller.at())),
            "epochtime" => Value::owned(caller.at().as_second().to_string()),
            "securetransport" => Value::bool(self.received.connection.tls.is_some()),
            "sourceip" => Value::owned(caller.source_ip().to_string()),
            "useragent" => Value::maybe(self.received.header(USER_AGENT)),
            "referer" => Value::maybe(self.received.header(REFERER)),
            "requestedregion" => Value::borrowed(self.region),
            "resourceaccount" => Value::owned(self.resource_account.to_string()),
            "viaawsservice" => Value::bool(false),
            "principaltype" => Value::borrowed(self.principal().kind()),
            "userid" => Value::borrowed(self.principal().user_id()),
            "resourceorgid" | "resourceorgpaths" => self.organization.fact(name.trim_start_matches("resource")),
            // Told of anonymous callers too, by this word.
            "principalaccount" if self.principal().account().is_none() => Value::borrowed("anonymous"),
            _ => self.of_principal(name),
        }
    }

    /// Keys that only authenticated callers have.
    fn of_principal(&self, name: &str) -> Value<'a> {
        let principal = self.principal();
        let (Some(account), Some(arn)) = (principal.account(), principal.arn()) else { return Value::Absent };
        if let Some(session) = self.session()
            && let value @ (Value::One(_) | Value::Many(_)) = self.of_session(session, name)
        {
            return value;
        }
        match (name, principal) {
            ("principalaccount", _) => Value::owned(account.to_string()),
            ("principalarn", Principal::User(user)) => Value::One(Cow::Borrowed(user.arn.as_str())),
            ("principalarn", Principal::Role(session)) => Value::One(Cow::Borrowed(session.role.arn.as_str())),
            ("principalarn", _) => Value::owned(arn.as_str()),
            ("principalisawsservice", _) => Value::bool(false),
            ("principalorgid" | "principalorgpaths", _) => self.organization.fact(name.trim_start_matches("principal")),
            ("username", Principal::User(user)) => Value::One(Cow::Borrowed(&user.name)),
            _ => Value::Absent,
        }
    }

    /// Keys that only temporary credentials have.
    ///
    /// Sessions of roles and of federated users never tell of a device: who gave a code did so when they were made
    /// (IAM user guide, "Secure API access with MFA").
    fn of_session(&self, session: &'a Session, name: &str) -> Value<'a> {
        let device = if session.is_own() { session.mfa() } else { None };
        match name {
            "tokenissuetime" => Value::owned(time::iso8601(session.issued())),
            "multifactorauthpresent" => Value::bool(device.is_some()),
            "multifactorauthage" => match device {
                Some(at) => Value::owned((self.caller.at().as_second() - at.as_second()).max(0).to_string()),
                None => Value::Absent,
            },
            "sourceidentity" => Value::maybe(session.source_identity()),
            "federatedprovider" => Value::maybe(session.provider()),
            "assumedroot" if matches!(self.principal(), Principal::Root(_)) => {
                match session.packed().policies.is_some() && session.delegate().is_none() {
                    true => Value::bool(true),
                    false => Value::Absent,
                }
            }
            _ => Value::Absent,
        }
    }

    /// What the identity provider said when the session was made, as far as later conditions may ask for it.
    fn vouched_for(&self, key: &str) -> Value<'a> {
        let said = self.session().and_then(|session| session.fact(key));
        match said {
            None => Value::Absent,
            Some([one]) => Value::borrowed(one),
            Some(several) => Value::Many(several.iter().map(|value| Cow::Borrowed(value.as_str())).collect()),
        }
    }

    /// A key of S3 that depends on the signature or the connection, without `s3:`.
    fn s3(&self, name: &str) -> Value<'a> {
        let signature = self.caller.signature();
        match name {
            "authtype" => Value::maybe(signature.map(|signature| signature.form)),
            "signatureversion" => Value::maybe(signature.map(|signature| signature.algorithm)),
            // Only for presigned requests and forms (S3 API reference, "Signature Version 4 specific policy keys").
            "signatureage" => match signature {
                Some(signature) if signature.form != "REST-HEADER" => {
                    let age = self.caller.at().as_millisecond() - signature.signed_at.as_millisecond();
                    Value::owned(age.max(0).to_string())
                }
                _ => Value::Absent,
            },
            "x-amz-content-sha256" => match self.received.head().single("x-amz-content-sha256") {
                Some(hash) if signature.is_some() => Value::borrowed(hash),
                _ => Value::Absent,
            },
            "tlsversion" => Value::maybe(self.received.connection.tls.map(|tls| tls.number)),
            "resourceaccount" => Value::owned(self.resource_account.to_string()),
            _ => Value::Absent,
        }
    }
}
