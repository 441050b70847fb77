//! Letters announced by another letter's notice, or not announced: when their recipient cannot be notified,
//! their senders are told, each by the memo of the letter's first notice. Knows no wording.

use sealpost_mail::EnhancedCode;

use crate::context::Context;
use crate::memo::NoticeMemo;
use crate::reminder::{Mailing, Unsent, once, unsent};
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
    let first = NoticeMemo::first(&context.shared.keys.rows, &context.shared.store, deposit_id).await;
    let Some(first) = first.map_err(unsent)? else { return Ok(Mailing::Nobody) };
    let (memo, _row) = first.map_err(unsent)?;
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
