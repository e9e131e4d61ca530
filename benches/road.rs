//! The whole road: a signed `GET` of 1 KiB over a kept connection, through the gateway and straight to the upstream behind
//! it. The difference is what the gateway costs in latency on an idle machine, its two hops over loopback included.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "signatures are made for now")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::LazyLock,
    thread,
};

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

const KEY: (&str, &str) = ("AKIAROOT000000000001", "the secret of root");
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
    let root = RootKey { id: AccessKeyId::parse(KEY.0).unwrap(), secret: SecretKey::new(KEY.1.into()) };
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

/// A signed request head.
fn request(host: SocketAddr) -> Vec<u8> {
    let (now, host) = (Timestamp::now(), host.to_string());
    let date = countersign::base::time::amz_date(now);
    let key = SigningKey::derive(&SecretKey::new(KEY.1.into()), &date[..8], "us-east-1", "s3");
    let signer = Signer { access_key_id: KEY.0, region: "us-east-1", service: "s3", key: &key };
    let target = Target { method: &Method::GET, host: &host, path: "/photos/a", query: "" };
    let mut headers = HeaderMap::new();
    headers.insert("host", host.parse().unwrap());
    signer.sign(target, &mut headers, countersign::sigv4::payload::EMPTY_HASH, now).unwrap();
    let mut head = b"GET /photos/a HTTP/1.1\r\n".to_vec();
    for (name, value) in &headers {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    head
}

fn exchange(bencher: Bencher<'_, '_>, address: SocketAddr) {
    let head = request(address);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 8192];
    bencher.bench_local(move || {
        stream.write_all(&head).unwrap();
        let mut seen = 0;
        // The body is all that comes after the empty line.
        while seen == 0 || !is_whole(&buffer[..seen]) {
            let read = stream.read(&mut buffer[seen..]).unwrap();
            assert!(read > 0, "the connection ended");
            seen += read;
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer[..seen]));
    });
}

fn is_whole(answer: &[u8]) -> bool {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
    head.is_some_and(|head| answer.len() == head + 4 + 1024)
}

#[divan::bench]
fn through_the_gateway(bencher: Bencher<'_, '_>) {
    exchange(bencher, HOUSE.0);
}

#[divan::bench]
fn straight_to_the_upstream(bencher: Bencher<'_, '_>) {
    exchange(bencher, HOUSE.1);
}
