//! Letters announced by another letter's notice, or not announced: when their recipient cannot be notified,
//! their senders are told, each by the memo of the letter's first notice. Knows no wording.

use sealpost_mail::EnhancedCode;
use sealpost_store::bounce_token;

use crate::context::Context;
use crate::reminder::{Mailing, Unsent, memo, once, unsent};
use crate::rows::{At, unannounced};

/// RFC 3463 §3.2: mailbox disabled, not accepting messages, as far as we know.
pub const UNREACHABLE: EnhancedCode = EnhancedCode(5, 2, 1);

/// Informs one letter's sender.
///
/// # Errors
/// The text is for the log.
pub async fn tell(
    context: &Context,
    deposit_id: &str,
    status: Option<EnhancedCode>,
) -> Result<Mailing, Unsent> {
    let now = context.shared.clock.now();
    let first = context.shared.store.bounce_memo(&bounce_token(deposit_id, 0)).await.map_err(unsent)?;
    let Some(first) = first else { return Ok(Mailing::Nobody) };
    let memo = memo(&context.shared.keys.rows, deposit_id, &first.memo_sealed)?;
    let id = context.shared.random.id();
    let at = At { context, id: &id, now };
    let told = unannounced(&at, &memo, status).await;
    let mut rows = told.map_err(|reply| Unsent::Store(reply.to_line()))?;
    if rows.legs.is_empty() {
        return Ok(Mailing::Nobody);
    }
    // A repetition, after a crash or on another node, informs no sender twice.
    let mut fingerprint = context.shared.keys.tags.fingerprint();
    fingerprint.update(b"nobody told\0");
    fingerprint.update(deposit_id.as_bytes());
    rows.fingerprint = Some(fingerprint.finish());
    once(&context.shared, rows).await
}
