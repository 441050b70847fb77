//! Tokens, stored only as keyed hashes. Looking one up does not spend it.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::column_values::{ColumnWord as _, TokenPurpose};
use crate::error::StoreError;
use crate::first_login::forget_newcomers_of;
use crate::statement::{Batch, Outcome, Refusal, Statement, sql};
use crate::store::Store;
use crate::wrap_row::NewWrap;

/// A token to be stored.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Keyed hash.
    pub hash: [u8; 32],
    /// The permitted act.
    pub purpose: TokenPurpose,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The letter whose notice carried it.
    pub deposit_id: Option<String>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// The mailbox.
    pub mailbox_id: String,
    /// The permitted act.
    pub purpose: TokenPurpose,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was spent.
    pub spent_at: Option<Timestamp>,
    /// The letter whose notice carried it; it may have been deleted since.
    pub deposit_id: Option<String>,
}

/// Outcome of re-issuing an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Reissued {
    /// The new token and wrap are in force, earlier activation tokens are spent.
    Done,
    /// The mailbox is not pending. Nothing was changed.
    NotPending,
}

impl NewToken {
    pub(crate) fn add_to(self, mailbox_id: &str, batch: &mut Batch) {
        batch.add(sql!(
            "INSERT INTO tokens (hash, mailbox_id, purpose, created_at, expires_at, deposit_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            &self.hash,
            mailbox_id,
            self.purpose.as_str(),
            self.created_at,
            self.expires_at,
            self.deposit_id
        ));
    }
}

/// Another letter for a pending mailbox: the link stays valid for as long as that letter waits.
pub(crate) fn prolong_activation_token(mailbox_id: &str, until: Timestamp) -> Statement {
    // An hour more than needed: of many letters in a row, only one has to write.
    sql!(
        "UPDATE tokens SET expires_at = ?3
         WHERE mailbox_id = ?1 AND purpose = 'activation' AND spent_at IS NULL AND expires_at < ?2",
        mailbox_id,
        until,
        until.plus(Duration::from_secs(3600))
    )
}

/// Earlier activation links no longer open the mailbox.
pub(crate) fn spend_activation_tokens(mailbox_id: &str, now: Timestamp) -> Statement {
    sql!(
        "UPDATE tokens SET spent_at = ?2
         WHERE mailbox_id = ?1 AND purpose = 'activation' AND spent_at IS NULL",
        mailbox_id,
        now
    )
}

/// Links that could delete the mailbox become invalid.
pub(crate) fn spend_deletion_tokens(mailbox_id: &str, now: Timestamp) -> Statement {
    sql!(
        "UPDATE tokens SET spent_at = ?2
         WHERE mailbox_id = ?1 AND purpose = 'deletion' AND spent_at IS NULL",
        mailbox_id,
        now
    )
}

impl Store {
    /// A token by its hash.
    pub async fn token(&self, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        let row = self
            .read_one(sql!(
                "SELECT mailbox_id, purpose, created_at, expires_at, spent_at, deposit_id
                 FROM tokens WHERE hash = ?1",
                hash
            ))
            .await?;
        row.map(|mut row| {
            Ok(TokenRow {
                mailbox_id: row.text()?,
                purpose: TokenPurpose::parse(&row.text()?)?,
                created_at: row.time()?,
                expires_at: row.time()?,
                spent_at: row.opt_time()?,
                deposit_id: row.opt_text()?,
            })
        })
        .transpose()
    }

    /// Gives a pending mailbox a new activation token with its wrap in place of the old ones.
    pub async fn add_token_and_wrap(
        &self,
        mailbox_id: &str,
        token: NewToken,
        wrap: NewWrap,
    ) -> Result<Reissued, StoreError> {
        self.renew_activation(mailbox_id, token, vec![wrap], None).await
    }

    /// The same with all wraps of a pending mailbox that belong to a link; its letters wait as long as the
    /// new token is valid. Not done if there is a token newer than `not_since`.
    pub async fn renew_activation(
        &self,
        mailbox_id: &str,
        token: NewToken,
        wraps: Vec<NewWrap>,
        not_since: Option<Timestamp>,
    ) -> Result<Reissued, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(
            sql!(
                "SELECT id FROM mailboxes WHERE id = ?1 AND state = 'pending'
                   AND NOT EXISTS (SELECT 1 FROM tokens
                       WHERE mailbox_id = ?1 AND purpose = 'activation' AND created_at > ?2)",
                mailbox_id,
                not_since.unwrap_or(Timestamp(i64::MAX))
            )
            .or_refuse(Refusal::NotPending),
        );
        batch.add(spend_activation_tokens(mailbox_id, token.created_at));
        batch.add(sql!(
            "UPDATE deposits SET expires_at = ?2 WHERE mailbox_id = ?1 AND expires_at < ?2",
            mailbox_id,
            token.expires_at
        ));
        batch.add(sql!(
            "DELETE FROM wraps WHERE mailbox_id = ?1 AND kind IN ('activation', 'link', 'initial')",
            mailbox_id
        ));
        batch.add(forget_newcomers_of(mailbox_id));
        wraps.into_iter().for_each(|wrap| wrap.add_to(mailbox_id, &mut batch));
        token.add_to(mailbox_id, &mut batch);
        match self.write(batch).await? {
            Outcome::Kept(_) => Ok(Reissued::Done),
            Outcome::Refused(_) => Ok(Reissued::NotPending),
        }
    }
}
