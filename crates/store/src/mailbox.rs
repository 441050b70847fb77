//! Mailboxes and the wraps of their keys. What opens which wrap is up to the vault.

use std::collections::{BTreeMap, BTreeSet};

use sealpost_mail::{ActivateBy, Timestamp};

use crate::column_values::{ColumnWord as _, Ended, LetterEvent, UnreadEnd, WrapKind};
use crate::deleted_mailbox::{deleted_row, forget_deleted};
use crate::deposit::remove_letter;
use crate::ended_sessions::end_sessions;
use crate::error::StoreError;
use crate::hook::tell_all_gone;
use crate::notice_frequency::Pace;
use crate::proven_facts::FactKind;
use crate::sender_status::Unread;
use crate::several::REACHED;
use crate::statement::{Batch, Outcome, Refusal, Row, Statement, sql};
use crate::store::Store;
use crate::token::{NewToken, spend_deletion_tokens};
use crate::unreachable::Unreachable;
use crate::wrap_row::NewWrap;

/// A mailbox to be created; it starts pending.
#[derive(Clone, Debug)]
pub struct NewMailbox {
    /// Fresh id.
    pub id: String,
    /// Keyed hash of the address; unique among mailboxes that are not deleted.
    pub tag: [u8; 32],
    /// The address, sealed.
    pub address_sealed: Vec<u8>,
    /// HPKE public key.
    pub public_key: Vec<u8>,
    /// Language tag for notices and pages.
    pub language: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// The wrapped secret key, at least one.
    pub wraps: Vec<NewWrap>,
    /// The activation token.
    pub token: Option<NewToken>,
}

/// Lifecycle of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailboxState {
    /// Created for a letter; not activated yet.
    Pending,
    /// Its owner has a password.
    Active,
    /// Locked until support unlocks it.
    Locked,
    /// Emptied. Never found by tag.
    Deleted,
}

/// A mailbox.
#[derive(Clone, Debug)]
pub struct MailboxRow {
    /// Id.
    pub id: String,
    /// Keyed hash of the address.
    pub tag: [u8; 32],
    /// The address, sealed.
    pub address_sealed: Vec<u8>,
    /// HPKE public key.
    pub public_key: Vec<u8>,
    /// State.
    pub state: MailboxState,
    /// Language tag.
    pub language: String,
    /// The owner's security question, sealed.
    pub question_sealed: Option<Vec<u8>>,
    /// The owner's profile, sealed.
    pub profile_sealed: Option<Vec<u8>>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its owner activated it.
    pub activated_at: Option<Timestamp>,
    /// When its owner last logged in.
    pub last_seen_at: Option<Timestamp>,
    /// Identifies the current password and answer; sealed with the address.
    pub epochs: String,
    /// When a letter last arrived, or a hold ended.
    pub reached_at: Option<Timestamp>,
    /// Since when it is under a hold, which keeps everything in it.
    pub held_since: Option<Timestamp>,
}

/// Why a mailbox is deleted, and on what condition.
pub(crate) enum Deletion<'a> {
    /// On request of its owner or of support. Not while it is under a hold.
    ByHand,
    /// By a link in a mail, if the link is still valid.
    ByLink { token_hash: &'a [u8; 32], now: Timestamp },
    /// Because it is unused, if it is still exactly as given.
    Idle(&'a IdleMailbox),
}

/// Locks or unlocks a mailbox: which of the two is recorded in the epochs, under the address's seal.
#[derive(Clone, Debug)]
pub struct Relock {
    /// The mailbox.
    pub mailbox_id: String,
    /// Its epochs as read.
    pub epochs_before: String,
    /// Its new epochs.
    pub epochs: String,
    /// The address, sealed with the new epochs.
    pub address_sealed: Vec<u8>,
}

/// A mailbox, with what an arrival needs to know of it.
#[derive(Clone, Debug)]
pub struct ReachedMailbox {
    /// Id.
    pub id: String,
    /// Keyed hash of the address.
    pub tag: [u8; 32],
    /// The address, sealed.
    pub address_sealed: Vec<u8>,
    /// HPKE public key.
    pub public_key: Vec<u8>,
    /// State.
    pub state: MailboxState,
    /// The stored activation link, sealed; while pending only.
    pub link_sealed: Option<Vec<u8>>,
    /// What activates it; while pending only.
    pub activate_by: ActivateBy,
    /// Total size of its letters in bytes, if requested.
    pub size: Option<u64>,
    /// Identifies the current password and answer; sealed with the address.
    pub epochs: String,
    /// How many notices have bounced permanently since support last reset the count.
    pub bounces: u32,
    /// How often its owner wants notices of letters, if the owner has chosen.
    pub pace: Option<Pace>,
    /// When the last notice of new letters was sent, if known.
    pub announced_at: Option<Timestamp>,
    /// Letters waiting for the next notice.
    pub unannounced: u64,
    /// Since when it is under a hold, if it is.
    pub held_since: Option<Timestamp>,
}

/// Whether the size of a mailbox is needed: computing it reads each of its letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailboxSizes {
    /// Needed.
    Asked,
    /// Not needed.
    NotAsked,
}

/// The times from which a mailbox's disuse is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleMailbox {
    /// Its id.
    pub id: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its owner activated it.
    pub activated_at: Option<Timestamp>,
    /// When its owner last logged in.
    pub seen_at: Option<Timestamp>,
    /// When a letter last arrived, or a hold ended.
    pub reached_at: Option<Timestamp>,
}

/// All columns, in the order of [`mailbox_row`].
macro_rules! select_mailbox {
    () => {
        "SELECT id, tag, address_sealed, public_key, state, language, question_sealed,
             profile_sealed, created_at, activated_at, last_seen_at, epochs, reached_at, held_since
         FROM mailboxes"
    };
}

pub(crate) use select_mailbox;

fn mailbox_state(row: &mut Row) -> Result<MailboxState, StoreError> {
    match row.text()?.as_str() {
        "pending" => Ok(MailboxState::Pending),
        "active" => Ok(MailboxState::Active),
        "locked" => Ok(MailboxState::Locked),
        "deleted" => Ok(MailboxState::Deleted),
        _ => Err(StoreError::Damaged { what: "a state of a mailbox" }),
    }
}

pub(crate) fn mailbox_row(mut row: Row) -> Result<MailboxRow, StoreError> {
    Ok(MailboxRow {
        id: row.text()?,
        tag: row.hash()?,
        address_sealed: row.blob()?,
        public_key: row.blob()?,
        state: mailbox_state(&mut row)?,
        language: row.text()?,
        question_sealed: row.opt_blob()?,
        profile_sealed: row.opt_blob()?,
        created_at: row.time()?,
        activated_at: row.opt_time()?,
        last_seen_at: row.opt_time()?,
        epochs: row.text()?,
        reached_at: row.opt_time()?,
        held_since: row.opt_time()?,
    })
}

impl NewMailbox {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(
            sql!(
                "INSERT INTO mailboxes (id, tag, state, language, created_at, address_sealed, public_key)
                 VALUES (?1, ?2, 'pending', ?3, ?4, ?5, ?6)
                 ON CONFLICT DO NOTHING",
                self.id.as_str(),
                &self.tag,
                self.language,
                self.created_at,
                self.address_sealed,
                self.public_key
            )
            .or_refuse(Refusal::MailboxTaken),
        );
        self.wraps.into_iter().for_each(|wrap| wrap.add_to(&self.id, batch));
        if let Some(token) = self.token {
            token.add_to(&self.id, batch);
        }
    }
}

/// Records that its owner was here.
pub(crate) fn last_seen(mailbox_id: &str, now: Timestamp) -> Statement {
    sql!("UPDATE mailboxes SET last_seen_at = ?2 WHERE id = ?1", mailbox_id, now)
}

impl Store {
    /// The mailboxes (not deleted) with these tags; tags without one are skipped.
    pub async fn mailboxes_by_tag(&self, tags: &[[u8; 32]]) -> Result<Vec<MailboxRow>, StoreError> {
        let question = |tag| sql!(concat!(select_mailbox!(), " WHERE tag = ?1 AND state <> 'deleted'"), tag);
        let answers = self.read(tags.iter().map(question).collect()).await?;
        answers.into_iter().flatten().map(mailbox_row).collect()
    }

    /// The same with what an arrival needs to know, in one query; tags without one are skipped.
    pub async fn reach_mailboxes(
        &self,
        tags: &[[u8; 32]],
        sizes: MailboxSizes,
    ) -> Result<Vec<ReachedMailbox>, StoreError> {
        let sized = match sizes {
            MailboxSizes::Asked => 1_i64,
            MailboxSizes::NotAsked => 0,
        };
        let question = |tag| sql!(REACHED, tag, sized);
        let answers = self.read(tags.iter().map(question).collect()).await?;
        let mut reading = self.reading(FactKind::CameBack);
        let reached = |mut row: Row| {
            let mut reached = ReachedMailbox {
                id: row.text()?,
                tag: row.hash()?,
                address_sealed: row.blob()?,
                public_key: row.blob()?,
                state: mailbox_state(&mut row)?,
                link_sealed: row.opt_blob()?,
                activate_by: if row.int()? > 0 { ActivateBy::InitialPassword } else { ActivateBy::Link },
                size: row.opt_int()?.map(|size| u64::try_from(size).unwrap_or(0)),
                epochs: row.text()?,
                bounces: 0,
                pace: row.opt_text()?.map(|word| Pace::parse(&word)).transpose()?,
                announced_at: row.opt_time()?,
                unannounced: row.count()?,
                held_since: row.opt_time()?,
            };
            if let Some(unreachable) = Unreachable::proven(row, &mut reading) {
                reached.bounces = unreachable.bounces;
            }
            Ok(reached)
        };
        answers.into_iter().flatten().map(reached).collect()
    }

    /// One mailbox in any state.
    pub async fn mailbox(&self, mailbox_id: &str) -> Result<Option<MailboxRow>, StoreError> {
        let question = sql!(concat!(select_mailbox!(), " WHERE id = ?1"), mailbox_id);
        self.read_one(question).await?.map(mailbox_row).transpose()
    }

    /// The next mailboxes after the id `after`, in any state.
    pub(crate) async fn mailboxes_after(
        &self,
        after: &str,
        most: i64,
    ) -> Result<Vec<MailboxRow>, StoreError> {
        let question = sql!(concat!(select_mailbox!(), " WHERE id > ?1 ORDER BY id LIMIT ?2"), after, most);
        self.read_rows(question).await?.into_iter().map(mailbox_row).collect()
    }

    /// One wrap of a mailbox's secret key.
    pub async fn wrap(&self, mailbox_id: &str, kind: WrapKind) -> Result<Option<Vec<u8>>, StoreError> {
        let question =
            sql!("SELECT sealed FROM wraps WHERE mailbox_id = ?1 AND kind = ?2", mailbox_id, kind.as_str());
        self.read_one(question).await?.map(|mut row| row.blob()).transpose()
    }

    /// The stored activation link of a mailbox and its activation wrap, which belong together.
    pub async fn kept_link(&self, mailbox_id: &str) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
        let question = sql!(
            "SELECT l.sealed, a.sealed FROM wraps l JOIN wraps a ON a.mailbox_id = l.mailbox_id AND a.kind = ?3
             WHERE l.mailbox_id = ?1 AND l.kind = ?2",
            mailbox_id,
            WrapKind::Link.as_str(),
            WrapKind::Activation.as_str()
        );
        self.read_one(question).await?.map(|mut row| Ok((row.blob()?, row.blob()?))).transpose()
    }

    /// Locks an active mailbox and ends its sessions. `false`: it is not active, or its epochs have changed.
    pub async fn lock_mailbox(&self, lock: Relock, now: Timestamp) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(&lock.mailbox_id);
        end_sessions(&mut batch, &lock.mailbox_id, Ended::Support, now, None);
        // The mail with those links may have been read by another person.
        batch.add(spend_deletion_tokens(&lock.mailbox_id, now));
        batch.add(
            sql!(
                "UPDATE mailboxes SET state = 'locked', epochs = ?3, address_sealed = ?4
                 WHERE id = ?1 AND epochs = ?2 AND state = 'active'",
                lock.mailbox_id,
                lock.epochs_before,
                lock.epochs,
                lock.address_sealed
            )
            .or_refuse(Refusal::NotActive),
        );
        self.tell_owner(&mut batch);
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Makes a locked mailbox active again. `false`: it was not locked, or its epochs have changed.
    pub async fn unlock_mailbox(&self, unlock: Relock) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(&unlock.mailbox_id);
        batch.add(
            sql!(
                "UPDATE mailboxes SET state = 'active', epochs = ?3, address_sealed = ?4
                 WHERE id = ?1 AND epochs = ?2 AND state = 'locked'",
                unlock.mailbox_id,
                unlock.epochs_before,
                unlock.epochs,
                unlock.address_sealed
            )
            .or_refuse(Refusal::NotActive),
        );
        self.tell_owner(&mut batch);
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Queues the accompanying mail to an owner who is not present.
    fn tell_owner(&self, batch: &mut Batch) {
        self.riding().mail.iter().for_each(|mail| batch.add(mail.clone()));
    }

    /// Stores the language chosen by the owner. `false`: the mailbox does not exist or is deleted.
    pub async fn set_language(&self, mailbox_id: &str, language: &str) -> Result<bool, StoreError> {
        let changed = self
            .change(vec![sql!(
                "UPDATE mailboxes SET language = ?2 WHERE id = ?1 AND state <> 'deleted'",
                mailbox_id,
                language
            )])
            .await?;
        Ok(changed.iter().sum::<usize>() == 1)
    }

    /// Empties a mailbox permanently: deposits, wraps, tokens, sessions, address. The next letter to the address
    /// creates a new one. `false`: it does not exist, was deleted before, or is under a hold.
    pub async fn delete_mailbox(
        &self,
        mailbox_id: &str,
        unread: Unread,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.delete(mailbox_id, &Deletion::ByHand, unread, now).await
    }

    /// The same, if this link to it is still valid within the transaction: anything its owner does meanwhile
    /// invalidates it.
    pub async fn delete_mailbox_by_link(
        &self,
        mailbox_id: &str,
        token_hash: &[u8; 32],
        unread: Unread,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.delete(mailbox_id, &Deletion::ByLink { token_hash, now }, unread, now).await
    }

    pub(crate) async fn delete(
        &self,
        mailbox_id: &str,
        deletion: &Deletion<'_>,
        unread: Unread,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        loop {
            let questions = vec![
                deletion.condition(mailbox_id),
                sql!("SELECT id, body_id FROM deposits WHERE mailbox_id = ?1", mailbox_id),
            ];
            let mut answers = self.read(questions).await?.into_iter();
            if answers.next().unwrap_or_default().is_empty() {
                return Ok(false);
            }
            let mut batch = Batch::default();
            batch.hold_mailbox(mailbox_id);
            batch.add(deletion.condition(mailbox_id).or_refuse(Refusal::Held));
            // Before the letters and their memos are removed: receivers are told of each, senders of those never
            // opened.
            let (event, how) = deletion.of_letters();
            let letters = bodies_of(answers.next().unwrap_or_default())?;
            let going: BTreeSet<String> = letters.keys().cloned().collect();
            batch.add(tell_all_gone(event, mailbox_id, going.clone(), now));
            batch.extend(unread.all_in(mailbox_id, going, how, now));
            // Not earlier: a hold that begins at this moment keeps them too.
            self.add_removal_of_drafts(&mut batch, mailbox_id).await?;
            for (deposit_id, body_id) in letters {
                let deletion = sql!("DELETE FROM deposits WHERE id = ?1", deposit_id.as_str());
                remove_letter(&mut batch, deletion, &deposit_id, &body_id);
            }
            // A letter that arrived meanwhile was not read above: look again.
            batch.add(
                sql!(
                    concat!(
                        "UPDATE mailboxes SET ",
                        deleted_row!("?2"),
                        " WHERE id = ?1 AND state <> 'deleted'
                           AND NOT EXISTS (SELECT 1 FROM deposits WHERE mailbox_id = ?1)
                           AND NOT EXISTS (SELECT 1 FROM drafts WHERE mailbox_id = ?1)"
                    ),
                    mailbox_id,
                    Vec::new()
                )
                .concerning(mailbox_id, mailbox_id)
                .or_refuse(Refusal::NotEmpty),
            );
            end_sessions(&mut batch, mailbox_id, Ended::Deleted, now, None);
            batch.add(sql!("DELETE FROM tokens WHERE mailbox_id = ?1", mailbox_id));
            forget_deleted(&mut batch, mailbox_id);
            self.tell_owner(&mut batch);
            match self.write(batch).await? {
                Outcome::Kept(_) => return Ok(true),
                Outcome::Refused(Refusal::Held) => return Ok(false),
                Outcome::Refused(_) => {}
            }
        }
    }
}

/// The letters and their bodies.
pub(crate) fn bodies_of(rows: Vec<Row>) -> Result<BTreeMap<String, String>, StoreError> {
    rows.into_iter().map(|mut row| Ok((row.text()?, row.text()?))).collect()
}

impl Deletion<'_> {
    fn condition(&self, mailbox_id: &str) -> Statement {
        match self {
            Self::ByHand => sql!(
                "SELECT id FROM mailboxes WHERE id = ?1 AND state <> 'deleted' AND held_since IS NULL",
                mailbox_id
            ),
            Self::ByLink { token_hash, now } => sql!(
                "SELECT id FROM mailboxes WHERE id = ?1 AND state IN ('pending', 'active') AND held_since IS NULL
                   AND EXISTS (SELECT 1 FROM tokens WHERE hash = ?2 AND mailbox_id = ?1
                     AND purpose = 'deletion' AND spent_at IS NULL AND expires_at > ?3)",
                mailbox_id,
                *token_hash,
                *now
            ),
            Self::Idle(mailbox) => mailbox.still(),
        }
    }

    /// The event and the outcome for the letters in the mailbox.
    fn of_letters(&self) -> (LetterEvent, UnreadEnd) {
        match self {
            Self::ByHand | Self::ByLink { .. } => (LetterEvent::Deleted, UnreadEnd::WithMailbox),
            Self::Idle(_) => (LetterEvent::Expired, UnreadEnd::Expired),
        }
    }
}
