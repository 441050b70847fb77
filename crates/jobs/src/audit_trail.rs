//! What happens to the audit trail by the clock: counts become rows, its end goes to the log, old rows go. Knows no event
//! but that.

use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{AnchorWord, counted};
use sealpost_store::Store;

use crate::workshop::{Counts, Failed, Workshop};

/// Puts what was counted in minutes that are over into the trail. Several processes may do it at once.
pub(super) async fn fold(workshop: &Workshop, now: Timestamp) {
    if let Err(error) = workshop.store.fold_audit(now, counted).await {
        tracing::error!(%error, "what was counted could not be put into the audit trail");
    }
}

/// Says where the trail ends, and lets old rows go.
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

/// Puts the trail's end into the log, which is kept elsewhere: a trail that was cut shows by it.
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
