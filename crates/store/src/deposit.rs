//! Deposits: letters in mailboxes, and how many a folder holds, unread and in total. Every query names the mailbox too,
//! so that a guessed id opens nothing.

use sealpost_mail::Timestamp;

use crate::body::{Body, select_body};
use crate::bounce_memo::forget_memos_of;
use crate::column_values::{ColumnWord as _, Folder};
use crate::counted_size::{LARGEST, sum_of_sizes};
use crate::error::StoreError;
use crate::folder_ref::{FolderRef, OwnFolderRow};
use crate::several::REACH;
use crate::statement::{Batch, Refusal, Row, Statement, sql};
use crate::store::{Page, Store};

/// In `flags`: marked as unread by its owner. `read_at` is kept, because others were told of it.
pub(crate) const MARKED_UNREAD: i64 = 1;

/// In `flags`: marked as read by its owner, who has not opened it. No one is told that it was opened.
pub(crate) const MARKED_READ: i64 = 4;

/// A deposit to be stored.
#[derive(Clone, Debug)]
pub struct NewDeposit {
    /// Fresh id.
    pub id: String,
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// Id of the sealed body, shared with other deposits and legs.
    pub body_id: String,
    /// Its folder.
    pub folder: Folder,
    /// The message key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
    /// The public key it is sealed to: if the mailbox has another one by now, nothing is stored.
    pub sealed_to: Vec<u8>,
    /// The head, sealed under the message key.
    pub head_sealed: Vec<u8>,
    /// What the list shows, sealed under the message key.
    pub listing_sealed: Vec<u8>,
    /// Size of the letter in bytes.
    pub size: i64,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it is deleted; `None`: only by its owner.
    pub expires_at: Option<Timestamp>,
    /// Expiry requested for this letter alone: it is kept when its mailbox is activated.
    pub requested_until: Option<Timestamp>,
    /// Keyed hashes of its Message-ID, by which replies to it are recognised.
    pub thread_tags: Vec<[u8; 32]>,
}

/// A row of the letter list.
#[derive(Clone, Debug)]
pub struct DepositRow {
    /// Id.
    pub id: String,
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// Its folder.
    pub folder: Folder,
    /// The message key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
    /// What the list shows, sealed under the message key.
    pub listing_sealed: Vec<u8>,
    /// Size of the letter in bytes.
    pub size: i64,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it was first opened. Marking it as read does not count.
    pub read_at: Option<Timestamp>,
    /// When it is deleted; `None`: only by its owner.
    pub expires_at: Option<Timestamp>,
    /// Bit flags set by its owner: 1 "marked as unread", 2 "in a folder of the owner's", 4 "marked as read".
    pub flags: i64,
    /// When it was moved to the trash, if it is there.
    pub trashed_at: Option<Timestamp>,
    /// The owner's folder that it is in, or returns to.
    pub own_folder: Option<String>,
}

impl DepositRow {
    /// Neither opened nor marked as read, or marked as unread.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        is_unread(self.read_at, self.flags)
    }
}

/// The same for the columns of a row.
pub(crate) fn is_unread(read_at: Option<Timestamp>, flags: i64) -> bool {
    flags & MARKED_UNREAD != 0 || (read_at.is_none() && flags & MARKED_READ == 0)
}

/// A deposit with what opens it.
#[derive(Clone, Debug)]
pub struct DepositLetter {
    /// The row of the list.
    pub row: DepositRow,
    /// Id of the sealed body.
    pub body_id: String,
    /// The head, sealed under the message key.
    pub head_sealed: Vec<u8>,
    /// The sealed body itself. `None`: it is missing, which is damage.
    pub body: Option<Body>,
}

/// How full a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositCounts {
    /// Letters in total.
    pub total: u64,
    /// Unread letters among them.
    pub unread: u64,
    /// Their total size in bytes.
    pub bytes: u64,
}

/// A page of a list, with counts and folders.
#[derive(Clone, Debug)]
pub struct FolderPage {
    /// The letters of the page.
    pub rows: Vec<DepositRow>,
    /// Counts of the whole folder.
    pub counts: DepositCounts,
    /// The owner's folders.
    pub folders: Vec<OwnFolderRow>,
}

/// [`is_unread`] as an SQL condition.
macro_rules! unread {
    () => {
        "((flags & 1) = 1 OR (read_at IS NULL AND (flags & 4) = 0))"
    };
}
pub(crate) use unread;

/// The columns of [`deposit_row`], in its order.
macro_rules! list_columns {
    () => {
        "id, mailbox_id, folder, key_sealed, listing_sealed, size, received_at, read_at, expires_at, flags,
         (SELECT since FROM trash WHERE deposit_id = deposits.id),
         CASE WHEN (flags & 2) <> 0 THEN (SELECT folder_id FROM filed WHERE deposit_id = deposits.id) END"
    };
}
pub(crate) use list_columns;

pub(crate) fn deposit_row(row: &mut Row) -> Result<DepositRow, StoreError> {
    Ok(DepositRow {
        id: row.text()?,
        mailbox_id: row.text()?,
        folder: Folder::parse(&row.text()?)?,
        key_sealed: row.blob()?,
        listing_sealed: row.blob()?,
        size: row.int()?.clamp(0, LARGEST),
        received_at: row.time()?,
        read_at: row.opt_time()?,
        expires_at: row.opt_time()?,
        flags: row.int()?,
        trashed_at: row.opt_time()?,
        own_folder: row.opt_text()?,
    })
}

impl NewDeposit {
    /// Requires that the mailbox exists and has the key pair the letter is sealed to: under another one it could never
    /// be opened, and the caller must read the key again.
    pub(crate) fn reach(&self, batch: &mut Batch) {
        batch.hold_mailbox(&self.mailbox_id);
        let (mailbox_id, sealed_to) = (self.mailbox_id.as_str(), self.sealed_to.clone());
        let there = match self.folder {
            Folder::Inbox => sql!(REACH, mailbox_id, sealed_to, self.received_at),
            Folder::Sent | Folder::Draft | Folder::Trash => sql!(
                "SELECT id FROM mailboxes WHERE id = ?1 AND state <> 'deleted' AND public_key = ?2",
                mailbox_id,
                sealed_to
            ),
        };
        batch.add(there.or_refuse(Refusal::MailboxTaken));
    }

    /// Must follow [`Self::reach`].
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(sql!(
            "INSERT INTO deposits (id, mailbox_id, body_id, folder, size, received_at, expires_at,
                 listing_sealed, key_sealed, head_sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            self.id.as_str(),
            self.mailbox_id.as_str(),
            self.body_id,
            self.folder.as_str(),
            self.size,
            self.received_at,
            self.expires_at,
            self.listing_sealed,
            self.key_sealed,
            self.head_sealed
        ));
        if let Some(until) = self.requested_until {
            batch.add(sql!(
                "INSERT INTO wished (deposit_id, until) VALUES (?1, ?2)",
                self.id.as_str(),
                until
            ));
        }
        self.thread_tags.iter().for_each(|tag| remember_thread(tag, self.received_at, batch));
    }
}

/// From now on replies to the letter with this tag are recognised.
pub(crate) fn remember_thread(tag: &[u8; 32], now: Timestamp, batch: &mut Batch) {
    batch.add(sql!("INSERT INTO threads (tag, created_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING", tag, now));
}

/// Removes a letter, its body if nothing else refers to it, and its bounce memos. `deletion` carries the condition; a
/// letter that is kept keeps all of it.
pub(crate) fn remove_letter(batch: &mut Batch, deletion: Statement, deposit_id: &str, body_id: &str) {
    batch.add(deletion);
    batch.release_body(body_id);
    batch.add(forget_memos_of(deposit_id));
}

/// A query for the letters of a folder: columns, and what follows the condition for either kind of folder.
macro_rules! standing {
    ($place:expr, $mailbox_id:expr, $columns:expr, $behind:expr, $behind_own:expr $(, $param:expr)*) => {
        match $place {
            $crate::folder_ref::FolderRef::Folder(
                folder @ ($crate::column_values::Folder::Inbox | $crate::column_values::Folder::Sent | $crate::column_values::Folder::Draft),
            ) => $crate::statement::sql!(
                concat!(
                    "SELECT ",
                    $columns,
                    " FROM deposits WHERE mailbox_id = ?1 AND folder = ?2 AND (flags & 2) = 0",
                    $behind
                ),
                $mailbox_id,
                folder.as_str()
                $(, $param)*
            ),
            $crate::folder_ref::FolderRef::Folder(folder @ $crate::column_values::Folder::Trash) => $crate::statement::sql!(
                concat!("SELECT ", $columns, " FROM deposits WHERE mailbox_id = ?1 AND folder = ?2", $behind),
                $mailbox_id,
                folder.as_str()
                $(, $param)*
            ),
            $crate::folder_ref::FolderRef::Own(folder_id) => $crate::statement::sql!(
                concat!(
                    "SELECT ",
                    $columns,
                    " FROM filed f JOIN deposits ON deposits.id = f.deposit_id
                     WHERE mailbox_id = ?1 AND f.folder_id = ?2 AND folder IN ('inbox', 'sent')",
                    $behind_own
                ),
                $mailbox_id,
                folder_id
                $(, $param)*
            ),
        }
    };
}
pub(crate) use standing;

pub(crate) fn own_folders_of(mailbox_id: &str) -> Statement {
    sql!("SELECT id, key_sealed, name_sealed FROM own_folders WHERE mailbox_id = ?1 ORDER BY id", mailbox_id)
}

pub(crate) fn own_folder_row(mut row: Row) -> Result<OwnFolderRow, StoreError> {
    Ok(OwnFolderRow { id: row.text()?, key_sealed: row.blob()?, name_sealed: row.blob()? })
}

fn part_of(mailbox_id: &str, place: FolderRef<'_>, page: Page) -> Statement {
    standing!(
        place,
        mailbox_id,
        list_columns!(),
        " ORDER BY received_at DESC, id LIMIT ?3 OFFSET ?4",
        " ORDER BY f.came_at DESC, f.deposit_id LIMIT ?3 OFFSET ?4",
        page.limit,
        page.offset
    )
}

/// Counts received letters; those that were sent are never unread.
fn count_of(mailbox_id: &str, place: FolderRef<'_>) -> Statement {
    standing!(
        place,
        mailbox_id,
        concat!(
            "count(*), count(CASE WHEN folder <> 'sent' AND ",
            unread!(),
            " THEN 1 END), ",
            sum_of_sizes!("size")
        ),
        "",
        ""
    )
}

fn count_in(mailbox_id: &str, folder: Folder) -> Statement {
    sql!(
        concat!(
            "SELECT count(*), count(CASE WHEN ",
            unread!(),
            " THEN 1 END), ",
            sum_of_sizes!("size"),
            " FROM deposits WHERE mailbox_id = ?1 AND folder = ?2"
        ),
        mailbox_id,
        folder.as_str()
    )
}

fn deposit_counts(row: Option<Row>) -> Result<DepositCounts, StoreError> {
    let mut row = row.ok_or(StoreError::Damaged { what: "a count" })?;
    Ok(DepositCounts { total: row.count()?, unread: row.count()?, bytes: row.count()? })
}

impl Store {
    /// A folder's letters, newest first; the owner's own folders belong to the inbox.
    pub async fn deposits(
        &self,
        mailbox_id: &str,
        folder: Folder,
        page: Page,
    ) -> Result<Vec<DepositRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                concat!(
                    "SELECT ",
                    list_columns!(),
                    " FROM deposits WHERE mailbox_id = ?1 AND folder = ?2
                     ORDER BY received_at DESC, id LIMIT ?3 OFFSET ?4"
                ),
                mailbox_id,
                folder.as_str(),
                page.limit,
                page.offset
            ))
            .await?;
        rows.into_iter().map(|mut row| deposit_row(&mut row)).collect()
    }

    /// How full a folder is, the owner's own folders included.
    pub async fn deposit_counts(
        &self,
        mailbox_id: &str,
        folder: Folder,
    ) -> Result<DepositCounts, StoreError> {
        deposit_counts(self.read_one(count_in(mailbox_id, folder)).await?)
    }

    /// A page of what an owner sees in one folder, newest first, with its counts and the owner's folders, from one
    /// consistent view.
    pub async fn place_page(
        &self,
        mailbox_id: &str,
        place: FolderRef<'_>,
        page: Page,
    ) -> Result<FolderPage, StoreError> {
        let questions =
            vec![count_of(mailbox_id, place), own_folders_of(mailbox_id), part_of(mailbox_id, place, page)];
        let mut answers = self.read(questions).await?.into_iter();
        let counts = deposit_counts(answers.next().unwrap_or_default().into_iter().next())?;
        let folders = answers.next().unwrap_or_default().into_iter().map(own_folder_row);
        let folders = folders.collect::<Result<_, _>>()?;
        let rows = answers.next().unwrap_or_default().into_iter();
        let rows = rows.map(|mut row| deposit_row(&mut row)).collect::<Result<_, _>>()?;
        Ok(FolderPage { rows, counts, folders })
    }

    /// One letter of this mailbox with its body, from one consistent view.
    pub async fn deposit(
        &self,
        mailbox_id: &str,
        deposit_id: &str,
    ) -> Result<Option<DepositLetter>, StoreError> {
        let questions = vec![
            sql!(
                concat!(
                    "SELECT ",
                    list_columns!(),
                    ", body_id, head_sealed FROM deposits WHERE mailbox_id = ?1 AND id = ?2"
                ),
                mailbox_id,
                deposit_id
            ),
            sql!(
                concat!(
                    select_body!(),
                    " WHERE id = (SELECT body_id FROM deposits WHERE mailbox_id = ?1 AND id = ?2)"
                ),
                mailbox_id,
                deposit_id
            ),
        ];
        let mut answers = self.read(questions).await?.into_iter().map(|rows| rows.into_iter().next());
        let Some(mut row) = answers.next().flatten() else { return Ok(None) };
        let body = answers.next().flatten().map(|row| self.body_of(row)).transpose()?;
        let (deposit, body_id, head_sealed) = (deposit_row(&mut row)?, row.text()?, row.blob()?);
        Ok(Some(DepositLetter { row: deposit, body_id, head_sealed, body }))
    }

    /// Deletes letters of this mailbox permanently, each body with its last reference. Returns how many there were; ids
    /// of other mailboxes are skipped.
    pub async fn delete_deposits(
        &self,
        mailbox_id: &str,
        deposit_ids: &[String],
    ) -> Result<usize, StoreError> {
        // A deposit's body never changes, so it may be read beforehand.
        let question = |id: &String| {
            sql!(
                "SELECT id, body_id FROM deposits WHERE mailbox_id = ?1 AND id = ?2",
                mailbox_id,
                id.as_str()
            )
        };
        let answers = self.read(deposit_ids.iter().map(question).collect()).await?;
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        for mut row in answers.into_iter().flatten() {
            let (deposit_id, body_id) = (row.text()?, row.text()?);
            let deletion = sql!(
                "DELETE FROM deposits WHERE mailbox_id = ?1 AND id = ?2 RETURNING id",
                mailbox_id,
                deposit_id.as_str()
            )
            .concerning(&deposit_id, mailbox_id);
            remove_letter(&mut batch, deletion, &deposit_id, &body_id);
        }
        Ok(self.write(batch).await?.returned())
    }

    /// Whether one of these Message-IDs belongs to a letter that was once in the portal. Still true after that letter
    /// is deleted.
    pub async fn knows_thread(&self, tags: &[[u8; 32]]) -> Result<bool, StoreError> {
        let question = |tag| sql!("SELECT 1 FROM threads WHERE tag = ?1", tag);
        let answers = self.read(tags.iter().map(question).collect()).await?;
        Ok(answers.iter().any(|rows| !rows.is_empty()))
    }
}
