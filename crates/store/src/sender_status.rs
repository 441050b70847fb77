//! What senders are told about their letters: that they are not being fetched, or went unread. Each sender is told once, in the
//! transaction that queues the mail. The wording and the right time are not known here.

use std::collections::BTreeSet;

use sealpost_mail::Timestamp;

use crate::column_values::{ColumnWord as _, UnreadEnd};
use crate::error::StoreError;
use crate::not_held::not_held;
use crate::proven_facts::{FactKind, ProvenFact, Proves};
use crate::received::received;
use crate::row_proof::{came_back_words, gone_words};
use crate::statement::{Batch, Refusal, Row, Statement, Value, sql};
use crate::store::Store;
use crate::unreachable::Unreachable;

/// A letter that has not been opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfetched {
    /// Its deposit id.
    pub deposit_id: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Since when it counts as waiting: since its arrival, plus any days its mailbox was under a hold.
    pub waits_from: Timestamp,
    /// When it expires, if it does.
    pub expires_at: Option<Timestamp>,
    /// Sender and recipient, sealed.
    pub memo_sealed: Vec<u8>,
    /// Whether mail to its recipient bounced, with none delivered since.
    pub came_back: bool,
    /// Whether the mailbox is to be activated with an initial password.
    pub initial_password: bool,
}

/// A letter that was removed without having been opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneUnread {
    /// Its deposit id.
    pub deposit_id: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it was removed.
    pub gone_at: Timestamp,
    /// How it was removed.
    pub how: UnreadEnd,
    /// Sender and recipient, sealed.
    pub memo_sealed: Vec<u8>,
}

/// Records that a sender is informed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SenderNote {
    /// That a letter is not being fetched.
    Unfetched {
        /// Its deposit id.
        deposit_id: String,
        /// When the sender is informed.
        at: Timestamp,
        /// What is noted of a time later than this, no process of ours has noted.
        latest: Timestamp,
    },
    /// That it went unread.
    Gone {
        /// Its deposit id.
        deposit_id: String,
    },
}

/// What happens to unopened letters when they are removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unread {
    /// Sender and recipient are kept, sealed, until the sender is informed.
    KeptForSenders,
    /// They are removed like the others.
    #[default]
    Forgotten,
}

impl SenderNote {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        let statement = match self {
            Self::Unfetched { deposit_id, at, latest } => sql!(
                "INSERT INTO told_unfetched (deposit_id, at)
                 SELECT id, CAST(?2 AS BIGINT) FROM deposits WHERE id = ?1 AND read_at IS NULL
                 ON CONFLICT (deposit_id) DO UPDATE SET at = excluded.at
                 WHERE told_unfetched.at > ?3
                    OR told_unfetched.at < (SELECT received_at FROM deposits WHERE id = ?1)",
                deposit_id,
                at,
                latest
            ),
            Self::Gone { deposit_id } => {
                sql!("DELETE FROM gone_unread WHERE deposit_id = ?1", deposit_id)
            }
        };
        batch.add(statement.or_refuse(Refusal::Duplicate));
    }
}

/// One statement: for letters about to be removed, keeps sender and recipient if the letter was never opened and its sender is
/// known. `?2`: now; `?3`: the outcome of those that were not in the trash.
macro_rules! kept_for_senders {
    ($($condition:tt)+) => {
        concat!(
            // A conflicting row that we did not write is ignored and overwritten.
            "INSERT INTO gone_unread (deposit_id, gone_at, received_at, memo_sealed, how)
             SELECT d.id, CAST(?2 AS BIGINT), d.received_at, n.memo_sealed,
                 CASE WHEN d.folder = 'trash' THEN 'deleted' ELSE CAST(?3 AS TEXT) END
             FROM deposits d JOIN bounce_memos n ON n.token = d.id || '00'
             WHERE d.read_at IS NULL AND ",
            received!("d"),
            " AND ",
            $($condition)+,
            " ON CONFLICT (deposit_id) DO UPDATE SET gone_at = excluded.gone_at, received_at = excluded.received_at,
                 memo_sealed = excluded.memo_sealed, how = excluded.how
             RETURNING ",
            gone_words!()
        )
    };
}

impl Unread {
    /// For an expired letter.
    pub(crate) fn expired(self, deposit_id: &str, now: Timestamp) -> Option<Statement> {
        let condition = kept_for_senders!("d.id = ?1 AND d.expires_at <= ?2 AND ", not_held!("d.mailbox_id"));
        let how = UnreadEnd::Expired;
        self.kept(sql!(condition, deposit_id, now, how.as_str()), one(deposit_id), how, now)
    }

    /// For a letter removed from the trash.
    pub(crate) fn deleted(self, deposit_id: &str, now: Timestamp) -> Option<Statement> {
        let condition = kept_for_senders!("d.id = ?1 AND d.folder = 'trash' AND ", not_held!("d.mailbox_id"));
        let how = UnreadEnd::Deleted;
        self.kept(sql!(condition, deposit_id, now, how.as_str()), one(deposit_id), how, now)
    }

    /// For all letters of a mailbox that is removed with these.
    pub(crate) fn all_in(
        self,
        mailbox_id: &str,
        letters: BTreeSet<String>,
        how: UnreadEnd,
        now: Timestamp,
    ) -> Option<Statement> {
        let statement = sql!(kept_for_senders!("d.mailbox_id = ?1"), mailbox_id, now, how.as_str());
        self.kept(statement, letters, how, now)
    }

    fn kept(
        self,
        statement: Statement,
        letters: BTreeSet<String>,
        how: UnreadEnd,
        at: Timestamp,
    ) -> Option<Statement> {
        match self {
            Self::KeptForSenders => Some(statement.proving(Proves::GoneUnread { letters, at, how })),
            Self::Forgotten => None,
        }
    }
}

fn one(deposit_id: &str) -> BTreeSet<String> {
    BTreeSet::from([deposit_id.to_owned()])
}

/// Letters per query.
const AT_ONCE: u32 = 1_000;

impl Store {
    /// Received letters that are unopened, that came before `before`, and whose senders are known and have not been
    /// told; after this id. Who was told later than `latest` was not told by us. Mail that came back `bounces` times is not sent any
    /// more. A few at once. Reads the whole table of bounce memos, beside the writer.
    pub async fn unfetched(
        &self,
        after: &str,
        before: Timestamp,
        latest: Timestamp,
        bounces: u32,
    ) -> Result<Vec<Unfetched>, StoreError> {
        let question = |after: Value| {
            sql!(
                concat!(
                    "SELECT d.id, d.received_at,
                         coalesce((SELECT at FROM waits_from WHERE deposit_id = d.id), d.received_at),
                         d.expires_at, n.memo_sealed,
                         CASE WHEN EXISTS (SELECT 1 FROM wraps w WHERE w.mailbox_id = d.mailbox_id
                             AND w.kind = 'initial') THEN 1 ELSE 0 END, ",
                    came_back_words!(u),
                    " FROM bounce_memos n JOIN deposits d ON n.token = d.id || '00' AND d.id = n.deposit_id
                         LEFT JOIN unreachable u ON u.mailbox_id = d.mailbox_id
                     WHERE n.token > ?1 || '00' AND d.received_at < ?2 AND d.read_at IS NULL AND d.folder = 'inbox'
                       AND NOT EXISTS (SELECT 1 FROM told_unfetched t WHERE t.deposit_id = d.id
                           AND t.at >= d.received_at AND t.at <= ?4) AND ",
                    not_held!("d.mailbox_id"),
                    " ORDER BY n.token LIMIT ?3"
                ),
                after,
                before,
                AT_ONCE,
                latest
            )
        };
        let mut reading = self.reading(FactKind::CameBack);
        let one = |mut row: Row| {
            let (deposit_id, received_at) = (row.text()?, row.time()?);
            let (waits_from, expires_at) = (row.time()?, row.opt_time()?);
            let (memo_sealed, initial_password) = (row.blob()?, row.int()? == 1);
            let unreachable = Unreachable::proven(row, &mut reading);
            let came_back = unreachable.is_some_and(|it| it.keeps_back(bounces, received_at));
            Ok(Unfetched {
                deposit_id,
                received_at,
                waits_from,
                expires_at,
                memo_sealed,
                came_back,
                initial_password,
            })
        };
        self.read_passing_by("letter", after, question, one).await
    }

    /// Letters after this id that went unread and whose senders have not been informed. One page. Rows not written by us are
    /// skipped.
    pub async fn gone_unread(&self, after: &str) -> Result<Vec<GoneUnread>, StoreError> {
        let mut after = Value::from(after);
        let mut reading = self.reading(FactKind::GoneUnread);
        loop {
            let question = sql!(
                concat!(
                    "SELECT deposit_id, memo_sealed, ",
                    gone_words!(),
                    " FROM gone_unread WHERE deposit_id > ?1 ORDER BY deposit_id LIMIT ?2"
                ),
                after.clone(),
                AT_ONCE
            );
            let mut found = Vec::new();
            let rows = self.read_rows(question).await?;
            if rows.is_empty() {
                return Ok(found);
            }
            for mut row in rows {
                after = row.first();
                // An unreadable row is skipped like one whose proof fails.
                let (_id, memo_sealed) = (row.opt_text(), row.blob());
                let Some(ProvenFact::GoneUnread { deposit_id, received_at, gone_at, how }) =
                    reading.proven(row)
                else {
                    continue;
                };
                let (Ok(memo_sealed), Ok(how)) = (memo_sealed, UnreadEnd::parse(&how)) else {
                    reading.unreadable();
                    continue;
                };
                found.push(GoneUnread { deposit_id, received_at, gone_at, how, memo_sealed });
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }

    /// Forgets a removed letter whose sender cannot be informed. `false`: it did not exist.
    pub async fn forget_gone(&self, deposit_id: &str) -> Result<bool, StoreError> {
        let gone = sql!("DELETE FROM gone_unread WHERE deposit_id = ?1", deposit_id);
        Ok(self.change(vec![gone]).await?.iter().sum::<usize>() == 1)
    }
}
