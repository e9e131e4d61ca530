//! A PostgreSQL server of one's own, and databases on it.
//!
//! The server listens on a socket in a temporary folder and on a free port of the loopback address, and ends with whoever
//! started it. PostgreSQL refuses to run as root; root starts it as `nobody`.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use countersign::store::{MasterKey, PostgresStore, StoreError, SystemRandom, postgres::Database};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tempfile::TempDir;

/// A server, ended as it is dropped.
pub struct Server {
    child: Option<Child>,
    pub port: u16,
    folder: TempDir,
    /// How long its files may become, in blocks of 512 bytes: what is full is not written.
    pub file_blocks_max: Option<u32>,
    speaks_tls: bool,
}

/// The user `nobody`.
const NOBODY: u32 = 65534;

impl Server {
    /// Makes a cluster and starts it.
    pub fn start() -> Self {
        let mut server = Self::make();
        server.go_on();
        server
    }

    /// The same, of a server that speaks TLS with this certificate and key, both as PEM.
    pub fn start_with_tls(certificate: &str, key: &str) -> Self {
        let mut server = Self::make();
        server.speaks_tls = true;
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = server.data().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            if is_root() {
                chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        server.go_on();
        server
    }

    /// Makes a cluster; its log comes in files of 1 MiB.
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let server = Self { child: None, port: free_port(), folder, file_blocks_max: None, speaks_tls: false };
        let made = program("initdb")
            .args(["--auth=trust", "--username=countersign", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .args(["--wal-segsize=1", "-D"])
            .arg(server.data())
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "initdb");
        server
    }

    /// Starts it again where it was.
    pub fn go_on(&mut self) {
        let log = File::create(self.folder.path().join("log")).unwrap();
        let limit = self.file_blocks_max.map_or(String::new(), |blocks| format!("ulimit -f {blocks}; "));
        let child = by_whom(Command::new("sh"))
            .args(["-c", &format!("{limit}exec \"$0\" \"$@\"")])
            .arg(place("postgres"))
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"])
            .args(["-c", "shared_buffers=64MB", "-c", if self.speaks_tls { "ssl=on" } else { "ssl=off" }, "-c"])
            .arg(format!("unix_socket_directories={}", self.folder.path().display()))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.run("postgres", "SELECT 1").is_err() {
            assert!(Instant::now() < deadline, "{}", fs::read_to_string(self.folder.path().join("log")).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it at once: connections are cut.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // SIGINT is PostgreSQL's fast shutdown; whoever ignores it for long is killed.
        let pid = child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).status();
        let deadline = Instant::now() + Duration::from_secs(10);
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                let _ = child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Makes an empty database and returns its URL.
    pub fn database(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("d{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        self.url(&name)
    }

    /// The URL of a database.
    pub fn url(&self, name: &str) -> String {
        format!("postgresql://countersign@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs statements and returns the first column of their rows.
    pub fn run(&self, database: &str, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
        run(&self.url(database), sql)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs statements on a database and returns the first column of their rows.
pub fn run(url: &str, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let messages = client.simple_query(sql).await?;
        Ok(messages
            .into_iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .collect())
    })
}

/// The server of this process: started by whoever asks first, ended soon after the process.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Server::start();
        // Statics are not dropped: a shell outlives this process by a moment and cleans up.
        let pid = server.child.as_ref().unwrap().id();
        let script = format!(
            "while kill -0 {} 2>/dev/null; do sleep 0.2; done; kill -INT {pid}; \
             while kill -0 {pid} 2>/dev/null; do sleep 0.2; done; rm -rf '{}'",
            std::process::id(),
            server.folder.path().display()
        );
        #[expect(clippy::zombie_processes, reason = "it outlives this process")]
        Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        server
    })
}

/// TLS with those whom these authorities vouch for.
pub fn trusting(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// The store in a database of a server without TLS.
pub fn open(url: &str, master: u8) -> Result<PostgresStore, StoreError> {
    let master = MasterKey::parse(&format!("{master:02x}").repeat(32))?;
    Database::connect(url, trusting(RootCertStore::empty()))?.open(master, Arc::new(SystemRandom))
}

/// A program of PostgreSQL, by the user that it may run as.
fn program(name: &str) -> Command {
    by_whom(Command::new(place(name)))
}

/// Where a program of PostgreSQL is. Debian keeps them outside the path.
fn place(name: &str) -> PathBuf {
    let places = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut places: Vec<PathBuf> = places.map(|place| place.path().join("bin").join(name)).collect();
    places.sort();
    places.pop().filter(|path| path.exists()).unwrap_or_else(|| Path::new(name).to_owned())
}

fn by_whom(mut command: Command) -> Command {
    command.stdin(Stdio::null()).current_dir("/");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
