//! Wrong log-ins by SMTP AUTH (the portal has its own, throttle.rs), remembered across sessions: by client, by login name, and by both. Knows no password, keeps
//! no login name, and asks no clock.
//!
//! SECURITY: a limit by login name alone would let strangers keep a mail server out. So a client that has
//! been right about a login before is judged by nothing but what it gets wrong about that login itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use sealpost_mail::Timestamp;

use crate::limits::client_of;

/// Wrong tries before waiting begins.
const FREE_TRIES: u32 = 5;
/// The first wait; each wrong try doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait of a client.
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);
/// The longest wait for a login name from clients not known to have it: they may be honest.
const MAX_WAIT_OF_LOGIN: Duration = Duration::from_secs(60);
/// Wrong tries are forgotten after this long without another.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// Entries kept; the one unused for longest makes room.
const MAX: usize = 10_000;

/// A login name as it is remembered: people type their password there.
type Name = [u8; 32];

/// What wrong tries are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Client(IpAddr),
    Login(Name),
    Both(IpAddr, Name),
}

impl Key {
    fn longest_wait(self) -> Duration {
        match self {
            Self::Client(_) | Self::Both(..) => MAX_WAIT,
            Self::Login(_) => MAX_WAIT_OF_LOGIN,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    last: Timestamp,
    next: Timestamp,
}

#[derive(Debug, Default)]
struct Memory {
    tries: HashMap<Key, Tries>,
    /// Who was right about what, and when last.
    known: HashMap<(IpAddr, Name), Timestamp>,
}

/// What all listeners remember together.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    memory: Mutex<Memory>,
}

impl Attempts {
    /// Whether this client may try a password for this login now.
    pub(crate) fn may_try(&self, peer: IpAddr, login: &str, now: Timestamp) -> bool {
        let (client, name) = (client_of(peer), name_of(login));
        let memory = self.memory();
        let blocked = |key| {
            // A clock that was set back must not make anybody wait for longer than was meant.
            memory.tries.get(&key).is_some_and(|tries| tries.last <= now && now < tries.next)
        };
        if memory.known.contains_key(&(client, name)) {
            !blocked(Key::Both(client, name))
        } else {
            !blocked(Key::Client(client)) && !blocked(Key::Login(name))
        }
    }

    /// The password was wrong, or the login is nobody's.
    pub(crate) fn wrong(&self, peer: IpAddr, login: &str, now: Timestamp) {
        let (client, name) = (client_of(peer), name_of(login));
        let mut memory = self.memory();
        for key in [Key::Client(client), Key::Login(name), Key::Both(client, name)] {
            make_room(&mut memory.tries, &key, |tries| tries.last);
            let tries = memory.tries.entry(key).or_insert(Tries { wrong: 0, last: now, next: now });
            if now.since(tries.last) > FORGET {
                tries.wrong = 0;
            }
            tries.wrong = tries.wrong.saturating_add(1);
            tries.last = now;
            tries.next = match tries.wrong.checked_sub(FREE_TRIES) {
                Some(doublings) => {
                    let wait = FIRST_WAIT.saturating_mul(1 << doublings.min(16));
                    now.plus(wait.min(key.longest_wait()))
                }
                None => now,
            };
        }
    }

    /// The password was right. What the client got wrong about other logins stays: one login of one's own
    /// must not buy free tries at those of others.
    pub(crate) fn right(&self, peer: IpAddr, login: &str, now: Timestamp) {
        let pair = (client_of(peer), name_of(login));
        let mut memory = self.memory();
        memory.tries.remove(&Key::Both(pair.0, pair.1));
        make_room(&mut memory.known, &pair, |last| *last);
        memory.known.insert(pair, now);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name_of(login: &str) -> Name {
    let mut name = [0; 32];
    for (to, from) in name.iter_mut().zip(digest(&SHA256, login.as_bytes()).as_ref()) {
        *to = *from;
    }
    name
}

/// Looking at every entry is dear, but comes only with a full memory and after a password was checked.
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
        (0..10_000).find(|after| attempts.may_try(peer, login, now.plus(SECOND * *after))).unwrap().into()
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
        assert!(!attempts.may_try(ip("2001:db8::ffff"), "other", START));
        assert!(attempts.may_try(ip("2001:db8:0:1::1"), "other", START));
    }

    #[test]
    fn a_login_waits_too_but_not_for_long_and_not_for_who_knows_it() {
        let attempts = Attempts::default();
        let (owner, stranger) = (ip("192.0.2.1"), ip("192.0.2.2"));
        attempts.right(owner, "mill", START);
        for host in 1..=40 {
            attempts.wrong(ip(&format!("198.51.100.{host}")), "mill", START);
        }
        assert_eq!(wait(&attempts, stranger, "mill", START), 60);
        assert_eq!(wait(&attempts, owner, "mill", START), 0);
        // Even the owner's network cannot try for ever.
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
        assert!(!attempts.may_try(peer, "mill", START));
        assert!(attempts.may_try(peer, "own", START));
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_out() {
        let (attempts, peer) = (Attempts::default(), ip("192.0.2.1"));
        for _ in 0..20 {
            attempts.wrong(peer, "mill", START);
        }
        assert!(attempts.may_try(peer, "mill", START.minus(SECOND)));
    }

    #[test]
    fn memory_is_bounded_and_keeps_what_is_fresh() {
        let attempts = Attempts::default();
        let peer = |nth: usize| IpAddr::from(u32::try_from(nth).unwrap().to_be_bytes());
        let at = |nth: usize| START.plus(Duration::from_millis(nth as u64));
        // Each leaves two entries, and all one more together.
        (0..MAX / 2 + 10).for_each(|nth| attempts.wrong(peer(nth), "mill", at(nth)));
        (0..MAX + 10).for_each(|nth| attempts.right(peer(nth), "own", at(nth)));
        let memory = attempts.memory();
        assert_eq!((memory.tries.len(), memory.known.len()), (MAX, MAX));
        assert!(memory.tries.contains_key(&Key::Client(peer(MAX / 2 + 9))));
        assert!(!memory.tries.contains_key(&Key::Client(peer(0))));
        assert!(memory.tries.contains_key(&Key::Login(name_of("mill"))));
    }
}
