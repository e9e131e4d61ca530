//! [`Directory`]: a store and the snapshot of it, kept in step.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use dashmap::DashMap;
use tokio::sync::watch;

use super::{
    AccessKey, Account, ErrorKind, KeyOwner, KeyStatus, LastUsed, Sequence, Snapshot, Store, StoreError, UnitOfWork,
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
    /// Held from the beginning of a write to its swap.
    writing: Mutex<()>,
    /// Held while a snapshot is swapped.
    publishing: Mutex<()>,
    /// Why the last write failed, if that was the store's own doing.
    unwritten: Mutex<Option<StoreError>>,
    uses: DashMap<AccessKeyId, LastUsed>,
    accesses: Notes,
}

/// How often a unit of work is begun anew, at most.
const ATTEMPTS: usize = 8;

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
        let snapshot = Snapshot::load(store.begin_reading()?.as_mut())?;
        Ok(Self {
            store,
            snapshot: ArcSwap::from_pointee(snapshot),
            writing: Mutex::new(()),
            publishing: Mutex::new(()),
            unwritten: Mutex::new(None),
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
        read(self.store.begin_reading()?.as_mut())
    }

    /// Writes in one unit of work. When this returns, the change is durable and the snapshot shows it; if it or `write`
    /// fails, nothing was changed. Where another node came first, `write` is called again in a new unit of work. Blocks on
    /// the store.
    pub fn write<T, E: From<StoreError>>(
        &self,
        mut write: impl FnMut(&mut dyn UnitOfWork) -> Result<T, E>,
    ) -> Result<T, E> {
        // Whoever panicked with the lock held left the snapshot as it was.
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 1..ATTEMPTS {
            if let Some(done) = self.attempt(&mut write) {
                return done;
            }
        }
        let overtaken = || StoreError::new(ErrorKind::Conflict, "other nodes came first again and again");
        self.attempt(&mut write).unwrap_or_else(|| Err(overtaken().into()))
    }

    /// Shows a successor of `base`, unless a later one is shown already: whoever follows others may be faster than whoever
    /// writes. A store that was put back to an earlier state is shown as it is.
    fn publish(&self, base: &Arc<Snapshot>, next: Snapshot) {
        let _turn = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let present = self.snapshot.load();
        if Arc::ptr_eq(&present, base) || present.sequence() < next.sequence() {
            self.snapshot.store(Arc::new(next));
        }
    }

    /// Writes once; `None` if it was overtaken.
    fn attempt<T, E: From<StoreError>>(
        &self,
        write: &mut impl FnMut(&mut dyn UnitOfWork) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        let mut work = match self.store.begin() {
            Ok(work) => work,
            Err(error) => {
                self.note_written(Some(&error));
                return Some(Err(error.into()));
            }
        };
        let base = self.snapshot.load_full();
        let written = write(work.as_mut()).and_then(|value| {
            // The successor is made before the commit: a change that cannot be shown is not made.
            let next = base.patched(work.as_mut())?;
            Ok((value, next))
        });
        let (value, next) = match written {
            Ok(written) => written,
            Err(_) if work.is_overtaken() => return None,
            Err(error) => {
                self.note_written(work.failure().as_ref());
                return Some(Err(error));
            }
        };
        match work.commit() {
            Ok(sequence) => {
                if sequence != base.sequence() {
                    self.note_written(None);
                }
                self.publish(&base, next);
                Some(Ok(value))
            }
            Err(error) if error.kind == ErrorKind::Conflict => None,
            Err(error) => {
                self.note_written(Some(&error));
                Some(Err(error.into()))
            }
        }
    }

    /// Notes that something was written, or why it was not. What the caller was to blame for says nothing of the store.
    fn note_written(&self, failure: Option<&StoreError>) {
        let failure = match failure {
            Some(error) if !matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Full) => return,
            failure => failure.cloned(),
        };
        let mut known = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*known, &failure) {
            (None, Some(error)) => tracing::error!(%error, "the store cannot be written"),
            (Some(_), None) => tracing::info!("the store can be written again"),
            _ => {}
        }
        *known = failure;
    }

    /// Why the last write failed, if that was the store's own doing: a full disk, a database that only reads.
    pub fn write_failure(&self) -> Option<StoreError> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes what is there already, to see whether anything can be written. Blocks on the store.
    pub fn try_writing(&self) -> Result<(), StoreError> {
        self.write(|work| match work.accounts()?.into_iter().next() {
            Some(account) => work.put_account_public_access_block(account.id, account.public_access_block),
            None => Ok(()),
        })
    }

    /// Asks the store for its latest change. What the snapshot does not show yet, it shows after this. Blocks on the
    /// store.
    pub fn confirm(&self) -> Result<Sequence, StoreError> {
        let latest = self.read(|work| work.latest())?;
        if latest != self.snapshot.load().sequence() {
            let base = self.snapshot.load_full();
            let next = base.patched(self.store.begin_reading()?.as_mut())?;
            self.publish(&base, next);
        }
        Ok(self.snapshot.load().sequence())
    }

    /// Wakes, more often than not, when another node has changed something.
    pub fn hints(&self) -> Option<watch::Receiver<()>> {
        self.store.hints()
    }

    /// Makes the account unless it is there, and lets `root` be its root key, if given: another root key that the
    /// account had before is deleted. Does nothing if all is so already.
    pub fn ensure_account(&self, id: AccountId, root: Option<RootKey>, now: Timestamp) -> Result<(), StoreError> {
        self.write(|work| {
            if work.account(id)?.is_none() {
                work.add_account(&Account { id, created: now, public_access_block: None })?;
            }
            root.as_ref().map_or(Ok(()), |root| ensure_root_key(work, id, root, now))
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

    /// Forgets ended sessions that would be over by now anyway, and returns their number. To be called now and then. Blocks
    /// on the store.
    pub fn forget_ended_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        match self.snapshot().has_ended() {
            true => self.write(|work| work.forget_ended_sessions(now)),
            false => Ok(0),
        }
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
    root: &RootKey,
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
    let key = AccessKey { id: root.id.clone(), account, owner, status, created: now, last_used: None };
    work.add_access_key(&key, &root.secret)
}
