//! Removes what has expired: letters, mailboxes that were never activated, and rows that no longer lead anywhere. Times are given
//! by the caller; retention is the operator's choice, except for rows that only the store knows of.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::background_pace::BackgroundPace;
use crate::bounce_memo::notices_stay;
use crate::consistency::drop_stale;
use crate::deleted_mailbox::{deleted_row, forget_deleted};
use crate::deposit::remove_letter;
use crate::error::StoreError;
use crate::hook::tell_expired;
use crate::not_held::not_held;
use crate::noted_time::{TOO_FAR, latest_noted};
use crate::sender_status::Unread;
use crate::stale_rows::{StaleCounts, StaleKind};
use crate::statement::{Batch, Outcome, Refusal, Row, Statement, sql};
use crate::store::Store;
use crate::unattended::{Stranded, unattended};

/// Drafts per query.
const AT_ONCE: u32 = 200;

/// Rows per query, at night.
const FOUND_AT_ONCE: u32 = 10_000;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a used or expired activation link can still explain itself.
const LINKS: Duration = DAY.saturating_mul(365);
/// Events that no receiver accepted and no operator attended to.
const DEAD: Duration = DAY.saturating_mul(60);
/// How long a reply to a portal letter is recognised, and so confidential, by its Message-ID.
const THREADS: Duration = DAY.saturating_mul(5 * 365);

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Short-lived rows.
    pub stale: StaleCounts,
    /// Tokens that can no longer be used.
    pub tokens: u64,
    /// Memos of notices too old to bounce.
    pub bounce_memos: u64,
    /// Message-IDs too old to be replied to.
    pub threads: u64,
    /// Texts of recalled letters that their recipients could read for long enough.
    pub withdrawn: u64,
    /// Webhook events that were never accepted or attended to.
    pub dead_events: u64,
}

impl Forgotten {
    /// How many of this kind.
    #[must_use]
    pub fn of(&self, kind: StaleKind) -> u64 {
        self.stale.iter().filter(|(one, _)| *one == kind).map(|(_, count)| count).sum()
    }
}

/// Expired letters that are not under a hold. `d` is the letter.
macro_rules! over {
    ($now:literal) => {
        concat!("FROM deposits d WHERE d.expires_at <= ", $now, " AND ", not_held!("d.mailbox_id"))
    };
}

/// A pending mailbox that is unattended and empty.
macro_rules! abandoned {
    ($now:literal, $asked:literal, $strangers:literal) => {
        concat!(
            unattended!($now, $asked, $strangers),
            " AND NOT EXISTS (SELECT 1 FROM drafts WHERE mailbox_id = m.id)"
        )
    };
}

/// A rule of [`Forgotten`]: rows made useless by time. Rows from `?1` on are kept.
macro_rules! useless {
    (withdrawn) => {
        concat!(
            "FROM withdrawn WHERE forget_at < ?1 AND ",
            $crate::not_held::not_held!("withdrawn.mailbox_id")
        )
    };
    (dead_events) => {
        "FROM hook_events WHERE state = 'dead' AND at < ?1"
    };
    (bounce_memos) => {
        "FROM bounce_memos WHERE (created_at < ?1 OR created_at > ?2)
           AND NOT EXISTS (SELECT 1 FROM deposits WHERE id = bounce_memos.deposit_id)"
    };
    (threads) => {
        "FROM threads WHERE created_at < ?1"
    };
    // A pending mailbox keeps its link, however old: the next letter prolongs it. A reset link, before `?2`, has nothing to explain
    // once it has expired.
    (tokens) => {
        "FROM tokens
         WHERE (expires_at < ?1 AND (spent_at IS NOT NULL OR NOT EXISTS
                   (SELECT 1 FROM mailboxes m WHERE m.id = tokens.mailbox_id AND m.state = 'pending')))
            OR (expires_at < ?2 AND purpose IN ('reset', 'deletion'))"
    };
}

pub(crate) use over;
pub(crate) use useless;

/// The times from which rows of each kind are kept.
pub(crate) fn links_stay(now: Timestamp) -> (Timestamp, Timestamp) {
    (now.minus(LINKS), now.minus(DAY))
}

pub(crate) fn threads_stay(now: Timestamp) -> Timestamp {
    now.minus(THREADS)
}

pub(crate) fn dead_events_stay(now: Timestamp) -> Timestamp {
    now.minus(DEAD)
}

impl Store {
    /// Deletes all letters permanently that have expired at `now`, each body with its last reference.
    pub async fn purge_letters(&self, unread: Unread, now: Timestamp) -> Result<usize, StoreError> {
        let mut deleted = 0;
        let mut pace = BackgroundPace::new(self);
        loop {
            let rows = self
                .read_rows(sql!(
                    concat!(
                        "SELECT d.id, d.body_id, d.mailbox_id ",
                        over!("?1"),
                        " ORDER BY d.expires_at LIMIT ?2"
                    ),
                    now,
                    pace.rows()
                ))
                .await?;
            if rows.is_empty() {
                return Ok(deleted);
            }
            let mut batch = Batch::default();
            for mut row in rows {
                let (id, body_id, mailbox_id) = (row.text()?, row.text()?, row.text()?);
                batch.hold_mailbox(&mailbox_id);
                batch.add(tell_expired(&id, now));
                batch.extend(unread.expired(&id, now));
                // A letter whose mailbox has been activated meanwhile has a new expiry.
                let deletion = sql!(
                    concat!(
                        "DELETE FROM deposits WHERE id = ?1 AND expires_at <= ?2 AND ",
                        not_held!("deposits.mailbox_id"),
                        " RETURNING id"
                    ),
                    id.as_str(),
                    now
                )
                .concerning(&id, &mailbox_id);
                remove_letter(&mut batch, deletion, &id, &body_id);
            }
            let now_gone = pace.write(batch).await?.returned();
            deleted += now_gone;
            if now_gone == 0 {
                return Ok(deleted);
            }
        }
    }

    /// Deletes pending mailboxes that are empty and whose link has expired; one that support was asked about only if the link had
    /// already expired at `asked`. The link still explains itself; the next letter to the address creates a new mailbox.
    pub async fn purge_pending(&self, now: Timestamp, asked: Timestamp) -> Result<usize, StoreError> {
        let mut deleted = 0;
        let mut pace = BackgroundPace::new(self);
        loop {
            let rows = self
                .read_rows(sql!(
                    concat!(
                        "SELECT id FROM mailboxes m WHERE ",
                        abandoned!("?1", "?2", "0"),
                        " ORDER BY created_at LIMIT ?3"
                    ),
                    now,
                    asked,
                    pace.rows()
                ))
                .await?;
            if rows.is_empty() {
                break;
            }
            let mut batch = Batch::default();
            for mut row in rows {
                let id = row.text()?;
                bury(&mut batch, &Stranded { id, strangers: 0 }, now, asked);
            }
            let now_gone = pace.write(batch).await?.returned();
            deleted += now_gone;
            if now_gone == 0 {
                break;
            }
        }
        for mailbox in self.stranded(now, asked).await? {
            let mut batch = Batch::default();
            bury(&mut batch, &mailbox, now, asked);
            deleted += pace.write(batch).await?.returned();
        }
        Ok(deleted)
    }

    /// Removes drafts that owners had begun before their mailboxes had to be activated again, if they never came back and no letter
    /// waits for them; `asked` as for [`Store::purge_pending`]. Returns how many drafts.
    pub async fn purge_unattended_drafts(
        &self,
        now: Timestamp,
        asked: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut gone = 0;
        loop {
            let rows = self
                .read_rows(sql!(
                    concat!(
                        "SELECT d.mailbox_id, d.id FROM drafts d JOIN mailboxes m ON m.id = d.mailbox_id WHERE ",
                        unattended!("?1", "?2", "0"),
                        " LIMIT ?3"
                    ),
                    now,
                    asked,
                    AT_ONCE
                ))
                .await?;
            let before = gone;
            for mut row in rows {
                let (id, draft_id) = (row.text()?, row.text()?);
                let mailbox = Stranded { id, strangers: 0 };
                gone += self.throw_away(&mailbox, &draft_id, now, asked).await?;
            }
            // The rest is in use again, or is retried in the next hour.
            if gone == before {
                break;
            }
        }
        for mailbox in self.stranded(now, asked).await? {
            for draft in self.drafts(&mailbox.id).await? {
                gone += self.throw_away(&mailbox, &draft.id, now, asked).await?;
            }
        }
        Ok(gone)
    }

    /// Removes one draft of a mailbox that is still unattended: an owner who returns at this moment keeps it.
    async fn throw_away(
        &self,
        mailbox: &Stranded,
        draft_id: &str,
        now: Timestamp,
        asked: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(&mailbox.id);
        batch.add(
            sql!(
                concat!("SELECT m.id FROM mailboxes m WHERE m.id = ?1 AND ", unattended!("?2", "?3", "?4")),
                mailbox.id.as_str(),
                now,
                asked,
                mailbox.strangers
            )
            .or_refuse(Refusal::Duplicate),
        );
        if !self.add_removal(&mut batch, &mailbox.id, draft_id).await? {
            return Ok(0);
        }
        Ok(usize::from(matches!(self.write(batch).await?, Outcome::Kept(_))))
    }

    /// Removes short-lived rows: expired sessions, tries, unacknowledged fingerprints.
    pub async fn forget_fleeting(&self, now: Timestamp) -> Result<(), StoreError> {
        drop_stale(self, now).await.map(drop)
    }

    /// Removes rows made useless by time. Scans whole tables on a reader.
    pub async fn forget(&self, now: Timestamp) -> Result<Forgotten, StoreError> {
        let stale = drop_stale(self, now).await?;
        let (links, resets) = links_stay(now);
        let tokens = self
            .forget_old(
                sql!(concat!("SELECT hash ", useless!(tokens), " LIMIT ?3"), links, resets, FOUND_AT_ONCE),
                |mut row| Ok(sql!("DELETE FROM tokens WHERE hash = ?1", row.blob()?)),
            )
            .await?;
        let bounce_memos = self
            .forget_old(
                sql!(
                    concat!("SELECT token ", useless!(bounce_memos), " LIMIT ?3"),
                    notices_stay(now),
                    latest_noted(now, TOO_FAR),
                    FOUND_AT_ONCE
                ),
                |mut row| Ok(sql!("DELETE FROM bounce_memos WHERE token = ?1", row.text()?)),
            )
            .await?;
        let threads = self
            .forget_old(
                sql!(
                    concat!("SELECT tag ", useless!(threads), " LIMIT ?2"),
                    threads_stay(now),
                    FOUND_AT_ONCE
                ),
                |mut row| Ok(sql!("DELETE FROM threads WHERE tag = ?1", row.blob()?)),
            )
            .await?;
        let withdrawn = self.forget_all(sql!(concat!("DELETE ", useless!(withdrawn)), now)).await?;
        let dead_events = sql!(concat!("DELETE ", useless!(dead_events)), dead_events_stay(now));
        let dead_events = self.forget_all(dead_events).await?;
        Ok(Forgotten { stale, tokens, bounce_memos, threads, withdrawn, dead_events })
    }

    async fn forget_all(&self, deletion: Statement) -> Result<u64, StoreError> {
        let deleted = self.change(vec![deletion]).await?.into_iter().sum::<usize>();
        Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
    }

    /// Deletes what a query finds until it finds nothing, in small batches with pauses.
    async fn forget_old(
        &self,
        question: Statement,
        deletion: fn(Row) -> Result<Statement, StoreError>,
    ) -> Result<u64, StoreError> {
        let mut gone = 0_u64;
        let mut pace = BackgroundPace::new(self);
        loop {
            let rows = self.read_rows(question.clone()).await?;
            let is_last = rows.len() < FOUND_AT_ONCE as usize;
            let mut statements = rows.into_iter().map(deletion).collect::<Result<Vec<_>, _>>()?;
            while !statements.is_empty() {
                let rest = statements.split_off(statements.len().min(pace.rows() as usize));
                let batch = Batch::from(std::mem::replace(&mut statements, rest));
                let Outcome::Kept(answers) = pace.write(batch).await? else {
                    return Err(StoreError::Damaged { what: "a statement that cannot be refused" });
                };
                let deleted = answers.iter().map(|answer| answer.affected).sum::<usize>();
                gone = gone.saturating_add(u64::try_from(deleted).unwrap_or(u64::MAX));
            }
            if is_last {
                return Ok(gone);
            }
        }
    }
}

/// Deletes a mailbox if it is still abandoned; the other statements find it deleted, or do nothing.
fn bury(batch: &mut Batch, mailbox: &Stranded, now: Timestamp, asked: Timestamp) {
    let id = mailbox.id.as_str();
    batch.hold_mailbox(id);
    batch.add(
        sql!(
            concat!(
                "UPDATE mailboxes AS m SET ",
                deleted_row!("?2"),
                " WHERE m.id = ?1 AND ",
                abandoned!("?3", "?4", "?5"),
                " RETURNING id"
            ),
            id,
            Vec::new(),
            now,
            asked,
            mailbox.strangers
        )
        .concerning(id, id),
    );
    forget_deleted(batch, id);
}
