//! A server in this process, with identities made directly in its store.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use countersign::{
    base::{AccessKeyId, AccountId, SecretKey, Timestamp},
    config::{self, Config, Faults},
    server::{
        Places, Server,
        state::{Missing, State},
    },
    session::Sessions,
    store::{
        AccessKey, Directory, Identity, IdentityKind, InlinePolicy, KeyOwner, KeyStatus, MasterKey, StoreError,
        directory::RootKey,
    },
};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    client::{PATIENCE, Request, Response, Wire, send},
    signer::{Key, Signer},
    upstream::Upstream,
};

pub const ACCOUNT: &str = "123456789012";
pub const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
pub const DENY_ALL: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

const ROOT: (&str, &str) = ("AKIAROOT000000000001", "the secret of root");
const UPSTREAM: (&str, &str) = ("UPSTREAMKEY000000001", "the secret of the upstream");

/// A running gateway; ends when it is dropped.
pub struct Gateway {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub dir: TempDir,
    /// What is kept, for what no operation makes.
    pub directory: Arc<Directory>,
    /// What makes and opens session tokens.
    pub sessions: Arc<Sessions>,
    server: Option<Server>,
}

/// Makes another state of the one in a data folder.
pub type Wrap<'a> = &'a dyn Fn(State, &Path) -> State;

/// What a gateway is started with besides its upstream.
#[derive(Default)]
pub struct Setup<'a> {
    /// Keys as variables name them, over the defaults below: `LIMITS__IDLE_SECONDS`.
    pub keys: &'a [(&'a str, &'a str)],
    /// Further `[[upstream]]` tables.
    pub tables: &'a str,
    /// Prepares the data folder.
    pub prepare: Option<&'a dyn Fn(&Path)>,
    /// Puts something between the store and its directory.
    pub wrap: Option<Wrap<'a>>,
}

impl Gateway {
    pub fn start(upstream: &Upstream) -> Self {
        Self::start_with(upstream, &Setup::default())
    }

    pub fn start_with(upstream: &Upstream, setup: &Setup<'_>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        if let Some(prepare) = setup.prepare {
            prepare(dir.path());
        }
        let config = config(dir.path(), upstream.address, setup);
        let root = RootKey { id: AccessKeyId::parse(ROOT.0).unwrap(), secret: SecretKey::new(ROOT.1.into()) };
        let account = config.account_id;
        let now = Timestamp::now();
        let opened =
            State::open(dir.path(), &config.store.place, &config.master_key, account, Some(root), Missing::Make, now);
        let mut state = opened.unwrap().0;
        if let Some(wrap) = setup.wrap {
            state = wrap(state, dir.path());
        }
        let (directory, sessions) = (state.directory.clone(), state.sessions.clone());
        let places = Places::take(&config).unwrap();
        let server = Server::start(config, state, places).unwrap();
        Self { address: server.address, admin: server.admin_address, dir, directory, sessions, server: Some(server) }
    }

    /// Takes a changed setup, as a reload does.
    pub fn reload(&self, upstream: &Upstream, setup: &Setup<'_>) -> Result<(), String> {
        let config = load(self.dir.path(), upstream.address, setup).map_err(|faults| faults.to_string())?;
        self.server.as_ref().unwrap().reload(config).map_err(|error| error.to_string())
    }

    /// A new user with an inline policy, or without.
    pub fn user(&self, name: &str, policy: Option<&str>) -> Key {
        self.user_of(ACCOUNT, name, policy)
    }

    /// A new user of an account, which is made if it is not there.
    pub fn user_of(&self, account: &str, name: &str, policy: Option<&str>) -> Key {
        let (id, created) = (format!("AIDA{name}"), Timestamp::now());
        let key = Key::new(&format!("AKIA{name:0>16}"), &format!("the secret of {name}"));
        let account: AccountId = account.parse().unwrap();
        self.directory.ensure_account(account, None, created).unwrap();
        let user = Identity {
            kind: IdentityKind::User,
            account,
            id: (*id).into(),
            name: name.into(),
            path: "/".into(),
            created,
        };
        let access_key = AccessKey {
            id: AccessKeyId::parse(&key.id).unwrap(),
            account,
            owner: KeyOwner::User((*id).into()),
            status: KeyStatus::Active,
            created,
            last_used: None,
        };
        let written = self.directory.write(|work| {
            work.add_identity(&user)?;
            work.add_access_key(&access_key, &SecretKey::new(key.secret.clone()))?;
            if let Some(document) = policy {
                work.put_inline_policy(&id, &InlinePolicy { name: "p".into(), document: document.into() })?;
            }
            Ok::<_, StoreError>(())
        });
        written.unwrap();
        key
    }

    /// Makes a key unusable.
    pub fn revoke_key(&self, key: &Key) {
        let id = AccessKeyId::parse(&key.id).unwrap();
        self.directory.write(|work| work.set_access_key_status(&id, KeyStatus::Inactive)).unwrap();
    }

    /// Deletes the policy of a user.
    pub fn revoke_policy(&self, name: &str) {
        assert!(self.directory.write(|work| work.delete_inline_policy(&format!("AIDA{name}"), "p")).unwrap());
    }

    /// The identities, as the server works on them.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    pub fn root(&self) -> Key {
        Key::new(ROOT.0, ROOT.1)
    }

    /// The key that upstream requests are signed with.
    pub fn upstream_key() -> Key {
        Key::new(UPSTREAM.0, UPSTREAM.1)
    }

    /// Signs a request and sends it.
    pub fn send(&self, signer: &Signer, request: Request) -> Response {
        send(self.address, &self.signed(signer, request))
    }

    /// A request with its host and its signature.
    pub fn signed(&self, signer: &Signer, request: Request) -> Request {
        let mut request = self.addressed(request);
        signer.sign(&mut request);
        request
    }

    /// A request with its host.
    pub fn addressed(&self, request: Request) -> Request {
        match request.value("host") {
            Some(_) => request,
            None => request.header("host", self.address.to_string()),
        }
    }

    /// An answer of the admin listener.
    pub fn admin(&self, path: &str) -> Response {
        send(self.admin, &Request::new("GET", path).header("host", "admin").header("connection", "close"))
    }

    pub fn wire(&self) -> Wire {
        Wire::open(self.address)
    }

    /// The one record of a request, which may come some time after its answer.
    pub fn record(&self, response: &Response) -> Value {
        let id = response.id();
        let of = || self.records().into_iter().filter(|record| record["requestID"] == id).collect::<Vec<_>>();
        until("the request is recorded", || !of().is_empty());
        let mut found = of();
        assert_eq!(found.len(), 1, "{found:#?}");
        found.pop().unwrap()
    }

    /// All records so far.
    pub fn records(&self) -> Vec<Value> {
        records(&self.dir.path().join("audit"))
    }

    /// Ends the server; returns all its records.
    pub fn end(mut self) -> Vec<Value> {
        self.server.take().unwrap().drain();
        self.records()
    }

    /// Gives the server away, to drain it by hand.
    pub fn take_server(&mut self) -> Server {
        self.server.take().unwrap()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.drain();
        }
    }
}

/// The master key of a data folder.
pub fn master_key(dir: &Path) -> MasterKey {
    MasterKey::parse(fs::read_to_string(dir.join("master.key")).unwrap().trim()).unwrap()
}

fn config(dir: &Path, upstream: SocketAddr, setup: &Setup<'_>) -> Config {
    load(dir, upstream, setup).unwrap_or_else(|faults| panic!("{faults}"))
}

fn load(dir: &Path, upstream: SocketAddr, setup: &Setup<'_>) -> Result<Config, Faults> {
    let text = format!(
        r#"
        listen = "127.0.0.1:0"
        admin_listen = "127.0.0.1:0"
        data_dir = "{}"
        account_id = "{ACCOUNT}"
        workers = 2

        [limits]
        head_seconds = 5
        idle_seconds = 5
        drain_seconds = 5

        [audit]
        interval_milliseconds = 10

        [[upstream]]
        name = "store"
        url = "http://{upstream}"
        access_key_id = "{}"
        secret_access_key_variable = "UPSTREAM_SECRET"
        region = "eu-test-1"
        connect_seconds = 2
        head_seconds = 5
        idle_seconds = 5

        {}
        "#,
        dir.display(),
        UPSTREAM.0,
        setup.tables
    );
    let keys = setup.keys.iter().map(|(name, value)| (format!("COUNTERSIGN_{name}"), (*value).to_owned()));
    let variables: Vec<_> = keys.chain([("UPSTREAM_SECRET".to_owned(), UPSTREAM.1.to_owned())]).collect();
    config::load(&text, &variables)
}

fn records(dir: &Path) -> Vec<Value> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl") && path.is_file());
    files.sort();
    let text: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    // A line that is being written is not whole yet.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until something holds that is bound to.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "it never came about that {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
