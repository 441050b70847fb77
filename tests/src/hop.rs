//! A scripted next hop: the recipients' mail servers and the insurer's own, as friendly or as hostile as the
//! scenario needs. Records every letter byte for byte.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::hop_session::{Session, serve};
use crate::{PATIENCE, ports};

/// What it calls every letter that it takes.
pub const QUEUED: &str = "4F2A1B9C";

/// Where in a session we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before the greeting.
    Connect,
    /// EHLO or HELO.
    Hello,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, before 354.
    Data,
    /// After the final dot.
    Body,
}

/// What the hop does at a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What a kind server says.
    Yes,
    /// This line instead, without CRLF.
    Say(String),
    /// Hang up without a word.
    Drop,
    /// Take the letter (record it), then hang up without a word: the reply got lost.
    TakeAndDrop,
    /// Says nothing and waits until the client leaves.
    Hang,
}

impl Answer {
    /// A reply line.
    #[must_use]
    pub fn say(line: &str) -> Self {
        Self::Say(line.to_owned())
    }
}

/// One letter that arrived here.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// When, before the reply.
    pub at: Instant,
    /// What stood after `MAIL FROM:`, parameters included.
    pub mail: String,
    /// What stood after each accepted `RCPT TO:`, parameters included.
    pub rcpts: Vec<String>,
    /// The letter, dots unstuffed.
    pub bytes: Vec<u8>,
    /// The session was encrypted.
    pub tls: bool,
    /// Login, if the client authenticated with PLAIN.
    pub login: Option<String>,
    /// Number of the session, to see connections being kept.
    pub session: usize,
    /// Names the certificate request by SNI carried.
    pub hello: String,
}

impl Delivered {
    /// The reverse-path without brackets.
    #[must_use]
    pub fn from(&self) -> &str {
        path(&self.mail)
    }

    /// The forward-paths without brackets.
    #[must_use]
    pub fn to(&self) -> Vec<&str> {
        self.rcpts.iter().map(|rcpt| path(rcpt)).collect()
    }

    /// The letter as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

fn path(argument: &str) -> &str {
    let start = argument.find('<').map_or(0, |at| at + 1);
    argument[start..].split('>').next().unwrap_or_default()
}

pub(crate) type Script = dyn Fn(Stage, &str) -> Answer + Send + Sync;

pub(crate) struct Shared {
    pub(crate) script: Mutex<Arc<Script>>,
    pub(crate) keywords: Mutex<Vec<String>>,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) log: Mutex<Log>,
    pub(crate) news: Condvar,
}

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) delivered: Vec<Delivered>,
    pub(crate) events: Vec<(Stage, String)>,
    pub(crate) sessions: usize,
}

impl Shared {
    pub(crate) fn answer(&self, stage: Stage, text: &str) -> Answer {
        let script = self.script.lock().unwrap().clone();
        let answer = script(stage, text);
        self.log.lock().unwrap().events.push((stage, text.to_owned()));
        self.news.notify_all();
        answer
    }
}

/// The scripted next hop.
pub struct Hop {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Runtime,
    open: Option<watch::Sender<bool>>,
}

impl Default for Hop {
    fn default() -> Self {
        Self::new()
    }
}

impl Hop {
    /// A kind server that takes everything, without TLS.
    #[must_use]
    pub fn new() -> Self {
        Self::with(None)
    }

    /// The same with STARTTLS.
    #[must_use]
    pub fn with_tls(tls: Arc<ServerConfig>) -> Self {
        Self::with(Some(tls))
    }

    fn with(tls: Option<Arc<ServerConfig>>) -> Self {
        let keywords = ["PIPELINING", "SIZE 0", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"];
        let shared = Shared {
            script: Mutex::new(Arc::new(|_, _| Answer::Yes)),
            keywords: Mutex::new(keywords.map(str::to_owned).to_vec()),
            tls,
            log: Mutex::default(),
            news: Condvar::new(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let mut hop =
            Self { address: ports::free(), shared: Arc::new(shared), runtime: runtime.unwrap(), open: None };
        hop.open();
        hop
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the script: stage and argument (address, HELO name …) → answer.
    pub fn script(&self, script: impl Fn(Stage, &str) -> Answer + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap() = Arc::new(script);
    }

    /// Answers one recipient with this line; everybody else is welcome.
    pub fn answer_rcpt(&self, address: &str, line: &str) {
        let (address, line) = (address.to_owned(), line.to_owned());
        self.script(move |stage, text| match stage {
            Stage::Rcpt if text == address => Answer::Say(line.clone()),
            _ => Answer::Yes,
        });
    }

    /// Kind again.
    pub fn be_kind(&self) {
        self.script(|_, _| Answer::Yes);
    }

    /// Offers one EHLO keyword less.
    pub fn without(&self, keyword: &str) {
        self.shared.keywords.lock().unwrap().retain(|offered| !offered.starts_with(keyword));
    }

    /// Refuses connections and cuts those it has: the server is down.
    pub fn close(&mut self) {
        if let Some(open) = self.open.take() {
            let _ = open.send(false);
            // The accept loop owns the socket and drops its receiver last: that is the event.
            self.runtime.block_on(open.closed());
        }
    }

    /// Up again, at the same address.
    pub fn open(&mut self) {
        let (sender, receiver) = watch::channel(true);
        let listener = self.runtime.block_on(TcpListener::bind(self.address)).unwrap();
        self.runtime.spawn(accept(listener, self.shared.clone(), receiver));
        self.open = Some(sender);
    }

    /// Everything that arrived so far.
    #[must_use]
    pub fn delivered(&self) -> Vec<Delivered> {
        self.shared.log.lock().unwrap().delivered.clone()
    }

    /// Every stage a client reached so far, with its argument.
    #[must_use]
    pub fn events(&self) -> Vec<(Stage, String)> {
        self.shared.log.lock().unwrap().events.clone()
    }

    /// Waits until a client has reached this stage `times` times.
    pub fn wait_stage(&self, stage: Stage, times: usize) {
        self.wait_until(&format!("{stage:?} {times} times"), |log| {
            (log.events.iter().filter(|(s, _)| *s == stage).count() >= times).then_some(())
        });
    }

    /// Waits until at least `count` letters have arrived, and gives all.
    #[must_use]
    pub fn wait(&self, count: usize) -> Vec<Delivered> {
        self.wait_until(&format!("{count} letters"), |log| {
            (log.delivered.len() >= count).then(|| log.delivered.clone())
        })
    }

    /// Waits for a letter to that recipient.
    #[must_use]
    pub fn wait_to(&self, recipient: &str) -> Delivered {
        self.wait_where(&format!("a letter to {recipient}"), |d| d.to().contains(&recipient))
    }

    /// Waits for a letter that meets this condition.
    pub fn wait_where(&self, what: &str, holds: impl Fn(&Delivered) -> bool) -> Delivered {
        self.wait_until(what, |log| log.delivered.iter().find(|d| holds(d)).cloned())
    }

    fn wait_until<T>(&self, what: &str, mut ready: impl FnMut(&Log) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut log = self.shared.log.lock().unwrap();
        loop {
            if let Some(found) = ready(&log) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let events: Vec<String> = log.events.iter().map(|(s, t)| format!("{s:?} {t}")).collect();
                let got: Vec<String> = log.delivered.iter().map(|d| d.rcpts.join(" ")).collect();
                drop(log); // the message is for people; a poisoned lock would hide it behind others
                panic!("the next hop waited in vain for {what}; letters to {got:?}; events {events:#?}");
            }
            log = self.shared.news.wait_timeout(log, left).unwrap().0;
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut open: watch::Receiver<bool>) {
    let mut sessions = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            _ = open.changed() => break,
            Ok((stream, _)) = listener.accept() => {
                let number = {
                    let mut log = shared.log.lock().unwrap();
                    log.sessions += 1;
                    log.sessions
                };
                sessions.spawn(serve(stream, Session::new(shared.clone(), number)));
            }
        }
    }
    sessions.shutdown().await;
    drop(listener);
}
