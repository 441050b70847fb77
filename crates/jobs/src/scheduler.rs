//! Checks once a minute what is due, as long as the process runs. Knows no job.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio_cron_scheduler::{Job as Tick, JobScheduler, JobSchedulerError};

use crate::runner::Runner;

/// Why jobs cannot be started.
#[derive(Debug, Error)]
#[error("the jobs could not be started: {0}")]
pub struct JobError(#[from] JobSchedulerError);

/// Once a minute.
const EVERY_MINUTE: &str = "7 * * * * *";

/// A second timer by the monotonic clock: the scheduler's next minute is by the time of day, and would be in
/// the far future if that were set ahead and back.
const LOOK_ALL_THE_SAME: Duration = Duration::from_secs(15);
/// The user of `sealpost jobs run` waits for it.
const LOOK_FOR_REQUESTS: Duration = Duration::from_secs(1);

/// The scheduled jobs.
pub struct Jobs(JobScheduler, tokio::task::JoinHandle<()>);

/// Starts checking for due jobs among these, and makes up at once for missed runs.
pub async fn start(runner: Runner) -> Result<Jobs, JobError> {
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
            for _second in 0..LOOK_ALL_THE_SAME.as_secs() {
                tokio::time::sleep(LOOK_FOR_REQUESTS).await;
                steady.look_for_requests().await;
            }
            steady.tick().await;
        }
    });
    Ok(Jobs(scheduler, steady))
}

impl Jobs {
    /// Stops the jobs.
    pub async fn stop(mut self) {
        self.1.abort();
        if let Err(error) = self.0.shutdown().await {
            tracing::warn!(%error, "the jobs did not end cleanly");
        }
    }
}
