//! Short-lived rows: which kinds there are, and for each the one condition by which they are counted and
//! removed. Knows no table.

use crate::error::StoreError;
use crate::statement::Statement;
use crate::store::Store;

/// Kinds of short-lived rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleKind {
    /// Fingerprints of letters that will not be retried any more.
    Fingerprints,
    /// Expired sessions.
    Sessions,
    /// Newcomer sessions that were never completed.
    Newcomers,
    /// Counts of failed passwords and answers.
    Tries,
    /// Why sessions ended.
    EndedSessions,
    /// Uses counted against quotas.
    Uses,
    /// Expired MTA-STS policies of other domains.
    Policies,
    /// Counts of TLS sessions, too old to be reported.
    TlsCounts,
    /// Records that domains got their TLS reports.
    TlsTold,
    /// TLS reports that no receiver accepted.
    TlsSubmissions,
}

/// The number of each kind.
pub type StaleCounts = Vec<(StaleKind, u64)>;

/// One kind with its count query and its deletion.
pub(crate) struct StaleRows {
    pub(crate) kind: StaleKind,
    pub(crate) delete: Statement,
    pub(crate) count: Statement,
}

/// `stale_rows!(Kind, "FROM … WHERE … ?1", a)`.
macro_rules! stale_rows {
    ($kind:ident, $from:literal $(, $param:expr)* $(,)?) => {
        $crate::stale_rows::StaleRows {
            kind: $crate::stale_rows::StaleKind::$kind,
            delete: $crate::statement::sql!(concat!("DELETE ", $from) $(, $param)*),
            count: $crate::statement::sql!(concat!("SELECT count(*) ", $from) $(, $param)*),
        }
    };
}
pub(crate) use stale_rows;

impl Store {
    /// Counts each kind.
    pub(crate) async fn count_stale(&self, stale: Vec<StaleRows>) -> Result<StaleCounts, StoreError> {
        let mut counts = StaleCounts::new();
        for StaleRows { kind, count, delete: _ } in stale {
            counts.push((kind, self.count(count).await?));
        }
        Ok(counts)
    }

    /// Deletes all of them; returns how many.
    pub(crate) async fn delete_stale(&self, stale: Vec<StaleRows>) -> Result<StaleCounts, StoreError> {
        let kinds: Vec<StaleKind> = stale.iter().map(|rows| rows.kind).collect();
        let deleted = self.change(stale.into_iter().map(|rows| rows.delete).collect()).await?;
        let counts = deleted.into_iter().map(|rows| u64::try_from(rows).unwrap_or(u64::MAX));
        Ok(kinds.into_iter().zip(counts).collect())
    }
}
