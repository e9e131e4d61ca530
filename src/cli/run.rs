//! What a running server listens for besides requests: signals, and changes of its configuration.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use tokio::{
    runtime::{self, Runtime},
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};

use super::{Failure, configuration, variables};
use crate::{config::Config, server::Server};

/// How often the configuration's files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Where a configuration comes from.
pub(super) struct Source {
    path: PathBuf,
    /// Files of which a change counts as one of the configuration.
    watched: Vec<PathBuf>,
    fixed: [(&'static str, String); 17],
}

impl Source {
    pub(super) fn new(path: PathBuf, config: &Config) -> Self {
        let mut watched = vec![path.clone()];
        watched.extend(config.tls.iter().flat_map(|tls| [tls.certificate.clone(), tls.key.clone()]));
        watched.extend(config.tls.iter().flat_map(|tls| [&tls.client_ca, &tls.client_crl]).flatten().cloned());
        watched.extend(config.organization_files.iter().cloned());
        watched.extend(config.oidc_files.iter().cloned());
        watched.extend(config.delegation_files.iter().cloned());
        watched.extend(config.ldap_files.iter().cloned());
        Self { path, watched, fixed: config.fixed() }
    }

    fn stamps(&self) -> Vec<Option<(SystemTime, u64)>> {
        let stamp = |path: &PathBuf| fs::metadata(path).and_then(|file| Ok((file.modified()?, file.len()))).ok();
        self.watched.iter().map(stamp).collect()
    }

    /// Loads the configuration anew. With any fault the present one stays.
    fn reload(&self, server: &Server) {
        let next = match configuration(&self.path, &variables()) {
            Ok(next) => next,
            Err(faults) => return tracing::error!("the configuration stays as it was: {faults}"),
        };
        for ((key, now), (_, next)) in self.fixed.iter().zip(next.fixed()) {
            if *now != next {
                tracing::warn!(key, "changed, which counts only after a restart");
            }
        }
        match server.reload(next) {
            Ok(()) => tracing::info!("configuration and certificates reloaded"),
            Err(error) => tracing::error!(%error, "the configuration stays as it was"),
        }
    }
}

/// The signals of a running server, listened for before anybody is told that it runs.
pub(super) struct Signals {
    runtime: Runtime,
    ending: Ending,
    hangup: Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, Failure> {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (ending, hangup) = {
            let _entered = runtime.enter();
            let ending =
                Ending { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
            (ending, signal(SignalKind::hangup())?)
        };
        Ok(Self { runtime, ending, hangup })
    }
}

/// Serves until SIGTERM or SIGINT, then drains. Either signal again ends the process at once. SIGHUP reloads the
/// configuration; without one to reload, the terminal is gone and with it the demo.
pub(super) fn until_ended(server: Server, signals: Signals, source: Option<Source>) {
    let Signals { runtime, mut ending, mut hangup } = signals;
    runtime.block_on(async {
        let mut stamps = source.as_ref().map(Source::stamps);
        loop {
            tokio::select! {
                () = ending.either() => return,
                _ = hangup.recv() => {}
                () = changed(source.as_ref(), stamps.as_ref()) => {}
            }
            let Some(source) = &source else { return };
            stamps = Some(source.stamps());
            source.reload(&server);
        }
    });
    tracing::info!("draining: no new connections, open requests end; the same signal again ends at once");
    runtime.spawn(async move {
        ending.either().await;
        std::process::exit(130);
    });
    server.drain();
    tracing::info!("ended");
    runtime.shutdown_background();
}

/// The signals that end the process.
struct Ending {
    terminate: Signal,
    interrupt: Signal,
}

impl Ending {
    async fn either(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits until the files are others than those stamped, and stay so for a moment: a file that is being written is left
/// alone until it is whole.
async fn changed(source: Option<&Source>, known: Option<&Vec<Option<(SystemTime, u64)>>>) {
    let Some(source) = source else { return std::future::pending().await };
    let mut last = None;
    loop {
        sleep(LOOK).await;
        let now = source.stamps();
        if Some(&now) != known && last.as_ref() == Some(&now) {
            return;
        }
        last = Some(now);
    }
}
