//! Which account is meant: that of a running server, or of a data folder without one.
//!
//! Either way it is IAM's API that is called, on the road of any other call. For a data folder a server is started for
//! as long as that takes, on loopback and with nothing behind it, and root signs.

use std::path::{Path, PathBuf};

use clap::Args;
use toml::Value;

use super::client::{Client, Credentials};
use crate::{
    base::SecretKey,
    cli::{Failure, configuration, variables},
    config::{self, MasterKeySource, Url, root},
    gateway::{clock, upstream::Address},
    server::{
        Places, Server,
        state::{Missing, State, StateError},
        tls,
    },
    store::{ErrorKind, KeyOwner, KeyStatus, StoreError},
    telemetry::log,
};

#[derive(Args)]
pub(super) struct Place {
    /// The endpoint of a running server; credentials are those of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
    /// AWS_SESSION_TOKEN [default: AWS_ENDPOINT_URL_IAM, else AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL", conflicts_with_all = ["data_dir", "config"])]
    endpoint: Option<String>,
    /// The authorities to trust for an https endpoint, PEM [default: AWS_CA_BUNDLE, else the system's]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// A data folder, while no server runs on it
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The configuration whose data_dir, account_id and master_key count, while its server does not run
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// An account that can be worked on.
pub(super) struct Connected {
    pub(super) client: Client,
    /// Its twelve digits.
    pub(super) account: String,
    /// The ARN of who signs.
    pub(super) caller: String,
    server: Option<Server>,
}

/// The variable by which the secret towards the store that is not there reaches the configuration.
const SECRET: &str = "secret of a store that is never asked";

impl Place {
    /// Connects, and learns who calls.
    pub(super) fn connect(&self) -> Result<Connected, Failure> {
        let variables = variables();
        let said = |name: &str| {
            let found = variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            found.filter(|value| !value.is_empty())
        };
        let (client, server) = if self.data_dir.is_some() || self.config.is_some() {
            let (client, server) = self.folder(variables.clone())?;
            (client, Some(server))
        } else {
            let url =
                self.endpoint.clone().or_else(|| said("AWS_ENDPOINT_URL_IAM")).or_else(|| said("AWS_ENDPOINT_URL"));
            let url =
                url.ok_or("name a running server with --endpoint, or a data folder without one with --data-dir")?;
            let credential = |name| said(name).ok_or_else(|| format!("{name} is not set; who calls {url}?"));
            let credentials = Credentials {
                access_key_id: credential("AWS_ACCESS_KEY_ID")?,
                secret: SecretKey::new(credential("AWS_SECRET_ACCESS_KEY")?),
                session_token: said("AWS_SESSION_TOKEN"),
            };
            let ca_file = self.ca_file.clone().or_else(|| said("AWS_CA_BUNDLE").map(PathBuf::from));
            (Client::new(address(&url, ca_file.as_deref())?, credentials)?, None)
        };
        let who = client.call("GetCallerIdentity", &[])?;
        let [account, caller] = ["Account", "Arn"].map(|name| who.said(name).to_owned());
        Ok(Connected { client, account, caller, server })
    }

    fn folder(&self, mut variables: Vec<(String, String)>) -> Result<(Client, Server), Failure> {
        let dir = self.data_dir.as_ref().map(std::path::absolute).transpose()?;
        if let (Some(dir), Some(_)) = (&dir, &self.config) {
            variables.push(("COUNTERSIGN_DATA_DIR".into(), utf8(dir)?.to_owned()));
        }
        let theirs = self.config.as_ref().map(|path| configuration(path, &variables)).transpose()?;
        let dir =
            theirs.as_ref().map(|theirs| theirs.data_dir.clone()).or(dir).ok_or("name a folder with --data-dir")?;
        let text = format!(
            "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nworkers = 1\ndata_dir = {}\n[[upstream]]\n\
             name = \"nothing\"\nurl = \"http://127.0.0.1:1\"\naccess_key_id = \"nobody\"\n\
             secret_access_key_variable = {}\n",
            Value::from(utf8(&dir)?),
            Value::from(SECRET),
        );
        let mut config = config::load(&text, &[(SECRET.to_owned(), "nothing".to_owned())])?;
        let (master_key, account) = match theirs {
            Some(theirs) => {
                config.organization = theirs.organization;
                config.store = theirs.store;
                (theirs.master_key, theirs.account_id)
            }
            None => (MasterKeySource::File(dir.join("master.key")), root::account(&variables)?),
        };
        log::install(log::filter("warn")?, log::Format::Text);
        let places = Places::take(&config)?;
        let given = root::key(&variables)?;
        let (state, _) =
            State::open(&dir, &config.store.place, &master_key, account, given, Missing::Refuse, clock::now())
                .map_err(hinted)?;
        let account = state.account;
        let key = state.directory.read(|work| {
            let keys = work.access_keys(account, &KeyOwner::Root)?;
            let usable = keys.iter().find(|key| key.status == KeyStatus::Active);
            usable.map_or(Ok::<_, StoreError>(None), |key| work.open_access_key(&key.id))
        })?;
        let key = key.ok_or(
            "root has no access key that could sign; set COUNTERSIGN_ROOT_ACCESS_KEY_ID and \
             COUNTERSIGN_ROOT_SECRET_ACCESS_KEY to give it one",
        )?;
        let credentials =
            Credentials { access_key_id: key.key.id.to_string(), secret: key.secret, session_token: None };
        let server = Server::start(config, state, places)?;
        let address = Address { host: server.address.ip().to_string(), port: server.address.port(), tls: None };
        Ok((Client::new(address, credentials)?, server))
    }
}

impl Connected {
    /// Lets go of it: a data folder's server writes its last records.
    pub(super) fn end(self) {
        if let Some(server) = self.server {
            drop(self.client);
            server.drain();
        }
    }
}

/// Where an endpoint is.
fn address(url: &str, ca_file: Option<&Path>) -> Result<Address, Failure> {
    let parsed = Url::parse(url.trim_end_matches('/'));
    let parsed =
        parsed.ok_or_else(|| format!("`{url}` is no endpoint; write http://host:port or https://host:port"))?;
    let tls = if parsed.tls { Some(tls::client(ca_file)?) } else { None };
    Ok(Address { host: parsed.host, port: parsed.port, tls })
}

fn utf8(dir: &Path) -> Result<&str, Failure> {
    Ok(dir.to_str().ok_or("the data folder's name is no UTF-8")?)
}

/// A folder that a server has is worked on through that server.
fn hinted(error: StateError) -> Failure {
    match &error {
        StateError::Store(store) if store.kind == ErrorKind::Unavailable => format!(
            "{error}; if a server runs on it, call that: --endpoint URL, with AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY"
        )
        .into(),
        _ => error.into(),
    }
}
