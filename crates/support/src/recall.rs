//! Recalling a letter: its recipient sees only that it was recalled, when and by whom.

use sealpost_mail::{Term, Timestamp};
use sealpost_mailbox::audit::{Event, LetterGone};
use sealpost_store::{DepositRow, MailboxRow, Standing, Withdrawal};

use crate::desk::{Recall, SupportDesk};
use crate::error::SupportError;
use crate::note::Note;
use crate::withdrawal;

/// Whether a letter that has been opened may be recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// No: the letter stays in its mailbox.
    Stays,
    /// Yes: it went to the wrong person.
    IsTakenBack,
}

/// How long the recipient sees the recall at least.
const TOLD: Term = Term::Days(60);

fn permitted(recall: Recall, opened: Opened) -> Result<(), SupportError> {
    match (recall, opened) {
        (Recall::Never, _) => Err(SupportError::Not("letters are not taken back here (recall = \"never\")")),
        (Recall::Unread, Opened::IsTakenBack) => Err(SupportError::Not(
            "opened letters are not taken back here; recall = \"always\" in gateway.toml would permit it",
        )),
        (Recall::Unread, Opened::Stays) | (Recall::Always, _) => Ok(()),
    }
}

impl SupportDesk<'_> {
    /// Recalls a letter. `by`: who recalls it, as shown to its recipient.
    ///
    /// # Errors
    /// See [`SupportError`]: then nothing was done.
    pub async fn recall(
        &self,
        (row, mailbox): (&DepositRow, &MailboxRow),
        by: &str,
        opened: Opened,
        note: &Note,
        now: Timestamp,
    ) -> Result<(), SupportError> {
        permitted(self.recall, opened)?;
        if mailbox.held_since.is_some() {
            return Err(SupportError::Not("its mailbox is held: nothing of it goes"));
        }
        if row.read_at.is_some() && opened == Opened::Stays {
            return Err(SupportError::Not(
                "it has been opened: add --even-if-read to end its recipient's access all the same",
            ));
        }
        let told = self.retention.zone.end(now, TOLD);
        let standing = Standing {
            deposit_id: row.id.clone(),
            mailbox_id: row.mailbox_id.clone(),
            received_at: row.received_at,
            withdrawn_at: now,
            forget_at: row.expires_at.map_or(told, |expires| expires.max(told)),
        };
        let by = by.trim().as_bytes();
        let withdrawal = Withdrawal {
            even_if_read: opened == Opened::IsTakenBack,
            by_sealed: withdrawal::seal(&self.keys.queue.rows, &standing, by, self.random),
            standing,
        };
        let recalled = Event::LetterGone { why: LetterGone::Recalled };
        if !self.noting(&recalled, note, now).withdraw(withdrawal).await? {
            return Err(SupportError::Not(
                "it has been opened or deleted in this moment, or its owner has sent it: nothing was done",
            ));
        }
        Ok(())
    }
}
