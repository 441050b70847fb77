//! Scheduled work on the audit trail: counts become rows, its end is logged, old rows are pruned. Knows no
//! other event.

use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{AnchorWord, counted};
use sealpost_store::Store;

use crate::job_context::{Counts, Failed, JobContext};

/// Moves the counts of past minutes into the trail. Several processes may do it at once.
pub(super) async fn fold(job_context: &JobContext, now: Timestamp) {
    if let Err(error) = job_context.store.fold_audit(now, counted).await {
        tracing::error!(%error, "counts could not be written to the audit trail");
    }
}

/// Logs where the trail ends, and prunes old rows.
pub(super) async fn daily(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    fold(job_context, now).await;
    say_end(&job_context.store).await;
    let gone =
        job_context.store.prune_audit(job_context.retention.zone.before(now, job_context.audit_kept)).await?;
    if gone > 0 {
        tracing::info!(count = gone, "old rows of the audit trail are gone");
        return Ok(vec![("rows", gone as u64)]);
    }
    Ok(Counts::new())
}

/// Logs the trail's end: logs are kept elsewhere, so a cut trail shows.
pub async fn say_end(store: &Store) {
    match store.certain_audit_head().await {
        Ok(Some(head)) => {
            let anchor = AnchorWord { seq: head.seq, proof: head.proof };
            tracing::info!(audit.anchor = %anchor, "the audit trail ends here");
        }
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "the end of the audit trail could not be read"),
    }
}
