//! The name that an account has beside its number: one, which the next replaces. Unique over all accounts.
//! Source: IAM user guide, "Create an alias for your AWS account".

use super::{
    listing::{Asked, paged},
    target::{exists, no_such},
    texts::ALIAS,
    users::unless,
};
use crate::{
    api::query::{Input, Node, Plan, Scene, input::validation_error},
    base::Fault,
    store::{ErrorKind, Item, ItemKind, Page},
};

pub(super) fn create(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let alias = input.required("AccountAlias", &ALIAS);
    input.check()?;
    if alias.len() == 12 && alias.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(validation_error("The account alias must not be a number of 12 digits."));
    }
    Ok(Plan::new("iam:CreateAccountAlias", "*", move |scene| {
        let account = scene.account();
        let taken = || exists(format!("The account alias {alias} already exists."));
        let item = Item {
            kind: ItemKind::AccountAlias,
            account,
            // Made of the name: ids are unique over all accounts, whoever else writes at the same time.
            id: format!("alias/{alias}").into(),
            name: alias.as_str().into(),
            path: "/".into(),
            owner: None,
            created: scene.caller.at(),
            details: "{}".into(),
        };
        scene.world.directory.write(|work| {
            if work.item_anywhere(ItemKind::AccountAlias, &alias)?.is_some() {
                return Err(taken());
            }
            for former in work.items(account, ItemKind::AccountAlias, Page::ALL)?.items {
                work.delete_item(&former.id)?;
            }
            work.add_item(&item, None).map_err(|error| unless(error, ErrorKind::Exists, taken))?;
            Ok(Node::Nothing)
        })
    }))
}

pub(super) fn list(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::of(input)?;
    input.check()?;
    Ok(Plan::new("iam:ListAccountAliases", "*", move |scene| {
        let account = scene.account();
        let listing = scene.world.directory.read(|work| work.items(account, ItemKind::AccountAlias, asked.page()))?;
        Ok(paged("AccountAliases", listing, |alias| Node::text(&*alias.name)))
    }))
}

pub(super) fn delete(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let alias = input.required("AccountAlias", &ALIAS);
    input.check()?;
    Ok(Plan::new("iam:DeleteAccountAlias", "*", move |scene| {
        let account = scene.account();
        scene.world.directory.write(|work| {
            let missing = || no_such(format!("The account alias with name {alias} cannot be found."));
            let known = work.item(account, ItemKind::AccountAlias, &alias)?.ok_or_else(missing)?;
            work.delete_item(&known.id)?;
            Ok(Node::Nothing)
        })
    }))
}
