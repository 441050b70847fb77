//! What was found when somewhere was asked for a partner's keys, for a while. Cannot open it, and does not know what was asked.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, sql};
use crate::store::Store;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLookupRow {
    /// What was asked, as a keyed tag.
    pub tag: [u8; 32],
    /// What was found.
    pub answer_sealed: Vec<u8>,
    /// When.
    pub asked_at: Timestamp,
    /// Until when nobody is asked again.
    pub good_until: Timestamp,
}

impl Store {
    /// The last answer, if it is still good. One of a time to come was written by a clock that was wrong.
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

    /// Keeps one in the place of the last; what is over goes.
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
