//! Cached results of looking up a partner's keys. Cannot open them, and does not know what was looked up.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, sql};
use crate::store::Store;

/// A cached result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLookupRow {
    /// Keyed tag of what was looked up.
    pub tag: [u8; 32],
    /// The result, sealed.
    pub answer_sealed: Vec<u8>,
    /// When it was looked up.
    pub asked_at: Timestamp,
    /// Until when the result is used.
    pub good_until: Timestamp,
}

impl Store {
    /// The cached result, unless it has expired. One from the future was written by a wrong clock.
    pub async fn key_lookup(
        &self,
        tag: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<KeyLookupRow>, StoreError> {
        let wanted = sql!(
            "SELECT answer_sealed, asked_at, good_until FROM key_lookups
             WHERE tag = ?1 AND asked_at <= ?2 AND good_until > ?2",
            tag,
            now
        );
        let Some(mut row) = self.read_rows(wanted).await?.into_iter().next() else { return Ok(None) };
        Ok(Some(KeyLookupRow {
            tag: *tag,
            answer_sealed: row.blob()?,
            asked_at: row.time()?,
            good_until: row.time()?,
        }))
    }

    /// Replaces the cached result; expired ones are removed.
    pub async fn keep_key_lookup(&self, answer: KeyLookupRow) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.add(sql!("DELETE FROM key_lookups WHERE good_until <= ?1", answer.asked_at));
        batch.add(sql!(
            "INSERT INTO key_lookups (tag, answer_sealed, asked_at, good_until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (tag) DO UPDATE
                 SET answer_sealed = excluded.answer_sealed, asked_at = excluded.asked_at,
                     good_until = excluded.good_until",
            &answer.tag,
            answer.answer_sealed,
            answer.asked_at,
            answer.good_until
        ));
        self.write(batch).await.map(drop)
    }
}
