//! One destination: its waiting legs and their grouping, its number of workers, its kept connections, its health. Knows
//! neither the store nor SMTP.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{LeasedLeg, LegPurpose};
use tokio::time::Instant;

use crate::backoff::Health;
use crate::endpoint::Endpoint;
use crate::outcome::Reason;
use crate::route::RouteKey;
use crate::slow_servers::SlowServers;
use crate::submit::Connection;

/// The state of one destination.
#[derive(Default)]
pub(crate) struct Lane {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<LeasedLeg>,
    workers: usize,
    kept: Vec<IdleConnection>,
    health: Health,
    /// Workers whose attempt takes long: a trial does not wait for them.
    slow: usize,
    /// A lower limit on workers, because the server refused further connections; `None`: as configured.
    cap: Option<usize>,
    /// Letters accepted since the last failure of the destination.
    taken: usize,
    /// The leg that failed last: another one is used for the trial.
    failed: Option<String>,
    /// Servers that make us wait: others are tried before them.
    slow_servers: SlowServers,
}

/// After this many accepted letters, one more connection is tried with a server that refused more.
const WIDEN_AFTER: usize = 200;

impl State {
    /// After a backoff one goes ahead; the others follow when it has come through. One that hangs says nothing of the
    /// others, and another goes beside it, up to as many as the server wants.
    fn limit(&self, configured: usize) -> usize {
        let most = self.cap.unwrap_or(configured).min(configured);
        if self.health.is_on_trial() { self.slow.saturating_add(1).min(most) } else { most }
    }

    /// The leg that has waited longest; on trial the one with the fewest failures of its own, because the one that
    /// failed last may be the only one that fails.
    fn first(&mut self) -> Option<LeasedLeg> {
        if !self.health.is_on_trial() {
            return self.waiting.pop_front();
        }
        let failed = self.failed.as_deref();
        let rank = |leg: &LeasedLeg| (failed == Some(leg.id.as_str()), leg.attempts);
        let at = (0..self.waiting.len()).min_by_key(|at| self.waiting.get(*at).map(rank))?;
        self.waiting.remove(at)
    }

    /// Together with waiting legs of the same body. Only relayed letters have several recipients: everything else has a
    /// reverse-path or a body of its own.
    fn with_companions(&mut self, first: LeasedLeg, most: usize) -> Vec<LeasedLeg> {
        let is_companion = |leg: &LeasedLeg| {
            first.purpose == LegPurpose::Relay
                && leg.purpose == LegPurpose::Relay
                && leg.body_id == first.body_id
        };
        if first.body_id.is_none() || !self.waiting.iter().any(is_companion) {
            return vec![first];
        }
        let (mut companions, mut others) = (Vec::new(), VecDeque::with_capacity(self.waiting.len()));
        for leg in self.waiting.drain(..) {
            if companions.len() + 1 < most && is_companion(&leg) {
                companions.push(leg);
            } else {
                others.push_back(leg);
            }
        }
        self.waiting = others;
        companions.insert(0, first);
        companions
    }
}

struct IdleConnection {
    key: RouteKey,
    connection: Connection,
    until: Instant,
}

impl Lane {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many workers to start now, with at most `limit` in total; they count from here on.
    pub(crate) fn hire(&self, limit: usize) -> usize {
        let mut state = self.state();
        let limit = state.limit(limit);
        let hired = limit.saturating_sub(state.workers).min(state.waiting.len());
        state.workers += hired;
        hired
    }

    /// The next leg for a worker, and up to `most` of the same letter; without one the worker ends. Also says whether
    /// the lane has just got room again.
    pub(crate) fn next(&self, full: usize, limit: usize, most: usize) -> Option<(Vec<LeasedLeg>, bool)> {
        let mut state = self.state();
        let limit = state.limit(limit);
        let before = state.waiting.len();
        let first = if state.workers <= limit { state.first() } else { None };
        match first {
            Some(first) => {
                let legs = state.with_companions(first, most);
                let has_room = before >= full && state.waiting.len() < full;
                Some((legs, has_room))
            }
            None => {
                state.workers = state.workers.saturating_sub(1);
                None
            }
        }
    }

    /// A worker's attempt takes long. Returns whether another one may start: then there is room for its leg.
    pub(crate) fn slow(&self) -> bool {
        let mut state = self.state();
        state.slow = state.slow.saturating_add(1);
        state.health.is_on_trial()
    }

    /// The slow attempt has ended.
    pub(crate) fn slow_no_more(&self) {
        let mut state = self.state();
        state.slow = state.slow.saturating_sub(1);
    }

    /// Orders the servers to try: those that make us wait come last.
    pub(crate) fn sort(&self, endpoints: &mut [Endpoint], now: Instant) {
        self.state().slow_servers.sort(endpoints, now);
    }

    /// This server makes us wait.
    pub(crate) fn waits_for(&self, address: SocketAddr, until: Instant) {
        self.state().slow_servers.add(address, until);
    }

    /// It has answered.
    pub(crate) fn was_answered_by(&self, address: SocketAddr) {
        self.state().slow_servers.remove(address);
    }

    /// Puts back legs that could not join the others.
    pub(crate) fn give_back(&self, legs: Vec<LeasedLeg>) {
        let mut state = self.state();
        legs.into_iter().rev().for_each(|leg| state.waiting.push_front(leg));
    }

    /// A kept connection of this kind that has not expired.
    pub(crate) fn take_kept(&self, key: &RouteKey, now: Instant) -> Option<Connection> {
        let mut state = self.state();
        let at = state.kept.iter().rposition(|kept| kept.key == *key && kept.until > now)?;
        Some(state.kept.swap_remove(at).connection)
    }

    pub(crate) fn keep(&self, key: RouteKey, connection: Connection, until: Instant) {
        self.state().kept.push(IdleConnection { key, connection, until });
    }

    /// The destination answered; returns whether that ends a trial.
    pub(crate) fn good(&self) -> bool {
        let mut state = self.state();
        let was_on_trial = state.health.is_on_trial();
        state.health.good();
        state.taken += 1;
        if state.taken.is_multiple_of(WIDEN_AFTER) {
            state.cap = state.cap.map(|cap| cap + 1);
        }
        was_on_trial
    }

    /// The destination lets no letter begin. Until when it is left alone, if a backoff begins with this.
    pub(crate) fn bad(
        &self,
        now: Timestamp,
        bounds: (Duration, Duration),
        leg_id: &str,
        reason: Reason,
    ) -> Option<Timestamp> {
        let mut state = self.state();
        state.taken = 0;
        state.failed = Some(leg_id.to_owned());
        let begins = state.health.bad(now, bounds, reason);
        state.health.backs_off_until(now).filter(|_| begins)
    }

    /// This leg lost its connection; returns likewise.
    pub(crate) fn failing(
        &self,
        now: Timestamp,
        first: Duration,
        cohort: usize,
        leg_id: &str,
        reason: Reason,
    ) -> Option<Timestamp> {
        let mut state = self.state();
        state.failed = Some(leg_id.to_owned());
        let begins = state.health.failing(now, first, cohort, reason);
        state.health.backs_off_until(now).filter(|_| begins)
    }

    /// A connection was refused. If others to the same destination work, it just refused one more: the legs wait for
    /// those, and there will be fewer. Otherwise the legs are returned.
    pub(crate) fn crowded(&self, legs: Vec<LeasedLeg>) -> Option<Vec<LeasedLeg>> {
        let mut state = self.state();
        if state.taken == 0 || state.workers < 2 || state.health.is_on_trial() {
            return Some(legs);
        }
        state.cap = Some(state.workers - 1);
        legs.into_iter().rev().for_each(|leg| state.waiting.push_front(leg));
        None
    }

    /// End and reason of this destination's suspension.
    pub(crate) fn backs_off(&self, now: Timestamp) -> Option<(Timestamp, Reason)> {
        let state = self.state();
        state.health.backs_off_until(now).zip(state.health.reason().cloned())
    }
}

/// All destinations with legs or state.
#[derive(Default)]
pub(crate) struct Lanes(Mutex<HashMap<String, Arc<Lane>>>);

/// Destinations that cannot take more now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) destinations: Vec<String>,
    /// When the first of those in backoff may be tried again.
    pub(crate) backoff_ends: Option<Timestamp>,
    /// Whether some lanes are full: more can be leased as soon as one has room.
    pub(crate) some_full: bool,
}

impl Lanes {
    fn map(&self) -> MutexGuard<'_, HashMap<String, Arc<Lane>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues legs in their destinations' lanes, those of one lane at once. Returns the lanes.
    pub(crate) fn add(&self, legs: Vec<LeasedLeg>) -> Vec<Arc<Lane>> {
        let mut sorted: Vec<(String, Vec<LeasedLeg>)> = Vec::new();
        for leg in legs {
            match sorted.iter_mut().find(|(destination, _)| *destination == leg.destination) {
                Some((_, legs)) => legs.push(leg),
                None => sorted.push((leg.destination.clone(), vec![leg])),
            }
        }
        let mut map = self.map();
        let add = |(destination, legs): (String, Vec<LeasedLeg>)| {
            let lane = Arc::clone(map.entry(destination).or_default());
            lane.state().waiting.extend(legs);
            lane
        };
        sorted.into_iter().map(add).collect()
    }

    /// Whether a letter for this destination may skip the queue: it is healthy and fewer than `most` legs are waiting.
    pub(crate) fn takes_new(&self, destination: &str, now: Timestamp, most: usize) -> bool {
        let lane = self.map().get(destination).map(Arc::clone);
        lane.is_none_or(|lane| {
            let state = lane.state();
            state.waiting.len() < most
                && !state.health.is_on_trial()
                && state.health.backs_off_until(now).is_none()
        })
    }

    /// A lane is full with `full` waiting legs; `most`: maximum number of connections.
    pub(crate) fn closed(&self, now: Timestamp, full: usize, most: usize) -> Closed {
        let mut closed = Closed::default();
        for (destination, lane) in self.map().iter() {
            let state = lane.state();
            let backoff = state.health.backs_off_until(now);
            let is_full = state.waiting.len() >= full
                || (state.health.is_on_trial()
                    && (state.workers >= state.limit(most) || !state.waiting.is_empty()));
            if let Some(until) = backoff {
                closed.backoff_ends = Some(closed.backoff_ends.map_or(until, |ends| ends.min(until)));
            }
            closed.some_full |= is_full;
            if backoff.is_some() || is_full {
                closed.destinations.push(destination.clone());
            }
        }
        closed
    }

    /// Removes expired connections (all, if `now` is `None`) and forgets idle healthy lanes. Also returns when to call
    /// again.
    pub(crate) fn sweep(
        &self,
        now: Option<Instant>,
        remember: impl Fn(&Health) -> bool,
    ) -> (Vec<Connection>, Option<Instant>) {
        let mut stale = Vec::new();
        let mut again: Option<Instant> = None;
        self.map().retain(|_destination, lane| {
            let mut state = lane.state();
            let kept = std::mem::take(&mut state.kept);
            for one in kept {
                if now.is_none_or(|now| one.until <= now) {
                    stale.push(one.connection);
                } else {
                    again = Some(again.map_or(one.until, |at| at.min(one.until)));
                    state.kept.push(one);
                }
            }
            !state.kept.is_empty()
                || !state.waiting.is_empty()
                || state.workers > 0
                || remember(&state.health)
        });
        (stale, again)
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::EnhancedCode;

    use super::*;

    #[test]
    fn on_trial_there_are_no_more_connections_than_the_server_wanted() {
        let mut state = State { cap: Some(2), slow: 5, ..State::default() };
        assert_eq!(state.limit(20), 2);
        let reason = Reason {
            code: 441,
            enhanced: EnhancedCode(4, 4, 1),
            text: "down".to_owned(),
            whose: crate::outcome::Whose::Ours,
            untried: false,
        };
        let rest = Duration::from_secs(1);
        assert!(state.health.bad(Timestamp(0), (rest, rest), reason));
        assert_eq!(state.limit(20), 2);
        assert_eq!(state.limit(1), 1);
        state.cap = None;
        assert_eq!(state.limit(20), 6);
        state.slow = 0;
        assert_eq!(state.limit(20), 1);
    }
}
