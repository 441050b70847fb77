//! How many connections one client may hold at a time, so that one alone cannot take every place. Knows no request.

use std::any::Any;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustix::net::{Shutdown, shutdown};

use crate::config::Network;
use crate::limits::Client;

/// A browser opens six; an office behind one address has many browsers.
const PER_CLIENT: usize = 200;

/// Everybody's connections.
pub(crate) struct Connections {
    held: Arc<Mutex<HashMap<Client, usize>>>,
    /// They connect for everybody.
    trusted: Vec<Network>,
}

/// A connection counted; given back when it ends.
struct Place {
    client: Client,
    held: Arc<Mutex<HashMap<Client, usize>>>,
}

impl Connections {
    pub(crate) fn new(trusted: Vec<Network>) -> Self {
        Self { held: Arc::default(), trusted }
    }

    /// Counts a new connection, or ends it at once: before a request no page can say why.
    pub(crate) fn admit(&self, stream: &dyn Any, extensions: &mut Extensions) {
        let Some(socket) = socket(stream) else { return };
        let Ok(peer) = socket.peer_addr() else { return };
        match self.place(peer.ip()) {
            Ok(Some(place)) => drop(extensions.insert(place)),
            Ok(None) => {}
            Err(TooMany) => {
                tracing::warn!(client = %peer.ip(), "turned away: too many connections");
                if let Err(error) = shutdown(socket, Shutdown::Both) {
                    tracing::debug!(%error, "the connection had ended by itself");
                }
            }
        }
    }

    /// `None`: a proxy of ours, which is not counted.
    fn place(&self, peer: IpAddr) -> Result<Option<Place>, TooMany> {
        let peer = peer.to_canonical();
        if self.trusted.iter().any(|network| network.contains(peer)) {
            return Ok(None);
        }
        let client = Client::at(peer);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(client).or_default();
        if *count >= PER_CLIENT {
            return Err(TooMany);
        }
        *count += 1;
        Ok(Some(Place { client, held: Arc::clone(&self.held) }))
    }
}

/// The client holds as many as it may.
#[derive(Debug)]
struct TooMany;

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.client);
            }
        }
    }
}

fn socket(stream: &dyn Any) -> Option<&TcpStream> {
    stream.downcast_ref::<TcpStream>().or_else(|| {
        let tls = stream.downcast_ref::<TlsStream<TcpStream>>()?;
        Some(tls.get_ref().0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_holds_so_many_and_others_are_not_hurt() {
        let connections = Connections::new(vec![Network::parse("10.0.0.1").unwrap()]);
        let at = |text: &str| connections.place(text.parse().unwrap());
        let mut held: Vec<_> = (0..PER_CLIENT).map(|_| at("2001:db8::1").unwrap()).collect();
        assert!(at("2001:db8::2").is_err(), "one /64 is one client");
        assert!(at("192.0.2.1").unwrap().is_some());
        held.pop();
        assert!(at("2001:db8::3").is_ok());
        drop(held);
        assert!(connections.held.lock().unwrap().is_empty());
        for _ in 0..PER_CLIENT * 2 {
            assert!(at("::ffff:10.0.0.1").unwrap().is_none(), "a proxy connects for everybody");
        }
    }
}
