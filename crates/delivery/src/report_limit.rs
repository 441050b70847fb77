//! The origin of a reverse-path, and the limit on reports to it. Counts nothing.

use async_trait::async_trait;
use sealpost_mail::{Address, Timestamp};
use sealpost_store::StoreError;
use serde::{Deserialize, Serialize};

/// Whose a letter's reverse-path is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportsTo {
    /// Of a sender with a right to send here, or our own.
    #[default]
    Ours,
    /// Of a partner, who signed the letter; an old letter of theirs can be replayed by anybody.
    Proven,
    /// Set by an outside sender without proof.
    Claimed,
}

/// Whether a report may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum ReportSlot {
    /// It may.
    Taken,
    /// There were too many.
    None,
}

/// Limits reports to victims of forged reverse-paths.
#[async_trait]
pub trait ReportLimit: Send + Sync {
    /// Takes a slot for a report on a letter of the arrival `about`. Refusals are counted and logged.
    async fn take_slot(
        &self,
        reports_to: ReportsTo,
        to: &Address,
        about: &str,
        now: Timestamp,
    ) -> Result<ReportSlot, StoreError>;
}
