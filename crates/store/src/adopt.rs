//! Letters and drafts of a store from before rows were proven: found page by page, and given their proofs. Opaque bytes;
//! when that may be done is the operator's to say.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Row, sql};
use crate::store::Store;

/// Rows looked at together.
const PAGE: i64 = 500;

/// The change of the schema that came with proofs of them.
const ROW_PROOFS: i64 = 37;

/// Where a proof is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provable {
    /// The listing of a letter.
    Letter,
    /// The text of a draft.
    Draft,
}

/// A row without a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnprovenRow {
    /// Of what.
    pub what: Provable,
    /// Id.
    pub id: String,
    /// Whose.
    pub mailbox_id: String,
    /// When it came, or was last changed, as the row says.
    pub at: Timestamp,
    /// What is there.
    pub sealed: Vec<u8>,
}

impl Store {
    /// The next rows after `after` whose bytes begin with `unproven`.
    pub async fn unproven_rows(
        &self,
        what: Provable,
        unproven: &[u8],
        after: &str,
    ) -> Result<Vec<UnprovenRow>, StoreError> {
        let (begin, length) = (unproven.to_vec(), unproven.len());
        let question = match what {
            Provable::Letter => sql!(
                "SELECT id, mailbox_id, received_at, listing_sealed FROM deposits
                 WHERE id > ?1 AND substr(listing_sealed, 1, CAST(?2 AS INTEGER)) = ?3 ORDER BY id LIMIT ?4",
                after,
                length,
                begin,
                PAGE
            ),
            Provable::Draft => sql!(
                "SELECT id, mailbox_id, changed_at, content_sealed FROM drafts
                 WHERE id > ?1 AND substr(content_sealed, 1, CAST(?2 AS INTEGER)) = ?3 ORDER BY id LIMIT ?4",
                after,
                length,
                begin,
                PAGE
            ),
        };
        let row = |mut row: Row| {
            let (id, mailbox_id) = (row.text()?, row.text()?);
            Ok::<_, StoreError>(UnprovenRow { what, id, mailbox_id, at: row.time()?, sealed: row.blob()? })
        };
        // What cannot be read is of no version of ours.
        Ok(self.read_rows(question).await?.into_iter().filter_map(|found| row(found).ok()).collect())
    }

    /// Since when every program that wrote here proved rows that say something, but for nodes of a former version that served
    /// on: what was made later is not from before. As the schema says it; `None`: it does not say.
    pub async fn proven_since(&self) -> Result<Option<Timestamp>, StoreError> {
        let question = sql!("SELECT min(applied_at) FROM schema_version WHERE version >= ?1", ROW_PROOFS);
        let row = self.read_one(question).await?;
        row.map_or(Ok(None), |mut row| row.opt_time())
    }

    /// Puts proven bytes in the place of what was read; a row that has changed meanwhile stays. How many did change.
    pub async fn prove_rows(&self, rows: Vec<(UnprovenRow, Vec<u8>)>) -> Result<usize, StoreError> {
        let change = |(row, proven): (UnprovenRow, Vec<u8>)| match row.what {
            Provable::Letter => sql!(
                "UPDATE deposits SET listing_sealed = ?3 WHERE id = ?1 AND listing_sealed = ?2",
                row.id,
                row.sealed,
                proven
            ),
            Provable::Draft => sql!(
                "UPDATE drafts SET content_sealed = ?3 WHERE id = ?1 AND content_sealed = ?2",
                row.id,
                row.sealed,
                proven
            ),
        };
        Ok(self.change(rows.into_iter().map(change).collect()).await?.iter().sum())
    }
}
