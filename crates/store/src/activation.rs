//! A pending mailbox becomes its owner's: once, by one guarded transaction (CVE-2026-29139 class).

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::mailbox::NewWrap;
use crate::store::Store;

/// What the owner chose.
#[derive(Clone, Debug)]
pub struct Activate {
    /// Which mailbox.
    pub mailbox_id: String,
    /// The token of the link, hashed.
    pub token_hash: [u8; 32],
    /// When.
    pub now: Timestamp,
    /// The new wraps: password, answer.
    pub wraps: Vec<NewWrap>,
    /// The question, sealed.
    pub question_sealed: Option<Vec<u8>>,
    /// The language chosen.
    pub language: String,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Activation {
    /// Active now; the activation wrap is gone and every activation token spent.
    Activated,
    /// The mailbox is not pending (any more). Nothing was changed.
    NotPending,
    /// The token is spent, expired or not of this mailbox. Nothing was changed.
    TokenSpent,
}

impl Store {
    /// Activates a mailbox, if and only if it is pending and the token is good at this moment.
    pub async fn activate(&self, wish: Activate) -> Result<Activation, StoreError> {
        let _ = wish;
        Err(StoreError::Closed)
    }
}
