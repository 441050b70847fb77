//! The delivery queue: leasing legs, recording how attempts end, and adding follow-ups. A leg belongs to the process that holds its
//! lease.

use sealpost_mail::{EnhancedCode, Timestamp};

use crate::body::{Body, StoredBody};
use crate::column_values::{ColumnWord as _, LegPurpose, LegState};
use crate::error::StoreError;
use crate::several::DONE;
use crate::statement::{
    Batch, Flush, Outcome, Refusal, Row, Sharing, Statement, StatementResult, Taking, Value, sql,
};
use crate::store::Store;

/// One recipient's copy to be delivered.
#[derive(Clone, Debug)]
pub struct NewLeg {
    /// Fresh id.
    pub id: String,
    /// The arrival it belongs to.
    pub arrival_id: String,
    /// Id of the sealed body; `None`: the mail is generated from the ticket when it is sent.
    pub body_id: Option<String>,
    /// What delivery needs to know, sealed to the spool key.
    pub ticket_sealed: Vec<u8>,
    /// Queue key: a next hop's name or a domain.
    pub destination: String,
    /// When it is first attempted.
    pub due_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// When it was queued.
    pub created_at: Timestamp,
    /// The kind of mail.
    pub purpose: LegPurpose,
    /// The state in which it enters the queue.
    pub state: LegStart,
}

/// The state in which a leg enters the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegStart {
    /// Waits for its due time.
    Queued,
    /// Held until an operator releases it.
    Frozen,
    /// Leased from the start: the process that commits it delivers it at once.
    InHand {
        /// The owner, as in [`Lease::owner`].
        owner: String,
        /// When the lease expires.
        until: Timestamp,
    },
}

/// A request for work.
#[derive(Clone, Debug)]
pub struct Lease<'a> {
    /// The requesting process: one incarnation of it.
    pub owner: String,
    /// The current time.
    pub now: Timestamp,
    /// When the leases expire. Afterwards any process may take the legs.
    pub until: Timestamp,
    /// How many at most.
    pub limit: usize,
    /// Where they may go.
    pub from: LeaseFrom<'a>,
}

/// More attempts are counted for no leg, whatever its row says.
const MOST_ATTEMPTS: i64 = 1_000_000;

/// Legs to which destinations are meant.
#[derive(Clone, Copy, Debug)]
pub enum LeaseFrom<'a> {
    /// To all others than these, which have no free slot.
    AllBut(&'a [String]),
    /// To these.
    Only(&'a [String]),
}

impl LeaseFrom<'_> {
    fn includes(self, destination: &str) -> bool {
        let among = |names: &[String]| names.iter().any(|name| name == destination);
        match self {
            Self::AllBut(others) => !among(others),
            Self::Only(these) => among(these),
        }
    }
}

/// The latest times that any of our processes gives a leg.
#[derive(Clone, Copy, Debug)]
pub struct LatestTimes {
    /// Latest due time: longer than any pause.
    pub due: Timestamp,
    /// Latest end of a lease, by the clock of leases.
    pub lease: Timestamp,
    /// The current time by that clock.
    pub lease_now: Timestamp,
}

/// A leased leg. Only the store creates it.
#[derive(Clone, Debug)]
pub struct LeasedLeg {
    /// Id.
    pub id: String,
    /// The arrival it belongs to.
    pub arrival_id: String,
    /// Id of the sealed body, if it has one.
    pub body_id: Option<String>,
    /// The body, if it is already in memory.
    pub body: Option<Body>,
    /// What delivery needs to know, sealed to the spool key.
    pub ticket_sealed: Vec<u8>,
    /// Queue key.
    pub destination: String,
    /// Attempts so far that ended in a retry.
    pub attempts: i64,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// Whether a delay has been reported.
    pub delay_noted: bool,
    /// The kind of mail.
    pub purpose: LegPurpose,
    pub(crate) owner: String,
    pub(crate) until: Timestamp,
}

impl LeasedLeg {
    /// When the lease ends.
    #[must_use]
    pub fn leased_until(&self) -> Timestamp {
        self.until
    }
}

/// Outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegEnd {
    /// Delivered: the leg is removed, even if its lease was lost.
    Done,
    /// To be retried.
    Retry {
        /// When it is retried.
        due_at: Timestamp,
        /// The peer's reply code, if it gave one.
        code: Option<u16>,
        /// The enhanced status code, the peer's or ours.
        enhanced: Option<EnhancedCode>,
        /// A delay has been reported with this or an earlier attempt.
        delay_noted: bool,
    },
    /// Not attempted, because its destination is suspended: does not count as an attempt.
    Postponed {
        /// When it is due again.
        due_at: Timestamp,
        /// A delay has been reported with this or an earlier attempt.
        delay_noted: bool,
    },
    /// Given up: the leg is removed. Its report is among the follow-ups.
    Failed,
    /// Held for an operator.
    Frozen,
}

/// A leg that results from the end of another: a report or a notice to the sender.
#[derive(Clone, Debug)]
pub struct FollowUp {
    /// The leg.
    pub leg: NewLeg,
    /// Its body; `None` if it refers to a stored one.
    pub body: Option<StoredBody>,
}

/// Whether the outcome was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Finished {
    /// Recorded, with all follow-ups.
    Recorded,
    /// The lease expired and another process has the leg now, or an operator removed it. Nothing was written.
    LeaseLost,
}

impl NewLeg {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(self.statement());
    }

    /// The statement that queues it.
    pub(crate) fn statement(self) -> Statement {
        // A leased leg is due again when its lease expires.
        let (state, due_at, lease) = match self.state {
            LegStart::Queued => (LegState::Queued, self.due_at, None),
            LegStart::Frozen => (LegState::Frozen, self.due_at, None),
            LegStart::InHand { owner, until } => (LegState::Queued, until, Some((owner, until))),
        };
        let (owner, until) = lease.unzip();
        sql!(
            "INSERT INTO legs (id, arrival_id, body_id, destination, purpose, state, due_at, expires_at,
                 created_at, lease_owner, lease_until, ticket_sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            self.id,
            self.arrival_id,
            self.body_id,
            self.destination,
            self.purpose.as_str(),
            state.as_str(),
            due_at,
            self.expires_at,
            self.created_at,
            owner,
            until,
            self.ticket_sealed
        )
    }

    /// The leg as its lease holder sees it; `None`: it is not leased.
    pub(crate) fn in_hand<'a>(&self, mut bodies: impl Iterator<Item = &'a StoredBody>) -> Option<LeasedLeg> {
        let LegStart::InHand { owner, until } = &self.state else { return None };
        let body = bodies.find(|body| Some(body.id()) == self.body_id.as_deref());
        Some(LeasedLeg {
            id: self.id.clone(),
            arrival_id: self.arrival_id.clone(),
            body_id: self.body_id.clone(),
            body: body.map(StoredBody::body),
            ticket_sealed: self.ticket_sealed.clone(),
            destination: self.destination.clone(),
            attempts: 0,
            created_at: self.created_at,
            expires_at: self.expires_at,
            delay_noted: false,
            purpose: self.purpose,
            owner: owner.clone(),
            until: *until,
        })
    }
}

impl Store {
    /// Leases up to `limit` due legs, spread evenly over their destinations. Empty: nothing is due.
    pub async fn lease_legs(&self, request: Lease<'_>) -> Result<Vec<LeasedLeg>, StoreError> {
        let mut open: Vec<Destination> = self
            .destinations()
            .await?
            .into_iter()
            .filter(|destination| {
                destination.due_at <= request.now && request.from.includes(&destination.name)
            })
            .collect();
        // Longest waiting first; every destination gets its share of the limit.
        open.sort_by(|a, b| a.due_at.cmp(&b.due_at).then_with(|| a.name.cmp(&b.name)));
        let (mut leased, mut damaged) = (Vec::new(), Vec::new());
        while !open.is_empty() && leased.len() < request.limit {
            let left = request.limit - leased.len();
            open.truncate(left);
            let share = left / open.len().max(1);
            let statements = open
                .iter()
                .map(|destination| lease_some(&request, &destination.name, share))
                .collect::<Vec<_>>();
            let mut batch = Batch::from(statements);
            batch.takes =
                Some(Taking { owner: request.owner.clone(), until: request.until, now: request.now });
            let results = match self.write(batch).await {
                Ok(Outcome::Kept(results)) => results,
                Ok(Outcome::Refused(_)) => break,
                // Legs already leased are returned; the error will occur again.
                Err(error) if !leased.is_empty() => {
                    tracing::warn!(%error, "fewer legs were leased than are due");
                    break;
                }
                Err(error) => return Err(error),
            };
            // Destinations that used up their share may have more.
            let mut full =
                results.iter().map(|result| result.affected >= share).collect::<Vec<_>>().into_iter();
            open.retain(|_| full.next().unwrap_or(false));
            for row in results.into_iter().flat_map(|result| result.rows) {
                let id = row.first();
                match leased_leg(row, &request) {
                    Ok(leg) => leased.push(leg),
                    Err(error) => {
                        tracing::error!(row.kind = "leg", row.id = %id.shown(), %error, "leg frozen: its row cannot be read");
                        damaged.push(id);
                    }
                }
            }
        }
        self.pass_by(damaged).await;
        Ok(leased)
    }

    /// Legs whose rows cannot be read stay for an operator.
    async fn pass_by(&self, damaged: Vec<Value>) {
        let frozen = |id| {
            sql!("UPDATE legs SET state = 'frozen', lease_owner = NULL, lease_until = NULL WHERE id = ?1", id)
        };
        if damaged.is_empty() {
            return;
        }
        if let Err(error) = self.change(damaged.into_iter().map(frozen).collect()).await {
            tracing::warn!(%error, "legs that cannot be read could not be frozen; they are looked at again when their leases end");
        }
    }

    /// Records how an attempt ended, and its follow-ups, in one transaction. The body is removed with its last leg or deposit.
    pub async fn finish_leg(
        &self,
        leg: &LeasedLeg,
        end: LegEnd,
        follow_ups: Vec<FollowUp>,
    ) -> Result<Finished, StoreError> {
        let mut batch = Batch::default();
        for FollowUp { leg: new, body } in follow_ups {
            if let Some(body) = body {
                if Some(body.id()) != new.body_id.as_deref() {
                    return Err(StoreError::Unreferenced);
                }
                batch.add_body(body);
            }
            new.add_to(&mut batch);
        }
        match end {
            LegEnd::Done | LegEnd::Failed => {
                batch.told.extend(self.riding().events.iter().cloned());
                batch.add(match end {
                    // The recipient has it: another lease holder must not send it again.
                    LegEnd::Done => sql!(DONE, leg.id.as_str()).or_refuse(Refusal::LeaseLost),
                    LegEnd::Failed | LegEnd::Retry { .. } | LegEnd::Postponed { .. } | LegEnd::Frozen => {
                        sql!(
                            "DELETE FROM legs WHERE id = ?1 AND lease_owner = ?2 AND lease_until = ?3",
                            leg.id.as_str(),
                            leg.owner.as_str(),
                            leg.until
                        )
                        .or_refuse(Refusal::LeaseLost)
                    }
                });
                if let Some(body_id) = &leg.body_id {
                    batch.release_body(body_id);
                }
            }
            LegEnd::Retry { due_at, code, enhanced, delay_noted } => batch.add(
                sql!(
                    "UPDATE legs SET attempts = ?8, due_at = ?4, last_code = ?5,
                         last_enhanced = ?6, delay_noted = ?7, lease_owner = NULL, lease_until = NULL
                     WHERE id = ?1 AND lease_owner = ?2 AND lease_until = ?3",
                    leg.id.as_str(),
                    leg.owner.as_str(),
                    leg.until,
                    due_at,
                    code.map(i64::from),
                    enhanced.map(|code| code.to_string()),
                    delay_noted,
                    (leg.attempts + 1).min(MOST_ATTEMPTS)
                )
                .or_refuse(Refusal::LeaseLost),
            ),
            LegEnd::Postponed { due_at, delay_noted } => batch.add(
                sql!(
                    "UPDATE legs SET due_at = ?4, delay_noted = ?5, lease_owner = NULL, lease_until = NULL
                     WHERE id = ?1 AND lease_owner = ?2 AND lease_until = ?3",
                    leg.id.as_str(),
                    leg.owner.as_str(),
                    leg.until,
                    due_at,
                    delay_noted
                )
                .or_refuse(Refusal::LeaseLost),
            ),
            LegEnd::Frozen => batch.add(
                sql!(
                    "UPDATE legs SET state = 'frozen', lease_owner = NULL, lease_until = NULL
                     WHERE id = ?1 AND lease_owner = ?2 AND lease_until = ?3",
                    leg.id.as_str(),
                    leg.owner.as_str(),
                    leg.until
                )
                .or_refuse(Refusal::LeaseLost),
            ),
        }
        // No caller waits for the end of a delivered letter, and nothing is lost with it: after a power failure the letter may be
        // sent again, as when the server's reply is lost. A file must not be removed before its row is durably gone.
        let has_no_file = match (&leg.body_id, &leg.body) {
            (None, _) => true,
            (Some(_), Some(body)) => body.inline().is_some(),
            (Some(_), None) => false,
        };
        let outcome = match end {
            LegEnd::Done if has_no_file && batch.settles.is_empty() => {
                // Undone by a failover, the leg would be leased to us again, unnoticed.
                batch.flush = Flush::DoneAgain;
                batch.sharing = Sharing::Ends;
                self.write_soon(batch).await?
            }
            LegEnd::Done
            | LegEnd::Failed
            | LegEnd::Frozen
            | LegEnd::Retry { .. }
            | LegEnd::Postponed { .. } => self.write(batch).await?,
        };
        match outcome {
            Outcome::Kept(_) => Ok(Finished::Recorded),
            Outcome::Refused(_) => Ok(Finished::LeaseLost),
        }
    }

    /// When the next queued leg is due; in the past if one is due. A leased leg counts as due when its lease expires.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.next_due_from(LeaseFrom::AllBut(&[])).await
    }

    /// The same of legs to these destinations.
    pub async fn next_due_from(&self, from: LeaseFrom<'_>) -> Result<Option<Timestamp>, StoreError> {
        let destinations = self.destinations().await?.into_iter();
        Ok(destinations
            .filter(|destination| from.includes(&destination.name))
            .map(|destination| destination.due_at)
            .min())
    }

    /// Makes legs due now whose due time is later than any pause, or that others have leased for longer than any lease: the clock
    /// has been set back since, or the times were not written by us. Legs leased by `owner`, the caller, are left alone, because
    /// they may be under way. Returns how many.
    pub async fn pull_in_legs(
        &self,
        owner: &str,
        now: Timestamp,
        latest: LatestTimes,
    ) -> Result<usize, StoreError> {
        // Usually there are none, which one index lookup per destination shows.
        let lasts = self.read_rows(sql!(LAST_DUE)).await?;
        self.freeze_without_destination(&lasts).await?;
        let mut lasts = lasts.into_iter();
        // A value that is not a time was not written by us.
        if !lasts.any(|row| destination(row).map_or(true, |one| one.due_at > latest.due)) {
            return Ok(0);
        }
        let pulled = self
            .change(vec![sql!(
                "UPDATE legs SET due_at = ?1, lease_owner = NULL, lease_until = NULL
                 WHERE state = 'queued' AND due_at > ?2
                   AND (lease_owner IS NULL
                        OR lease_owner <> ?5 AND (lease_until IS NULL OR lease_until <= ?3 OR lease_until > ?4))",
                now,
                latest.due,
                latest.lease_now,
                latest.lease,
                owner
            )])
            .await?;
        Ok(pulled.iter().sum())
    }

    /// Legs to a destination that cannot be read go nowhere: they stay for an operator.
    async fn freeze_without_destination(&self, destinations: &[Row]) -> Result<(), StoreError> {
        let strange = destinations.iter().map(Row::first).filter(|name| !matches!(name, Value::Text(_)));
        let frozen =
            |name| sql!("UPDATE legs SET state = 'frozen' WHERE state = 'queued' AND destination = ?1", name);
        let frozen: Vec<Statement> = strange.map(frozen).collect();
        if frozen.is_empty() {
            return Ok(());
        }
        let legs: usize = self.change(frozen).await?.iter().sum();
        tracing::error!(row.kind = "leg", legs, "legs frozen: their destination cannot be read");
        Ok(())
    }

    /// Every destination with queued legs, and when its first one is due. Jumps from one to the next in the index: the cost depends
    /// on the number of destinations, not on the length of their queues.
    async fn destinations(&self) -> Result<Vec<Destination>, StoreError> {
        let rows = self.read_rows(sql!(DESTINATIONS)).await?;
        // Those of a destination that cannot be read are frozen when due times are looked at.
        Ok(rows.into_iter().filter_map(|row| destination(row).ok()).collect())
    }
}

fn destination(mut row: Row) -> Result<Destination, StoreError> {
    Ok(Destination { name: row.text()?, due_at: row.time()? })
}

/// Jumps from destination to destination in the index legs_due and evaluates this for the queued legs there.
macro_rules! leaping {
    ($what:literal) => {
        concat!(
            "WITH RECURSIVE places (name) AS (
                 SELECT min(destination) FROM legs WHERE state = 'queued'
                 UNION ALL
                 SELECT (SELECT min(l.destination) FROM legs l WHERE l.state = 'queued' AND l.destination > p.name)
                 FROM places p WHERE p.name IS NOT NULL)
             SELECT p.name, (SELECT ",
            $what,
            " FROM legs l WHERE l.state = 'queued' AND l.destination = p.name)
             FROM places p WHERE p.name IS NOT NULL"
        )
    };
}

const DESTINATIONS: &str = leaping!("min(l.due_at)");
const LAST_DUE: &str = leaping!("max(l.due_at)");

/// Releases a lease that its caller never received, if it exists at all.
pub(crate) fn give_back(id: &str, owner: &str, until: Timestamp, now: Timestamp) -> Statement {
    sql!(
        "UPDATE legs SET lease_owner = NULL, lease_until = NULL, due_at = ?4
         WHERE id = ?1 AND lease_owner = ?2 AND lease_until = ?3",
        id,
        owner,
        until,
        now
    )
}

impl Taking {
    /// The statements for the rows that the batch returned.
    pub(crate) fn give_back(&self, results: Vec<StatementResult>) -> Vec<Statement> {
        let ids = results.into_iter().flat_map(|result| result.rows).filter_map(|mut row| row.text().ok());
        ids.map(|id| give_back(&id, &self.owner, self.until, self.now)).collect()
    }
}

/// One destination's queue.
struct Destination {
    name: String,
    /// Due time of its first leg.
    due_at: Timestamp,
}

fn lease_some(request: &Lease<'_>, destination: &str, share: usize) -> Statement {
    sql!(
        // Materialized: evaluated once, however the engine joins.
        "WITH due AS MATERIALIZED (
             SELECT id FROM legs WHERE state = 'queued' AND destination = ?3 AND due_at <= ?4
             ORDER BY due_at LIMIT ?5 /*LOCK*/)
         UPDATE legs SET lease_owner = ?1, lease_until = ?2, due_at = ?2 WHERE id IN (SELECT id FROM due)
         RETURNING id, arrival_id, body_id, ticket_sealed,
             destination, attempts, created_at, expires_at, delay_noted, purpose",
        request.owner.as_str(),
        request.until,
        destination,
        request.now,
        share
    )
}

fn leased_leg(mut row: Row, request: &Lease<'_>) -> Result<LeasedLeg, StoreError> {
    Ok(LeasedLeg {
        id: row.text()?,
        arrival_id: row.text()?,
        body_id: row.opt_text()?,
        body: None,
        ticket_sealed: row.blob()?,
        destination: row.text()?,
        attempts: row.int()?.clamp(0, MOST_ATTEMPTS),
        created_at: row.time()?,
        expires_at: row.time()?,
        delay_noted: row.int()? != 0,
        purpose: LegPurpose::parse(&row.text()?)?,
        owner: request.owner.clone(),
        until: request.until,
    })
}

#[cfg(test)]
mod tests {
    use crate::engine::{empty, run};
    use crate::statement::sql;

    /// A scan here would make every wake-up of delivery as slow as its queue is long.
    #[test]
    fn destinations_are_found_by_leaps_in_the_index() {
        let connection = empty();
        for question in [super::DESTINATIONS, super::LAST_DUE] {
            let text: &'static str = Box::leak(format!("EXPLAIN QUERY PLAN {question}").into());
            let plan = run(&connection, &sql!(text)).unwrap().rows;
            assert!(!plan.is_empty());
            for mut step in plan {
                let _ = (step.int(), step.int(), step.int());
                let step = step.text().unwrap();
                assert!(!step.starts_with("SCAN l"), "{step}");
                let on_legs = step.contains("legs") || step.starts_with("SEARCH l");
                assert!(!on_legs || step.contains("INDEX legs_due"), "{step}");
            }
        }
    }
}
