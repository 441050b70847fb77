//! One process's part in the jobs: takes what is due and nobody else has, keeps it while it works, notes how it ended.
//! Knows no job.

use std::future::Future;
use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{Event, JobOutcome};
use sealpost_store::{Claim, JobEnd, JobRow, JobStart, StoreError};
use serde_json::{Map, Value};

use crate::clock_check::{Belief, belief, days};
use crate::job::Job;
use crate::workshop::{Counts, Failed, Workshop};
use crate::{audit_trail, crl_fetch, digests, ending_keys, ocsp, reminders, retention, senders, tls_reports};

/// So long a job stays with a process that gives no sign of life.
const LEASE: Duration = Duration::from_secs(120);
/// No lease is longer, and no job is due later than its next time by more: what says so was written by another clock.
const SLACK: Duration = Duration::from_secs(60 * 60);
/// Interval in which the lease is prolonged.
const EVERY: Duration = Duration::from_secs(30);

/// Runs jobs, one after the other.
pub struct Runner {
    workshop: Workshop,
    jobs: Vec<Job>,
    /// Who we are in the leases.
    owner: String,
    /// A tick that comes while another is still at work has nothing to do.
    busy: tokio::sync::Mutex<()>,
}

/// How a run went.
pub enum Ran {
    /// The job ran and did this.
    Done(Counts),
    /// It is not due, or another process has it.
    NotNow,
}

impl Runner {
    /// Runs these, with that.
    #[must_use]
    pub fn new(workshop: Workshop, jobs: Vec<Job>) -> Self {
        let owner = workshop.random.id();
        Self { workshop, jobs, owner, busy: tokio::sync::Mutex::new(()) }
    }

    /// Does what is due, if somebody asked that one of our jobs runs at once.
    pub(crate) async fn look_for_requests(&self) {
        let Ok(known) = self.workshop.store.jobs().await else { return };
        let is_requested = |row: &JobRow| {
            row.requested_at.is_some()
                && row.leased.is_none()
                && self.jobs.iter().any(|job| job.name() == row.name)
        };
        if known.iter().any(is_requested) {
            self.tick().await;
        }
    }

    /// Does what is due.
    pub async fn tick(&self) {
        let Ok(_alone) = self.busy.try_lock() else { return };
        // A minute in which nothing is due writes nothing.
        let known = match self.workshop.store.jobs().await {
            Ok(known) => known,
            Err(error) => return tracing::error!(%error, "the jobs that are due cannot be read"),
        };
        let now = self.workshop.clock.now();
        // A new store: what it believes begins now, and not when the first job is due.
        if known.is_empty()
            && let Err(error) = self.workshop.store.believe_time(now).await
        {
            return tracing::error!(%error, "the time could not be noted");
        }
        // All at one moment: a clock set forward between two of them would put the second off by its whole interval.
        let unknown = |job: &&Job| !known.iter().any(|row| row.name == job.name());
        let firsts: Vec<_> =
            self.jobs.iter().filter(unknown).map(|job| (job.name(), self.next(*job, now))).collect();
        if !firsts.is_empty()
            && let Err(error) = self.workshop.store.introduce_jobs(&firsts).await
        {
            return tracing::error!(%error, "the jobs could not be noted");
        }
        if self.jobs.contains(&Job::Audit) {
            audit_trail::fold(&self.workshop, now).await;
        }
        let waits = |job: &Job| {
            let latest = self.latest(*job, now);
            let stands = |row: &JobRow| {
                row.name == job.name()
                    && row.requested_at.is_none()
                    && row.due_at > now
                    && row.due_at <= latest
            };
            known.iter().any(stands)
                || firsts.iter().any(|(name, due_at)| *name == job.name() && *due_at > now)
        };
        for job in self.jobs.iter().filter(|job| !waits(job)) {
            // The log hears of it where it ends; the next minute tries again.
            if let Err(error) = self.run(*job, JobStart::WhenDue).await {
                tracing::error!(job = job.name(), %error, "a job failed");
            }
        }
    }

    /// Runs one job, if it may start and nobody else has it.
    pub async fn run(&self, job: Job, start: JobStart) -> Result<Ran, Failed> {
        let Workshop { store, clock, actor, .. } = &self.workshop;
        let now = clock.now();
        let claim = Claim {
            job: job.name(),
            owner: &self.owner,
            now,
            until: now.plus(LEASE),
            longest: now.plus(SLACK),
            latest: self.latest(job, now),
            first: self.next(job, now),
            start,
        };
        let Some(number) = store.claim_job(claim).await? else { return Ok(Ran::NotNow) };
        let outcome = match self.doubts(job, now).await {
            Ok(Belief::Believed) => self.keep(job, work(&self.workshop, job, now)).await,
            Ok(Belief::Doubted { last }) => Err(Failed::Ahead(days(last, now))),
            Err(error) => Err(error.into()),
        };
        let ended = clock.now();
        let (counts, error) = match &outcome {
            Ok(counts) => (counts.as_slice(), None),
            Err(error) => (&[][..], Some(error.to_string())),
        };
        let end = JobEnd {
            job: job.name(),
            owner: &self.owner,
            number,
            now: ended,
            // What failed is tried again at its next hour, like what went well: nothing is lost by waiting.
            due_at: self.next(job, ended),
            counts: in_json(counts),
            error,
        };
        let store = match job.is_noted() && (outcome.is_err() || counts.iter().any(|(_, count)| *count > 0)) {
            true => {
                let how = if outcome.is_err() { JobOutcome::Failed } else { JobOutcome::Done };
                let ran = Event::JobRan { job: job.name(), run: number, counts, ended: how };
                &store.audited([ran.row(ended, actor, None)])
            }
            false => store,
        };
        store.end_job(end).await?;
        tracing::debug!(job = job.name(), run = number, "a job has run");
        outcome.map(Ran::Done)
    }

    /// When it is due next.
    fn next(&self, job: Job, now: Timestamp) -> Timestamp {
        job.next(now, &self.workshop.retention.zone, &self.workshop.telling)
    }

    /// The last moment at which it can be due.
    fn latest(&self, job: Job, now: Timestamp) -> Timestamp {
        self.next(job, now).plus(SLACK)
    }

    /// What is thought of the clock; what is believed is noted. The same holds for all jobs, so that one that may run does
    /// not make the time believed for the others.
    async fn doubts(&self, job: Job, now: Timestamp) -> Result<Belief, StoreError> {
        let Workshop { store, clock_jump, .. } = &self.workshop;
        match belief(store, now, *clock_jump).await? {
            Belief::Believed => store.believe_time(now).await.map(|()| Belief::Believed),
            Belief::Doubted { .. } if !job.minds_the_clock() => Ok(Belief::Believed),
            doubted @ Belief::Doubted { .. } => Ok(doubted),
        }
    }

    /// Works while the lease can be kept; who has lost it stops.
    async fn keep(
        &self,
        job: Job,
        work: impl Future<Output = Result<Counts, Failed>>,
    ) -> Result<Counts, Failed> {
        let Workshop { store, clock, .. } = &self.workshop;
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(EVERY) => {
                    if !store.keep_job(job.name(), &self.owner, clock.now().plus(LEASE)).await? {
                        return Err(Failed::Lost);
                    }
                }
            }
        }
    }
}

async fn work(workshop: &Workshop, job: Job, now: Timestamp) -> Result<Counts, Failed> {
    match job {
        Job::Retention => retention::purge(workshop, now).await,
        Job::Mailboxes => retention::unused(workshop, now).await,
        Job::Forget => retention::forget(workshop, now).await,
        Job::Sweep => retention::sweep(workshop, now).await,
        Job::Digests => digests::tell(workshop, now).await,
        Job::Reminders => reminders::letters(workshop, now).await,
        Job::MailboxReminders => reminders::mailboxes(workshop, now).await,
        Job::Senders => senders::tell(workshop, now).await,
        Job::Keys => ending_keys::warn(workshop, now).await,
        Job::Ocsp => {
            // One that fails keeps nobody from asking for the other.
            let (asked, lists) = (ocsp::ask(workshop, now).await, crl_fetch::fetch(workshop, now).await);
            Ok([asked?, lists?].concat())
        }
        Job::TlsReports => tls_reports::send(workshop, now).await,
        Job::Audit => audit_trail::daily(workshop, now).await,
    }
}

/// As a run's row keeps it.
fn in_json(counts: &[(&'static str, u64)]) -> String {
    let map: Map<String, Value> =
        counts.iter().map(|(what, count)| ((*what).to_owned(), Value::from(*count))).collect();
    Value::Object(map).to_string()
}
