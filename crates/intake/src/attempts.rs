//! Failed logins by SMTP AUTH (the portal has its own, throttle.rs), remembered across sessions: by client, by site, by
//! login name, and by client and name. Knows no password, stores no login name, and reads no clock.
//!
//! SECURITY: a limit by login name would let strangers lock a mail server out. So a login with many failures is not
//! locked: strangers that try it come last in the queue for password checks, and for a client that has logged in before
//! only its own failures at that login count.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use sealpost_mail::Timestamp;

use crate::limits::client_of;

/// Failures before a client has to wait.
const FREE_TRIES: u32 = 5;
/// The first wait; each failure doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait of a client.
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);
/// An IPv6 /48 is what one customer of a provider may have, but it may also be many people: it gets more tries.
const FREE_TRIES_OF_SITE: u32 = 20;
/// Failures are forgotten after this time without another.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// How often a correct login is stored again beyond this process.
const KEPT_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// Entries kept; the least recently used one is evicted.
const MAX: usize = 10_000;

/// A hashed login name: people type their password there.
type Name = [u8; 32];

/// What failures are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// One IPv4 address or IPv6 /64.
    Client(IpAddr),
    /// The /48 of an IPv6 address.
    Site(IpAddr),
    Login(Name),
    Both(IpAddr, Name),
}

impl Key {
    fn free_tries(self) -> u32 {
        match self {
            Self::Client(_) | Self::Login(_) | Self::Both(..) => FREE_TRIES,
            Self::Site(_) => FREE_TRIES_OF_SITE,
        }
    }
}

/// How a client is treated that tries a password for a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientStatus {
    /// It has logged in with this login before.
    Known,
    /// Nothing is known about it.
    Stranger,
    /// Nothing is known about it, and many have failed at this login.
    Doubtful,
    /// It has failed too often and has to wait.
    Waits,
}

/// What a correct password says about its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is to be stored beyond this process.
    Anew,
    /// It is already stored; there were failures before.
    AfterWrong,
    /// Nothing new.
    Again,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    last: Timestamp,
    next: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Right {
    last: Timestamp,
    /// When it was last stored beyond this process; `None`: never by this process.
    kept: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Memory {
    tries: HashMap<Key, Tries>,
    /// Which client logged in with which login, and when last.
    known: HashMap<(IpAddr, Name), Right>,
}

/// The memory shared by all listeners.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    memory: Mutex<Memory>,
}

impl Attempts {
    /// How this client is treated with this login now.
    pub(crate) fn status(&self, peer: IpAddr, login: &str, now: Timestamp) -> ClientStatus {
        let (client, name) = (client_of(peer), name_of(login));
        let memory = self.memory();
        let blocked = |key| {
            // A clock that was set back must not extend the wait.
            memory.tries.get(&key).is_some_and(|tries| tries.last <= now && now < tries.next)
        };
        if memory.known.contains_key(&(client, name)) {
            return if blocked(Key::Both(client, name)) { ClientStatus::Waits } else { ClientStatus::Known };
        }
        if blocked(Key::Client(client)) || site_of(peer).is_some_and(|site| blocked(Key::Site(site))) {
            return ClientStatus::Waits;
        }
        let failed = memory.tries.get(&Key::Login(name));
        match failed.filter(|tries| tries.wrong >= FREE_TRIES && now.since(tries.last) <= FORGET) {
            Some(_) => ClientStatus::Doubtful,
            None => ClientStatus::Stranger,
        }
    }

    /// The password was wrong, or the login does not exist. `true`: the client, or its whole site, has to wait from now
    /// on.
    pub(crate) fn wrong(&self, peer: IpAddr, login: &str, now: Timestamp) -> bool {
        let (client, name) = (client_of(peer), name_of(login));
        let mut memory = self.memory();
        let site = site_of(peer).map(Key::Site);
        let mut waits = false;
        for key in [Key::Client(client), Key::Login(name), Key::Both(client, name)].into_iter().chain(site) {
            make_room(&mut memory.tries, &key, |tries| tries.last);
            let tries = memory.tries.entry(key).or_insert(Tries { wrong: 0, last: now, next: now });
            if now.since(tries.last) > FORGET {
                tries.wrong = 0;
            }
            tries.wrong = tries.wrong.saturating_add(1);
            tries.last = now;
            tries.next = match tries.wrong.checked_sub(key.free_tries()) {
                Some(doublings) => {
                    waits |= matches!(key, Key::Client(_) | Key::Site(_) | Key::Both(..));
                    let wait = FIRST_WAIT.saturating_mul(1 << doublings.min(16));
                    now.plus(wait.min(MAX_WAIT))
                }
                None => now,
            };
        }
        waits
    }

    /// The password was correct. The client's failures with other logins stay: a login of one's own must not buy free
    /// tries with those of others.
    pub(crate) fn right(&self, peer: IpAddr, login: &str, now: Timestamp) -> Heard {
        let pair = (client_of(peer), name_of(login));
        let mut memory = self.memory();
        let failed_before = memory.tries.remove(&Key::Both(pair.0, pair.1)).is_some();
        make_room(&mut memory.known, &pair, |right| right.last);
        let kept = memory.known.get(&pair).and_then(|right| right.kept);
        let is_kept = kept.is_some_and(|kept| kept <= now && now.since(kept) < KEPT_AGAIN);
        let kept = kept.filter(|_| is_kept).or(Some(now));
        memory.known.insert(pair, Right { last: now, kept });
        match (is_kept, failed_before) {
            (false, _) => Heard::Anew,
            (true, true) => Heard::AfterWrong,
            (true, false) => Heard::Again,
        }
    }

    /// The client has logged in with this login before this process began. Its failures since then count.
    pub(crate) fn recall(&self, peer: IpAddr, login: &str, now: Timestamp) {
        let pair = (client_of(peer), name_of(login));
        let mut memory = self.memory();
        make_room(&mut memory.known, &pair, |right| right.last);
        memory.known.entry(pair).or_insert(Right { last: now, kept: None });
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The /48 of an IPv6 address; IPv4 addresses have no site.
fn site_of(peer: IpAddr) -> Option<IpAddr> {
    match peer.to_canonical() {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => Some(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80)))),
    }
}

/// The pair of a client and a login, for the queue of password checks.
pub(crate) fn pair_of(peer: IpAddr, login: &str) -> Vec<u8> {
    let mut pair = client_of(peer).to_string().into_bytes();
    pair.push(0);
    pair.extend(name_of(login));
    pair
}

fn name_of(login: &str) -> Name {
    let mut name = [0; 32];
    for (to, from) in name.iter_mut().zip(digest(&SHA256, login.as_bytes()).as_ref()) {
        *to = *from;
    }
    name
}

/// Scanning every entry is expensive, but only happens with a full memory and after a password was checked.
fn make_room<K: Clone + Eq + Hash, V>(map: &mut HashMap<K, V>, key: &K, last: impl Fn(&V) -> Timestamp) {
    if map.len() < MAX || map.contains_key(key) {
        return;
    }
    let oldest = map.iter().min_by_key(|(_, value)| last(value)).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        map.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const START: Timestamp = Timestamp(1_000_000);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Seconds until the next try is allowed.
    fn wait(attempts: &Attempts, peer: IpAddr, login: &str, now: Timestamp) -> u64 {
        let waits =
            |after: u32| attempts.status(peer, login, now.plus(SECOND * after)) == ClientStatus::Waits;
        (0..10_000).find(|after| !waits(*after)).unwrap().into()
    }

    #[test]
    fn a_client_waits_longer_each_time_whatever_login_it_tries() {
        let (attempts, peer, mut now, mut waits) = (Attempts::default(), ip("192.0.2.1"), START, Vec::new());
        for nth in 0..14 {
            attempts.wrong(peer, &format!("name{nth}"), now);
            waits.push(wait(&attempts, peer, "another", now));
            now = now.plus(SECOND * u32::try_from(*waits.last().unwrap()).unwrap());
        }
        assert_eq!(waits, [0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert_eq!(wait(&attempts, ip("192.0.2.2"), "another", now), 0);
        attempts.wrong(peer, "x", now.plus(FORGET + SECOND));
        assert_eq!(wait(&attempts, peer, "another", now.plus(FORGET + SECOND)), 0);
    }

    #[test]
    fn one_v6_network_is_one_client() {
        let attempts = Attempts::default();
        for host in 1..=FREE_TRIES {
            attempts.wrong(ip(&format!("2001:db8::{host}")), "mill", START);
        }
        assert_eq!(attempts.status(ip("2001:db8::ffff"), "other", START), ClientStatus::Waits);
        assert_eq!(attempts.status(ip("2001:db8:0:1::1"), "other", START), ClientStatus::Stranger);
    }

    /// A client that changes its /64 with each try is still one site.
    #[test]
    fn one_v6_site_has_more_tries_and_not_without_end() {
        let attempts = Attempts::default();
        for net in 1..=FREE_TRIES_OF_SITE {
            let from = ip(&format!("2001:db8:0:{net:x}::1"));
            assert_eq!(attempts.status(from, &format!("name{net}"), START), ClientStatus::Stranger);
            attempts.wrong(from, &format!("name{net}"), START);
        }
        assert_eq!(attempts.status(ip("2001:db8:0:ffff::1"), "other", START), ClientStatus::Waits);
        assert_eq!(attempts.status(ip("2001:db8:1:1::1"), "other", START), ClientStatus::Stranger);
    }

    /// Failures at a name lock out neither its owner nor an honest stranger.
    #[test]
    fn a_login_at_which_many_failed_is_open_to_all_and_strangers_come_last() {
        let attempts = Attempts::default();
        let (owner, stranger) = (ip("192.0.2.1"), ip("192.0.2.2"));
        attempts.right(owner, "mill", START);
        assert_eq!(attempts.status(stranger, "mill", START), ClientStatus::Stranger);
        for host in 1..=40 {
            attempts.wrong(ip(&format!("198.51.100.{host}")), "mill", START);
        }
        assert_eq!(attempts.status(stranger, "mill", START), ClientStatus::Doubtful);
        assert_eq!(attempts.status(owner, "mill", START), ClientStatus::Known);
        assert_eq!(attempts.status(stranger, "mill", START.plus(FORGET + SECOND)), ClientStatus::Stranger);
        // Even the owner's network cannot try without limit.
        for _ in 0..FREE_TRIES {
            attempts.wrong(owner, "mill", START);
        }
        assert_eq!(wait(&attempts, owner, "mill", START), 5);
    }

    #[test]
    fn ones_own_login_buys_no_tries_at_others() {
        let (attempts, peer) = (Attempts::default(), ip("192.0.2.1"));
        for _ in 0..FREE_TRIES {
            attempts.wrong(peer, "mill", START);
            attempts.right(peer, "own", START);
        }
        assert_eq!(attempts.status(peer, "mill", START), ClientStatus::Waits);
        assert_eq!(attempts.status(peer, "own", START), ClientStatus::Known);
    }

    #[test]
    fn who_is_recalled_is_known_and_judged_by_what_it_got_wrong_since() {
        let (attempts, server, other) = (Attempts::default(), ip("192.0.2.1"), ip("192.0.2.2"));
        attempts.recall(server, "mill", START);
        assert_eq!(attempts.status(server, "mill", START), ClientStatus::Known);
        assert_eq!(attempts.status(server, "own", START), ClientStatus::Stranger);
        assert_eq!(attempts.status(other, "mill", START), ClientStatus::Stranger);
        for _ in 0..FREE_TRIES {
            attempts.wrong(other, "mill", START);
        }
        attempts.recall(other, "mill", START);
        assert_eq!(attempts.status(other, "mill", START), ClientStatus::Waits);
    }

    #[test]
    fn what_is_kept_is_not_kept_with_every_log_in() {
        let (attempts, server) = (Attempts::default(), ip("192.0.2.1"));
        let right = |client, at| attempts.right(client, "mill", at);
        assert_eq!(right(server, START), Heard::Anew);
        assert_eq!(right(server, START.plus(KEPT_AGAIN - SECOND)), Heard::Again);
        attempts.wrong(server, "mill", START.plus(KEPT_AGAIN - SECOND));
        assert_eq!(right(server, START.plus(KEPT_AGAIN - SECOND)), Heard::AfterWrong);
        assert_eq!(right(server, START.plus(KEPT_AGAIN)), Heard::Anew);
        assert_eq!(right(server, START.plus(KEPT_AGAIN + SECOND)), Heard::Again);
        // A clock that was set back must not prevent storing it.
        assert_eq!(right(server, START), Heard::Anew);
        attempts.recall(ip("192.0.2.2"), "mill", START);
        let again = right(ip("192.0.2.2"), START.plus(SECOND));
        assert_eq!(again, Heard::Anew, "kept again: its end comes nearer");
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_out() {
        let (attempts, peer) = (Attempts::default(), ip("192.0.2.1"));
        for _ in 0..20 {
            attempts.wrong(peer, "mill", START);
        }
        assert_ne!(attempts.status(peer, "mill", START.minus(SECOND)), ClientStatus::Waits);
    }

    #[test]
    fn memory_is_bounded_and_keeps_what_is_fresh() {
        let attempts = Attempts::default();
        let peer = |nth: usize| IpAddr::from(u32::try_from(nth).unwrap().to_be_bytes());
        let at = |nth: usize| START.plus(Duration::from_millis(nth as u64));
        // Each leaves two entries, and all of them together one more.
        (0..MAX / 2 + 10).for_each(|nth| assert!(!attempts.wrong(peer(nth), "mill", at(nth))));
        (0..MAX + 10).for_each(|nth| assert_eq!(attempts.right(peer(nth), "own", at(nth)), Heard::Anew));
        let memory = attempts.memory();
        assert_eq!((memory.tries.len(), memory.known.len()), (MAX, MAX));
        assert!(memory.tries.contains_key(&Key::Client(peer(MAX / 2 + 9))));
        assert!(!memory.tries.contains_key(&Key::Client(peer(0))));
        assert!(memory.tries.contains_key(&Key::Login(name_of("mill"))));
    }
}
