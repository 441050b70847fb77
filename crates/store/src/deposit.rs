//! Deposits: letters in mailboxes. Every question names the mailbox too, so that a guessed id opens nothing.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::store::{Page, Store};
use crate::words::Folder;

/// A letter for a mailbox.
#[derive(Clone, Debug)]
pub struct NewDeposit {
    /// Fresh id.
    pub id: String,
    /// Whose.
    pub mailbox_id: String,
    /// The sealed rest, shared with other deposits and legs.
    pub body_id: String,
    /// Where.
    pub folder: Folder,
    /// The message key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
    /// The head, sealed under the message key.
    pub head_sealed: Vec<u8>,
    /// What the list shows, sealed to the mailbox.
    pub listing_sealed: Vec<u8>,
    /// Size of the letter in bytes.
    pub size: i64,
    /// When.
    pub received_at: Timestamp,
    /// Deleted after that.
    pub expires_at: Option<Timestamp>,
    /// Keyed hashes of its Message-ID: an answer to it is recognised by them.
    pub thread_tags: Vec<[u8; 32]>,
}

/// A line of the list.
#[derive(Clone, Debug)]
pub struct DepositRow {
    /// Id.
    pub id: String,
    /// Whose.
    pub mailbox_id: String,
    /// Where.
    pub folder: Folder,
    /// What the list shows, sealed to the mailbox.
    pub listing_sealed: Vec<u8>,
    /// Size of the letter in bytes.
    pub size: i64,
    /// When.
    pub received_at: Timestamp,
    /// When it was first read.
    pub read_at: Option<Timestamp>,
    /// Deleted after that.
    pub expires_at: Option<Timestamp>,
    /// Marks; their meaning is the portal's.
    pub flags: i64,
}

/// A deposit with what opens it.
#[derive(Clone, Debug)]
pub struct DepositLetter {
    /// The line of the list.
    pub row: DepositRow,
    /// The sealed rest.
    pub body_id: String,
    /// The message key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
    /// The head, sealed under the message key.
    pub head_sealed: Vec<u8>,
}

/// How full a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositCounts {
    /// Letters.
    pub total: u64,
    /// Of them never read.
    pub unread: u64,
    /// Their sizes together, bytes.
    pub bytes: u64,
}

impl Store {
    /// A folder's letters, newest first.
    pub async fn deposits(
        &self,
        mailbox_id: &str,
        folder: Folder,
        page: Page,
    ) -> Result<Vec<DepositRow>, StoreError> {
        let _ = (mailbox_id, folder, page);
        Err(StoreError::Closed)
    }

    /// How full a folder is.
    pub async fn deposit_counts(
        &self,
        mailbox_id: &str,
        folder: Folder,
    ) -> Result<DepositCounts, StoreError> {
        let _ = (mailbox_id, folder);
        Err(StoreError::Closed)
    }

    /// One letter of this mailbox.
    pub async fn deposit(
        &self,
        mailbox_id: &str,
        deposit_id: &str,
    ) -> Result<Option<DepositLetter>, StoreError> {
        let _ = (mailbox_id, deposit_id);
        Err(StoreError::Closed)
    }

    /// Notes the first reading; later ones change nothing.
    pub async fn mark_read(
        &self,
        mailbox_id: &str,
        deposit_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let _ = (mailbox_id, deposit_id, now);
        Err(StoreError::Closed)
    }

    /// Removes letters of this mailbox for good, each body with its last reference. Returns how many
    /// there were; ids of other mailboxes are passed over.
    pub async fn delete_deposits(
        &self,
        mailbox_id: &str,
        deposit_ids: &[String],
    ) -> Result<usize, StoreError> {
        let _ = (mailbox_id, deposit_ids);
        Err(StoreError::Closed)
    }

    /// Whether one of these Message-IDs belongs to a letter that was once in the portal. Remembered also
    /// after that letter is deleted.
    pub async fn knows_thread(&self, tags: &[[u8; 32]]) -> Result<bool, StoreError> {
        let _ = tags;
        Err(StoreError::Closed)
    }
}
