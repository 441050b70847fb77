//! Mailboxes nobody uses: what their time is counted from, and their end. How long they are kept is not known here.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::mailbox::{Deletion, IdleMailbox};
use crate::sender_status::Unread;
use crate::statement::{Row, Statement, sql};
use crate::store::Store;

/// Mailboxes looked at with one question.
const AT_ONCE: u32 = 1_000;

fn idle(mut row: Row) -> Result<IdleMailbox, StoreError> {
    Ok(IdleMailbox {
        id: row.text()?,
        created_at: row.time()?,
        activated_at: row.opt_time()?,
        seen_at: row.opt_time()?,
        reached_at: row.opt_time()?,
    })
}

impl IdleMailbox {
    /// Returns its row while nothing has changed and nobody holds it.
    pub(crate) fn still(&self) -> Statement {
        sql!(
            "SELECT id FROM mailboxes WHERE id = ?1 AND state <> 'deleted' AND held_since IS NULL
                 AND coalesce(activated_at, -1) = ?2 AND coalesce(last_seen_at, -1) = ?3
                 AND coalesce(reached_at, -1) = ?4",
            self.id.as_str(),
            or_never(self.activated_at),
            or_never(self.seen_at),
            or_never(self.reached_at)
        )
    }
}

fn or_never(at: Option<Timestamp>) -> Timestamp {
    at.unwrap_or(Timestamp(-1))
}

impl Store {
    /// Mailboxes into which nothing has come since `before` and whose owners have not been there since, after this id;
    /// none that is held or deleted. A few at once; the next question begins after the last one's id. Reads the whole
    /// table, beside the writer.
    pub async fn idle_mailboxes(
        &self,
        before: Timestamp,
        after: &str,
    ) -> Result<Vec<IdleMailbox>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT id, created_at, activated_at, last_seen_at, reached_at FROM mailboxes
                 WHERE id > ?2 AND state <> 'deleted' AND held_since IS NULL AND created_at < ?1
                   AND coalesce(activated_at, 0) < ?1 AND coalesce(last_seen_at, 0) < ?1
                   AND coalesce(reached_at, 0) < ?1
                 ORDER BY id LIMIT ?3",
                before,
                after,
                AT_ONCE
            ))
            .await?;
        rows.into_iter().map(idle).collect()
    }

    /// Deletes a mailbox for good, if it is still as unused as it was read. `false`: somebody came, or holds it.
    pub async fn delete_idle(
        &self,
        mailbox: &IdleMailbox,
        unread: Unread,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.delete(&mailbox.id, &Deletion::Idle(mailbox), unread, now).await
    }
}
