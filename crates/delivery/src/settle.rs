//! Records an attempt's result: done, another attempt, or the end with its report.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sealpost_mail::{DsnAction, EnhancedCode, Timestamp, TlsFloor};
use sealpost_store::{Finished, FollowUp, LeasedLeg, LegEnd, LegNotes};

use crate::audit_hook::{Ended, Ending};
use crate::content::UnopenedContent;
use crate::engine::Engine;
use crate::final_reply::FinalReply;
use crate::lane::Lane;
use crate::outcome::{Outcome, Reason, Reporter, Whose};
use crate::report::{self, Diagnostic, GivesBack, Report, ReportError, Reporting};
use crate::report_limit::ReportSlot;
use crate::retry::{Moment, Next, jittered, next_attempt};
use crate::route::floor_of;
use crate::ticket::{Purpose, Route, Ticket};
use crate::undelivered_reply::{self, UndeliveredReply, Untold};

/// Maximum size of a letter that is returned whole (RET=FULL); of a larger one, only the head is returned (RFC 3461
/// §6.2).
const MAX_RETURNED: u64 = 1024 * 1024;

/// First and longest pause between two tries to record the end of a leg.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// RFC 3463 §3.1: "other undefined status".
const UNSAID: EnhancedCode = EnhancedCode(5, 0, 0);

/// Further tries if the store is not just busy, or delivery is to stop.
const MAX_TRIES: u32 = 3;

impl Engine {
    pub(crate) fn moment(&self) -> Moment {
        let mut raw = [0_u8; 8];
        self.random.fill(&mut raw);
        Moment { now: self.clock.now(), jitter: u64::from_le_bytes(raw) }
    }

    /// Writes the result, and queues the report it requires, in one transaction. `None`: it could not be written.
    pub(crate) async fn settle(
        &self,
        lane: &Lane,
        leg: &LeasedLeg,
        ticket: &Ticket,
        outcome: Outcome,
        moment: Moment,
    ) -> Option<Finished> {
        let now = moment.now;
        log(leg, ticket, &outcome);
        let reply = FinalReply::of(&outcome);
        let (end, report) = match outcome {
            Outcome::Delivered { reporter, host, reply } => {
                let is_ours = reporter == Reporter::Ourselves;
                let request = (is_ours && report::wanted(ticket, DsnAction::Relayed)).then_some(Report {
                    action: DsnAction::Relayed,
                    status: EnhancedCode(2, 0, 0),
                    remote: Some(host),
                    diagnostic: Some(Diagnostic::Server(format!("{} {}", reply.code, reply.text))),
                    retry_until: None,
                });
                (LegEnd::Done, request)
            }
            Outcome::Later(reason) => self.later(lane, leg, ticket, moment, &reason),
            Outcome::Never(reason) | Outcome::Loop(reason) => {
                (LegEnd::Failed, failed(ticket, reason.enhanced, &reason))
            }
        };
        let status = report.as_ref().map(|report| report.status).or(reply.enhanced).unwrap_or(UNSAID);
        let follow_ups = match report {
            None => Vec::new(),
            Some(report)
                if undelivered_reply::concerns(ticket, report.action) && self.returns.get().is_some() =>
            {
                if let Err(error) = self.tell(leg, ticket, &report).await {
                    tracing::error!(delivery.leg = leg.id, %error, "the writer of a reply could not be told that it failed: leg frozen");
                    return self.finish(leg, LegEnd::Frozen, Vec::new(), LegNotes::default()).await;
                }
                Vec::new()
            }
            Some(report) => match self.follow_up(leg, ticket, &report, now).await {
                Ok(follow_up) => follow_up.into_iter().collect(),
                Err(error) => {
                    tracing::error!(delivery.leg = leg.id, %error, "report not written: leg frozen");
                    // No sender would be notified of the failure: the operator must be.
                    return self.finish(leg, LegEnd::Frozen, Vec::new(), LegNotes::default()).await;
                }
            },
        };
        if let LegEnd::Failed = end {
            self.note_failed_notice(ticket, status).await;
        }
        let wakes = !follow_ups.is_empty();
        let ended = |ending| Ended { ending, ticket, reply, at: now };
        let ended = match end {
            LegEnd::Done => Some(ended(Ending::Delivered)),
            LegEnd::Failed => Some(ended(Ending::Failed)),
            LegEnd::Retry { .. } | LegEnd::Postponed { .. } | LegEnd::Frozen => None,
        };
        let noted = ended.zip(self.witness.get()).map(|(ended, witness)| witness.notes(&ended));
        let finished = self.finish(leg, end, follow_ups, noted.unwrap_or_default()).await;
        if wakes {
            self.waker.notify_one();
        }
        if let LegEnd::Retry { due_at, .. } | LegEnd::Postponed { due_at, .. } = end
            && due_at.0 < self.wakes_at.load(Ordering::SeqCst)
        {
            self.earlier.notify_one();
        }
        finished
    }

    /// Marks the mailbox's address, whether or not anybody can be notified.
    async fn note_failed_notice(&self, ticket: &Ticket, status: EnhancedCode) {
        if let (Purpose::Notice { mailbox_id, others, .. }, Some(returns)) =
            (&ticket.purpose, self.returns.get())
        {
            returns.notice_failed(mailbox_id, others, status).await;
        }
    }

    fn later(
        &self,
        lane: &Lane,
        leg: &LeasedLeg,
        ticket: &Ticket,
        Moment { now, jitter }: Moment,
        reason: &Reason,
    ) -> (LegEnd, Option<Report>) {
        let plan = &self.config.retry;
        let attempts = u32::try_from(leg.attempts).unwrap_or(u32::MAX).saturating_add(1);
        // Both values are sealed: write access to the database cannot make a letter old.
        let age = now.since(ticket.arrived);
        let expires_at = leg.expires_at.max(tried_until(ticket, plan.give_up));
        match next_attempt(plan, attempts, age, now, expires_at, jitter) {
            Next::GiveUp => (LegEnd::Failed, failed(ticket, EnhancedCode(4, 4, 7), reason)),
            Next::At(planned) => {
                let is_late = plan.delay_notice_after.is_some_and(|after| age >= after);
                let report = (is_late && !leg.delay_noted && report::wanted(ticket, DsnAction::Delayed))
                    .then(|| Report {
                        action: DsnAction::Delayed,
                        status: reason.enhanced,
                        remote: remote(reason),
                        diagnostic: Some(diagnostic(reason)),
                        retry_until: Some(expires_at),
                    });
                let delay_noted = leg.delay_noted || report.is_some();
                let backoff_ends = lane.backs_off(now).map(|(until, _)| until);
                if reason.untried {
                    // Soon after the backoff, but not all at once.
                    let spread = jittered(Duration::from_secs(1), 100, jitter);
                    let due_at = backoff_ends.unwrap_or(now).plus(spread).min(expires_at);
                    return (LegEnd::Postponed { due_at, delay_noted }, report);
                }
                let due_at = backoff_ends.map_or(planned, |until| planned.max(until)).min(expires_at);
                let (code, enhanced) = (Some(reason.code), Some(reason.enhanced));
                (LegEnd::Retry { due_at, code, enhanced, delay_noted }, report)
            }
        }
    }

    /// Before the leg ends: after a crash in between it fails again and notifies of the same again.
    async fn tell(&self, leg: &LeasedLeg, ticket: &Ticket, report: &Report) -> Result<(), Untold> {
        let Some(returns) = self.returns.get() else { return Ok(()) };
        let mut tried = 0;
        loop {
            let undelivered = UndeliveredReply {
                leg_id: &leg.id,
                ticket,
                action: report.action,
                status: report.status,
                said: report.diagnostic.as_ref().and_then(Diagnostic::servers),
            };
            match returns.tell(undelivered).await {
                Err(Untold::Later(cause)) if self.tries_again(leg, tried).await => {
                    tracing::warn!(
                        delivery.leg = leg.id,
                        cause,
                        "the writer of a reply could not be told that it failed; trying again"
                    );
                    tried += 1;
                }
                told => return told,
            }
        }
    }

    /// Whether to try again to record this leg; waits before. Not after its lease expires, because then it is delivered
    /// again anyway, and not for long if delivery is to stop.
    async fn tries_again(&self, leg: &LeasedLeg, tried: u32) -> bool {
        let pause = FIRST_PAUSE.saturating_mul(1 << tried.min(16)).min(MAX_PAUSE);
        if leg.leased_until() <= self.lease_time().plus(pause) || (tried >= MAX_TRIES && self.is_stopping()) {
            return false;
        }
        tokio::time::sleep(pause).await;
        true
    }

    /// The report. `None`: there were too many.
    async fn follow_up(
        &self,
        leg: &LeasedLeg,
        ticket: &Ticket,
        report: &Report,
        now: Timestamp,
    ) -> Result<Option<FollowUp>, ReportError> {
        if let (Some(limit), Some(to)) = (self.report_limit.get(), report::addressee(ticket)) {
            match limit.take_slot(ticket.reports_to, to, &leg.arrival_id, now).await? {
                ReportSlot::Taken => {}
                ReportSlot::None => return Ok(None),
            }
        }
        let tls = match &self.config.report_route {
            Route::NextHop(_) => TlsFloor::None,
            // Over the open internet a report with the letter's head requires what the letter required.
            Route::Mx => ticket.tls,
        };
        // The report must get through where the letter could not; then it contains nothing of it.
        let letter = floor_of(&ticket.route, &ticket.recipient.address, ticket.tls, &self.config);
        let sender = report::addressee(ticket);
        let road =
            sender.map_or(TlsFloor::None, |to| floor_of(&self.config.report_route, to, tls, &self.config));
        let gives_back = if letter > road { GivesBack::Nothing } else { GivesBack::Letter };
        let full = match report::returns_full(ticket, report.action) && gives_back == GivesBack::Letter {
            true => self.whole_letter(leg, ticket).await,
            false => None,
        };
        let reporting = Reporting {
            store: &self.store,
            key: &self.key,
            random: self.random.as_ref(),
            config: &self.config,
        };
        report::queue(&reporting, leg, ticket, report, (full, gives_back), tls, now).await.map(Some)
    }

    /// The letter to be returned, if it is small enough and still readable.
    async fn whole_letter(&self, leg: &LeasedLeg, ticket: &Ticket) -> Option<Vec<u8>> {
        let waiting = UnopenedContent::find(&self.store, leg, ticket).await.ok()?;
        if waiting.size() > MAX_RETURNED {
            return None;
        }
        waiting.open(None, 0).await.ok().map(|opened| opened.bytes)
    }

    /// Records the end in the store. While that cannot be written (another process has it locked), the leg stays ours:
    /// released too early, it would be sent again. `None`: given up.
    pub(crate) async fn finish(
        &self,
        leg: &LeasedLeg,
        end: LegEnd,
        follow_ups: Vec<FollowUp>,
        noted: LegNotes,
    ) -> Option<Finished> {
        let store = self.store.noting(noted);
        let mut tried = 0;
        loop {
            match store.finish_leg(leg, end, follow_ups.clone()).await {
                Ok(Finished::Recorded) => return Some(Finished::Recorded),
                Ok(Finished::LeaseLost) => {
                    tracing::warn!(
                        delivery.leg = leg.id,
                        "the lease was lost before the leg's end could be recorded"
                    );
                    return Some(Finished::LeaseLost);
                }
                Err(error) => {
                    tracing::error!(delivery.leg = leg.id, %error, "the leg's end was not recorded");
                    if (!error.is_busy() && tried >= MAX_TRIES) || !self.tries_again(leg, tried).await {
                        return None;
                    }
                    tried += 1;
                }
            }
        }
    }
}

/// Until when a leg is tried at least, whatever its row says. A TLS report has a shorter time, set by its row alone
/// (RFC 8460 §3).
fn tried_until(ticket: &Ticket, give_up: Duration) -> Timestamp {
    match ticket.purpose {
        Purpose::TlsReport => ticket.arrived,
        Purpose::Relay
        | Purpose::Opened
        | Purpose::Notice { .. }
        | Purpose::Report
        | Purpose::PortalReply { .. } => ticket.arrived.plus(give_up),
    }
}

fn failed(ticket: &Ticket, status: EnhancedCode, reason: &Reason) -> Option<Report> {
    report::wanted(ticket, DsnAction::Failed).then(|| Report {
        action: DsnAction::Failed,
        status,
        remote: remote(reason),
        diagnostic: Some(diagnostic(reason)),
        retry_until: None,
    })
}

fn remote(reason: &Reason) -> Option<String> {
    match &reason.whose {
        Whose::Server(host) => host.clone(),
        Whose::Ours => None,
    }
}

fn diagnostic(reason: &Reason) -> Diagnostic {
    match reason.whose {
        Whose::Server(_) => Diagnostic::Server(format!("{} {}", reason.code, reason.text)),
        Whose::Ours => Diagnostic::Ours(format!("{} {} {}", reason.code, reason.enhanced, reason.text)),
    }
}

/// The codes, and our own words; the server's text only goes into the report.
fn log(leg: &LeasedLeg, ticket: &Ticket, outcome: &Outcome) {
    if let Outcome::Later(Reason { untried: true, .. }) = outcome {
        // No attempt. Why the destination is left alone was said when the backoff began.
        tracing::debug!(delivery.leg = leg.id, delivery.destination = leg.destination, "put off, not tried");
        return;
    }
    let refused = |reason: &Reason| (reason.code, Some(reason.enhanced));
    let (result, (code, enhanced), cause) = match outcome {
        Outcome::Delivered { reply, .. } => ("delivered", (reply.code, reply.enhanced), None),
        Outcome::Later(reason) => ("later", refused(reason), reason.own_words()),
        Outcome::Never(reason) => ("never", refused(reason), reason.own_words()),
        Outcome::Loop(reason) => ("loop", refused(reason), reason.own_words()),
    };
    tracing::info!(
        delivery.leg = leg.id,
        delivery.arrival = leg.arrival_id,
        delivery.destination = leg.destination,
        delivery.recipient = ?ticket.recipient.address,
        delivery.attempts = leg.attempts,
        delivery.outcome = result,
        delivery.code = code,
        delivery.enhanced = enhanced.map(tracing::field::display),
        delivery.cause = cause,
        "delivery attempt over"
    );
}
