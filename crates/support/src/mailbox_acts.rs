//! Support's actions on a mailbox: locking and unlocking, deleting, holding, writing to its owner again. Each
//! is recorded in the audit trail with its note in the same transaction; the owner is notified of what they
//! would notice.

use sealpost_mail::Timestamp;
use sealpost_mailbox::audit::{Event, MailboxGone};
use sealpost_notice::SupportDid;
use sealpost_store::{MailboxRow, Store};

use crate::desk::SupportDesk;
use crate::error::SupportError;
use crate::mailbox_facts::resident;
use crate::note::Note;
use crate::tell_owner::{OwnerMail, owner_mail};
use crate::withdrawal;

/// Whether the owner of a mailbox is notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerTold {
    /// A mail is queued.
    ByMail,
    /// No: too many mails to them have bounced.
    ComesBack,
    /// No: there is no address any more.
    Nobody,
}

impl SupportDesk<'_> {
    /// Locks an active mailbox.
    ///
    /// # Errors
    /// See [`SupportError`]: then nothing was done.
    pub async fn lock(
        &self,
        row: &MailboxRow,
        note: &Note,
        now: Timestamp,
    ) -> Result<OwnerTold, SupportError> {
        let event = Event::MailboxLocked { mailbox: &row.id };
        let (store, told) = self.telling(row, SupportDid::Locked, &event, note, now).await?;
        let lock = resident(self.keys, row)?.lock(row, &self.keys.queue.rows, self.random);
        done(store.lock_mailbox(lock, now).await?, told, "it is not active: only an active mailbox is locked")
    }

    /// Unlocks a locked one.
    ///
    /// # Errors
    /// See [`SupportError`]: then nothing was done.
    pub async fn unlock(
        &self,
        row: &MailboxRow,
        note: &Note,
        now: Timestamp,
    ) -> Result<OwnerTold, SupportError> {
        let event = Event::MailboxUnlocked { mailbox: &row.id };
        let (store, told) = self.telling(row, SupportDid::Unlocked, &event, note, now).await?;
        let unlock = resident(self.keys, row)?.unlock(row, &self.keys.queue.rows, self.random);
        done(store.unlock_mailbox(unlock).await?, told, "it is not locked")
    }

    /// Deletes one permanently, with everything in it.
    ///
    /// # Errors
    /// See [`SupportError`]: then nothing was done.
    pub async fn delete(
        &self,
        row: &MailboxRow,
        note: &Note,
        now: Timestamp,
    ) -> Result<OwnerTold, SupportError> {
        if row.held_since.is_some() {
            return Err(SupportError::Not("it is held: end the hold first (`sealpost mailbox hold --end`)"));
        }
        let event = Event::MailboxDeleted { why: MailboxGone::Operator };
        let (store, told) = self.telling(row, SupportDid::Deleted, &event, note, now).await?;
        done(store.delete_mailbox(&row.id, self.unread, now).await?, told, "it is deleted already")
    }

    /// Resets the count of bounced mails to its owner.
    ///
    /// # Errors
    /// See [`SupportError`]: then nothing was done.
    pub async fn clear_address(
        &self,
        row: &MailboxRow,
        note: &Note,
        now: Timestamp,
    ) -> Result<(), SupportError> {
        let store = self.noting(&Event::AddressCleared { mailbox: &row.id }, note, now);
        done(store.clear_unreachable(&row.id).await?, (), "no mail to it has come back")
    }

    /// Puts one under a hold, which stops all its deadlines.
    ///
    /// # Errors
    /// See [`SupportError`]: then nothing was done.
    pub async fn hold(&self, row: &MailboxRow, note: &Note, now: Timestamp) -> Result<(), SupportError> {
        let store = self.noting(&Event::MailboxHeld { mailbox: &row.id }, note, now);
        done(store.hold_mailbox(&row.id, now).await?, (), "it is held already, or deleted")
    }

    /// Ends the hold.
    ///
    /// # Errors
    /// See [`SupportError`]: then nothing was done.
    pub async fn end_hold(&self, row: &MailboxRow, note: &Note, now: Timestamp) -> Result<(), SupportError> {
        let store = self.noting(&Event::MailboxFreed { mailbox: &row.id }, note, now);
        let not_held = "it is not held";
        let Some(held) = store.held(&row.id).await? else { return Err(SupportError::Not(not_held)) };
        let since = held.since;
        let resumed = self.retention.resumed(held, now).into_iter();
        let resumed = resumed
            .filter_map(|time| withdrawal::resumed(&self.keys.queue.rows, time, self.random))
            .collect();
        done(store.end_hold(&row.id, since, resumed, now).await?, (), not_held)
    }

    /// The store, recording this action.
    pub(crate) fn noting(&self, event: &Event<'_>, note: &Note, now: Timestamp) -> Store {
        self.store.audited([note.row(event, &self.actor, now)])
    }

    /// The store, recording this action and queueing the mail to the owner with it.
    async fn telling(
        &self,
        row: &MailboxRow,
        did: SupportDid,
        event: &Event<'_>,
        note: &Note,
        now: Timestamp,
    ) -> Result<(Store, OwnerTold), SupportError> {
        let (mail, told) = match owner_mail(self, row, did, now).await? {
            OwnerMail::Queued(leg) => (Some(leg), OwnerTold::ByMail),
            OwnerMail::ComesBack => (None, OwnerTold::ComesBack),
            OwnerMail::Nobody => (None, OwnerTold::Nobody),
        };
        Ok((self.store.noting_and_telling(note.row(event, &self.actor, now), mail), told))
    }
}

fn done<T>(is_done: bool, with: T, why_not: &'static str) -> Result<T, SupportError> {
    if is_done { Ok(with) } else { Err(SupportError::Not(why_not)) }
}
