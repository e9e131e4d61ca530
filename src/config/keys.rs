//! Every key: its type, its default, what it is and why it is so.

use super::{client_certificates, ldap};
use crate::api::quotas::QUOTAS;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number of at least 0.
    Number,
    /// `true` or `false`.
    Bool,
    /// A list of texts.
    Texts,
    /// A table of texts.
    Table,
}

/// A key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key with its tables: `limits.idle_seconds`. Keys of `[[upstream]]` stand without a table.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Its default as TOML; empty if it has none.
    pub default: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Why the default is what it is.
    pub why: &'static str,
}

pub(super) const fn key(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
    why: &'static str,
) -> Key {
    Key { name, kind, default, about, why }
}

use Kind::{Bool, Number, Table, Text, Texts};

/// The keys outside lists: those below, those of the directory, and the quotas.
pub fn plain() -> impl Iterator<Item = Key> {
    let quotas = QUOTAS.iter().map(|row| key(row.key, Number, row.shown, row.about, row.why));
    KEYS.iter().chain(ldap::KEYS).copied().chain(quotas)
}

/// The keys outside `[[upstream]]` that are no quotas.
const KEYS: &[Key] = &[
    key(
        "listen",
        Text,
        "\"127.0.0.1:9000\"",
        "address and port where clients connect",
        "reachable from this machine only, until you decide otherwise",
    ),
    key(
        "admin_listen",
        Text,
        "\"127.0.0.1:9002\"",
        "address and port of /healthz, /readyz and /metrics",
        "never on the public port: metrics tell about your users",
    ),
    key(
        "data_dir",
        Text,
        "",
        "folder of the store, the master key and the records",
        "no default: the place of your identities is your decision",
    ),
    key("account_id", Text, "", "the account, twelve digits", "left out: the account that `countersign init` made"),
    key(
        "accounts",
        Texts,
        "[]",
        "further accounts, twelve digits each; those that are missing are made",
        "one account is a whole world; `countersign account create` makes others too",
    ),
    key(
        "regions",
        Texts,
        "[\"us-east-1\"]",
        "regions that requests may be signed for; the first is the server's own",
        "the region that AWS clients use if nothing is said",
    ),
    key(
        "domains",
        Texts,
        "[]",
        "domains of which each sub-domain is a bucket, for virtual-host style",
        "path style needs no name service",
    ),
    key("workers", Number, "0", "worker threads; 0 is one for each core", "a request stays on one core"),
    key(
        "trusted_proxies",
        Texts,
        "[]",
        "networks whose X-Forwarded-For is believed",
        "whoever connects could write that header",
    ),
    key(
        "tls.certificate",
        Text,
        "",
        "PEM file with the certificate chain shown to clients",
        "left out: plain HTTP, for a trusted network or a proxy in front",
    ),
    key(
        "tls.key",
        Text,
        "",
        "PEM file with the certificate's key",
        "left out: plain HTTP; it goes with tls.certificate",
    ),
    key(
        "tls.client_ca",
        Text,
        "",
        "PEM file with the authorities that sign clients' certificates",
        "left out: clients are known by their signatures alone",
    ),
    key(
        "tls.client_crl",
        Text,
        "",
        "PEM file with their revocation lists, one for each authority in a chain; read again when it changes",
        "left out: nothing is revoked; lists that are out of date refuse everybody with a certificate",
    ),
    key(
        "limits.connections",
        Number,
        "10000",
        "connections at once, over all workers",
        "each takes two file descriptors at most, towards the client and the backend",
    ),
    key(
        "limits.head_bytes",
        Number,
        "65536",
        "longest request head",
        "S3 takes 8 KiB of headers, presigned URLs and session tokens need more",
    ),
    key("limits.head_seconds", Number, "10", "time for a whole request head", "ends clients that dribble"),
    key(
        "limits.idle_seconds",
        Number,
        "60",
        "longest wait for the next part of a body, or until a client takes the next part of an answer",
        "a stalled transfer ends, a slow one goes on",
    ),
    key(
        "limits.buffered_bytes",
        Number,
        "10485760",
        "longest body that is held in memory",
        "10 MiB is API Gateway's limit",
    ),
    key(
        "limits.drain_seconds",
        Number,
        "30",
        "how long open requests may go on after SIGTERM",
        "the grace period of common orchestrators",
    ),
    key(
        "audit.file_bytes",
        Number,
        "67108864",
        "size at which a record file is followed by the next",
        "64 MiB are read in a moment",
    ),
    key(
        "audit.interval_milliseconds",
        Number,
        "200",
        "how long the record of a read may wait to be written",
        "changes and denials are written before they are answered",
    ),
    key(
        "audit.sync",
        Bool,
        "false",
        "whether a record survives a power failure before its request is answered",
        "survives a crash of the program either way; syncing costs a disk flush each time",
    ),
    key(
        "organization.id",
        Text,
        "",
        "the organization's id, for aws:PrincipalOrgID",
        "left out: the accounts belong to none",
    ),
    key(
        "organization.path",
        Text,
        "",
        "its id, root and units down to the accounts, for aws:PrincipalOrgPaths",
        "left out: the accounts belong to none",
    ),
    key(
        "organization.service_control",
        Texts,
        "[]",
        "files with service control policies: one text a level, from the root to the account, with commas between files",
        "nothing but their own policies limits principals; a level that is given has to allow, and binds root too",
    ),
    key(
        "organization.resource_control",
        Texts,
        "[]",
        "files with resource control policies, in the same way",
        "nothing but their own policies limits resources",
    ),
    key(
        "oidc.answer_seconds",
        Number,
        "5",
        "time for an identity provider to tell its keys",
        "AWS waits as long; only the call that needs them waits",
    ),
    key(
        "oidc.keys_seconds",
        Number,
        "3600",
        "how long a provider's keys are kept; a token that names another key has them fetched before",
        "a key that a provider takes back is not believed for longer",
    ),
    key(
        "oidc.stale_seconds_max",
        Number,
        "14400",
        "how much longer they are used while the provider is away",
        "its outage need not be yours; what it takes back meanwhile is still believed, but not for longer",
    ),
    key(
        "oidc.ca_file",
        Text,
        "",
        "PEM file with authorities to trust besides the system's, for providers of your own",
        "left out: the system's, and the thumbprints that providers are registered with",
    ),
    key(
        "oidc.jwks_files",
        Table,
        "",
        "files with the keys of providers that cannot be reached from here, by URL",
        "left out: every provider is asked over HTTPS",
    ),
    key(
        "oidc.addresses",
        Table,
        "",
        "host and port to connect to instead of a provider's own, by URL; its certificate is for its own name still",
        "left out: where the URL says, on port 443",
    ),
    key(
        "oidc.claims",
        Table,
        "",
        "further claims that become condition keys, by URL of the provider, with commas between them",
        "left out: those that AWS knows: aud, sub, amr, azp and verified email, and more of GitHub, GitLab and others",
    ),
    key(
        "saml.audiences",
        Texts,
        "[\"urn:amazon:webservices\", \"https://signin.aws.amazon.com/saml\"]",
        "of which each SAML assertion has to name one as its audience",
        "AWS's: providers that are set up for AWS work as they are",
    ),
    key(
        "saml.recipients",
        Texts,
        "[\"https://signin.aws.amazon.com/saml\"]",
        "of which each SAML assertion has to name one as its recipient, or one with /acs/ and the provider's id behind",
        "AWS's; with one of your own, assertions for AWS are worth nothing here, nor those for here at AWS",
    ),
    key(
        "saml.reuse",
        Text,
        "\"other-roles\"",
        "how often a SAML assertion is taken while it holds: `never` again, again for `other-roles`, or `always`",
        "AWS takes it for five minutes, and clients fetch credentials for all their roles with it; each node counts alone",
    ),
    key(
        "delegation.requesters",
        Table,
        "",
        "accounts that may ask other accounts for permissions, with the names that are shown to those who are asked",
        "left out: no account may make delegation requests",
    ),
    key(
        "delegation.templates",
        Table,
        "",
        "the policy templates of these accounts by ARN: files with a policy in which @{name} stands for a parameter",
        "left out: there is nothing to ask for",
    ),
    key(
        "delegation.channels",
        Table,
        "",
        "where notices of these accounts' requests are posted to, tokens too: the ARN of a topic with an https URL",
        "left out: no request can be made; http is for this machine only",
    ),
    key(
        "delegation.ca_file",
        Text,
        "",
        "PEM file with the authorities to trust there instead of the system's",
        "left out: the system's",
    ),
    key(
        "delegation.deadline_seconds",
        Number,
        "10",
        "the longest that posting a notice takes",
        "whoever releases a token waits for it",
    ),
    key(
        "delegation.console_url",
        Text,
        "",
        "what a link to a request begins with; its id follows",
        "left out: requests have no links",
    ),
    key(
        "sts.issuer_url",
        Text,
        "",
        "public URL below which discovery documents and keys of accounts that give out web identity tokens can be had; no \
         object can be read at its host without a signature",
        "left out: no account gives out tokens, for nobody could verify them",
    ),
    key("log.format", Text, "\"text\"", "`text` for people, `json` for machines", "the log is read by people first"),
    key(
        "log.level",
        Text,
        "\"info\"",
        "what is logged: error, warn, info, debug, trace, or directives by module",
        "requests are in the records, not in the log",
    ),
    key(
        "master_key.file",
        Text,
        "",
        "file with the key that seals secrets",
        "left out: master.key in data_dir, made by `countersign init`",
    ),
    key(
        "master_key.variable",
        Text,
        "",
        "environment variable with that key instead, 32 bytes in hexadecimal or base 64",
        "left out: master_key.file; a variable is for machines without a safe disk",
    ),
    key(
        "store.url_file",
        Text,
        "",
        "file with the URL of a PostgreSQL database for several nodes: postgresql://user:password@host/name",
        "left out: SQLite in data_dir, for one node; nodes of one database need one and the same master key",
    ),
    key(
        "store.url_variable",
        Text,
        "",
        "environment variable with that URL instead",
        "left out: store.url_file; the password stays out of this file",
    ),
    key(
        "store.ca_file",
        Text,
        "",
        "PEM file with the authorities that sign the database's certificate",
        "left out: the system's; TLS is spoken if the database does, and demanded with sslmode=require in the URL",
    ),
    key(
        "store.poll_milliseconds",
        Number,
        "250",
        "how often the database is asked for changes of other nodes",
        "a revocation is seen everywhere within a second, even if the database gives no hints",
    ),
    key(
        "store.staleness_seconds_max",
        Number,
        "300",
        "how long requests are decided on what was known before the database went away; 0 refuses them at once",
        "a database that fails over is back by then; whoever was revoked meanwhile must not stay in for longer",
    ),
];

/// A list of tables.
pub struct List {
    /// Its name: `upstream` for `[[upstream]]`.
    pub name: &'static str,
    /// The keys of each of its tables.
    pub keys: &'static [Key],
    /// What each of its tables is for.
    pub what: &'static str,
}

/// The lists of tables.
pub static LISTS: [List; 3] = [
    List { name: "upstream", keys: UPSTREAM_KEYS, what: "backend" },
    List { name: "ldap.role", keys: ldap::ROLE_KEYS, what: "group or user" },
    List { name: "client_certificates.role", keys: client_certificates::ROLE_KEYS, what: "kind of certificate" },
];

/// The keys of each `[[upstream]]`.
pub const UPSTREAM_KEYS: &[Key] = &[
    key("name", Text, "", "its name in logs", "no default: it has to tell backends apart"),
    key("kind", Text, "\"s3\"", "`s3` for a store, `http` for an internal API", "stores are the main use"),
    key("url", Text, "", "where it is: http://host:port or https://host:port", "no default: only you know"),
    key(
        "ca_file",
        Text,
        "",
        "PEM file with the authorities to trust instead of the system's",
        "left out: the system's",
    ),
    key("connect_seconds", Number, "5", "time to open a connection", "on a local network, longer means down"),
    key(
        "head_seconds",
        Number,
        "60",
        "time from the end of a request to the head of its answer",
        "completing a large multipart upload takes long",
    ),
    key("idle_seconds", Number, "60", "longest wait for the next part of an answer", "a stalled answer ends"),
    key(
        "keep_seconds",
        Number,
        "55",
        "how long an unused connection is kept",
        "shorter than the 60 seconds after which many servers close",
    ),
    key("connections_idle", Number, "128", "connections that each worker keeps open", "as many as a busy core needs"),
    key("region", Text, "\"us-east-1\"", "s3: region of the signatures towards it", "what self-run stores expect"),
    key("access_key_id", Text, "", "s3: access key id towards it", "no default: the backend knows it"),
    key(
        "secret_access_key_file",
        Text,
        "",
        "s3: file with the secret access key",
        "no default: secrets stay out of this file",
    ),
    key(
        "secret_access_key_variable",
        Text,
        "",
        "s3: environment variable with the secret access key",
        "no default: secrets stay out of this file",
    ),
    key("addressing", Text, "\"path\"", "s3: `path` or `virtual-host`", "path style works everywhere"),
    key("buckets", Texts, "[\"*\"]", "s3: buckets that it serves; a * may stand at the end", "one store serves all"),
    key(
        "keys_are_file_paths",
        Bool,
        "false",
        "s3: whether it keeps objects as files, and so takes a//b for a/b",
        "object stores do not; such keys are refused if it is true",
    ),
    key("api_id", Text, "", "http: the API's id in ARNs", "no default: policies name it"),
    key("stage", Text, "\"default\"", "http: the stage in ARNs", "one stage is enough for most"),
    key("host", Text, "", "http: the host that it answers under", "left out: any"),
    key(
        "base_path",
        Text,
        "\"\"",
        "http: the path that it answers under, taken off before the decision",
        "the whole host is the API's",
    ),
    key(
        "headers",
        Table,
        "",
        "http: headers to set on every request, as `file:PATH` or `env:NAME`",
        "no default: secrets stay out of this file",
    ),
];
