//! What happens by the clock. Ticks are UTC (decision 0009) and only ask what is due; when a job is due stands in the
//! store, so that what was missed is made up for, and a lease there lets one of several processes run it (decision 0031).

mod audit_trail;
mod clock_check;
mod digests;
mod ending_keys;
mod ocsp;
mod preview;
mod reminders;
mod retention;
mod runner;
mod senders;
mod unreadable_rows;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sealpost_arrival::Context;
use sealpost_mail::{Clock, Random, Term, Timestamp, Zone};
use sealpost_mailbox::Retention;
use sealpost_mailbox::audit::Actor;
use sealpost_seal::Worker;
use sealpost_store::{Store, StoreError};
use sealpost_vault::KeyringKey;
use thiserror::Error;
use tokio_cron_scheduler::{Job as Tick, JobScheduler, JobSchedulerError};

use crate::config::checked::{Lookup, Telling};

pub(crate) use audit_trail::say_end;
pub(crate) use clock_check::{Belief, belief, days};
pub(crate) use preview::foresee;
pub(crate) use runner::{Ran, Runner};

/// Why jobs cannot be started.
#[derive(Debug, Error)]
#[error("the jobs could not be started: {0}")]
pub(crate) struct JobError(#[from] JobSchedulerError);

/// Why a run failed.
#[derive(Debug, Error)]
pub(crate) enum Failed {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Mail(String),
    #[error("the keys for partners cannot be read: {0}")]
    Keys(String),
    #[error("another process has taken it over")]
    Lost,
    #[error(
        "the clock is {0} days ahead of when jobs last ran: nothing is deleted and nobody is told anything. Set the clock \
         right; or if it is, and nothing ran for so long, say so: sealpost jobs run retention --clock-is-right"
    )]
    Ahead(u64),
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Letters, trash, drafts and mailboxes nobody came for, whose time is over.
    Retention,
    /// Mailboxes nobody uses.
    Mailboxes,
    /// Rows that lead nowhere.
    Forget,
    /// Looks whether everything in the store hangs together.
    Sweep,
    /// Mail to owners whose letters wait.
    Reminders,
    /// Mail to owners about letters they have not been told of one by one.
    Digests,
    /// Mail to owners whose mailboxes will go.
    MailboxReminders,
    /// Mail to senders whose letters nobody opened.
    Senders,
    /// Word to the operator of keys for partners that end.
    Keys,
    /// Questions to authorities about partners' certificates.
    Ocsp,
    /// The end of the audit trail to the log; its old rows go.
    Audit,
}

/// The part of the product that a job needs: it runs in the process that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing but the store.
    Store,
    /// What delivers: it writes mail, with the keys that are there already.
    Delivery,
    /// What takes letters in: it reads partners' keys.
    Intake,
}

impl Job {
    /// In the order in which they run when several are due: who is reminded first loses nothing meanwhile.
    pub(crate) const ALL: [Self; 11] = [
        Self::Digests,
        Self::Reminders,
        Self::MailboxReminders,
        Self::Senders,
        Self::Keys,
        Self::Ocsp,
        Self::Retention,
        Self::Mailboxes,
        Self::Forget,
        Self::Sweep,
        Self::Audit,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Mailboxes => "mailboxes",
            Self::Forget => "forget",
            Self::Sweep => "sweep",
            Self::Reminders => "reminders",
            Self::Digests => "digests",
            Self::MailboxReminders => "mailbox-reminders",
            Self::Senders => "senders",
            Self::Keys => "keys",
            Self::Ocsp => "ocsp",
            Self::Audit => "audit",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.name() == name)
    }

    /// Where it runs.
    pub(crate) fn needs(self) -> Needs {
        match self {
            Self::Reminders | Self::Digests | Self::MailboxReminders | Self::Senders => Needs::Delivery,
            Self::Keys | Self::Ocsp => Needs::Intake,
            Self::Retention | Self::Mailboxes | Self::Forget | Self::Sweep | Self::Audit => Needs::Store,
        }
    }

    /// Whether its runs stand in the audit trail: what it deletes somebody may ask for.
    pub(crate) fn is_noted(self) -> bool {
        match self {
            Self::Retention | Self::Mailboxes | Self::Audit => true,
            Self::Forget
            | Self::Sweep
            | Self::Reminders
            | Self::Digests
            | Self::MailboxReminders
            | Self::Keys
            | Self::Ocsp
            | Self::Senders => false,
        }
    }

    /// Whether a clock that is ahead makes it do what cannot be undone.
    fn minds_the_clock(self) -> bool {
        match self {
            Self::Retention
            | Self::Mailboxes
            | Self::Forget
            | Self::Audit
            | Self::Reminders
            | Self::MailboxReminders
            | Self::Keys
            | Self::Senders => true,
            Self::Sweep | Self::Digests | Self::Ocsp => false,
        }
    }

    /// When it is due after `now`: hourly at odd minutes, by night what reads whole tables, mail when people are awake; what
    /// is already late every few minutes.
    pub(crate) fn next(self, now: Timestamp, zone: &Zone, telling: &Telling) -> Timestamp {
        let hourly = |minute: i64| {
            let hour = 3_600_000;
            let begun = now.0.div_euclid(hour) * hour + minute * 60_000;
            Timestamp(if begun > now.0 { begun } else { begun + hour })
        };
        match self {
            Self::Digests => Timestamp((now.0.div_euclid(DIGESTS) + 1) * DIGESTS),
            Self::Retention => hourly(23),
            Self::Reminders => hourly(7),
            Self::Ocsp => hourly(37),
            Self::Mailboxes => zone.next(now, 60 + 41),
            Self::Forget => zone.next(now, 60 + 52),
            Self::Sweep => zone.next(now, 2 * 60 + 11),
            Self::Audit => zone.next(now, 11),
            Self::MailboxReminders => zone.next(now, telling.hours.from.saturating_add(13)),
            Self::Senders => zone.next(now, telling.hours.from.saturating_add(29)),
            Self::Keys => zone.next(now, telling.hours.from.saturating_add(41)),
        }
    }
}

/// Everything jobs work with.
pub(crate) struct Workshop {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) retention: Retention,
    pub(crate) telling: Telling,
    /// So far the clock may be ahead of the last run.
    pub(crate) clock_jump: Duration,
    /// How long rows of the audit trail are kept.
    pub(crate) audit_kept: Term,
    /// Who lets them run.
    pub(crate) actor: Actor,
    /// For those that write mail; nothing where no mail leaves.
    pub(crate) context: Option<Arc<Context>>,
    /// For those that look at partners' keys; nothing where no letters are taken in.
    pub(crate) partners: Option<PartnerWork>,
}

/// What partners' keys are looked at with.
#[derive(Clone)]
pub(crate) struct PartnerWork {
    pub(crate) keyring: KeyringKey,
    /// Where revocation lists lie.
    pub(crate) crl_places: Vec<PathBuf>,
    /// Reads what others send.
    pub(crate) worker: Option<Worker>,
    /// Who may be asked.
    pub(crate) lookup: Lookup,
}

/// What a run did: a word and a number each.
pub(crate) type Counts = Vec<(&'static str, u64)>;

/// Between two looks for letters to tell of, in milliseconds.
const DIGESTS: i64 = 5 * 60_000;

/// Once a minute somebody looks what is due.
const EVERY_MINUTE: &str = "7 * * * * *";

/// And somebody looks by the clock that measures pauses: the scheduler's next minute is one of the time of day, and would
/// lie in the far future once that was set ahead and back.
const LOOK_ALL_THE_SAME: Duration = Duration::from_secs(15);

/// The running jobs.
pub(crate) struct Jobs(JobScheduler, tokio::task::JoinHandle<()>);

/// Starts looking for what is due among these jobs, and does at once what was missed.
pub(crate) async fn start(runner: Runner) -> Result<Jobs, JobError> {
    let scheduler = JobScheduler::new().await?;
    let runner = Arc::new(runner);
    let (first, steady) = (Arc::clone(&runner), Arc::clone(&runner));
    scheduler
        .add(Tick::new_one_shot_async(Duration::from_millis(1), move |_id, _scheduler| {
            let runner = Arc::clone(&first);
            Box::pin(async move { runner.tick().await })
        })?)
        .await?;
    scheduler
        .add(Tick::new_async(EVERY_MINUTE, move |_id, _scheduler| {
            let runner = Arc::clone(&runner);
            Box::pin(async move { runner.tick().await })
        })?)
        .await?;
    scheduler.start().await?;
    let steady = tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOK_ALL_THE_SAME).await;
            steady.tick().await;
        }
    });
    Ok(Jobs(scheduler, steady))
}

impl Jobs {
    /// Ends the jobs.
    pub(crate) async fn stop(mut self) {
        self.1.abort();
        if let Err(error) = self.0.shutdown().await {
            tracing::warn!(%error, "the jobs did not end cleanly");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::checked::Hours;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn every_job_is_due_again_later_and_at_its_hour() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let telling = Telling { hours: Hours { from: 8 * 60, to: 18 * 60 }, ..Telling::default() };
        let next = |job: Job, now| job.next(at(now), &zone, &telling);
        assert_eq!(next(Job::Retention, "2026-11-28T10:23:00Z"), at("2026-11-28T11:23:00Z"));
        assert_eq!(next(Job::Retention, "2026-11-28T10:22:59Z"), at("2026-11-28T10:23:00Z"));
        assert_eq!(next(Job::Mailboxes, "2026-11-28T10:23:00Z"), at("2026-11-29T00:41:00Z"));
        assert_eq!(next(Job::Senders, "2026-07-28T10:23:00Z"), at("2026-07-29T06:29:00Z"));
        for job in Job::ALL {
            assert_eq!(Job::parse(job.name()), Some(job));
            assert!(next(job, "2026-11-28T10:23:00Z") > at("2026-11-28T10:23:00Z"), "{job:?}");
        }
    }
}
