//! What another changes while an operation is under way: whenever it happens, the operation is done on what was decided
//! on, or not at all and in AWS's words.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex},
};

use countersign::{
    server::state::State,
    store::{
        Directory, Identity, IdentityKind, Item, ItemKind, SqliteStore, Store, StoreError, SystemRandom, UnitOfWork,
    },
};

use super::call;
use crate::road::{
    gateway::{ACCOUNT, Gateway, Setup, master_key},
    upstream::Upstream,
};

/// The most units of work of one operation, with room for those of the housekeeper.
const UNITS: usize = 6;

const ANN: (&str, &str) = ("UserName", "ann");
const CHANGE: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ChangePassword","Resource":"*"}}"#;

/// What another does.
pub type Change = fn(&mut dyn UnitOfWork) -> Result<(), StoreError>;

/// Operation, parameters, what another does, and every code that may come of it.
pub type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Change, &'a [&'a str]);

/// A store in which something is changed before one of the next units of work.
struct Meddled {
    store: SqliteStore,
    next: Arc<Mutex<Option<(usize, Change)>>>,
}

impl Store for Meddled {
    fn begin(&self) -> Result<Box<dyn UnitOfWork + '_>, StoreError> {
        let mut next = self.next.lock().unwrap();
        match next.take() {
            Some((0, change)) => {
                let mut work = self.store.begin()?;
                change(work.as_mut())?;
                work.commit()?;
            }
            Some((units, change)) => *next = Some((units - 1, change)),
            None => {}
        }
        drop(next);
        self.store.begin()
    }
}

fn ann(work: &mut dyn UnitOfWork) -> Result<Identity, StoreError> {
    Ok(work.identity(ACCOUNT.parse().unwrap(), IdentityKind::User, "ann")?.unwrap())
}

fn renames(work: &mut dyn UnitOfWork) -> Result<(), StoreError> {
    let id = ann(work)?.id;
    work.rename_identity(&id, "anna", "/")
}

fn sets_a_password(work: &mut dyn UnitOfWork) -> Result<(), StoreError> {
    let id = ann(work)?.id;
    let item = work.items_of(&id, ItemKind::LoginProfile)?.remove(0);
    let mut details: serde_json::Value = serde_json::from_str(&item.details).unwrap();
    details["changes"] = 7.into();
    work.update_item(&Item { details: details.to_string().into(), ..item })
}

fn deletes_the_password(work: &mut dyn UnitOfWork) -> Result<(), StoreError> {
    let id = ann(work)?.id;
    let item = work.items_of(&id, ItemKind::LoginProfile)?.remove(0);
    work.delete_item(&item.id)
}

/// The codes that an operation is answered with, whenever the change happens: nothing for success.
fn answers(action: &str, parameters: &[(&str, &str)], change: Change) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for units in 0..UNITS {
        let upstream = Upstream::start();
        let next = Arc::new(Mutex::new(None));
        let shared = next.clone();
        let wrap = move |state: State, dir: &Path| {
            let (account, messages, sessions) = (state.account, state.messages.clone(), state.sessions.clone());
            drop(state);
            let store = SqliteStore::open(dir, master_key(dir), Arc::new(SystemRandom)).unwrap();
            let store = Meddled { store, next: shared.clone() };
            State { directory: Arc::new(Directory::open(Box::new(store)).unwrap()), account, messages, sessions }
        };
        // Nobody keeps house meanwhile: its units of work would count.
        let keys = &[("STORE__POLL_MILLISECONDS", "60000")];
        let gateway = Gateway::start_with(&upstream, &Setup { keys, wrap: Some(&wrap), ..Setup::default() });
        let key = gateway.user("ann", Some(CHANGE));
        let root = gateway.root();
        let made = call(&gateway, &root, "CreateLoginProfile", &[ANN, ("Password", "Secret-1")]);
        assert_eq!(made.status, 200, "{}", made.text());
        *next.lock().unwrap() = Some((units, change));
        let key = if action == "ChangePassword" { &key } else { &root };
        let answer = call(&gateway, key, action, parameters);
        codes.insert(answer.element("Code"));
    }
    codes
}

const UPDATE: [(&str, &str); 2] = [ANN, ("Password", "Secret-2")];
const OWN: [(&str, &str); 2] = [("OldPassword", "Secret-1"), ("NewPassword", "Secret-2")];
const TAG: [(&str, &str); 3] = [ANN, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
const UNMODIFIABLE: &str = "EntityTemporarilyUnmodifiable";
const MODIFIED: &str = "ConcurrentModification";
const GONE: &str = "NoSuchEntity";

pub const CASES: &[Case<'static>] = &[
    ("UpdateLoginProfile", &UPDATE, sets_a_password, &["", UNMODIFIABLE]),
    ("UpdateLoginProfile", &UPDATE, renames, &["", UNMODIFIABLE, GONE]),
    ("UpdateLoginProfile", &UPDATE, deletes_the_password, &["", GONE]),
    ("ChangePassword", &OWN, sets_a_password, &["", UNMODIFIABLE]),
    ("ChangePassword", &OWN, deletes_the_password, &["", GONE]),
    ("DeleteLoginProfile", &[ANN], renames, &["", UNMODIFIABLE, GONE]),
    ("UpdateUser", &[ANN, ("NewPath", "/x/")], renames, &["", MODIFIED, GONE]),
    ("TagUser", &TAG, renames, &["", MODIFIED, GONE]),
    ("UntagUser", &[ANN, ("TagKeys.member.1", "k")], renames, &["", MODIFIED, GONE]),
    ("DeleteUser", &[ANN], renames, &["DeleteConflict", MODIFIED, GONE]),
];

#[test]
fn what_changes_meanwhile_is_told() {
    for (action, parameters, meddling, expected) in CASES {
        let expected: BTreeSet<String> = expected.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(answers(action, parameters, *meddling), expected, "{action}");
    }
}
