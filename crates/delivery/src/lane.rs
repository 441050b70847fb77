//! One destination: its waiting legs, its workers' number, its kept connections, its health.
//! Knows neither the store nor SMTP.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::LeasedLeg;
use tokio::time::Instant;

use crate::outcome::Reason;
use crate::rest::Health;
use crate::route::RouteKey;
use crate::submit::Connection;

/// A destination.
#[derive(Default)]
pub(crate) struct Lane {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<LeasedLeg>,
    workers: usize,
    kept: Vec<Kept>,
    health: Health,
    /// Fewer workers than configured, because the server did not want so many connections.
    cap: Option<usize>,
    /// Letters taken since the last failure of the destination.
    taken: usize,
}

/// After so many letters taken, one more connection is tried where the server did not want more.
const WIDEN_AFTER: usize = 200;

impl State {
    /// After a rest one goes ahead; the others follow when it has come through.
    fn limit(&self, configured: usize) -> usize {
        if self.health.is_on_trial() { 1 } else { self.cap.unwrap_or(configured).min(configured) }
    }
}

struct Kept {
    key: RouteKey,
    connection: Connection,
    until: Instant,
}

impl Lane {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many workers to start now, at most `limit` working; they count from here on.
    pub(crate) fn hire(&self, limit: usize) -> usize {
        let mut state = self.state();
        let limit = state.limit(limit);
        let hired = limit.saturating_sub(state.workers).min(state.waiting.len());
        state.workers += hired;
        hired
    }

    /// The next leg for a worker; without one the worker is let go. Also says whether the lane has just
    /// come to have room again.
    pub(crate) fn next(&self, full: usize, limit: usize) -> Option<(LeasedLeg, bool)> {
        let mut state = self.state();
        let limit = state.limit(limit);
        let next = if state.workers <= limit { state.waiting.pop_front() } else { None };
        match next {
            Some(leg) => {
                let room = state.waiting.len() + 1 == full;
                Some((leg, room))
            }
            None => {
                state.workers = state.workers.saturating_sub(1);
                None
            }
        }
    }

    /// A kept connection of this kind that is not past its time.
    pub(crate) fn take_kept(&self, key: &RouteKey, now: Instant) -> Option<Connection> {
        let mut state = self.state();
        let at = state.kept.iter().rposition(|kept| kept.key == *key && kept.until > now)?;
        Some(state.kept.swap_remove(at).connection)
    }

    pub(crate) fn keep(&self, key: RouteKey, connection: Connection, until: Instant) {
        self.state().kept.push(Kept { key, connection, until });
    }

    /// The destination answered; whether that ends a trial.
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

    pub(crate) fn bad(&self, now: Timestamp, bounds: (Duration, Duration), reason: Reason) {
        let mut state = self.state();
        state.taken = 0;
        state.health.bad(now, bounds, reason);
    }

    /// A connection was turned away. If others to the same destination work, it just did not want one
    /// more: the leg waits for those, and there will be fewer. Otherwise the leg is given back.
    pub(crate) fn crowded(&self, leg: LeasedLeg) -> Option<LeasedLeg> {
        let mut state = self.state();
        if state.taken == 0 || state.workers < 2 || state.health.is_on_trial() {
            return Some(leg);
        }
        state.cap = Some(state.workers - 1);
        state.waiting.push_front(leg);
        None
    }

    /// Until when, and why, this destination is left alone.
    pub(crate) fn rests(&self, now: Timestamp) -> Option<(Timestamp, Reason)> {
        let state = self.state();
        state.health.rests(now).zip(state.health.reason().cloned())
    }
}

/// All destinations with something to do or to remember.
#[derive(Default)]
pub(crate) struct Lanes(Mutex<HashMap<String, Arc<Lane>>>);

/// Destinations that cannot take more now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) destinations: Vec<String>,
    /// When the first of the resting ones may be tried again.
    pub(crate) rest_ends: Option<Timestamp>,
    /// Some are full: there is more to lease as soon as one has room.
    pub(crate) some_full: bool,
}

impl Lanes {
    fn map(&self) -> MutexGuard<'_, HashMap<String, Arc<Lane>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a leg in its destination's lane.
    pub(crate) fn add(&self, leg: LeasedLeg) -> Arc<Lane> {
        let mut map = self.map();
        let lane = Arc::clone(map.entry(leg.destination.clone()).or_default());
        lane.state().waiting.push_back(leg);
        lane
    }

    /// Whether a letter for this destination may come in past the queue: it is well and fewer than `most`
    /// wait for it.
    pub(crate) fn takes_new(&self, destination: &str, now: Timestamp, most: usize) -> bool {
        let lane = self.map().get(destination).map(Arc::clone);
        lane.is_none_or(|lane| {
            let state = lane.state();
            state.waiting.len() < most && !state.health.is_on_trial() && state.health.rests(now).is_none()
        })
    }

    pub(crate) fn closed(&self, now: Timestamp, full: usize) -> Closed {
        let mut closed = Closed::default();
        for (destination, lane) in self.map().iter() {
            let state = lane.state();
            let rest = state.health.rests(now);
            let is_full = state.waiting.len() >= full
                || (state.health.is_on_trial() && (state.workers > 0 || !state.waiting.is_empty()));
            if let Some(until) = rest {
                closed.rest_ends = Some(closed.rest_ends.map_or(until, |ends| ends.min(until)));
            }
            closed.some_full |= is_full;
            if rest.is_some() || is_full {
                closed.destinations.push(destination.clone());
            }
        }
        closed
    }

    /// Takes out connections past their time (all, if `now` is none) and forgets idle healthy lanes.
    /// Also says when to come again.
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
