//! Log-in sessions: a hash, and a secret that only its cookie opens.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::failed_logins::Settled;
use crate::mailbox::{MailboxRow, last_seen, mailbox_row, select_mailbox};
use crate::statement::{Batch, Outcome, Refusal, Row, sql};
use crate::store::Store;

/// A session to be stored.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Hash of the cookie's secret.
    pub hash: [u8; 32],
    /// The mailbox.
    pub mailbox_id: String,
    /// The mailbox's secret key, sealed under the cookie's secret.
    pub secret_sealed: Vec<u8>,
    /// When it begins.
    pub created_at: Timestamp,
    /// When it expires, unless extended.
    pub expires_at: Timestamp,
    /// Description of the device for the list of sessions, sealed.
    pub device_sealed: Vec<u8>,
}

/// A session.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Hash of the cookie's secret.
    pub hash: [u8; 32],
    /// The mailbox.
    pub mailbox_id: String,
    /// The mailbox's secret key, sealed under the cookie's secret.
    pub secret_sealed: Vec<u8>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// When it expires, unless extended.
    pub expires_at: Timestamp,
    /// Description of the device, sealed.
    pub device_sealed: Vec<u8>,
}

fn session_row(mut row: Row) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        hash: row.hash()?,
        mailbox_id: row.text()?,
        secret_sealed: row.blob()?,
        created_at: row.time()?,
        last_seen_at: row.time()?,
        expires_at: row.time()?,
        device_sealed: row.blob()?,
    })
}

/// Adds the session's row if the mailbox is active.
fn first_of(session: &NewSession) -> Batch {
    let mut batch = Batch::default();
    batch.hold_mailbox(&session.mailbox_id);
    batch.add(
        sql!("SELECT id FROM mailboxes WHERE id = ?1 AND state = 'active'", session.mailbox_id.as_str())
            .or_refuse(Refusal::NotActive),
    );
    batch.add(sql!(
        "INSERT INTO sessions (hash, mailbox_id, created_at, last_seen_at, expires_at,
             secret_sealed, device_sealed)
         VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)",
        &session.hash,
        session.mailbox_id.as_str(),
        session.created_at,
        session.expires_at,
        session.secret_sealed.clone(),
        session.device_sealed.clone()
    ));
    batch
}

impl Store {
    /// Begins a session if the mailbox is active. `false`: it is not, and nothing was stored.
    pub async fn begin_session(&self, session: NewSession) -> Result<bool, StoreError> {
        let batch = first_of(&session);
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// The same for a log-in: in the same transaction failed tries are settled and the owner's visit is
    /// recorded. Separate transactions would each cost the owner a flush.
    pub async fn begin_session_by_log_in(
        &self,
        session: NewSession,
        settled: &Settled,
    ) -> Result<bool, StoreError> {
        let mut batch = first_of(&session);
        batch.add(last_seen(&session.mailbox_id, session.created_at));
        settled.statements(session.created_at).into_iter().for_each(|statement| batch.add(statement));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// The session of a cookie and its mailbox, from one consistent view, if it has not expired and the
    /// mailbox is active.
    pub async fn session(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<(SessionRow, MailboxRow)>, StoreError> {
        let questions = vec![
            sql!(
                "SELECT s.hash, s.mailbox_id, s.secret_sealed, s.created_at, s.last_seen_at,
                     s.expires_at, s.device_sealed
                 FROM sessions s JOIN mailboxes m ON m.id = s.mailbox_id
                 WHERE s.hash = ?1 AND s.expires_at > ?2 AND m.state = 'active'",
                hash,
                now
            ),
            sql!(
                concat!(select_mailbox!(), " WHERE id = (SELECT mailbox_id FROM sessions WHERE hash = ?1)"),
                hash
            ),
        ];
        let mut answers = self.read(questions).await?.into_iter().map(|rows| rows.into_iter().next());
        let (session, mailbox) = (answers.next().flatten(), answers.next().flatten());
        let (Some(session), Some(mailbox)) = (session, mailbox) else { return Ok(None) };
        Ok(Some((session_row(session)?, mailbox_row(mailbox)?)))
    }

    /// Extends a session to `expires_at`. `false`: it has ended.
    pub async fn touch_session(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = self
            .change(vec![sql!(
                "UPDATE sessions SET last_seen_at = ?2, expires_at = ?3
                 WHERE hash = ?1 AND expires_at > ?2",
                hash,
                now,
                expires_at
            )])
            .await?;
        Ok(changed.iter().sum::<usize>() == 1)
    }

    /// Ends one session.
    pub async fn end_session(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.change(vec![sql!("DELETE FROM sessions WHERE hash = ?1", hash)]).await.map(drop)
    }

    /// The running sessions of a mailbox, newest first, at most 100.
    pub async fn sessions(&self, mailbox_id: &str, now: Timestamp) -> Result<Vec<SessionRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT hash, mailbox_id, secret_sealed, created_at, last_seen_at, expires_at,
                     device_sealed
                 FROM sessions WHERE mailbox_id = ?1 AND expires_at > ?2
                 ORDER BY created_at DESC, hash LIMIT 100",
                mailbox_id,
                now
            ))
            .await?;
        rows.into_iter().map(session_row).collect()
    }
}
