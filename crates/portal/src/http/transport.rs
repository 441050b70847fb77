//! One connection between socket and web server: TLS if it ends here, a slot among all connections, heads without bare
//! line ends. Knows no page.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use sealpost_proxied::{PeerRole, Proxies, Word};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::http::connections::{Connections, Slot, TooMany};
use crate::http::refusals::{ConnectionRefusal, Refusals};
use crate::http::request_heads::Heads;

/// Time limit for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A connection that the web server may read.
pub(crate) struct Transport {
    stream: Stream,
    heads: Heads,
    place: Arc<Slot>,
    caller: Caller,
}

/// The peer of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    /// A client, or a proxy on its behalf.
    Client(SocketAddr),
    /// A balancer's health check (PROXY §2.2, LOCAL). SECURITY: balancers also send LOCAL if they cannot report the
    /// client, so this is never a proxy that is trusted about clients.
    HealthCheck(SocketAddr),
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Accepts a new connection, or closes it at once: before a request no page can say why.
pub(crate) async fn accept(
    mut socket: TcpStream,
    connections: &Connections,
    proxies: &Proxies,
    refusals: &Refusals,
    tls: Option<&TlsAcceptor>,
) -> Option<(Transport, SocketAddr)> {
    let caller = called(&mut socket, proxies, refusals).await?;
    let (peer, place) = match caller {
        Caller::Client(client) => (client, connections.admit(client.ip())),
        Caller::HealthCheck(balancer) => (balancer, connections.look_in()),
    };
    let place = match place {
        Ok(place) => place,
        Err(TooMany) => {
            refusals.count(peer.ip(), ConnectionRefusal::TooMany, Instant::now());
            return None;
        }
    };
    let stream = match tls {
        None => Stream::Plain(socket),
        Some(acceptor) => {
            let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(socket));
            tokio::select! {
                done = handshake => Stream::Tls(Box::new(done.ok()?.ok()?)),
                () = place.evicted() => return None,
            }
        }
    };
    Some((Transport { stream, heads: Heads::default(), place: Arc::new(place), caller }, peer))
}

/// The peer's address, as reported by its proxy if it has one; `None`: the connection is refused.
async fn called(socket: &mut TcpStream, proxies: &Proxies, refusals: &Refusals) -> Option<Caller> {
    let peer = socket.peer_addr().ok()?;
    match proxies.role(peer.ip()) {
        PeerRole::Itself => Some(Caller::Client(peer)),
        PeerRole::Refused => {
            refusals.count(peer.ip(), ConnectionRefusal::NoProxy, Instant::now());
            None
        }
        PeerRole::Proxy => match sealpost_proxied::hear(socket).await {
            // The port does not matter.
            Ok(Word::Client(client)) => Some(Caller::Client(SocketAddr::new(client, 0))),
            Ok(Word::HealthCheck) => Some(Caller::HealthCheck(peer)),
            Err(why) => {
                tracing::debug!(proxy = %peer.ip(), %why, "the proxy announced no client");
                refusals.count(peer.ip(), ConnectionRefusal::NotIntroduced, Instant::now());
                None
            }
        },
    }
}

impl Transport {
    /// The slot, for the requests on this connection.
    pub(crate) fn slot(&self) -> Arc<Slot> {
        Arc::clone(&self.place)
    }

    /// Whether it is a balancer's health check.
    pub(crate) fn is_health_check(&self) -> bool {
        match self.caller {
            Caller::Client(_) => false,
            Caller::HealthCheck(_) => true,
        }
    }

    fn evicted() -> io::Error {
        io::Error::new(io::ErrorKind::ConnectionAborted, "the place is needed")
    }

    fn write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        act: impl FnOnce(Pin<&mut dyn Duplex>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.place.is_evicted(context) {
            return Poll::Ready(Err(Self::evicted()));
        }
        let written = ready!(act(self.stream.pinned(), context));
        self.place.heard();
        Poll::Ready(written)
    }
}

trait Duplex: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

impl Stream {
    fn pinned(&mut self) -> Pin<&mut dyn Duplex> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream.as_mut()),
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.place.is_evicted(context) {
            // As if the peer had closed the connection.
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(self.stream.pinned().poll_read(context, buffer))?;
        self.place.heard();
        self.heads.pass(buffer.filled_mut().get_mut(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write_vectored(context, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.place.is_evicted(context) {
            return Poll::Ready(Err(Self::evicted()));
        }
        self.stream.pinned().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.pinned().poll_shutdown(context)
    }
}
