//! What an operation is about: looked up once when it is described, and still the same when it runs.

use super::{boundaries, roles::refuse_of_service};
use crate::{
    api::{query::Scene, quotas::Quota},
    base::{Arn, Fault, Principal, Tag, condition::Value},
    store::{Identity, IdentityKind, ManagedPolicy, UnitOfWork, aws_managed},
};

/// A user or a group by the name that was asked for, which may not exist: then the decision is made on the ARN that it
/// would have, so that a caller without permission does not learn of it.
pub(super) struct Target {
    kind: IdentityKind,
    name: String,
    found: Option<Identity>,
    tags: Vec<Tag>,
    boundary: Option<Arn>,
    arn: Arn,
}

impl Target {
    /// Looks a user or group up.
    pub(super) fn of(scene: &Scene<'_>, kind: IdentityKind, name: &str) -> Result<Self, Fault> {
        let account = scene.account();
        let (found, tags, boundary) = scene.world.directory.read(|work| {
            let Some(found) = work.identity(account, kind, name)? else { return Ok((None, Vec::new(), None)) };
            let (tags, boundary) = (work.tags(&found.id)?, work.boundary(&found.id)?.map(|policy| policy.arn()));
            Ok::<_, Fault>((Some(found), tags, boundary))
        })?;
        let unknown = || Arn::iam(account.as_str(), &format!("{}/{name}", kind.word()));
        let arn = found.as_ref().map_or_else(unknown, Identity::arn);
        Ok(Self { kind, name: name.to_owned(), found, tags, boundary, arn })
    }

    /// The user that calls, for operations that name none.
    pub(super) fn caller(scene: &Scene<'_>) -> Result<Self, Fault> {
        match scene.caller.principal() {
            Principal::User(user) => Self::of(scene, IdentityKind::User, &user.name),
            Principal::Root(_) | Principal::Role(_) | Principal::Federated(_) | Principal::Anonymous => {
                Err(Fault::new(400, "ValidationError", "Must specify userName when calling with non-User credentials"))
            }
        }
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> &str {
        self.arn.as_str()
    }

    /// It, if it exists.
    pub(super) fn found(&self) -> Result<&Identity, Fault> {
        self.found.as_ref().ok_or_else(|| no_such_identity(self.kind, &self.name))
    }

    /// It, as it still is in a unit of work: what was decided on is what is acted on.
    pub(super) fn still(&self, work: &mut dyn UnitOfWork) -> Result<&Identity, Fault> {
        let found = self.found()?;
        match work.identity_by_id(&found.id)? {
            Some(now) if now == *found => Ok(found),
            Some(_) => Err(changed()),
            None => Err(no_such_identity(self.kind, &self.name)),
        }
    }

    /// The same, for changes that only AWS makes to the roles of its services.
    pub(super) fn changeable(&self, work: &mut dyn UnitOfWork) -> Result<&Identity, Fault> {
        let found = self.still(work)?;
        refuse_of_service(found)?;
        Ok(found)
    }

    /// `iam:PermissionsBoundary`, if it has one, for operations that change what it may do.
    pub(super) fn boundary(&self) -> Option<(String, Value<'static>)> {
        self.boundary.as_ref().map(|arn| boundaries::fact(arn.as_str()))
    }

    /// Its tags.
    pub(super) fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The condition keys of its tags.
    pub(super) fn facts(&self) -> Vec<(String, Value<'static>)> {
        resource_tags(&self.tags)
    }
}

/// A managed policy by its ARN, which may not exist.
pub(super) struct PolicyTarget {
    arn: String,
    found: Option<ManagedPolicy>,
    tags: Vec<Tag>,
}

impl PolicyTarget {
    /// Looks a policy up. `InvalidInput` for what is no ARN of a policy.
    pub(super) fn of(scene: &Scene<'_>, text: &str) -> Result<Self, Fault> {
        let arn = Arn::parse(text).filter(|arn| arn.service() == "iam" && arn.resource().starts_with("policy/"));
        let arn = arn.ok_or_else(|| Fault::new(400, "InvalidInput", format!("ARN {text} is not valid.")))?;
        let account = scene.account();
        let (found, tags) = scene.world.directory.read(|work| {
            if aws_managed::is_named(&arn) {
                return Ok((aws_managed::known(&arn, work)?, Vec::new()));
            }
            // Another account's policies are as good as absent.
            let found = work.policy(&arn)?.filter(|found| found.account == account);
            let tags = found.as_ref().map_or(Ok(Vec::new()), |found| work.tags(&found.id))?;
            Ok::<_, Fault>((found, tags))
        })?;
        Ok(Self { arn: text.to_owned(), found, tags })
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    /// It, as it is in a unit of work.
    pub(super) fn still(&self, work: &mut dyn UnitOfWork) -> Result<ManagedPolicy, Fault> {
        let found = self.found.as_ref().ok_or_else(|| self.missing())?;
        let now = match found.is_of_aws() {
            true => aws_managed::known(&found.arn(), work)?,
            false => work.policy_by_id(&found.id)?,
        };
        now.filter(|now| now.arn() == found.arn()).ok_or_else(|| self.missing())
    }

    /// It, for attaching or as a boundary. `missing` says that there is none.
    pub(super) fn attachable(
        &self,
        scene: &Scene<'_>,
        work: &mut dyn UnitOfWork,
        missing: impl FnOnce(&str) -> String,
    ) -> Result<ManagedPolicy, Fault> {
        let policy = self.still(work).map_err(|fault| match &*fault.code {
            "NoSuchEntity" => no_such(missing(&self.arn)),
            _ => fault,
        })?;
        match aws_managed::find(&policy.arn()) {
            Some(known) if known.is_of_a_service() => {
                let message = "Cannot attach a Service Role Policy to a Customer Role.";
                Err(Fault::new(400, "PolicyNotAttachable", message))
            }
            Some(known) => Ok(aws_managed::take(known, scene.caller.at(), work)?),
            None => Ok(policy),
        }
    }

    /// It, for changing: nobody may change what AWS manages, whatever policies allow.
    pub(super) fn changeable(
        &self,
        action: &str,
        scene: &Scene<'_>,
        work: &mut dyn UnitOfWork,
    ) -> Result<ManagedPolicy, Fault> {
        let policy = self.still(work)?;
        if policy.is_of_aws() {
            let caller = scene.caller.principal().arn().map(|arn| arn.to_string()).unwrap_or_default();
            let message =
                format!("User: {caller} is not authorized to perform: {action} on resource: policy {}", self.arn);
            return Err(Fault::new(403, "AccessDenied", message));
        }
        Ok(policy)
    }

    /// `NoSuchEntity` for it.
    pub(super) fn missing(&self) -> Fault {
        no_such(format!("Policy {} was not found.", self.arn))
    }

    /// The condition keys of its tags.
    pub(super) fn facts(&self) -> Vec<(String, Value<'static>)> {
        resource_tags(&self.tags)
    }

    /// `iam:PolicyARN`, for operations on an identity that name a policy.
    pub(super) fn policy_arn(&self) -> (String, Value<'static>) {
        ("iam:policyarn".to_owned(), Value::owned(self.arn.as_str()))
    }
}

/// The condition keys of tags that something has.
pub(super) fn resource_tags(tags: &[Tag]) -> Vec<(String, Value<'static>)> {
    let both = |tag: &Tag| {
        ["aws", "iam"]
            .map(|vendor| (format!("{vendor}:resourcetag/{}", tag.key.to_lowercase()), Value::owned(&*tag.value)))
    };
    tags.iter().flat_map(both).collect()
}

/// The condition keys of tags that a request brings.
pub(super) fn request_tags(tags: &[Tag]) -> Vec<(String, Value<'static>)> {
    let mut facts: Vec<_> = tags
        .iter()
        .map(|tag| (format!("aws:requesttag/{}", tag.key.to_lowercase()), Value::owned(&*tag.value)))
        .collect();
    facts.extend(tag_keys(tags.iter().map(|tag| tag.key.to_string())));
    facts
}

/// `aws:TagKeys`, unless there are none.
pub(super) fn tag_keys(keys: impl Iterator<Item = String>) -> Option<(String, Value<'static>)> {
    let keys: Vec<_> = keys.map(Into::into).collect();
    (!keys.is_empty()).then(|| ("aws:tagkeys".to_owned(), Value::Many(keys)))
}

fn no_such_identity(kind: IdentityKind, name: &str) -> Fault {
    no_such(format!("The {} with name {name} cannot be found.", kind.word()))
}

/// `NoSuchEntity` in these words.
pub(super) fn no_such(message: String) -> Fault {
    Fault::new(404, "NoSuchEntity", message)
}

/// `EntityAlreadyExists` in these words.
pub(super) fn exists(message: String) -> Fault {
    Fault::new(409, "EntityAlreadyExists", message)
}

/// `LimitExceeded` where there is more of something than there may be. It is counted with what was just added, within the
/// same unit of work, so that of several that add at once none goes past the quota.
pub(super) fn within(scene: &Scene<'_>, quota: Quota, count: impl TryInto<usize>) -> Result<(), Fault> {
    let most = scene.quota(quota);
    match count.try_into().is_ok_and(|count| count <= most) {
        true => Ok(()),
        false => Err(over_quota(quota.told(), most)),
    }
}

/// The same before one more is added, which nobody else can do within this unit of work.
pub(super) fn has_room(scene: &Scene<'_>, quota: Quota, count: impl TryInto<usize>) -> Result<(), Fault> {
    let most = scene.quota(quota);
    match count.try_into().is_ok_and(|count| count < most) {
        true => Ok(()),
        false => Err(over_quota(quota.told(), most)),
    }
}

/// `LimitExceeded` for a quota.
pub(super) fn over_quota(name: &str, most: usize) -> Fault {
    Fault::new(409, "LimitExceeded", format!("Cannot exceed quota for {name}: {most}"))
}

/// `DeleteConflict` in these words.
pub(super) fn in_use(message: &'static str) -> Fault {
    Fault::new(409, "DeleteConflict", message)
}

fn changed() -> Fault {
    let message = "The request was rejected because another request changed the entity. Try again.";
    Fault::new(409, "ConcurrentModification", message)
}
