//! Handles a new connection: its client, a slot for it, TLS, its session. Knows no listening socket, and
//! nothing of what is said in a session.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sealpost_mail::TlsFacts;
use sealpost_proxied::{PeerRole, Word};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::listener_context::{Caller, ListenerContext, Speaker};
use crate::session::Session;
use crate::slots::{SessionRefusal, Slot, Slots};
use crate::tls::CertificateJudge;

/// What the accept loop passes to each session.
pub(crate) struct SessionSetup {
    pub(crate) context: ListenerContext,
    pub(crate) slots: Arc<Slots>,
    /// Connections of proxies that have not announced their client yet.
    pub(crate) introductions: Arc<Semaphore>,
    pub(crate) handshake: Option<Handshake>,
    pub(crate) implicit: bool,
    pub(crate) sessions: AtomicU64,
    pub(crate) started: i64,
}

/// TLS as a session needs it.
pub(crate) struct Handshake {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) judge: CertificateJudge,
}

/// Where sessions run, until they end.
#[derive(Clone)]
pub(crate) struct Crew {
    pub(crate) tasks: TaskTracker,
    pub(crate) end: CancellationToken,
}

impl Crew {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(self.end.clone().run_until_cancelled_owned(task));
    }
}

/// A health check must end within this time.
const HEALTH_CHECK: Duration = Duration::from_secs(30);

impl SessionSetup {
    /// Starts a session for a connection, or turns it away.
    pub(crate) fn admit(self: &Arc<Self>, stream: TcpStream, peer: IpAddr, crew: &Crew) {
        match self.context.access.proxies.role(peer) {
            PeerRole::Itself => match self.slots.enter(peer, &self.context.access) {
                Ok(slot) => crew.spawn(Arc::clone(self).serve(stream, peer, slot)),
                Err(why) => self.turn_away(&stream, peer, why),
            },
            PeerRole::Proxy => match Arc::clone(&self.introductions).try_acquire_owned() {
                Ok(waiting) => crew.spawn(Arc::clone(self).introduced(stream, peer, waiting)),
                Err(_none_left) => self.turn_away(&stream, peer, SessionRefusal::Listener),
            },
            PeerRole::Refused => self.turn_away(&stream, peer, SessionRefusal::NoProxy),
        }
    }

    /// Lets the proxy announce its client, and finds a slot for that client.
    async fn introduced(
        self: Arc<Self>,
        mut stream: TcpStream,
        proxy: IpAddr,
        waiting: OwnedSemaphorePermit,
    ) {
        let heard = self.context.stop.run_until_cancelled(sealpost_proxied::hear(&mut stream)).await;
        drop(waiting);
        match heard {
            None => {}
            Some(Ok(Word::Client(client))) => match self.slots.enter(client, &self.context.access) {
                Ok(slot) => self.serve(stream, client, slot).await,
                Err(why) => self.turn_away(&stream, client, why),
            },
            Some(Ok(Word::HealthCheck)) => match self.slots.look_in() {
                Ok(slot) => self.is_looked_at(stream, proxy, slot).await,
                Err(why) => self.turn_away(&stream, proxy, why),
            },
            Some(Err(why)) => {
                tracing::debug!(listener.name = self.context.name, %proxy, %why, "the proxy announced no client");
                // The client is unknown, so no reply is possible.
                self.count(proxy, SessionRefusal::NotIntroduced);
            }
        }
    }

    /// One line without waiting, then the connection is dropped.
    fn turn_away(&self, stream: &TcpStream, peer: IpAddr, why: SessionRefusal) {
        if !self.implicit {
            let _ = stream.try_write(why.reply().to_line().as_bytes());
        }
        self.count(peer, why);
    }

    fn count(&self, peer: IpAddr, why: SessionRefusal) {
        self.context.refusals.count(&self.context.name, peer, why, Instant::now());
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, peer: IpAddr, slot: Slot) {
        let caller = Caller::at(self.session(), peer, Some(slot), &self.context.access);
        self.talk(stream, caller).await;
    }

    /// A balancer's health check. It gives no rights and cannot occupy a slot for long.
    async fn is_looked_at(self: Arc<Self>, stream: TcpStream, proxy: IpAddr, slot: Slot) {
        let speaker = Speaker::HealthCheck;
        let caller = Caller { session: self.session(), peer: proxy, slot: Some(slot), speaker };
        if timeout(HEALTH_CHECK, self.talk(stream, caller)).await.is_err() {
            tracing::info!(listener.name = self.context.name, %proxy, "a health check took too long");
        }
    }

    /// The session's name in the log.
    fn session(&self) -> String {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number:x}", self.started)
    }

    async fn talk(&self, stream: TcpStream, mut caller: Caller) {
        // We gather replies ourselves; Nagle's algorithm would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(session.id = caller.session, %error, "no TCP_NODELAY");
        }
        if self.implicit {
            if let Some((stream, facts)) = self.secure(stream, &caller).await {
                Session::new(stream, &self.context, &mut caller, Some(facts)).greeted().run().await;
            }
            return;
        }
        let clear = Session::new(stream, &self.context, &mut caller, None).greeted();
        if let Some(stream) = clear.run().await
            && let Some((stream, facts)) = self.secure(stream, &caller).await
        {
            // After a handshake no STARTTLS is accepted, so this session does not hand its stream back.
            Session::new(stream, &self.context, &mut caller, Some(facts)).run().await;
        }
    }

    async fn secure(&self, stream: TcpStream, caller: &Caller) -> Option<(TlsStream<TcpStream>, TlsFacts)> {
        let handshake = self.handshake.as_ref()?;
        let accepted = timeout(self.context.limits.handshake, handshake.acceptor.accept(stream)).await;
        let failed = |cause: &dyn std::fmt::Display| {
            let client = caller.peer;
            tracing::info!(session.id = caller.session, %client, %cause, "TLS handshake failed");
        };
        match accepted {
            Err(elapsed) => failed(&elapsed),
            Ok(Err(error)) => failed(&error),
            Ok(Ok(stream)) => {
                let facts = handshake.judge.facts(stream.get_ref().1, &*self.context.clock);
                return Some((stream, facts));
            }
        }
        None
    }
}
