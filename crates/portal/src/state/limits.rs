//! How often somebody may ask: a session for itself, everybody else by network (IPv4 address, IPv6 /64 and /48), so
//! that nobody who is signed in pays for neighbours behind the same address. Wrong passwords of one mailbox are counted
//! elsewhere.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::HttpRequest;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{NotUntil, Quota, RateLimiter};
use sealpost_mail::{Clock, Network, Timestamp};
use sealpost_vault::SessionHash;

use crate::config::RequestLimits;
use crate::problem::Problem;

/// Entries kept; more only come from an attack that the limit by client is there for.
const MAX_ENTRIES: usize = 50_000;
/// A whole /48 may ask so many times as often as one /64 in it: it is one organisation, or one attacker.
const WIDE: u32 = 8;

/// Governor's view of the clock that is handed in.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().0).unwrap_or(0))
    }
}

type Buckets<K> =
    RateLimiter<K, DefaultKeyedStateStore<K>, Ticks, governor::middleware::NoOpMiddleware<Duration>>;

/// Stands at a connection on which a balancer looks in, or of which it does not say who calls: what it forwards counts for
/// nothing, whoever it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HealthCheck;

/// Who asks, as far as limits go.
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

    /// The address.
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
    fn wide(self) -> Option<Self> {
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

/// All limits.
pub(crate) struct Limits {
    clock: Ticks,
    networks: Buckets<Client>,
    wide_networks: Buckets<Client>,
    sessions: Buckets<SessionHash>,
    attempts: Buckets<Client>,
    attempts_burst: u32,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Sessions that were found alive, and when they end: what a browser only claims counts for its network.
    sessions: HashMap<SessionHash, Timestamp>,
    /// Attempts that turned out right, and are given back.
    right: HashMap<Client, u32>,
}

impl Limits {
    pub(crate) fn new(clock: Arc<dyn Clock>, rules: &RequestLimits) -> Self {
        let clock = Ticks(clock);
        let wide = |number: NonZeroU32| number.saturating_mul(NonZeroU32::MIN.saturating_add(WIDE - 1));
        let second = |rate, burst| Quota::per_second(rate).allow_burst(burst);
        let minute = Quota::per_minute(rules.attempts).allow_burst(rules.attempts_burst);
        Self {
            networks: buckets(second(rules.network, rules.network_burst), &clock),
            wide_networks: buckets(second(wide(rules.network), wide(rules.network_burst)), &clock),
            sessions: buckets(second(rules.session, rules.session_burst), &clock),
            attempts: buckets(minute, &clock),
            attempts_burst: rules.attempts_burst.get(),
            known: Mutex::default(),
            clock,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request: for its session, if that has been found alive, else for its network.
    pub(crate) fn page(&self, client: Client, session: Option<SessionHash>) -> Result<(), Problem> {
        let now = self.clock.0.now();
        let alive = |hash: &SessionHash| self.known().sessions.get(hash).is_some_and(|ends| *ends > now);
        if let Some(hash) = session.filter(alive) {
            return self.ask(&self.sessions, hash);
        }
        self.ask(&self.networks, client)?;
        client.wide().map_or(Ok(()), |wide| self.ask(&self.wide_networks, wide))
    }

    /// This session is alive, so long.
    pub(crate) fn alive(&self, session: SessionHash, ends: Timestamp) {
        let mut known = self.known();
        if known.sessions.len() >= MAX_ENTRIES {
            let now = self.clock.0.now();
            known.sessions.retain(|_, ends| *ends > now);
        }
        if known.sessions.len() < MAX_ENTRIES {
            known.sessions.insert(session, ends);
        }
    }

    /// Counts an attempt with a password or a token.
    pub(crate) fn attempt(&self, client: Client) -> Result<(), Problem> {
        let Err(problem) = self.ask(&self.attempts, client) else { return Ok(()) };
        match self.known().right.get_mut(&client).filter(|left| **left > 0) {
            Some(left) => *left -= 1,
            None => return Err(problem),
        }
        Ok(())
    }

    /// The attempt was right: it takes nothing from whoever else is behind that address.
    pub(crate) fn right(&self, client: Client) {
        let mut known = self.known();
        if known.right.len() >= MAX_ENTRIES {
            known.right.clear();
        }
        let left = known.right.entry(client).or_default();
        *left = (*left + 1).min(self.attempts_burst);
    }

    fn ask<K: Hash + Eq + Clone>(&self, buckets: &Buckets<K>, key: K) -> Result<(), Problem> {
        // Buckets that are full again need not be remembered.
        if buckets.len() >= MAX_ENTRIES {
            buckets.retain_recent();
        }
        buckets.check_key(&key).map_err(|not_until| self.wait(&not_until))
    }

    fn wait(&self, not_until: &NotUntil<Duration>) -> Problem {
        let wait = not_until.wait_time_from(governor::clock::Clock::now(&self.clock));
        Problem::TooMany { seconds: wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1) }
    }
}

fn buckets<K: Hash + Eq + Clone>(quota: Quota, clock: &Ticks) -> Buckets<K> {
    RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock.clone())
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

    fn limits(clock: &Arc<FakeClock>) -> Limits {
        let few = |n| NonZeroU32::new(n).unwrap();
        let rules = RequestLimits {
            network: few(1),
            network_burst: few(5),
            session: few(1),
            session_burst: few(7),
            attempts: few(10),
            attempts_burst: few(3),
        };
        Limits::new(clock.clone(), &rules)
    }

    #[test]
    fn attempts_run_out_and_come_back_and_right_ones_do_not_count() {
        let clock = Arc::new(FakeClock::at(Timestamp(1_000_000)));
        let limits = limits(&clock);
        let (a, b) = (Client(ip("192.0.2.1")), Client(ip("192.0.2.2")));
        for _ in 0..20 {
            assert!(limits.attempt(a).is_ok());
            limits.right(a);
        }
        let left = (0..20).take_while(|_| limits.attempt(a).is_ok()).count();
        assert!(left <= 3, "{left}");
        assert!(matches!(limits.attempt(a), Err(Problem::TooMany { seconds: 6 })));
        assert!(limits.attempt(b).is_ok());
        clock.advance(Duration::from_secs(7));
        assert!(limits.attempt(a).is_ok());
        assert!(limits.attempt(a).is_err());
    }

    #[test]
    fn a_session_is_counted_for_itself_and_a_claimed_one_is_not() {
        let clock = Arc::new(FakeClock::at(Timestamp(1_000_000)));
        let limits = limits(&clock);
        let office = Client(ip("192.0.2.1"));
        let asks = |session| (0..50).take_while(|_| limits.page(office, session).is_ok()).count();
        assert_eq!(asks(None), 5);
        assert_eq!(asks(Some([1; 32])), 0, "nobody has seen that session");
        limits.alive([1; 32], Timestamp(1_000_000).plus(Duration::from_secs(60)));
        limits.alive([2; 32], Timestamp(1_000_000).plus(Duration::from_secs(60)));
        assert_eq!((asks(Some([1; 32])), asks(Some([2; 32]))), (7, 7));
        clock.advance(Duration::from_secs(61));
        assert_eq!(asks(Some([1; 32])), 5, "it is over: the network's");
    }

    #[test]
    fn many_networks_of_one_are_one_in_the_end() {
        let clock = Arc::new(FakeClock::at(Timestamp(1_000_000)));
        let limits = limits(&clock);
        let at = |n: u32| Client::at(ip(&format!("2001:db8:1:{n:x}::1")));
        let passed = (0..500).filter(|n| limits.page(at(*n), None).is_ok()).count();
        assert_eq!(passed, 5 * WIDE as usize);
        assert!(limits.page(Client::at(ip("2001:db8:2::1")), None).is_ok());
    }
}
