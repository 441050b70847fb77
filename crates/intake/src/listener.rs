//! The listeners: sockets, slots, and the clean stop. Knows nothing of what is said on a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sealpost_mail::{Address, Clock, Domain, Random};
use sealpost_turns::Turns;
use socket2::{Socket, Type};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
use crate::attempts::Attempts;
use crate::limits::{Limits, MemoryBudget};
use crate::listener_context::ListenerContext;
use crate::new_connection::{Crew, Handshake, SessionSetup};
use crate::reception::{Logins, Reception};
use crate::slots::{Refusals, Slots};
use crate::tls::{CertificateJudge, TlsError, TlsSource};

/// Connections that the system queues for us until they are accepted.
const BACKLOG: i32 = 1024;
/// How long the last replies may take after the drain.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// TLS of a listener.
#[derive(Clone, Debug, Default)]
pub enum Tls {
    /// None; AUTH is then never offered.
    #[default]
    Off,
    /// Offered by STARTTLS (RFC 3207).
    StartTls(TlsSource),
    /// From the first byte (RFC 8314).
    Implicit(TlsSource),
}

/// The configuration of one listener.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Its name in the configuration; travels as [`sealpost_mail::Origin::listener`].
    pub name: String,
    /// Addresses to listen on; port 0 takes a free one.
    pub addresses: Vec<SocketAddr>,
    /// Our name in the greeting and in EHLO, and the domain of `postmaster`.
    pub hostname: String,
    /// How the listener speaks TLS.
    pub tls: Tls,
    /// No letters without TLS (only with `StartTls`; `Implicit` is always TLS).
    pub tls_required: bool,
    /// Which clients may send.
    pub access: Access,
    /// How much a client may send.
    pub limits: Limits,
}

/// Why the intake cannot start.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// The address is not available.
    #[error("listener {listener}: cannot listen at {address}: {source}")]
    Bind {
        /// The name of the listener.
        listener: String,
        /// The address to listen on.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// The host name is not a domain.
    #[error("listener {listener}: hostname must be a domain name or an address literal like [192.0.2.1]")]
    Hostname {
        /// The listener's name.
        listener: String,
    },
    /// The configuration contradicts itself.
    #[error("listener {listener}: {what}")]
    Contradiction {
        /// The listener's name.
        listener: String,
        /// The contradiction, and how to fix it.
        what: &'static str,
    },
    /// TLS is not usable.
    #[error("listener {listener}: {source}")]
    Tls {
        /// The listener's name.
        listener: String,
        /// The cause.
        source: TlsError,
    },
}

/// All listeners, bound and not yet running.
pub struct Intake {
    listeners: Vec<Listener>,
    setups: Vec<Arc<SessionSetup>>,
    addresses: Vec<(String, SocketAddr)>,
    stop: CancellationToken,
    last_call: CancellationToken,
}

/// One socket with what its sessions share.
struct Listener {
    socket: TcpListener,
    setup: Arc<SessionSetup>,
}

impl Intake {
    /// Binds every address of every listener. To be called inside the runtime that will run it.
    ///
    /// # Errors
    /// An address is not available or a configuration is not usable.
    pub fn bind(
        configs: Vec<ListenerConfig>,
        reception: Arc<dyn Reception>,
        logins: Arc<dyn Logins>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        memory: MemoryBudget,
    ) -> Result<Self, IntakeError> {
        let (stop, last_call) = (CancellationToken::new(), CancellationToken::new());
        let (mut listeners, mut setups, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        // Failed logins count across all listeners, which also share the turns.
        let (attempts, turns) = (Arc::new(Attempts::default()), Turns::default());
        for config in configs {
            check(&config)?;
            let tls_error = |source| IntakeError::Tls { listener: config.name.clone(), source };
            let (source, implicit) = match &config.tls {
                Tls::Off => (None, false),
                Tls::StartTls(source) => (Some(source), false),
                Tls::Implicit(source) => (Some(source), true),
            };
            let handshake = match source {
                None => None,
                Some(source) => Some(Handshake {
                    acceptor: source
                        .server_config(&config.access.certificates, Arc::clone(&clock))
                        .map_err(tls_error)?
                        .into(),
                    judge: CertificateJudge::new(&config.access.certificates).map_err(tls_error)?,
                }),
            };
            let bad_hostname = || IntakeError::Hostname { listener: config.name.clone() };
            let postmaster = Domain::parse(&config.hostname)
                .and_then(|domain| Address::from_parts("postmaster", domain))
                .map_err(|_address| bad_hostname())?;
            let setup = Arc::new(SessionSetup {
                slots: Slots::new(&config.limits, &config.access),
                introductions: Arc::new(Semaphore::new(
                    config.limits.connections.min(Semaphore::MAX_PERMITS),
                )),
                implicit,
                sessions: AtomicU64::new(0),
                started: clock.now().0,
                context: ListenerContext {
                    name: config.name.clone(),
                    hostname: config.hostname.clone(),
                    postmaster,
                    starttls: handshake.is_some() && !implicit,
                    tls_required: config.tls_required,
                    access: config.access.clone(),
                    limits: config.limits.clone(),
                    reception: Arc::clone(&reception),
                    logins: Arc::clone(&logins),
                    clock: Arc::clone(&clock),
                    memory: memory.clone(),
                    random: Arc::clone(&random),
                    turns: turns.clone(),
                    refusals: Refusals::default(),
                    attempts: Arc::clone(&attempts),
                    stop: stop.clone(),
                    last_call: last_call.clone(),
                },
                handshake,
            });
            for address in &config.addresses {
                let failed =
                    |source| IntakeError::Bind { listener: config.name.clone(), address: *address, source };
                let socket = listen(*address).map_err(failed)?;
                addresses.push((config.name.clone(), socket.local_addr().map_err(failed)?));
                listeners.push(Listener { socket, setup: Arc::clone(&setup) });
            }
            setups.push(setup);
        }
        Ok(Self { listeners, setups, addresses, stop, last_call })
    }

    /// Listener names with their actual addresses (a port for every port 0).
    #[must_use]
    pub fn addresses(&self) -> Vec<(String, SocketAddr)> {
        self.addresses.clone()
    }

    /// Accepts letters until `stop`; then finishes those in progress (at most [`Limits::drain`]) and replies
    /// 421 to everybody else. Dropping the future ends every session at once.
    pub async fn run(self, stop: CancellationToken) {
        let drain = self.setups.iter().map(|setup| setup.context.limits.drain).max();
        let end = CancellationToken::new();
        let _end_on_drop = end.clone().drop_guard();
        let tasks = TaskTracker::new();
        for listener in self.listeners {
            tasks.spawn(end.clone().run_until_cancelled_owned(listener.accept(tasks.clone(), end.clone())));
        }
        for setup in self.setups {
            let stop = self.stop.clone();
            tasks.spawn(async move {
                stop.run_until_cancelled(setup.context.refusals.tell(&setup.context.name)).await;
            });
        }
        stop.cancelled().await;
        self.stop.cancel();
        tasks.close();
        if timeout(drain.unwrap_or_default(), tasks.wait()).await.is_ok() {
            return;
        }
        tracing::warn!("sessions did not finish in time, ending them");
        self.last_call.cancel();
        if timeout(LAST_WORDS, tasks.wait()).await.is_err() {
            end.cancel();
            tasks.wait().await;
        }
    }
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Listener {
    async fn accept(self, tasks: TaskTracker, end: CancellationToken) {
        let crew = Crew { tasks, end };
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.setup.context.stop.cancelled() => return,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.setup.admit(stream, peer.ip().to_canonical(), &crew),
                // Mostly out of file descriptors: others must close first, so retrying at once is useless.
                Err(error) => {
                    tracing::error!(listener.name = self.setup.context.name, %error, "cannot accept");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// Contradictions are reported at the start, not at the first letter.
fn check(config: &ListenerConfig) -> Result<(), IntakeError> {
    let access = &config.access;
    let clear = matches!(config.tls, Tls::Off);
    let what = if clear && access.auth {
        "logins are taken over TLS only: give it a certificate, or switch logins off"
    } else if clear && !access.certificates.is_empty() {
        "client certificates need TLS: give it a certificate, or remove the client certificates"
    } else if clear && config.tls_required {
        "TLS is required but there is no certificate: give it one"
    } else if config.addresses.is_empty() {
        "it has no address to listen at"
    } else {
        if access.networks.is_empty() && access.domains.is_empty() && !access.can_be_earned() {
            tracing::warn!(
                listener.name = config.name,
                "no client may send here: name client networks, logins, client certificates or domains"
            );
        }
        return Ok(());
    };
    Err(IntakeError::Contradiction { listener: config.name.clone(), what })
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(socket2::Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // `[::]` and `0.0.0.0` are two addresses, and both may be configured.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
