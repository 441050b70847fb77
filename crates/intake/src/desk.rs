//! One new connection: who calls, a place for it, TLS, its session. Knows no socket that listens, and nothing of what is
//! said in a session.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealpost_mail::TlsFacts;
use sealpost_proxied::{Standing, Word};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::listener_context::{Caller, ListenerContext};
use crate::session::Session;
use crate::slots::{Refused, Slot, Slots};
use crate::tls::CertificateJudge;

/// What the accept loop hands to each session.
pub(crate) struct Desk {
    pub(crate) door: ListenerContext,
    pub(crate) slots: Arc<Slots>,
    /// Connections of proxies that have not said yet who calls.
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

/// Where sessions run, until the end.
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

impl Desk {
    /// Gives a connection its session, or turns it away.
    pub(crate) fn admit(self: &Arc<Self>, stream: TcpStream, peer: IpAddr, crew: &Crew) {
        match self.door.access.proxies.standing(peer) {
            Standing::Itself => match self.slots.enter(peer, &self.door.access) {
                Ok(slot) => crew.spawn(Arc::clone(self).serve(stream, peer, slot)),
                Err(why) => self.turn_away(&stream, peer, why, crew),
            },
            Standing::Proxy => match Arc::clone(&self.introductions).try_acquire_owned() {
                Ok(waiting) => {
                    let (desk, crew_of_it) = (Arc::clone(self), crew.clone());
                    crew.spawn(async move {
                        let called = desk.introduced(stream, peer, &crew_of_it).await;
                        drop(waiting);
                        if let Some((stream, client, slot)) = called {
                            desk.serve(stream, client, slot).await;
                        }
                    });
                }
                Err(_none_left) => self.turn_away(&stream, peer, Refused::Listener, crew),
            },
            Standing::Refused => self.turn_away(&stream, peer, Refused::NoProxy, crew),
        }
    }

    /// Lets the proxy say who calls, and finds a place for that client.
    async fn introduced(
        self: &Arc<Self>,
        mut stream: TcpStream,
        proxy: IpAddr,
        crew: &Crew,
    ) -> Option<(TcpStream, IpAddr, Slot)> {
        let word = self.door.stop.run_until_cancelled(sealpost_proxied::hear(&mut stream)).await?;
        let (client, place) = match word {
            Ok(Word::Client(client)) => (client, self.slots.enter(client, &self.door.access)),
            // It looks whether anybody answers, and needs no right for that.
            Ok(Word::HealthCheck) => (proxy, self.slots.look_in(proxy, &self.door.access)),
            Err(why) => {
                tracing::debug!(listener.name = self.door.listener, %proxy, %why, "not introduced");
                // Nobody knows to whom a reply would go.
                self.count(proxy, Refused::NotIntroduced, crew);
                return None;
            }
        };
        match place {
            Ok(slot) => Some((stream, client, slot)),
            Err(why) => {
                self.turn_away(&stream, client, why, crew);
                None
            }
        }
    }

    /// One line without waiting, then the connection is dropped.
    fn turn_away(self: &Arc<Self>, stream: &TcpStream, peer: IpAddr, why: Refused, crew: &Crew) {
        if !self.implicit {
            let _ = stream.try_write(why.reply().to_line().as_bytes());
        }
        self.count(peer, why, crew);
    }

    fn count(self: &Arc<Self>, peer: IpAddr, why: Refused, crew: &Crew) {
        if self.door.refusals.count(&self.door.listener, peer, why, Instant::now()) {
            let (desk, stop) = (Arc::clone(self), self.door.stop.clone());
            crew.spawn(async move {
                stop.run_until_cancelled(desk.door.refusals.tell(&desk.door.listener)).await;
            });
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, peer: IpAddr, slot: Slot) {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        let session = format!("{:x}-{number:x}", self.started);
        let mut caller = Caller::at(session, peer, Some(slot), &self.door.access);
        // Replies are gathered by us; waiting for more (Nagle) would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(session.id = caller.session, %error, "no TCP_NODELAY");
        }
        if self.implicit {
            if let Some((stream, facts)) = self.secure(stream, &caller).await {
                Session::new(stream, &self.door, &mut caller, Some(facts)).greeted().run().await;
            }
            return;
        }
        let clear = Session::new(stream, &self.door, &mut caller, None).greeted();
        if let Some(stream) = clear.run().await
            && let Some((stream, facts)) = self.secure(stream, &caller).await
        {
            // After a handshake no STARTTLS is accepted, so this session does not hand its stream back.
            Session::new(stream, &self.door, &mut caller, Some(facts)).run().await;
        }
    }

    async fn secure(&self, stream: TcpStream, caller: &Caller) -> Option<(TlsStream<TcpStream>, TlsFacts)> {
        let handshake = self.handshake.as_ref()?;
        let accepted = timeout(self.door.limits.handshake, handshake.acceptor.accept(stream)).await;
        let failed = |cause: &dyn std::fmt::Display| {
            let client = caller.peer;
            tracing::info!(session.id = caller.session, %client, %cause, "TLS handshake failed");
        };
        match accepted {
            Err(elapsed) => failed(&elapsed),
            Ok(Err(error)) => failed(&error),
            Ok(Ok(stream)) => {
                let facts = handshake.judge.facts(stream.get_ref().1, &*self.door.clock);
                return Some((stream, facts));
            }
        }
        None
    }
}
