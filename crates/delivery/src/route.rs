//! From a ticket to the servers to try, in order (RFC 5321 §5.1). Asks DNS; connects nowhere.

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};

use sealpost_mail::{Random, TlsFloor};

use crate::config::{DeliveryConfig, HopTls};
use crate::outcome::DeliveryFailure;
use crate::public_internet;
use crate::resolve::{DnsError, Mx, Resolver};
use crate::submit::Endpoint;
use crate::ticket::{Route, Ticket};

/// More addresses are not tried in one attempt (RFC 5321 §5.1: at least two).
const MAX: usize = 8;

/// Which connections are alike: a letter may travel over any with the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RouteKey {
    place: Destination,
    floor: TlsFloor,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Destination {
    Hop(String),
    Domain(String),
}

impl RouteKey {
    /// The key of a ticket's connections; its floor is the letter's or the hop's, whichever is higher.
    pub(crate) fn of(ticket: &Ticket, config: &DeliveryConfig) -> Self {
        match &ticket.route {
            Route::NextHop(name) => {
                let hop_floor = config.hops.get(name).map_or(TlsFloor::None, |hop| hop.floor);
                Self { place: Destination::Hop(name.clone()), floor: ticket.tls.max(hop_floor) }
            }
            Route::Mx => {
                let domain = ticket.recipient.address.domain().as_str().to_owned();
                Self { place: Destination::Domain(domain), floor: ticket.tls }
            }
        }
    }
}

/// The endpoints to try for this key, best first; never empty.
pub(crate) async fn endpoints(
    key: &RouteKey,
    config: &DeliveryConfig,
    resolver: &dyn Resolver,
    random: &dyn Random,
) -> Result<Vec<Endpoint>, DeliveryFailure> {
    match &key.place {
        Destination::Hop(name) => hop_endpoints(name, key.floor, config, resolver).await,
        Destination::Domain(domain) => mx_endpoints(domain, key.floor, config, resolver, random).await,
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
        // Whatever DNS says of our own next hop: a missing name is the operator's slip, no reason to bounce.
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
        trust: hop.trust.clone(),
        login: hop.login.clone(),
        identity: hop.identity.clone(),
    });
    Ok(endpoints.collect())
}

async fn mx_endpoints(
    domain: &str,
    floor: TlsFloor,
    config: &DeliveryConfig,
    resolver: &dyn Resolver,
    random: &dyn Random,
) -> Result<Vec<Endpoint>, DeliveryFailure> {
    let endpoint = |host: &str, address: IpAddr| Endpoint {
        host: host.to_owned(),
        address: SocketAddr::new(address, config.mx_port),
        certificate_name: host.to_owned(),
        tls: HopTls::StartTls,
        floor,
        trust: config.trust.clone(),
        login: None,
        identity: None,
    };
    if let Some(address) = literal(domain) {
        refuse_ourselves(address, config)?;
        if !may_be_reached(address, config) {
            return Err(DeliveryFailure::Inside { address });
        }
        return Ok(vec![endpoint(&address.to_string(), address)]);
    }
    let hosts = match resolver.mx(domain).await {
        Ok(records) => order(records, config, random)?,
        // RFC 5321 §5.1: without MX records the domain itself is the server.
        Err(DnsError::NoRecords) => vec![domain.to_owned()],
        Err(DnsError::NoSuchName) => return Err(DeliveryFailure::NoSuchDomain),
        Err(DnsError::Temporary(cause)) => return Err(DeliveryFailure::Dns { cause }),
    };
    let mut found = Vec::new();
    let mut doubt = None;
    let mut inside = None;
    for host in hosts {
        match resolver.addresses(&host).await {
            Ok(addresses) => {
                for address in addresses {
                    match refuse_ourselves(address, config) {
                        Ok(()) if may_be_reached(address, config) => found.push(endpoint(&host, address)),
                        Ok(()) => inside = Some(address),
                        // Servers behind ourselves in the order would send it back to us.
                        Err(itself) if found.is_empty() => return Err(itself),
                        Err(_itself) => return Ok(found),
                    }
                }
            }
            Err(DnsError::NoSuchName | DnsError::NoRecords) => {}
            Err(DnsError::Temporary(cause)) => doubt = Some(cause),
        }
        if found.len() >= MAX {
            found.truncate(MAX);
            break;
        }
    }
    match (found.is_empty(), doubt, inside) {
        (false, _, _) => Ok(found),
        (true, Some(cause), _) => Err(DeliveryFailure::Dns { cause }),
        (true, None, Some(address)) => Err(DeliveryFailure::Inside { address }),
        (true, None, None) => Err(DeliveryFailure::NoServer),
    }
}

/// Orders the exchangers: by preference, equals shuffled (RFC 5321 §5.1), only those better than ourselves.
fn order(
    mut records: Vec<Mx>,
    config: &DeliveryConfig,
    random: &dyn Random,
) -> Result<Vec<String>, DeliveryFailure> {
    if records.iter().all(|mx| mx.host.is_empty()) {
        return Err(DeliveryFailure::NullMx);
    }
    records.retain(|mx| !mx.host.is_empty());
    let ours = |host: &str| {
        std::iter::once(&config.our_name)
            .chain(&config.our_other_names)
            .any(|name| name.eq_ignore_ascii_case(host))
    };
    if let Some(own) = records.iter().filter(|mx| ours(&mx.host)).map(|mx| mx.preference).min() {
        records.retain(|mx| mx.preference < own);
        if records.is_empty() {
            return Err(DeliveryFailure::Loop);
        }
    }
    records.sort_by_cached_key(|mx| {
        let mut raw = [0_u8; 8];
        random.fill(&mut raw);
        (mx.preference, Reverse(raw))
    });
    Ok(records.into_iter().map(|mx| mx.host).collect())
}

/// A public domain whose server is a loopback or unspecified address leads into this machine.
fn refuse_ourselves(address: IpAddr, config: &DeliveryConfig) -> Result<(), DeliveryFailure> {
    let address = address.to_canonical();
    let inside = address.is_unspecified() || (address.is_loopback() && !config.mx_loopback);
    if inside || config.our_addresses.contains(&address) { Err(DeliveryFailure::Loop) } else { Ok(()) }
}

/// Whether mail for the world may go to this address: a recipient, and whoever holds a domain, could otherwise
/// make us speak to the machines around us.
fn may_be_reached(address: IpAddr, config: &DeliveryConfig) -> bool {
    let address = address.to_canonical();
    public_internet::is_public(address)
        || (address.is_loopback() && config.mx_loopback)
        || config.private_networks.iter().any(|network| network.contains(&address))
}

/// RFC 5321 §4.1.3 address literal.
fn literal(domain: &str) -> Option<IpAddr> {
    let inner = domain.strip_prefix('[')?.strip_suffix(']')?;
    match inner.strip_prefix("ipv6:") {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => inner.parse().ok().map(IpAddr::V4),
    }
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
