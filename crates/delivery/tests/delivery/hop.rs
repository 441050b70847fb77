//! A scripted next hop that records every byte. Plain lines over TCP, no SMTP library.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// What the hop does where its answer may be scripted.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    Line(&'static str),
    HangUp,
    Nothing,
}

/// The hop's script.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) greeting: Say,
    /// Greetings of the first connections, used up one by one; then `greeting`.
    pub(crate) first_greetings: VecDeque<Say>,
    pub(crate) offers: Vec<&'static str>,
    /// Answers EHLO with 502, HELO with 250.
    pub(crate) helo_only: bool,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) implicit: bool,
    /// Cleartext after the reply to STARTTLS.
    pub(crate) injects: bool,
    /// Answers to RCPT by address, used up one by one; then 250.
    pub(crate) rcpt: HashMap<&'static str, VecDeque<Say>>,
    /// Refuses more recipients than this in one transaction with 452.
    pub(crate) most_recipients: usize,
    /// Answers to MAIL, used up one by one; then 250.
    pub(crate) mail: VecDeque<Say>,
    /// Answers to DATA, used up one by one; then 354.
    pub(crate) data: VecDeque<Say>,
    /// Answers to the final dot, used up one by one; then 250.
    pub(crate) end: VecDeque<Say>,
    /// Hangs up after this many letters on a connection.
    pub(crate) letters_per_connection: usize,
    /// Further simultaneous connections are greeted with 421.
    pub(crate) most_connections: usize,
    /// Reads a letter at most at this many octets per hundredth of a second.
    pub(crate) sips: Option<usize>,
    /// Says the line when so many octets of a letter have come and reads no more of it, then does the last; used up one by one.
    pub(crate) during: VecDeque<(usize, &'static str, Say)>,
    /// Delays the reply to the final dot until released.
    pub(crate) gate: Option<Arc<tokio::sync::Semaphore>>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: Say::Line("220 hop ESMTP"),
            first_greetings: VecDeque::new(),
            offers: vec!["PIPELINING", "SIZE 0", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"],
            helo_only: false,
            tls: None,
            implicit: false,
            injects: false,
            rcpt: HashMap::new(),
            most_recipients: usize::MAX,
            mail: VecDeque::new(),
            data: VecDeque::new(),
            end: VecDeque::new(),
            letters_per_connection: usize::MAX,
            most_connections: usize::MAX,
            sips: None,
            during: VecDeque::new(),
            gate: None,
        }
    }
}

/// A letter that got any reply.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) connection: usize,
    pub(crate) mail: String,
    /// The first recipient accepted.
    pub(crate) rcpt: String,
    pub(crate) rcpts: Vec<String>,
    /// Everything between 354 and the final dot, dot-unstuffed.
    pub(crate) bytes: Vec<u8>,
    pub(crate) encrypted: bool,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    commands: Vec<String>,
    letters: Vec<Arrived>,
    open: usize,
    most_open: usize,
}

/// A running hop.
#[derive(Clone)]
pub(crate) struct Hop {
    pub(crate) port: u16,
    seen: Arc<Mutex<Seen>>,
    changed: Arc<Notify>,
}

impl Hop {
    pub(crate) async fn start(script: Script) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        if script.sips.is_some() {
            // Otherwise the kernel would read for it.
            socket.set_recv_buffer_size(16 * 1024).unwrap();
        }
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self::on(socket.listen(64).unwrap(), script)
    }

    /// On a given port, which may have been used before.
    pub(crate) async fn start_at(port: u16, script: Script) -> Self {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap(), script)
    }

    fn on(listener: TcpListener, script: Script) -> Self {
        let hop = Self {
            port: listener.local_addr().unwrap().port(),
            seen: Arc::default(),
            changed: Arc::new(Notify::new()),
        };
        let (mine, script) = (hop.clone(), Arc::new(Mutex::new(script)));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (hop, script) = (mine.clone(), Arc::clone(&script));
                tokio::spawn(async move {
                    let number = hop.change(|seen| {
                        seen.connections += 1;
                        seen.open += 1;
                        seen.most_open = seen.most_open.max(seen.open);
                        seen.connections
                    });
                    tcp.set_nodelay(true).unwrap();
                    let implicit = script.lock().unwrap().implicit;
                    let acceptor = script.lock().unwrap().tls.clone();
                    let mut session = Session { hop: hop.clone(), script, number, encrypted: implicit };
                    if implicit {
                        if let Ok(tls) = acceptor.unwrap().accept(tcp).await {
                            session.serve(tls, true).await;
                        }
                    } else if let Some(tcp) = session.serve(tcp, true).await {
                        session.encrypted = true;
                        if let Ok(tls) = acceptor.unwrap().accept(tcp).await {
                            session.serve(tls, false).await;
                        }
                    }
                    hop.change(|seen| seen.open -= 1);
                });
            }
        });
        hop
    }

    fn change<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        let result = change(&mut self.seen.lock().unwrap());
        self.changed.notify_waiters();
        result
    }

    /// Waits until this many letters have come.
    pub(crate) async fn letters(&self, count: usize) -> Vec<Arrived> {
        self.until(|seen| seen.letters.len() >= count).await;
        self.seen.lock().unwrap().letters.clone()
    }

    /// Waits until a command with this beginning has come.
    pub(crate) async fn command(&self, start: &str) -> String {
        self.until(|seen| seen.commands.iter().any(|command| command.starts_with(start))).await;
        self.commands().into_iter().find(|command| command.starts_with(start)).unwrap()
    }

    pub(crate) async fn connections(&self, count: usize) {
        self.until(|seen| seen.connections >= count).await;
    }

    pub(crate) async fn all_closed(&self) {
        self.until(|seen| seen.open == 0).await;
    }

    async fn until(&self, reached: impl Fn(&Seen) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if reached(&self.seen.lock().unwrap()) {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), waiting).await.is_err() {
            let seen = self.seen.lock().unwrap();
            panic!("never happened; {} letters, commands: {:#?}", seen.letters.len(), seen.commands);
        }
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        self.seen.lock().unwrap().commands.clone()
    }

    pub(crate) fn connection_count(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    fn open(&self) -> usize {
        self.seen.lock().unwrap().open
    }

    pub(crate) fn most_open(&self) -> usize {
        self.seen.lock().unwrap().most_open
    }

    pub(crate) fn letter_count(&self) -> usize {
        self.seen.lock().unwrap().letters.len()
    }
}

struct Session {
    hop: Hop,
    script: Arc<Mutex<Script>>,
    number: usize,
    encrypted: bool,
}

impl Session {
    /// Serves until the end; returns the stream for STARTTLS.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&mut self, mut stream: S, greets: bool) -> Option<S> {
        let mut buffer = Vec::new();
        let (mut mail, mut rcpts) = (String::new(), Vec::<String>::new());
        let mut letters = 0;
        if greets {
            let (greeting, most) = {
                let mut script = self.script.lock().unwrap();
                let greeting = script.first_greetings.pop_front();
                (greeting.unwrap_or_else(|| script.greeting.clone()), script.most_connections)
            };
            if self.hop.open() > most {
                say(&mut stream, Say::Line("421 4.7.0 too many connections")).await?;
                return None;
            }
            say(&mut stream, greeting).await?;
        }
        loop {
            let line = line(&mut stream, &mut buffer).await?;
            self.hop.change(|seen| seen.commands.push(line.clone()));
            let script = self.script.lock().unwrap().clone();
            let upper = line.to_ascii_uppercase();
            if upper.starts_with("EHLO") && script.helo_only {
                say(&mut stream, Say::Line("502 5.5.1 what?")).await?;
            } else if upper.starts_with("EHLO") {
                let mut lines = vec!["hop.example".to_owned()];
                lines.extend(script.offers.iter().map(|offer| (*offer).to_owned()));
                if script.tls.is_some() && !self.encrypted {
                    lines.push("STARTTLS".to_owned());
                }
                let last = lines.len() - 1;
                let reply: String = lines
                    .iter()
                    .enumerate()
                    .map(|(at, line)| format!("250{}{line}\r\n", if at == last { ' ' } else { '-' }))
                    .collect();
                stream.write_all(reply.as_bytes()).await.ok()?;
            } else if upper.starts_with("STARTTLS") {
                let reply = if script.injects { "220 go\r\n250 hop\r\n" } else { "220 go\r\n" };
                stream.write_all(reply.as_bytes()).await.ok()?;
                return Some(stream);
            } else if upper.starts_with("AUTH LOGIN") {
                say(&mut stream, Say::Line("334 VXNlcm5hbWU6")).await?;
                for next in ["334 UGFzc3dvcmQ6", "235 2.7.0 in"] {
                    let answer = self::line(&mut stream, &mut buffer).await?;
                    self.hop.change(|seen| seen.commands.push(format!("AUTH> {answer}")));
                    say(&mut stream, Say::Line(next)).await?;
                }
            } else if upper.starts_with("AUTH") {
                say(&mut stream, Say::Line("235 2.7.0 in")).await?;
            } else if upper.starts_with("MAIL") {
                let answer =
                    self.script.lock().unwrap().mail.pop_front().unwrap_or(Say::Line("250 2.1.0 ok"));
                let open = matches!(answer, Say::Line(text) if text.starts_with('2'));
                mail = if open { line } else { String::new() };
                rcpts.clear();
                say(&mut stream, answer).await?;
            } else if upper.starts_with("RCPT") {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                let told =
                    self.script.lock().unwrap().rcpt.get_mut(address.as_str()).and_then(VecDeque::pop_front);
                let answer = match told {
                    _ if mail.is_empty() => Say::Line("503 5.5.1 MAIL first"),
                    Some(answer) => answer,
                    None if rcpts.len() >= script.most_recipients => {
                        Say::Line("452 4.5.3 too many recipients")
                    }
                    None => Say::Line("250 2.1.5 ok"),
                };
                if matches!(answer, Say::Line(text) if text.starts_with('2')) {
                    rcpts.push(line);
                }
                say(&mut stream, answer).await?;
            } else if upper.starts_with("DATA") {
                let rcpts = std::mem::take(&mut rcpts);
                let Some(rcpt) = rcpts.first().cloned() else {
                    say(&mut stream, Say::Line("503 5.5.1 RCPT first")).await?;
                    continue;
                };
                let answer = self.script.lock().unwrap().data.pop_front().unwrap_or(Say::Line("354 go"));
                say(&mut stream, answer).await?;
                let during = self.script.lock().unwrap().during.pop_front();
                if let Some((octets, text, then)) = during {
                    while buffer.len() < octets {
                        more(&mut stream, &mut buffer).await?;
                    }
                    say(&mut stream, Say::Line(text)).await?;
                    say(&mut stream, then).await?;
                    return None;
                }
                if let Some(octets) = script.sips {
                    sip(&mut stream, octets).await?;
                }
                let bytes = letter(&mut stream, &mut buffer).await?;
                let arrived = Arrived {
                    connection: self.number,
                    mail: std::mem::take(&mut mail),
                    rcpt,
                    rcpts,
                    bytes,
                    encrypted: self.encrypted,
                };
                self.hop.change(|seen| seen.letters.push(arrived));
                if let Some(gate) = &script.gate {
                    gate.acquire().await.unwrap().forget();
                }
                let answer =
                    self.script.lock().unwrap().end.pop_front().unwrap_or(Say::Line("250 2.0.0 taken"));
                say(&mut stream, answer).await?;
                letters += 1;
                if letters >= script.letters_per_connection {
                    return None;
                }
            } else if upper.starts_with("RSET") {
                (mail, rcpts) = (String::new(), Vec::new());
                say(&mut stream, Say::Line("250 2.0.0 forgotten")).await?;
            } else if upper.starts_with("QUIT") {
                say(&mut stream, Say::Line("221 2.0.0 bye")).await?;
                return None;
            } else {
                say(&mut stream, Say::Line("250 ok")).await?;
            }
        }
    }
}

/// `None`: the connection is closed.
async fn say<S: AsyncWrite + Unpin>(stream: &mut S, what: Say) -> Option<()> {
    match what {
        Say::Line(text) => {
            stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
            // RFC 5321 §3.8: it is sent before closing.
            (!text.starts_with("421")).then_some(())
        }
        Say::HangUp => None,
        Say::Nothing => std::future::pending().await,
    }
}

/// Never reads to the end of a letter.
async fn sip<S: AsyncRead + Unpin>(stream: &mut S, octets: usize) -> Option<()> {
    let mut chunk = vec![0_u8; octets];
    loop {
        stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn more<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0_u8; 16 * 1024];
    let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
    buffer.extend_from_slice(&chunk[..count]);
    Some(())
}

async fn line<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(at) = buffer.windows(2).position(|pair| pair == b"\r\n") {
            let line = String::from_utf8(buffer[..at].to_vec()).unwrap();
            buffer.drain(..at + 2);
            return Some(line);
        }
        more(stream, buffer).await?;
    }
}

/// RFC 5321 §4.5.2, by the letter: lines end in CRLF, a line of one dot ends it, a first dot is removed.
async fn letter<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut searched = 0;
    let end = loop {
        if buffer.starts_with(b".\r\n") {
            break 0;
        }
        let from = searched.min(buffer.len());
        if let Some(at) = buffer[from..].windows(5).position(|five| five == b"\r\n.\r\n") {
            break from + at + 2;
        }
        searched = buffer.len().saturating_sub(4);
        more(stream, buffer).await?;
    };
    let stuffed: Vec<u8> = buffer.drain(..end + 3).take(end).collect();
    let mut bytes = Vec::with_capacity(stuffed.len());
    let mut at_start = true;
    for byte in stuffed {
        if !(at_start && byte == b'.') {
            bytes.push(byte);
        }
        at_start = bytes.ends_with(b"\r\n") && byte == b'\n';
    }
    Some(bytes)
}
