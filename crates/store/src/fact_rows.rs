//! Reads statement rows for their users, for verification, adoption and a new key. A row whose proof fails is ignored. Knows no
//! key.

use std::collections::BTreeSet;

use crate::error::StoreError;
use crate::proven_facts::{AskedRow, FactKind, ProvenFact};
use crate::row_proof::{came_back_words, ended_words, gone_words, holds, request_words};
use crate::statement::{Row, Value, sql};
use crate::store::Store;

/// Rows per page.
const PAGE: i64 = 200;

/// A raw row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactRow {
    /// A readable row.
    Says {
        /// Its fields.
        said: ProvenFact,
        /// Its proof; empty if there is none.
        proof: Vec<u8>,
    },
    /// An unreadable row: not written by us.
    Unreadable {
        /// Its id.
        id: String,
    },
}

/// A page of rows.
#[derive(Clone, Debug, Default)]
pub struct FactPage {
    /// The rows in order.
    pub rows: Vec<FactRow>,
    /// Where the page ends; `None`: it is empty.
    pub last: Option<FactCursor>,
}

/// The row after which the next page begins.
#[derive(Clone, Debug)]
pub struct FactCursor(Value);

/// A row that gets a new proof.
#[derive(Clone, Debug)]
pub struct ProvenAnew {
    /// Its fields.
    pub said: ProvenFact,
    /// Its present proof; empty if there is none.
    pub before: Vec<u8>,
    /// Its new proof.
    pub proof: Vec<u8>,
}

/// Reads rows and counts those whose proof fails.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    store: &'a Store,
    kind: FactKind,
    unproven: u64,
}

impl Reading<'_> {
    /// The fields of a row, if it was written by us. One that cannot be read is not ours, and does not hide others.
    pub(crate) fn proven(&mut self, mut row: Row) -> Option<ProvenFact> {
        let said = ProvenFact::read(self.kind, &mut row).ok();
        let proven = said.filter(|(said, proof)| holds(self.store.prover(), said, proof));
        self.unproven += u64::from(proven.is_none());
        proven.map(|(said, _proof)| said)
    }

    /// Counts a row whose unproven columns cannot be read.
    pub(crate) fn unreadable(&mut self) {
        self.unproven += 1;
    }

    /// The same for the columns of an outer join: all NULL means no row.
    pub(crate) fn proven_beside(&mut self, row: Row) -> Option<ProvenFact> {
        if row.is_null() { None } else { self.proven(row) }
    }
}

/// Logged once for all rows of one query.
impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if self.unproven > 0 {
            tracing::error!(
                row.kind = self.kind.as_str(),
                unproven = self.unproven,
                "rows that do not prove say nothing: look at them first (sealpost check --store names them); somebody else may have \
                 written them, or they are from before there were proofs, and an operator who knows that vouches for them \
                 (sealpost adopt)"
            );
        }
    }
}

impl Store {
    /// A reader for rows of this kind.
    pub(crate) fn reading(&self, kind: FactKind) -> Reading<'_> {
        Reading { store: self, kind, unproven: 0 }
    }

    /// The next rows after `after` with their proofs, including failing ones: for verification, adoption and a new key.
    pub async fn fact_rows(
        &self,
        kind: FactKind,
        after: Option<&FactCursor>,
    ) -> Result<FactPage, StoreError> {
        let id = match after {
            Some(FactCursor(id)) => id.clone(),
            None => match kind {
                FactKind::GoneUnread | FactKind::CameBack => Value::from(""),
                FactKind::Request => Value::from(i64::MIN),
                FactKind::SessionEnded => Value::from(Vec::<u8>::new()),
            },
        };
        let question = match kind {
            FactKind::GoneUnread => sql!(
                concat!(
                    "SELECT ",
                    gone_words!(),
                    " FROM gone_unread WHERE deposit_id > ?1 ORDER BY deposit_id LIMIT ?2"
                ),
                id,
                PAGE
            ),
            FactKind::CameBack => sql!(
                concat!(
                    "SELECT ",
                    came_back_words!(),
                    " FROM unreachable WHERE mailbox_id > ?1 ORDER BY mailbox_id LIMIT ?2"
                ),
                id,
                PAGE
            ),
            FactKind::Request => sql!(
                concat!(
                    "SELECT ",
                    request_words!(),
                    " FROM requests WHERE number > ?1 ORDER BY number LIMIT ?2"
                ),
                id,
                PAGE
            ),
            FactKind::SessionEnded => sql!(
                concat!(
                    "SELECT ",
                    ended_words!(),
                    " FROM ended_sessions WHERE hash > ?1 ORDER BY hash LIMIT ?2"
                ),
                id,
                PAGE
            ),
        };
        let mut page = FactPage::default();
        for mut row in self.read_rows(question).await? {
            let id = row.first();
            page.rows.push(match ProvenFact::read(kind, &mut row) {
                Ok((said, proof)) => FactRow::Says { said, proof },
                Err(_unreadable) => FactRow::Unreadable { id: id.shown() },
            });
            page.last = Some(FactCursor(id));
        }
        Ok(page)
    }

    /// Stores new proofs of rows whose fields and proof are unchanged. A letter that is still in its mailbox did not go unread.
    /// Returns how many.
    pub async fn prove_facts(&self, rows: Vec<ProvenAnew>) -> Result<usize, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let none: Vec<u8> = Vec::new();
        let proven = |ProvenAnew { said, before, proof }: ProvenAnew| {
            match said {
            ProvenFact::CameBack { mailbox_id, bounces, last_at, status: _ } => sql!(
                "UPDATE unreachable SET proof = ?2 WHERE mailbox_id = ?1 AND coalesce(proof, ?4) = ?3
                     AND bounces = ?5 AND last_at = ?6",
                mailbox_id,
                proof,
                before,
                none.clone(),
                bounces,
                last_at
            ),
            ProvenFact::GoneUnread { deposit_id, received_at, gone_at, how: _ } => sql!(
                "UPDATE gone_unread SET proof = ?2 WHERE deposit_id = ?1 AND coalesce(proof, ?4) = ?3
                     AND received_at = ?5 AND gone_at = ?6 AND NOT EXISTS (SELECT 1 FROM deposits WHERE id = ?1)",
                deposit_id,
                proof,
                before,
                none.clone(),
                received_at,
                gone_at
            ),
            ProvenFact::Request(AskedRow { number, state, created_at, .. }) => sql!(
                "UPDATE requests SET proof = ?2 WHERE number = ?1 AND coalesce(proof, ?4) = ?3
                     AND state = ?5 AND created_at = ?6",
                number,
                proof,
                before,
                none.clone(),
                state,
                created_at
            ),
            ProvenFact::SessionEnded { hash, why, at } => sql!(
                "UPDATE ended_sessions SET proof = ?2 WHERE hash = ?1 AND coalesce(proof, ?4) = ?3
                     AND why = ?5 AND at = ?6",
                hash,
                proof,
                before,
                none.clone(),
                why,
                at
            ),
        }
        };
        Ok(self.change(rows.into_iter().map(proven).collect()).await?.iter().sum())
    }

    /// Which of these letters are in a mailbox.
    pub async fn are_there(&self, deposit_ids: &[String]) -> Result<BTreeSet<String>, StoreError> {
        if deposit_ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let question = |id: &String| sql!("SELECT id FROM deposits WHERE id = ?1", id.as_str());
        let answers = self.read(deposit_ids.iter().map(question).collect()).await?;
        answers.into_iter().flatten().map(|mut row| row.text()).collect()
    }
}
