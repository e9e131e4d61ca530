//! Secrets stay where they belong: no log, record or other file of the data folder holds one in the clear.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use countersign::{
    base::{SecretKey, Timestamp, time},
    sigv4::{Signer, SigningKey, sign::Target},
};
use http::{HeaderMap, Method};

use super::{PATIENCE, ROOT, Running, files};

/// A signed request of root, and the whole answer.
fn signed(address: &str, service: &str, method: Method, target: (&str, &str), body: &str) -> String {
    let at = Timestamp::now();
    let secret = SecretKey::new(ROOT[1].1.to_owned());
    let key = SigningKey::derive(&secret, &time::amz_date(at)[..8], "us-east-1", service);
    let signer = Signer { access_key_id: ROOT[0].1, region: "us-east-1", service, key: &key };
    let mut headers = HeaderMap::new();
    if !body.is_empty() {
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
    let hash = data_encoding::HEXLOWER.encode(hash.as_ref());
    let (path, query) = target;
    signer.sign(Target { method: &method, host: address, path, query }, &mut headers, &hash, at).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path}?{query} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in &headers {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn no_file_and_no_log_holds_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let variables = [ROOT[0], ROOT[1], ("COUNTERSIGN_ACCOUNT_ID", "000011112222")];
    let demo = Running::demo(dir.path(), &variables);
    let address = demo.shown("S3, IAM, STS");
    let made = signed(&address, "iam", Method::POST, ("/", ""), "Action=CreateAccessKey&Version=2010-05-08");
    assert!(made.starts_with("HTTP/1.1 200 OK\r\n"), "{made}");
    let secret = made.split_once("<SecretAccessKey>").unwrap().1.split_once('<').unwrap().0.to_owned();
    for (path, query, status) in [("/", "", 200), ("/no-such-bucket", "list-type=2", 404), ("/a/b", "nonsense", 501)] {
        let answer = signed(&address, "s3", Method::GET, (path, query), "");
        assert!(answer.starts_with("HTTP/1.1 "), "{path} {query} {status}: {answer}");
    }
    let said = demo.end();
    let records: String =
        files(&dir.path().join("audit")).into_iter().map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect();
    assert!(records.contains("CreateAccessKey") && records.lines().count() >= 4, "{records}");
    for hidden in [ROOT[1].1, &secret] {
        assert!(!said.out.contains(hidden) && !said.err.contains(hidden), "{}{}", said.out, said.err);
        for (path, bytes) in files(dir.path()) {
            let found = bytes.windows(hidden.len()).any(|window| window == hidden.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
}

#[test]
fn a_log_that_tells_everything_tells_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let config = super::configuration(dir.path());
    let store = ("STORE", "secret+of/the+store");
    let serve = Running::serve(&config, &[ROOT[0], ROOT[1], store, ("COUNTERSIGN_LOG__LEVEL", "trace")]);
    let address = serve.shown("address=");
    for service in ["s3", "iam", "sts"] {
        signed(&address, service, Method::GET, ("/", ""), "");
    }
    let log = serve.end().err;
    assert!(log.contains("request finished"), "{log}");
    for hidden in [ROOT[1].1, store.1] {
        assert!(!log.contains(hidden));
    }
}
