//! What retention would delete now: the conditions are those that deletion asks by, so that both find the same. Changes
//! nothing. So many of each are named; how many there are is counted.

use sealpost_mail::Timestamp;

use crate::consistency::stale;
use crate::error::StoreError;
use crate::not_held::not_held;
use crate::retention::{dead_events_stay, links_stay, notices_stay, over, threads_stay, useless};
use crate::stale_rows::StaleCounts;
use crate::statement::{Row, Statement, sql};
use crate::store::Store;
use crate::trash::long_trashed;
use crate::unattended::{Stranded, unattended};
use crate::upload::stale_uploads;

/// What would go: some of it by its ids, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen<T> {
    /// The first ones.
    pub named: Vec<T>,
    /// All.
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
    /// Letters whose time is over: id and mailbox.
    pub letters: Foreseen<(String, String)>,
    /// Others that have been in the trash long enough.
    pub trash: Foreseen<(String, String)>,
    /// What was begun in mailboxes that nobody came back for: id and mailbox.
    pub drafts: Foreseen<(String, String)>,
    /// Mailboxes nobody activated and that hold nothing, once those letters are gone.
    pub mailboxes: Foreseen<String>,
    /// Encrypted letters that were kept as they came.
    pub originals: Foreseen<String>,
    /// Files on their way in of which nothing came any more: id and mailbox.
    pub uploads: Foreseen<(String, String)>,
    /// What was meant for a while only.
    pub stale: StaleCounts,
}

/// What the nightly run would forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeseenForgotten {
    /// What was meant for a while only.
    pub stale: StaleCounts,
    /// Tokens nobody can use.
    pub tokens: u64,
    /// Notices too old to bounce.
    pub bounce_memos: u64,
    /// Message-IDs too old to be answered.
    pub threads: u64,
    /// Words of letters that were withdrawn: letter and mailbox.
    pub withdrawn: Foreseen<(String, String)>,
    /// Events that nobody took: id and receiver.
    pub dead_events: Foreseen<(String, String)>,
}

/// Letters `l` that are still there when everything has gone whose time is over at `?1`, or that came into the trash before `?2`.
macro_rules! stays {
    () => {
        "(l.expires_at IS NULL OR l.expires_at > ?1) AND NOT (l.folder = 'trash'
             AND EXISTS (SELECT 1 FROM trash t WHERE t.deposit_id = l.id AND t.since < ?2))"
    };
}

/// The ids, and the count of the same.
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
    /// What the hourly run would delete at `now`: of the trash what came there before `trashed`, of uploads those that stand
    /// still since before `touched`, of mailboxes that support was asked about those whose links were over at `asked`.
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
        // Those of drafts that go are gone with them.
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

    /// How much every run would forget that forgets anything: what was meant for a while only.
    pub async fn foresee_stale(&self, now: Timestamp) -> Result<StaleCounts, StoreError> {
        self.count_stale(stale(now)).await
    }

    /// How much the nightly run would forget.
    pub async fn foresee_forgotten(&self, now: Timestamp) -> Result<ForeseenForgotten, StoreError> {
        let (links, resets) = links_stay(now);
        let withdrawn = foresee!("deposit_id, mailbox_id", useless!(withdrawn), "forget_at, deposit_id", now);
        let dead = foresee!("id, hook", useless!(dead_events), "at, id", dead_events_stay(now));
        Ok(ForeseenForgotten {
            stale: self.foresee_stale(now).await?,
            tokens: self.count(sql!(concat!("SELECT count(*) ", useless!(tokens)), links, resets)).await?,
            bounce_memos: self
                .count(sql!(concat!("SELECT count(*) ", useless!(bounce_memos)), notices_stay(now)))
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
