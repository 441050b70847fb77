//! The client of a request: the address that requests are counted by, as far as proxies are trusted. An IPv6 client is
//! its /64. Counts nothing.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::HttpRequest;
use sealpost_mail::Network;

/// Marks a connection used by a balancer's health check, or whose client the balancer does not report: its forwarding
/// headers are ignored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HealthCheck;

/// The client, as rate limits count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client(IpAddr);

impl Client {
    /// The client of a request; `X-Forwarded-For` counts only as far as trusted proxies wrote it.
    pub(crate) fn of(request: &HttpRequest, trusted: &[Network]) -> Self {
        let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
        if request.conn_data::<HealthCheck>().is_some() {
            return Self::at(peer);
        }
        let forwarded: Vec<&str> = request
            .headers()
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        Self::from_hops(peer, &forwarded, trusted)
    }

    /// The client at the other end of a connection.
    pub(crate) fn at(peer: IpAddr) -> Self {
        Self::from_hops(peer, &[], &[])
    }

    /// The address of the client.
    pub(crate) fn address(self) -> IpAddr {
        self.0
    }

    /// The network in octets.
    pub(crate) fn octets(self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        }
    }

    /// The /48 that an IPv6 client lies in.
    pub(crate) fn wide(self) -> Option<Self> {
        match self.0 {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => Some(Self(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 48))))),
        }
    }

    fn from_hops(peer: IpAddr, forwarded: &[&str], trusted: &[Network]) -> Self {
        let believed =
            |address: IpAddr| trusted.iter().any(|network| network.contains(address.to_canonical()));
        let mut client = peer.to_canonical();
        for hop in forwarded.iter().rev() {
            if !believed(client) {
                break;
            }
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
        }
        Self(match client {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            // One household or host has a /64.
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_trusted_proxies_may_name_the_client() {
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let client = |peer, hops: &[&str]| Client::from_hops(ip(peer), hops, &trusted).0;
        assert_eq!(client("192.0.2.1", &["198.51.100.9"]), ip("192.0.2.1"));
        assert_eq!(client("10.1.1.1", &["198.51.100.9"]), ip("198.51.100.9"));
        assert_eq!(client("10.1.1.1", &["6.6.6.6", " 198.51.100.9", "10.2.2.2"]), ip("198.51.100.9"));
        assert_eq!(client("10.1.1.1", &["nonsense"]), ip("10.1.1.1"));
        assert_eq!(client("::ffff:10.1.1.1", &["198.51.100.9"]), ip("198.51.100.9"));
    }

    #[test]
    fn one_household_is_one_client() {
        let client = |text| Client::from_hops(ip(text), &[], &[]);
        assert_eq!(client("2001:db8:1:2::3"), client("2001:db8:1:2:ffff::9"));
        assert_ne!(client("2001:db8:1:2::3"), client("2001:db8:1:3::3"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
    }
}
