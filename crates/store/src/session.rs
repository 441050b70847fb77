//! Signed-in sessions: a hash, and a secret only its cookie opens.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::store::Store;

/// A session to be remembered.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Hash of the cookie's secret.
    pub hash: [u8; 32],
    /// Whose.
    pub mailbox_id: String,
    /// The mailbox's secret key, sealed under the cookie's secret.
    pub secret_sealed: Vec<u8>,
    /// When.
    pub created_at: Timestamp,
    /// Ends then, unless touched.
    pub expires_at: Timestamp,
    /// What the list of sessions shows of the device, sealed.
    pub device_sealed: Vec<u8>,
}

/// A session.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Hash of the cookie's secret.
    pub hash: [u8; 32],
    /// Whose.
    pub mailbox_id: String,
    /// The mailbox's secret key, sealed under the cookie's secret.
    pub secret_sealed: Vec<u8>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// Ends then, unless touched.
    pub expires_at: Timestamp,
    /// The device, sealed.
    pub device_sealed: Vec<u8>,
}

impl Store {
    /// Begins a session, if the mailbox is active at this moment. `false`: it is not, nothing was stored.
    pub async fn begin_session(&self, session: NewSession) -> Result<bool, StoreError> {
        let _ = session;
        Err(StoreError::Closed)
    }

    /// The session of a cookie, if it is not over and its mailbox is active.
    pub async fn session(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<SessionRow>, StoreError> {
        let _ = (hash, now);
        Err(StoreError::Closed)
    }

    /// Keeps a running session alive until `expires_at`. `false`: it is over.
    pub async fn touch_session(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let _ = (hash, now, expires_at);
        Err(StoreError::Closed)
    }

    /// Ends one session.
    pub async fn end_session(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        let _ = hash;
        Err(StoreError::Closed)
    }

    /// Ends every session of a mailbox; returns how many.
    pub async fn end_all_sessions(&self, mailbox_id: &str) -> Result<usize, StoreError> {
        let _ = mailbox_id;
        Err(StoreError::Closed)
    }

    /// The running sessions of a mailbox, newest first.
    pub async fn sessions(&self, mailbox_id: &str, now: Timestamp) -> Result<Vec<SessionRow>, StoreError> {
        let _ = (mailbox_id, now);
        Err(StoreError::Closed)
    }
}
