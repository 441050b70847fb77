//! What support sees of a mailbox and its letters: look-up, states, times and counts. Never content, subject or file
//! names.

use sealpost_mail::{Address, Timestamp};
use sealpost_mailbox::audit::actions;
use sealpost_mailbox::{MailboxError, Resident, Retention};
use sealpost_store::{
    AuditRow, DepositRow, Folder, MailboxFacts, MailboxRow, MailboxState, PendingEnd, Store, StoreError,
};
use sealpost_vault::SupportRole;
use serde_json::{Map, Value, json};

use crate::error::SupportError;

/// The mailbox with this address or id; a deleted one only by id.
///
/// # Errors
/// It does not exist.
pub async fn find(store: &Store, keys: &SupportRole, which: &str) -> Result<MailboxRow, SupportError> {
    let none = || SupportError::NoMailbox(which.to_owned());
    let Ok(address) = Address::parse(which) else {
        return store.mailbox(which).await?.ok_or_else(none);
    };
    let tag = keys.queue.tags.address_tag(&address.identity());
    store.mailboxes_by_tag(&[tag]).await?.pop().ok_or_else(none)
}

/// The letter with this id, and its mailbox.
///
/// # Errors
/// It does not exist.
pub async fn find_letter(store: &Store, id: &str) -> Result<(DepositRow, MailboxRow), SupportError> {
    let none = || SupportError::NoLetter(id.to_owned());
    let row = store.letter(id).await?.ok_or_else(none)?;
    let mailbox = store.mailbox(&row.mailbox_id).await?.ok_or_else(none)?;
    Ok((row, mailbox))
}

/// The address of its owner; `None` for a deleted mailbox.
///
/// # Errors
/// Its row is invalid.
pub fn address(keys: &SupportRole, row: &MailboxRow) -> Result<Option<Address>, MailboxError> {
    if row.state == MailboxState::Deleted {
        return Ok(None);
    }
    Ok(Some(resident(keys, row)?.address().clone()))
}

/// The mailbox's owner.
///
/// # Errors
/// Its row is invalid.
pub(crate) fn resident(keys: &SupportRole, row: &MailboxRow) -> Result<Resident, MailboxError> {
    let queue = &keys.queue;
    Resident::of(row, &queue.rows, &queue.tags)
}

/// RFC 3339; `None` without a time.
#[must_use]
pub fn instant(at: Option<Timestamp>) -> Option<String> {
    Some(jiff::Timestamp::from_millisecond(at?.0).ok()?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// When a mailbox will be deleted unless it is used or activated.
///
/// # Errors
/// The store did not answer.
pub async fn goes(
    store: &Store,
    retention: &Retention,
    row: &MailboxRow,
) -> Result<Option<Timestamp>, StoreError> {
    let pending = match row.state {
        MailboxState::Pending => store.pending_end(&row.id).await?,
        MailboxState::Active | MailboxState::Locked | MailboxState::Deleted => PendingEnd::Unknown,
    };
    Ok(retention.mailbox_goes(row, pending))
}

/// All facts that are shown about a mailbox.
#[must_use]
pub fn facts_json(
    goes: Option<Timestamp>,
    row: &MailboxRow,
    address: Option<&str>,
    facts: &MailboxFacts,
    letters: &[DepositRow],
    last_letter: Option<Timestamp>,
    withdrawn: usize,
) -> Map<String, Value> {
    // While the mailbox is under a hold its link does not expire.
    let counts = row.state == MailboxState::Pending && row.held_since.is_none();
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
        "goes": instant(goes),
        "link_good_until": instant(facts.link_until.filter(|_| counts)),
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

/// When the last letter came, by the audit trail and the stored letters: the mailbox's own time may be that of the end
/// of a hold.
#[must_use]
pub fn last_letter(trail: &[AuditRow], letters: &[DepositRow]) -> Option<Timestamp> {
    let noted = trail.iter().filter(|row| row.action == actions::DEPOSITED).map(|row| row.at);
    let there =
        letters.iter().filter(|letter| letter.folder != Folder::Sent).map(|letter| letter.received_at);
    noted.chain(there).max()
}

/// All facts that are shown about a letter.
#[must_use]
pub fn letter_json(mailbox: &MailboxRow, letter: &DepositRow) -> Value {
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
