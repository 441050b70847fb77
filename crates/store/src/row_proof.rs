//! Proofs of statement rows (rows that only record that something is to be done or known), made within the
//! transaction that writes them, and what they cover (decision 0022). Knows no key and no engine.

use std::collections::BTreeMap;

use crate::audit_proof::{AuditProver, proven};
use crate::column_values::{RequestState, UnreadEnd};
use crate::error::StoreError;
use crate::proven_facts::{AskedRow, FactKind, ProvenFact, Proves};
use crate::statement::{Row, Statement, sql};

/// The columns of [`ProvenFact`], as [`ProvenFact::read`] takes them, and the proof behind them.
macro_rules! gone_words {
    () => {
        "deposit_id, received_at, gone_at, how, proof"
    };
}
pub(crate) use gone_words;

macro_rules! came_back_words {
    () => {
        "mailbox_id, bounces, last_at, status, proof"
    };
    // With the columns qualified for a join with another table.
    (u) => {
        "u.mailbox_id, u.bounces, u.last_at, u.status, u.proof"
    };
}
pub(crate) use came_back_words;

macro_rules! request_words {
    () => {
        "number, mailbox_id, kind, state, created_at, decided_at, note_sealed, decision_sealed, proof"
    };
}
pub(crate) use request_words;

macro_rules! ended_words {
    () => {
        "hash, why, at, proof"
    };
}
pub(crate) use ended_words;

impl ProvenFact {
    /// Reads a row with its proof, which is empty if there is none.
    pub(crate) fn read(kind: FactKind, row: &mut Row) -> Result<(Self, Vec<u8>), StoreError> {
        let said = match kind {
            FactKind::GoneUnread => Self::GoneUnread {
                deposit_id: row.text()?,
                received_at: row.time()?,
                gone_at: row.time()?,
                how: row.text()?,
            },
            FactKind::CameBack => Self::CameBack {
                mailbox_id: row.text()?,
                bounces: row.int()?,
                last_at: row.time()?,
                status: row.text()?,
            },
            FactKind::Request => Self::Request(AskedRow::read(row)?),
            FactKind::SessionEnded => {
                Self::SessionEnded { hash: row.blob()?, why: row.text()?, at: row.time()? }
            }
        };
        Ok((said, row.opt_blob()?.unwrap_or_default()))
    }

    /// The statement that stores the proof.
    pub(crate) fn proven_by(&self, proof: Vec<u8>) -> Statement {
        match self {
            Self::GoneUnread { deposit_id, .. } => {
                sql!("UPDATE gone_unread SET proof = ?2 WHERE deposit_id = ?1", deposit_id.as_str(), proof)
            }
            Self::CameBack { mailbox_id, bounces, .. } => sql!(
                "UPDATE unreachable SET bounces = ?2, proof = ?3 WHERE mailbox_id = ?1",
                mailbox_id.as_str(),
                *bounces,
                proof
            ),
            Self::Request(AskedRow { number, .. }) => {
                sql!("UPDATE requests SET proof = ?2 WHERE number = ?1", *number, proof)
            }
            Self::SessionEnded { hash, .. } => {
                sql!("UPDATE ended_sessions SET proof = ?2 WHERE hash = ?1", hash.clone(), proof)
            }
        }
    }
}

impl AskedRow {
    fn read(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.int()?,
            mailbox_id: row.text()?,
            kind: row.text()?,
            state: row.text()?,
            created_at: row.time()?,
            decided_at: row.opt_time()?,
            note: row.opt_blob()?,
            decision: row.opt_blob()?,
        })
    }

    /// The row as it was before it was decided.
    fn open(&self) -> Self {
        Self {
            state: RequestState::Open.as_str().to_owned(),
            decided_at: None,
            decision: None,
            ..self.clone()
        }
    }
}

/// Proofs for the statements of one batch, in order.
#[derive(Debug, Default)]
pub(crate) struct Proving {
    /// Bounce counts of mailboxes, as proven by us.
    counts: BTreeMap<String, i64>,
}

/// The database returned a row that differs from what was written.
const NOT_AS_WRITTEN: StoreError = StoreError::Damaged { what: "a row as it was written" };

impl Proving {
    /// The statement that stores the proof of a written row; `None`: the row stays as it is.
    pub(crate) fn proof(
        &mut self,
        prover: Option<&dyn AuditProver>,
        proves: &Proves,
        mut row: Row,
    ) -> Result<Option<Statement>, StoreError> {
        let said = match proves {
            Proves::Events(happened) => return proven(prover, happened, row).map(Some),
            Proves::CountedOn => {
                let before = ProvenFact::read(FactKind::CameBack, &mut row);
                if let Ok((said, proof)) = before
                    && holds(prover, &said, &proof)
                    && let ProvenFact::CameBack { mailbox_id, bounces, .. } = said
                {
                    self.counts.entry(mailbox_id).or_insert(bounces);
                }
                return Ok(None);
            }
            Proves::CameBack { mailbox_id, at, status } => {
                let bounces = self.counts.entry(mailbox_id.clone()).or_default();
                *bounces = bounces.saturating_add(1);
                ProvenFact::CameBack {
                    mailbox_id: mailbox_id.clone(),
                    bounces: *bounces,
                    last_at: *at,
                    status: status.clone(),
                }
            }
            Proves::GoneUnread { letters, at, how } => {
                let (said, _none_yet) = ProvenFact::read(FactKind::GoneUnread, &mut row)?;
                let ProvenFact::GoneUnread { deposit_id, received_at, gone_at, how: gone } = said else {
                    return Err(NOT_AS_WRITTEN);
                };
                let as_asked = gone == how.as_str() || gone == UnreadEnd::Deleted.as_str();
                if !letters.contains(&deposit_id) || gone_at != *at || !as_asked {
                    return Err(NOT_AS_WRITTEN);
                }
                ProvenFact::GoneUnread { deposit_id, received_at, gone_at, how: gone }
            }
            Proves::Asked { mailbox_id, kind, at, note } => ProvenFact::Request(AskedRow {
                number: row.int()?,
                mailbox_id: mailbox_id.clone(),
                kind: (*kind).to_owned(),
                state: RequestState::Open.as_str().to_owned(),
                created_at: *at,
                decided_at: None,
                note: note.clone(),
                decision: None,
            }),
            Proves::SessionsEnded { why, at } => {
                let (said, _none_yet) = ProvenFact::read(FactKind::SessionEnded, &mut row)?;
                let ProvenFact::SessionEnded { hash, why: ended, at: ended_at } = said else {
                    return Err(NOT_AS_WRITTEN);
                };
                if ended != why.as_str() || ended_at != *at {
                    return Err(NOT_AS_WRITTEN);
                }
                ProvenFact::SessionEnded { hash, why: ended, at: ended_at }
            }
            Proves::Decided { mailbox_id, number, state, at, decision } => {
                let Ok((said, before)) = ProvenFact::read(FactKind::Request, &mut row) else {
                    return Ok(None);
                };
                let ProvenFact::Request(request) = said else { return Ok(None) };
                if !holds(prover, &ProvenFact::Request(request.open()), &before) {
                    return Ok(None);
                }
                if request.mailbox_id != *mailbox_id || number.is_some_and(|number| request.number != number)
                {
                    return Err(NOT_AS_WRITTEN);
                }
                ProvenFact::Request(AskedRow {
                    state: state.as_str().to_owned(),
                    decided_at: Some(*at),
                    decision: decision.clone(),
                    ..request
                })
            }
        };
        let proof = prover.map(|prover| prover.fact(&said)).unwrap_or_default();
        Ok(Some(said.proven_by(proof)))
    }
}

/// Whether the row was written by us. A store without keys (in tests) accepts everything.
pub(crate) fn holds(prover: Option<&dyn AuditProver>, said: &ProvenFact, proof: &[u8]) -> bool {
    prover.is_none_or(|prover| prover.fact_holds(said, proof))
}
