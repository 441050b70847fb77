//! Unused mailboxes: since when they are unused, and their deletion. How long they are kept is not known here.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::mailbox::{Deletion, IdleMailbox};
use crate::sender_status::Unread;
use crate::statement::{Row, Statement, sql};
use crate::store::Store;

/// Mailboxes per query.
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
    /// Returns its row while it is unchanged and not under a hold.
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
    /// Mailboxes after this id that have received nothing since `before` and whose owners have not logged in since;
    /// none that is under a hold or deleted. One page; the next begins after the last one's id. Scans the whole table
    /// on a reader.
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

    /// Deletes a mailbox permanently if it is still unused. `false`: it was used or put under a hold.
    pub async fn delete_idle(
        &self,
        mailbox: &IdleMailbox,
        unread: Unread,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.delete(&mailbox.id, &Deletion::Idle(mailbox), unread, now).await
    }
}
