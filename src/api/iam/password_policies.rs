//! What an account asks of its users' passwords.
//!
//! Strength and reuse are asked at the next change. There is no console to sign in to yet: a password's age shows in the
//! credential report (`password_next_rotation`), and once it has run out under `HardExpiry`, the account no longer lends
//! its user `iam:ChangePassword`; a policy that allows it still does.
//! Source: IAM user guide, "Set an account password policy for IAM users"; API reference, `PasswordPolicy`.

use super::{
    items::{details, long_id, written},
    passwords::{POLICY_NAME, PasswordPolicy, REMEMBERED_MAX, Rules},
    target::no_such,
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{Fault, Principal},
    store::{Item, ItemKind},
};

/// Puts a policy in place of the one before: what is left out is not kept.
pub(super) fn update(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let mut flag = |name| input.flag(name).unwrap_or(false);
    let (symbols, numbers) = (flag("RequireSymbols"), flag("RequireNumbers"));
    let (upper_case, lower_case) = (flag("RequireUppercaseCharacters"), flag("RequireLowercaseCharacters"));
    let users_may_change = flag("AllowUsersToChangePassword");
    let policy = PasswordPolicy {
        length_min: input.number("MinimumPasswordLength", 6..=128).unwrap_or(6),
        symbols,
        numbers,
        upper_case,
        lower_case,
        users_may_change,
        age_days_max: input.number("MaxPasswordAge", 1..=1095),
        remembered: input.number("PasswordReusePrevention", 1..=REMEMBERED_MAX),
        hard_expiry: input.flag("HardExpiry"),
    };
    input.check()?;
    Ok(Plan::new("iam:UpdateAccountPasswordPolicy", "*", move |scene| {
        let (account, details) = (scene.account(), written(&policy)?);
        let item = Item {
            kind: ItemKind::PasswordPolicy,
            account,
            id: long_id(scene)?.into(),
            name: POLICY_NAME.into(),
            path: "/".into(),
            owner: None,
            created: scene.caller.at(),
            details: details.clone(),
        };
        scene.world.directory.write(|work| match work.item(account, ItemKind::PasswordPolicy, POLICY_NAME)? {
            Some(known) => work.update_item(&Item { details: details.clone(), ..known }),
            None => work.add_item(&item, None),
        })?;
        Ok(Node::Nothing)
    }))
}

/// Lent to users together with `iam:ChangePassword`.
pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    let rules = scene.world.directory.read(|work| Rules::of(work, scene.account()))?;
    let is_user = matches!(scene.caller.principal(), Principal::User(_));
    let is_lent = is_user && rules.policy.is_some_and(|policy| policy.users_may_change);
    let plan = Plan::new("iam:GetAccountPasswordPolicy", "*", |scene| {
        let account = scene.account();
        let item = scene.world.directory.read(|work| work.item(account, ItemKind::PasswordPolicy, POLICY_NAME))?;
        let missing = || no_such(format!("The Password Policy with domain name {account} cannot be found."));
        let policy: PasswordPolicy = details(&item.ok_or_else(missing)?)?;
        let number = |number: Option<usize>| number.map_or(Node::Nothing, |number| Node::Number(number as u64));
        let members = vec![
            ("MinimumPasswordLength", number(Some(policy.length_min))),
            ("RequireSymbols", Node::Bool(policy.symbols)),
            ("RequireNumbers", Node::Bool(policy.numbers)),
            ("RequireUppercaseCharacters", Node::Bool(policy.upper_case)),
            ("RequireLowercaseCharacters", Node::Bool(policy.lower_case)),
            ("AllowUsersToChangePassword", Node::Bool(policy.users_may_change)),
            ("ExpirePasswords", Node::Bool(policy.age_days_max.is_some())),
            ("MaxPasswordAge", number(policy.age_days_max)),
            ("PasswordReusePrevention", number(policy.remembered)),
            ("HardExpiry", policy.hard_expiry.map_or(Node::Nothing, Node::Bool)),
        ];
        Ok(Node::one("PasswordPolicy", Node::Struct(members)))
    });
    Ok(plan.lent(is_lent))
}

pub(super) fn delete(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new("iam:DeleteAccountPasswordPolicy", "*", |scene| {
        let account = scene.account();
        scene.world.directory.write(|work| {
            let known = work.item(account, ItemKind::PasswordPolicy, POLICY_NAME)?;
            let missing = || no_such(format!("The account policy with name {POLICY_NAME} cannot be found."));
            work.delete_item(&known.ok_or_else(missing)?.id)?;
            Ok(Node::Nothing)
        })
    }))
}
