//! How it is noted that a letter has been opened: once for its sender and for the evidence, whatever its owner's list shows. Knows
//! nobody who is told.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::hook::tell_opened;
use crate::statement::{Batch, Refusal, Statement, sql};
use crate::store::Store;

/// How its owner came to have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// They looked at it: the list shows it as read.
    Seen,
    /// They took it away as a file: in the list it stays as it was.
    Taken,
}

/// That a letter is opened for the first time, noted together with other rows.
#[derive(Clone, Debug)]
pub struct NewOpening {
    /// Whose.
    pub mailbox_id: String,
    /// Which.
    pub deposit_id: String,
    /// How.
    pub how: Opening,
}

impl NewOpening {
    /// Refused where it was opened before, or is gone.
    pub(crate) fn add_to(&self, batch: &mut Batch, now: Timestamp) {
        let Self { mailbox_id, deposit_id, how } = self;
        batch.hold_mailbox(mailbox_id);
        batch.add(tell_opened(mailbox_id, deposit_id, now));
        batch.add(how.first(mailbox_id, deposit_id, now).or_refuse(Refusal::Duplicate));
    }
}

impl Opening {
    /// Notes the first one; later ones change nothing.
    fn first(self, mailbox_id: &str, deposit_id: &str, now: Timestamp) -> Statement {
        match self {
            Self::Seen => sql!(
                "UPDATE deposits SET read_at = ?3, flags = flags & -2
                 WHERE mailbox_id = ?1 AND id = ?2 AND read_at IS NULL",
                mailbox_id,
                deposit_id,
                now
            ),
            // What nobody has opened is shown as unread, unless its owner has marked it as read (flag 4).
            Self::Taken => sql!(
                "UPDATE deposits SET read_at = ?3, flags = CASE WHEN (flags & 4) = 0 THEN flags | 1 ELSE flags END
                 WHERE mailbox_id = ?1 AND id = ?2 AND read_at IS NULL",
                mailbox_id,
                deposit_id,
                now
            ),
        }
    }
}

/// Notes that it was looked at: the first time for good, and that its owner does not show it as unread any more.
fn seen(mailbox_id: &str, deposit_id: &str, now: Timestamp) -> Statement {
    sql!(
        "UPDATE deposits SET read_at = coalesce(read_at, ?3), flags = flags & -2
         WHERE mailbox_id = ?1 AND id = ?2 AND (read_at IS NULL OR (flags & 1) = 1)",
        mailbox_id,
        deposit_id,
        now
    )
}

impl Store {
    /// Notes the first reading; later ones change nothing but a mark that it be shown as unread.
    pub async fn mark_read(
        &self,
        mailbox_id: &str,
        deposit_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.opened(mailbox_id, deposit_id, seen(mailbox_id, deposit_id, now), now).await
    }

    /// Notes that a letter is taken away that nobody has opened; any other stays as it is.
    pub async fn mark_taken(
        &self,
        mailbox_id: &str,
        deposit_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let taken = Opening::Taken.first(mailbox_id, deposit_id, now);
        self.opened(mailbox_id, deposit_id, taken, now).await
    }

    async fn opened(
        &self,
        mailbox_id: &str,
        deposit_id: &str,
        noted: Statement,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(tell_opened(mailbox_id, deposit_id, now));
        batch.add(noted);
        self.write(batch).await.map(drop)
    }
}
