//! Mailboxes and the wraps of their keys. Which wrap opens with what is the vault's business.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::store::Store;
use crate::token::NewToken;
use crate::words::WrapKind;

/// A mailbox to be made; it starts pending.
#[derive(Clone, Debug)]
pub struct NewMailbox {
    /// Fresh id.
    pub id: String,
    /// Keyed hash of the address; unique among mailboxes that are not deleted.
    pub tag: [u8; 32],
    /// The address, sealed.
    pub address_sealed: Vec<u8>,
    /// HPKE public key.
    pub public_key: Vec<u8>,
    /// Language tag for notices and pages.
    pub language: String,
    /// When.
    pub created_at: Timestamp,
    /// The wrapped secret key, at least one.
    pub wraps: Vec<NewWrap>,
    /// The activation token.
    pub token: Option<NewToken>,
}

/// A mailbox's secret key, wrapped.
#[derive(Clone, Debug)]
pub struct NewWrap {
    /// Under what.
    pub kind: WrapKind,
    /// The wrap.
    pub sealed: Vec<u8>,
}

/// The life of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailboxState {
    /// Made for a letter; nobody has opened it.
    Pending,
    /// Its owner has a password.
    Active,
    /// Too many wrong tries.
    Locked {
        /// Until then; `None`: until support unlocks it.
        until: Option<Timestamp>,
    },
    /// Emptied. Never returned by tag.
    Deleted,
}

/// A mailbox.
#[derive(Clone, Debug)]
pub struct MailboxRow {
    /// Id.
    pub id: String,
    /// Keyed hash of the address.
    pub tag: [u8; 32],
    /// The address, sealed.
    pub address_sealed: Vec<u8>,
    /// HPKE public key.
    pub public_key: Vec<u8>,
    /// State.
    pub state: MailboxState,
    /// Language tag.
    pub language: String,
    /// The owner's question, sealed.
    pub question_sealed: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its owner activated it.
    pub activated_at: Option<Timestamp>,
    /// Last good log-in.
    pub last_seen_at: Option<Timestamp>,
    /// Wrong passwords since the last good one.
    pub failed_logins: i64,
    /// Wrong answers since the last good one.
    pub failed_answers: i64,
}

/// How a try to log in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// Right password: both counters go to zero.
    Good,
    /// Wrong password.
    Wrong,
    /// Wrong answer to the question.
    WrongAnswer,
}

/// Tries since the last good one, this one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginCounts {
    /// Wrong passwords.
    pub failed_logins: i64,
    /// Wrong answers.
    pub failed_answers: i64,
}

impl Store {
    /// The mailboxes (none deleted) of these addresses; a tag without one is left out.
    pub async fn mailboxes_by_tag(&self, tags: &[[u8; 32]]) -> Result<Vec<MailboxRow>, StoreError> {
        let _ = tags;
        Err(StoreError::Closed)
    }

    /// One mailbox, whatever its state.
    pub async fn mailbox(&self, mailbox_id: &str) -> Result<Option<MailboxRow>, StoreError> {
        let _ = mailbox_id;
        Err(StoreError::Closed)
    }

    /// One wrap of a mailbox's secret key.
    pub async fn wrap(&self, mailbox_id: &str, kind: WrapKind) -> Result<Option<Vec<u8>>, StoreError> {
        let _ = (mailbox_id, kind);
        Err(StoreError::Closed)
    }

    /// Counts a try to log in; atomic, so that parallel tries are all counted. `None`: no such mailbox.
    pub async fn record_login(
        &self,
        mailbox_id: &str,
        outcome: LoginOutcome,
        now: Timestamp,
    ) -> Result<Option<LoginCounts>, StoreError> {
        let _ = (mailbox_id, outcome, now);
        Err(StoreError::Closed)
    }

    /// Locks an active (or locked) mailbox and ends its sessions. `false`: it was neither.
    pub async fn lock_mailbox(&self, mailbox_id: &str, until: Option<Timestamp>) -> Result<bool, StoreError> {
        let _ = (mailbox_id, until);
        Err(StoreError::Closed)
    }

    /// Makes a locked mailbox active again and forgets its wrong tries. `false`: it was not locked.
    pub async fn unlock_mailbox(&self, mailbox_id: &str) -> Result<bool, StoreError> {
        let _ = mailbox_id;
        Err(StoreError::Closed)
    }

    /// Empties a mailbox for good: deposits, wraps, tokens, sessions, address. The next letter to the
    /// address makes a new one. `false`: no such mailbox, or deleted before.
    pub async fn delete_mailbox(&self, mailbox_id: &str) -> Result<bool, StoreError> {
        let _ = mailbox_id;
        Err(StoreError::Closed)
    }
}
