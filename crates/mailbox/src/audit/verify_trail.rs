//! Verifies the audit trail from its beginning while others keep writing, and reports where it breaks.
//! Changes nothing.

use std::collections::BTreeMap;

use sealpost_store::{Store, StoreError};
use sealpost_vault::AuditMaster;

use super::verify::{AnchorWord, Verified, Verifier};

/// Reads all rows. `noted`: anchors kept from the log or elsewhere.
///
/// # Errors
/// The store failed.
pub async fn verify_trail(
    store: &Store,
    masters: &[AuditMaster],
    noted: &[AnchorWord],
) -> Result<Verified, StoreError> {
    // Before any row: whatever is created from now on has its row further down.
    let (mut made, mut after) = (BTreeMap::new(), String::new());
    loop {
        let page = store.mailboxes_made(&after).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        made.extend(page);
    }
    // Rows may be pruned meanwhile: then start again from the new beginning.
    loop {
        let (mut rows, begin) = store.audit_page(0).await?;
        let begin = begin.pruned;
        let mut verifier = Verifier::new(masters, begin.clone(), noted.to_vec(), made.clone());
        loop {
            rows.iter().for_each(|row| verifier.take(row));
            let last = rows.last().map_or(0, |row| row.seq);
            let (more, now) = store.audit_page(last).await?;
            if now.pruned != begin {
                break;
            }
            if more.is_empty() {
                return Ok(verifier.finish(now.head.as_ref()));
            }
            rows = more;
        }
    }
}
