//! What proves the audit trail and what webhooks are told: whoever has the key answers, the store asks within the
//! transaction. Knows no key, no engine, and nobody who writes rows.

use std::fmt;

use sealpost_mail::Timestamp;

use crate::audit_row::AuditRow;
use crate::error::StoreError;
use crate::proven_facts::{Happened, Letters, ProvenFact};
use crate::statement::{Row, Statement, sql};

/// Proves rows. The store asks it within the transaction that writes them and keeps what it says.
pub trait AuditProver: Send + Sync + fmt::Debug {
    /// Under which name it writes, and of which server key its key is.
    fn writer(&self) -> (&str, i64);
    /// The proof of a row after the row with the proof `before`, which is empty for the first one.
    fn row(&self, before: &[u8], seq: i64, row: &AuditRow) -> Vec<u8>;
    /// The proof of what a receiver is to be told.
    fn event(&self, event: &EventWords<'_>) -> Vec<u8>;
    /// The proof of a row that only says that something is to be done or known.
    fn fact(&self, fact: &ProvenFact) -> Vec<u8>;
    /// Whether it is one of us who proved that, whichever role.
    fn fact_holds(&self, fact: &ProvenFact, proof: &[u8]) -> bool;
    /// The proof of the anchor `head` or `pruned`.
    fn anchor(&self, kind: AnchorKind, seq: i64, at: Timestamp, proof: &[u8]) -> Vec<u8>;
}

/// Which anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorKind {
    /// The last row.
    Head,
    /// The last row that is gone.
    Pruned,
}

impl AnchorKind {
    /// The word in the column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Pruned => "pruned",
        }
    }
}

/// What a receiver is told, as it is proven.
#[derive(Clone, Copy, Debug)]
pub struct EventWords<'a> {
    /// The event's id.
    pub id: &'a str,
    /// The receiver.
    pub hook: &'a str,
    /// What happened.
    pub kind: &'a str,
    /// When.
    pub at: Timestamp,
    /// To which letter.
    pub letter: &'a str,
    /// In which mailbox.
    pub mailbox: &'a str,
    /// A status, or `read` and `unread`; may be empty.
    pub detail: &'a str,
}

/// A place in the chain that is proven by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Of which row.
    pub seq: i64,
    /// When that row was written.
    pub at: Timestamp,
    /// That row's proof.
    pub proof: Vec<u8>,
    /// Who wrote the anchor.
    pub writer: String,
    /// Of which server key its key is.
    pub key_id: i64,
    /// The anchor's own proof.
    pub anchor_proof: Vec<u8>,
}

/// The columns of [`read_anchor`].
pub(crate) fn anchor(kind: AnchorKind) -> Statement {
    sql!(
        "SELECT seq, at, proof, writer, key_id, anchor_proof FROM audit_anchors WHERE kind = ?1",
        kind.as_str()
    )
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

/// The proof of what a statement that tells has returned, within the transaction that wrote it, if it is what has happened. The
/// columns are those of `returning!` in `hook.rs`.
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
