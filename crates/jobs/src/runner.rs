//! Runs jobs in one process: claims what is due, keeps the lease while it works, and records the result. Knows no job.

use std::future::Future;
use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{Event, JobOutcome};
use sealpost_store::{Claim, JobEnd, JobRow, JobStart, StoreError};
use serde_json::{Map, Value};

use crate::clock_check::{Belief, belief, days};
use crate::job::Job;
use crate::job_context::{Counts, Failed, JobContext};
use crate::{
    audit_trail, crl_fetch, digests, expiring_keys, ocsp, reminders, retention, senders, tls_reports,
};

/// How long a job stays leased to a process without a sign of life.
const LEASE: Duration = Duration::from_secs(120);
/// Tolerance for leases and due times: anything later was written by another clock.
const SLACK: Duration = Duration::from_secs(60 * 60);
/// Interval in which the lease is prolonged.
const EVERY: Duration = Duration::from_secs(30);

/// Runs jobs, one after the other.
pub struct Runner {
    job_context: JobContext,
    jobs: Vec<Job>,
    /// Our name in the leases.
    owner: String,
    /// A tick that comes while another is running has nothing to do.
    busy: tokio::sync::Mutex<()>,
}

/// Result of a run.
pub enum Ran {
    /// The job ran, with these counts.
    Done(Counts),
    /// It is not due, or another process runs it.
    NotNow,
}

impl Runner {
    /// Runs these jobs.
    #[must_use]
    pub fn new(job_context: JobContext, jobs: Vec<Job>) -> Self {
        let owner = job_context.random.id();
        Self { job_context, jobs, owner, busy: tokio::sync::Mutex::new(()) }
    }

    /// Runs due jobs if an immediate run of one of ours was requested.
    pub(crate) async fn look_for_requests(&self) {
        let Ok(known) = self.job_context.store.jobs().await else { return };
        let is_requested = |row: &JobRow| {
            row.requested_at.is_some()
                && row.leased.is_none()
                && self.jobs.iter().any(|job| job.name() == row.name)
        };
        if known.iter().any(is_requested) {
            self.tick().await;
        }
    }

    /// Runs what is due.
    pub async fn tick(&self) {
        let Ok(_alone) = self.busy.try_lock() else { return };
        // A minute in which nothing is due writes nothing.
        let known = match self.job_context.store.jobs().await {
            Ok(known) => known,
            Err(error) => return tracing::error!(%error, "the jobs that are due cannot be read"),
        };
        let now = self.job_context.clock.now();
        // A new store: trust in its clock begins now, not when the first job is due.
        if known.is_empty()
            && let Err(error) = self.job_context.store.believe_time(now).await
        {
            return tracing::error!(%error, "the time could not be noted");
        }
        // All at the same moment: a clock set forward between two of them would delay the second by its whole interval.
        let unknown = |job: &&Job| !known.iter().any(|row| row.name == job.name());
        let firsts: Vec<_> =
            self.jobs.iter().filter(unknown).map(|job| (job.name(), self.next(*job, now))).collect();
        if !firsts.is_empty()
            && let Err(error) = self.job_context.store.introduce_jobs(&firsts).await
        {
            return tracing::error!(%error, "the jobs could not be noted");
        }
        if self.jobs.contains(&Job::Audit) {
            audit_trail::fold(&self.job_context, now).await;
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
            // Logged where it ends; retried in the next minute.
            if let Err(error) = self.run(*job, JobStart::WhenDue).await {
                tracing::error!(job = job.name(), %error, "a job failed");
            }
        }
    }

    /// Runs one job, if it may start and no other process runs it.
    pub async fn run(&self, job: Job, start: JobStart) -> Result<Ran, Failed> {
        let JobContext { store, clock, actor, .. } = &self.job_context;
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
            Ok(Belief::Believed) => self.keep(job, work(&self.job_context, job, now)).await,
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
            // A failed run is retried at its next time, like a successful one: nothing is lost by waiting.
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

    /// When it is next due.
    fn next(&self, job: Job, now: Timestamp) -> Timestamp {
        job.next(now, &self.job_context.retention.zone, &self.job_context.telling)
    }

    /// The latest time at which it can be due.
    fn latest(&self, job: Job, now: Timestamp) -> Timestamp {
        self.next(job, now).plus(SLACK)
    }

    /// Assesses the clock; a trusted time is recorded. The same for all jobs, so that one that may run does not make
    /// the time trusted for the others.
    async fn doubts(&self, job: Job, now: Timestamp) -> Result<Belief, StoreError> {
        let JobContext { store, clock_jump, .. } = &self.job_context;
        match belief(store, now, *clock_jump).await? {
            Belief::Believed => store.believe_time(now).await.map(|()| Belief::Believed),
            Belief::Doubted { .. } if !job.minds_the_clock() => Ok(Belief::Believed),
            doubted @ Belief::Doubted { .. } => Ok(doubted),
        }
    }

    /// Works while the lease can be kept; stops when it is lost.
    async fn keep(
        &self,
        job: Job,
        work: impl Future<Output = Result<Counts, Failed>>,
    ) -> Result<Counts, Failed> {
        let JobContext { store, clock, .. } = &self.job_context;
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

async fn work(job_context: &JobContext, job: Job, now: Timestamp) -> Result<Counts, Failed> {
    match job {
        Job::Retention => retention::purge(job_context, now).await,
        Job::Mailboxes => retention::unused(job_context, now).await,
        Job::Forget => retention::forget(job_context, now).await,
        Job::Sweep => retention::sweep(job_context, now).await,
        Job::Digests => digests::tell(job_context, now).await,
        Job::Reminders => reminders::letters(job_context, now).await,
        Job::MailboxReminders => reminders::mailboxes(job_context, now).await,
        Job::Senders => senders::tell(job_context, now).await,
        Job::Keys => expiring_keys::warn(job_context, now).await,
        Job::Ocsp => {
            // A failure of one does not prevent the other.
            let (asked, lists) =
                (ocsp::ask(job_context, now).await, crl_fetch::fetch(job_context, now).await);
            Ok([asked?, lists?].concat())
        }
        Job::TlsReports => tls_reports::send(job_context, now).await,
        Job::Audit => audit_trail::daily(job_context, now).await,
    }
}

/// As in the row of a run.
fn in_json(counts: &[(&'static str, u64)]) -> String {
    let map: Map<String, Value> =
        counts.iter().map(|(what, count)| ((*what).to_owned(), Value::from(*count))).collect();
    Value::Object(map).to_string()
}
