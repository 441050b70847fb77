//! A report on one of our notices has arrived at its VERP address: finds the letter it was about and informs
//! its sender. Knows no mailbox key; the letter itself is unchanged.

use sealpost_mail::{EnhancedCode, Reply, ReversePath};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_notice::ReplyState;
use sealpost_store::{ArrivalRows, BounceMemo, NewBounce, bounce_token};
use sealpost_vault::Label;

use super::Arrival;
use super::reports;
use crate::bounce_status::{BounceStatus, read};
use crate::decided::{Decided, Way};
use crate::memo::NoticeMemo;
use crate::reminder;
use crate::reply::ReplyMemo;
use crate::undelivered::{self, Undelivered};

/// Reports to the senders of letters whose notices have failed. A notice is reported once: its token is spent
/// in the same commit.
pub(super) async fn rows(arrival: &Arrival<'_>, decided: &[Decided]) -> Result<ArrivalRows, Reply> {
    let mut rows = ArrivalRows::new(arrival.now);
    let mut failed: Vec<(String, BounceMemo)> = Vec::new();
    for Decided { way, .. } in decided {
        let Way::Bounce(token) = way else { continue };
        if failed.iter().any(|(known, _)| known == token) {
            continue;
        }
        let found = arrival
            .context
            .shared
            .store
            .bounce_memo(token)
            .await
            .map_err(|error| crate::failure::unavailable(&error))?;
        failed.push((token.clone(), found.ok_or_else(|| Reply::refuse(550, 1, 1, "No such address"))?));
    }
    if failed.is_empty() {
        return Ok(rows);
    }
    // Reports have the null reverse-path (RFC 3464 §2); anything else is from somebody who saw the address.
    let said = match &arrival.envelope.reverse_path {
        ReversePath::Address(_) => return super::reply_to_notice::to_writer(arrival).await,
        ReversePath::Null => arrival.spooled.whole(&arrival.context.shared).await?.look(read).await?,
    };
    let status = match said {
        BounceStatus::Failed(status) => Some(status),
        BounceStatus::Unclear => None,
        BounceStatus::Nothing => {
            tracing::info!(arrival.id = %arrival.id, "mail to a notice's return address; nothing failed");
            return Ok(rows);
        }
    };
    for (token, kept) in failed {
        rows.join(told(arrival, status, &kept).await?);
        rows.spent_memos.push(token);
    }
    Ok(rows)
}

/// RFC 3463 §3.1: "other undefined status".
const UNSAID: EnhancedCode = EnhancedCode(5, 0, 0);

/// The letter's sender is told of a failed notice; the mailbox's owner of a bounced reply.
async fn told(
    arrival: &Arrival<'_>,
    status: Option<EnhancedCode>,
    kept: &BounceMemo,
) -> Result<ArrivalRows, Reply> {
    let open = |label| arrival.context.shared.keys.rows.open(label, &kept.deposit_id, &kept.memo_sealed);
    if let Ok(plain) = open(Label::ReplyMemo) {
        let memo: ReplyMemo = serde_json::from_slice(plain.expose()).map_err(crate::failure::later)?;
        let told = Undelivered {
            mailbox_id: &kept.mailbox_id,
            deposit_id: &kept.deposit_id,
            recipient: &memo.recipient,
            message_id: Some(memo.message_id),
            subject: None,
            date: memo.at,
            status: status.unwrap_or(UNSAID),
            // As the bounce says; its text is untrusted.
            said: status.map(|status| status.to_string()),
            state: ReplyState::Failed,
        };
        return undelivered::rows(arrival.context, &told).await.map_err(crate::failure::later);
    }
    let plain = open(Label::NoticeMemo).map_err(crate::failure::later)?;
    let memo: NoticeMemo = serde_json::from_slice(plain.expose()).map_err(crate::failure::later)?;
    // A reminder about the mailbox itself is about no letter.
    let letter = Some(&kept.deposit_id).filter(|letter| **letter != kept.mailbox_id);
    let returned =
        Event::NoticeReturned { letter: letter.map_or("", String::as_str), mailbox: &kept.mailbox_id };
    let mut rows = ArrivalRows::new(arrival.now);
    rows.audit.push(returned.row(arrival.now, &Actor::System, None));
    tracing::warn!(mailbox.id = %kept.mailbox_id, "a notice could not be delivered");
    // What is uncertain is reported, but not counted.
    if let Some(status) = status {
        rows.bounced.push(NewBounce {
            mailbox_id: kept.mailbox_id.clone(),
            deposit_id: letter.cloned(),
            status: status.to_string(),
            at: arrival.now,
        });
    }
    let at = reports::At::of(arrival);
    rows.join(reports::unannounced(&at, &memo, status).await?);
    for other in &memo.others {
        let first = arrival.context.shared.store.bounce_memo(&bounce_token(other, 0)).await;
        let Some(first) = first.map_err(|error| crate::failure::unavailable(&error))? else { continue };
        // It does not prevent the others' senders from being told.
        match reminder::memo(&arrival.context.shared.keys.rows, other, &first.memo_sealed) {
            Ok(memo) => rows.join(reports::unannounced(&at, &memo, status).await?),
            Err(error) => tracing::error!(?error, deposit.id = %other, "a letter's sender cannot be told"),
        }
    }
    Ok(rows)
}
