//! Legs on their way: leased, finished, followed up. A leg belongs to whoever holds its lease.

use sealpost_mail::{EnhancedCode, Timestamp};

use crate::body::StoredBody;
use crate::error::StoreError;
use crate::store::Store;
use crate::words::{LegPurpose, LegStart};

/// One recipient's copy on its way out.
#[derive(Clone, Debug)]
pub struct NewLeg {
    /// Fresh id.
    pub id: String,
    /// The arrival it came with.
    pub arrival_id: String,
    /// The sealed rest.
    pub body_id: String,
    /// What delivery must know, sealed to the spool key.
    pub ticket_sealed: Vec<u8>,
    /// Queue key: a next hop's name or a domain.
    pub destination: String,
    /// First attempt.
    pub due_at: Timestamp,
    /// Given up after that.
    pub expires_at: Timestamp,
    /// When.
    pub created_at: Timestamp,
    /// What it carries.
    pub purpose: LegPurpose,
    /// Queued or frozen.
    pub state: LegStart,
}

/// A wish for work.
#[derive(Clone, Debug)]
pub struct Lease<'a> {
    /// Who asks; stable over restarts of the same node.
    pub owner: String,
    /// The present.
    pub now: Timestamp,
    /// How long the legs are wanted. Afterwards anyone may take them.
    pub until: Timestamp,
    /// How many at most.
    pub limit: usize,
    /// Destinations that have no place free.
    pub skip_destinations: &'a [String],
}

/// A leg with its lease. Only the store makes one.
#[derive(Clone, Debug)]
pub struct LeasedLeg {
    /// Id.
    pub id: String,
    /// The arrival it came with.
    pub arrival_id: String,
    /// The sealed rest.
    pub body_id: String,
    /// What delivery must know, sealed to the spool key.
    pub ticket_sealed: Vec<u8>,
    /// Queue key.
    pub destination: String,
    /// Attempts that ended in a retry.
    pub attempts: i64,
    /// When it was queued.
    pub created_at: Timestamp,
    /// Given up after that.
    pub expires_at: Timestamp,
    /// A delay was reported already.
    pub delay_noted: bool,
    /// What it carries.
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

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegEnd {
    /// Delivered: the leg goes.
    Done,
    /// Another try later.
    Retry {
        /// When.
        due_at: Timestamp,
        /// The peer's reply code, if it gave one.
        code: Option<u16>,
        /// The peer's or our enhanced code.
        enhanced: Option<EnhancedCode>,
        /// A delay has been reported with this or an earlier attempt.
        delay_noted: bool,
    },
    /// Given up: the leg goes. Its report stands among the follow-ups.
    Failed,
    /// Kept until an operator looks at it.
    Frozen,
}

/// A leg that comes of the end of another: a report, a notice to the sender.
#[derive(Clone, Debug)]
pub struct FollowUp {
    /// The leg.
    pub leg: NewLeg,
    /// Its body; `None` if it refers to one that is stored.
    pub body: Option<StoredBody>,
}

/// Whether the end was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Finished {
    /// Written, with all follow-ups.
    Recorded,
    /// The lease ran out and another holds the leg now, or an operator removed it. Nothing was written.
    LeaseLost,
}

impl Store {
    /// Takes up to `limit` due legs, shared out evenly among their destinations. Empty: nothing is due.
    pub async fn lease_legs(&self, wish: Lease<'_>) -> Result<Vec<LeasedLeg>, StoreError> {
        let _ = wish;
        Err(StoreError::Closed)
    }

    /// Writes down how an attempt ended, and what follows of it, in one transaction. The body goes with
    /// its last leg or deposit.
    pub async fn finish_leg(
        &self,
        leg: &LeasedLeg,
        end: LegEnd,
        follow_ups: Vec<FollowUp>,
    ) -> Result<Finished, StoreError> {
        let _ = (leg, end, follow_ups);
        Err(StoreError::Closed)
    }

    /// When the next queued leg is due; in the past if one is due. A leased leg counts as due at the end
    /// of its lease.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Err(StoreError::Closed)
    }

    /// Gives back every lease of `owner`: called at start, when a former life of the same node may have
    /// died with leases in its hands. Returns how many.
    pub async fn release_leases(&self, owner: &str, now: Timestamp) -> Result<usize, StoreError> {
        let _ = (owner, now);
        Err(StoreError::Closed)
    }
}
