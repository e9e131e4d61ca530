//! LDAP: people of a directory take roles with their password. An extension: AWS has no such operation; MinIO has, and its
//! clients work unchanged (`AssumeRoleWithLDAPIdentity`).
//! Sources: RFC 4511, 4513, 4514, 4515; the documentation of MinIO, "AssumeRoleWithLDAPIdentity".
//!
//! Off, and answered like an operation that is not offered, unless `ldap.url` is configured.
//!
//! ## What is believed
//!
//! - The directory is asked over TLS, at once (`ldaps://`) or by StartTLS, and its certificate is checked for the host of
//!   `ldap.url`. Only a directory on this machine can be asked in plain text, if `ldap.start_tls` is false.
//! - An account of our own searches for the user below `ldap.user_base`. One entry has to fit; none or two are refused.
//!   What callers say is a value of the parsed filter, never a part of its text.
//! - Then the directory judges the password, by a bind as the entry that was found. An empty password is never sent: with it
//!   a directory binds nobody, and says that all is well.
//! - The name that counts is the entry's own, its `ldap.user_attribute`: it becomes the session's name, however a caller
//!   spelled it.
//! - Groups are the entries that `ldap.group_filter` finds below `ldap.group_base`. Of more than 1,000 none is believed.
//! - The first `[[ldap.role]]` that fits the user or one of the groups says which role is taken. Names are compared as
//!   directories do ([`Dn`]). The role's trust policy has to allow it, too.
//! - After `ldap.failures_max` wrong passwords within `ldap.failures_seconds` a user is refused without asking, known or not.
//! - Whether a name is known is not told, and cannot be measured by what a directory is asked: where there is nobody to bind as,
//!   our own account is bound a second time, with its own password, and then the caller is refused. A bind that fails would
//!   not do: as an entry that does not exist it costs a directory no password's digest, as one that does exist it counts
//!   towards a lock. So no account is ever locked for a name that somebody made up, and the caller's password goes nowhere.
//!   What is left is how long a directory takes for a right password and for a wrong one of different accounts: our account's
//!   password has to be kept in the same form as people's, and a directory must not delay its refusals.
//! - An answer takes `ldap.answer_seconds` at most, for everything together, and 64 calls wait for answers at most.
//!
//! Other directories that one refers to are not asked, aliases are not followed.
//!
//! ## Recipe
//!
//! ```toml
//! [ldap]
//! url = "ldaps://ldap.example.com"
//! bind_dn = "cn=countersign,ou=services,dc=example,dc=com"
//! bind_password_file = "/etc/countersign/ldap.password"
//! user_base = "ou=people,dc=example,dc=com"
//! user_filter = "(&(objectClass=inetOrgPerson)(uid=%s))"
//! group_base = "ou=groups,dc=example,dc=com"
//!
//! [[ldap.role]]
//! group = "cn=ops,ou=groups,dc=example,dc=com"
//! role = "arn:aws:iam::111122223333:role/operator"
//! ```
//!
//! For Active Directory: `user_filter = "(&(objectClass=user)(sAMAccountName=%s))"`, `user_attribute = "sAMAccountName"`,
//! `group_filter = "(&(objectClass=group)(member:1.2.840.113556.1.4.1941:=%d))"`, which finds groups in groups, too.
//!
//! The role trusts the directory, and maybe only some of its people:
//!
//! ```json
//! {"Version": "2012-10-17", "Statement": [{
//!   "Effect": "Allow", "Action": "sts:AssumeRoleWithLDAPIdentity",
//!   "Principal": {"Federated": "arn:aws:iam::111122223333:ldap-provider/default"},
//!   "Condition": {"ForAnyValue:StringEquals": {"ldap:groups": "cn=ops,ou=groups,dc=example,dc=com"}}}]}
//! ```
//!
//! Conditions may ask for `ldap:user`, `ldap:dn` and `ldap:groups`, as the directory writes them, in the trust policy and in
//! every policy that the session meets later. Records of the call have a `userIdentity` of type `LdapUser`.
//!
//! ```sh
//! curl -d Action=AssumeRoleWithLDAPIdentity -d Version=2011-06-15 -d LDAPUsername=ann --data-urlencode LDAPPassword@- \
//!     https://s3.example.com
//! ```

mod ber;
pub mod client;
mod failures;
pub mod filter;
pub mod message;
mod refusal;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::CertificateDer;
use tokio::{runtime::Builder, time::timeout};

use self::{
    client::{Connection, Found},
    filter::Put,
    message::{INVALID_CREDENTIALS, Outcome, SUCCESS, Search},
};
pub use self::{
    failures::{Allowance, Failures},
    filter::Filter,
    refusal::Refusal,
};
use super::Dn;
use crate::base::{Arn, SecretKey, Timestamp};

/// The most calls that wait for the directory: each holds a thread that other calls could use.
const WAITING_MAX: usize = 64;
/// The most groups of a user.
const GROUPS_MAX: u32 = 1_000;
/// No attributes. Source: RFC 4511, section 4.5.1.8.
const NO_ATTRIBUTES: &str = "1.1";

/// How the way to the directory is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte.
    Tls,
    /// TLS after a request for it.
    StartTls,
    /// Not at all.
    None,
}

/// The directory, and what its people may take.
pub struct Settings {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub encryption: Encryption,
    /// Whose certificates are trusted.
    pub tls: Arc<ClientConfig>,
    /// The account that searches.
    pub bind_dn: String,
    /// Its password.
    pub bind_password: SecretKey,
    /// Below which entry people are.
    pub user_base: String,
    /// Which of them one is, with a place for the name.
    pub user_filter: Filter,
    /// The attribute that holds the name.
    pub user_attribute: String,
    /// Below which entry groups are, and which of them are a user's.
    pub groups: Option<(String, Filter)>,
    /// The longest that everything may take.
    pub answer_time: Duration,
    /// How many passwords may be wrong.
    pub failures: Allowance,
    /// Who takes which role, in order.
    pub roles: Vec<Rule>,
}

/// Who takes a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Whom it is for.
    pub who: Who,
    /// The role.
    pub role: Arn,
}

/// Whom a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// One entry.
    User(Dn),
    /// The members of a group.
    Group(Dn),
}

/// Somebody whom the directory proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name, as the directory has it.
    pub name: String,
    /// The entry's name.
    pub dn: String,
    /// Those of the groups.
    pub groups: Vec<String>,
}

/// The directory, if there is one, and what is remembered of it over changes of the configuration.
#[derive(Default)]
pub struct Ldap {
    settings: ArcSwapOption<Settings>,
    failures: Failures,
    waiting: AtomicUsize,
}

impl Settings {
    /// The role of somebody: that of the first rule that fits.
    pub fn role_of(&self, person: &Person) -> Option<&Arn> {
        let user = Dn::parse(&person.dn);
        let groups: Vec<Dn> = person.groups.iter().filter_map(|group| Dn::parse(group)).collect();
        let fits = |rule: &&Rule| match &rule.who {
            Who::User(dn) => user.as_ref() == Some(dn),
            Who::Group(dn) => groups.contains(dn),
        };
        self.roles.iter().find(fits).map(|rule| &rule.role)
    }
}

impl Ldap {
    /// With a directory, or without.
    pub fn new(settings: Option<Settings>) -> Self {
        Self { settings: ArcSwapOption::from_pointee(settings), ..Self::default() }
    }

    /// Takes another directory, or none.
    pub fn set(&self, settings: Option<Settings>) {
        self.settings.store(settings.map(Arc::new));
    }

    /// The directory; `None` if none is configured.
    pub fn settings(&self) -> Option<Arc<Settings>> {
        self.settings.load_full()
    }

    /// Asks the directory for somebody. Blocks: never call it on a thread that serves others.
    ///
    /// # Errors
    /// The check that refuses.
    pub fn prove(&self, settings: &Settings, name: &str, password: &str, now: Timestamp) -> Result<Person, Refusal> {
        if name.is_empty() {
            return Err(Refusal::NoName);
        }
        if password.is_empty() {
            return Err(Refusal::NoPassword);
        }
        let _place = Place::take(&self.waiting).ok_or(Refusal::Busy)?;
        let tries = Tries { failures: &self.failures, allowance: settings.failures, now };
        let said = format!("name {name}");
        tries.begin(&said)?;
        let own = |error: std::io::Error| Refusal::Unreachable(error.to_string());
        let proven = Builder::new_current_thread().enable_all().build().map_err(own).and_then(|runtime| {
            let asked =
                runtime.block_on(async { timeout(settings.answer_time, ask(settings, name, password, &tries)).await });
            // A name of a host that does not resolve is not waited for.
            runtime.shutdown_background();
            let late = || Refusal::Unreachable(format!("no answer within {} s", settings.answer_time.as_secs_f32()));
            asked.unwrap_or_else(|_| Err(late()))
        });
        tries.end(&said, &proven);
        if let Err(refusal @ (Refusal::Unreachable(_) | Refusal::Misconfigured(_))) = &proven {
            tracing::warn!(%refusal, "a directory does not prove anybody");
        }
        proven
    }
}

async fn ask(settings: &Settings, name: &str, password: &str, tries: &Tries<'_>) -> Result<Person, Refusal> {
    let mut connection = Connection::open(settings).await?;
    look_up(&mut connection, settings).await?;
    let found = user(&mut connection, settings, name).await;
    // However it is spelled, it is one entry.
    let entry = |dn: &str| format!("entry {dn}");
    let found = found.and_then(|(dn, name)| match tries.begin(&entry(&dn)) {
        Ok(()) => Ok((dn, name)),
        Err(_) => Err(Refusal::TooManyOfEntry),
    });
    if found.as_ref().is_err_and(Refusal::is_of_nobody) {
        // In the place of the bind that judges a password: see above, "What is believed".
        look_up(&mut connection, settings).await?;
    }
    let (dn, name) = found?;
    let judged = judge(&mut connection, &dn, password).await;
    tries.end(&entry(&dn), &judged);
    judged?;
    let mut groups = Vec::new();
    if let Some((base, filter)) = &settings.groups {
        look_up(&mut connection, settings).await?;
        let search =
            Search { entries_max: GROUPS_MAX, ..searching(settings, base, filter, Put { name: &name, dn: &dn }) };
        let Found { entries, is_cut } = connection.search(&search).await?;
        // With some of the groups missing, what is denied to their members would be allowed.
        if is_cut {
            return Err(Refusal::Groups);
        }
        groups = entries.into_iter().map(|entry| entry.dn).collect();
    }
    connection.close().await;
    Ok(Person { name, dn, groups })
}

/// Binds as the account that searches.
async fn look_up(connection: &mut Connection, settings: &Settings) -> Result<(), Refusal> {
    match connection.bind(&settings.bind_dn, settings.bind_password.expose()).await? {
        Outcome { code: SUCCESS, .. } => Ok(()),
        Outcome { code, message } => {
            Err(Refusal::Misconfigured(format!("the directory refuses ldap.bind_dn with code {code} {message}")))
        }
    }
}

/// The one entry of a name, and the name that it has itself.
async fn user(connection: &mut Connection, settings: &Settings, name: &str) -> Result<(String, String), Refusal> {
    let search = searching(settings, &settings.user_base, &settings.user_filter, Put { name, dn: "" });
    let Found { mut entries, is_cut } = connection.search(&search).await?;
    let entry = entries.pop().ok_or(Refusal::Unknown)?;
    if is_cut || !entries.is_empty() {
        return Err(Refusal::Several);
    }
    let values = entry.attributes.iter().filter(|(known, _)| known.eq_ignore_ascii_case(&settings.user_attribute));
    let values: Vec<&Vec<u8>> = values.flat_map(|(_, values)| values).collect();
    let own = match *values {
        [one] => String::from_utf8(one.clone()).ok().filter(|own| !own.is_empty()),
        _ => None,
    };
    let own = own.ok_or_else(|| Refusal::Attribute(settings.user_attribute.clone()))?;
    if entry.dn.is_empty() { Err(Refusal::Unknown) } else { Ok((entry.dn, own)) }
}

/// Has the directory judge a password.
async fn judge(connection: &mut Connection, dn: &str, password: &str) -> Result<(), Refusal> {
    match connection.bind(dn, password).await? {
        Outcome { code: SUCCESS, .. } => Ok(()),
        Outcome { code: INVALID_CREDENTIALS, .. } => Err(Refusal::Password),
        outcome if outcome.is_passing() => Err(Refusal::Unreachable(format!("it answers code {}", outcome.code))),
        Outcome { code, message } => Err(Refusal::Bind(code, message)),
    }
}

/// A search for two entries at most, and for the name of a user where people are searched for.
fn searching<'a>(settings: &'a Settings, base: &'a str, filter: &'a Filter, with: Put<'a>) -> Search<'a> {
    let attribute = if with.dn.is_empty() { settings.user_attribute.as_str() } else { NO_ATTRIBUTES };
    let seconds_max = u32::try_from(settings.answer_time.as_secs()).unwrap_or_default();
    Search { base, filter, with, entries_max: 2, seconds_max, attribute }
}

/// TLS towards a directory: with these authorities, or with the system's.
///
/// # Errors
/// No authorities, in words.
pub fn tls(authorities: Option<Vec<CertificateDer<'static>>>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let authorities = authorities.unwrap_or_else(|| rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(authorities);
    if roots.is_empty() {
        return Err("is needed: the system has no certificate authorities".into());
    }
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// Tries of one call.
struct Tries<'a> {
    failures: &'a Failures,
    allowance: Allowance,
    now: Timestamp,
}

impl Tries<'_> {
    fn begin(&self, what: &str) -> Result<(), Refusal> {
        let is_let = self.failures.begin(what, self.allowance, self.now);
        if is_let { Ok(()) } else { Err(Refusal::TooMany) }
    }

    fn end<T>(&self, what: &str, outcome: &Result<T, Refusal>) {
        match outcome {
            Ok(_) => self.failures.forget(what),
            Err(refusal) if refusal.is_judged() => {}
            Err(_) => self.failures.undo(what),
        }
    }
}

/// A place among those that wait.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        // Counted before it is looked at: two that come together are not both let in for the last place.
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::AcqRel) < WAITING_MAX).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
