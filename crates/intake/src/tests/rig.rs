//! A listener, a reception that records, and a client that sends lines and expects replies.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sealpost_mail::{Address, Envelope, FakeClock, Origin, Reply, Secret, Timestamp, TlsFacts};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use sealpost_turns::Turns;

use crate::attempts::Attempts;
use crate::limits::{Limits, MemoryBudget};
use crate::listener_context::{Caller, ListenerContext};
use crate::reception::{Incoming, LoginCheck, Logins, Receipt, Reception};
use crate::session::Session;
use crate::slots::Refusals;

/// An accepted letter.
pub(super) struct Taken {
    pub(super) envelope: Envelope,
    pub(super) origin: Origin,
    pub(super) bytes: Vec<u8>,
}

/// Where the reception refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Refuse {
    Nothing,
    /// A letter announced with this many octets.
    Mail(u64),
    Begin,
    Chunk,
    Finish,
}

pub(super) struct Memory {
    pub(super) refuse: Mutex<Refuse>,
    pub(super) letters: Mutex<Vec<Taken>>,
    pub(super) begun: AtomicUsize,
    pub(super) aborted: AtomicUsize,
    pub(super) acknowledged: Arc<AtomicUsize>,
    pub(super) largest_chunk: AtomicUsize,
}

pub(super) struct Remembering(pub(super) Arc<Memory>);

struct Writing {
    memory: Arc<Memory>,
    taken: Option<Taken>,
}

impl Memory {
    fn refuses(&self, here: Refuse) -> Result<(), Reply> {
        if *self.refuse.lock().unwrap() == here {
            Err(Reply::later(451, 3, 0, "come back later").because("secret cause"))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Reception for Remembering {
    fn may_begin(&self, announced: u64) -> Result<(), Reply> {
        self.0.refuses(Refuse::Mail(announced))
    }

    async fn begin(&self, envelope: Envelope, origin: Origin) -> Result<Box<dyn Incoming>, Reply> {
        self.0.refuses(Refuse::Begin)?;
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        let taken = Taken { envelope, origin, bytes: Vec::new() };
        Ok(Box::new(Writing { memory: Arc::clone(&self.0), taken: Some(taken) }))
    }
}

#[async_trait]
impl Incoming for Writing {
    async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        self.memory.refuses(Refuse::Chunk)?;
        self.memory.largest_chunk.fetch_max(bytes.len(), Ordering::SeqCst);
        self.taken.as_mut().unwrap().bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Receipt, Reply> {
        self.memory.refuses(Refuse::Finish)?;
        let mut letters = self.memory.letters.lock().unwrap();
        letters.extend(self.taken.take());
        let acknowledged = Arc::clone(&self.memory.acknowledged);
        let acknowledged = move || {
            acknowledged.fetch_add(1, Ordering::SeqCst);
        };
        Ok(Receipt { id: format!("letter{}", letters.len()), acknowledged: Some(Box::new(acknowledged)) })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.taken.is_some() {
            self.memory.aborted.fetch_add(1, Ordering::SeqCst);
        }
    }
}

pub(super) struct OneLogin;

#[async_trait]
impl Logins for OneLogin {
    async fn check(&self, login: &str, password: Secret<String>) -> LoginCheck {
        if login == "mill" && password.expose() == "wheel" {
            LoginCheck::Right("Mill".to_owned())
        } else {
            LoginCheck::Wrong
        }
    }

    fn configured(&self, login: &str) -> Option<String> {
        (login == "mill").then(|| "Mill".to_owned())
    }
}

/// A listener and its dependencies.
pub(super) struct Rig {
    pub(super) context: Arc<ListenerContext>,
    pub(super) memory: Arc<Memory>,
    pub(super) tls: Option<TlsFacts>,
    pub(super) peer: &'static str,
}

pub(super) fn memory() -> Arc<Memory> {
    Arc::new(Memory {
        refuse: Mutex::new(Refuse::Nothing),
        letters: Mutex::new(Vec::new()),
        begun: AtomicUsize::new(0),
        aborted: AtomicUsize::new(0),
        acknowledged: Arc::new(AtomicUsize::new(0)),
        largest_chunk: AtomicUsize::new(0),
    })
}

pub(super) fn rig() -> Rig {
    let memory = memory();
    let context = ListenerContext {
        name: "inside".into(),
        hostname: "gw.example".into(),
        postmaster: Address::parse("postmaster@gw.example").unwrap(),
        starttls: false,
        tls_required: false,
        access: Access { networks: vec!["192.0.2.0/24".parse().unwrap()], ..Access::default() },
        limits: Limits::default(),
        reception: Arc::new(Remembering(Arc::clone(&memory))),
        logins: Arc::new(OneLogin),
        clock: Arc::new(FakeClock::at(Timestamp(0))),
        memory: MemoryBudget::kib(1024),
        turns: Turns::default(),
        random: Arc::new(sealpost_mail::SequenceRandom::default()),
        refusals: Refusals::default(),
        attempts: Arc::new(Attempts::default()),
        stop: CancellationToken::new(),
        last_call: CancellationToken::new(),
    };
    Rig { context: Arc::new(context), memory, tls: None, peer: "192.0.2.7" }
}

impl Rig {
    /// Changes the listener before the first client.
    pub(super) fn context(mut self, change: impl FnOnce(&mut ListenerContext)) -> Self {
        change(Arc::get_mut(&mut self.context).unwrap());
        self
    }

    pub(super) fn limits(self, change: impl FnOnce(&mut Limits)) -> Self {
        self.context(|context| change(&mut context.limits))
    }

    pub(super) fn from(mut self, peer: &'static str) -> Self {
        self.peer = peer;
        self
    }

    pub(super) fn over_tls(mut self, certificate: Option<&str>) -> Self {
        self.tls = Some(TlsFacts {
            version: "TLS1.3".into(),
            cipher: "TLS_AES_256_GCM_SHA384".into(),
            client_certificate: certificate.map(str::to_owned),
        });
        self
    }

    pub(super) fn refusing(self, refuse: Refuse) -> Self {
        *self.memory.refuse.lock().unwrap() = refuse;
        self
    }

    pub(super) fn call(&self) -> Client {
        let (near, far) = tokio::io::duplex(256 * 1024);
        let (context, tls) = (Arc::clone(&self.context), self.tls.clone());
        let mut caller = Caller::at("test".into(), self.peer.parse().unwrap(), None, &context.access);
        let session = tokio::spawn(async move {
            Session::new(far, &context, &mut caller, tls).greeted().run().await.is_some()
        });
        Client { stream: near, read: Vec::new(), session }
    }

    /// A client that has said EHLO.
    pub(super) async fn client(&self) -> Client {
        let mut client = self.call();
        client.expect("220 gw.example ESMTP").await;
        client.say("EHLO mill.example").await;
        client.reply().await;
        client
    }

    /// A client that has said MAIL and RCPT.
    pub(super) async fn with_letter(&self) -> Client {
        let mut client = self.client().await;
        client.ask("MAIL FROM:<a@b.example>", "250 2.1.0").await;
        client.ask("RCPT TO:<c@d.example>", "250 2.1.5").await;
        client
    }

    /// A client that may send the text of a letter.
    pub(super) async fn in_data(&self) -> Client {
        let mut client = self.with_letter().await;
        client.ask("DATA", "354").await;
        client
    }

    pub(super) fn letters(&self) -> Vec<Vec<u8>> {
        self.memory.letters.lock().unwrap().iter().map(|letter| letter.bytes.clone()).collect()
    }

    pub(super) fn count(&self, of: impl Fn(&Memory) -> &AtomicUsize) -> usize {
        of(&self.memory).load(Ordering::SeqCst)
    }
}

pub(super) struct Client {
    pub(super) stream: DuplexStream,
    read: Vec<u8>,
    session: JoinHandle<bool>,
}

impl Client {
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(super) async fn say(&mut self, line: &str) {
        self.send(format!("{line}\r\n")).await;
    }

    /// The next reply, all its lines; empty at the end of the connection.
    pub(super) async fn reply(&mut self) -> String {
        let mut lines = String::new();
        loop {
            let line = self.line().await;
            lines.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return lines;
            }
        }
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..end + 2).collect();
                return String::from_utf8(line).unwrap();
            }
            if self.stream.read_buf(&mut self.read).await.unwrap() == 0 {
                assert!(self.read.is_empty(), "half a line: {:?}", String::from_utf8_lossy(&self.read));
                return String::new();
            }
        }
    }

    pub(super) async fn expect(&mut self, start: &str) {
        let reply = self.reply().await;
        assert!(!start.is_empty() && reply.starts_with(start), "expected {start}, got {reply:?}");
    }

    pub(super) async fn ask(&mut self, line: &str, start: &str) {
        self.say(line).await;
        self.expect(start).await;
    }

    pub(super) async fn expect_end(&mut self) {
        let reply = self.reply().await;
        assert_eq!(reply, "", "expected the end of the connection");
    }

    /// Closes our side and waits for the session; true if it asked for TLS.
    pub(super) async fn close(self) -> bool {
        drop(self.stream);
        self.session.await.unwrap()
    }

    /// The connection and the session behind it.
    pub(super) fn into_parts(self) -> (DuplexStream, JoinHandle<bool>) {
        (self.stream, self.session)
    }

    /// Shuts down only our sending side, in an orderly way.
    pub(super) async fn end_orderly(mut self) -> bool {
        self.stream.shutdown().await.unwrap();
        self.session.await.unwrap()
    }
}
