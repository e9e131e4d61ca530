//! Whose keys, devices and certificates an operation is about: a user's that it names, or the caller's.

use super::{target::Target, texts::KNOWN_USER_NAME};
use crate::{
    api::query::{Input, Scene},
    base::{Arn, Fault, Principal, condition::Value},
    store::{IdentityKind, UnitOfWork},
};

/// Root, or a user.
pub(super) enum Holder {
    Root,
    User(Box<Target>),
}

impl Holder {
    /// The user that is named, or the caller. Checks the input.
    pub(super) fn of(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        let name = input.optional("UserName", &KNOWN_USER_NAME);
        input.check()?;
        match (name, scene.caller.principal()) {
            (Some(name), _) => Ok(Holder::User(Box::new(Target::of(scene, IdentityKind::User, &name)?))),
            (None, Principal::Root(_)) => Ok(Holder::Root),
            (None, _) => Ok(Holder::User(Box::new(Target::caller(scene)?))),
        }
    }

    /// The user that has to be named. Checks the input.
    pub(super) fn named(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        let name = input.required("UserName", &KNOWN_USER_NAME);
        input.check()?;
        Ok(Holder::User(Box::new(Target::of(scene, IdentityKind::User, &name)?)))
    }

    /// The user that has to be named, where root has no other way to mean itself than the name `root`, unless there is a
    /// user of that name. Checks the input.
    pub(super) fn named_or_root(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        let name = input.required("UserName", &KNOWN_USER_NAME);
        input.check()?;
        let target = Target::of(scene, IdentityKind::User, &name)?;
        match scene.caller.principal() {
            Principal::Root(_) if name == "root" && target.found().is_err() => Ok(Holder::Root),
            _ => Ok(Holder::User(Box::new(target))),
        }
    }

    /// Its ARN.
    pub(super) fn arn(&self, scene: &Scene<'_>) -> String {
        match self {
            Holder::Root => Arn::iam(scene.account().as_str(), "root").to_string(),
            Holder::User(target) => target.arn().to_owned(),
        }
    }

    /// The condition keys of its tags.
    pub(super) fn facts(&self) -> Vec<(String, Value<'static>)> {
        match self {
            Holder::Root => Vec::new(),
            Holder::User(target) => target.facts(),
        }
    }

    /// Its name; root has none.
    pub(super) fn user_name(&self) -> Result<Option<&str>, Fault> {
        match self {
            Holder::Root => Ok(None),
            Holder::User(target) => Ok(Some(&target.found()?.name)),
        }
    }

    /// Its unique id, as it still is in a unit of work; root has none.
    pub(super) fn id(&self, work: &mut dyn UnitOfWork) -> Result<Option<Box<str>>, Fault> {
        match self {
            Holder::Root => Ok(None),
            Holder::User(target) => Ok(Some(target.still(work)?.id.clone())),
        }
    }
}
