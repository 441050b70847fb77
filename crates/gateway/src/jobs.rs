//! What happens by the clock: forgetting what time has made useless and looking whether all is well. Ticks
//! are UTC (decision record on tokio-cron-scheduler); what is due is computed by the job.

use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::Clock;
use sealpost_store::Store;
use thiserror::Error;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Why jobs cannot be started.
#[derive(Debug, Error)]
#[error("the jobs could not be started: {0}")]
pub(crate) struct JobError(#[from] JobSchedulerError);

/// The running jobs.
pub(crate) struct Jobs(JobScheduler);

/// Starts all jobs.
pub(crate) async fn start(store: Store, clock: Arc<dyn Clock>, trash: Duration) -> Result<Jobs, JobError> {
    let scheduler = JobScheduler::new().await?;
    // Once an hour, at an odd minute: not when everything else on the machine starts, too.
    let sweep = Job::new_async("0 23 * * * *", move |_id, _scheduler| {
        let (store, clock) = (store.clone(), Arc::clone(&clock));
        Box::pin(async move {
            empty_trash(&store, &*clock, trash).await;
            sweep(&store, &*clock).await;
        })
    })?;
    scheduler.add(sweep).await?;
    scheduler.start().await?;
    Ok(Jobs(scheduler))
}

async fn empty_trash(store: &Store, clock: &dyn Clock, keeps: Duration) {
    match store.purge_trash(clock.now().minus(keeps)).await {
        Ok(0) => {}
        Ok(letters) => tracing::info!(letters, "trash emptied of what was there long enough"),
        Err(error) => tracing::error!(%error, "the trash could not be emptied"),
    }
}

async fn sweep(store: &Store, clock: &dyn Clock) {
    match store.sweep(clock.now()).await {
        Ok(report) if report.is_clean() => tracing::info!(
            mailboxes = report.counts.mailboxes,
            deposits = report.counts.deposits,
            legs = report.counts.legs,
            "store swept"
        ),
        Ok(report) => {
            for problem in &report.problems {
                tracing::error!(?problem, "the store is not as it must be");
            }
        }
        Err(error) => tracing::error!(%error, "the store could not be swept"),
    }
}

impl Jobs {
    /// Ends the jobs.
    pub(crate) async fn stop(mut self) {
        if let Err(error) = self.0.shutdown().await {
            tracing::warn!(%error, "the jobs did not end cleanly");
        }
    }
}
