//! Rate limits: per session, and for everybody else per network (IPv4 address, IPv6 /64 and /48), so that no logged-in
//! owner pays for neighbours behind the same address. Failed passwords of one mailbox are counted elsewhere.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::state::keyed::DefaultKeyedStateStore;
use governor::{NotUntil, Quota, RateLimiter};
use sealpost_mail::{Clock, Timestamp};
use sealpost_vault::SessionHash;

use crate::config::RequestLimits;
use crate::http::client::Client;
use crate::problem::Problem;

/// Maximum entries; more occur only in an attack, which the limit per client is for.
const MAX_ENTRIES: usize = 50_000;
/// A whole /48 may send this many times as many requests as one /64 in it: it is one organisation, or one attacker.
const WIDE: u32 = 8;

/// Governor's view of our clock.
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

/// The limits on requests of networks, sessions and attempts.
pub(crate) struct Limits {
    clock: Ticks,
    networks: Buckets<Client>,
    wide_networks: Buckets<Client>,
    sessions: Buckets<SessionHash>,
    attempts: Buckets<Client>,
    attempts_burst: u32,
    known: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    /// Sessions known to be alive, and when they expire: what a browser merely claims counts for its network.
    sessions: HashMap<SessionHash, Timestamp>,
    /// Attempts that turned out to be right and are returned.
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

    fn known(&self) -> MutexGuard<'_, Remembered> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request: for its session, if that is known to be alive, otherwise for its network.
    pub(crate) fn page(&self, client: Client, session: Option<SessionHash>) -> Result<(), Problem> {
        let now = self.clock.0.now();
        let alive = |hash: &SessionHash| self.known().sessions.get(hash).is_some_and(|ends| *ends > now);
        if let Some(hash) = session.filter(alive) {
            return self.ask(&self.sessions, hash);
        }
        self.ask(&self.networks, client)?;
        client.wide().map_or(Ok(()), |wide| self.ask(&self.wide_networks, wide))
    }

    /// Records that this session is alive until then.
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

    /// The attempt was right: it is not counted against others behind that address.
    pub(crate) fn right(&self, client: Client) {
        let mut known = self.known();
        if known.right.len() >= MAX_ENTRIES {
            known.right.clear();
        }
        let left = known.right.entry(client).or_default();
        *left = (*left + 1).min(self.attempts_burst);
    }

    fn ask<K: Hash + Eq + Clone>(&self, buckets: &Buckets<K>, key: K) -> Result<(), Problem> {
        // Full buckets need not be remembered.
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

    fn at(text: &str) -> Client {
        Client::at(text.parse().unwrap())
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
        let (a, b) = (at("192.0.2.1"), at("192.0.2.2"));
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
        let office = at("192.0.2.1");
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
        let nth = |n: u32| at(&format!("2001:db8:1:{n:x}::1"));
        let passed = (0..500).filter(|n| limits.page(nth(*n), None).is_ok()).count();
        assert_eq!(passed, 5 * WIDE as usize);
        assert!(limits.page(at("2001:db8:2::1"), None).is_ok());
    }
}
