//! Replaces a forgotten password: by a token, in one guarded transaction, and every session ends.

use sealpost_mail::Timestamp;

use crate::column_values::Ended;
use crate::ended_sessions::end_sessions;
use crate::error::StoreError;
use crate::rekey::Rekey;
use crate::statement::{Batch, Outcome, Refusal, sql};
use crate::store::Store;
use crate::token::NewToken;
use crate::wrap_row::NewWrap;

/// A new password for a forgotten one.
#[derive(Clone, Debug)]
pub struct ResetPassword {
    /// The mailbox.
    pub mailbox_id: String,
    /// The reset token, hashed.
    pub token_hash: [u8; 32],
    /// Time of the reset.
    pub now: Timestamp,
    /// A new key pair, so that the old password, or a copy of its wrap, opens nothing.
    pub rekey: Rekey,
    /// The new secret key, wrapped under the new password and the answer that was given.
    pub wraps: Vec<NewWrap>,
}

/// Outcome of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Reset {
    /// The new password is in force, all reset tokens are spent and all sessions ended.
    Done,
    /// The mailbox is not active. Nothing was changed.
    NotActive,
    /// The token is spent, expired or belongs to another mailbox. Nothing was changed.
    TokenSpent,
    /// A letter has arrived meanwhile, sealed to the old key. Nothing was changed: read again and retry.
    Moved,
}

impl Store {
    /// How many reset tokens a mailbox was given after `since`.
    pub async fn resets_since(&self, mailbox_id: &str, since: Timestamp) -> Result<u64, StoreError> {
        let count = sql!(
            "SELECT count(*) FROM tokens WHERE mailbox_id = ?1 AND purpose = 'reset' AND created_at > ?2",
            mailbox_id,
            since
        );
        self.read_one(count).await?.map_or(Ok(0), |mut row| row.count())
    }

    /// Stores a reset token if the mailbox is active and got none after `not_since`, so that no inbox
    /// can be flooded. `false`: nothing was stored.
    pub async fn begin_reset(
        &self,
        mailbox_id: &str,
        token: NewToken,
        not_since: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(
            sql!(
                "SELECT id FROM mailboxes
                 WHERE id = ?1 AND state = 'active'
                   AND NOT EXISTS (SELECT 1 FROM tokens
                       WHERE mailbox_id = ?1 AND purpose = 'reset' AND created_at > ?2)",
                mailbox_id,
                not_since
            )
            .or_refuse(Refusal::NotActive),
        );
        token.add_to(mailbox_id, &mut batch);
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Sets a new password, if and only if the token is valid now.
    pub async fn reset_password(&self, reset: ResetPassword) -> Result<Reset, StoreError> {
        let ResetPassword { mailbox_id, token_hash, now, rekey, wraps } = reset;
        let mut batch = Batch::default();
        batch.hold_mailbox(&mailbox_id);
        batch.add(
            sql!("SELECT id FROM mailboxes WHERE id = ?1 AND state = 'active'", mailbox_id.as_str())
                .or_refuse(Refusal::NotActive),
        );
        batch.add(
            sql!(
                "UPDATE tokens SET spent_at = ?3
                 WHERE hash = ?1 AND mailbox_id = ?2 AND purpose = 'reset'
                   AND spent_at IS NULL AND expires_at > ?3",
                &token_hash,
                mailbox_id.as_str(),
                now
            )
            .or_refuse(Refusal::TokenSpent),
        );
        batch.add(sql!(
            "UPDATE tokens SET spent_at = ?2
             WHERE mailbox_id = ?1 AND purpose IN ('reset', 'deletion') AND spent_at IS NULL",
            mailbox_id.as_str(),
            now
        ));
        // All wraps: each opened the old secret key.
        batch.add(sql!("DELETE FROM wraps WHERE mailbox_id = ?1", mailbox_id.as_str()));
        rekey.add_to(&mailbox_id, &mut batch);
        wraps.into_iter().for_each(|wrap| wrap.add_to(&mailbox_id, &mut batch));
        end_sessions(&mut batch, &mailbox_id, Ended::PasswordReset, now, None);
        match self.write(batch).await? {
            Outcome::Kept(_) => Ok(Reset::Done),
            Outcome::Refused(Refusal::TokenSpent) => Ok(Reset::TokenSpent),
            Outcome::Refused(Refusal::Rekeyed) => Ok(Reset::Moved),
            Outcome::Refused(_) => Ok(Reset::NotActive),
        }
    }
}
