//! Scheduled work on the audit trail: counts become rows, its end is logged, old rows are pruned. Knows no
//! other event.

use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{AnchorWord, counted};
use sealpost_store::Store;

use crate::workshop::{Counts, Failed, Workshop};

/// Moves the counts of past minutes into the trail. Several processes may do it at once.
pub(super) async fn fold(workshop: &Workshop, now: Timestamp) {
    if let Err(error) = workshop.store.fold_audit(now, counted).await {
        tracing::error!(%error, "counts could not be written to the audit trail");
    }
}

/// Logs where the trail ends, and prunes old rows.
pub(super) async fn daily(workshop: &Workshop, now: Timestamp) -> Result<Counts, Failed> {
    fold(workshop, now).await;
    say_end(&workshop.store).await;
    let gone = workshop.store.prune_audit(workshop.retention.zone.before(now, workshop.audit_kept)).await?;
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
