//! What goes on beside the requests: the admin listener, the health of the store, the stamps of last use.

use std::{fmt::Display, net::TcpListener, sync::Arc, time::Duration};

use tokio::{
    runtime,
    sync::watch,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, timeout},
};

use super::admin;
use crate::{
    gateway::clock,
    store::Directory,
    telemetry::{Condition, Health, event::SnapshotConfirmed},
};

/// How often the store is asked whether it is there: a revocation counts within this time, or requests are refused.
const CONFIRM: Duration = Duration::from_secs(1);

/// How long the store may take for its answer.
const ANSWER: Duration = Duration::from_secs(2);

/// How often stamps of last use are written.
const FLUSH: Duration = Duration::from_secs(60);

/// What is kept.
pub(super) struct House {
    pub directory: Arc<Directory>,
    /// Whether the store can be read, for the road.
    pub store: Condition,
    pub health: Health,
    /// Turns true when the server drains: it is not ready any more.
    pub draining: watch::Receiver<bool>,
    /// Turns true when the workers are done.
    pub ended: watch::Receiver<bool>,
}

/// Keeps house until the server has ended. Without housekeeping nobody knows whether the snapshot still holds, so that
/// nothing is served any more.
pub(super) fn keep(house: House, admin_listener: TcpListener) {
    let _last_word = LastWord(house.store.clone());
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
    runtime.block_on(async {
        let House { directory, store, health, mut ended, .. } = house;
        let answering = admin::serve(admin_listener, health, ended.clone());
        let answering = async {
            if let Err(error) = answering.await {
                tracing::error!(%error, "the admin listener ended");
            }
            std::future::pending().await
        };
        tokio::select! {
            () = answering => {}
            () = confirm(directory.clone(), store) => {}
            () = flush(directory.clone()) => {}
            _ = ended.wait_for(|ended| *ended) => {}
        }
        stamp(&directory).await;
    });
    // A store that does not answer is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
}

/// However housekeeping ends, the store is not vouched for any more.
struct LastWord(Condition);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.fail("nobody keeps house");
    }
}

/// Asks the store, again and again, for its latest change, which the snapshot must show.
async fn confirm(directory: Arc<Directory>, store: Condition) {
    let mut ticks = interval(CONFIRM);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let asked = directory.clone();
        let mut answer = spawn_blocking(move || asked.confirm());
        let answer = match timeout(ANSWER, &mut answer).await {
            Ok(answer) => answer,
            Err(_) => {
                unreadable(&store, &"no answer in time");
                // It is asked again when it has answered this.
                answer.await
            }
        };
        match answer {
            Ok(Ok(sequence)) => {
                if !store.holds() {
                    tracing::info!("the store can be read again");
                }
                store.hold();
                SnapshotConfirmed { sequence: sequence.0, at: clock::now() }.emit();
            }
            Ok(Err(error)) => unreadable(&store, &error),
            Err(error) => unreadable(&store, &error),
        }
    }
}

fn unreadable(store: &Condition, error: &dyn Display) {
    if store.holds() {
        tracing::error!(%error, "the store cannot be read; requests are refused");
    }
    store.fail(error.to_string());
}

async fn flush(directory: Arc<Directory>) {
    let mut ticks = interval(FLUSH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        stamp(&directory).await;
    }
}

async fn stamp(directory: &Arc<Directory>) {
    let directory = directory.clone();
    let flush = move || directory.flush_last_used().and(directory.flush_accesses(clock::now()));
    match spawn_blocking(flush).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "stamps of last use are kept for later"),
        Err(error) => tracing::error!(%error, "writing stamps of last use panicked"),
    }
}
