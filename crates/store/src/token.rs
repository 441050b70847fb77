//! Tokens: keyed hashes only. Looking at one spends nothing.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::mailbox::NewWrap;
use crate::store::Store;
use crate::words::TokenPurpose;

/// A token to be remembered.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Keyed hash.
    pub hash: [u8; 32],
    /// What it permits.
    pub purpose: TokenPurpose,
    /// When.
    pub created_at: Timestamp,
    /// Good until then.
    pub expires_at: Timestamp,
    /// The letter whose notice carried it.
    pub deposit_id: Option<String>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Whose.
    pub mailbox_id: String,
    /// What it permits.
    pub purpose: TokenPurpose,
    /// When it was made.
    pub created_at: Timestamp,
    /// Good until then.
    pub expires_at: Timestamp,
    /// When it was used.
    pub spent_at: Option<Timestamp>,
    /// The letter whose notice carried it; may be deleted since.
    pub deposit_id: Option<String>,
}

/// How re-issuing an activation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Reissued {
    /// The new token and wrap are in force, earlier activation tokens are spent.
    Done,
    /// The mailbox is not pending. Nothing was changed.
    NotPending,
}

impl Store {
    /// A token by its hash.
    pub async fn token(&self, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        let _ = hash;
        Err(StoreError::Closed)
    }

    /// Gives a pending mailbox a new activation token with its wrap in place of the old ones.
    pub async fn add_token_and_wrap(
        &self,
        mailbox_id: &str,
        token: NewToken,
        wrap: NewWrap,
    ) -> Result<Reissued, StoreError> {
        let _ = (mailbox_id, token, wrap);
        Err(StoreError::Closed)
    }
}
