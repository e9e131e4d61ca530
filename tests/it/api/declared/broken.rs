//! What any operation is answered with when the store fails, or when other nodes come first again and again.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use countersign::{
    server::state::State,
    store::{Directory, ErrorKind, SqliteStore, Store, StoreError, SystemRandom, UnitOfWork},
};

use super::{super::rights::RIGHTS, declared, never::NEVER, world::World};
use crate::road::gateway::master_key;

/// What a failing store is to the caller.
pub const FAILED: &str = "ServiceFailure";
/// What being overtaken is.
pub const OVERTAKEN: &str = "ConcurrentModification";

const GOOD: u8 = 0;
const FAILS: u8 = 1;
const CONFLICTS: u8 = 2;

/// A store that does as it is told.
struct Told {
    store: SqliteStore,
    how: Arc<AtomicU8>,
}

impl Store for Told {
    fn begin(&self) -> Result<Box<dyn UnitOfWork + '_>, StoreError> {
        match self.how.load(Ordering::SeqCst) {
            FAILS => Err(StoreError::new(ErrorKind::Unavailable, "as told")),
            CONFLICTS => Err(StoreError::new(ErrorKind::Conflict, "as told")),
            _ => self.store.begin(),
        }
    }

    fn begin_reading(&self) -> Result<Box<dyn UnitOfWork + '_>, StoreError> {
        match self.how.load(Ordering::SeqCst) {
            FAILS => Err(StoreError::new(ErrorKind::Unavailable, "as told")),
            _ => self.store.begin_reading(),
        }
    }
}

/// Operations whose parameters in the table of rights are refused before the store is asked.
const READ_BEFORE: &[(&str, &[(&str, &str)])] = &[
    ("CreateSAMLProvider", &[("Name", "new"), ("SAMLMetadataDocument", "$metadata")]),
    (
        "UploadServerCertificate",
        &[("ServerCertificateName", "new"), ("CertificateBody", "$body"), ("PrivateKey", "$key")],
    ),
    ("UploadSigningCertificate", &[("UserName", "ann"), ("CertificateBody", "$other-body")]),
];

#[test]
fn a_store_that_fails_or_is_overtaken_is_told_of_and_nothing_is_done() {
    let how = Arc::new(AtomicU8::new(GOOD));
    let told = how.clone();
    let wrap = move |state: State, dir: &Path| {
        let (account, messages, sessions) = (state.account, state.messages.clone(), state.sessions.clone());
        drop(state);
        let store = SqliteStore::open(dir, master_key(dir), Arc::new(SystemRandom)).unwrap();
        let store = Told { store, how: told.clone() };
        State { directory: Arc::new(Directory::open(Box::new(store)).unwrap()), account, messages, sessions }
    };
    let world = World::new(Some(&wrap));
    let before = world.listed();
    let declared = declared();
    for (switch, code, words) in [
        (FAILS, FAILED, "The request could not be carried out because of an internal failure."),
        (CONFLICTS, OVERTAKEN, "The entity was changed by another request. Try again."),
    ] {
        how.store(switch, Ordering::SeqCst);
        let mut wrong = Vec::new();
        for ((action, known), status) in declared.iter().filter(|((_, known), _)| *known == code) {
            if NEVER.iter().any(|(never, _, names)| *never == code && names.contains(action)) {
                continue;
            }
            let other = READ_BEFORE.iter().find(|(name, _)| name == action).map(|(_, parameters)| *parameters);
            let usual = RIGHTS.iter().find(|(name, ..)| name == action).unwrap().2;
            let caller = if *action == "ChangePassword" { "bob" } else { "root" };
            let answer = world.call(caller, action, other.unwrap_or(usual));
            let answered = (answer.status, answer.element("Code"), answer.element("Message"));
            if answered != (*status, (*known).to_owned(), words.to_owned()) {
                wrong.push(format!("{action}: {answered:?}"));
            }
        }
        how.store(GOOD, Ordering::SeqCst);
        assert!(wrong.is_empty(), "{code}:\n{}", wrong.join("\n"));
        assert_eq!(world.listed(), before, "{code}: something was changed");
    }
}
