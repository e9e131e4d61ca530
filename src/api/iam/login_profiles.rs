//! Passwords of users. Source: IAM API reference, and IAM user guide, "User passwords in AWS".
//!
//! Hashing takes its time, so that it is done before the unit of work that writes; a password that was changed meanwhile
//! is `EntityTemporarilyUnmodifiable`.

use serde::{Deserialize, Serialize};

use super::{
    items::{details, long_id, written},
    passwords::{History, Rules},
    target::{Target, exists, no_such},
    texts::{PASSWORD, USER_NAME},
    users::unless,
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{Fault, Principal, Timestamp},
    store::{ErrorKind, Identity, IdentityKind, Item, ItemKind, UnitOfWork},
};

#[derive(Serialize, Deserialize)]
struct Details {
    /// When the password was set, in seconds since 1970.
    changed: i64,
    /// Whether its user has to set another at the next sign-in.
    reset_required: bool,
    /// How often anything about it was changed: tells this state from all before.
    changes: u64,
}

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.optional("UserName", &USER_NAME);
    let password = input.secret("Password", &PASSWORD);
    let reset_required = input.flag("PasswordResetRequired").unwrap_or(false);
    input.check()?;
    let target = named_or_caller(scene, name)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:CreateLoginProfile", arn, move |scene| {
        let taken = |user: &Identity| exists(format!("Login Profile for user {} already exists.", user.name));
        scene.world.directory.read(|work| {
            let user = target.still(work)?;
            if profile(work, user)?.is_some() {
                return Err(taken(user));
            }
            Rules::of(work, user.account)?.check(&password)
        })?;
        let secret = History::default().with(scene, &password)?.written()?;
        let (id, created) = (long_id(scene)?, scene.caller.at());
        let details = written(&Details { changed: created.as_second(), reset_required, changes: 0 })?;
        let user = scene.world.directory.write(|work| {
            let user = target.still(work)?;
            let item = Item {
                kind: ItemKind::LoginProfile,
                account: user.account,
                id: id.as_str().into(),
                name: user.id.clone(),
                path: "/".into(),
                owner: Some(user.id.clone()),
                created,
                details: details.clone(),
            };
            work.add_item(&item, Some(&secret)).map_err(|error| unless(error, ErrorKind::Exists, || taken(user)))?;
            Ok::<_, Fault>(user)
        })?;
        Ok(shown(user, created, reset_required))
    });
    Ok(plan.knowing(facts))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.optional("UserName", &USER_NAME);
    input.check()?;
    let target = named_or_caller(scene, name)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:GetLoginProfile", arn, move |scene| {
        scene.world.directory.read(|work| {
            let user = target.still(work)?;
            let item = known(work, user)?;
            Ok(shown(user, item.created, details::<Details>(&item)?.reset_required))
        })
    });
    Ok(plan.knowing(facts))
}

/// What is left out stays as it is.
pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("UserName", &USER_NAME);
    let password = input.optional_secret("Password", &PASSWORD);
    let reset_required = input.flag("PasswordResetRequired");
    input.check()?;
    let target = Target::of(scene, IdentityKind::User, &name)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:UpdateLoginProfile", arn, move |scene| {
        let (item, history, rules) = present(scene, &target)?;
        let history = password.map(|password| next(scene, history, &rules, &password)).transpose()?;
        change(scene, &target, item, history, reset_required)
    });
    Ok(plan.knowing(facts))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.optional("UserName", &USER_NAME);
    input.check()?;
    let target = named_or_caller(scene, name)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:DeleteLoginProfile", arn, move |scene| {
        scene.world.directory.write(|work| {
            let user = still(&target, work)?;
            let item = known(work, user)?;
            work.delete_item(&item.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// Of the caller itself, and so of a user only. The account may lend its users the right to it, but to those whose
/// password has run out under `HardExpiry`.
pub(super) fn change_own(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let old = input.secret("OldPassword", &PASSWORD);
    let new = input.secret("NewPassword", &PASSWORD);
    input.check()?;
    let Principal::User(_) = scene.caller.principal() else {
        let arn = scene.caller.principal().arn().map_or("*".to_owned(), |arn| arn.to_string());
        return Ok(Plan::new("iam:ChangePassword", arn, |_| {
            Err(Fault::new(400, "InvalidUserType", "Only IAM Users can change their own password."))
        }));
    };
    let target = Target::caller(scene)?;
    let is_lent = scene.world.directory.read(|work| is_lent(work, &target, scene.caller.at()))?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:ChangePassword", arn, move |scene| {
        let (item, history, rules) = present(scene, &target)?;
        if !history.opens(&old)? {
            return Err(Fault::new(403, "AccessDenied", "The old password was incorrect."));
        }
        let history = next(scene, history, &rules, &new)?;
        change(scene, &target, item, Some(history), Some(false))
    });
    Ok(plan.knowing(facts).lent(is_lent))
}

/// When the password of a user was set, if it has one.
pub(super) fn changed(work: &mut dyn UnitOfWork, user: &Identity) -> Result<Option<Timestamp>, Fault> {
    let Some(item) = profile(work, user)? else { return Ok(None) };
    Ok(Timestamp::from_second(details::<Details>(&item)?.changed).ok())
}

fn is_lent(work: &mut dyn UnitOfWork, target: &Target, now: Timestamp) -> Result<bool, Fault> {
    let Ok(user) = target.found() else { return Ok(false) };
    let rules = Rules::of(work, user.account)?;
    let Some(policy) = rules.policy.as_ref().filter(|policy| policy.users_may_change) else { return Ok(false) };
    let expiry = changed(work, user)?.and_then(|changed| rules.expiry(changed));
    let is_over = policy.hard_expiry == Some(true) && expiry.is_some_and(|expiry| expiry <= now);
    Ok(!is_over)
}

/// The password that there is, with those before it and with what the account asks of the next.
fn present(scene: &Scene<'_>, target: &Target) -> Result<(Item, History, Rules), Fault> {
    scene.world.directory.read(|work| {
        let user = still(target, work)?;
        let item = known(work, user)?;
        let history = History::read(work, &item.id)?;
        Ok((item, history, Rules::of(work, user.account)?))
    })
}

/// The passwords with a new one in front, if it may be.
fn next(scene: &Scene<'_>, history: History, rules: &Rules, password: &str) -> Result<History, Fault> {
    rules.check(password)?;
    history.refuse_again(password, rules.remembered())?;
    history.with(scene, password)
}

/// Writes what is changed, if it still is what it was.
fn change(
    scene: &Scene<'_>,
    target: &Target,
    was: Item,
    history: Option<History>,
    reset_required: Option<bool>,
) -> Result<Node, Fault> {
    let now = scene.caller.at().as_second();
    let mut next: Details = details(&was)?;
    next.changes += 1;
    next.changed = if history.is_some() { now } else { next.changed };
    next.reset_required = reset_required.unwrap_or(next.reset_required);
    let details = written(&next)?;
    let secret = history.map(|history| history.written()).transpose()?;
    scene.world.directory.write(|work| {
        let user = still(target, work)?;
        if known(work, user)? != was {
            return Err(unmodifiable(&user.name));
        }
        if let Some(secret) = &secret {
            work.put_item_secret(&was.id, secret)?;
        }
        work.update_item(&Item { details: details.clone(), ..was.clone() })?;
        Ok(Node::Nothing)
    })
}

fn named_or_caller(scene: &Scene<'_>, name: Option<String>) -> Result<Target, Fault> {
    name.map_or_else(|| Target::caller(scene), |name| Target::of(scene, IdentityKind::User, &name))
}

/// The user, as it still is. Of passwords AWS says in another word that something changed meanwhile.
fn still<'a>(target: &'a Target, work: &mut dyn UnitOfWork) -> Result<&'a Identity, Fault> {
    let user = target.found()?;
    target.still(work).map_err(|fault| match &*fault.code {
        "ConcurrentModification" => unmodifiable(&user.name),
        _ => fault,
    })
}

fn unmodifiable(user: &str) -> Fault {
    let message = format!("Login Profile for User {user} cannot be modified while it is being changed.");
    Fault::new(409, "EntityTemporarilyUnmodifiable", message)
}

fn profile(work: &mut dyn UnitOfWork, user: &Identity) -> Result<Option<Item>, Fault> {
    Ok(work.item(user.account, ItemKind::LoginProfile, &user.id)?)
}

fn known(work: &mut dyn UnitOfWork, user: &Identity) -> Result<Item, Fault> {
    let missing = || no_such(format!("Login Profile for User {} cannot be found.", user.name));
    profile(work, user)?.ok_or_else(missing)
}

fn shown(user: &Identity, created: Timestamp, reset_required: bool) -> Node {
    let members = vec![
        ("UserName", Node::text(&*user.name)),
        ("CreateDate", Node::Time(created)),
        ("PasswordResetRequired", Node::Bool(reset_required)),
    ];
    Node::one("LoginProfile", Node::Struct(members))
}
