//! Webhook events about letters: a row for each receiver that subscribed to the kind, written and proven in the transaction that it
//! reports, removed once delivered. Without receivers nothing is written. Knows no HTTP and no key.

use std::collections::BTreeSet;

use sealpost_mail::Timestamp;

use crate::audit_proof::EventWords;
use crate::column_values::{ColumnWord as _, LetterEvent};
use crate::counted_size::counted;
use crate::error::StoreError;
use crate::exclusive_lock::Alone;
use crate::not_held::not_held;
use crate::proven_facts::{Happened, Letters, Proves};
use crate::received::received;
use crate::statement::{Batch, Outcome, Row, Statement, sql};
use crate::store::Store;

/// An event of a letter, whose mailbox the caller knows.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Kind of event.
    pub kind: LetterEvent,
    /// The letter's id.
    pub letter: String,
    /// The mailbox's id.
    pub mailbox: String,
    /// When it happened.
    pub at: Timestamp,
    /// A status; may be empty.
    pub detail: String,
    /// The sealed sender and recipient; `None`: those of its first notice.
    pub memo_sealed: Option<Vec<u8>>,
}

/// Which events to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSelection {
    /// All, including those still being tried.
    All,
    /// Those that are no longer tried.
    Dead,
}

/// State of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventState {
    /// It will be tried.
    Queued,
    /// It is no longer tried.
    Dead,
}

/// An event to be delivered to a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its id, the same at every attempt.
    pub id: String,
    /// The receiver.
    pub hook: String,
    /// What happened.
    pub kind: LetterEvent,
    /// When it happened.
    pub at: Timestamp,
    /// Id of the letter.
    pub letter: String,
    /// Id of the mailbox.
    pub mailbox: String,
    /// A status, or `read` and `unread`; may be empty.
    pub detail: String,
    /// Failed attempts.
    pub attempts: u64,
    /// When it is due; while claimed: when the claim expires.
    pub due_at: Timestamp,
    /// Error of the last attempt.
    pub last_error: Option<String>,
    /// The sealed sender and recipient; `None` if they are no longer known.
    pub memo_sealed: Option<Vec<u8>>,
    /// The proof of [`Self::told`].
    pub proof: Vec<u8>,
}

impl EventRow {
    /// The fields sent to its receiver and covered by the proof.
    #[must_use]
    pub fn told(&self) -> EventWords<'_> {
        EventWords {
            id: &self.id,
            hook: &self.hook,
            kind: self.kind.as_str(),
            at: self.at,
            letter: &self.letter,
            mailbox: &self.mailbox,
            detail: &self.detail,
        }
    }
}

/// Outcome of a failed attempt.
#[derive(Clone, Debug)]
pub enum NotTaken {
    /// It is tried again.
    Again {
        /// When it is tried again.
        due_at: Timestamp,
    },
    /// It is not tried again until the operator asks for it.
    Dead,
}

/// The table and columns that events are inserted into.
macro_rules! into {
    () => {
        "INSERT INTO hook_events
             (id, hook, kind, at, letter, mailbox, detail, state, attempts, due_at, last_error, memo_sealed)"
    };
}

/// What an event statement returns of each row, for its proof.
macro_rules! returning {
    () => {
        " ON CONFLICT DO NOTHING RETURNING id, hook, kind, at, letter, mailbox, detail"
    };
}

/// One statement: a row for each receiver that subscribed to this kind. `?1` to `?4` are letter, kind, time, detail.
macro_rules! told {
    ($detail:literal, $($condition:tt)+) => {
        concat!(
            into!(),
            " SELECT d.id || '-' || CAST(?2 AS TEXT) || '-' || CAST(CAST(?3 AS BIGINT) AS TEXT) || '-' || h.name,
                 h.name, CAST(?2 AS TEXT), CAST(?3 AS BIGINT), d.id, d.mailbox_id, ",
            $detail,
            ", 'queued', 0, CAST(?3 AS BIGINT), NULL, (SELECT memo_sealed FROM bounce_memos WHERE token = d.id || '00')
             FROM hooks h, deposits d
             WHERE h.kinds LIKE '% ' || CAST(?2 AS TEXT) || ' %' AND ",
            received!("d"),
            " AND ",
            $($condition)+,
            returning!()
        )
    };
}

/// Reports that this happened to an existing letter, when the batch has run.
pub(crate) fn tell(kind: LetterEvent, deposit_id: &str, at: Timestamp, detail: &str) -> Statement {
    sql!(told!("CAST(?4 AS TEXT)", "d.id = ?1"), deposit_id, kind.as_str(), at, detail).proving(one(
        deposit_id,
        kind,
        at,
        Some(detail),
    ))
}

/// Reports that its owner opens it for the first time: must come before that is recorded.
pub(crate) fn tell_opened(mailbox_id: &str, deposit_id: &str, at: Timestamp) -> Statement {
    sql!(
        told!("''", "d.id = ?1 AND d.mailbox_id = ?4 AND d.read_at IS NULL"),
        deposit_id,
        LetterEvent::Opened.as_str(),
        at,
        mailbox_id
    )
    .proving(one(deposit_id, LetterEvent::Opened, at, Some("")))
}

/// [`told`] for letters that are removed, and whether they were ever opened.
macro_rules! told_gone {
    ($($condition:tt)+) => {
        told!("CASE WHEN d.read_at IS NULL THEN 'unread' ELSE 'read' END", $($condition)+)
    };
}

/// Reports that a letter expires: must come before it is removed.
pub(crate) fn tell_expired(deposit_id: &str, at: Timestamp) -> Statement {
    sql!(
        told_gone!("d.id = ?1 AND d.expires_at <= ?3 AND ", not_held!("d.mailbox_id")),
        deposit_id,
        LetterEvent::Expired.as_str(),
        at
    )
    .proving(one(deposit_id, LetterEvent::Expired, at, None))
}

/// Reports that a letter is removed from the trash: must come before it is.
pub(crate) fn tell_deleted(deposit_id: &str, at: Timestamp) -> Statement {
    sql!(
        told_gone!("d.id = ?1 AND d.folder = 'trash' AND ", not_held!("d.mailbox_id")),
        deposit_id,
        LetterEvent::Deleted.as_str(),
        at
    )
    .proving(one(deposit_id, LetterEvent::Deleted, at, None))
}

/// Reports that a mailbox is removed with these letters, by expiry or by request: must come before it is.
pub(crate) fn tell_all_gone(
    kind: LetterEvent,
    mailbox_id: &str,
    letters: BTreeSet<String>,
    at: Timestamp,
) -> Statement {
    let to = Letters::AllIn { mailbox_id: mailbox_id.to_owned(), among: Some(letters) };
    sql!(told_gone!("d.mailbox_id = ?1"), mailbox_id, kind.as_str(), at).proving(Proves::Events(Happened {
        to,
        kind,
        at,
        detail: None,
    }))
}

/// Reports that the letters in a mailbox can be opened by its owner from now on.
pub(crate) fn tell_activated(mailbox_id: &str, at: Timestamp) -> Statement {
    let kind = LetterEvent::Activated;
    let to = Letters::AllIn { mailbox_id: mailbox_id.to_owned(), among: None };
    sql!(told!("''", "d.mailbox_id = ?1"), mailbox_id, kind.as_str(), at).proving(Proves::Events(Happened {
        to,
        kind,
        at,
        detail: Some(String::new()),
    }))
}

fn one(deposit_id: &str, kind: LetterEvent, at: Timestamp, detail: Option<&str>) -> Proves {
    let to = Letters::One(deposit_id.to_owned());
    Proves::Events(Happened { to, kind, at, detail: detail.map(str::to_owned) })
}

impl NewEvent {
    pub(crate) fn statement(&self) -> Statement {
        let (letter, kind, mailbox, detail) =
            (self.letter.as_str(), self.kind.as_str(), self.mailbox.as_str(), self.detail.as_str());
        macro_rules! of {
            ($memo:literal) => {
                concat!(
                    into!(),
                    " SELECT CAST(?1 AS TEXT) || '-' || CAST(?2 AS TEXT) || '-' || CAST(CAST(?3 AS BIGINT) AS TEXT) || '-' || h.name,
                         h.name, CAST(?2 AS TEXT), CAST(?3 AS BIGINT), CAST(?1 AS TEXT), CAST(?4 AS TEXT), CAST(?5 AS TEXT),
                         'queued', 0, CAST(?3 AS BIGINT), NULL, ",
                    $memo,
                    " FROM hooks h WHERE h.kinds LIKE '% ' || CAST(?2 AS TEXT) || ' %'",
                    returning!()
                )
            };
        }
        match &self.memo_sealed {
            Some(memo) => sql!(of!("?6"), letter, kind, self.at, mailbox, detail, memo.clone()),
            None => {
                let memo =
                    of!("(SELECT memo_sealed FROM bounce_memos WHERE token = CAST(?1 AS TEXT) || '00')");
                sql!(memo, letter, kind, self.at, mailbox, detail)
            }
        }
        .proving(one(letter, self.kind, self.at, Some(detail)))
    }
}

/// Columns of [`event`].
macro_rules! event_columns {
    () => {
        "id, hook, kind, at, letter, mailbox, detail, attempts, due_at, last_error, memo_sealed, proof"
    };
}

fn event(row: &mut Row) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        id: row.text()?,
        hook: row.text()?,
        kind: LetterEvent::parse(&row.text()?)?,
        at: row.time()?,
        letter: row.text()?,
        mailbox: row.text()?,
        detail: row.text()?,
        attempts: row.count()?,
        due_at: row.time()?,
        last_error: row.opt_text()?,
        memo_sealed: row.opt_blob()?,
        proof: row.opt_blob()?.unwrap_or_default(),
    })
}

/// Rows shown per query.
const AT_ONCE: u32 = 500;

impl Store {
    /// Sets the receivers. Events for a receiver that is no longer among them are left to the operator; what a previous process had
    /// claimed or deferred is due again if this one has the queue alone, otherwise its claims expire.
    pub async fn set_hooks(
        &self,
        _alone: &Alone,
        hooks: &[(String, Vec<LetterEvent>)],
    ) -> Result<(), StoreError> {
        let known: Vec<(String, String)> = self
            .read_rows(sql!("SELECT name, kinds FROM hooks ORDER BY name"))
            .await?
            .into_iter()
            .map(|mut row| Ok((row.text()?, row.text()?)))
            .collect::<Result<_, StoreError>>()?;
        let kinds = |all: &[LetterEvent]| {
            let words: Vec<&str> = all.iter().map(|kind| kind.as_str()).collect();
            format!(" {} ", words.join(" "))
        };
        let mut wanted: Vec<_> = hooks.iter().map(|(name, all)| (name.clone(), kinds(all))).collect();
        wanted.sort();
        let mut batch = Batch::default();
        batch.add(sql!(
            "UPDATE hook_events SET due_at = 0 WHERE state = 'queued' AND due_at > 0
               AND NOT EXISTS (SELECT 1 FROM nodes WHERE incarnation <> ?1)",
            self.incarnation().unwrap_or_default()
        ));
        if wanted == known {
            return self.write(batch).await.map(drop);
        }
        batch.add(sql!("DELETE FROM hooks"));
        for (name, kinds) in wanted {
            batch.add(sql!("INSERT INTO hooks (name, kinds) VALUES (?1, ?2)", name, kinds));
        }
        batch.add(sql!(
            "UPDATE hook_events SET state = 'dead', last_error = 'the configuration has no such webhook'
             WHERE state <> 'dead' AND NOT EXISTS (SELECT 1 FROM hooks WHERE name = hook_events.hook)"
        ));
        self.write(batch).await.map(drop)
    }

    /// Claims the event for this receiver that is longest due; no other process gets it until `until`, which is stored in its row
    /// as the mark of the claim.
    pub async fn take_event(
        &self,
        hook: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<EventRow>, StoreError> {
        let found = self
            .read_one(sql!(
                "SELECT id, due_at FROM hook_events WHERE hook = ?1 AND state = 'queued' AND due_at <= ?2
                 ORDER BY due_at, id LIMIT 1",
                hook,
                now
            ))
            .await?;
        let Some(found) = found else { return Ok(None) };
        let (id, due_at) = (found.first(), found.second().cloned());
        let mut batch = Batch::default();
        batch.add(sql!(
            concat!(
                "UPDATE hook_events SET due_at = ?3
                 WHERE id = ?1 AND state = 'queued' AND due_at = ?2 RETURNING ",
                event_columns!()
            ),
            id.clone(),
            due_at,
            until
        ));
        let Outcome::Kept(answers) = self.write(batch).await? else { return Ok(None) };
        let Some(mut row) = answers.into_iter().flat_map(|answer| answer.rows).next() else {
            return Ok(None);
        };
        match event(&mut row) {
            Ok(event) => Ok(Some(event)),
            Err(error) => {
                tracing::error!(row.kind = "event", row.id = %id.shown(), %error, "an event cannot be read, and is sent to no webhook");
                let dead = "UPDATE hook_events SET state = 'dead', last_error = ?2 WHERE id = ?1";
                self.change(vec![sql!(dead, id, "its row cannot be read")]).await?;
                Ok(None)
            }
        }
    }

    /// Replaces what is sealed or proven under an old server key. Removed events stay removed.
    pub async fn replace_events(&self, events: Vec<EventRow>) -> Result<(), StoreError> {
        let replaced = |event: EventRow| {
            sql!(
                "UPDATE hook_events SET memo_sealed = ?2, proof = ?3 WHERE id = ?1",
                event.id,
                event.memo_sealed,
                event.proof
            )
        };
        self.change(events.into_iter().map(replaced).collect()).await.map(drop)
    }

    /// Its receiver has accepted it.
    pub async fn event_taken(&self, id: &str) -> Result<(), StoreError> {
        self.change(vec![sql!("DELETE FROM hook_events WHERE id = ?1", id)]).await.map(drop)
    }

    /// Its receiver has probably not accepted it. Changes nothing if another process has claimed it by now.
    pub async fn event_not_taken(
        &self,
        event: &EventRow,
        end: NotTaken,
        error: &str,
    ) -> Result<(), StoreError> {
        let (id, claim) = (event.id.as_str(), event.due_at);
        let change = match end {
            NotTaken::Again { due_at } => sql!(
                concat!(
                    "UPDATE hook_events SET attempts = ",
                    counted!("attempts"),
                    " + 1, due_at = ?2, last_error = ?3
                 WHERE id = ?1 AND state = 'queued' AND due_at = ?4"
                ),
                id,
                due_at,
                error,
                claim
            ),
            NotTaken::Dead => sql!(
                concat!(
                    "UPDATE hook_events SET attempts = ",
                    counted!("attempts"),
                    " + 1, state = 'dead', last_error = ?2
                 WHERE id = ?1 AND state = 'queued' AND due_at = ?3"
                ),
                id,
                error,
                claim
            ),
        };
        self.change(vec![change]).await.map(drop)
    }

    /// Events after this id, one page.
    pub async fn events(
        &self,
        after: &str,
        which: EventSelection,
    ) -> Result<Vec<(EventRow, EventState)>, StoreError> {
        let rows = self
            .read_rows(sql!(
                concat!(
                    "SELECT ",
                    event_columns!(),
                    ", CASE WHEN state = 'dead' THEN 1 ELSE 0 END FROM hook_events
                     WHERE id > ?1 AND (?2 = 0 OR state = 'dead') ORDER BY id LIMIT ?3"
                ),
                after,
                which == EventSelection::Dead,
                AT_ONCE
            ))
            .await?;
        let one = |mut row: Row| {
            let event = event(&mut row)?;
            Ok((event, if row.int()? == 1 { EventState::Dead } else { EventState::Queued }))
        };
        rows.into_iter().map(one).collect()
    }

    /// Queues dead events again: this one, or all of a receiver. Returns how many.
    pub async fn revive_events(
        &self,
        id: Option<&str>,
        hook: Option<&str>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let change = sql!(
            "UPDATE hook_events SET state = 'queued', attempts = 0, due_at = ?3
             WHERE state = 'dead' AND (?1 = '' OR id = ?1) AND (?2 = '' OR hook = ?2)
               AND EXISTS (SELECT 1 FROM hooks WHERE name = hook_events.hook)",
            id.unwrap_or(""),
            hook.unwrap_or(""),
            now
        );
        Ok(self.change(vec![change]).await?.into_iter().sum())
    }

    /// Removes dead events: this one, or all of a receiver. Returns how many.
    pub async fn drop_events(&self, id: Option<&str>, hook: Option<&str>) -> Result<usize, StoreError> {
        let change = sql!(
            "DELETE FROM hook_events WHERE state = 'dead' AND (?1 = '' OR id = ?1) AND (?2 = '' OR hook = ?2)",
            id.unwrap_or(""),
            hook.unwrap_or("")
        );
        Ok(self.change(vec![change]).await?.into_iter().sum())
    }
}
