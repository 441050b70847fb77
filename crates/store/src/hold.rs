//! Holds: while a mailbox is under a hold nothing in it is removed, neither by expiry nor by its owner. When it ends,
//! the stopped times continue as the caller says; how they are computed is not known here.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Refusal, Row, Statement, sql};
use crate::store::Store;
use crate::withdrawn_row::{WithdrawnRow, withdrawn_columns};

/// A time that a hold has stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedTime {
    /// The row and the meaning of the time.
    pub row: StoppedRow,
    /// When it began to run.
    pub began: Timestamp,
    /// The stored time: an end, or the beginning itself.
    pub at: Timestamp,
}

/// The row that holds the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoppedRow {
    /// When a letter expires.
    Letter(String),
    /// When a letter expires by request, whatever becomes of its mailbox.
    Requested(String),
    /// When an activation link expires.
    Link(Vec<u8>),
    /// Since when a letter is in the trash.
    Trash(String),
    /// Since when an unopened letter waits.
    Waiting(String),
    /// When the owner was reminded of letters.
    Reminded,
    /// Until when a recalled letter is shown as recalled. The time is sealed with the row: resuming it means sealing
    /// the row anew.
    Withdrawn(WithdrawnRow),
}

/// Which end of the time is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoppedMoment {
    /// Its end: the remaining time continues.
    End,
    /// Its beginning: the elapsed time is kept.
    Beginning,
}

impl StoppedRow {
    /// Which end of it is stored.
    #[must_use]
    pub fn moment(&self) -> StoppedMoment {
        match self {
            Self::Letter(_) | Self::Requested(_) | Self::Link(_) | Self::Withdrawn(_) => StoppedMoment::End,
            Self::Trash(_) | Self::Waiting(_) | Self::Reminded => StoppedMoment::Beginning,
        }
    }
}

/// A hold and the times it has stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// When it began.
    pub since: Timestamp,
    /// The stopped times.
    pub times: Vec<StoppedTime>,
}

/// A time that continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumedTime {
    /// The stopped time; if it has changed meanwhile it is left alone.
    pub was: StoppedTime,
    /// Its new value.
    pub at: Timestamp,
}

impl ResumedTime {
    fn statement(self, mailbox_id: &str) -> Statement {
        let Self { was: StoppedTime { row, began: _, at: was }, at } = self;
        match row {
            StoppedRow::Letter(id) => sql!(
                "UPDATE deposits SET expires_at = ?4 WHERE mailbox_id = ?1 AND id = ?2 AND expires_at = ?3",
                mailbox_id,
                id,
                was,
                at
            ),
            StoppedRow::Requested(id) => {
                sql!("UPDATE wished SET until = ?3 WHERE deposit_id = ?1 AND until = ?2", id, was, at)
            }
            StoppedRow::Link(hash) => sql!(
                "UPDATE tokens SET expires_at = ?3 WHERE hash = ?1 AND expires_at = ?2 AND spent_at IS NULL",
                hash,
                was,
                at
            ),
            StoppedRow::Trash(id) => {
                sql!("UPDATE trash SET since = ?3 WHERE deposit_id = ?1 AND since = ?2", id, was, at)
            }
            StoppedRow::Waiting(id) => sql!(
                "INSERT INTO waits_from (deposit_id, at)
                 SELECT id, CAST(?3 AS BIGINT) FROM deposits WHERE mailbox_id = ?1 AND id = ?2
                 ON CONFLICT (deposit_id) DO UPDATE SET at = excluded.at",
                mailbox_id,
                id,
                at
            ),
            StoppedRow::Reminded => sql!(
                "UPDATE reminded SET counted_at = ?3
                 WHERE mailbox_id = ?1 AND about = 'letters' AND coalesce(counted_at, at) = ?2",
                mailbox_id,
                was,
                at
            ),
            StoppedRow::Withdrawn(WithdrawnRow { standing, by_sealed }) => sql!(
                "UPDATE withdrawn SET forget_at = ?4, by_sealed = ?5
                 WHERE mailbox_id = ?1 AND deposit_id = ?2 AND forget_at = ?3",
                mailbox_id,
                standing.deposit_id,
                was,
                at,
                by_sealed
            ),
        }
    }
}

fn of_letter(row: fn(String) -> StoppedRow) -> impl Fn(Row) -> Result<StoppedTime, StoreError> {
    move |mut found| Ok(StoppedTime { row: row(found.text()?), began: found.time()?, at: found.time()? })
}

impl Store {
    /// Begins a hold. `false`: the mailbox does not exist, is deleted or is already under a hold.
    pub async fn hold_mailbox(&self, mailbox_id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(
            sql!(
                "UPDATE mailboxes SET held_since = ?2
                 WHERE id = ?1 AND state <> 'deleted' AND held_since IS NULL",
                mailbox_id,
                now
            )
            .or_refuse(Refusal::Held),
        );
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// What a hold has stopped. `None`: the mailbox is not under a hold.
    pub async fn held(&self, mailbox_id: &str) -> Result<Option<Held>, StoreError> {
        let questions = vec![
            sql!("SELECT held_since FROM mailboxes WHERE id = ?1 AND held_since IS NOT NULL", mailbox_id),
            sql!(
                "SELECT id, received_at, expires_at FROM deposits
                 WHERE mailbox_id = ?1 AND expires_at IS NOT NULL",
                mailbox_id
            ),
            sql!(
                "SELECT d.id, d.received_at, w.until FROM wished w JOIN deposits d ON d.id = w.deposit_id
                 WHERE d.mailbox_id = ?1",
                mailbox_id
            ),
            sql!(
                "SELECT d.id, t.since, t.since FROM trash t JOIN deposits d ON d.id = t.deposit_id
                 WHERE d.mailbox_id = ?1",
                mailbox_id
            ),
            sql!(
                "SELECT d.id, coalesce(w.at, d.received_at), coalesce(w.at, d.received_at)
                 FROM deposits d LEFT JOIN waits_from w ON w.deposit_id = d.id
                 WHERE d.mailbox_id = ?1 AND d.read_at IS NULL AND d.folder <> 'sent'",
                mailbox_id
            ),
            sql!(
                "SELECT hash, created_at, expires_at FROM tokens
                 WHERE mailbox_id = ?1 AND purpose = 'activation' AND spent_at IS NULL",
                mailbox_id
            ),
            sql!(
                "SELECT coalesce(counted_at, at) FROM reminded WHERE mailbox_id = ?1 AND about = 'letters'",
                mailbox_id
            ),
            sql!(
                concat!("SELECT ", withdrawn_columns!(), " FROM withdrawn WHERE mailbox_id = ?1"),
                mailbox_id
            ),
        ];
        let mut answers = self.read(questions).await?.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        let Some(mut hold) = next().pop() else { return Ok(None) };
        let since = hold.time()?;
        let mut times = Vec::new();
        for row in [StoppedRow::Letter, StoppedRow::Requested, StoppedRow::Trash, StoppedRow::Waiting] {
            for found in next().into_iter().map(of_letter(row)) {
                times.push(found?);
            }
        }
        for mut found in next() {
            let row = StoppedRow::Link(found.blob()?);
            times.push(StoppedTime { row, began: found.time()?, at: found.time()? });
        }
        for mut found in next() {
            let at = found.time()?;
            times.push(StoppedTime { row: StoppedRow::Reminded, began: at, at });
        }
        for found in next() {
            let row = WithdrawnRow::read(found)?;
            let (began, at) = (row.standing.withdrawn_at, row.standing.forget_at);
            times.push(StoppedTime { row: StoppedRow::Withdrawn(row), began, at });
        }
        Ok(Some(Held { since, times }))
    }

    /// Ends the hold that began at `since`: its times continue as given, and the mailbox counts as used. What was
    /// added, removed or changed since they were read keeps its value. `false`: that hold has already ended.
    pub async fn end_hold(
        &self,
        mailbox_id: &str,
        since: Timestamp,
        times: Vec<ResumedTime>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(
            sql!(
                "UPDATE mailboxes SET held_since = NULL, reached_at = ?3 WHERE id = ?1 AND held_since = ?2",
                mailbox_id,
                since,
                now
            )
            .or_refuse(Refusal::Held),
        );
        batch.extend(times.into_iter().map(|time| time.statement(mailbox_id)));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }
}
