//! What support sees of mailboxes and letters: states, times, sizes and counts. Opens nothing.

use sealpost_mail::Timestamp;

use crate::column_values::RequestState;
use crate::counted_size::sum_of_sizes;
use crate::deposit::{DepositRow, deposit_row, list_columns};
use crate::error::StoreError;
use crate::mailbox::{MailboxRow, MailboxState, mailbox_row, select_mailbox};
use crate::statement::{Row, sql};
use crate::store::Store;
use crate::unattended::ask_again;
use crate::withdrawn_row::{WithdrawnRow, withdrawn_columns};

/// Mailboxes per query.
const AT_ONCE: u32 = 500;

/// Which mailboxes to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailboxSelection {
    /// Existing ones.
    Existing,
    /// Deleted ones too.
    WithDeleted,
}

/// Contents and sessions of a mailbox, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailboxFacts {
    /// Received letters.
    pub received: u64,
    /// Received letters never read.
    pub unread: u64,
    /// Sent letters.
    pub sent: u64,
    /// Letters in the trash.
    pub trashed: u64,
    /// Drafts.
    pub drafts: u64,
    /// Size of all letters in bytes.
    pub bytes: u64,
    /// Sessions that have not expired.
    pub sessions: u64,
    /// Open support requests.
    pub requests: u64,
    /// When its activation link expires.
    pub link_until: Option<Timestamp>,
}

/// When something first and last happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherTime {
    /// What it is.
    pub what: String,
    /// Its id, or that of the letter or mailbox that it is about.
    pub id: String,
    /// When it began; `None` for a folder into which nothing was ever moved.
    pub first: Option<Timestamp>,
    /// When it last changed; for a queued event, when it is due.
    pub last: Option<Timestamp>,
}

/// Until when a pending mailbox is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingEnd {
    /// Until its letters and its link have expired.
    At(Timestamp),
    /// The same, but support was asked, which keeps it for a while after its link has expired.
    Asked {
        /// When the last of its letters and its link expires.
        last: Timestamp,
        /// When its link expires.
        link: Timestamp,
    },
    /// It has a letter without an expiry.
    Unknown,
}

fn facts(mut row: Row) -> Result<MailboxFacts, StoreError> {
    Ok(MailboxFacts {
        received: row.count()?,
        unread: row.count()?,
        sent: row.count()?,
        trashed: row.count()?,
        drafts: row.count()?,
        bytes: row.count()?,
        sessions: row.count()?,
        requests: 0,
        link_until: row.opt_time()?,
    })
}

impl Store {
    /// Mailboxes after this id, in the order of their ids. One page.
    pub async fn list_mailboxes(
        &self,
        after: &str,
        which: MailboxSelection,
    ) -> Result<Vec<MailboxRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                concat!(
                    select_mailbox!(),
                    " WHERE id > ?1 AND (?2 = 1 OR state <> 'deleted') ORDER BY id LIMIT ?3"
                ),
                after,
                which == MailboxSelection::WithDeleted,
                AT_ONCE
            ))
            .await?;
        rows.into_iter().map(mailbox_row).collect()
    }

    /// Contents and sessions of a mailbox, in numbers.
    pub async fn mailbox_facts(&self, mailbox_id: &str, now: Timestamp) -> Result<MailboxFacts, StoreError> {
        let row = self
            .read_one(sql!(
                concat!(
                    "SELECT
                     (SELECT count(*) FROM deposits WHERE mailbox_id = ?1 AND folder = 'inbox'),
                     (SELECT count(*) FROM deposits WHERE mailbox_id = ?1 AND folder = 'inbox'
                         AND read_at IS NULL),
                     (SELECT count(*) FROM deposits WHERE mailbox_id = ?1 AND folder = 'sent'),
                     (SELECT count(*) FROM deposits WHERE mailbox_id = ?1 AND folder = 'trash'),
                     (SELECT count(*) FROM drafts WHERE mailbox_id = ?1),
                     (SELECT ",
                    sum_of_sizes!("size"),
                    " FROM deposits WHERE mailbox_id = ?1),
                     (SELECT count(*) FROM sessions WHERE mailbox_id = ?1 AND expires_at > ?2),
                     (SELECT max(expires_at) FROM tokens WHERE mailbox_id = ?1
                         AND purpose = 'activation' AND spent_at IS NULL)"
                ),
                mailbox_id,
                now
            ))
            .await?;
        let facts = row.map(facts).transpose()?.ok_or(StoreError::Damaged { what: "a count" })?;
        // Only requests written by us: their proofs are verified.
        let requests = self.requests_of(mailbox_id).await?;
        let open = requests.iter().filter(|request| request.state == RequestState::Open).count();
        Ok(MailboxFacts { requests: u64::try_from(open).unwrap_or(u64::MAX), ..facts })
    }

    /// When a pending mailbox is deleted if it is not activated and no further letter arrives: retention deletes it
    /// when nothing keeps it any more.
    pub async fn pending_end(&self, mailbox_id: &str) -> Result<PendingEnd, StoreError> {
        let row = self
            .read_one(sql!(
                concat!(
                    "SELECT (SELECT count(*) FROM deposits WHERE mailbox_id = m.id AND expires_at IS NULL),
                     m.created_at,
                     (SELECT max(expires_at) FROM deposits WHERE mailbox_id = m.id),
                     (SELECT max(expires_at) FROM tokens WHERE mailbox_id = m.id
                         AND purpose = 'activation' AND spent_at IS NULL),
                     (SELECT max(created_at) + ",
                    ask_again!(),
                    " FROM tokens WHERE mailbox_id = m.id AND purpose = 'activation'
                         AND m.activated_at IS NOT NULL)
                     FROM mailboxes m WHERE m.id = ?1"
                ),
                mailbox_id
            ))
            .await?;
        let Some(mut row) = row else { return Ok(PendingEnd::Unknown) };
        if row.count()? > 0 {
            return Ok(PendingEnd::Unknown);
        }
        let (made, letters) = (row.time()?, row.opt_time()?);
        let links = [row.opt_time()?, row.opt_time()?];
        let link = links.into_iter().flatten().fold(made, Timestamp::max);
        let last = letters.map_or(link, |letters| letters.max(link));
        let requests = self.requests_of(mailbox_id).await?;
        match requests.iter().any(|request| request.state == RequestState::Open) {
            true => Ok(PendingEnd::Asked { last, link }),
            false => Ok(PendingEnd::At(last)),
        }
    }

    /// Times of events in a mailbox that no other query for support shows, with their names and ids.
    pub async fn other_times(&self, mailbox_id: &str) -> Result<Vec<OtherTime>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT 'draft', id, created_at, changed_at FROM drafts WHERE mailbox_id = ?1
                 UNION ALL SELECT 'draft file', f.id, f.added_at, f.added_at
                     FROM draft_files f JOIN drafts d ON d.id = f.draft_id WHERE d.mailbox_id = ?1
                 UNION ALL SELECT 'upload', u.id, u.begun_at, u.touched_at
                     FROM uploads u JOIN drafts d ON d.id = u.draft_id WHERE d.mailbox_id = ?1
                 UNION ALL SELECT 'folder', o.id, min(f.moved_at), max(f.moved_at)
                     FROM own_folders o LEFT JOIN filed f ON f.folder_id = o.id
                     WHERE o.mailbox_id = ?1 GROUP BY o.id
                 UNION ALL SELECT 'reminded of ' || about, mailbox_id, at, at FROM reminded WHERE mailbox_id = ?1
                 UNION ALL SELECT 'sender told that nobody fetches', t.deposit_id, t.at, t.at
                     FROM told_unfetched t JOIN deposits d ON d.id = t.deposit_id WHERE d.mailbox_id = ?1
                 UNION ALL SELECT 'event ' || kind || ' for ' || hook, letter, at, due_at
                     FROM hook_events WHERE mailbox = ?1
                 ORDER BY 1, 2",
                mailbox_id
            ))
            .await?;
        let one = |mut row: Row| {
            Ok(OtherTime {
                what: row.text()?,
                id: row.text()?,
                first: row.opt_time()?,
                last: row.opt_time()?,
            })
        };
        rows.into_iter().map(one).collect()
    }

    /// All letters of a mailbox, newest first; none of their content.
    pub async fn letters_of(&self, mailbox_id: &str) -> Result<Vec<DepositRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                concat!(
                    "SELECT ",
                    list_columns!(),
                    " FROM deposits WHERE mailbox_id = ?1 ORDER BY received_at DESC, id"
                ),
                mailbox_id
            ))
            .await?;
        rows.into_iter().map(|mut row| deposit_row(&mut row)).collect()
    }

    /// All recalled letters of a mailbox that are still shown, newest first.
    pub async fn withdrawn_of(&self, mailbox_id: &str) -> Result<Vec<WithdrawnRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                concat!(
                    "SELECT ",
                    withdrawn_columns!(),
                    " FROM withdrawn WHERE mailbox_id = ?1 ORDER BY received_at DESC, deposit_id"
                ),
                mailbox_id
            ))
            .await?;
        rows.into_iter().map(WithdrawnRow::read).collect()
    }

    /// One letter in any mailbox: for support, who knows its id from the log or the mailbox.
    pub async fn letter(&self, deposit_id: &str) -> Result<Option<DepositRow>, StoreError> {
        let question = sql!(concat!("SELECT ", list_columns!(), " FROM deposits WHERE id = ?1"), deposit_id);
        self.read_one(question).await?.map(|mut row| deposit_row(&mut row)).transpose()
    }
}

impl MailboxState {
    /// The value stored in the column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Deleted => "deleted",
        }
    }
}
