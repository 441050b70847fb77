//! Scheduled jobs: when each is due, who runs it, and how its runs ended. What a job does is not known here.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Refusal, Row, sql};
use crate::store::Store;

/// A job's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its name.
    pub name: String,
    /// When it is due next.
    pub due_at: Timestamp,
    /// When an immediate run was requested, if none has begun since.
    pub requested_at: Option<Timestamp>,
    /// Who runs it, and until when no other process may.
    pub leased: Option<(String, Timestamp)>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// Sequence number.
    pub number: i64,
    /// Name of the job.
    pub job: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it ended; `None`: it is running.
    pub ended_at: Option<Timestamp>,
    /// What it did, as JSON.
    pub counts: String,
    /// Error, if it failed.
    pub error: Option<String>,
}

/// A claim to run a job.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// Name of the job.
    pub job: &'a str,
    /// The claiming process.
    pub owner: &'a str,
    /// Time of the claim.
    pub now: Timestamp,
    /// No other process may run it until then.
    pub until: Timestamp,
    /// A lease beyond this, and a next run beyond `latest`, were written by a wrong clock and are ignored.
    pub longest: Timestamp,
    /// See `longest`.
    pub latest: Timestamp,
    /// When it is first due, if it is not known yet.
    pub first: Timestamp,
    /// Whether it must be due.
    pub start: JobStart,
}

/// When a job may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStart {
    /// Once it is due.
    WhenDue,
    /// At once, due or not.
    AtOnce,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct JobEnd<'a> {
    /// Name of the job.
    pub job: &'a str,
    /// The process that ran it.
    pub owner: &'a str,
    /// Its number.
    pub number: i64,
    /// When it ended.
    pub now: Timestamp,
    /// When the job is due next.
    pub due_at: Timestamp,
    /// What it did, as JSON.
    pub counts: String,
    /// Error, if it failed.
    pub error: Option<String>,
}

/// Error of a run whose process ended first.
const CUT_OFF: &str = "its process ended before it did";

impl Store {
    /// Claims a job that is due and not leased. Returns the number of the run. An expired lease means that its process
    /// ended: that run is recorded as cut off.
    pub async fn claim_job(&self, claim: Claim<'_>) -> Result<Option<i64>, StoreError> {
        self.introduce_jobs(&[(claim.job, claim.first)]).await?;
        let mut batch = Batch::default();
        batch.add(
            sql!(
                "UPDATE jobs SET lease_owner = ?2, lease_until = ?4, wished_at = NULL
                 WHERE name = ?1 AND (due_at <= ?3 OR due_at > ?6 OR wished_at IS NOT NULL OR ?5 = 1)
                   AND (lease_until IS NULL OR lease_until <= ?3 OR lease_until > ?7)",
                claim.job,
                claim.owner,
                claim.now,
                claim.until,
                claim.start == JobStart::AtOnce,
                claim.latest,
                claim.longest
            )
            .or_refuse(Refusal::LeaseLost),
        );
        batch.add(sql!(
            "UPDATE job_runs SET ended_at = ?2, error = ?3 WHERE job = ?1 AND ended_at IS NULL",
            claim.job,
            claim.now,
            CUT_OFF
        ));
        batch.add(sql!(
            "INSERT INTO job_runs (job, begun_at) VALUES (?1, ?2) RETURNING number",
            claim.job,
            claim.now
        ));
        match self.write(batch).await? {
            Outcome::Refused(_) => Ok(None),
            Outcome::Kept(answers) => {
                let last = answers.into_iter().last().and_then(|answer| answer.rows.into_iter().next());
                last.ok_or(StoreError::Damaged { what: "a run's number" })?.int().map(Some)
            }
        }
    }

    /// Adds unknown jobs with the time each is first due. Known ones are unchanged.
    pub async fn introduce_jobs(&self, firsts: &[(&str, Timestamp)]) -> Result<(), StoreError> {
        let known = firsts.iter().map(|(job, due_at)| {
            sql!("INSERT INTO jobs (name, due_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING", *job, *due_at)
        });
        self.change(known.collect()).await.map(drop)
    }

    /// Makes a job due, whatever a run under way will set: that run began before. An unknown job is added.
    pub async fn make_job_due(&self, job: &str, now: Timestamp) -> Result<(), StoreError> {
        let due = sql!(
            "INSERT INTO jobs (name, due_at, wished_at) VALUES (?1, ?2, ?2)
             ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at, wished_at = excluded.wished_at",
            job,
            now
        );
        self.change(vec![due]).await.map(drop)
    }

    /// Extends the lease of a job. `false`: another process has it.
    pub async fn keep_job(&self, job: &str, owner: &str, until: Timestamp) -> Result<bool, StoreError> {
        let kept =
            sql!("UPDATE jobs SET lease_until = ?3 WHERE name = ?1 AND lease_owner = ?2", job, owner, until);
        Ok(self.change(vec![kept]).await?.iter().sum::<usize>() == 1)
    }

    /// Ends a run and releases the job; one that was made due meanwhile stays due. `false`: another process has it.
    pub async fn end_job(&self, end: JobEnd<'_>) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.add(
            sql!(
                "UPDATE jobs SET lease_owner = NULL, lease_until = NULL,
                     due_at = CASE WHEN wished_at IS NULL THEN ?3 ELSE due_at END
                 WHERE name = ?1 AND lease_owner = ?2",
                end.job,
                end.owner,
                end.due_at
            )
            .or_refuse(Refusal::LeaseLost),
        );
        batch.add(sql!(
            "UPDATE job_runs SET ended_at = ?2, counts = ?3, error = ?4 WHERE number = ?1",
            end.number,
            end.now,
            end.counts,
            end.error
        ));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// All known jobs.
    pub async fn jobs(&self) -> Result<Vec<JobRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT name, due_at, wished_at, lease_owner, lease_until FROM jobs ORDER BY name"
            ))
            .await?;
        let job = |mut row: Row| {
            Ok(JobRow {
                name: row.text()?,
                due_at: row.time()?,
                requested_at: row.opt_time()?,
                leased: row.opt_text()?.zip(row.opt_time()?),
            })
        };
        rows.into_iter().map(job).collect()
    }

    /// The last runs, newest first; of one job or of all.
    pub async fn job_runs(&self, job: Option<&str>, most: u32) -> Result<Vec<JobRun>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT number, job, begun_at, ended_at, counts, error FROM job_runs
                 WHERE ?1 = '' OR job = ?1 ORDER BY number DESC LIMIT ?2",
                job.unwrap_or_default(),
                most
            ))
            .await?;
        let run = |mut row: Row| {
            Ok(JobRun {
                number: row.int()?,
                job: row.text()?,
                begun_at: row.time()?,
                ended_at: row.opt_time()?,
                counts: row.text()?,
                error: row.opt_text()?,
            })
        };
        rows.into_iter().map(run).collect()
    }

    /// How many runs began before then.
    pub async fn old_job_runs(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.count(sql!("SELECT count(*) FROM job_runs WHERE begun_at < ?1", before)).await
    }

    /// Forgets runs that began before then.
    pub async fn forget_job_runs(&self, before: Timestamp) -> Result<u64, StoreError> {
        let gone = self.change(vec![sql!("DELETE FROM job_runs WHERE begun_at < ?1", before)]).await?;
        Ok(gone.into_iter().sum::<usize>() as u64)
    }
}
