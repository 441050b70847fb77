//! The listener: sockets, workers, TLS, graceful shutdown. Knows no page.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Protocol};
use actix_server::Server;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::web;
use sealpost_mail::{Clock, Random};
use sealpost_mailbox::Outbox;
use sealpost_store::Store;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::config::{PortalConfig, PortalError, PortalTls};
use crate::http::client::HealthCheck;
use crate::http::connections::Connections;
use crate::http::refusals::Refusals;
use crate::http::tls::{self, Certificate, server_config};
use crate::http::transport::{self, Transport};
use crate::routes;
use crate::state::{PortalKeys, Site};

/// Event loops. Two serve thousands of readers; memory stays small.
const WORKERS: usize = 2;
/// Backlog of connections that wait to be accepted.
const QUEUE: i32 = 1024;
/// Threads for hashing, sanitising and parsing, per worker.
const BLOCKING_PER_WORKER: usize = 4;

/// The portal, bound to its addresses but not running yet.
pub struct Portal {
    site: Arc<Site>,
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
    certificate: Option<Arc<Certificate>>,
}

/// Reloads certificate and key.
#[derive(Clone)]
pub struct Reloader(Option<Arc<Certificate>>);

impl Reloader {
    /// Loads the files as they are now; on error the old ones stay in use.
    pub fn reload(&self) -> Result<(), PortalError> {
        match &self.0 {
            Some(certificate) => Ok(certificate.reload()?),
            None => Ok(()),
        }
    }
}

impl PortalTls {
    /// Checks whether a portal could be bound with these files, as [`Portal::bind`] does.
    ///
    /// # Errors
    /// Which file is missing, invalid, or does not match the other.
    pub fn check(&self) -> Result<(), PortalError> {
        match self {
            Self::Off => Ok(()),
            Self::Files { certificate, key } => Ok(tls::check(certificate, key)?),
        }
    }
}

impl Portal {
    /// Checks everything and binds the sockets.
    pub fn bind(
        config: PortalConfig,
        store: Store,
        keys: PortalKeys,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        outbox: Arc<dyn Outbox>,
    ) -> Result<Self, PortalError> {
        let certificate = match &config.tls {
            PortalTls::Off => None,
            PortalTls::Files { certificate, key } => {
                Some(Arc::new(Certificate::load(certificate.clone(), key.clone())?))
            }
        };
        let wanted = config.addresses.clone();
        let site = Arc::new(Site::new(config, store, keys, clock, random, outbox)?);
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        for address in wanted {
            let bound = listen(address).and_then(|socket| Ok((socket.local_addr()?, socket)));
            let (local, socket) = bound.map_err(|source| PortalError::Bind { address, source })?;
            addresses.push(local);
            listeners.push(socket);
        }
        Ok(Self { site, listeners, addresses, certificate })
    }

    /// Addresses it listens on; ports chosen by the system are filled in.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// To be called when certificates have been renewed.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        Reloader(self.certificate.clone())
    }

    /// Serves until `stop`; then finishes requests under way, for ten seconds at most. The web server has a
    /// thread and a runtime of its own, so this can be awaited anywhere.
    pub async fn run(self, stop: CancellationToken) -> Result<(), PortalError> {
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::Builder::new().name("portal".to_owned()).spawn(move || {
            let ended = actix_web::rt::System::new().block_on(self.serve(stop));
            let _nobody_waits = tell.send(ended);
        })?;
        told.await.unwrap_or_else(|_gone| Err(std::io::Error::other("the portal's thread ended").into()))
    }

    async fn serve(self, stop: CancellationToken) -> Result<(), PortalError> {
        let site = web::Data::from(self.site);
        let connections = Connections::new(site.config.trusted_proxies.clone());
        let refusals = Refusals::default();
        let acceptor = match &self.certificate {
            Some(certificate) => Some(TlsAcceptor::from(Arc::new(server_config(Arc::clone(certificate))?))),
            None => None,
        };
        let mut server = Server::build()
            .workers(WORKERS)
            .worker_max_blocking_threads(BLOCKING_PER_WORKER)
            // It never stops accepting: which connection is evicted is decided over all of them.
            .max_concurrent_connections(Connections::most() * 2)
            .shutdown_timeout(10)
            .disable_signals();
        for socket in self.listeners {
            let (site, connections, acceptor) = (site.clone(), connections.clone(), acceptor.clone());
            let (refusals, ends) = (refusals.clone(), stop.clone());
            server = server.listen("portal", socket, move || {
                let (connections, acceptor, ends) = (connections.clone(), acceptor.clone(), ends.clone());
                let (asked, refusals) = (site.clone(), refusals.clone());
                let admitted = fn_service(move |socket| {
                    let (connections, acceptor, site, refusals) =
                        (connections.clone(), acceptor.clone(), asked.clone(), refusals.clone());
                    async move {
                        let proxies = &site.config.proxies;
                        let accepted =
                            transport::accept(socket, &connections, proxies, &refusals, acceptor.as_ref())
                                .await;
                        accepted.map(|(transport, peer)| (transport, Protocol::Http1, Some(peer))).ok_or(())
                    }
                });
                let service = HttpService::build()
                    // Slow clients cannot hold a slot: head and handshake have time limits, forms theirs
                    // (csrf.rs).
                    .client_request_timeout(Duration::from_secs(10))
                    .client_disconnect_timeout(Duration::from_secs(5))
                    .keep_alive(Duration::from_secs(30))
                    .graceful_shutdown_signal(move || ends.clone().cancelled_owned())
                    .on_connect_ext(|transport: &Transport, extensions| {
                        extensions.insert(transport.slot());
                        if transport.is_health_check() {
                            extensions.insert(HealthCheck);
                        }
                    })
                    .finish(map_config(routes::app(site.clone()).into_factory(), |()| AppConfig::default()));
                admitted.and_then(service.map_err(|error| tracing::debug!(%error, "a connection broke off")))
            })?;
        }
        let server = server.run();
        let handle = server.handle();
        let stopper = async move {
            stop.cancelled().await;
            handle.stop(true).await;
        };
        // Both are awaited: the server ends when the stopper has run, or on its own error.
        tokio::pin!(stopper);
        tokio::pin!(server);
        tokio::select! {
            ended = &mut server => return Ok(ended?),
            () = &mut stopper => {}
            () = refusals.tell() => {}
        }
        Ok(server.await?)
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpListener::bind(address)?;
    // The standard library's backlog of 128 is full as soon as many clients connect at once: the others wait
    // for seconds, some for an answer that never comes. Listening again enlarges it.
    rustix::net::listen(&socket, QUEUE)?;
    Ok(socket)
}
