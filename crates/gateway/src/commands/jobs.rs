//! `sealpost jobs`: scheduled jobs, when they ran and what they did, what they would do now, and running one at once.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgAction, Subcommand};
use sealpost_delivery::TlsReporter;
use sealpost_jobs::{
    Belief, DryRunItem, Failed, Job, JobContext, Needs, PartnerWork, Ran, Runner, belief, days, foresee,
};
use sealpost_mail::{Clock, SystemClock, SystemRandom};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::{JobStart, Store};
use sealpost_support::instant;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::{OutputFormat, complain_all, fail, looking, say, with_store};
use crate::config::checked::Plan;
use crate::roles::Roles;

/// The role whose key a run needs.
const JOBS: Roles = Roles { jobs: true, ..Roles::NONE };
const INTAKE: Roles = Roles { intake: true, ..Roles::NONE };
const DELIVERY: Roles = Roles { delivery: true, ..Roles::NONE };

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Shows the jobs, when each is due, and which process runs it.
    List {
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Runs a job now.
    Run {
        /// Its name.
        job: String,
        /// Only prints what would be deleted or sent, and why.
        #[arg(long)]
        dry_run: bool,
        /// The clock is right although it is far ahead of the jobs' last run: the machine was off. All jobs held back for this
        /// reason become due, not only this one.
        #[arg(long, conflicts_with = "dry_run")]
        clock_is_right: bool,
        /// With --dry-run: prints what would be deleted or sent as one JSON object per line.
        #[arg(long = "json", requires = "dry_run", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Shows the last runs, newest first.
    Log {
        /// Only of this job.
        job: Option<String>,
        /// Number of runs.
        #[arg(long, default_value_t = 50)]
        most: u32,
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
}

/// Why it was not done.
#[derive(Debug, Error)]
enum JobsError {
    #[error("{0}")]
    Failed(#[from] Failed),
    #[error("there is no job {0:?}; `sealpost jobs list` shows them")]
    Unknown(String),
    #[error("another process has this job just now; `sealpost jobs log` will say what it did")]
    Taken,
    #[error("it has not run within {0} minutes: `sealpost serve` with the role {1} must run")]
    Nobody(u64, &'static str),
}

impl From<sealpost_store::StoreError> for JobsError {
    fn from(error: sealpost_store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

pub(super) fn run(config: &Path, what: &JobsCommand) -> ExitCode {
    if let JobsCommand::Run { job, dry_run: true, format, clock_is_right: _ } = what {
        match Job::parse(job) {
            Some(Job::TlsReports) => return foresee_tls_reports(config, *format),
            Some(job @ (Job::Keys | Job::Ocsp)) => return foresee_keys(config, job, *format),
            Some(_) | None => {}
        }
    }
    // What is deleted here is recorded, with proofs, in the audit trail, and statement rows are verified, by the run and by its
    // preview. Listing jobs needs no key.
    let loaded = match what {
        JobsCommand::Run { dry_run, job, clock_is_right, format: _ }
            if *clock_is_right
                || *dry_run
                || Job::parse(job).is_some_and(|job| job.needs() == Needs::Store) =>
        {
            Plan::load(config, JOBS).map(|(plan, keys)| (plan, keys.audit))
        }
        JobsCommand::Run { .. } | JobsCommand::List { .. } | JobsCommand::Log { .. } => {
            Plan::load_without_keys(config).map(|plan| (plan, None))
        }
    };
    let (plan, key) = match loaded {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    let done = match &key {
        Some(key) => with_store(&plan, key, async |store| act(store, &plan, what).await),
        None => looking(&plan, async |store| act(store, &plan, what).await),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn act(store: &Store, plan: &Plan, what: &JobsCommand) -> Result<(), JobsError> {
    match what {
        JobsCommand::List { format } => list(store, plan, *format).await,
        JobsCommand::Log { job, most, format } => {
            if let Some(unknown) = job.as_ref().filter(|job| Job::parse(job).is_none()) {
                return Err(JobsError::Unknown(unknown.clone()));
            }
            log(store, job.as_deref(), *most, *format).await
        }
        JobsCommand::Run { job, dry_run, clock_is_right, format } => {
            let job = Job::parse(job).ok_or_else(|| JobsError::Unknown(job.clone()))?;
            let job_context = job_context(store, plan);
            if *clock_is_right {
                believe_clock(store).await?;
            }
            if *dry_run {
                return show(&job_context, job, *format).await;
            }
            match job.needs() {
                Needs::Delivery => return leave_to(store, job, "delivery").await,
                Needs::Intake => return leave_to(store, job, "intake").await,
                Needs::Store => {}
            }
            match Runner::new(job_context, vec![job]).run(job, JobStart::AtOnce).await? {
                Ran::NotNow => Err(JobsError::Taken),
                Ran::Done(counts) => {
                    counts.iter().for_each(|(what, count)| say(format_args!("{count:>8} {what}")));
                    say("done");
                    Ok(())
                }
            }
        }
    }
}

async fn show(job_context: &JobContext, job: Job, format: OutputFormat) -> Result<(), JobsError> {
    let foreseen = foresee(job_context, job, SystemClock.now()).await?;
    let all = foreseen.all();
    match format {
        OutputFormat::Json => {
            foreseen.deeds.iter().for_each(|deed| say(in_json(job, deed)));
            say(json!({ "job": job.name(), "all": all, "notes": foreseen.notes, "done": false }));
        }
        OutputFormat::Text => {
            foreseen.deeds.iter().for_each(|deed| say(format_args!("{}: {}", deed.what, deed.why)));
            foreseen.notes.iter().for_each(say);
            if foreseen.deeds.is_empty() && foreseen.notes.is_empty() {
                say("nothing is due");
            }
            say(format_args!("{all} in all; nothing was done"));
        }
    }
    Ok(())
}

/// The ids are under the name of what they identify.
fn in_json(job: Job, deed: &DryRunItem) -> Value {
    let DryRunItem { kind, ids, count, what, why } = deed;
    let mut shown = Map::new();
    shown.insert("job".to_owned(), job.name().into());
    shown.insert("kind".to_owned(), (*kind).into());
    shown.extend(ids.iter().map(|(of, id)| ((*of).to_owned(), id.as_str().into())));
    shown.insert("count".to_owned(), (*count).into());
    shown.insert("what".to_owned(), what.as_str().into());
    shown.insert("why".to_owned(), why.as_str().into());
    shown.into()
}

/// The counts are sealed: only delivery's key opens them.
fn foresee_tls_reports(config: &Path, format: OutputFormat) -> ExitCode {
    let (plan, keys) = match Plan::load(config, DELIVERY) {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    let Some(spool) = keys.delivery.map(|role| role.queue.spool) else {
        return fail(&JobsError::Failed(Failed::Keys("delivery has none".to_owned())));
    };
    let reporter = match TlsReporter::new(&plan.delivery, spool) {
        Ok(reporter) => reporter,
        Err(error) => return fail(&error),
    };
    let done: Result<(), JobsError> = looking(&plan, async |store| {
        show(&JobContext { tls_reports: reporter, ..job_context(store, &plan) }, Job::TlsReports, format)
            .await
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Partners' records are sealed: only intake's key opens them.
fn foresee_keys(config: &Path, job: Job, format: OutputFormat) -> ExitCode {
    let (mut plan, keys) = match Plan::load(config, INTAKE) {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    let Some(role) = keys.intake else {
        return fail(&JobsError::Failed(Failed::Keys("intake has none".to_owned())));
    };
    let partners = PartnerWork {
        keyring: role.keyring,
        rows: role.queue.rows,
        tags: role.queue.tags,
        roots: plan.inbound.roots.clone(),
        crl_places: std::mem::take(&mut plan.crl_places),
        // Nothing is fetched, so nothing is to be parsed.
        worker: None,
        authorities: plan.lookup.authorities(plan.inbound.crl_source),
    };
    let done: Result<(), JobsError> = looking(&plan, async |store| {
        show(&JobContext { partners: Some(partners.clone()), ..job_context(store, &plan) }, job, format).await
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn believe_clock(store: &Store) -> Result<(), JobsError> {
    let now = SystemClock.now();
    let believed = Event::ClockBelieved.row(now, &Actor::of_command(), None);
    store.audited([believed]).set_believed_time(now).await?;
    for job in Job::ALL {
        store.make_job_due(job.name(), now).await?;
    }
    say(format_args!("it is {}: every job is due now", instant(Some(now)).unwrap_or_default()));
    Ok(())
}

/// Says why nothing is deleted, if so.
async fn doubt(store: &Store, plan: &Plan) -> Result<Option<String>, JobsError> {
    let now = SystemClock.now();
    Ok(match belief(store, now, plan.clock_jump).await? {
        Belief::Believed => None,
        Belief::Doubted { last } => Some(format!(
            "{} (jobs last ran {})",
            Failed::Ahead(days(last, now)),
            instant(Some(last)).unwrap_or_default()
        )),
    })
}

fn job_context(store: &Store, plan: &Plan) -> JobContext {
    JobContext {
        store: store.clone(),
        clock: Arc::new(SystemClock) as Arc<dyn Clock>,
        random: Arc::new(SystemRandom),
        retention: plan.portal.retention.clone(),
        telling: plan.telling.clone(),
        clock_jump: plan.clock_jump,
        audit_kept: plan.audit_kept,
        actor: Actor::of_command(),
        arrival: None,
        partners: None,
        tls_reports: None,
    }
}

/// How long a serving process may take to notice that a job is due, seconds.
const PATIENCE: u64 = 3;

/// Jobs that write mail or read partners' keys run in the service that does so: the job is made due, and its result is shown.
async fn leave_to(store: &Store, job: Job, role: &'static str) -> Result<(), JobsError> {
    let last = |runs: Vec<sealpost_store::JobRun>| runs.into_iter().next();
    let before = last(store.job_runs(Some(job.name()), 1).await?).map_or(0, |run| run.number);
    store.make_job_due(job.name(), SystemClock.now()).await?;
    say(format_args!("due now: the process with the role {role} takes it"));
    for _ in 0..PATIENCE * 60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let run = last(store.job_runs(Some(job.name()), 1).await?);
        if let Some(run) = run.filter(|run| run.number > before && run.ended_at.is_some()) {
            say(run.error.unwrap_or(run.counts));
            return Ok(());
        }
    }
    Err(JobsError::Nobody(PATIENCE, role))
}

async fn list(store: &Store, plan: &Plan, format: OutputFormat) -> Result<(), JobsError> {
    let known = store.jobs().await?;
    let now = SystemClock.now();
    let doubt = doubt(store, plan).await?;
    if let Some(doubt) = doubt.as_ref().filter(|_| format == OutputFormat::Text) {
        say(doubt);
    }
    for job in Job::ALL {
        let row = known.iter().find(|row| row.name == job.name());
        let due =
            row.map_or_else(|| job.next(now, &plan.portal.retention.zone, &plan.telling), |row| row.due_at);
        let runs_until =
            row.and_then(|row| row.leased.as_ref()).map(|(_, until)| *until).filter(|until| *until > now);
        let last = store.job_runs(Some(job.name()), 1).await?.into_iter().next();
        let last_ended = last.as_ref().and_then(|run| run.ended_at);
        if format == OutputFormat::Json {
            say(json!({
                "job": job.name(),
                "due": instant(Some(due)),
                "runs": runs_until.is_some(),
                "last_ended": instant(last_ended),
                "waits_for_the_clock": doubt.is_some(),
                "last_error": last.and_then(|run| run.error),
            }));
            continue;
        }
        let state = if runs_until.is_some() { "runs now" } else { "waits" };
        let error =
            last.and_then(|run| run.error).map(|error| format!("  last: {error}")).unwrap_or_default();
        say(format_args!(
            "{:18} {state:8} due {}  last ended {}{error}",
            job.name(),
            instant(Some(due)).unwrap_or_default(),
            instant(last_ended).unwrap_or_else(|| "-".to_owned())
        ));
    }
    Ok(())
}

async fn log(store: &Store, job: Option<&str>, most: u32, format: OutputFormat) -> Result<(), JobsError> {
    if let Some(name) = job
        && Job::parse(name).is_none()
    {
        return Err(JobsError::Unknown(name.to_owned()));
    }
    for run in store.job_runs(job, most).await? {
        if format == OutputFormat::Json {
            let counts: Value = serde_json::from_str(&run.counts).unwrap_or_default();
            say(json!({
                "run": run.number,
                "job": run.job,
                "begun": instant(Some(run.begun_at)),
                "ended": instant(run.ended_at),
                "counts": counts,
                "error": run.error,
            }));
            continue;
        }
        let ended = instant(run.ended_at).unwrap_or_else(|| "(runs)".to_owned());
        let begun = instant(Some(run.begun_at)).unwrap_or_default();
        let how = run.error.unwrap_or(run.counts);
        say(format_args!("{:>7} {:18} {begun} {ended}  {how}", run.number, run.job));
    }
    Ok(())
}
