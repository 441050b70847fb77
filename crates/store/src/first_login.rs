//! Newcomers: those who have entered the initial password and must choose their own, between anonymous and
//! logged in. A newcomer session can read no letter; it can only activate its mailbox.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Refusal, Statement, sql};
use crate::store::Store;

/// A newcomer session to be stored.
#[derive(Clone, Debug)]
pub struct NewNewcomer {
    /// Hash of the cookie's secret.
    pub hash: [u8; 32],
    /// The mailbox.
    pub mailbox_id: String,
    /// The mailbox's secret key, sealed under the cookie's secret.
    pub secret_sealed: Vec<u8>,
    /// Expires then.
    pub expires_at: Timestamp,
}

/// A newcomer session.
#[derive(Clone, Debug)]
pub struct NewcomerRow {
    /// The mailbox.
    pub mailbox_id: String,
    /// The mailbox's secret key, sealed under the cookie's secret.
    pub secret_sealed: Vec<u8>,
}

/// Ends all newcomer sessions of a mailbox.
pub(crate) fn forget_newcomers_of(mailbox_id: &str) -> Statement {
    sql!("DELETE FROM newcomers WHERE mailbox_id = ?1", mailbox_id)
}

impl Store {
    /// Until when a pending mailbox can be activated: the expiry of its newest token.
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

    /// Begins a newcomer session if the mailbox is pending and has an initial password.
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

    /// The newcomer session of a cookie, if it has not expired and its mailbox is still pending.
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

    /// Extends a newcomer session to `expires_at`.
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
