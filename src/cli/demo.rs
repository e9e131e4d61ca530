//! `countersign demo`.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Args;
use toml::Value;

use super::{
    Failure,
    run::{self, Signals},
    variables,
};
use crate::{
    config::{self, root},
    gateway::clock,
    server::{
        Places, Server,
        embedded::{self, Embedded},
        state::{self, Made, Missing, State},
    },
    telemetry::log,
};

#[derive(Args)]
#[command(after_help = "Examples:
  countersign demo
  countersign demo --data-dir ./data --listen 0.0.0.0:9000
  countersign demo --upstream http://127.0.0.1:7480 --upstream-access-key K --upstream-secret-key S

COUNTERSIGN_ROOT_ACCESS_KEY_ID with COUNTERSIGN_ROOT_SECRET_ACCESS_KEY, and COUNTERSIGN_ACCOUNT_ID, fix what is \
otherwise made at random when the data folder is.")]
pub(super) struct Demo {
    /// Where clients connect; health and metrics are two ports above
    #[arg(long, default_value = "127.0.0.1:9000", value_name = "ADDR", value_parser = address)]
    listen: SocketAddr,
    /// Where everything is kept [default: a new temporary folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// An S3 server to stand in front of, instead of the embedded one
    #[arg(long, value_name = "URL", requires_all = ["upstream_access_key", "upstream_secret_key"])]
    upstream: Option<String>,
    /// The access key id towards it
    #[arg(long, value_name = "ID", requires = "upstream", env = "COUNTERSIGN_UPSTREAM_ACCESS_KEY")]
    upstream_access_key: Option<String>,
    /// The secret access key towards it
    #[arg(
        long,
        value_name = "SECRET",
        requires = "upstream",
        env = "COUNTERSIGN_UPSTREAM_SECRET_KEY",
        hide_env_values = true
    )]
    upstream_secret_key: Option<String>,
    /// The region of signatures towards it
    #[arg(long, value_name = "REGION", requires = "upstream", default_value = "us-east-1")]
    upstream_region: String,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "write an IP address and a port, as 127.0.0.1:9000 or [::]:9000")
}

/// The variable by which the upstream's secret reaches the configuration.
const SECRET: &str = "upstream secret access key of the demo";

impl Demo {
    pub(super) fn run(self) -> Result<(), Failure> {
        log::install(log::filter("warn,countersign=info")?, log::Format::Text);
        let variables = variables();
        let (given, account) = (root::key(&variables)?, root::account(&variables)?);
        let dir = self.data_dir()?;
        state::make_folder(&dir)?;
        let store = match &self.upstream {
            Some(_) => None,
            None => Some(embedded::start(&dir.join("objects"))?),
        };
        let (text, secret) = self.configuration(&dir, store.as_ref())?;
        let config = config::load(&text, &[(SECRET.to_owned(), secret)])?;
        let places = Places::take(&config)?;
        let had_key = given.as_ref().map(|key| key.id.to_string());
        let (state, made) =
            State::open(&dir, &config.store.place, &config.master_key, account, given, Missing::Make, clock::now())?;
        let account = state.account;
        let signals = Signals::listen()?;
        let server = Server::start(config, state, places)?;
        let behind = match &self.upstream {
            Some(url) => url.clone(),
            None => format!("embedded, files in {}", dir.join("objects").display()),
        };
        let key = match (&made, &had_key) {
            (Some(Made { key }), _) => Shown::New(key.id.as_str(), key.secret.expose()),
            (None, Some(id)) => Shown::Given(id),
            (None, None) => Shown::Former,
        };
        let facts = [
            ("S3, IAM, STS", format!("http://{}", server.address)),
            ("health, metrics", format!("http://{}", server.admin_address)),
            ("account", account.to_string()),
            ("store", behind),
            ("data", dir.display().to_string()),
        ];
        io::stdout()
            .write_all(banner(&facts, &format!("http://{}", reachable(server.address)), &key, &dir).as_bytes())?;
        io::stdout().flush()?;
        run::until_ended(server, signals, None);
        // Nobody reads it if the terminal is gone.
        let _ = writeln!(io::stdout(), "Ended. Go on with: countersign demo --data-dir {}", quoted(&dir));
        Ok(())
    }

    fn data_dir(&self) -> Result<PathBuf, Failure> {
        match &self.data_dir {
            Some(dir) => Ok(std::path::absolute(dir)?),
            None => Ok(tempfile::Builder::new().prefix("countersign-").tempdir()?.keep()),
        }
    }

    /// The demo is a configuration like any other; here it is, with the secret that it names.
    fn configuration(&self, dir: &Path, store: Option<&Embedded>) -> Result<(String, String), Failure> {
        let text = |text: &str| Value::from(text).to_string();
        let port = match self.listen.port() {
            0 => 0,
            port => port.checked_add(2).ok_or("--listen: leave two ports above for health and metrics")?,
        };
        let (url, id, secret, region) = match (store, &self.upstream) {
            (Some(store), _) => (
                format!("http://{}", store.address),
                store.access_key_id.clone(),
                store.secret.expose().to_owned(),
                "us-east-1",
            ),
            (None, Some(url)) => {
                let [id, secret] =
                    [&self.upstream_access_key, &self.upstream_secret_key].map(|text| text.clone().unwrap_or_default());
                (url.clone(), id, secret, self.upstream_region.as_str())
            }
            (None, None) => return Err("neither a store nor an upstream".into()),
        };
        let dir = dir.to_str().ok_or("the data folder's name is no UTF-8")?;
        let config = format!(
            "listen = {}\nadmin_listen = {}\ndata_dir = {}\n[[upstream]]\nname = {}\nurl = {}\nregion = {}\n\
             access_key_id = {}\nsecret_access_key_variable = {}\nkeys_are_file_paths = {}\n",
            text(&self.listen.to_string()),
            text(&SocketAddr::new(self.listen.ip(), port).to_string()),
            text(dir),
            text(if store.is_some() { "embedded" } else { "upstream" }),
            text(&url),
            text(region),
            text(&id),
            text(SECRET),
            store.is_some(),
        );
        Ok((config, secret))
    }
}

/// What there is to say of the root access key.
enum Shown<'a> {
    /// Made now: id and secret.
    New(&'a str, &'a str),
    /// Fixed by the environment: its id.
    Given(&'a str),
    /// Made when the data folder was.
    Former,
}

/// The address under which this machine reaches itself.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], v4.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], v6.port())),
        address => address,
    }
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
    if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn banner(facts: &[(&str, String)], endpoint: &str, key: &Shown<'_>, dir: &Path) -> String {
    let mut text = format!("Countersign {} is ready.\n\n", env!("CARGO_PKG_VERSION"));
    for (name, value) in facts {
        text.push_str(&format!("  {name:<17}{value}\n"));
    }
    let (about, id, secret) = match key {
        Shown::New(id, secret) => {
            ("The root access key, shown this once; paste it into another terminal:", *id, *secret)
        }
        Shown::Given(id) => (
            "The root access key is the one of COUNTERSIGN_ROOT_ACCESS_KEY_ID; paste:",
            *id,
            "$COUNTERSIGN_ROOT_SECRET_ACCESS_KEY",
        ),
        Shown::Former => (
            "The root access key was shown when this folder was made; COUNTERSIGN_ROOT_ACCESS_KEY_ID and\n\
             COUNTERSIGN_ROOT_SECRET_ACCESS_KEY set a new one. Paste:",
            "...",
            "...",
        ),
    };
    text.push_str(&format!(
        "\n{about}\n\n\
         \x20 export AWS_ACCESS_KEY_ID={id}\n\
         \x20 export AWS_SECRET_ACCESS_KEY={secret}\n\
         \x20 export AWS_DEFAULT_REGION=us-east-1\n\
         \x20 export AWS_ENDPOINT_URL={endpoint}\n\n\
         Try:\n\n\
         \x20 aws --endpoint-url $AWS_ENDPOINT_URL s3 mb s3://first\n\
         \x20 aws --endpoint-url $AWS_ENDPOINT_URL iam create-user --user-name ann\n\
         \x20 tail -n 2 {}/audit/*.jsonl\n\n\
         Ctrl-C ends it.\n",
        quoted(dir)
    ));
    text
}
