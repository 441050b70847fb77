//! The operator's hand in the queue: list, retry, freeze, thaw, remove.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::store::{Page, Store};
use crate::words::{LegPurpose, LegState};

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

/// A leg as the operator sees it. The ticket is to be had with [`Store::leg_ticket`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRow {
    /// Id.
    pub id: String,
    /// The arrival it came with.
    pub arrival_id: String,
    /// The sealed rest.
    pub body_id: String,
    /// Queue key.
    pub destination: String,
    /// What it carries.
    pub purpose: LegPurpose,
    /// Queued or frozen.
    pub state: LegState,
    /// Attempts that ended in a retry.
    pub attempts: i64,
    /// Next attempt; the lease's end while leased.
    pub due_at: Timestamp,
    /// Given up after that.
    pub expires_at: Timestamp,
    /// When it was queued.
    pub created_at: Timestamp,
    /// A delay was reported.
    pub delay_noted: bool,
    /// Who is working on it, and until when.
    pub leased: Option<(String, Timestamp)>,
    /// The last reply code.
    pub last_code: Option<i64>,
    /// The last enhanced code, as text.
    pub last_enhanced: Option<String>,
}

impl Store {
    /// Legs, oldest first.
    pub async fn list_legs(&self, filter: &LegFilter, page: Page) -> Result<Vec<LegRow>, StoreError> {
        let _ = (filter, page);
        Err(StoreError::Closed)
    }

    /// A leg's sealed ticket.
    pub async fn leg_ticket(&self, leg_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let _ = leg_id;
        Err(StoreError::Closed)
    }

    /// Makes queued legs due now; those being worked on stay as they are. Returns how many.
    pub async fn retry_legs(&self, leg_ids: &[String], now: Timestamp) -> Result<usize, StoreError> {
        let _ = (leg_ids, now);
        Err(StoreError::Closed)
    }

    /// Freezes legs. One being worked on may still be finished by its holder. Returns how many.
    pub async fn freeze_legs(&self, leg_ids: &[String]) -> Result<usize, StoreError> {
        let _ = leg_ids;
        Err(StoreError::Closed)
    }

    /// Lets frozen legs go on: due now, and good until `expires_at` at least. Returns how many.
    pub async fn thaw_legs(
        &self,
        leg_ids: &[String],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<usize, StoreError> {
        let _ = (leg_ids, now, expires_at);
        Err(StoreError::Closed)
    }

    /// Removes legs without a report, each body with its last reference. Returns how many.
    pub async fn remove_legs(&self, leg_ids: &[String]) -> Result<usize, StoreError> {
        let _ = leg_ids;
        Err(StoreError::Closed)
    }
}
