//! Memos about notices and portal replies, kept to know whom to inform when one bounces. A bounce finds its memo by a hash of the
//! token in the reverse-path (VERP), which is not in the store; a letter finds that of its first notice by [`MemoKey`].

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::noted_time::{AHEAD, latest_noted};
use crate::statement::{Batch, Row, Statement, Value, sql};
use crate::store::Store;

/// RFC 5321 §4.5.4.1: servers give up after some days; after this long a notice no longer bounces.
const NOTICES: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// Memos from before this time are removed.
pub(crate) fn notices_stay(now: Timestamp) -> Timestamp {
    now.minus(NOTICES)
}

/// Memos per query.
const PAGE: i64 = 500;

/// Names the memo of one mail: the letter, and the mail's number among those about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoKey(String);

impl MemoKey {
    /// That of the letter's mail with this number.
    #[must_use]
    pub fn of(deposit_id: &str, number: u8) -> Self {
        Self(format!("{deposit_id}{number:02x}"))
    }

    /// That of the letter's first notice.
    #[must_use]
    pub fn first(deposit_id: &str) -> Self {
        Self::of(deposit_id, 0)
    }

    /// As it is in the row.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a mail about this letter.
    #[must_use]
    pub fn is_about(&self, deposit_id: &str) -> bool {
        self.0.strip_prefix(deposit_id).is_some_and(|number| number.len() == 2)
    }
}

/// A memo for a mail that may bounce.
#[derive(Clone, Debug)]
pub struct NewBounceMemo {
    /// The mailbox that the mail was about.
    pub mailbox_id: String,
    /// The letter that the mail was about.
    pub deposit_id: String,
    /// Number of the mail among the letter's mails.
    pub number: u8,
    /// The hash of the token in its reverse-path.
    pub return_hash: [u8; 32],
    /// Whom to inform, sealed under the row key.
    pub memo_sealed: Vec<u8>,
    /// When the mail was queued.
    pub created_at: Timestamp,
}

/// A stored memo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BounceMemo {
    /// The key of its row.
    pub key: MemoKey,
    /// The mailbox that the mail was about.
    pub mailbox_id: String,
    /// The letter that the mail was about; it may have been deleted since.
    pub deposit_id: String,
    /// The hash of the token in its reverse-path. `None`: from before there were hashes.
    pub return_hash: Option<Vec<u8>>,
    /// Whom to inform, sealed under the row key.
    pub memo_sealed: Vec<u8>,
    /// When it was queued.
    pub created_at: Timestamp,
}

/// The columns of [`BounceMemo`].
macro_rules! memo_columns {
    () => {
        "token, mailbox_id, deposit_id, return_hash, memo_sealed, created_at"
    };
}

impl BounceMemo {
    fn read(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            key: MemoKey(row.text()?),
            mailbox_id: row.text()?,
            deposit_id: row.text()?,
            return_hash: row.opt_blob()?,
            memo_sealed: row.blob()?,
            created_at: row.time()?,
        })
    }
}

impl NewBounceMemo {
    /// Its row.
    #[must_use]
    pub fn key(&self) -> MemoKey {
        MemoKey::of(&self.deposit_id, self.number)
    }

    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(sql!(
            "INSERT INTO bounce_memos (token, mailbox_id, deposit_id, return_hash, memo_sealed, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            self.key().0,
            self.mailbox_id,
            self.deposit_id,
            &self.return_hash,
            self.memo_sealed,
            self.created_at
        ));
    }
}

/// Removes the memo of a mail.
pub(crate) fn spend_memo(key: &MemoKey) -> Statement {
    sql!("DELETE FROM bounce_memos WHERE token = ?1", key.as_str())
}

/// Removes the memos of a letter's mails.
pub(crate) fn forget_memos_of(deposit_id: &str) -> Statement {
    // By `MemoKey`, which is the key of the table. Must follow the letter's deletion in the same batch: a letter that is
    // kept keeps its memos.
    sql!(
        "DELETE FROM bounce_memos WHERE token BETWEEN ?1 || '00' AND ?1 || 'ff'
           AND NOT EXISTS (SELECT 1 FROM deposits WHERE id = ?1)",
        deposit_id
    )
}

impl Store {
    /// The memo of a mail.
    pub async fn bounce_memo(&self, key: &MemoKey) -> Result<Option<BounceMemo>, StoreError> {
        let question =
            sql!(concat!("SELECT ", memo_columns!(), " FROM bounce_memos WHERE token = ?1"), key.as_str());
        self.read_one(question).await?.map(BounceMemo::read).transpose()
    }

    /// The memo of the mail that came back to a reverse-path with a token of this hash. Mails from before there were hashes
    /// carry the key of their row; they come back for as long as a server may try.
    pub async fn returned_memo(
        &self,
        return_hash: &[u8; 32],
        token: &str,
        now: Timestamp,
    ) -> Result<Option<BounceMemo>, StoreError> {
        let question = sql!(
            concat!(
                "SELECT ",
                memo_columns!(),
                " FROM bounce_memos
                 WHERE return_hash = ?1 OR (token = ?2 AND return_hash IS NULL AND created_at BETWEEN ?3 AND ?4)"
            ),
            return_hash,
            token,
            notices_stay(now),
            latest_noted(now, AHEAD)
        );
        self.read_one(question).await?.map(BounceMemo::read).transpose()
    }

    /// The memos of the first notices of a mailbox's letters.
    pub async fn memos_of(&self, mailbox_id: &str) -> Result<Vec<BounceMemo>, StoreError> {
        let question = sql!(
            concat!(
                "SELECT ",
                memo_columns!(),
                " FROM bounce_memos
                 WHERE token IN (SELECT id || '00' FROM deposits WHERE mailbox_id = ?1)"
            ),
            mailbox_id
        );
        self.read_rows(question).await?.into_iter().map(BounceMemo::read).collect()
    }

    /// The next memos in the order of their keys, after this one. Rows that cannot be read are logged and skipped.
    pub async fn bounce_memos(&self, after: &str) -> Result<Vec<BounceMemo>, StoreError> {
        let question = |after: Value| {
            sql!(
                concat!(
                    "SELECT ",
                    memo_columns!(),
                    " FROM bounce_memos WHERE token > ?1 ORDER BY token LIMIT ?2"
                ),
                after,
                PAGE
            )
        };
        self.read_passing_by("bounce memo", after, question, BounceMemo::read).await
    }
}
