//! Who has shown the initial password and must choose an own one: between nobody and a signed-in owner. No
//! letter can be read with it; the only thing it is good for is activating its mailbox.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Refusal, Statement, sql};
use crate::store::Store;

/// A newcomer to be remembered.
#[derive(Clone, Debug)]
pub struct NewNewcomer {
    /// Hash of the cookie's secret.
    pub hash: [u8; 32],
    /// Whose mailbox.
    pub mailbox_id: String,
    /// The mailbox's secret key, sealed under the cookie's secret.
    pub secret_sealed: Vec<u8>,
    /// Good until then.
    pub expires_at: Timestamp,
}

/// A newcomer.
#[derive(Clone, Debug)]
pub struct NewcomerRow {
    /// Whose mailbox.
    pub mailbox_id: String,
    /// The mailbox's secret key, sealed under the cookie's secret.
    pub secret_sealed: Vec<u8>,
}

/// Nobody who knew an initial password before gets any further with it.
pub(crate) fn forget_newcomers_of(mailbox_id: &str) -> Statement {
    sql!("DELETE FROM newcomers WHERE mailbox_id = ?1", mailbox_id)
}

impl Store {
    /// Until when a pending mailbox can be activated: the end of its youngest token.
    pub async fn activation_end(&self, mailbox_id: &str) -> Result<Option<Timestamp>, StoreError> {
        let row = self
            .read_one(sql!(
                "SELECT max(expires_at) FROM tokens
                 WHERE mailbox_id = ?1 AND purpose = 'activation' AND spent_at IS NULL",
                mailbox_id
            ))
            .await?;
        row.map_or(Ok(None), |mut row| row.opt_time())
    }

    /// Remembers a newcomer, if the mailbox is pending and has an initial password at this moment.
    pub async fn begin_newcomer(&self, newcomer: NewNewcomer) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(&newcomer.mailbox_id);
        batch.add(
            sql!(
                "SELECT m.id FROM mailboxes m JOIN wraps w ON w.mailbox_id = m.id AND w.kind = 'initial'
                 WHERE m.id = ?1 AND m.state = 'pending'",
                newcomer.mailbox_id.as_str()
            )
            .or_refuse(Refusal::NotPending),
        );
        batch.add(sql!(
            "INSERT INTO newcomers (hash, mailbox_id, expires_at, secret_sealed) VALUES (?1, ?2, ?3, ?4)",
            &newcomer.hash,
            newcomer.mailbox_id,
            newcomer.expires_at,
            newcomer.secret_sealed
        ));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// The newcomer of a cookie, if it is still good and its mailbox still waits.
    pub async fn newcomer(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<NewcomerRow>, StoreError> {
        let row = self
            .read_one(sql!(
                "SELECT n.mailbox_id, n.secret_sealed
                 FROM newcomers n JOIN mailboxes m ON m.id = n.mailbox_id
                 WHERE n.hash = ?1 AND n.expires_at > ?2 AND m.state = 'pending'",
                hash,
                now
            ))
            .await?;
        row.map(|mut row| Ok(NewcomerRow { mailbox_id: row.text()?, secret_sealed: row.blob()? })).transpose()
    }

    /// Still there: good until `expires_at` from now on.
    pub async fn touch_newcomer(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let touch = sql!(
            "UPDATE newcomers SET expires_at = ?3 WHERE hash = ?1 AND expires_at > ?2",
            hash,
            now,
            expires_at
        );
        self.change(vec![touch]).await.map(drop)
    }
}
