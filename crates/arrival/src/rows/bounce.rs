//! A report on one of our notices has arrived at its VERP address: finds the letter it was about and informs
//! its sender. Knows no mailbox key; the letter itself is unchanged.

use sealpost_mail::{EnhancedCode, Reply, ReversePath};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_mailbox::{MemoError, ReturnToken, open_memo};
use sealpost_notice::ReplyState;
use sealpost_store::{ArrivalRows, BounceMemo, NewBounce};
use sealpost_vault::{Label, RowKey};

use super::Arrival;
use super::reports;
use crate::bounce_status::{BounceStatus, read};
use crate::decided::{Decided, Way};
use crate::memo::NoticeMemo;
use crate::reply::ReplyMemo;
use crate::undelivered::{self, Undelivered};

/// Reports to the senders of letters whose notices have failed. A notice is reported once: its token is spent
/// in the same commit.
pub(super) async fn rows(arrival: &Arrival<'_>, decided: &[Decided]) -> Result<ArrivalRows, Reply> {
    let mut rows = ArrivalRows::new(arrival.now);
    let mut failed: Vec<Returned> = Vec::new();
    for Decided { way, .. } in decided {
        let Way::Bounce(token) = way else { continue };
        let found = returned(arrival, token).await?;
        if !failed.iter().any(|known| known.row.key == found.row.key) {
            failed.push(found);
        }
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
    for Returned { row, memo } in failed {
        rows.join(told(arrival, status, &row, memo).await?);
        rows.spent_memos.push(row.key);
    }
    Ok(rows)
}

/// A mail that came back.
struct Returned {
    row: BounceMemo,
    memo: Memo,
}

enum Memo {
    Notice(NoticeMemo),
    Reply(ReplyMemo),
}

impl Memo {
    fn open(rows: &RowKey, row: &BounceMemo) -> Result<Self, MemoError> {
        match open_memo(rows, Label::ReplyMemo, row) {
            Ok(memo) => Ok(Self::Reply(memo)),
            Err(MemoError::Sealed(_)) => open_memo(rows, Label::NoticeMemo, row).map(Self::Notice),
            Err(error @ (MemoError::Content(_) | MemoError::Elsewhere)) => Err(error),
        }
    }
}

/// The mail whose reverse-path has this token. A row that holds no memo of ours is none.
async fn returned(arrival: &Arrival<'_>, token: &ReturnToken) -> Result<Returned, Reply> {
    let shared = &arrival.context.shared;
    let found = shared.store.returned_memo(&token.hash(), token.expose(), arrival.now).await;
    let row = found.map_err(|error| crate::failure::unavailable(&error))?;
    let nobody = || Reply::refuse(550, 1, 1, "No such address");
    let row = row.ok_or_else(nobody)?;
    match Memo::open(&shared.keys.rows, &row) {
        Ok(memo) => Ok(Returned { row, memo }),
        Err(error) => {
            tracing::error!(row.kind = "bounce memo", row.id = %row.key.as_str(), %error, "damaged, or written by somebody else: a mail that came back to it is refused");
            Err(nobody())
        }
    }
}

/// RFC 3463 §3.1: "other undefined status".
const UNSAID: EnhancedCode = EnhancedCode(5, 0, 0);

/// The letter's sender is told of a failed notice; the mailbox's owner of a bounced reply.
async fn told(
    arrival: &Arrival<'_>,
    status: Option<EnhancedCode>,
    kept: &BounceMemo,
    memo: Memo,
) -> Result<ArrivalRows, Reply> {
    let memo = match memo {
        Memo::Notice(memo) => memo,
        Memo::Reply(memo) => {
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
    };
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
        let shared = &arrival.context.shared;
        let first = NoticeMemo::first(&shared.keys.rows, &shared.store, other).await;
        let Some(first) = first.map_err(|error| crate::failure::unavailable(&error))? else { continue };
        // It does not prevent the others' senders from being told.
        match first {
            Ok((memo, _row)) => rows.join(reports::unannounced(&at, &memo, status).await?),
            Err(error) => tracing::error!(?error, deposit.id = %other, "a letter's sender cannot be told"),
        }
    }
    Ok(rows)
}
