//! The slots of one listener: who may have one, who gets 554 instead of a greeting because no right can be obtained,
//! and what the log is told of refusals. Knows no protocol.
//!
//! A client that cannot obtain a right to send gets no slot. One that still has to obtain it (by a login, a
//! certificate) cannot take the slots reserved for the listener's networks, nor more than a few from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealpost_mail::Reply;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::access::{Access, Shown};
use crate::limits::{Limits, client_of};
use crate::replies;

/// How long refusals are counted before they are logged again.
const COUNTED: Duration = Duration::from_secs(60);

/// Log lines about logins in that time.
const LOGINS_TOLD: u32 = 30;

/// Why a client gets no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionRefusal {
    /// It has no right here and cannot obtain one.
    NoRight,
    /// The listener has no slot left, or none for strangers.
    Listener,
    /// This client has reached its limit.
    Client,
    /// It did not come through a proxy.
    NoProxy,
    /// It is a proxy, and did not announce its client.
    NotIntroduced,
}

impl SessionRefusal {
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::NoRight | Self::NoProxy | Self::NotIntroduced => replies::no_right(),
            Self::Listener => replies::listener_full(),
            Self::Client => replies::client_full(),
        }
    }
}

/// Simultaneous health checks, which are short.
const HEALTH_CHECKS: usize = 16;

/// Counts the sessions of one listener.
#[derive(Debug)]
pub(crate) struct Slots {
    total: Arc<Semaphore>,
    /// Slots for clients without a right (yet).
    strange: Arc<Semaphore>,
    /// Slots for proxies that have not announced their client yet: strangers who occupy all other slots must not keep
    /// the next client's proxy out.
    unnamed: Arc<Semaphore>,
    /// Slots for health checks: strangers who occupy all other slots must not make this node look dead.
    health_checks: Arc<Semaphore>,
    per_client: usize,
    per_stranger: usize,
    clients: Mutex<HashMap<IpAddr, Sessions>>,
}

/// The sessions of one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sessions {
    all: usize,
    strange: usize,
}

/// A slot; released on drop.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    place: CountedAmong,
}

/// Which pool a slot belongs to.
#[derive(Debug)]
enum CountedAmong {
    /// That of clients.
    Client {
        client: IpAddr,
        /// Held until a right is shown.
        strange: Mutex<Option<OwnedSemaphorePermit>>,
        _permit: OwnedSemaphorePermit,
    },
    /// That of proxies without a client, or of health checks.
    Aside { _permit: OwnedSemaphorePermit },
}

impl Slots {
    pub(crate) fn new(limits: &Limits, access: &Access) -> Arc<Self> {
        let reserved = if access.networks.is_empty() { 0 } else { limits.reserved };
        let slots = |number: usize| Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self {
            total: slots(limits.connections),
            strange: slots(limits.connections.saturating_sub(reserved)),
            unnamed: slots(limits.connections),
            health_checks: slots(HEALTH_CHECKS),
            per_client: limits.per_client,
            per_stranger: limits.per_stranger.min(limits.per_client),
            clients: Mutex::new(HashMap::new()),
        })
    }

    /// For a connection from this address.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr, access: &Access) -> Result<Slot, SessionRefusal> {
        if access.names_others(peer) { self.aside(&self.unnamed) } else { self.as_client(peer, access) }
    }

    /// For a balancer's health check.
    pub(crate) fn look_in(self: &Arc<Self>) -> Result<Slot, SessionRefusal> {
        self.aside(&self.health_checks)
    }

    fn aside(self: &Arc<Self>, among: &Arc<Semaphore>) -> Result<Slot, SessionRefusal> {
        Ok(Slot { slots: Arc::clone(self), place: CountedAmong::Aside { _permit: free(among)? } })
    }

    fn as_client(self: &Arc<Self>, peer: IpAddr, access: &Access) -> Result<Slot, SessionRefusal> {
        let known = access.right(Shown { peer, login: false, certificate: false }).is_some();
        if !known && !access.can_be_earned() && access.domains.is_empty() {
            return Err(SessionRefusal::NoRight);
        }
        let strange = if known { None } else { Some(free(&self.strange)?) };
        let permit = free(&self.total)?;
        let client = client_of(peer);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions = clients.get(&client).copied().unwrap_or_default();
        if sessions.all >= self.per_client || (!known && sessions.strange >= self.per_stranger) {
            return Err(SessionRefusal::Client);
        }
        let now = Sessions { all: sessions.all + 1, strange: sessions.strange + usize::from(!known) };
        clients.insert(client, now);
        let place = CountedAmong::Client { client, strange: Mutex::new(strange), _permit: permit };
        Ok(Slot { slots: Arc::clone(self), place })
    }

    fn leave(&self, client: IpAddr, change: impl FnOnce(&mut Sessions)) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sessions) = clients.get_mut(&client) {
            change(sessions);
            if sessions.all == 0 {
                clients.remove(&client);
            }
        }
    }
}

fn free(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, SessionRefusal> {
    Arc::clone(places).try_acquire_owned().map_err(|_none_left| SessionRefusal::Listener)
}

impl Slot {
    /// Releases this slot and takes one among clients.
    pub(crate) fn change(self, client: IpAddr, access: &Access) -> Result<Self, SessionRefusal> {
        let slots = Arc::clone(&self.slots);
        drop(self);
        slots.as_client(client, access)
    }

    /// The client has shown a right: releases its permit among strangers.
    pub(crate) fn earn(&self) {
        match &self.place {
            CountedAmong::Aside { .. } => {}
            CountedAmong::Client { client, strange, .. } => {
                let was_strange = strange.lock().unwrap_or_else(PoisonError::into_inner).take().is_some();
                if was_strange {
                    self.slots
                        .leave(*client, |sessions| sessions.strange = sessions.strange.saturating_sub(1));
                }
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.earn();
        match &self.place {
            CountedAmong::Aside { .. } => {}
            CountedAmong::Client { client, .. } => {
                self.slots.leave(*client, |sessions| sessions.all = sessions.all.saturating_sub(1));
            }
        }
    }
}

/// Refusals since they were last logged: a flood must not fill the disk with lines.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    counts: Mutex<Counts>,
    /// Notified when there are refusals to log.
    untold: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    refused: ByReason,
    told: Option<Instant>,
    logins: Logins,
}

/// Counts by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ByReason {
    no_right: u64,
    listener: u64,
    client: u64,
    no_proxy: u64,
    not_introduced: u64,
}

/// Logins that failed or were deferred in this minute.
#[derive(Clone, Copy, Debug, Default)]
struct Logins {
    since: Option<Instant>,
    told: u32,
    untold: u64,
}

impl Refusals {
    /// Counts a refusal. The first one is logged at once, with its address, the others by [`Refusals::tell`].
    pub(crate) fn count(&self, listener: &str, peer: IpAddr, why: SessionRefusal, now: Instant) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.told.is_none_or(|told| now.duration_since(told) >= COUNTED) {
            tracing::warn!(listener.name = listener, client = %peer, reason = ?why, "turned away");
            counts.told = Some(now);
            return;
        }
        let refused = &mut counts.refused;
        match why {
            SessionRefusal::NoRight => refused.no_right += 1,
            SessionRefusal::Listener => refused.listener += 1,
            SessionRefusal::Client => refused.client += 1,
            SessionRefusal::NoProxy => refused.no_proxy += 1,
            SessionRefusal::NotIntroduced => refused.not_introduced += 1,
        }
        self.untold.notify_one();
    }

    /// A password was wrong. Logged with the client's address, up to [`LOGINS_TOLD`] a minute: programs that block
    /// clients read these lines. The login is not logged: people type their password there.
    pub(crate) fn failed_login(&self, listener: &str, peer: IpAddr, now: Instant) {
        if self.tells_login(listener, now) {
            tracing::warn!(listener.name = listener, client = %peer, "login failed");
        }
    }

    /// A password was not checked; logged likewise.
    pub(crate) fn login_put_off(&self, listener: &str, peer: IpAddr, now: Instant) {
        if self.tells_login(listener, now) {
            tracing::warn!(listener.name = listener, client = %peer, "login put off");
        }
    }

    /// Whether another line may be logged in this minute. Lines omitted before are logged first, as a count.
    fn tells_login(&self, listener: &str, now: Instant) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let logins = &mut counts.logins;
        if logins.since.is_none_or(|since| now.duration_since(since) >= COUNTED) {
            if logins.untold > 0 {
                tracing::warn!(
                    listener.name = listener,
                    logins = logins.untold,
                    "more logins failed or were put off"
                );
            }
            *logins = Logins { since: Some(now), ..Logins::default() };
        }
        if logins.told < LOGINS_TOLD {
            logins.told += 1;
            return true;
        }
        logins.untold += 1;
        false
    }

    fn taken(&self, now: Instant) -> Option<ByReason> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = std::mem::take(&mut counts.refused);
        let some = (refused != ByReason::default()).then_some(refused);
        counts.told = some.map_or(counts.told, |_| Some(now));
        some
    }

    /// Logs the counts once a minute while there are any, until all senders are gone. To be run once.
    pub(crate) async fn tell(&self, listener: &str) {
        loop {
            self.untold.notified().await;
            tokio::time::sleep(COUNTED).await;
            // None: the notification was for counts that are already logged.
            let Some(refused) = self.taken(Instant::now()) else { continue };
            tracing::warn!(
                listener.name = listener,
                refused.no_right = refused.no_right,
                refused.listener_full = refused.listener,
                refused.client_full = refused.client,
                refused.no_proxy = refused.no_proxy,
                refused.not_introduced = refused.not_introduced,
                "more connections were turned away"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside() -> Access {
        Access { networks: vec!["192.0.2.0/24".parse().unwrap()], ..Access::default() }
    }

    fn logins() -> Access {
        Access { auth: true, ..inside() }
    }

    fn slots(connections: usize, per_client: usize, access: &Access) -> Arc<Slots> {
        let limits = Limits { connections, per_client, reserved: 1, per_stranger: 2, ..Limits::default() };
        Slots::new(&limits, access)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_is_free_again_when_it_is_dropped() {
        let (access, peer) = (inside(), ip("192.0.2.1"));
        let slots = slots(10, 1, &access);
        let first = slots.enter(peer, &access).unwrap();
        assert_eq!(slots.enter(peer, &access).unwrap_err(), SessionRefusal::Client);
        drop(first);
        assert!(slots.enter(peer, &access).is_ok());
        assert!(slots.clients.lock().unwrap().is_empty());
    }

    #[test]
    fn a_v6_network_of_64_bits_is_one_client_and_mapped_v4_is_v4() {
        let access = Access { auth: true, ..Access::default() };
        let slots = slots(10, 1, &access);
        let enter = |peer| slots.enter(ip(peer), &access);
        let _a = enter("2001:db8::1").unwrap();
        assert_eq!(enter("2001:db8::ffff:1").unwrap_err(), SessionRefusal::Client);
        assert!(enter("2001:db8:0:1::1").is_ok());
        let _b = enter("192.0.2.1").unwrap();
        assert_eq!(enter("::ffff:192.0.2.1").unwrap_err(), SessionRefusal::Client);
    }

    #[test]
    fn whoever_cannot_earn_a_right_gets_no_place() {
        let access = inside();
        let slots = slots(1, 5, &access);
        assert_eq!(slots.enter(ip("198.51.100.1"), &access).unwrap_err(), SessionRefusal::NoRight);
        let _a = slots.enter(ip("192.0.2.1"), &access).unwrap();
        assert_eq!(slots.enter(ip("192.0.2.2"), &access).unwrap_err(), SessionRefusal::Listener);
    }

    #[test]
    fn strangers_leave_a_place_to_the_networks_and_have_few_each() {
        let access = logins();
        let slots = slots(4, 4, &access);
        let enter = |peer| slots.enter(ip(peer), &access);
        let first = enter("198.51.100.1").unwrap();
        let _second = enter("198.51.100.1").unwrap();
        assert_eq!(enter("198.51.100.1").unwrap_err(), SessionRefusal::Client);
        let _third = enter("198.51.100.2").unwrap();
        assert_eq!(enter("198.51.100.3").unwrap_err(), SessionRefusal::Listener);
        let known = enter("192.0.2.1").unwrap();
        drop(known);
        // One of them logs in: a slot for strangers is free again, also for that client.
        first.earn();
        assert!(enter("198.51.100.1").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_line_at_once_and_one_a_minute_later() {
        let refusals = Refusals::default();
        let count = |why| refusals.count("inside", ip("198.51.100.1"), why, Instant::now());
        let counted = || refusals.counts.lock().unwrap().refused;
        count(SessionRefusal::NoRight);
        assert_eq!(counted(), ByReason::default(), "the first is told");
        let minutes = async {
            // Counting leaves nothing behind: the next minute is logged like this one.
            for _ in 0..3 {
                count(SessionRefusal::Client);
                count(SessionRefusal::Listener);
                assert_eq!(counted(), ByReason { client: 1, listener: 1, ..ByReason::default() });
                tokio::time::sleep(COUNTED + COUNTED / 4).await;
                assert_eq!(counted(), ByReason::default());
            }
        };
        tokio::select! {
            () = refusals.tell("inside") => unreachable!("it goes on"),
            () = minutes => {}
        }
    }

    #[test]
    fn strangers_keep_neither_health_checks_nor_the_next_clients_proxy_out() {
        let access = Access { xclient: vec!["198.51.100.9".parse().unwrap()], ..logins() };
        let slots = slots(3, 3, &access);
        let enter = |peer| slots.enter(ip(peer), &access);
        let strangers = [enter("198.51.100.1").unwrap(), enter("198.51.100.2").unwrap()];
        assert_eq!(enter("198.51.100.3").unwrap_err(), SessionRefusal::Listener);
        let checks: Vec<Slot> = (0..HEALTH_CHECKS).map(|_| slots.look_in().unwrap()).collect();
        assert_eq!(slots.look_in().unwrap_err(), SessionRefusal::Listener);
        drop(checks);
        // As many proxies as clients, not as few as one stranger may have.
        let mut proxies: Vec<Slot> = (0..3).map(|_| enter("198.51.100.9").unwrap()).collect();
        assert_eq!(enter("198.51.100.9").unwrap_err(), SessionRefusal::Listener);
        let named = |slot: Slot, client| slot.change(ip(client), &access);
        assert_eq!(named(proxies.pop().unwrap(), "198.51.100.3").unwrap_err(), SessionRefusal::Listener);
        let _inside = named(proxies.pop().unwrap(), "192.0.2.1").unwrap();
        drop(strangers);
        // A proxy that speaks for itself is a client like others.
        assert!(named(proxies.pop().unwrap(), "198.51.100.9").is_ok());
    }

    #[test]
    fn a_flood_of_wrong_logins_is_a_few_lines_a_minute() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let told = |now| (0..1000).filter(|_| refusals.tells_login("inside", now)).count();
        assert_eq!(told(start), 30);
        assert_eq!(told(start + COUNTED / 2), 0);
        assert_eq!(told(start + COUNTED), 30);
    }
}
