//! How far something long has come, for whoever waits at a terminal.

use std::io::{self, IsTerminal, Write};

use crate::{base::Timestamp, gateway::clock};

/// How often it is said.
const EVERY_SECONDS: i64 = 1;

/// Something long. Says nothing within its first second, and nothing at all where nobody reads it.
pub(super) struct Progress {
    what: &'static str,
    done: usize,
    all: Option<usize>,
    told: Timestamp,
    is_said: bool,
}

impl Progress {
    /// It begins; `all` is how much there is to do, where that is known.
    pub(super) fn new(what: &'static str, all: Option<usize>) -> Self {
        Self { what, done: 0, all, told: clock::now(), is_said: false }
    }

    /// So much more is done.
    pub(super) fn add(&mut self, done: usize) {
        self.done += done;
        let now = clock::now();
        if now.as_second() - self.told.as_second() < EVERY_SECONDS || !io::stderr().is_terminal() {
            return;
        }
        (self.told, self.is_said) = (now, true);
        let all = self.all.map_or(String::new(), |all| format!(" of {all}"));
        // Nobody reads it if the terminal is gone.
        let _ = write!(io::stderr(), "\r{}: {}{all}", self.what, self.done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_said {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
