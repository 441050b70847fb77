//! What retention would delete now, by the same conditions as the deletion. Changes nothing. Lists a limited number of each kind
//! and counts all.

use sealpost_mail::Timestamp;

use crate::bounce_memo::notices_stay;
use crate::consistency::stale;
use crate::error::StoreError;
use crate::not_held::not_held;
use crate::noted_time::{TOO_FAR, latest_noted};
use crate::retention::{dead_events_stay, links_stay, over, threads_stay, useless};
use crate::stale_rows::StaleCounts;
use crate::statement::{Row, Statement, sql};
use crate::store::Store;
use crate::trash::long_trashed;
use crate::unattended::{Stranded, unattended};
use crate::upload::stale_uploads;

/// What would be removed: the first ids and the total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen<T> {
    /// The first ones.
    pub named: Vec<T>,
    /// The total.
    pub all: u64,
}

impl<T> Foreseen<T> {
    fn add(&mut self, one: T) {
        self.named.push(one);
        self.all += 1;
    }
}

/// What the hourly run would delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeseenRetention {
    /// Expired letters: id and mailbox.
    pub letters: Foreseen<(String, String)>,
    /// Further letters that have been in the trash long enough.
    pub trash: Foreseen<(String, String)>,
    /// Drafts in mailboxes whose owners did not come back: id and mailbox.
    pub drafts: Foreseen<(String, String)>,
    /// Pending mailboxes that are empty once those letters are gone.
    pub mailboxes: Foreseen<String>,
    /// Kept originals of encrypted letters.
    pub originals: Foreseen<String>,
    /// Stalled uploads: id and mailbox.
    pub uploads: Foreseen<(String, String)>,
    /// Short-lived rows.
    pub stale: StaleCounts,
}

/// What the nightly run would forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeseenForgotten {
    /// Short-lived rows.
    pub stale: StaleCounts,
    /// Tokens that can no longer be used.
    pub tokens: u64,
    /// Memos of notices too old to bounce.
    pub bounce_memos: u64,
    /// Message-IDs too old to be replied to.
    pub threads: u64,
    /// Texts of recalled letters: letter and mailbox.
    pub withdrawn: Foreseen<(String, String)>,
    /// Events that were never accepted: id and receiver.
    pub dead_events: Foreseen<(String, String)>,
}

/// Letters `l` that remain after everything is removed that expired at `?1` or was put in the trash before `?2`.
macro_rules! stays {
    () => {
        "(l.expires_at IS NULL OR l.expires_at > ?1) AND NOT (l.folder = 'trash'
             AND EXISTS (SELECT 1 FROM trash t WHERE t.deposit_id = l.id AND t.since < ?2))"
    };
}

/// The first ids and the total of the same condition.
macro_rules! foresee {
    ($what:literal, $from:expr, $order:literal $(, $param:expr)*) => {
        [
            sql!(concat!("SELECT ", $what, " ", $from, " ORDER BY ", $order, " LIMIT 10000") $(, $param)*),
            sql!(concat!("SELECT count(*) ", $from) $(, $param)*),
        ]
    };
}

fn one(mut row: Row) -> Result<String, StoreError> {
    row.text()
}

fn two(mut row: Row) -> Result<(String, String), StoreError> {
    Ok((row.text()?, row.text()?))
}

impl Store {
    /// What the hourly run would delete at `now`: from the trash, what was put there before `trashed`; uploads stalled since before
    /// `touched`; mailboxes that support was asked about, if their links had expired at `asked`.
    pub async fn foresee_retention(
        &self,
        now: Timestamp,
        trashed: Timestamp,
        touched: Timestamp,
        asked: Timestamp,
    ) -> Result<ForeseenRetention, StoreError> {
        let letters = foresee!("d.id, d.mailbox_id", over!("?1"), "d.expires_at, d.id", now);
        let trash = foresee!(
            "d.id, d.mailbox_id",
            concat!(long_trashed!("?2"), " AND (d.expires_at IS NULL OR d.expires_at > ?1)"),
            "t.since, d.id",
            now,
            trashed
        );
        let drafts = foresee!(
            "f.id, f.mailbox_id",
            concat!(
                "FROM drafts f JOIN mailboxes m ON m.id = f.mailbox_id WHERE ",
                unattended!("?1", "?3", "0", stays!())
            ),
            "f.id",
            now,
            trashed,
            asked
        );
        let mailboxes = foresee!(
            "m.id",
            concat!("FROM mailboxes m WHERE ", unattended!("?1", "?3", "0", stays!())),
            "m.created_at, m.id",
            now,
            trashed,
            asked
        );
        let originals = foresee!("id", "FROM originals WHERE until <= ?1", "until, id", now);
        // Uploads of removed drafts are removed with them.
        let uploads = foresee!(
            "u.id, d.mailbox_id",
            concat!(
                stale_uploads!("?3"),
                " AND NOT EXISTS (SELECT 1 FROM mailboxes m WHERE m.id = d.mailbox_id AND ",
                unattended!("?1", "?4", "0", stays!()),
                ")"
            ),
            "u.touched_at, u.id",
            now,
            trashed,
            touched,
            asked
        );
        let mut drafts = self.foreseen(drafts, two).await?;
        let mut mailboxes = self.foreseen(mailboxes, one).await?;
        for Stranded { id, strangers } in self.stranded(now, asked).await? {
            let goes = sql!(
                concat!(
                    "SELECT m.id FROM mailboxes m WHERE m.id = ?3 AND ",
                    unattended!("?1", "?4", "?5", stays!())
                ),
                now,
                trashed,
                id.as_str(),
                asked,
                strangers
            );
            if self.read_one(goes).await?.is_some() {
                for draft in self.drafts(&id).await? {
                    drafts.add((draft.id, id.clone()));
                }
                mailboxes.add(id);
            }
        }
        Ok(ForeseenRetention {
            letters: self.foreseen(letters, two).await?,
            trash: self.foreseen(trash, two).await?,
            drafts,
            mailboxes,
            originals: self.foreseen(originals, one).await?,
            uploads: self.foreseen(uploads, two).await?,
            stale: self.foresee_stale(now).await?,
        })
    }

    /// How many short-lived rows any run would remove.
    pub async fn foresee_stale(&self, now: Timestamp) -> Result<StaleCounts, StoreError> {
        self.count_stale(stale(now)).await
    }

    /// How much the nightly run would remove.
    pub async fn foresee_forgotten(&self, now: Timestamp) -> Result<ForeseenForgotten, StoreError> {
        let (links, resets) = links_stay(now);
        let withdrawn = foresee!("deposit_id, mailbox_id", useless!(withdrawn), "forget_at, deposit_id", now);
        let dead = foresee!("id, hook", useless!(dead_events), "at, id", dead_events_stay(now));
        Ok(ForeseenForgotten {
            stale: self.foresee_stale(now).await?,
            tokens: self.count(sql!(concat!("SELECT count(*) ", useless!(tokens)), links, resets)).await?,
            bounce_memos: self
                .count(sql!(
                    concat!("SELECT count(*) ", useless!(bounce_memos)),
                    notices_stay(now),
                    latest_noted(now, TOO_FAR)
                ))
                .await?,
            threads: self
                .count(sql!(concat!("SELECT count(*) ", useless!(threads)), threads_stay(now)))
                .await?,
            withdrawn: self.foreseen(withdrawn, two).await?,
            dead_events: self.foreseen(dead, two).await?,
        })
    }

    async fn foreseen<T>(
        &self,
        [named, all]: [Statement; 2],
        read: fn(Row) -> Result<T, StoreError>,
    ) -> Result<Foreseen<T>, StoreError> {
        let named = self.read_rows(named).await?.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Foreseen { named, all: self.count(all).await? })
    }

    pub(crate) async fn count(&self, question: Statement) -> Result<u64, StoreError> {
        let row = self.read_one(question).await?;
        row.ok_or(StoreError::Damaged { what: "a count" })?.count()
    }
}
