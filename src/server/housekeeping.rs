//! What goes on beside the requests: the admin listener, the health of the store, the stamps of last use, the end of
//! delegation requests.

use std::{fmt::Display, net::TcpListener, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::{
    runtime,
    sync::watch,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, timeout},
};

use super::admin;
use crate::{
    api::delegation::{Delegation, expiry},
    gateway::clock,
    store::{Directory, Sequence, SystemRandom},
    telemetry::{
        Condition, Health,
        event::{SnapshotConfirmed, StoreAway},
    },
};

/// How long the store may take for its answer.
const ANSWER: Duration = Duration::from_secs(2);

/// How often stamps of last use are written, and delegation requests are looked through.
const FLUSH: Duration = Duration::from_secs(60);

/// How often a store that could not be written is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// What is kept.
pub(super) struct House {
    pub directory: Arc<Directory>,
    /// Whether the store can be read.
    pub store: Condition,
    /// Whether the snapshot may be decided on, for the road.
    pub snapshot: Condition,
    /// How often the store is asked for changes of others.
    pub poll: Duration,
    /// How long the snapshot counts after it was known to be current; if it is zero, until the store does not answer.
    pub staleness_max: Duration,
    /// Who is told of delegation requests whose time is over.
    pub delegation: Arc<ArcSwap<Delegation>>,
    pub health: Health,
    /// Turns true when the server drains: it is not ready any more.
    pub draining: watch::Receiver<bool>,
    /// Turns true when the workers are done.
    pub ended: watch::Receiver<bool>,
}

/// Keeps house until the server has ended. Without housekeeping nobody knows whether the snapshot still holds, so that
/// nothing is served any more.
pub(super) fn keep(house: House, admin_listener: TcpListener) {
    let _last_word = LastWord([house.store.clone(), house.snapshot.clone()]);
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "no housekeeping"),
    };
    let draining = house.draining.clone();
    house.health.check(
        "draining",
        move || {
            if *draining.borrow() { Err("the server is ending".into()) } else { Ok(()) }
        },
    );
    let written = house.directory.clone();
    house.health.check("store", move || match written.write_failure() {
        Some(error) => Err(format!("cannot be written: {error}")),
        None => Ok(()),
    });
    runtime.block_on(async {
        let House { directory, store, snapshot, poll, staleness_max, delegation, health, mut ended, .. } = house;
        let (confirmed, confirmations) = watch::channel(());
        let patience = if staleness_max.is_zero() { poll + ANSWER } else { staleness_max.max(poll * 2) };
        let follower = Follower {
            directory: directory.clone(),
            store,
            snapshot: snapshot.clone(),
            confirmed,
            poll,
            is_strict: staleness_max.is_zero(),
        };
        let answering = admin::serve(admin_listener, health, ended.clone());
        let answering = async {
            if let Err(error) = answering.await {
                tracing::error!(%error, "the admin listener ended");
            }
            std::future::pending().await
        };
        tokio::select! {
            () = answering => {}
            () = follower.follow() => {}
            () = vouch(snapshot, confirmations, patience) => {}
            () = flush(directory.clone()) => {}
            () = write_again(&directory) => {}
            () = expire(directory.clone(), delegation) => {}
            _ = ended.wait_for(|ended| *ended) => {}
        }
        stamp(&directory).await;
    });
    // A store that does not answer is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
}

/// However housekeeping ends, the store is not vouched for any more.
struct LastWord([Condition; 2]);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.iter().for_each(|condition| condition.fail("nobody keeps house"));
    }
}

/// Asks the store, again and again, for its latest change, which the snapshot must show.
struct Follower {
    directory: Arc<Directory>,
    store: Condition,
    snapshot: Condition,
    /// Tells of each time that the snapshot was known to be current.
    confirmed: watch::Sender<()>,
    poll: Duration,
    /// Whether a store that does not answer ends all decisions at once.
    is_strict: bool,
}

impl Follower {
    async fn follow(self) {
        let mut ticks = interval(self.poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut hints = self.directory.hints();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = hint(&mut hints) => {}
            }
            let asked = self.directory.clone();
            let mut answer = spawn_blocking(move || asked.confirm());
            let answer = match timeout(ANSWER, &mut answer).await {
                Ok(answer) => answer,
                Err(_) => {
                    self.lost(&"no answer in time");
                    // It is asked again when it has answered this.
                    answer.await
                }
            };
            match answer {
                Ok(Ok(sequence)) => self.found(sequence),
                Ok(Err(error)) => self.lost(&error),
                Err(error) => self.lost(&error),
            }
        }
    }

    fn found(&self, sequence: Sequence) {
        if !self.store.holds() {
            tracing::info!("the store can be read again");
        }
        self.snapshot.hold();
        self.store.hold();
        self.confirmed.send_replace(());
        SnapshotConfirmed { sequence: sequence.0, at: clock::now() }.emit();
    }

    fn lost(&self, error: &dyn Display) {
        StoreAway { error, is_new: self.store.holds() }.emit();
        if self.is_strict {
            self.snapshot.fail("the store cannot be read");
        }
        self.store.fail(error.to_string());
    }
}

/// Waits for a hint; for ever, where there are none.
async fn hint(hints: &mut Option<watch::Receiver<()>>) {
    if let Some(receiver) = hints
        && receiver.changed().await.is_ok()
    {
        return;
    }
    *hints = None;
    std::future::pending().await
}

/// Lets the snapshot count no longer than `patience` after it was known to be current.
async fn vouch(snapshot: Condition, mut confirmations: watch::Receiver<()>, patience: Duration) {
    loop {
        match timeout(patience, confirmations.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                if snapshot.holds() {
                    tracing::error!("the store was away for too long; requests are refused");
                }
                snapshot.fail("the store was away for too long");
            }
        }
    }
}

async fn flush(directory: Arc<Directory>) {
    let mut ticks = interval(FLUSH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        stamp(&directory).await;
    }
}

/// Finds out whether a store that could not be written can be written again: whoever is not ready is asked for nothing, and
/// would never know.
async fn write_again(directory: &Arc<Directory>) {
    let mut ticks = interval(TRY_AGAIN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if directory.write_failure().is_some() {
            let directory = directory.clone();
            // What comes of it, the directory knows.
            let _ = spawn_blocking(move || directory.try_writing()).await;
        }
    }
}

/// Ends delegation requests whose time is over, again and again.
async fn expire(directory: Arc<Directory>, delegation: Arc<ArcSwap<Delegation>>) {
    let mut ticks = interval(FLUSH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (directory, delegation) = (directory.clone(), delegation.load_full());
        let expire = move || expiry::expire(&directory, &delegation, &SystemRandom, clock::now());
        match spawn_blocking(expire).await {
            Ok(Ok(0)) => {}
            Ok(Ok(count)) => tracing::info!(count, "the time of delegation requests is over"),
            Ok(Err(error)) => tracing::warn!(%error, "delegation requests are looked through later"),
            Err(error) => tracing::error!(%error, "looking through delegation requests panicked"),
        }
    }
}

async fn stamp(directory: &Arc<Directory>) {
    let directory = directory.clone();
    let flush = move || {
        let now = clock::now();
        let forgotten = directory.forget_ended_sessions(now);
        directory.flush_last_used().and(directory.flush_accesses(now)).and(forgotten)
    };
    match spawn_blocking(flush).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "stamps of last use are kept for later"),
        Err(error) => tracing::error!(%error, "writing stamps of last use panicked"),
    }
}
