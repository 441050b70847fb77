//! Rows that only say that something is to be done or known, for who reads them, verifies them, vouches for them, or has a new
//! key. One that does not prove says nothing. Knows no key.

use crate::error::StoreError;
use crate::row_proof::{came_back_words, gone_words, holds, request_words};
use crate::said::{AskedRow, Said, SaidKind};
use crate::statement::{Row, Value, sql};
use crate::store::Store;

/// Rows looked at together.
const PAGE: i64 = 200;

/// What was read of rows, of which some do not prove.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    store: &'a Store,
    kind: SaidKind,
    unproven: u64,
}

impl Reading<'_> {
    /// What a row says, if one of us wrote it. One that cannot even be read is none of ours, and hides no other.
    pub(crate) fn proven(&mut self, mut row: Row) -> Option<Said> {
        let said = Said::read(self.kind, &mut row).ok();
        let proven = said.filter(|(said, proof)| holds(self.store.prover(), said, proof));
        self.unproven += u64::from(proven.is_none());
        proven.map(|(said, _proof)| said)
    }

    /// The same of what is left of a row behind an outer join: nothing there is nothing said.
    pub(crate) fn proven_beside(&mut self, row: Row) -> Option<Said> {
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
                "rows that do not prove say nothing: they are from before there were proofs (sealpost adopt), or somebody \
                 else wrote them (sealpost check --store names them)"
            );
        }
    }
}

impl Store {
    /// To read rows of this kind with.
    pub(crate) fn reading(&self, kind: SaidKind) -> Reading<'_> {
        Reading { store: self, kind, unproven: 0 }
    }

    /// The next rows behind `after` with their proofs, also those that do not prove: for whoever verifies, adopts or has a new key.
    pub async fn said_rows(
        &self,
        kind: SaidKind,
        after: Option<&Said>,
    ) -> Result<Vec<(Said, Vec<u8>)>, StoreError> {
        let id = match after {
            Some(Said::GoneUnread { deposit_id: id, .. } | Said::CameBack { mailbox_id: id, .. }) => {
                Value::from(id.as_str())
            }
            Some(Said::Request(AskedRow { number, .. })) => Value::from(*number),
            None => match kind {
                SaidKind::GoneUnread | SaidKind::CameBack => Value::from(""),
                SaidKind::Request => Value::from(i64::MIN),
            },
        };
        let question = match kind {
            SaidKind::GoneUnread => sql!(
                concat!(
                    "SELECT ",
                    gone_words!(),
                    " FROM gone_unread WHERE deposit_id > ?1 ORDER BY deposit_id LIMIT ?2"
                ),
                id,
                PAGE
            ),
            SaidKind::CameBack => sql!(
                concat!(
                    "SELECT ",
                    came_back_words!(),
                    " FROM unreachable WHERE mailbox_id > ?1 ORDER BY mailbox_id LIMIT ?2"
                ),
                id,
                PAGE
            ),
            SaidKind::Request => sql!(
                concat!(
                    "SELECT ",
                    request_words!(),
                    " FROM requests WHERE number > ?1 ORDER BY number LIMIT ?2"
                ),
                id,
                PAGE
            ),
        };
        self.read_rows(question).await?.into_iter().map(|mut row| Said::read(kind, &mut row)).collect()
    }

    /// Puts proofs beside these rows; one whose words have changed meanwhile does not prove by it.
    pub async fn prove_said(&self, rows: Vec<(Said, Vec<u8>)>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let proven = |(said, proof): (Said, Vec<u8>)| match &said {
            // A count that has gone on meanwhile must not go back.
            Said::CameBack { mailbox_id, .. } => {
                sql!("UPDATE unreachable SET proof = ?2 WHERE mailbox_id = ?1", mailbox_id.as_str(), proof)
            }
            Said::GoneUnread { .. } | Said::Request(_) => said.proven_by(proof),
        };
        self.change(rows.into_iter().map(proven).collect()).await.map(drop)
    }
}
