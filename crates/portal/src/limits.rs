//! How often somebody may ask: by client (IPv4 address, IPv6 /64) and by mailbox. Keeps no address of anyone.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpRequest;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use sealpost_mail::{Clock, Timestamp};

use crate::config::Network;
use crate::problem::Problem;

/// Pages and files: a burst of so many, then [`PAGES_PER_SECOND`].
const PAGES: NonZeroU32 = NonZeroU32::new(400).unwrap();
const PAGES_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// Passwords and activations: a burst of so many, then one in six seconds.
const ATTEMPTS: NonZeroU32 = NonZeroU32::new(20).unwrap();
const ATTEMPTS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Wrong passwords for one mailbox before waiting begins.
const FREE_TRIES: u32 = 3;
const FIRST_WAIT: u64 = 5;
const LONGEST_WAIT: u64 = 15 * 60;
/// A mailbox's wrong passwords are forgotten after this long without another.
const FORGET: Duration = Duration::from_secs(60 * 60);
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

/// Wrong passwords for one mailbox, whether or not it exists.
#[derive(Clone, Copy)]
struct Tries {
    wrong: u32,
    next: Timestamp,
    last: Timestamp,
}

/// All limits.
pub(crate) struct Limits {
    pages: Buckets,
    attempts: Buckets,
    tries: Mutex<HashMap<[u8; 32], Tries>>,
}

impl Limits {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let bucket =
            |quota| RateLimiter::new(quota, DefaultKeyedStateStore::default(), Ticks(Arc::clone(&clock)));
        Self {
            pages: bucket(Quota::per_second(PAGES_PER_SECOND).allow_burst(PAGES)),
            attempts: bucket(Quota::per_minute(ATTEMPTS_PER_MINUTE).allow_burst(ATTEMPTS)),
            tries: Mutex::default(),
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

    /// Whether a password for this mailbox may be tried now.
    pub(crate) fn may_try(&self, tag: &[u8; 32], now: Timestamp) -> Result<(), Problem> {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        match tries.get(tag) {
            Some(entry) if entry.next > now => {
                Err(Problem::TooMany { seconds: entry.next.since(now).as_secs().max(1) })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Notes a wrong password: from the fourth on, each doubles the wait.
    pub(crate) fn wrong(&self, tag: [u8; 32], now: Timestamp) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= MOST {
            tries.retain(|_, entry| entry.next > now);
        }
        if tries.len() >= MOST && !tries.contains_key(&tag) {
            return;
        }
        let entry = tries.entry(tag).or_insert(Tries { wrong: 0, next: now, last: now });
        if now.since(entry.last) > FORGET {
            entry.wrong = 0;
        }
        entry.wrong = entry.wrong.saturating_add(1);
        entry.last = now;
        if let Some(doublings) = entry.wrong.checked_sub(FREE_TRIES) {
            let wait = FIRST_WAIT.saturating_mul(1 << doublings.min(16)).min(LONGEST_WAIT);
            entry.next = now.plus(Duration::from_secs(wait));
        }
    }

    /// Forgets the wrong passwords after a good one.
    pub(crate) fn right(&self, tag: &[u8; 32]) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(tag);
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
    use sealpost_mail::FakeClock;

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

    #[test]
    fn the_wait_grows_and_ends() {
        let limits = Limits::new(Arc::new(FakeClock::default()));
        let (tag, mut now) = ([7; 32], Timestamp(0));
        let wait = |now| match limits.may_try(&tag, now) {
            Err(Problem::TooMany { seconds }) => seconds,
            Err(_) | Ok(()) => 0,
        };
        let mut waits = Vec::new();
        for _ in 0..12 {
            limits.wrong(tag, now);
            waits.push(wait(now));
            now = now.plus(Duration::from_secs(waits.last().copied().unwrap()));
            assert_eq!(wait(now), 0);
        }
        assert_eq!(waits, [0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        limits.right(&tag);
        limits.wrong(tag, now);
        assert_eq!(wait(now), 0);
        assert!(limits.may_try(&[8; 32], now).is_ok());
    }
}
