//! A client that speaks TLS, with a certificate of its own or without.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
};

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};

use super::client::{PATIENCE, Request, Response, find_head, parse_head};

/// A client's certificate with its key.
pub struct Shown(pub Vec<CertificateDer<'static>>, pub PrivateKeyDer<'static>);

pub type Secure = StreamOwned<ClientConnection, TcpStream>;

/// Connects to `localhost`, whose certificate an authority of this file has to have signed.
pub fn connect(address: SocketAddr, ca_file: &Path, shown: Option<&Shown>) -> Secure {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let config = match shown {
        Some(Shown(chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()).unwrap(),
        None => builder.with_no_client_auth(),
    };
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    StreamOwned::new(connection, stream)
}

/// Sends a request and reads its answer; an error where the connection breaks.
pub fn ask(stream: &mut Secure, request: &Request) -> std::io::Result<Response> {
    stream.write_all(&[request.head(), request.body.clone()].concat())?;
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4096];
        let count = stream.read(&mut some)?;
        bytes.extend_from_slice(&some[..count]);
        let Some(end) = find_head(&bytes) else {
            if count == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            continue;
        };
        let (line, headers) = parse_head(&bytes[..end]);
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let response = Response { status, headers, body: bytes[end..].to_vec(), complete: true, ..Response::default() };
        let length: usize = response.header("content-length").map_or(0, |length| length.parse().unwrap());
        if response.body.len() >= length {
            return Ok(response);
        }
    }
}
