//! Rows that only say that something is to be done or known, for who reads them, verifies them, vouches for them, or has a new
//! key. One that does not prove says nothing. Knows no key.

use std::collections::BTreeSet;

use crate::error::StoreError;
use crate::proven_facts::{AskedRow, FactKind, ProvenFact};
use crate::row_proof::{came_back_words, ended_words, gone_words, holds, request_words};
use crate::statement::{Row, Value, sql};
use crate::store::Store;

/// Rows looked at together.
const PAGE: i64 = 200;

/// A row as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactRow {
    /// It can be read.
    Says {
        /// What.
        said: ProvenFact,
        /// Its proof; empty where there is none.
        proof: Vec<u8>,
    },
    /// It cannot: nobody of us wrote it.
    Unreadable {
        /// What it is called by.
        id: String,
    },
}

/// Some rows.
#[derive(Clone, Debug, Default)]
pub struct FactPage {
    /// In their order.
    pub rows: Vec<FactRow>,
    /// Where they end; `None`: there were none.
    pub last: Option<FactCursor>,
}

/// Behind which row the next ones are looked for.
#[derive(Clone, Debug)]
pub struct FactCursor(Value);

/// A row that is to have another proof.
#[derive(Clone, Debug)]
pub struct ProvenAnew {
    /// What it says.
    pub said: ProvenFact,
    /// The proof that it has; empty where there is none.
    pub before: Vec<u8>,
    /// The proof that it is to have.
    pub proof: Vec<u8>,
}

/// What was read of rows, of which some do not prove.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    store: &'a Store,
    kind: FactKind,
    unproven: u64,
}

impl Reading<'_> {
    /// What a row says, if one of us wrote it. One that cannot even be read is none of ours, and hides no other.
    pub(crate) fn proven(&mut self, mut row: Row) -> Option<ProvenFact> {
        let said = ProvenFact::read(self.kind, &mut row).ok();
        let proven = said.filter(|(said, proof)| holds(self.store.prover(), said, proof));
        self.unproven += u64::from(proven.is_none());
        proven.map(|(said, _proof)| said)
    }

    /// One that cannot be read in what is not proven with it.
    pub(crate) fn unreadable(&mut self) {
        self.unproven += 1;
    }

    /// The same of what is left of a row behind an outer join: nothing there is nothing said.
    pub(crate) fn proven_beside(&mut self, row: Row) -> Option<ProvenFact> {
        if row.is_null() { None } else { self.proven(row) }
    }
}

/// Said once for all that was read with one question.
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
    /// To read rows of this kind with.
    pub(crate) fn reading(&self, kind: FactKind) -> Reading<'_> {
        Reading { store: self, kind, unproven: 0 }
    }

    /// The next rows behind `after` with their proofs, also those that do not prove: for whoever verifies, adopts or has a new key.
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

    /// Puts proofs beside rows, where they say what they said, with the proof that they had. One whose letter lies in its mailbox
    /// has not gone. How many.
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

    /// Which of these letters lie in a mailbox.
    pub async fn are_there(&self, deposit_ids: &[String]) -> Result<BTreeSet<String>, StoreError> {
        if deposit_ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let question = |id: &String| sql!("SELECT id FROM deposits WHERE id = ?1", id.as_str());
        let answers = self.read(deposit_ids.iter().map(question).collect()).await?;
        answers.into_iter().flatten().map(|mut row| row.text()).collect()
    }
}
