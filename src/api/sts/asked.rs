//! What callers ask of a session: how long, with which policies and tags.

use std::ops::RangeInclusive;

use super::texts::{ARN, CODE, SERIAL, TAG_KEY};
use crate::{
    api::{
        iam::mfa::{self, Verdict},
        query::{Input, Scene, Text, input::validation_error},
    },
    base::{AccountId, Arn, Fault, Principal, Tag, condition::Value},
    policy::{self, quota},
    session::{SessionPolicies, SessionTag},
    store::{UnitOfWork, aws_managed},
};

/// The most managed policies of a session.
const POLICIES_MAX: usize = 10;
/// The most keys of tags that are inherited.
const KEYS_MAX: usize = 50;

/// Session policies, as they were passed.
pub(super) struct AskedPolicies {
    inline: Option<String>,
    managed: Vec<Arn>,
}

/// Session tags, as they were passed.
#[derive(Default)]
pub(super) struct AskedTags {
    tags: Vec<Tag>,
    transitive: Vec<String>,
}

/// `DurationSeconds`, in seconds.
pub(super) fn duration(input: &mut Input<'_>, range: RangeInclusive<usize>) -> Option<i64> {
    input.number("DurationSeconds", range).and_then(|seconds| i64::try_from(seconds).ok())
}

impl AskedPolicies {
    /// Reads them; what they say is checked by [`AskedPolicies::check`].
    pub(super) fn read(input: &mut Input<'_>, text: &Text) -> Self {
        let inline = input.optional("Policy", text);
        let members = input.structures("PolicyArns", POLICIES_MAX);
        let arns = members.iter().map(|member| input.required(&format!("{member}.arn"), &ARN));
        let managed = arns.filter_map(|arn| Arn::parse(&arn)).collect();
        Self { inline, managed }
    }

    /// Whether what was passed is a policy at all, and not too long.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let Some(inline) = &self.inline else { return Ok(()) };
        let characters = quota::characters(inline);
        if characters > quota::SESSION_CHARACTERS_MAX {
            return Err(too_large((characters * 100).div_ceil(quota::SESSION_CHARACTERS_MAX)));
        }
        policy::validate::validate(inline)
    }

    /// As the token keeps them. Managed ones are of the account whose principal the session is, or AWS's.
    pub(super) fn kept(self, scene: &Scene<'_>, account: AccountId) -> Result<Option<SessionPolicies>, Fault> {
        if self.inline.is_none() && self.managed.is_empty() {
            return Ok(None);
        }
        let ids = self.managed.iter().map(|arn| managed(scene, account, arn)).collect::<Result<_, _>>()?;
        Ok(Some(SessionPolicies { inline: self.inline, managed: ids }))
    }
}

/// The unique id of a managed policy. One of AWS's that nobody used before is kept from now on, so that decisions see it.
pub(super) fn managed(scene: &Scene<'_>, account: AccountId, arn: &Arn) -> Result<String, Fault> {
    let missing = || validation_error(format!("Policy {arn} does not exist or is not attachable."));
    if !aws_managed::is_named(arn) {
        let known = scene.world.directory.read(|work| work.policy(arn))?;
        return Ok(known.filter(|known| known.account == account).ok_or_else(missing)?.id.into());
    }
    let policy = aws_managed::find(arn).ok_or_else(missing)?;
    let id = aws_managed::id(arn);
    if scene.world.directory.snapshot().policy(&id).is_err() {
        let take = |work: &mut dyn UnitOfWork| aws_managed::take(policy, scene.caller.at(), work).map(drop);
        scene.world.directory.write(take)?;
    }
    Ok(id)
}

/// Reads `Tags`.
pub(super) fn tags(input: &mut Input<'_>) -> Result<Vec<Tag>, Fault> {
    input.tags("Tags", false).map_err(|fault| match &*fault.code {
        "InvalidInput" => Fault { code: "InvalidParameterValue".into(), ..fault },
        _ => fault,
    })
}

impl AskedTags {
    /// Reads them.
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, Fault> {
        let tags = tags(input)?;
        let transitive = input.list("TransitiveTagKeys", KEYS_MAX, &TAG_KEY);
        Ok(Self { tags, transitive })
    }

    /// Those that an identity provider passes.
    pub(super) fn passed(tags: Vec<Tag>, transitive: Vec<String>) -> Self {
        Self { tags, transitive }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// The tags of the new session: those that are passed, and those that the caller's session has to be inherited.
    /// Source: IAM user guide, "Pass session tags in AWS STS: Chaining roles with session tags".
    pub(super) fn kept(&self, inherited: &[SessionTag]) -> Result<Vec<SessionTag>, Fault> {
        let is = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        let refused = |message: &'static str| Err(Fault::new(400, "InvalidParameterValue", message));
        if !self.transitive.iter().all(|key| self.tags.iter().any(|tag| is(&tag.key, key))) {
            return refused("The specified transitive tag key must be included in the requested tags.");
        }
        let inherited = inherited.iter().filter(|tag| tag.transitive);
        if inherited.clone().any(|known| self.tags.iter().any(|tag| is(&tag.key, &known.key))) {
            return refused(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key \
                 from the calling session.",
            );
        }
        let own = self.tags.iter().map(|tag| SessionTag {
            key: tag.key.to_string(),
            value: tag.value.to_string(),
            transitive: self.transitive.iter().any(|key| is(key, &tag.key)),
        });
        Ok(inherited.cloned().chain(own).collect())
    }

    /// The condition keys that they are.
    pub(super) fn facts(&self) -> Vec<(String, Value<'static>)> {
        let mut facts: Vec<_> = self
            .tags
            .iter()
            .map(|tag| (format!("aws:requesttag/{}", tag.key.to_lowercase()), Value::owned(&*tag.value)))
            .collect();
        let many = |keys: Vec<String>| Value::Many(keys.into_iter().map(Into::into).collect());
        if !self.tags.is_empty() {
            facts.push(("aws:tagkeys".into(), many(self.tags.iter().map(|tag| tag.key.to_string()).collect())));
        }
        if !self.transitive.is_empty() {
            facts.push(("sts:transitivetagkeys".into(), many(self.transitive.clone())));
        }
        facts
    }
}

/// `SerialNumber` and `TokenCode`: whether a device of the calling user proves that it is there. `false` if none was named.
///
/// Source: IAM user guide, "Secure API access with MFA".
pub(super) fn device(scene: &Scene<'_>, serial: Option<&str>, code: Option<&str>) -> Result<bool, Fault> {
    let denied = |message: &'static str| Err(Fault::new(403, "AccessDenied", message));
    let (serial, code) = match (serial, code) {
        (None, None) => return Ok(false),
        (Some(serial), Some(code)) => (serial, code),
        _ => {
            return denied(
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
            );
        }
    };
    let unknown = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is \
                   valid and associated with this user.";
    let holder = match scene.caller.principal() {
        Principal::Root(_) => None,
        Principal::User(user) => Some(&*user.id),
        Principal::Role(_) | Principal::Federated(_) | Principal::Anonymous => return denied(unknown),
    };
    let (account, now) = (scene.account(), scene.caller.at());
    match scene.world.directory.write(|work| mfa::verify(work, (account, holder), serial, code, now))? {
        Verdict::Right => Ok(true),
        Verdict::Wrong => denied("MultiFactorAuthentication failed with invalid MFA one time pass code. "),
        Verdict::Unknown => denied(unknown),
    }
}

/// Reads `SerialNumber` and `TokenCode`, which [`device`] looks at.
pub(super) fn read_device(input: &mut Input<'_>) -> (Option<String>, Option<String>) {
    (input.optional("SerialNumber", &SERIAL), input.optional("TokenCode", &CODE))
}

/// `PackedPolicyTooLarge`.
pub(super) fn too_large(percent: usize) -> Fault {
    let message =
        format!("Serialized token too large for session. Session policies and tags take {percent}% of their room.");
    Fault::new(400, "PackedPolicyTooLarge", message)
}
