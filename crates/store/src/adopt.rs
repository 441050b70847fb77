//! Letters and drafts from before rows carried proofs: lists them page by page and writes their proofs. The bytes are
//! opaque here; when this may be done is the operator's decision.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Row, sql};
use crate::store::Store;

/// Rows per page.
const PAGE: i64 = 500;

/// The schema migration that introduced row proofs.
const ROW_PROOFS: i64 = 37;

/// Kinds of row that carry a proof.
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
    /// The kind of row.
    pub what: Provable,
    /// Row id.
    pub id: String,
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// When it arrived, or was last changed, according to the row.
    pub at: Timestamp,
    /// The sealed bytes.
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
        // What cannot be read was written by no version of ours.
        Ok(self.read_rows(question).await?.into_iter().filter_map(|found| row(found).ok()).collect())
    }

    /// Since when every program that writes to this store proves rows (apart from nodes of an earlier version that kept
    /// serving): rows made later must have a proof. `None`: the schema does not record it.
    pub async fn proven_since(&self) -> Result<Option<Timestamp>, StoreError> {
        let question = sql!("SELECT min(applied_at) FROM schema_version WHERE version >= ?1", ROW_PROOFS);
        let row = self.read_one(question).await?;
        row.map_or(Ok(None), |mut row| row.opt_time())
    }

    /// Replaces the bytes that were read by proven ones; rows changed meanwhile are left alone. Returns how many were
    /// replaced.
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
