//! A raw SMTP client: sends exactly what it is told, byte for byte, and reads replies line by line.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::{PATIENCE, patient, pattern};

enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    Gone,
}

/// One SMTP session.
pub struct Smtp {
    wire: Wire,
    unread: Vec<u8>,
    said: Vec<String>,
}

/// One reply, all its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// The text of each line, without code.
    pub lines: Vec<String>,
    said: String,
}

impl Smtp {
    /// Connects and reads the greeting.
    #[must_use]
    pub fn connect(address: SocketAddr) -> Self {
        let mut client = Self::connect_silently(address);
        client.reply().expect("220 *");
        client
    }

    /// Connects and reads nothing.
    #[must_use]
    pub fn connect_silently(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect_timeout(&address, PATIENCE).unwrap())
    }

    /// Speaks over a connection that is there already, and reads nothing.
    #[must_use]
    pub fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { wire: Wire::Plain(stream), unread: Vec::new(), said: Vec::new() }
    }

    /// Connects with TLS from the first byte, and reads the greeting.
    #[must_use]
    pub fn connect_tls(address: SocketAddr, config: Arc<ClientConfig>, name: &str) -> Self {
        let mut client = Self::connect_silently(address);
        client.secure(config, name).unwrap();
        client.reply().expect("220 *");
        client
    }

    /// Waits longer than usual for replies and for the server to read.
    pub fn be_patient(&mut self, patience: Duration) {
        let (Wire::Plain(stream), patience) = (&self.wire, Some(patience)) else {
            panic!("patience is chosen before TLS");
        };
        stream.set_read_timeout(patience).unwrap();
        stream.set_write_timeout(patience).unwrap();
    }

    /// STARTTLS and the handshake.
    pub fn starttls(&mut self, config: Arc<ClientConfig>, name: &str) {
        self.say("STARTTLS").expect("220 *");
        self.secure(config, name).unwrap();
    }

    /// The handshake alone.
    pub fn secure(&mut self, config: Arc<ClientConfig>, name: &str) -> std::io::Result<()> {
        let Wire::Plain(mut stream) = std::mem::replace(&mut self.wire, Wire::Gone) else {
            panic!("TLS inside TLS");
        };
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut session = ClientConnection::new(config, name).unwrap();
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        self.wire = Wire::Tls(Box::new(StreamOwned::new(session, stream)));
        Ok(())
    }

    /// The certificate the server showed.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<Vec<u8>> {
        let Wire::Tls(tls) = &self.wire else {
            return None;
        };
        tls.conn.peer_certificates().and_then(|chain| chain.first()).map(|c| c.as_ref().to_vec())
    }

    /// Sends these bytes and nothing else.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.try_bytes(bytes).unwrap_or_else(|e| panic!("cannot send: {e}\n{}", self.transcript()));
        self
    }

    /// Sends these bytes; the server may have gone.
    pub fn try_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).escape_debug().to_string();
        self.said.push(format!("C: {shown}{}", if bytes.len() > 120 { " …" } else { "" }));
        match &mut self.wire {
            Wire::Plain(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Wire::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Wire::Gone => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// Sends one command and reads its reply.
    pub fn say(&mut self, command: &str) -> Reply {
        self.bytes(format!("{command}\r\n").as_bytes());
        self.reply()
    }

    /// Sends one command and reads its reply; the server may have gone.
    pub fn try_say(&mut self, command: &str) -> std::io::Result<Reply> {
        self.try_bytes(format!("{command}\r\n").as_bytes())?;
        self.try_reply()
    }

    /// EHLO; the reply must be 250.
    pub fn ehlo(&mut self) -> Reply {
        let reply = self.say("EHLO client.insurer.example");
        reply.expect("250 *");
        reply
    }

    /// AUTH PLAIN with an initial response (RFC 4954 §4).
    pub fn auth_plain(&mut self, login: &str, password: &str) -> Reply {
        let secret = base64::engine::general_purpose::STANDARD.encode(format!("\0{login}\0{password}"));
        self.say(&format!("AUTH PLAIN {secret}"))
    }

    /// Reads the next reply.
    pub fn reply(&mut self) -> Reply {
        self.try_reply().unwrap_or_else(|e| panic!("no reply: {e}\n{}", self.transcript()))
    }

    /// Reads the next reply; the server may have gone.
    pub fn try_reply(&mut self) -> std::io::Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let code = line.get(..3).and_then(|c| c.parse::<u16>().ok());
            let Some(code) = code.filter(|_| line.len() == 3 || [" ", "-"].contains(&&line[3..4])) else {
                panic!("this is no reply line: {line:?}\n{}", self.transcript());
            };
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if line.get(3..4) != Some("-") {
                return Ok(Reply { code, lines, said: self.transcript() });
            }
        }
    }

    fn line(&mut self) -> std::io::Result<String> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.unread.drain(..end + 2).collect();
                let line = String::from_utf8_lossy(&line[..end]).into_owned();
                self.said.push(format!("S: {line}"));
                return Ok(line);
            }
            let mut buffer = [0; 4096];
            let n = match &mut self.wire {
                Wire::Plain(stream) => patient::read(stream, &mut buffer)?,
                Wire::Tls(stream) => patient::read(stream, &mut buffer)?,
                Wire::Gone => 0,
            };
            if n == 0 {
                self.said.push("S: (closed)".to_owned());
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.unread.extend_from_slice(&buffer[..n]);
        }
    }

    /// The server must close without another word.
    pub fn expect_closed(&mut self) {
        match self.try_reply() {
            Err(e) if [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset].contains(&e.kind()) => {}
            Err(e) => panic!("not closed but: {e}\n{}", self.transcript()),
            Ok(reply) => panic!("not closed but: {reply}\n{}", self.transcript()),
        }
    }

    /// MAIL and RCPTs; all must be accepted.
    pub fn envelope(&mut self, from: &str, to: &[&str]) {
        self.say(&format!("MAIL FROM:<{from}>")).expect("250 *");
        for to in to {
            self.say(&format!("RCPT TO:<{to}>")).expect("250 *");
        }
    }

    /// A whole transaction after EHLO; gives the reply to the end of data.
    pub fn letter(&mut self, from: &str, to: &[&str], letter: &[u8]) -> Reply {
        self.envelope(from, to);
        self.data(letter)
    }

    /// DATA, the letter dot-stuffed, and the reply to its end.
    pub fn data(&mut self, letter: &[u8]) -> Reply {
        self.say("DATA").expect("354 *");
        self.bytes(&stuffed(letter));
        self.reply()
    }

    /// Ends the TCP connection at once, with a reset if anything is unread.
    pub fn drop_connection(self) {
        drop(self);
    }

    /// What was said so far.
    #[must_use]
    pub fn transcript(&self) -> String {
        let from = self.said.len().saturating_sub(40);
        self.said[from..].join("\n")
    }
}

/// RFC 5321 §4.5.2: dots doubled at line starts, and the end of data.
#[must_use]
pub fn stuffed(letter: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(letter.len() + 64);
    for line in letter.split_inclusive(|b| *b == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

impl Reply {
    /// The last line must have this shape, like `550 5.7.1 *`.
    pub fn expect(&self, shape: &str) -> &Self {
        let last = format!("{} {}", self.code, self.lines.last().unwrap());
        assert!(pattern::matches(shape, &last), "expected `{shape}`, got `{last}` in:\n{}", self.said);
        self
    }

    /// Whether EHLO offered this, like `SIZE *` or `PIPELINING`.
    #[must_use]
    pub fn offers(&self, keyword: &str) -> bool {
        self.lines.iter().skip(1).any(|line| pattern::matches(keyword, line))
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.lines.join(" / "))
    }
}
