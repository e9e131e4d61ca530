//! Connections: made, kept while they are good, given up when they do not answer.
//!
//! The database is spoken to on a runtime of its own with one thread; whoever calls waits for it and may stand on any
//! thread that may block.

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use rustls::ClientConfig;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_postgres::{AsyncMessage, Client, Config, Error, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::errors::refused;
use crate::store::{ErrorKind, StoreError};

type Done<T = ()> = Result<T, StoreError>;

/// How long a connection may take to be made, and a statement to be answered.
pub(super) const ANSWER: Duration = Duration::from_secs(5);
/// How long to wait for a connection that others have.
const TURN: Duration = Duration::from_secs(5);
/// How many connections there are at most, without the one that listens.
const LINKS_MAX: usize = 8;
/// How long to wait before listening is tried again.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// What is set for each connection. A node that vanishes in the midst of a unit of work must not hold up all others.
const SESSION: &str = "SET lock_timeout = '4s'; SET idle_in_transaction_session_timeout = '10s'";
/// A commit that is told must survive a crash of the database, whatever else its sessions do.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
                       WHERE current_setting('synchronous_commit') = 'off'";

/// Of hints, which `NOTIFY` sends on this channel.
const LISTEN: &str = "LISTEN countersign_change";

/// A database and the connections to it.
pub(super) struct Links {
    config: Config,
    tls: MakeRustlsConnect,
    runtime: Option<Runtime>,
    handle: Handle,
    pool: Mutex<Pool>,
    freed: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Link>,
    out: usize,
}

/// A connection.
pub(super) struct Link {
    pub client: Client,
    task: JoinHandle<()>,
    statements: HashMap<String, Statement>,
}

impl Drop for Link {
    fn drop(&mut self) {
        // A server that does not answer is not told goodbye.
        self.task.abort();
    }
}

impl Links {
    /// No connection is made yet.
    pub(super) fn new(url: &str, tls: ClientConfig) -> Done<Self> {
        // The cause may hold a piece of the password.
        let mut config: Config = url
            .parse()
            .map_err(|_| StoreError::new(ErrorKind::Unavailable, "the URL of the store is no URL of PostgreSQL"))?;
        config.connect_timeout(ANSWER);
        if config.get_application_name().is_none() {
            config.application_name("countersign");
        }
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("postgres").enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::new(ErrorKind::Unavailable, error))?;
        let handle = runtime.handle().clone();
        let (tls, pool) = (MakeRustlsConnect::new(tls), Mutex::default());
        Ok(Self { config, tls, runtime: Some(runtime), handle, pool, freed: Condvar::new() })
    }

    /// Waits for an answer of the database.
    pub(super) fn wait<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Done<T> {
        self.wait_for(ANSWER, answer)?.map_err(|error| refused(&error))
    }

    /// Waits for anything.
    pub(super) fn wait_for<T>(&self, time: Duration, answer: impl Future<Output = T>) -> Done<T> {
        let _entered = self.handle.enter();
        let answer = futures_executor::block_on(async { timeout(time, answer).await });
        answer.map_err(|_| StoreError::new(ErrorKind::Unavailable, "the database did not answer in time"))
    }

    /// A connection of one's own.
    pub(super) fn take(&self) -> Done<Link> {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut pool, waited) = self
            .freed
            .wait_timeout_while(pool, TURN, |pool| pool.out >= LINKS_MAX)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(StoreError::new(ErrorKind::Unavailable, "all connections to the database are in use"));
        }
        pool.out += 1;
        while let Some(link) = pool.idle.pop() {
            if !link.client.is_closed() {
                return Ok(link);
            }
        }
        drop(pool);
        self.connect().inspect_err(|_| self.free(None))
    }

    /// Takes a connection back; one that is not good any more is not given.
    pub(super) fn free(&self, link: Option<Link>) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.out = pool.out.saturating_sub(1);
        pool.idle.extend(link.filter(|link| !link.client.is_closed()));
        self.freed.notify_one();
    }

    /// Closes the connections that nobody uses: they were made to a server that has gone since.
    pub(super) fn forget(&self) {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).idle.clear();
    }

    fn connect(&self) -> Done<Link> {
        let (client, connection) = self.wait(self.config.connect(self.tls.clone()))?;
        let task = self.handle.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
        let link = Link { client, task, statements: HashMap::new() };
        self.wait(link.client.batch_execute(SESSION))?;
        if let Err(error) = self.wait(link.client.batch_execute(DURABLE)) {
            tracing::debug!(%error, "the database knows no synchronous_commit");
        }
        Ok(link)
    }

    /// Listens for hints from now on, as long as anybody has the receiver.
    pub(super) fn listen(&self) -> watch::Receiver<()> {
        let (hints, hinted) = watch::channel(());
        let (config, tls) = (self.config.clone(), self.tls.clone());
        self.handle.spawn(async move {
            while !hints.is_closed() {
                if let Err(error) = hear(&config, tls.clone(), &hints).await {
                    tracing::debug!(%error, "no hints of the database; its changes are found by asking");
                }
                sleep(LISTEN_AGAIN).await;
            }
        });
        hinted
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).idle.clear();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Passes hints on until the connection ends.
async fn hear(config: &Config, tls: MakeRustlsConnect, hints: &watch::Sender<()>) -> Result<(), Error> {
    let (client, mut connection) = config.connect(tls).await?;
    let messages = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if matches!(message?, AsyncMessage::Notification(_)) {
                hints.send_replace(());
            }
        }
        Ok(())
    };
    let listening = async {
        client.batch_execute(LISTEN).await?;
        // What was changed before it listened.
        hints.send_replace(());
        hints.closed().await;
        Ok(())
    };
    tokio::select! {
        done = messages => done,
        done = listening => done,
    }
}

impl Link {
    /// A statement, prepared; `?1` stands for the first parameter.
    pub(super) fn statement(&mut self, links: &Links, sql: &str) -> Done<Statement> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = links.wait(self.client.prepare(&sql.replace('?', "$")))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}
