//! Whose a reverse-path is, and whether one more report may go there. Counts nothing.

use async_trait::async_trait;
use sealpost_mail::{Address, Timestamp};
use sealpost_store::StoreError;
use serde::{Deserialize, Serialize};

/// Whose a letter's reverse-path is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportsTo {
    /// Of somebody who has a right to send here, or our own.
    #[default]
    Ours,
    /// Of a partner, who signed the letter; an old letter of theirs can be sent again by anybody.
    Proven,
    /// Somebody outside wrote it there, and nothing proves it.
    Claimed,
}

/// Whether a report may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum ReportSlot {
    /// It has its place.
    Taken,
    /// There were too many.
    None,
}

/// Keeps us from sending reports without end to whom a forged reverse-path names.
#[async_trait]
pub trait ReportLimit: Send + Sync {
    /// Takes a place for a report on a letter of the arrival `about`. What has none is counted and logged.
    async fn room(
        &self,
        reports_to: ReportsTo,
        to: &Address,
        about: &str,
        now: Timestamp,
    ) -> Result<ReportSlot, StoreError>;
}
