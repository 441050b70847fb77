//! The interface that proves audit rows and webhook events: the store calls it within the transaction, and the caller
//! who holds the key implements it. Knows no key and no engine.

use std::fmt;

use sealpost_mail::Timestamp;

use crate::audit_row::AuditRow;
use crate::error::StoreError;
use crate::proven_facts::{Happened, Letters, ProvenFact};
use crate::statement::{Row, Statement, sql};

/// Proves rows. The store calls it within the transaction that writes them and stores the result.
pub trait AuditProver: Send + Sync + fmt::Debug {
    /// The writer's name, and the id of the server key that its proof key is derived from.
    fn writer(&self) -> (&str, i64);
    /// The proof of a row after the row with the proof `before`, empty for the first row.
    fn row(&self, before: &[u8], seq: i64, row: &AuditRow) -> Vec<u8>;
    /// The proof of an event for a webhook.
    fn event(&self, event: &EventWords<'_>) -> Vec<u8>;
    /// The proof of a statement row: one that only records that something is to be done or known.
    fn fact(&self, fact: &ProvenFact) -> Vec<u8>;
    /// Whether `proof` was made by one of our processes, in any role.
    fn fact_holds(&self, fact: &ProvenFact, proof: &[u8]) -> bool;
    /// The proof of the anchor `head` or `pruned`.
    fn anchor(&self, kind: AnchorKind, seq: i64, at: Timestamp, proof: &[u8]) -> Vec<u8>;
}

/// The two anchors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorKind {
    /// The last row of the trail.
    Head,
    /// The last row that was pruned.
    Pruned,
}

impl AnchorKind {
    /// The value stored in the column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Pruned => "pruned",
        }
    }
}

/// The fields of a webhook event that its proof covers.
#[derive(Clone, Copy, Debug)]
pub struct EventWords<'a> {
    /// The event's id.
    pub id: &'a str,
    /// The receiver.
    pub hook: &'a str,
    /// The kind of event.
    pub kind: &'a str,
    /// When it happened.
    pub at: Timestamp,
    /// Id of the letter.
    pub letter: &'a str,
    /// Id of the mailbox.
    pub mailbox: &'a str,
    /// A status, or `read` and `unread`; may be empty.
    pub detail: &'a str,
}

/// A position in the chain with a proof of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Sequence number of the row.
    pub seq: i64,
    /// When that row was written.
    pub at: Timestamp,
    /// That row's proof.
    pub proof: Vec<u8>,
    /// The process that wrote the anchor.
    pub writer: String,
    /// The id of the server key that its proof key is derived from.
    pub key_id: i64,
    /// The anchor's own proof.
    pub anchor_proof: Vec<u8>,
}

/// Selects the columns that [`read_anchor`] expects, of the kind in the first argument.
macro_rules! select_anchor {
    () => {
        "SELECT seq, at, proof, writer, key_id, anchor_proof FROM audit_anchors WHERE kind = ?1"
    };
}

pub(crate) use select_anchor;

pub(crate) fn anchor(kind: AnchorKind) -> Statement {
    sql!(select_anchor!(), kind.as_str())
}

pub(crate) fn read_anchor(mut row: Row) -> Result<Anchor, StoreError> {
    Ok(Anchor {
        seq: row.int()?,
        at: row.time()?,
        proof: row.blob()?,
        writer: row.text()?,
        key_id: row.int()?,
        anchor_proof: row.blob()?,
    })
}

/// The proof of the row that a statement returned, within the transaction that wrote it; `None` if the row records no
/// event. Columns as in `returning!` in `hook.rs`.
pub(crate) fn proven(
    prover: Option<&dyn AuditProver>,
    happened: &Happened,
    mut row: Row,
) -> Result<Statement, StoreError> {
    let (id, hook, kind) = (row.text()?, row.text()?, row.text()?);
    let (at, letter, mailbox, detail) = (row.time()?, row.text()?, row.text()?, row.text()?);
    let as_asked = match &happened.to {
        Letters::One(asked) => letter == *asked,
        Letters::AllIn { mailbox_id, among } => {
            mailbox == *mailbox_id && among.as_ref().is_none_or(|among| among.contains(&letter))
        }
    };
    let says_more = happened.detail.as_ref().is_some_and(|asked| detail != *asked);
    if !as_asked || says_more || kind != happened.kind.as_str() || at != happened.at {
        return Err(StoreError::Damaged { what: "an event as it was written" });
    }
    let told = EventWords {
        id: &id,
        hook: &hook,
        kind: &kind,
        at,
        letter: &letter,
        mailbox: &mailbox,
        detail: &detail,
    };
    let proof = prover.map(|prover| prover.event(&told)).unwrap_or_default();
    Ok(sql!("UPDATE hook_events SET proof = ?2 WHERE id = ?1", id.as_str(), proof))
}
