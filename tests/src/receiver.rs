//! A system that receives POST requests, such as the insurer's webhook receiver: HTTPS on loopback, with
//! scripted answers, recording everything.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::{Authority, ports};

/// What the receiver does with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Answers with this status and a short body.
    Status(u16),
    /// Answers with a redirect to there.
    Redirect(String),
    /// Says 200 and then sends a body without end.
    Endless,
    /// Closes the connection without a word.
    HangUp,
    /// Says nothing for as long as the client waits.
    Silence,
}

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body as it came.
    pub body: Vec<u8>,
    /// What it was answered with.
    pub verdict: Verdict,
}

impl Received {
    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body, read.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// What it reports.
    #[must_use]
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

type Script = Arc<dyn Fn(&Received) -> Verdict + Send + Sync>;

struct Shared {
    script: Mutex<Script>,
    log: Mutex<Vec<Received>>,
    news: Condvar,
    tls: Arc<ServerConfig>,
}

/// The receiver.
pub struct Receiver {
    /// Where it listens, or will.
    pub address: SocketAddr,
    /// The certificate of the authority that vouches for it.
    pub authority: PathBuf,
    folder: tempfile::TempDir,
    shared: Arc<Shared>,
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl Receiver {
    /// Takes everything.
    #[must_use]
    pub fn new() -> Self {
        let receiver = Self::closed();
        receiver.open();
        receiver
    }

    /// Takes everything, under this name.
    #[must_use]
    pub fn named(authority: &Authority, name: &str) -> Self {
        let receiver = Self::of(authority, name);
        receiver.open();
        receiver
    }

    /// Does not listen yet.
    #[must_use]
    pub fn closed() -> Self {
        Self::of(&Authority::new(), "localhost")
    }

    fn of(authority: &Authority, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tls = authority.issue(&[name]).server();
        let shared = Shared {
            script: Mutex::new(Arc::new(|_| Verdict::Status(204))),
            log: Mutex::default(),
            news: Condvar::new(),
            tls,
        };
        let written = authority.write(folder.path());
        Self { address: ports::free(), authority: written, folder, shared: Arc::new(shared) }
    }

    /// Begins to listen.
    pub fn open(&self) {
        let listener = TcpListener::bind(self.address).unwrap();
        let shared = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                // A client may disconnect.
                std::thread::spawn(move || drop(serve(&shared, stream)));
            }
        });
    }

    /// Its address for the configuration.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}/hooks?from=sealpost", self.address.port())
    }

    /// A file with this secret.
    #[must_use]
    pub fn secret(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("webhook.secret");
        std::fs::write(&path, text).unwrap();
        crate::gateway::mode(&path, 0o600);
        path
    }

    /// What it does from now on.
    pub fn script(&self, script: impl Fn(&Received) -> Verdict + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap() = Arc::new(script);
    }

    /// All that came.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.log.lock().unwrap().clone()
    }

    /// Waits for a message like this.
    #[must_use]
    pub fn wait(&self, what: &str, holds: impl Fn(&Received) -> bool) -> Received {
        let end = Instant::now() + Duration::from_secs(120);
        let mut log = self.shared.log.lock().unwrap();
        loop {
            if let Some(found) = log.iter().find(|one| holds(one)) {
                return found.clone();
            }
            let left = end.saturating_duration_since(Instant::now());
            let seen =
                |one: &Received| String::from_utf8_lossy(&one.body).chars().take(200).collect::<String>();
            assert!(!left.is_zero(), "no {what} among {:?}", log.iter().map(seen).collect::<Vec<_>>());
            log = self.shared.news.wait_timeout(log, left).unwrap().0;
        }
    }

    /// Waits until it has taken an event of this kind.
    #[must_use]
    pub fn wait_taken(&self, kind: &str) -> Received {
        self.wait(kind, |one| one.kind() == kind && matches!(one.verdict, Verdict::Status(200..=299)))
    }
}

fn serve(shared: &Shared, stream: std::io::Result<TcpStream>) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(&shared.tls)).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream?));
    let (mut headers, mut line) = (Vec::new(), String::new());
    reader.read_line(&mut line)?;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut received = Received { headers, body, verdict: Verdict::HangUp };
    let script = Arc::clone(&shared.script.lock().unwrap());
    received.verdict = script(&received);
    let verdict = received.verdict.clone();
    let mut stream = reader.into_inner();
    let said = match &verdict {
        Verdict::Status(204) => stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n"),
        Verdict::Status(status) => {
            stream.write_all(format!("HTTP/1.1 {status} So\r\nContent-Length: 2\r\n\r\nok").as_bytes())
        }
        Verdict::Redirect(to) => stream.write_all(
            format!("HTTP/1.1 307 There\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").as_bytes(),
        ),
        Verdict::Endless => stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Verdict::HangUp | Verdict::Silence => Ok(()),
    };
    stream.flush()?;
    shared.log.lock().unwrap().push(received);
    shared.news.notify_all();
    said?;
    if verdict == Verdict::Silence {
        // Whatever ends it is the client's doing.
        let _ended = stream.read_to_end(&mut Vec::new());
    }
    if verdict == Verdict::Endless {
        loop {
            stream.write_all(b"1000\r\n")?;
            stream.write_all(&[b'x'; 4096])?;
            stream.write_all(b"\r\n")?;
        }
    }
    Ok(())
}
