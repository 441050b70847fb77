//! How often somebody may ask, by client (IPv4 address, IPv6 /64). Wrong passwords are counted elsewhere.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use sealpost_mail::{Clock, Network};

use crate::problem::Problem;

/// Pages and files: a burst of so many, then [`PAGES_PER_SECOND`].
const PAGES: NonZeroU32 = NonZeroU32::new(400).unwrap();
const PAGES_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// Passwords and activations: a burst of so many, then one in six seconds.
const ATTEMPTS: NonZeroU32 = NonZeroU32::new(20).unwrap();
const ATTEMPTS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Entries kept; more only come from an attack that the limit by client is there for.
const MOST: usize = 50_000;

/// Governor's view of the clock that is handed in.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().0).unwrap_or(0))
    }
}

type Buckets = RateLimiter<
    Client,
    DefaultKeyedStateStore<Client>,
    Ticks,
    governor::middleware::NoOpMiddleware<Duration>,
>;

/// Who asks, as far as limits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client(IpAddr);

impl Client {
    /// The client of a request; `X-Forwarded-For` counts only as far as trusted proxies wrote it.
    pub(crate) fn of(request: &HttpRequest, trusted: &[Network]) -> Self {
        let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
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

    /// The network in octets.
    pub(crate) fn octets(self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
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

/// All limits.
pub(crate) struct Limits {
    pages: Buckets,
    attempts: Buckets,
}

impl Limits {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let bucket =
            |quota| RateLimiter::new(quota, DefaultKeyedStateStore::default(), Ticks(Arc::clone(&clock)));
        Self {
            pages: bucket(Quota::per_second(PAGES_PER_SECOND).allow_burst(PAGES)),
            attempts: bucket(Quota::per_minute(ATTEMPTS_PER_MINUTE).allow_burst(ATTEMPTS)),
        }
    }

    /// Counts a request.
    pub(crate) fn page(&self, client: Client) -> Result<(), Problem> {
        tidy(&self.pages);
        self.pages.check_key(&client).map_err(|_not_yet| Problem::TooMany { seconds: 5 })
    }

    /// Counts an attempt with a password or a token.
    pub(crate) fn attempt(&self, client: Client) -> Result<(), Problem> {
        tidy(&self.attempts);
        self.attempts.check_key(&client).map_err(|_not_yet| Problem::TooMany { seconds: 30 })
    }
}

/// Buckets that are full again need not be remembered.
fn tidy(buckets: &Buckets) {
    if buckets.len() >= MOST {
        buckets.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealpost_mail::{FakeClock, Timestamp};

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

    #[test]
    fn attempts_run_out_and_come_back() {
        let clock = Arc::new(FakeClock::at(Timestamp(1_000_000)));
        let limits = Limits::new(clock.clone());
        let (a, b) = (Client(ip("192.0.2.1")), Client(ip("192.0.2.2")));
        for _ in 0..ATTEMPTS.get() {
            assert!(limits.attempt(a).is_ok());
        }
        assert!(limits.attempt(a).is_err());
        assert!(limits.attempt(b).is_ok());
        clock.advance(Duration::from_secs(7));
        assert!(limits.attempt(a).is_ok());
        assert!(limits.attempt(a).is_err());
    }
}
