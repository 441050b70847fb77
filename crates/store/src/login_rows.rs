//! Raw rows of sessions, newcomers and tokens, to be verified against their proofs. Opaque bytes; knows no
//! key.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Row, sql};
use crate::store::Store;

/// A session, or a newcomer session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comer {
    /// When the session began; `None`: a newcomer session.
    pub since: Option<Timestamp>,
    /// The mailbox's secret key, sealed and preceded by its proof.
    pub sealed: Vec<u8>,
}

impl Store {
    /// The sessions and newcomer sessions of a mailbox.
    pub async fn comers(&self, mailbox_id: &str) -> Result<Vec<Comer>, StoreError> {
        let question = sql!(
            "SELECT created_at, secret_sealed FROM sessions WHERE mailbox_id = ?1
             UNION ALL SELECT NULL, secret_sealed FROM newcomers WHERE mailbox_id = ?1",
            mailbox_id
        );
        let comer = |mut row: Row| Ok(Comer { since: row.opt_time()?, sealed: row.blob()? });
        self.read_rows(question).await?.into_iter().map(comer).collect()
    }

    /// The hashes of a mailbox's unspent activation tokens.
    pub async fn unspent_activations(&self, mailbox_id: &str) -> Result<Vec<[u8; 32]>, StoreError> {
        let question = sql!(
            "SELECT hash FROM tokens WHERE mailbox_id = ?1 AND purpose = 'activation' AND spent_at IS NULL",
            mailbox_id
        );
        self.read_rows(question).await?.into_iter().map(|mut row| row.hash()).collect()
    }
}
