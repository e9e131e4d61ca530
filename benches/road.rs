//! The whole road over a kept connection: a signed `GET` of 1 KiB through the gateway, with a user's own key and with a
//! role's temporary one, and straight to the upstream behind it; and `AssumeRole`. The first three differ by what the
//! gateway costs in latency on an idle machine, its two hops over loopback included, and by what a session token adds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "signatures are made for now")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::LazyLock,
    thread,
};

use aws_lc_rs::digest::{SHA256, digest};
use countersign::{
    base::{AccessKeyId, SecretKey, Timestamp},
    config,
    server::{
        Places, Server,
        state::{Missing, State},
    },
    sigv4::{Signer, SigningKey, sign::Target},
    store::RootKey,
};
use divan::Bencher;
use http::{HeaderMap, Method};

const ROOT: (&str, &str) = ("AKIAROOT000000000001", "the secret of root");
const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","sts:*"],"Resource":"*"}}"#;
const TRUST: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}"#;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 1024\r\netag: \"0\"\r\n\r\n";

fn main() {
    divan::main();
}

/// The upstream and the gateway before it; both live as long as the process.
static HOUSE: LazyLock<(SocketAddr, SocketAddr)> = LazyLock::new(|| {
    let upstream = upstream();
    let dir = Box::leak(Box::new(tempfile::tempdir().unwrap()));
    let text = format!(
        "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\ndata_dir = \"{}\"\nworkers = 1\n\
         [[upstream]]\nname = \"store\"\nurl = \"http://{upstream}\"\naccess_key_id = \"UPSTREAMKEY000000001\"\n\
         secret_access_key_variable = \"UPSTREAM_SECRET\"\nregion = \"us-east-1\"\n",
        dir.path().display()
    );
    let config = config::load(&text, &[("UPSTREAM_SECRET".to_owned(), "secret".to_owned())]).unwrap();
    let root = RootKey { id: AccessKeyId::parse(ROOT.0).unwrap(), secret: SecretKey::new(ROOT.1.into()) };
    let opened = State::open(
        dir.path(),
        &config.store.place,
        &config.master_key,
        None,
        Some(root),
        Missing::Make,
        Timestamp::now(),
    );
    let places = Places::take(&config).unwrap();
    let server = Box::leak(Box::new(Server::start(config, opened.unwrap().0, places).unwrap()));
    (server.address, upstream)
});

/// Answers every request head with 1 KiB.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = [ANSWER, &[b'x'; 1024]].concat();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || {
                let mut seen = Vec::new();
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    seen.extend_from_slice(&buffer[..read]);
                    if seen.ends_with(b"\r\n\r\n") {
                        seen.clear();
                        stream.write_all(&answer).unwrap();
                    }
                }
            });
        }
    });
    address
}

/// An access key id, its secret and a token, which is empty for keys that last.
struct Key(String, String, String);

/// A user who may do everything, and a role that she may take and that may do the same.
static KEYS: LazyLock<[Key; 2]> = LazyLock::new(|| {
    let root = Key(ROOT.0.to_owned(), ROOT.1.to_owned(), String::new());
    let iam = |form: &str| whole(HOUSE.0, &form_of(&root, "iam", &format!("{form}&Version=2010-05-08")));
    iam("Action=CreateUser&UserName=ann");
    iam(&format!("Action=PutUserPolicy&UserName=ann&PolicyName=all&PolicyDocument={}", escaped(ALL)));
    iam(&format!("Action=CreateRole&RoleName=reader&AssumeRolePolicyDocument={}", escaped(TRUST)));
    iam(&format!("Action=PutRolePolicy&RoleName=reader&PolicyName=all&PolicyDocument={}", escaped(ALL)));
    let ann = key_in(&iam("Action=CreateAccessKey&UserName=ann"));
    let session = key_in(&whole(HOUSE.0, &assume_role(&ann)));
    [ann, session]
});

fn key_in(answer: &str) -> Key {
    let text = |name: &str| {
        let after = answer.split_once(&format!("<{name}>")).map(|(_, after)| after);
        after.and_then(|after| after.split_once('<')).map(|(text, _)| text.to_owned())
    };
    Key(text("AccessKeyId").unwrap(), text("SecretAccessKey").unwrap(), text("SessionToken").unwrap_or_default())
}

fn assume_role(key: &Key) -> Vec<u8> {
    let role = escaped(&format!("arn:aws:iam::{}:role/reader", *ACCOUNT));
    form_of(key, "sts", &format!("Action=AssumeRole&RoleSessionName=bench&RoleArn={role}&Version=2011-06-15"))
}

static ACCOUNT: LazyLock<String> = LazyLock::new(|| {
    let root = Key(ROOT.0.to_owned(), ROOT.1.to_owned(), String::new());
    let answer = whole(HOUSE.0, &form_of(&root, "sts", "Action=GetCallerIdentity&Version=2011-06-15"));
    answer.split_once("<Account>").unwrap().1.split_once('<').unwrap().0.to_owned()
});

fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn get_of(key: &Key, host: SocketAddr) -> Vec<u8> {
    request(key, "s3", host, (&Method::GET, "/photos/a"), "")
}

fn form_of(key: &Key, service: &str, form: &str) -> Vec<u8> {
    request(key, service, HOUSE.0, (&Method::POST, "/"), form)
}

/// A signed request.
fn request(key: &Key, service: &str, host: SocketAddr, (method, path): (&Method, &str), form: &str) -> Vec<u8> {
    let (now, host) = (Timestamp::now(), host.to_string());
    let date = countersign::base::time::amz_date(now);
    let signing = SigningKey::derive(&SecretKey::new(key.1.as_str().into()), &date[..8], "us-east-1", service);
    let signer = Signer { access_key_id: &key.0, region: "us-east-1", service, key: &signing };
    let mut headers = HeaderMap::new();
    headers.insert("host", host.parse().unwrap());
    if !form.is_empty() {
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        headers.insert("content-length", form.len().into());
    }
    if !key.2.is_empty() {
        headers.insert("x-amz-security-token", key.2.parse().unwrap());
    }
    let hash = data_encoding::HEXLOWER.encode(digest(&SHA256, form.as_bytes()).as_ref());
    signer.sign(Target { method, host: &host, path, query: "" }, &mut headers, &hash, now).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\n").into_bytes();
    for (name, value) in &headers {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend([b"\r\n", form.as_bytes()].concat());
    head
}

/// Sends a request and reads its answer, which has to be a success.
fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut [u8]) -> usize {
    stream.write_all(request).unwrap();
    let mut seen = 0;
    while seen == 0 || !is_whole(&buffer[..seen]) {
        let read = stream.read(&mut buffer[seen..]).unwrap();
        assert!(read > 0, "the connection ended");
        seen += read;
    }
    assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer[..seen]));
    seen
}

/// Whether as much has come after the empty line as `content-length` says.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let text = std::str::from_utf8(&answer[..head]).unwrap();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    answer.len() == head + 4 + length.map_or(0, |length| length.parse().unwrap())
}

fn whole(address: SocketAddr, request: &[u8]) -> String {
    let (mut stream, mut buffer) = (TcpStream::connect(address).unwrap(), [0; 8192]);
    let seen = exchange(&mut stream, request, &mut buffer);
    String::from_utf8_lossy(&buffer[..seen]).into_owned()
}

fn repeated(bencher: Bencher<'_, '_>, address: SocketAddr, request: &[u8]) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 8192];
    bencher.bench_local(move || exchange(&mut stream, request, &mut buffer));
}

#[divan::bench]
fn through_the_gateway(bencher: Bencher<'_, '_>) {
    repeated(bencher, HOUSE.0, &get_of(&KEYS[0], HOUSE.0));
}

#[divan::bench]
fn with_a_session_token(bencher: Bencher<'_, '_>) {
    repeated(bencher, HOUSE.0, &get_of(&KEYS[1], HOUSE.0));
}

#[divan::bench]
fn assuming_a_role(bencher: Bencher<'_, '_>) {
    repeated(bencher, HOUSE.0, &assume_role(&KEYS[0]));
}

#[divan::bench]
fn straight_to_the_upstream(bencher: Bencher<'_, '_>) {
    repeated(bencher, HOUSE.1, &get_of(&KEYS[0], HOUSE.1));
}
