//! Fetched certificate revocation lists (RFC 5280 §5): the last good one of each address, and the result of
//! the last fetch. Does not know what is on them, and trusts none.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Row, sql};
use crate::store::Store;

/// Bytes of the largest list that is kept. A larger row is not read: a writer of the database could fill the memory with it.
pub const MAX_REVOCATION_LIST: u32 = 8 * 1024 * 1024;

/// The facts about a list, without the list itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationListRow {
    /// URL where it is published.
    pub address: String,
    /// Fingerprint of the certificate of the authority that issues it.
    pub authority: String,
    /// Result of the last fetch, in one word.
    pub answer: String,
    /// Time of the last fetch.
    pub asked_at: Timestamp,
    /// When it may be fetched again.
    pub again_at: Timestamp,
    /// The stored list, if there is one.
    pub kept: Option<KeptList>,
}

/// Facts of a stored list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptList {
    /// thisUpdate of the list.
    pub since: Timestamp,
    /// nextUpdate of the list.
    pub until: Timestamp,
    /// When it was fetched.
    pub fetched_at: Timestamp,
}

/// A stored list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredList {
    /// As in [`RevocationListRow`].
    pub address: String,
    /// As in [`RevocationListRow`].
    pub authority: String,
    /// The list, DER.
    pub der: Vec<u8>,
    /// Proof that this gateway has stored it.
    pub proof: [u8; 32],
}

fn stored(mut row: Row) -> Result<StoredList, StoreError> {
    Ok(StoredList { address: row.text()?, authority: row.text()?, der: row.blob()?, proof: row.hash()? })
}

impl Store {
    /// All rows, without the lists.
    pub async fn revocation_lists(&self) -> Result<Vec<RevocationListRow>, StoreError> {
        let rows = sql!(
            "SELECT address, authority, answer, asked_at, again_at, since, good_until, fetched_at
             FROM revocation_lists ORDER BY address, authority"
        );
        let row = |mut row: Row| {
            Ok(RevocationListRow {
                address: row.text()?,
                authority: row.text()?,
                answer: row.text()?,
                asked_at: row.time()?,
                again_at: row.time()?,
                kept: match (row.opt_time()?, row.opt_time()?, row.opt_time()?) {
                    (Some(since), Some(until), Some(fetched_at)) => {
                        Some(KeptList { since, until, fetched_at })
                    }
                    _ => None,
                },
            })
        };
        let readable = |row: Result<RevocationListRow, StoreError>| {
            row.inspect_err(
                |error| tracing::error!(%error, "a row of a revocation list cannot be read and is skipped"),
            )
            .ok()
        };
        Ok(self.read_rows(rows).await?.into_iter().map(row).filter_map(readable).collect())
    }

    /// This one; not what is larger than [`MAX_REVOCATION_LIST`], which only another party can have written.
    pub async fn revocation_list(
        &self,
        address: &str,
        authority: &str,
    ) -> Result<Option<StoredList>, StoreError> {
        let row = sql!(
            "SELECT address, authority, list, proof FROM revocation_lists
             WHERE address = ?1 AND authority = ?2 AND CAST(octet_length(list) AS BIGINT) <= ?3
               AND octet_length(proof) = 32",
            address,
            authority,
            MAX_REVOCATION_LIST
        );
        Ok(self.read_one(row).await?.and_then(|row| stored(row).ok()))
    }

    /// Records the result of a fetch. A new list replaces the stored one; otherwise that is kept.
    pub async fn note_revocation_list(
        &self,
        row: &RevocationListRow,
        list: Option<StoredList>,
    ) -> Result<(), StoreError> {
        let (address, authority, answer) =
            (row.address.as_str(), row.authority.as_str(), row.answer.as_str());
        let mut batch = Batch::default();
        batch.add(sql!(
            "INSERT INTO revocation_lists (address, authority, answer, asked_at, again_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (address, authority) DO UPDATE
                 SET answer = excluded.answer, asked_at = excluded.asked_at, again_at = excluded.again_at",
            address,
            authority,
            answer,
            row.asked_at,
            row.again_at
        ));
        if let (Some(kept), Some(list)) = (row.kept, list) {
            batch.add(sql!(
                "UPDATE revocation_lists SET since = ?3, good_until = ?4, fetched_at = ?5, list = ?6, proof = ?7
                 WHERE address = ?1 AND authority = ?2",
                address,
                authority,
                kept.since,
                kept.until,
                kept.fetched_at,
                list.der,
                &list.proof
            ));
        }
        self.write(batch).await.map(drop)
    }

    /// Removes one.
    pub async fn forget_revocation_list(&self, address: &str, authority: &str) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.add(sql!(
            "DELETE FROM revocation_lists WHERE address = ?1 AND authority = ?2",
            address,
            authority
        ));
        self.write(batch).await.map(drop)
    }
}
