//! One leg from lease to end: opens the ticket, finds or makes a connection, sends, settles.
//! Knows the order of things and leaves each to its file.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use sealpost_mail::{Clock, Random};
use sealpost_store::{LeasedLeg, LegEnd, Store};
use sealpost_vault::SpoolKey;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::composer::Composer;
use crate::config::DeliveryConfig;
use crate::content::{ContentError, Opened, Waiting};
use crate::lane::{Lane, Lanes};
use crate::offers::Passport;
use crate::outcome::{Outcome, Trouble};
use crate::resolve::Resolver;
use crate::returns::Returns;
use crate::route::{self, RouteKey};
use crate::runner::LEASE;
use crate::submit::{Caller, Connection};
use crate::ticket::Ticket;

/// Permits of the memory budget stand for this many bytes.
const UNIT: u64 = 1024;

/// Everything a worker needs.
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) key: SpoolKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) config: DeliveryConfig,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) caller: Caller,
    pub(crate) lanes: Lanes,
    /// Connections in use.
    pub(crate) places: Semaphore,
    /// Bytes of opened letters, in units.
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) memory_units: u32,
    /// Legs leased and not yet settled.
    pub(crate) under_way: AtomicUsize,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    /// The roof's wish to stop: counts from the moment it is said, before the loop has seen it.
    pub(crate) asked_to_stop: OnceLock<CancellationToken>,
    /// Legs were queued, by others or by us.
    pub(crate) waker: Arc<Notify>,
    /// There is room for more legs.
    pub(crate) room: Notify,
    /// A leg is due earlier than the runner means to wake.
    pub(crate) earlier: Notify,
    /// When the runner means to wake, as milliseconds.
    pub(crate) wakes_at: AtomicI64,
    /// A connection was kept.
    pub(crate) kept: Notify,
    /// Who tells writers of answers that came to nothing; nobody: their reverse-path gets a report.
    pub(crate) returns: OnceLock<Arc<dyn Returns>>,
    /// Who writes mails from facts.
    pub(crate) composer: OnceLock<Arc<dyn Composer>>,
    /// Leases of a former run are given back: from here on new ones are ours.
    pub(crate) open: AtomicBool,
}

/// The leg cannot be worked on at all: an operator must look.
struct Unworkable(String);

impl Engine {
    /// Whether no further letter may be begun.
    fn is_stopping(&self) -> bool {
        self.stop.is_cancelled() || self.asked_to_stop.get().is_some_and(CancellationToken::is_cancelled)
    }

    /// Legs that one lane may have waiting before others come first.
    pub(crate) fn lane_full(&self) -> usize {
        (self.config.batch / 2).max(1)
    }

    /// Legs that may be under way before no more are leased.
    pub(crate) fn most_under_way(&self) -> usize {
        self.config.batch.saturating_mul(4)
    }

    /// Whether a letter that has just come in may go straight to its lane. Half of the room is left to
    /// those that wait in the queue, or they might wait for ever.
    pub(crate) fn takes_new(&self, destination: &str) -> bool {
        self.open.load(Ordering::SeqCst)
            && !self.is_stopping()
            && self.under_way.load(Ordering::SeqCst) < self.most_under_way() / 2
            && self.lanes.takes_new(destination, self.clock.now(), self.lane_full() / 2)
    }

    /// Takes a leased leg in, counted already.
    pub(crate) fn accept(self: &Arc<Self>, leg: LeasedLeg) {
        let lane = self.lanes.add(leg);
        self.staff(&lane);
    }

    fn staff(self: &Arc<Self>, lane: &Arc<Lane>) {
        for _ in 0..lane.hire(self.config.concurrency_per_destination.max(1)) {
            let (engine, lane) = (Arc::clone(self), Arc::clone(lane));
            self.tasks.spawn(async move { engine.work(&lane).await });
        }
    }

    async fn work(self: Arc<Self>, lane: &Arc<Lane>) {
        let limit = self.config.concurrency_per_destination.max(1);
        while let Some((leg, has_room)) = lane.next(self.lane_full(), limit) {
            if has_room {
                self.room.notify_one();
            }
            if self.is_stopping() {
                // Its lease is given back at the next start.
                self.one_less();
                continue;
            }
            self.deliver(lane, leg).await;
            self.staff(lane);
        }
    }

    async fn deliver(self: &Arc<Self>, lane: &Arc<Lane>, mut leg: LeasedLeg) {
        let ticket = match Ticket::open(&self.key, &leg.id, &leg.ticket_sealed) {
            Ok(ticket) => ticket,
            Err(error) => return self.freeze(leg, error.to_string()),
        };
        let result = match lane.rests(self.clock.now()) {
            Some((_until, reason)) => Ok(Err(Trouble::Resting { cause: Box::new(reason) })),
            None => {
                let Ok(_place) = self.places.acquire().await else { return self.one_less() };
                // It has waited here so long that its lease may end under the attempt, and another one would
                // begin: at the lease's end it is due again by itself.
                if leg.leased_until() <= self.clock.now().plus(LEASE / 2) {
                    return self.one_less();
                }
                self.attempt(lane, &leg, &ticket).await
            }
        };
        let outcome = match result {
            Err(Unworkable(cause)) => return self.freeze(leg, cause),
            Ok(Ok(delivered)) => {
                self.well(lane);
                delivered
            }
            Ok(Err(trouble)) => {
                if trouble.may_be_crowding() {
                    match lane.crowded(leg) {
                        Some(back) => leg = back,
                        None => return,
                    }
                }
                let (of_destination, answered) = (trouble.is_destinations(), trouble.is_an_answer());
                let outcome = trouble.judge();
                match &outcome {
                    Outcome::Later(reason) | Outcome::Never(reason) if of_destination => {
                        lane.bad(self.clock.now(), self.config.rest, reason.clone());
                    }
                    _ if answered => self.well(lane),
                    _ => {}
                }
                outcome
            }
        };
        // The connection is free for the next letter while this one's end is written down.
        let (engine, lane) = (Arc::clone(self), Arc::clone(lane));
        self.tasks.spawn(async move {
            engine.settle(&lane, &leg, &ticket, outcome).await;
            engine.one_less();
        });
    }

    /// Sends over a kept connection or a new one to the first server that takes it.
    async fn attempt(
        &self,
        lane: &Lane,
        leg: &LeasedLeg,
        ticket: &Ticket,
    ) -> Result<Result<Outcome, Trouble>, Unworkable> {
        let waiting = match Waiting::find(&self.store, leg, ticket).await {
            Ok(waiting) => waiting,
            Err(error) => return unworkable_or_local(error),
        };
        let key = RouteKey::of(ticket, &self.config);
        let mut letter = None;
        if let Some(connection) = lane.take_kept(&key, Instant::now()) {
            match self.send(lane, &key, connection, &waiting, ticket, &mut letter).await? {
                // The server let go of the kept connection: no failure of this attempt.
                Err((trouble, true)) if trouble.tries_next_server() => {}
                result => return Ok(result.map_err(|(trouble, _kept)| trouble)),
            }
        }
        let endpoints =
            match route::endpoints(&key, &self.config, self.resolver.as_ref(), self.random.as_ref()).await {
                Ok(endpoints) => endpoints,
                Err(trouble) => return Ok(Err(trouble)),
            };
        let mut last = Trouble::NoServer;
        for endpoint in &endpoints {
            let result = match Connection::open(&self.caller, endpoint).await {
                Ok(connection) => self
                    .send(lane, &key, connection, &waiting, ticket, &mut letter)
                    .await?
                    .map_err(|(trouble, _kept)| trouble),
                Err(trouble) => Err(trouble),
            };
            match result {
                Ok(delivered) => return Ok(Ok(delivered)),
                Err(trouble) => {
                    tracing::info!(
                        delivery.leg = leg.id,
                        delivery.host = endpoint.host,
                        delivery.address = %endpoint.address,
                        trouble = ?trouble,
                        "not taken by this server"
                    );
                    let goes_on = trouble.tries_next_server();
                    last = trouble;
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        Ok(Err(last))
    }

    /// Over this connection. The letter is opened only now, so that a server that cannot be reached
    /// holds no memory; the second part of an error says that the connection was an old one.
    async fn send(
        &self,
        lane: &Lane,
        key: &RouteKey,
        mut connection: Connection,
        waiting: &Waiting<'_>,
        ticket: &Ticket,
        letter: &mut Option<(Opened, OwnedSemaphorePermit)>,
    ) -> Result<Result<Outcome, (Trouble, bool)>, Unworkable> {
        if letter.is_none() {
            let units = u32::try_from(waiting.size() / UNIT + 1).unwrap_or(u32::MAX).min(self.memory_units);
            let Ok(permit) = Arc::clone(&self.memory).acquire_many_owned(units).await else {
                return Ok(Err((Trouble::Local { cause: "stopping".to_owned() }, false)));
            };
            match waiting.open(self.composer.get().map(AsRef::as_ref)).await {
                Ok(opened) => *letter = Some((opened, permit)),
                Err(error) => {
                    return unworkable_or_local(error).map(|r| r.map_err(|trouble| (trouble, false)));
                }
            }
        }
        let (bytes, head) = match letter {
            Some((Opened { bytes, head }, _permit)) => {
                (bytes.as_slice(), bytes.get(..*head).unwrap_or(bytes))
            }
            None => (&[][..], &[][..]),
        };
        let passport = Passport {
            reverse_path: &ticket.reverse_path,
            recipient: &ticket.recipient,
            envid: ticket.envid.as_deref(),
            ret: ticket.ret,
            body_type: ticket.body_type,
            smtputf8: ticket.smtputf8,
            eight_bit_head: !head.is_ascii(),
            eight_bit: !bytes.is_ascii(),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        };
        let result = connection.send(&passport, bytes).await;
        let (reports, host, was_used) =
            (connection.reports(), connection.host().to_owned(), connection.is_used());
        if connection.is_reusable() {
            lane.keep(key.clone(), connection, Instant::now() + self.config.timeouts.idle);
            self.kept.notify_one();
        }
        Ok(match result {
            Ok(reply) => Ok(Outcome::Delivered { reports, host, reply }),
            Err(trouble) => Err((trouble.said_by(&host), was_used)),
        })
    }

    fn freeze(self: &Arc<Self>, leg: LeasedLeg, cause: String) {
        tracing::error!(delivery.leg = leg.id, cause, "leg frozen: it cannot be worked on");
        let engine = Arc::clone(self);
        self.tasks.spawn(async move {
            engine.finish(&leg, LegEnd::Frozen, Vec::new()).await;
            engine.one_less();
        });
    }

    fn well(&self, lane: &Lane) {
        if lane.good() {
            self.room.notify_one();
        }
    }

    pub(crate) fn one_less(&self) {
        let before = self.under_way.fetch_sub(1, Ordering::SeqCst);
        if before == self.most_under_way().saturating_sub(self.config.batch) + 1 {
            self.room.notify_one();
        }
    }
}

/// A store that does not answer may answer later; a body that is gone or damaged will not come back.
fn unworkable_or_local<T>(error: ContentError) -> Result<Result<T, Trouble>, Unworkable> {
    match error {
        ContentError::Missing | ContentError::Sealed(_) | ContentError::Unwritable(_) => {
            Err(Unworkable(error.to_string()))
        }
        ContentError::Store(_) => Ok(Err(Trouble::Local { cause: error.to_string() })),
    }
}
