//! Letters whose owners get a collected notice later, and how often owners want notices. Knows no wording, and not
//! whether a notice is due.

use sealpost_mail::Timestamp;

use crate::column_values::{ColumnWord as _, Folder};
use crate::error::StoreError;
use crate::notice_frequency::{Announced, Pace, Unannounced};
use crate::statement::{Batch, Refusal, Row, Value, sql};
use crate::store::Store;

/// A letter that waits for its notice.
#[derive(Clone, Debug)]
pub struct AwaitsNotice {
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// Its deposit id.
    pub deposit_id: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// Unread and still in the inbox.
    pub is_new: bool,
    /// How often its owner wants notices, if the owner has chosen.
    pub pace: Option<Pace>,
    /// When the last notice was sent.
    pub announced_at: Option<Timestamp>,
}

impl Announced {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.hold_mailbox(&self.mailbox_id);
        batch.add(
            sql!(
                // Another process has sent a notice meanwhile: the second one looks again.
                "INSERT INTO pace (mailbox_id, announced_at) VALUES (?1, ?2)
                 ON CONFLICT (mailbox_id) DO UPDATE SET announced_at = excluded.announced_at
                 WHERE coalesce(pace.announced_at, -1) = ?3",
                self.mailbox_id,
                self.at,
                self.before.unwrap_or(Timestamp(-1))
            )
            .or_refuse(Refusal::MailboxTaken),
        );
        for id in self.letters {
            batch.add(sql!("DELETE FROM unannounced WHERE deposit_id = ?1", id));
        }
    }
}

impl Unannounced {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(sql!(
            "INSERT INTO unannounced (deposit_id, mailbox_id) VALUES (?1, ?2)",
            self.deposit_id,
            self.mailbox_id
        ));
    }
}

/// Letters per query.
const AT_ONCE: u32 = 5_000;

fn awaits(mut row: Row) -> Result<AwaitsNotice, StoreError> {
    Ok(AwaitsNotice {
        mailbox_id: row.text()?,
        deposit_id: row.text()?,
        received_at: row.time()?,
        expires_at: row.opt_time()?,
        is_new: row.text()? == Folder::Inbox.as_str() && row.opt_time()?.is_none(),
        pace: row.opt_text()?.map(|word| Pace::parse(&word)).transpose()?,
        announced_at: row.opt_time()?,
    })
}

impl Store {
    /// Letters that wait for a notice, in mailboxes after this id: all of a mailbox's letters, unless one mailbox alone
    /// has thousands.
    pub async fn awaiting_notice(&self, after: &str) -> Result<Vec<AwaitsNotice>, StoreError> {
        let question = |after: Value| {
            sql!(
                "SELECT u.mailbox_id, u.deposit_id, d.received_at, d.expires_at, d.folder,
                     CASE WHEN (d.flags & 4) = 0 THEN d.read_at ELSE d.received_at END,
                     p.wish, p.announced_at
                 FROM unannounced u JOIN deposits d ON d.id = u.deposit_id
                 LEFT JOIN pace p ON p.mailbox_id = u.mailbox_id
                 WHERE u.mailbox_id > ?1 ORDER BY u.mailbox_id, d.received_at LIMIT ?2",
                after,
                AT_ONCE
            )
        };
        self.read_passing_by("letter", after, question, awaits).await
    }

    /// Forgets letters that need no notice any more.
    pub async fn forget_unannounced(&self, deposit_ids: &[String]) -> Result<(), StoreError> {
        let each = |id: &String| sql!("DELETE FROM unannounced WHERE deposit_id = ?1", id.as_str());
        self.write(Batch::from(deposit_ids.iter().map(each).collect::<Vec<_>>())).await.map(drop)
    }

    /// The owner's choice, if any.
    pub async fn pace(&self, mailbox_id: &str) -> Result<Option<Pace>, StoreError> {
        let row = self.read_one(sql!("SELECT wish FROM pace WHERE mailbox_id = ?1", mailbox_id)).await?;
        let pace = row.map(|mut row| row.opt_text()).transpose()?.flatten();
        pace.map(|word| Pace::parse(&word)).transpose()
    }

    /// Stores the owner's choice.
    pub async fn set_pace(&self, mailbox_id: &str, pace: Pace) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(sql!(
            "INSERT INTO pace (mailbox_id, wish)
             SELECT id, ?2 FROM mailboxes WHERE id = ?1 AND state <> 'deleted'
             ON CONFLICT (mailbox_id) DO UPDATE SET wish = excluded.wish",
            mailbox_id,
            pace.as_str()
        ));
        self.write(batch).await.map(drop)
    }
}
