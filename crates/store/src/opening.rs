//! Records that a letter has been opened: once, for its sender and for the evidence, whatever its owner's list shows.
//! Does not know who is informed.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::hook::tell_opened;
use crate::statement::{Batch, Refusal, Statement, sql};
use crate::store::Store;

/// How its owner opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It was viewed: the list shows it as read.
    Seen,
    /// It was downloaded as a file: its state in the list is unchanged.
    Taken,
}

/// Records, together with other rows, that a letter is opened for the first time.
#[derive(Clone, Debug)]
pub struct NewOpening {
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// Its deposit id.
    pub deposit_id: String,
    /// How it was opened.
    pub how: Opening,
}

impl NewOpening {
    /// Refused if it was opened before, or is gone.
    pub(crate) fn add_to(&self, batch: &mut Batch, now: Timestamp) {
        let Self { mailbox_id, deposit_id, how } = self;
        batch.hold_mailbox(mailbox_id);
        batch.add(tell_opened(mailbox_id, deposit_id, now));
        batch.add(how.first(mailbox_id, deposit_id, now).or_refuse(Refusal::Duplicate));
    }
}

impl Opening {
    /// Records the first opening; later ones change nothing.
    fn first(self, mailbox_id: &str, deposit_id: &str, now: Timestamp) -> Statement {
        match self {
            Self::Seen => sql!(
                "UPDATE deposits SET read_at = ?3, flags = flags & -2
                 WHERE mailbox_id = ?1 AND id = ?2 AND read_at IS NULL",
                mailbox_id,
                deposit_id,
                now
            ),
            // An unopened letter is shown as unread, unless its owner has marked it as read (flag 4).
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

/// Records a viewing: the first time permanently, and clears the owner's unread mark.
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
    /// Records the first reading; later ones only clear an unread mark.
    pub async fn mark_read(
        &self,
        mailbox_id: &str,
        deposit_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.opened(mailbox_id, deposit_id, seen(mailbox_id, deposit_id, now), now).await
    }

    /// Records that an unopened letter is downloaded; any other is unchanged.
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
