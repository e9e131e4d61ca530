//! The program as it is run: its verbs, its words, its signals.

mod account;
mod accounts;
mod demo;
mod operations;
mod secrets;
mod serve;
mod simulate;
mod words;

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// Longer than any step takes; a test that waits for it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A root access key as the environment fixes it.
const ROOT: [(&str, &str); 2] = [
    ("COUNTERSIGN_ROOT_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00"),
    ("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY", "root+secret/that+is/an+example/only00000"),
];

/// What a run that ended said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A command with an environment of its own, so that whatever the tests run in does not count.
fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env_clear().envs(variables.iter().copied()).stdin(Stdio::null());
    command
}

/// Runs the program to its end.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let done = command(arguments, variables).output().unwrap();
    let [out, err] = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    Said { code: done.status.code(), out, err }
}

/// A run that goes on until it is ended, by its process id.
struct Running {
    child: Child,
    logs: TempDir,
}

impl Running {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let logs = tempfile::tempdir().unwrap();
        let [out, err] = ["out", "err"].map(|name| File::create(logs.path().join(name)).unwrap());
        let child = command(arguments, variables).stdout(out).stderr(err).spawn().unwrap();
        Self { child, logs }
    }

    /// `demo` on free ports, ready.
    fn demo(data_dir: &Path, variables: &[(&str, &str)]) -> Self {
        let demo = Self::start(&["demo", "--listen", "127.0.0.1:0", "--data-dir", text(data_dir)], variables);
        demo.until("the banner", || demo.out().contains("Ctrl-C ends it."));
        demo
    }

    /// `serve`, ready.
    fn serve(config: &Path, variables: &[(&str, &str)]) -> Self {
        let serve = Self::start(&["serve", "--config", text(config)], variables);
        serve.until("it serves", || serve.err().contains("serving"));
        serve
    }

    /// What it wrote to standard output so far.
    fn out(&self) -> String {
        fs::read_to_string(self.logs.path().join("out")).unwrap()
    }

    /// What it logged so far.
    fn err(&self) -> String {
        fs::read_to_string(self.logs.path().join("err")).unwrap()
    }

    /// The word behind a label of the banner, or behind `name=` in the log.
    fn shown(&self, label: &str) -> String {
        let all = self.out() + &self.err();
        let behind = all.split_once(label).unwrap_or_else(|| panic!("no {label} in\n{all}")).1.trim_start();
        behind.split_whitespace().next().unwrap().trim_start_matches("http://").to_owned()
    }

    /// Waits until something holds, while the program runs.
    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let since = Instant::now();
        while !holds() {
            assert!(since.elapsed() < PATIENCE, "{what}\n{}\n{}", self.out(), self.err());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal, by the shell's own `kill`.
    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until it has ended by itself.
    fn ended(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end\n{}\n{}", self.out(), self.err());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it as an operator would.
    fn end(mut self) -> Said {
        self.signal("TERM");
        let code = self.ended().code();
        Said { code, out: self.out(), err: self.err() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole answer to a `GET`.
fn get(address: &str, path: &str) -> String {
    let address: SocketAddr = address.parse().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A configuration on free ports in front of a store that nobody runs.
fn configuration(dir: &Path) -> PathBuf {
    let path = dir.join("countersign.toml");
    let data = dir.join("data");
    let text = format!(
        "data_dir = {:?}\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nworkers = 1\n[[upstream]]\n\
         name = \"store\"\nurl = \"http://127.0.0.1:1\"\naccess_key_id = \"gateway\"\n\
         secret_access_key_variable = \"STORE\"\n",
        text(&data)
    );
    fs::write(&path, text).unwrap();
    path
}

/// Every file below a folder with what it holds.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => found.extend(files(&entry.path())),
            _ => found.push((entry.path(), fs::read(entry.path()).unwrap())),
        }
    }
    found.sort();
    found
}
