//! What was last said when an authority was asked about a partner's certificate (RFC 6960), and when to ask again. Nobody is
//! believed for what stands here.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Row, sql};
use crate::store::Store;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspRow {
    /// The key's row.
    pub key_id: String,
    /// In a word.
    pub answer: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Not before then again.
    pub again_at: Timestamp,
}

impl Store {
    /// All of them.
    pub async fn ocsp_answers(&self) -> Result<Vec<OcspRow>, StoreError> {
        let rows = sql!("SELECT key_id, answer, asked_at, again_at FROM ocsp_answers ORDER BY key_id");
        let row = |mut row: Row| {
            Ok(OcspRow {
                key_id: row.text()?,
                answer: row.text()?,
                asked_at: row.time()?,
                again_at: row.time()?,
            })
        };
        self.read_rows(rows).await?.into_iter().map(row).collect()
    }

    /// Notes one in the place of the last.
    pub async fn note_ocsp(&self, answer: OcspRow) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.add(sql!(
            "INSERT INTO ocsp_answers (key_id, answer, asked_at, again_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (key_id) DO UPDATE
                 SET answer = excluded.answer, asked_at = excluded.asked_at, again_at = excluded.again_at",
            answer.key_id,
            answer.answer,
            answer.asked_at,
            answer.again_at
        ));
        self.write(batch).await.map(drop)
    }
}
