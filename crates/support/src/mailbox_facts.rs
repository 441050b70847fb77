//! What the commands about mailboxes and letters share: finding one, what may be shown of it, the note that goes into the
//! audit trail. Never content, subject or the name of a file.

use sealpost_mail::{Address, Timestamp};
use sealpost_mailbox::audit::{Actor, Event, actions};
use sealpost_mailbox::{LastUse, MailboxError, Resident, Retention};
use sealpost_store::{
    AuditRow, DepositRow, Folder, MailboxFacts, MailboxRow, MailboxState, Store, StoreError,
};
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::config::checked::{Plan, SupportKeys};

/// Why it was not done.
#[derive(Debug, Error)]
pub(crate) enum SupportError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Mailbox(#[from] MailboxError),
    #[error("there is no mailbox {0:?}: give the address it was made for, or its id")]
    NoMailbox(String),
    #[error("there is no letter {0:?} (any more): give the id that `sealpost mailbox show` prints")]
    NoLetter(String),
    #[error("{0}")]
    Not(&'static str),
    #[error("the mail to its owner cannot be written, and nothing was done: {0}")]
    Mail(String),
    #[error("a note is missing: say why, in words that may stand in the audit trail")]
    NoNote,
    #[error("the note has a mail address in it, and the audit trail has none: write who and why without it")]
    AddressInNote,
    #[error("{0:?} is no state of a mailbox: pending, active, locked or deleted")]
    NoState(String),
}

/// A note that may stand in the trail.
pub(super) fn check_note(note: &str) -> Result<(), SupportError> {
    if note.trim().is_empty() {
        return Err(SupportError::NoNote);
    }
    if note.contains('@') {
        return Err(SupportError::AddressInNote);
    }
    Ok(())
}

/// By address or by id; a deleted one only by id.
pub(super) async fn find(store: &Store, keys: &SupportKeys, which: &str) -> Result<MailboxRow, SupportError> {
    let none = || SupportError::NoMailbox(which.to_owned());
    let Ok(address) = Address::parse(which) else {
        return store.mailbox(which).await?.ok_or_else(none);
    };
    let tag = keys.role.queue.tags.address_tag(&address.identity());
    store.mailboxes_by_tag(&[tag]).await?.pop().ok_or_else(none)
}

/// A deleted mailbox has none any more.
pub(super) fn address(keys: &SupportKeys, row: &MailboxRow) -> Result<Option<Address>, SupportError> {
    if row.state == MailboxState::Deleted {
        return Ok(None);
    }
    Ok(Some(resident(keys, row)?.address().clone()))
}

pub(super) fn resident(keys: &SupportKeys, row: &MailboxRow) -> Result<Resident, SupportError> {
    let queue = &keys.role.queue;
    Ok(Resident::of(row, &queue.rows, &queue.tags)?)
}

/// RFC 3339, or nothing.
pub(super) fn instant(at: Option<Timestamp>) -> Option<String> {
    Some(jiff::Timestamp::from_millisecond(at?.0).ok()?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

pub(super) fn goes(retention: &Retention, row: &MailboxRow) -> Option<Timestamp> {
    retention
        .unused(&LastUse::from(row))
        .filter(|_| row.held_since.is_none() && row.state != MailboxState::Deleted)
}

/// Everything that is shown of a mailbox.
pub(super) fn facts_json(
    plan: &Plan,
    row: &MailboxRow,
    address: Option<&str>,
    facts: &MailboxFacts,
    letters: &[DepositRow],
    last_letter: Option<Timestamp>,
    withdrawn: usize,
) -> Map<String, Value> {
    let letters: Vec<Value> = letters.iter().map(|letter| letter_json(row, letter)).collect();
    let facts = json!({
        "mailbox": row.id,
        "address": address,
        "state": row.state.as_str(),
        "language": row.language,
        "created": instant(Some(row.created_at)),
        "activated": instant(row.activated_at),
        "last_log_in": instant(row.last_seen_at),
        "last_letter": instant(last_letter),
        "held_since": instant(row.held_since),
        "goes": instant(goes(&plan.portal.retention, row)),
        "link_good_until": instant(facts.link_until.filter(|_| row.state == MailboxState::Pending)),
        "received": facts.received,
        "unread": facts.unread,
        "sent": facts.sent,
        "in_trash": facts.trashed,
        "drafts": facts.drafts,
        "bytes": facts.bytes,
        "sessions": facts.sessions,
        "open_requests": facts.requests,
        "withdrawn": withdrawn,
        "letters": letters,
    });
    match facts {
        Value::Object(facts) => facts,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// When a letter came last, as far as the trail and the letters that are there say: what the mailbox's time is counted from
/// may be the end of a hold.
pub(super) fn last_letter(trail: &[AuditRow], letters: &[DepositRow]) -> Option<Timestamp> {
    let noted = trail.iter().filter(|row| row.action == actions::DEPOSITED).map(|row| row.at);
    let there =
        letters.iter().filter(|letter| letter.folder != Folder::Sent).map(|letter| letter.received_at);
    noted.chain(there).max()
}

/// Everything that is shown of a letter.
pub(super) fn letter_json(mailbox: &MailboxRow, letter: &DepositRow) -> Value {
    json!({
        "letter": letter.id,
        "folder": letter.folder.as_str(),
        "bytes": letter.size,
        "came": instant(Some(letter.received_at)),
        "opened": instant(letter.read_at),
        "in_trash_since": instant(letter.trashed_at),
        "goes": instant(letter.expires_at.filter(|_| mailbox.held_since.is_none())),
    })
}

/// The store, noting that an operator did this, and why.
pub(super) fn noting(store: &Store, event: &Event<'_>, note: &str, now: Timestamp) -> Store {
    store.audited([noted(event, note, now)])
}

/// That an operator did this, and why.
pub(super) fn noted(event: &Event<'_>, note: &str, now: Timestamp) -> AuditRow {
    let row = event.row(now, &Actor::of_command(), None);
    let note: String = note.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let detail = format!("{} note={note}", row.detail).trim_start().to_owned();
    AuditRow { detail, ..row }
}
