//! What the operator's own systems may learn of a letter besides its id: its sender and recipient, as sealed
//! in the rows of its notices and events. Knows no receiver.

use sealpost_delivery::ReportsTo;
use sealpost_mail::{Address, ReversePath, Secret, Timestamp};
use sealpost_mailbox::audit::event_holds;
use sealpost_mailbox::open_memo;
use sealpost_store::{BounceMemo, EventRow, LetterEvent, NewEvent};
use sealpost_vault::{Label, QueueKeys, RowKey};

use crate::context::Shared;
use crate::memo::NoticeMemo;

/// Sender and recipient of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFacts {
    /// The sender; `None` for a null reverse-path.
    pub sender: Option<Address>,
    /// The recipient.
    pub recipient: Address,
    /// Its Message-ID; for a reply, that of the letter replied to.
    pub message_id: Option<String>,
}

/// What is known of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum EventSaid {
    /// Its proof is valid; with the letter's facts, if known and readable.
    Proven(Option<EventFacts>),
    /// Its row is damaged, or was not written by us.
    Unproven,
}

/// What an event's row says.
pub fn event_said(keys: &QueueKeys, event: &EventRow) -> EventSaid {
    if !event_holds(keys.audit.events(), event) {
        return EventSaid::Unproven;
    }
    EventSaid::Proven(facts(keys, event))
}

fn facts(keys: &QueueKeys, event: &EventRow) -> Option<EventFacts> {
    NoticeMemo::open(&keys.rows, &event.letter, event.memo_sealed.as_ref()?).map(EventFacts::of)
}

/// What is stored with a letter's first notice. `None`: the row holds no memo of ours.
#[must_use]
pub fn notice_facts(rows: &RowKey, row: &BounceMemo) -> Option<EventFacts> {
    open_memo(rows, Label::NoticeMemo, row).ok().map(EventFacts::of)
}

impl EventFacts {
    fn of(memo: NoticeMemo) -> Self {
        Self {
            sender: memo.sender.address().cloned(),
            recipient: memo.recipient,
            message_id: memo.message_id,
        }
    }
}

/// The event that an owner replies to a letter.
pub(crate) fn answered(
    shared: &Shared,
    mailbox_id: &str,
    deposit_id: &str,
    writer: &Address,
    recipient: &Address,
    answers: &str,
    now: Timestamp,
) -> Result<NewEvent, serde_json::Error> {
    let memo = NoticeMemo {
        sender: ReversePath::Address(writer.clone()),
        reports_to: ReportsTo::Ours,
        recipient: recipient.clone(),
        at: now,
        message_id: Some(answers.to_owned()),
        receipt_to: None,
        others: Vec::new(),
    };
    let json = Secret::new(serde_json::to_vec(&memo)?);
    let random = &*shared.random;
    Ok(NewEvent {
        kind: LetterEvent::Answered,
        letter: deposit_id.to_owned(),
        mailbox: mailbox_id.to_owned(),
        at: now,
        detail: String::new(),
        memo_sealed: Some(shared.keys.rows.seal(Label::NoticeMemo, deposit_id, json.expose(), random)),
    })
}
