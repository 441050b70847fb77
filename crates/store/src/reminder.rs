//! Reminders to owners, and the record that they were sent: about waiting letters, and about mailboxes that will be
//! deleted. Which day is the right one is not known here.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::fact_rows::Reading;
use crate::proven_facts::FactKind;
use crate::row_proof::came_back_words;
use crate::statement::{Batch, Refusal, Row, Value, sql};
use crate::store::Store;
use crate::unreachable::Unreachable;

/// The subject of a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reminded {
    /// Waiting letters.
    Letters,
    /// The mailbox's deletion.
    Mailbox,
}

impl Reminded {
    fn as_str(self) -> &'static str {
        match self {
            Self::Letters => "letters",
            Self::Mailbox => "mailbox",
        }
    }
}

/// Records that an owner is reminded, in the transaction that queues the mail.
#[derive(Clone, Debug)]
pub struct NewReminder {
    /// The mailbox.
    pub mailbox_id: String,
    /// The subject.
    pub about: Reminded,
    /// When the last reminder was sent, as read.
    pub before: Option<Timestamp>,
    /// When this one is sent.
    pub at: Timestamp,
}

/// A letter that has not been opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingLetter {
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// Its deposit id.
    pub deposit_id: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Since when it counts as waiting: since its arrival, plus any days its mailbox was under a hold.
    pub waits_from: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When its owner was last reminded of letters, as stored.
    pub reminded_at: Option<Timestamp>,
    /// The same, adjusted for holds as `waits_from` is.
    pub reminded_counted: Option<Timestamp>,
    /// Whether the mailbox is not activated yet.
    pub pending: bool,
    /// Whether no mail is sent to its owner: too many bounces, or a bounce and no new letter since.
    pub came_back: bool,
}

impl NewReminder {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.hold_mailbox(&self.mailbox_id);
        batch.add(
            sql!(
                "SELECT id FROM mailboxes WHERE id = ?1 AND state IN ('pending', 'active')
                     AND held_since IS NULL",
                self.mailbox_id.as_str()
            )
            .or_refuse(Refusal::Duplicate),
        );
        batch.add(
            sql!(
                "INSERT INTO reminded (mailbox_id, about, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (mailbox_id, about) DO UPDATE SET at = excluded.at, counted_at = NULL
                 WHERE reminded.at = ?4",
                self.mailbox_id,
                self.about.as_str(),
                self.at,
                self.before.unwrap_or(Timestamp(-1))
            )
            .or_refuse(Refusal::Duplicate),
        );
    }
}

/// The columns of a [`WaitingLetter`]: `d` is the letter, `m` its mailbox, `w` since when it waits, `r` the last
/// reminder.
macro_rules! waiting_columns {
    () => {
        "m.id, d.id, d.received_at, coalesce(w.at, d.received_at), d.expires_at, r.at,
             coalesce(r.counted_at, r.at), m.state,
             CASE WHEN u.mailbox_id IS NULL THEN 0 ELSE
                 (SELECT max(received_at) FROM deposits WHERE mailbox_id = m.id AND folder = 'inbox') END"
    };
}

/// The joins for `w` and `r`.
macro_rules! waiting_joins {
    () => {
        " LEFT JOIN waits_from w ON w.deposit_id = d.id
          LEFT JOIN reminded r ON r.mailbox_id = m.id AND r.about = 'letters'
          LEFT JOIN unreachable u ON u.mailbox_id = m.id "
    };
}

/// Reads a row of [`WaitingLetter`].
fn waiting(mut row: Row, bounces: u32, reading: &mut Reading<'_>) -> Result<WaitingLetter, StoreError> {
    let mut letter = WaitingLetter {
        mailbox_id: row.text()?,
        deposit_id: row.text()?,
        received_at: row.time()?,
        waits_from: row.time()?,
        expires_at: row.time()?,
        reminded_at: row.opt_time()?,
        reminded_counted: row.opt_time()?,
        pending: row.text()? == "pending",
        came_back: false,
    };
    let newest = row.time()?;
    let unreachable = Unreachable::proven(row, reading);
    letter.came_back = unreachable.is_some_and(|it| it.keeps_back(bounces, newest));
    Ok(letter)
}

/// Letters per query.
const AT_ONCE: u32 = 5_000;

impl Store {
    /// Unopened received letters in pending mailboxes after this id, all letters of each mailbox (unless one alone has
    /// thousands); none under a hold. Marks mailboxes whose notices bounced `bounces` times, or bounced with no letter
    /// since whose notice could show that mail arrives again.
    pub async fn waiting_pending(
        &self,
        after: &str,
        now: Timestamp,
        bounces: u32,
    ) -> Result<Vec<WaitingLetter>, StoreError> {
        let question = |after: Value| {
            sql!(
                concat!("SELECT ", waiting_columns!(), ", ", came_back_words!(u), "
                 FROM mailboxes m JOIN deposits d ON d.mailbox_id = m.id AND d.folder = 'inbox'",
                 waiting_joins!(), "WHERE m.state = 'pending' AND m.id > ?1 AND m.activated_at IS NULL AND m.held_since IS NULL
                   AND d.expires_at > ?2
                 ORDER BY m.id, d.received_at LIMIT ?3"),
                after,
                now,
                AT_ONCE
            )
        };
        let mut reading = self.reading(FactKind::CameBack);
        self.read_passing_by("letter", after, question, |row| waiting(row, bounces, &mut reading)).await
    }

    /// The same for active mailboxes: unopened letters that expire before `before`.
    pub async fn waiting_unread(
        &self,
        after: &str,
        now: Timestamp,
        before: Timestamp,
        bounces: u32,
    ) -> Result<Vec<WaitingLetter>, StoreError> {
        let question = |after: Value| {
            sql!(
                concat!("SELECT ", waiting_columns!(), ", ", came_back_words!(u), "
                 FROM deposits d JOIN mailboxes m ON m.id = d.mailbox_id",
                 waiting_joins!(), "WHERE d.expires_at > ?2 AND d.expires_at <= ?3 AND d.folder = 'inbox' AND d.read_at IS NULL
                   AND (d.flags & 4) = 0
                   AND m.state = 'active' AND m.id > ?1 AND m.held_since IS NULL
                 ORDER BY m.id, d.received_at LIMIT ?4"),
                after,
                now,
                before,
                AT_ONCE
            )
        };
        let mut reading = self.reading(FactKind::CameBack);
        self.read_passing_by("letter", after, question, |row| waiting(row, bounces, &mut reading)).await
    }

    /// When an owner was reminded of the mailbox's deletion, if ever.
    pub async fn reminded_of_mailbox(&self, mailbox_id: &str) -> Result<Option<Timestamp>, StoreError> {
        let row = self
            .read_one(sql!("SELECT at FROM reminded WHERE mailbox_id = ?1 AND about = 'mailbox'", mailbox_id))
            .await?;
        row.map(|mut row| row.time()).transpose()
    }
}
