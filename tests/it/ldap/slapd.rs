//! A directory of OpenLDAP: a configuration, people and groups of its own, on free ports. Ends when it is dropped.

use std::{
    collections::BTreeMap,
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// Longer than a start takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Slapd {
    pub dir: tempfile::TempDir,
    /// The port of `ldap://`.
    pub plain: u16,
    /// The port of `ldaps://`.
    pub tls: u16,
    process: Child,
}

const CONFIGURATION: &str = r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {dir}/certificate.pem
TLSCertificateKeyFile {dir}/key.pem
database mdb
maxsize 16777216
suffix "dc=example,dc=com"
directory {dir}/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=search,dc=example,dc=com" read by * none
"#;

/// The twins share a name, and so do the two of a search for people without one of their own.
const ENTRIES: &str = "
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: cn=search,dc=example,dc=com
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: search
userPassword: the password of the search

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=com
objectClass: organizationalUnit
ou: groups

dn: uid=ann,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: A
userPassword: ann's password

dn: uid=bob,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: bob
cn: Bob (the builder), *
sn: B
userPassword: bob's password

dn: uid=eve,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: eve
cn: Eve
sn: E
userPassword: eve's password

dn: cn=one,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: twin
cn: one
sn: T
userPassword: the twins' password

dn: cn=two,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: twin
cn: two
sn: T
userPassword: the twins' password

dn: cn=aliased,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: aliased
uid: other
cn: aliased
sn: L
userPassword: a password

dn: uid=no name,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: no name
cn: none
sn: N
userPassword: a password

dn: cn=ops,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: ops
member: uid=ann,ou=people,dc=example,dc=com
member: uid=no name,ou=people,dc=example,dc=com

dn: cn=Readers,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: Readers
member: uid=ann,ou=people,dc=example,dc=com
member: uid=bob,ou=people,dc=example,dc=com
member: cn=one,ou=people,dc=example,dc=com
";

impl Slapd {
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        certify(&|name, text| fs::write(path(name), text).unwrap());
        fs::create_dir(path("db")).unwrap();
        let configuration = CONFIGURATION.replace("{dir}", dir.path().to_str().unwrap());
        fs::write(path("slapd.conf"), configuration).unwrap();
        fs::write(path("entries.ldif"), ENTRIES.trim_start()).unwrap();
        let mut adding = Command::new("/usr/sbin/slapadd");
        adding.arg("-q").arg("-f").arg(path("slapd.conf")).arg("-l").arg(path("entries.ldif"));
        assert!(adding.stdin(Stdio::null()).status().unwrap().success(), "slapadd fails");
        let (plain, tls) = (free_port(), free_port());
        let process = Command::new("/usr/sbin/slapd")
            .args(["-d", "stats", "-f"])
            .arg(path("slapd.conf"))
            .args(["-h", &format!("ldap://127.0.0.1:{plain}/ ldaps://127.0.0.1:{tls}/")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(path("log")).unwrap())
            .spawn()
            .unwrap();
        let slapd = Self { dir, plain, tls, process };
        let since = Instant::now();
        while [plain, tls].iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_err()) {
            assert!(since.elapsed() < PATIENCE, "slapd does not start");
            thread::sleep(Duration::from_millis(20));
        }
        slapd
    }

    /// What is asked and answered on each connection, in order, as soon as it is closed; those at which nothing is asked are
    /// left out.
    pub fn conversations(&self, many: usize) -> Vec<Vec<String>> {
        let since = Instant::now();
        loop {
            let closed = conversations(&fs::read_to_string(self.dir.path().join("log")).unwrap());
            if closed.len() >= many {
                return closed;
            }
            assert!(since.elapsed() < PATIENCE, "{} of {many} conversations", closed.len());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The authority of its certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// The table `[ldap]` for it: everything but URL and rules.
    pub fn table(&self) -> String {
        let password = self.dir.path().join("password");
        fs::write(&password, "the password of the search\n").unwrap();
        format!(
            "ca_file = {:?}\nbind_dn = \"cn=search,dc=example,dc=com\"\nbind_password_file = {password:?}\n\
             user_base = \"ou=people,dc=example,dc=com\"\ngroup_base = \"ou=groups,dc=example,dc=com\"\n",
            self.ca_file()
        )
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The log's lines, read: `68e4d2a1.0f9e 0x7f81 conn=1002 op=1 SRCH base="dc=x" scope=2 deref=0 filter="(uid=a)"` is one. The
/// line of an answer may come behind that of the next question.
fn conversations(log: &str) -> Vec<Vec<String>> {
    let (mut open, mut closed) = (BTreeMap::<&str, BTreeMap<(u32, bool), String>>::new(), Vec::new());
    for line in log.lines() {
        let Some((connection, said)) = line.split_once("conn=").and_then(|(_, rest)| rest.split_once(' ')) else {
            continue;
        };
        if said.contains("closed") {
            closed.extend(open.remove(connection).map(|said| said.into_values().collect()));
        }
        let Some((operation, said)) = said.strip_prefix("op=").and_then(|rest| rest.split_once(' ')) else { continue };
        let is_answer = said.starts_with("RESULT tag=") || said.starts_with("SEARCH RESULT tag=");
        let is_question = ["BIND dn=", "SRCH base=", "EXT oid=", "UNBIND"].iter().any(|word| said.starts_with(word));
        // A bind that succeeds is told twice.
        if is_answer || is_question && !said.contains(" mech=") {
            let said = said.split(' ').take(2).collect::<Vec<_>>().join(" ");
            open.entry(connection).or_default().insert((operation.parse().unwrap(), is_answer), said);
        }
    }
    closed
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An authority, and a certificate of it for loopback.
fn certify(write: &dyn Fn(&str, String)) {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    write("ca.pem", authority.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    write("certificate.pem", CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap().pem());
    write("key.pem", key.serialize_pem());
}
