//! Rows that were meant for minutes, hours or days: of which kinds, and for each one condition by which they are both counted and
//! forgotten. Knows no table.

use crate::error::StoreError;
use crate::statement::Statement;
use crate::store::Store;

/// What is meant for a while only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleKind {
    /// Fingerprints of letters that nobody sends again any more.
    Fingerprints,
    /// Sessions that are over.
    Sessions,
    /// First log-ins that nobody ended.
    Newcomers,
    /// Counts of wrong passwords and answers.
    Tries,
    /// Why sessions ended.
    EndedSessions,
    /// What counted against quotas.
    Uses,
    /// Policies of other domains' servers that have run out.
    Policies,
    /// Counts of sessions under TLS, too old to be told.
    TlsCounts,
    /// That domains were told of them.
    TlsTold,
    /// Reports of them that nobody took.
    TlsSubmissions,
}

/// How many of each kind.
pub type StaleCounts = Vec<(StaleKind, u64)>;

/// One kind, with the two questions.
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
    /// How many there are of each.
    pub(crate) async fn count_stale(&self, stale: Vec<StaleRows>) -> Result<StaleCounts, StoreError> {
        let mut counts = StaleCounts::new();
        for StaleRows { kind, count, delete: _ } in stale {
            counts.push((kind, self.count(count).await?));
        }
        Ok(counts)
    }

    /// Deletes all of them; how many there were.
    pub(crate) async fn delete_stale(&self, stale: Vec<StaleRows>) -> Result<StaleCounts, StoreError> {
        let kinds: Vec<StaleKind> = stale.iter().map(|rows| rows.kind).collect();
        let deleted = self.change(stale.into_iter().map(|rows| rows.delete).collect()).await?;
        let counts = deleted.into_iter().map(|rows| u64::try_from(rows).unwrap_or(u64::MAX));
        Ok(kinds.into_iter().zip(counts).collect())
    }
}
