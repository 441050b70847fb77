//! The operator's commands for the queue: list, retry, freeze, thaw, remove.

use sealpost_mail::Timestamp;

use crate::column_values::{ColumnWord as _, LegPurpose, LegState};
use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Row, Value, sql};
use crate::store::{Page, Store};

/// Rows per query.
const AT_ONCE: u32 = 500;

/// Which legs to list; `None` means any.
#[derive(Clone, Debug, Default)]
pub struct LegFilter {
    /// Only to this destination.
    pub destination: Option<String>,
    /// Only in this state.
    pub state: Option<LegState>,
    /// Only of this arrival.
    pub arrival_id: Option<String>,
}

/// A leg as the operator sees it. [`Store::leg_ticket`] reads its ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRow {
    /// Id.
    pub id: String,
    /// The arrival it belongs to.
    pub arrival_id: String,
    /// Id of the sealed body; `None`: the mail is generated when it is sent.
    pub body_id: Option<String>,
    /// Queue key.
    pub destination: String,
    /// The kind of mail.
    pub purpose: LegPurpose,
    /// Queued or frozen.
    pub state: LegState,
    /// Attempts so far that ended in a retry.
    pub attempts: i64,
    /// Next attempt; while leased, the end of the lease.
    pub due_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// When it was queued.
    pub created_at: Timestamp,
    /// Whether a delay has been reported.
    pub delay_noted: bool,
    /// Owner and expiry of the lease, if it is leased.
    pub leased: Option<(String, Timestamp)>,
    /// The last reply code.
    pub last_code: Option<i64>,
    /// The last enhanced code, as text.
    pub last_enhanced: Option<String>,
}

/// A leg whose row cannot be read, with what it says as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedLeg {
    /// Id, as the commands take it.
    pub id: String,
    /// Where it goes; `None`: the row does not say.
    pub destination: Option<String>,
    /// When it is tried next; `None`: the row does not say.
    pub due_at: Option<Timestamp>,
    /// What is wrong, for people.
    pub why: String,
}

/// Legs of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LegPage {
    /// Legs whose rows can be read.
    pub legs: Vec<LegRow>,
    /// Legs whose rows cannot be read.
    pub damaged: Vec<DamagedLeg>,
}

impl LegPage {
    /// How many there are of both.
    #[must_use]
    pub fn len(&self) -> usize {
        self.legs.len() + self.damaged.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn add(&mut self, row: Row) {
        let values = row.again();
        match leg_row(row) {
            Ok(leg) => self.legs.push(leg),
            Err(error) => self.damaged.push(DamagedLeg::of(values, &error)),
        }
    }

    /// Takes those of the next page.
    pub fn extend(&mut self, other: Self) {
        self.legs.extend(other.legs);
        self.damaged.extend(other.damaged);
    }
}

impl DamagedLeg {
    fn of(row: Row, error: &StoreError) -> Self {
        let mut values = row.into_values().into_iter();
        let id = values.next().map_or_else(String::new, |id| shown_id(&id));
        let destination = match values.nth(2) {
            Some(Value::Text(destination)) => Some(destination),
            Some(Value::Null | Value::Int(_) | Value::Blob(_)) | None => None,
        };
        let due_at = match values.nth(3) {
            Some(Value::Int(at)) => Some(Timestamp(at)),
            Some(Value::Null | Value::Text(_) | Value::Blob(_)) | None => None,
        };
        Self { id, destination, due_at, why: error.to_string() }
    }
}

/// SQLite keeps bytes where an id belongs: they are written as there, `x'0a'`.
fn shown_id(id: &Value) -> String {
    match id {
        Value::Blob(_) => format!("x'{}'", id.shown()),
        Value::Null | Value::Int(_) | Value::Text(_) => id.shown(),
    }
}

/// The id that was shown so.
fn id_of(shown: &str) -> Value {
    let digits = shown.strip_prefix("x'").and_then(|rest| rest.strip_suffix('\''));
    let bytes = digits.and_then(|digits| {
        let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.as_bytes().chunks(2).map(octet).collect::<Option<Vec<u8>>>()
    });
    bytes.map_or_else(|| Value::from(shown), Value::from)
}

/// A leg whose ticket is sealed anew because it is frozen or thawed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnedLeg {
    /// Id.
    pub id: String,
    /// The ticket as read; if it has changed, nothing is done.
    pub before: Vec<u8>,
    /// The new ticket.
    pub now: Vec<u8>,
}

/// The columns of [`LegRow`].
macro_rules! leg_columns {
    () => {
        "id, arrival_id, body_id, destination, purpose, state, attempts, due_at,
         expires_at, created_at, delay_noted, lease_owner, lease_until, last_code, last_enhanced"
    };
}

fn leg_row(mut row: Row) -> Result<LegRow, StoreError> {
    Ok(LegRow {
        id: row.text()?,
        arrival_id: row.text()?,
        body_id: row.opt_text()?,
        destination: row.text()?,
        purpose: LegPurpose::parse(&row.text()?)?,
        state: LegState::parse(&row.text()?)?,
        attempts: row.int()?,
        due_at: row.time()?,
        expires_at: row.time()?,
        created_at: row.time()?,
        delay_noted: row.int()? != 0,
        leased: row.opt_text()?.zip(row.opt_time()?),
        last_code: row.opt_int()?,
        last_enhanced: row.opt_text()?,
    })
}

impl Store {
    /// Legs, oldest first.
    pub async fn list_legs(&self, filter: &LegFilter, page: Page) -> Result<LegPage, StoreError> {
        let rows = self
            .read_rows(sql!(
                concat!(
                    "SELECT ",
                    leg_columns!(),
                    " FROM legs
                     WHERE (CAST(?1 AS TEXT) IS NULL OR destination = ?1)
                       AND (CAST(?2 AS TEXT) IS NULL OR state = ?2)
                       AND (CAST(?3 AS TEXT) IS NULL OR arrival_id = ?3)
                     ORDER BY created_at, id LIMIT ?4 OFFSET ?5"
                ),
                filter.destination.clone(),
                filter.state.map(LegState::as_str),
                filter.arrival_id.clone(),
                page.limit,
                page.offset
            ))
            .await?;
        let mut listed = LegPage::default();
        rows.into_iter().for_each(|row| listed.add(row));
        Ok(listed)
    }

    /// All legs whose rows cannot be read.
    pub async fn damaged_legs(&self) -> Result<Vec<DamagedLeg>, StoreError> {
        let (mut after, mut damaged) = (Value::from(""), Vec::new());
        loop {
            let question = sql!(
                concat!("SELECT ", leg_columns!(), " FROM legs WHERE id > ?1 ORDER BY id LIMIT ?2"),
                after.clone(),
                AT_ONCE
            );
            let rows = self.read_rows(question).await?;
            let Some(last) = rows.last().map(Row::first) else { return Ok(damaged) };
            let mut page = LegPage::default();
            rows.into_iter().for_each(|row| page.add(row));
            damaged.append(&mut page.damaged);
            after = last;
        }
    }

    /// A leg's sealed ticket. One that is no bytes is empty: it opens with no key.
    pub async fn leg_ticket(&self, leg_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let question = sql!("SELECT ticket_sealed FROM legs WHERE id = ?1", id_of(leg_id));
        Ok(self.read_one(question).await?.map(|mut row| row.blob().unwrap_or_default()))
    }

    /// Makes queued legs due now; leased ones are unchanged. Returns how many.
    pub async fn retry_legs(&self, leg_ids: &[String], now: Timestamp) -> Result<usize, StoreError> {
        let statement = |id: &String| {
            sql!(
                "UPDATE legs SET due_at = ?2
                 WHERE id = ?1 AND state = 'queued' AND (lease_until IS NULL OR lease_until <= ?2)",
                id.as_str(),
                now
            )
            .concerning(id, "")
        };
        Ok(self.change(leg_ids.iter().map(statement).collect()).await?.iter().sum())
    }

    /// Freezes legs, each with its new ticket. A leased one may still be finished by its holder. Returns how many.
    pub async fn freeze_legs(&self, legs: Vec<TurnedLeg>) -> Result<usize, StoreError> {
        let statement = |leg: TurnedLeg| {
            sql!(
                "UPDATE legs SET state = 'frozen', ticket_sealed = ?3
                 WHERE id = ?1 AND state = 'queued' AND ticket_sealed = ?2",
                leg.id.as_str(),
                leg.before,
                leg.now
            )
            .concerning(&leg.id, "")
        };
        Ok(self.change(legs.into_iter().map(statement).collect()).await?.iter().sum())
    }

    /// Thaws legs, each with its new ticket: due now, and not given up before `expires_at`. Returns how many.
    pub async fn thaw_legs(
        &self,
        legs: Vec<TurnedLeg>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<usize, StoreError> {
        // Frozen while it was leased: not due before that lease expires.
        let statement = |leg: TurnedLeg| {
            sql!(
                "UPDATE legs SET state = 'queued', ticket_sealed = ?5,
                     due_at = CASE WHEN lease_until > ?2 THEN lease_until ELSE ?2 END,
                     expires_at = CASE WHEN expires_at < ?3 THEN ?3 ELSE expires_at END
                 WHERE id = ?1 AND state = 'frozen' AND ticket_sealed = ?4",
                leg.id.as_str(),
                now,
                expires_at,
                leg.before,
                leg.now
            )
            .concerning(&leg.id, "")
        };
        Ok(self.change(legs.into_iter().map(statement).collect()).await?.iter().sum())
    }

    /// Removes legs without a report, each body with its last reference. Returns how many.
    pub async fn remove_legs(&self, leg_ids: &[String]) -> Result<usize, StoreError> {
        // A leg's body never changes, so it may be read beforehand. What cannot be read is no body's id.
        let question = |id: &String| sql!("SELECT id, body_id FROM legs WHERE id = ?1", id_of(id));
        let answers = self.read(leg_ids.iter().map(question).collect()).await?;
        let mut batch = Batch::default();
        for row in answers.into_iter().flatten() {
            let leg_id = row.first();
            let body_id = row.second().cloned();
            let gone = sql!("DELETE FROM legs WHERE id = ?1 RETURNING id", leg_id.clone());
            batch.add(gone.concerning(&shown_id(&leg_id), ""));
            if let Some(Value::Text(body_id)) = body_id {
                batch.release_body(&body_id);
            }
        }
        match self.write(batch).await? {
            Outcome::Kept(answers) => Ok(answers.iter().map(|answer| answer.rows.len()).sum()),
            Outcome::Refused(_) => Ok(0),
        }
    }
}
