//! Legs from lease to end: opens tickets, groups recipients of one letter with the same route into one transaction, has
//! it attempted, records the results. Knows the order of the steps and leaves each to its file.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use sealpost_mail::{Clock, DsnAction, Random, Timestamp};
use sealpost_store::{Deliveries, Finished, LeasedLeg, LegEnd, LegNotes, NodeState, Noted, Store};
use sealpost_vault::SpoolKey;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit_hook::{Ended, Ending, Witness};
use crate::backoff_notes::BackoffNotes;
use crate::composer::Composer;
use crate::config::DeliveryConfig;
use crate::final_dot::FinalDot;
use crate::final_reply::FinalReply;
use crate::lane::{Lane, Lanes};
use crate::lease::LEASE;
use crate::letter_memory::LetterMemory;
use crate::outcome::{DeliveryFailure, Outcome, Reporter, Says};
use crate::report;
use crate::report_limit::ReportLimit;
use crate::resolve::Resolver;
use crate::retry::Moment;
use crate::route::Servers;
use crate::sts_cache::StsPolicies;
use crate::submit::{Caller, RecipientOutcome};
use crate::ticket::Ticket;
use crate::tls_counts::TlsCounts;
use crate::undelivered_reply::Returns;
use crate::under_way::UnderWay;

/// At least this many letters in a row must fail before a server that still talks is suspended.
const COHORT: usize = 10;

/// The shared state of all workers.
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) key: SpoolKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) config: DeliveryConfig,
    pub(crate) resolver: Arc<dyn Resolver>,
    /// MTA-STS policies; `None`: MTA-STS is off.
    pub(crate) policies: Option<StsPolicies>,
    /// Counts TLS sessions with servers of recipients' domains.
    pub(crate) counts: TlsCounts,
    pub(crate) caller: Caller,
    pub(crate) lanes: Lanes,
    /// Records suspended destinations, for operators.
    pub(crate) backoff_notes: BackoffNotes,
    /// Permits for connections.
    pub(crate) places: Semaphore,
    /// Those of them for public servers.
    pub(crate) world_places: Semaphore,
    /// For opened letters.
    pub(crate) memory: LetterMemory,
    /// Number of legs leased and not yet finished.
    pub(crate) under_way: UnderWay,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    /// The application's request to stop: effective at once, before the loop has seen it.
    pub(crate) asked_to_stop: OnceLock<CancellationToken>,
    /// Notified when legs are queued, by others or by us.
    pub(crate) waker: Arc<Notify>,
    /// Notified when there is room for more legs.
    pub(crate) room: Notify,
    /// Notified when a leg is due before the runner's next wake-up.
    pub(crate) earlier: Notify,
    /// The runner's next wake-up, in milliseconds.
    pub(crate) wakes_at: AtomicI64,
    /// Notified when a connection is kept.
    pub(crate) kept: Notify,
    /// Notifies the authors of replies that could not be delivered; unset: their reverse-path gets a report.
    pub(crate) returns: OnceLock<Arc<dyn Returns>>,
    /// Limits reports to claimed reverse-paths; unset: no limit.
    pub(crate) report_limit: OnceLock<Arc<dyn ReportLimit>>,
    /// Records that a server has accepted a leg; set when delivery runs.
    pub(crate) deliveries: OnceLock<Deliveries>,
    /// Writes mails from facts.
    pub(crate) composer: OnceLock<Arc<dyn Composer>>,
    /// Writes audit rows about the result of a leg.
    pub(crate) witness: OnceLock<Arc<dyn Witness>>,
    /// Set once leases of a previous run are released: new ones are ours.
    pub(crate) open: AtomicBool,
    /// The lease owner: node, process and start.
    pub(crate) owner: String,
}

/// A leg with its opened ticket.
pub(crate) struct Bound {
    pub(crate) leg: LeasedLeg,
    pub(crate) ticket: Ticket,
}

/// The result of one transaction for each recipient, and the server that replied.
pub(crate) struct Round {
    pub(crate) told: Vec<RecipientOutcome>,
    pub(crate) reporter: Reporter,
    pub(crate) host: String,
}

impl Round {
    /// Whether no recipient's copy was accepted and another server of the domain may accept it.
    pub(crate) fn tries_next_server(&self) -> bool {
        self.told.iter().all(|told| match told {
            RecipientOutcome::Taken(_) => false,
            RecipientOutcome::Not(trouble) => trouble.tries_next_server(),
            RecipientOutcome::Unheard => true,
        })
    }

    /// Whether the server closed a kept connection without any reply.
    pub(crate) fn is_silence(&self) -> bool {
        self.told.iter().all(|told| match told {
            RecipientOutcome::Taken(_) => false,
            RecipientOutcome::Not(trouble) => trouble.is_silence() && trouble.tries_next_server(),
            RecipientOutcome::Unheard => true,
        })
    }
}

/// The leg cannot be processed at all: an operator must look.
pub(crate) struct Unworkable(pub(crate) String);

impl Engine {
    /// The audit rows for a leg that an earlier run delivered but did not end: the server's reply is lost.
    pub(crate) fn notes(&self, leg_id: &str, ticket_sealed: &[u8]) -> LegNotes {
        let ticket = Ticket::open_any(&self.key, leg_id, ticket_sealed);
        let (Some(witness), Ok((ticket, _hold))) = (self.witness.get(), ticket) else {
            return LegNotes::default();
        };
        let (ending, at) = (Ending::Delivered, self.clock.now());
        witness.notes(&Ended { ending, ticket: &ticket, reply: FinalReply::default(), at })
    }

    /// Whether no further letter may be started.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled() || self.asked_to_stop.get().is_some_and(CancellationToken::is_cancelled)
    }

    /// Legs that may wait in one lane before those of other lanes come first.
    pub(crate) fn lane_full(&self) -> usize {
        (self.config.batch / 2).max(1)
    }

    /// Whether a letter that has just come in may go straight to its lane.
    pub(crate) fn takes_new(&self, destination: &str) -> bool {
        self.open.load(Ordering::SeqCst)
            && !self.is_stopping()
            && self.store.node_state() == NodeState::Active
            && self.under_way.takes_new(Servers::of(destination, &self.config))
            && self.lanes.takes_new(destination, self.clock.now(), self.lane_full() / 2)
    }

    /// Takes leased legs, which are counted already. All at once, so that those of one letter are grouped.
    pub(crate) fn accept(self: &Arc<Self>, legs: Vec<LeasedLeg>) {
        for lane in self.lanes.add(legs) {
            self.staff(&lane);
        }
    }

    fn staff(self: &Arc<Self>, lane: &Arc<Lane>) {
        for _ in 0..lane.hire(self.config.concurrency_per_destination.max(1)) {
            let (engine, lane) = (Arc::clone(self), Arc::clone(lane));
            self.tasks.spawn(async move { engine.work(&lane).await });
        }
    }

    async fn work(self: Arc<Self>, lane: &Arc<Lane>) {
        let limit = self.config.concurrency_per_destination.max(1);
        let most = self.config.recipients_per_transaction.max(1);
        while let Some((legs, has_room)) = lane.next(self.lane_full(), limit, most) {
            if has_room {
                self.room.notify_one();
            }
            if self.is_stopping() {
                // Their leases are released at the next start.
                legs.iter().for_each(|leg| self.one_less(&leg.destination));
                continue;
            }
            // Waits here; the legs are still ours if no other node has taken over meanwhile.
            if self.stop.run_until_cancelled(self.store.until_active()).await.is_none() {
                legs.iter().for_each(|leg| self.one_less(&leg.destination));
                continue;
            }
            let mut group = self.open_tickets(lane, legs);
            while !group.is_empty() {
                group = self.deliver(lane, group).await;
            }
            self.staff(lane);
        }
    }

    /// Those that can share a transaction with the first; the others are put back at the front of the lane.
    fn open_tickets(self: &Arc<Self>, lane: &Arc<Lane>, legs: Vec<LeasedLeg>) -> Vec<Bound> {
        let mut group: Vec<Bound> = Vec::with_capacity(legs.len());
        let mut others = Vec::new();
        for leg in legs {
            match Ticket::open(&self.key, &leg.id, &leg.ticket_sealed) {
                Err(error) => self.freeze(leg, error.to_string()),
                Ok(ticket) => match group.first() {
                    Some(first) if !first.ticket.shares_transaction(&ticket) => others.push(leg),
                    Some(_) | None => group.push(Bound { leg, ticket }),
                },
            }
        }
        if !others.is_empty() {
            lane.give_back(others);
            self.staff(lane);
        }
        group
    }

    /// One attempt for the whole group. Returns the legs without a result: they are retried at once.
    async fn deliver(self: &Arc<Self>, lane: &Arc<Lane>, mut group: Vec<Bound>) -> Vec<Bound> {
        if let Some((_until, reason)) = lane.backs_off(self.clock.now()) {
            let backs_off = DeliveryFailure::BacksOff { cause: Box::new(reason) };
            self.settle_all(lane, group, &backs_off);
            return Vec::new();
        }
        let Some(_places) = self.place_for(&group).await else {
            group.iter().for_each(|bound| self.one_less(&bound.leg.destination));
            return Vec::new();
        };
        // They have waited here so long that the lease may expire during the attempt, and another one would begin. They
        // are deferred, not dropped, so that a leg that always waits like this is given up in time.
        let late = self.lease_time().plus(LEASE / 2);
        let (in_time, too_late): (Vec<Bound>, Vec<Bound>) =
            group.into_iter().partition(|bound| bound.leg.leased_until() > late);
        if !too_late.is_empty() {
            self.settle_all(lane, too_late, &DeliveryFailure::no_turn());
        }
        group = in_time;
        if group.is_empty() {
            return group;
        }
        let Some(attempted) = self.attempt_unless_stopped(lane, &group).await else {
            group.iter().for_each(|bound| self.one_less(&bound.leg.destination));
            return Vec::new();
        };
        match attempted {
            Err(Unworkable(cause)) => {
                group.into_iter().for_each(|bound| self.freeze(bound.leg, cause.clone()));
                Vec::new()
            }
            Ok(Ok(round)) => self.conclude(lane, group, round),
            Ok(Err(trouble)) => {
                if trouble.may_be_crowding() {
                    let legs = group.into_iter().map(|bound| bound.leg).collect();
                    let Some(back) = lane.crowded(legs) else { return Vec::new() };
                    group = self.open_tickets(lane, back);
                }
                self.hear(lane, &group, &trouble);
                self.settle_all(lane, group, &trouble);
                Vec::new()
            }
        }
    }

    /// Waits for a connection permit. Public servers can never have all of them: those that hang do not block the
    /// operator's own.
    async fn place_for(&self, group: &[Bound]) -> Option<[Option<SemaphorePermit<'_>>; 2]> {
        let of_the_world = match Servers::on(&group.first()?.ticket.route) {
            Servers::OfTheWorld => Some(self.world_places.acquire().await.ok()?),
            Servers::OwnHop => None,
        };
        Some([of_the_world, Some(self.places.acquire().await.ok()?)])
    }

    /// An attempt, dropped if delivery stops before its final dot was sent: the letter was not sent then, and its lease
    /// is released at the next start. An attempt that takes long is reported as slow meanwhile.
    async fn attempt_unless_stopped(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        group: &[Bound],
    ) -> Option<Result<Result<Round, DeliveryFailure>, Unworkable>> {
        if self.is_stopping() {
            return None;
        }
        let dot = FinalDot::default();
        let attempt = self.attempt(lane, group, &dot);
        tokio::pin!(attempt);
        let slow_from = Instant::now() + self.config.timeouts.trial;
        let (mut is_slow, mut has_stopped) = (false, false);
        let attempted = loop {
            tokio::select! {
                // An attempt that is dropped has recorded whether the final dot was sent.
                biased;
                attempted = &mut attempt => break Some(attempted),
                () = self.stop.cancelled(), if !has_stopped => {
                    has_stopped = true;
                    if !dot.may_have_left() {
                        tracing::info!(delivery.legs = group.len(), "attempt dropped before its final dot: stopping");
                        break None;
                    }
                }
                () = sleep_until(slow_from), if !is_slow => {
                    is_slow = true;
                    if lane.slow() {
                        self.staff(lane);
                        self.room.notify_one();
                    }
                }
            }
        };
        if is_slow {
            lane.slow_no_more();
        }
        attempted
    }

    /// Records the result of a transaction for each recipient.
    fn conclude(self: &Arc<Self>, lane: &Arc<Lane>, group: Vec<Bound>, round: Round) -> Vec<Bound> {
        let Round { told, reporter, host } = round;
        let is_well = told.iter().any(|told| match told {
            RecipientOutcome::Taken(_) => true,
            RecipientOutcome::Not(trouble) => trouble.says() == Says::Well,
            RecipientOutcome::Unheard => false,
        });
        if let (true, Some(first)) = (is_well, group.first()) {
            self.well(lane, &first.leg.destination);
        }
        let moment = self.moment();
        let mut again = Vec::new();
        for (bound, told) in group.into_iter().zip(told) {
            match told {
                RecipientOutcome::Taken(reply) => {
                    // Before anything else: if the process ended now, the letter would be sent again.
                    let noted = self.note(&bound, reporter);
                    let outcome = Outcome::Delivered { reporter, host: host.clone(), reply };
                    self.settle_soon(lane, bound, outcome, moment, noted);
                }
                RecipientOutcome::Not(trouble) => {
                    let trouble = trouble.said_by(&host);
                    if !is_well {
                        self.hear(lane, std::slice::from_ref(&bound), &trouble);
                    }
                    self.settle_soon(lane, bound, trouble.judge(), moment, None);
                }
                RecipientOutcome::Unheard => again.push(bound),
            }
        }
        again
    }

    /// What the failure of these legs means for their destination.
    fn hear(&self, lane: &Lane, group: &[Bound], trouble: &DeliveryFailure) {
        let Some(first) = group.first() else { return };
        let reason = match trouble.clone().judge() {
            Outcome::Later(reason) | Outcome::Never(reason) | Outcome::Loop(reason) => reason,
            Outcome::Delivered { .. } => return,
        };
        let (now, bounds) = (self.clock.now(), self.config.backoff);
        let backoff = match trouble.says() {
            Says::Well => {
                self.well(lane, &first.leg.destination);
                None
            }
            Says::Failing => {
                let cohort = self.config.concurrency_per_destination.max(COHORT);
                lane.failing(now, bounds.0, cohort, &first.leg.id, reason.clone())
            }
            Says::Down => lane.bad(now, bounds, &first.leg.id, reason.clone()),
            Says::Nothing => None,
        };
        if let Some(until) = backoff {
            self.backoff_notes.begins(&first.leg.destination, now, until, &reason);
            tracing::warn!(
                delivery.destination = first.leg.destination,
                delivery.seconds = until.since(now).as_secs_f64(),
                delivery.code = reason.code,
                delivery.enhanced = %reason.enhanced,
                delivery.cause = reason.own_words(),
                "destination left alone for a while"
            );
        }
    }

    fn settle_all(self: &Arc<Self>, lane: &Arc<Lane>, group: Vec<Bound>, trouble: &DeliveryFailure) {
        let moment = self.moment();
        for bound in group {
            self.settle_soon(lane, bound, trouble.clone().judge(), moment, None);
        }
    }

    /// The connection is free for the next letter while the result of this one is written.
    fn settle_soon(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        bound: Bound,
        outcome: Outcome,
        moment: Moment,
        noted: Option<Noted>,
    ) {
        let (engine, lane) = (Arc::clone(self), Arc::clone(lane));
        self.tasks.spawn(async move {
            let finished = engine.settle(&lane, &bound.leg, &bound.ticket, outcome, moment).await;
            match (noted, finished) {
                (Some(noted), None) => noted.stays(),
                (Some(_), Some(Finished::Recorded | Finished::LeaseLost)) | (None, _) => {}
            }
            engine.one_less(&bound.leg.destination);
        });
    }

    /// Records that a server has accepted a letter. If a report about that is due, both belong in one transaction: a
    /// second copy of the letter is better than a lost report.
    fn note(&self, Bound { leg, ticket }: &Bound, reporter: Reporter) -> Option<Noted> {
        let needs_report = reporter == Reporter::Ourselves && report::wanted(ticket, DsnAction::Relayed);
        self.deliveries.get().filter(|_| !needs_report)?.note(leg)
    }

    fn freeze(self: &Arc<Self>, leg: LeasedLeg, cause: String) {
        tracing::error!(delivery.leg = leg.id, cause, "leg frozen: it cannot be worked on");
        let engine = Arc::clone(self);
        self.tasks.spawn(async move {
            let _logged = engine.finish(&leg, LegEnd::Frozen, Vec::new(), LegNotes::default()).await;
            engine.one_less(&leg.destination);
        });
    }

    /// The time of the clock that is used for leases.
    pub(crate) fn lease_time(&self) -> Timestamp {
        self.store.lease_time(self.clock.now())
    }

    fn well(&self, lane: &Lane, destination: &str) {
        self.backoff_notes.well(destination);
        if lane.good() {
            self.room.notify_one();
        }
    }

    pub(crate) fn one_less(&self, destination: &str) {
        if self.under_way.end(Servers::of(destination, &self.config)) {
            self.room.notify_one();
        }
    }
}
