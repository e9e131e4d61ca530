//! What an operation needs to be allowed, and the facts that conditions may ask of it.

use std::borrow::Cow;

use super::{condition::Value, principal::Vouched};

/// One decision that an operation needs: an IAM action on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// `s3:GetObject`, as AWS spells it.
    pub action: Cow<'static, str>,
    /// The resource's ARN, or `*` for actions without a resource.
    pub resource: String,
    /// `None`: the whole operation is refused if this is denied. `Some(item)`: only that item of a batch is left out
    /// (`DeleteObjects` answers per key).
    pub item: Option<u32>,
}

impl Need {
    /// A need of the whole operation.
    pub fn new(action: impl Into<Cow<'static, str>>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), item: None }
    }
}

/// A typed operation: what it needs, and what is known of it.
///
/// Implemented by the S3 mapping, by the internal APIs' mapping, and by each operation of our own APIs.
pub trait Operation {
    /// The signing name of the service: `s3`, `iam`, `sts`, `execute-api`.
    fn service(&self) -> &'static str;

    /// The operation's name as the API spells it: `GetObject`, `CreateUser`.
    fn name(&self) -> &str;

    /// Whether it changes nothing (CloudTrail's `readOnly`).
    fn is_read_only(&self) -> bool;

    /// Every decision that is needed. An empty slice stands for operations which AWS allows to every authenticated
    /// caller (`sts:GetCallerIdentity`), or for what is [published](Operation::is_published), and is refused for any other
    /// service.
    fn needs(&self) -> &[Need];

    /// A service-specific condition key (`s3:prefix`, `iam:PolicyARN`, `aws:RequestTag/team`) as seen by the decision
    /// on `need` (an index into [`Operation::needs`]). `key` is in lower case. Global keys that depend on the caller or
    /// the connection are answered by the gateway.
    fn fact(&self, need: usize, key: &str) -> Value<'_>;

    /// Whether it only tells what is published for everybody. Then nothing is decided, and no credentials are needed.
    fn is_published(&self) -> bool {
        false
    }

    /// Whether the caller's account lends its users what is needed, as an identity-based policy of theirs would allow it:
    /// boundaries, policies of control and denials hold as ever.
    fn is_lent(&self) -> bool {
        false
    }

    /// Somebody whom the operation itself proved, by a token or an assertion of an identity provider. It asks in the place of
    /// a caller without credentials.
    fn vouched(&self) -> Option<&Vouched> {
        None
    }

    /// How a denial of this need names the resource; `None` where it is by its ARN.
    fn told_resource(&self, _need: usize) -> Option<String> {
        None
    }

    /// The version of the object that the decision on this need is about; `None` stands for the present one, and for
    /// needs whose decisions ask nothing of the object.
    fn version(&self, _need: usize) -> Option<&str> {
        None
    }

    /// Leaves one item of a batch out, because the decision on it was a denial with this message.
    /// Called only for items named by [`Need::item`].
    fn refuse_item(&mut self, item: u32, message: &str);
}

impl<T: Operation + ?Sized> Operation for Box<T> {
    fn service(&self) -> &'static str {
        (**self).service()
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn is_read_only(&self) -> bool {
        (**self).is_read_only()
    }

    fn needs(&self) -> &[Need] {
        (**self).needs()
    }

    fn fact(&self, need: usize, key: &str) -> Value<'_> {
        (**self).fact(need, key)
    }

    fn is_published(&self) -> bool {
        (**self).is_published()
    }

    fn is_lent(&self) -> bool {
        (**self).is_lent()
    }

    fn vouched(&self) -> Option<&Vouched> {
        (**self).vouched()
    }

    fn told_resource(&self, need: usize) -> Option<String> {
        (**self).told_resource(need)
    }

    fn version(&self, need: usize) -> Option<&str> {
        (**self).version(need)
    }

    fn refuse_item(&mut self, item: u32, message: &str) {
        (**self).refuse_item(item, message);
    }
}
