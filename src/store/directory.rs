//! [`Directory`]: a store and the snapshot of it, kept in step.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use dashmap::DashMap;

use super::{
    AccessKey, Account, KeyOwner, KeyStatus, LastUsed, Sequence, Snapshot, Store, StoreError, UnitOfWork,
    accesses::Notes,
};
use crate::base::{AccessKeyId, AccountId, SecretKey, Timestamp};

/// The identities of this node: written through units of work, read from the snapshot.
///
/// [`read`](Directory::read) and [`write`](Directory::write) take their turns; one called within the other would wait
/// for itself.
pub struct Directory {
    store: Box<dyn Store>,
    snapshot: ArcSwap<Snapshot>,
    /// Held from the beginning of a write to its swap: snapshots succeed each other in the order of commits.
    writing: Mutex<()>,
    uses: DashMap<AccessKeyId, LastUsed>,
    accesses: Notes,
}

/// An access key of root, given from outside.
pub struct RootKey {
    /// The access key id.
    pub id: AccessKeyId,
    /// The secret access key.
    pub secret: SecretKey,
}

impl Directory {
    /// Reads the whole store into a first snapshot.
    pub fn open(store: Box<dyn Store>) -> Result<Self, StoreError> {
        let snapshot = Snapshot::load(store.begin()?.as_mut())?;
        Ok(Self {
            store,
            snapshot: ArcSwap::from_pointee(snapshot),
            writing: Mutex::new(()),
            uses: DashMap::new(),
            accesses: Notes::default(),
        })
    }

    /// The present snapshot. Taken once per request and used to its end; a request that lives long (a slow upload) is
    /// better served with `Guard::into_inner`.
    pub fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Reads in one unit of work, which is then undone. Blocks on the store.
    pub fn read<T, E: From<StoreError>>(&self, read: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E>) -> Result<T, E> {
        read(self.store.begin()?.as_mut())
    }

    /// Writes in one unit of work. When this returns, the change is durable and the snapshot shows it; if it or `write`
    /// fails, nothing was changed. Blocks on the store.
    pub fn write<T, E: From<StoreError>>(
        &self,
        write: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E>,
    ) -> Result<T, E> {
        // Whoever panicked with the lock held left the snapshot as it was.
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut work = self.store.begin()?;
        let value = write(work.as_mut())?;
        // The successor is made before the commit: a change that cannot be shown is not made.
        let next = self.snapshot.load().patched(work.as_mut())?;
        work.commit()?;
        self.snapshot.store(Arc::new(next));
        Ok(value)
    }

    /// Asks the store for its latest change. What the snapshot does not show yet, it shows after this. Blocks on the
    /// store.
    pub fn confirm(&self) -> Result<Sequence, StoreError> {
        let latest = self.read(|work| work.latest())?;
        if latest != self.snapshot.load().sequence() {
            self.write(|_| Ok::<_, StoreError>(()))?;
        }
        Ok(self.snapshot.load().sequence())
    }

    /// Makes the account unless it is there, and lets `root` be its root key, if given: another root key that the
    /// account had before is deleted. Does nothing if all is so already.
    pub fn ensure_account(&self, id: AccountId, root: Option<RootKey>, now: Timestamp) -> Result<(), StoreError> {
        self.write(|work| {
            if work.account(id)?.is_none() {
                work.add_account(&Account { id, created: now, public_access_block: None })?;
            }
            root.map_or(Ok(()), |root| ensure_root_key(work, id, root, now))
        })
    }

    /// Notes that a key was used, in memory. Later uses for the same service and region are passed over until the next
    /// [`Directory::flush_last_used`]: a stamp is as exact as the time between two of those.
    pub fn note_use(&self, key: &AccessKeyId, at: Timestamp, service: &str, region: &str) {
        if self.uses.get(key).is_some_and(|known| &*known.service == service && &*known.region == region) {
            return;
        }
        self.uses.insert(key.clone(), LastUsed { at, service: service.into(), region: region.into() });
    }

    /// Writes the noted uses to the store and returns their number. If the store refuses them they are kept for the
    /// next time. To be called about once a minute. Blocks on the store.
    pub fn flush_last_used(&self) -> Result<usize, StoreError> {
        let mut batch = Vec::new();
        self.uses.retain(|key, used| {
            batch.push((key.clone(), used.clone()));
            false
        });
        if batch.is_empty() {
            return Ok(0);
        }
        let written = self.store.begin().and_then(|mut work| {
            batch.iter().try_for_each(|(key, used)| work.stamp_access_key(key, used))?;
            work.commit()
        });
        let count = batch.len();
        if written.is_err() {
            for (key, used) in batch {
                self.uses.entry(key).or_insert(used);
            }
        }
        written.map(|_| count)
    }
}

impl Directory {
    /// Notes in memory that a principal, by its unique id, tried an action.
    pub fn note_access(&self, principal: &str, account: AccountId, action: &str, region: &str, at: Timestamp) {
        self.accesses.note(principal, account, action, region, at);
    }

    /// Writes the noted accesses to the store and returns the number of principals concerned. To be called about once a
    /// minute. Blocks on the store.
    pub fn flush_accesses(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.accesses.flush(&*self.store, now)
    }
}

fn ensure_root_key(
    work: &mut dyn UnitOfWork,
    account: AccountId,
    root: RootKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let known = work.open_access_key(&root.id)?;
    let same = known.is_some_and(|open| {
        open.key.account == account
            && open.key.owner == KeyOwner::Root
            && open.key.status == KeyStatus::Active
            && open.secret.expose() == root.secret.expose()
    });
    if same {
        return Ok(());
    }
    for key in work.access_keys(account, &KeyOwner::Root)? {
        work.delete_access_key(&key.id)?;
    }
    let (owner, status) = (KeyOwner::Root, KeyStatus::Active);
    let key = AccessKey { id: root.id, account, owner, status, created: now, last_used: None };
    work.add_access_key(&key, &root.secret)
}
