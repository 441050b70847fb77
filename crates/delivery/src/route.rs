//! From a ticket to the servers to try, in order (RFC 5321 §5.1): which hop, or whose exchangers. Opens no connection.

use std::net::{IpAddr, SocketAddr};

use sealpost_mail::{Address, Timestamp, TlsFloor};

use crate::config::DeliveryConfig;
use crate::endpoint::{Endpoint, Expected};
use crate::exchangers::{self, MAX, World};
use crate::outcome::DeliveryFailure;
use crate::resolve::Resolver;
use crate::ticket::{Route, Ticket};
use crate::tls_session::Published;

/// Whose servers a letter goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Servers {
    /// The operator's own next hop.
    OwnHop,
    /// Of the recipient's domain: anybody's.
    OfTheWorld,
}

impl Servers {
    /// By its queue key: a hop's name or a domain.
    pub(crate) fn of(destination: &str, config: &DeliveryConfig) -> Self {
        if config.hops.contains_key(destination) { Self::OwnHop } else { Self::OfTheWorld }
    }

    pub(crate) fn on(route: &Route) -> Self {
        match route {
            Route::NextHop(_) => Self::OwnHop,
            Route::Mx => Self::OfTheWorld,
        }
    }
}

/// Identifies equivalent connections: a letter may be sent over any with the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RouteKey {
    place: Destination,
    floor: TlsFloor,
    published: Published,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Destination {
    Hop(String),
    Domain(String),
}

impl RouteKey {
    /// The key of a ticket's connections; its minimum TLS is the highest of the letter's, the hop's and the domain's.
    pub(crate) fn of(ticket: &Ticket, config: &DeliveryConfig) -> Self {
        let to = &ticket.recipient.address;
        let place = match &ticket.route {
            Route::NextHop(name) => Destination::Hop(name.clone()),
            Route::Mx => Destination::Domain(to.domain().as_str().to_owned()),
        };
        let floor = floor_of(&ticket.route, to, ticket.tls, config);
        Self { place, floor, published: ticket.purpose.published() }
    }
}

/// The minimum TLS of a mail on this route: the highest of its own, the hop's and the one for the recipient's domain. A
/// hop cannot prove for others what they prove, but nothing for that domain goes to it in clear.
pub fn floor_of(route: &Route, to: &Address, own: TlsFloor, config: &DeliveryConfig) -> TlsFloor {
    let minimum = config.domains.get(to.domain().as_str()).map_or(TlsFloor::None, |domain| domain.floor);
    let hop = match route {
        Route::NextHop(name) => config.hops.get(name).map_or(TlsFloor::None, |hop| hop.floor),
        Route::Mx => TlsFloor::None,
    };
    own.max(minimum).max(hop)
}

/// The endpoints to try for this key, best first; never empty.
pub(crate) async fn endpoints(
    key: &RouteKey,
    world: &World<'_>,
    now: Timestamp,
) -> Result<Vec<Endpoint>, DeliveryFailure> {
    match &key.place {
        Destination::Hop(name) => hop_endpoints(name, key.floor, world.config, world.resolver).await,
        Destination::Domain(domain) => {
            exchangers::endpoints(domain, (key.floor, key.published), world, now).await
        }
    }
}

async fn hop_endpoints(
    name: &str,
    floor: TlsFloor,
    config: &DeliveryConfig,
    resolver: &dyn Resolver,
) -> Result<Vec<Endpoint>, DeliveryFailure> {
    let hop = config.hops.get(name).ok_or_else(|| DeliveryFailure::UnknownHop { name: name.to_owned() })?;
    let host = hop.host.trim_matches(['[', ']']);
    let addresses = match host.parse::<IpAddr>() {
        Ok(address) => vec![address],
        // Whatever DNS says about our own next hop: a missing name is the operator's mistake, not a reason to bounce.
        Err(_name) => resolver
            .addresses(host)
            .await
            .map_err(|error| DeliveryFailure::Dns { cause: format!("{}: {error}", hop.host) })?,
    };
    let certificate_name = hop.certificate_name.as_deref().unwrap_or(host).to_owned();
    let endpoints = addresses.into_iter().take(MAX).map(|address| Endpoint {
        host: hop.host.clone(),
        address: SocketAddr::new(address, hop.port),
        certificate_name: certificate_name.clone(),
        tls: hop.tls,
        floor,
        // The operator named the host: the certificate must be for its own name.
        expected: match floor {
            TlsFloor::None | TlsFloor::Encrypted => Expected::Any,
            TlsFloor::Verified => Expected::Chain,
        },
        trust: hop.trust.clone(),
        login: hop.login.clone(),
        identity: hop.identity.clone(),
        counted: None,
    });
    Ok(endpoints.collect())
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
