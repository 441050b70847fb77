//! Servers of a destination that make us wait: for a while others are tried before them (RFC 5321 §4.5.4.1: a
//! list of hosts that cannot be reached). Pure; opens no connection.

use std::net::SocketAddr;

use tokio::time::Instant;

use crate::endpoint::Endpoint;

/// Addresses, and until when they are tried last.
#[derive(Debug, Default)]
pub(crate) struct SlowServers(Vec<(SocketAddr, Instant)>);

impl SlowServers {
    /// A server has not answered for long.
    pub(crate) fn add(&mut self, address: SocketAddr, until: Instant) {
        self.remove(address);
        self.0.push((address, until));
    }

    /// A server has answered.
    pub(crate) fn remove(&mut self, address: SocketAddr) {
        self.0.retain(|(slow, _)| *slow != address);
    }

    /// Moves slow servers to the end; otherwise keeps the order.
    pub(crate) fn sort(&mut self, endpoints: &mut [Endpoint], now: Instant) {
        self.0.retain(|(_, until)| *until > now);
        endpoints.sort_by_key(|endpoint| self.0.iter().any(|(slow, _)| *slow == endpoint.address));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sealpost_mail::TlsFloor;

    use super::*;
    use crate::config::{HopTls, Trust};
    use crate::endpoint::Expected;

    fn endpoint(last: u8) -> Endpoint {
        Endpoint {
            host: "mx.example".to_owned(),
            address: SocketAddr::from(([192, 0, 2, last], 25)),
            certificate_name: "mx.example".to_owned(),
            tls: HopTls::Clear,
            floor: TlsFloor::None,
            expected: Expected::Any,
            trust: Trust::WebPki,
            login: None,
            identity: None,
            counted: None,
        }
    }

    #[test]
    fn who_lets_us_wait_goes_last_for_a_while_or_until_it_answers() {
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        let mut slow = SlowServers::default();
        let order = |slow: &mut SlowServers, at| {
            let mut all = [1, 2, 3].map(endpoint);
            slow.sort(&mut all, at);
            all.map(|one| match one.address.ip() {
                std::net::IpAddr::V4(ip) => ip.octets()[3],
                std::net::IpAddr::V6(_) => 0,
            })
        };
        slow.add(endpoint(1).address, later);
        assert_eq!(order(&mut slow, now), [2, 3, 1]);
        slow.add(endpoint(2).address, later);
        slow.add(endpoint(3).address, later);
        assert_eq!(order(&mut slow, now), [1, 2, 3]);
        slow.remove(endpoint(3).address);
        assert_eq!(order(&mut slow, now), [3, 1, 2]);
        assert_eq!(order(&mut slow, later), [1, 2, 3]);
    }
}
