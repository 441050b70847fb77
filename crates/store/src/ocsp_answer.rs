//! The last OCSP answer about a partner's certificate (RFC 6960), and when to ask again. The rows are not
//! trusted: code that shows or uses them verifies their proof.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::partner::{AsItStands, as_they_stand};
use crate::statement::{Batch, Row, sql};
use crate::store::Store;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspRow {
    /// The key's row.
    pub key_id: String,
    /// The answer in one word.
    pub answer: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it may be asked again.
    pub again_at: Timestamp,
    /// Proof that this gateway has written it.
    pub proof: [u8; 32],
}

fn says(mut row: Row) -> Result<OcspRow, StoreError> {
    Ok(OcspRow {
        key_id: row.text()?,
        answer: row.text()?,
        asked_at: row.time()?,
        again_at: row.time()?,
        proof: row.hash()?,
    })
}

impl Store {
    /// All of them, including those whose proof fails. One that cannot be read, or has no proof, was not
    /// written by us.
    pub async fn ocsp_answers(&self) -> Result<Vec<AsItStands<OcspRow>>, StoreError> {
        let rows = sql!("SELECT key_id, answer, asked_at, again_at, proof FROM ocsp_answers ORDER BY key_id");
        Ok(as_they_stand(self.read_rows(rows).await?, says))
    }

    /// Forgets the answer about a key.
    pub async fn forget_ocsp(&self, key_id: &str) -> Result<(), StoreError> {
        self.change(vec![sql!("DELETE FROM ocsp_answers WHERE key_id = ?1", key_id)]).await.map(drop)
    }

    /// Stores an answer, replacing the last.
    pub async fn note_ocsp(&self, answer: OcspRow) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.add(sql!(
            "INSERT INTO ocsp_answers (key_id, answer, asked_at, again_at, proof) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (key_id) DO UPDATE
                 SET answer = excluded.answer, asked_at = excluded.asked_at, again_at = excluded.again_at,
                     proof = excluded.proof",
            answer.key_id,
            answer.answer,
            answer.asked_at,
            answer.again_at,
            &answer.proof
        ));
        self.write(batch).await.map(drop)
    }
}
