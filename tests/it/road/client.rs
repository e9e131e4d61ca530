//! A client that writes what it is told, byte by byte if need be, and reads whatever comes back.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Longer than anything takes that ends by itself; a test that waits for it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A request before it is written.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.into(), target: target.into(), ..Self::default() }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The head as it is written; the body's length is told unless a header tells it otherwise.
    pub fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let is_told = self.value("content-length").is_some() || self.value("transfer-encoding").is_some();
        let tells = !self.body.is_empty() || matches!(&*self.method, "PUT" | "POST");
        if tells && !is_told {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        (head + "\r\n").into_bytes()
    }
}

/// A response as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Statuses of interim responses before it.
    pub interim: Vec<u16>,
    /// Whether the body had all bytes that were promised.
    pub complete: bool,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The id of the request, in whichever header the protocol has it.
    pub fn id(&self) -> &str {
        let id = self.header("x-amz-request-id").or(self.header("x-amzn-requestid"));
        id.unwrap_or_else(|| panic!("no request id: {self:?}"))
    }

    /// An element of an XML error, or else the code of a JSON one.
    pub fn element(&self, name: &str) -> String {
        let text = self.text();
        let inside = text.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once("</"));
        inside.map_or_else(String::new, |(inside, _)| inside.to_owned())
    }

    /// Status and error code.
    pub fn refusal(&self) -> (u16, String) {
        let json = self.header("x-amzn-errortype").map(str::to_owned);
        (self.status, json.unwrap_or_else(|| self.element("Code")))
    }
}

/// Sends a request on a connection of its own.
pub fn send(address: SocketAddr, request: &Request) -> Response {
    let mut wire = Wire::open(address);
    wire.write(&request.head());
    wire.write(&request.body);
    wire.response(&request.method)
}

/// An open connection.
pub struct Wire {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    /// Writes bytes; a server that has closed shows in the response.
    pub fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next response to a request with this method, with the interim ones before it.
    pub fn response(&mut self, method: &str) -> Response {
        self.read_response(method).unwrap_or_else(|error| panic!("no response: {error}"))
    }

    pub fn read_response(&mut self, method: &str) -> io::Result<Response> {
        let mut interim = Vec::new();
        loop {
            let (status, headers) = self.read_head()?;
            if (100..200).contains(&status) {
                interim.push(status);
                continue;
            }
            let mut response = Response { status, headers, interim, ..Response::default() };
            let is_empty = method == "HEAD" || matches!(status, 204 | 304);
            response.complete = is_empty || self.read_body(&mut response).is_ok();
            return Ok(response);
        }
    }

    /// Status and headers of the next response, final or not.
    pub fn read_head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        while find_head(&self.buffer).is_none() {
            self.read()?;
        }
        let end = find_head(&self.buffer).unwrap();
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let (line, headers) = parse_head(&head);
        Ok((line.split(' ').nth(1).unwrap().parse().unwrap(), headers))
    }

    fn read_body(&mut self, response: &mut Response) -> io::Result<()> {
        if response.header("transfer-encoding") == Some("chunked") {
            loop {
                let line = self.read_line()?;
                let size = usize::from_str_radix(&line, 16).unwrap();
                self.read_exact(size, &mut response.body)?;
                self.read_line()?;
                if size == 0 {
                    return Ok(());
                }
            }
        }
        match response.header("content-length") {
            Some(length) => self.read_exact(length.parse().unwrap(), &mut response.body),
            None => {
                while self.read().is_ok() {}
                response.body.append(&mut self.buffer);
                Ok(())
            }
        }
    }

    fn read_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            self.read()?;
        }
    }

    fn read_exact(&mut self, bytes: usize, into: &mut Vec<u8>) -> io::Result<()> {
        let mut missing = bytes;
        loop {
            let here = self.buffer.len().min(missing);
            into.extend(self.buffer.drain(..here));
            missing -= here;
            if missing == 0 {
                return Ok(());
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; 16 << 10];
        match self.stream.read(&mut bytes)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.buffer.extend_from_slice(&bytes[..count]);
                Ok(())
            }
        }
    }

    /// Reads and counts bytes of a body until they are as many as that, or the server has closed.
    pub fn count_body(&mut self, at_most: u64) -> u64 {
        let (mut count, mut bytes) = (std::mem::take(&mut self.buffer).len() as u64, vec![0; 256 << 10]);
        while count < at_most {
            let here = bytes.len().min(usize::try_from(at_most - count).unwrap());
            match self.stream.read(&mut bytes[..here]) {
                Ok(0) | Err(_) => break,
                Ok(here) => count += here as u64,
            }
        }
        count
    }

    /// What the server sends before it closes.
    pub fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.read() {
                Ok(()) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Err(error);
                }
                Err(_) => return Ok(std::mem::take(&mut self.buffer)),
            }
        }
    }
}

/// Where a head ends, its empty line included.
pub fn find_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// The first line of a head, and its headers with names in lower case.
pub fn parse_head(head: &[u8]) -> (String, Vec<(String, String)>) {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.trim_end().split("\r\n");
    let first = lines.next().unwrap().to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    (first, lines.map(header).collect())
}
