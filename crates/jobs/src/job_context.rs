//! What jobs work with, the counts of a run and its errors. Does nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sealpost_arrival::Context;
use sealpost_delivery::TlsReporter;
use sealpost_mail::{Clock, Random, Term, Timestamp};
use sealpost_mailbox::Retention;
use sealpost_mailbox::audit::Actor;
use sealpost_seal::Worker;
use sealpost_store::{AHEAD, Store, StoreError, latest_noted};
use sealpost_vault::{KeyringKey, RowKey, TagKey};
use thiserror::Error;

use crate::authorities::Authorities;
use crate::notify_times::NotifyTimes;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a run failed.
#[derive(Debug, Error)]
pub enum Failed {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A mail cannot be composed or queued.
    #[error("{0}")]
    Mail(String),
    /// Keys of partners, or our own for them, cannot be read.
    #[error("the keys for partners cannot be read: {0}")]
    Keys(String),
    /// Another process has leased the job.
    #[error("another process has taken it over")]
    Lost,
    /// The clock is not trusted.
    #[error(
        "the clock is {0} days ahead of when jobs last ran: nothing is deleted and nobody is told anything. Set the clock \
         right; or if it is, and nothing ran for so long, say so: sealpost jobs run retention --clock-is-right"
    )]
    Ahead(u64),
}

/// Everything jobs work with.
pub struct JobContext {
    /// The store.
    pub store: Store,
    /// Source of the current time.
    pub clock: Arc<dyn Clock>,
    /// Source of randomness.
    pub random: Arc<dyn Random>,
    /// The terms after which letters and mailboxes are deleted.
    pub retention: Retention,
    /// When mail is sent.
    pub telling: NotifyTimes,
    /// How far the clock may be ahead of the last run.
    pub clock_jump: Duration,
    /// How long rows of the audit trail are kept.
    pub audit_kept: Term,
    /// The actor in audit rows.
    pub actor: Actor,
    /// For jobs that write mail; `None` if no mail is sent here.
    pub arrival: Option<Arc<Context>>,
    /// For jobs that check partners' keys; `None` if no letters are accepted here.
    pub partners: Option<PartnerWork>,
    /// Sends TLS reports; `None` if disabled, or no mail is sent here.
    pub tls_reports: Option<TlsReporter>,
}

impl JobContext {
    /// No process of ours has recorded a later time: no job runs by a clock that is further ahead of the last run than `clock_jump`. An attacker who
    /// writes the database cannot suppress mail for longer with one row.
    pub(crate) fn latest_noted(&self, now: Timestamp) -> Timestamp {
        latest_noted(now, ahead(self.clock_jump))
    }
}

/// Longer than a clock may be ahead and jobs still run.
fn ahead(clock_jump: Duration) -> Duration {
    AHEAD.max(clock_jump.saturating_add(DAY))
}

/// From when a letter's waiting counts: not from a time that none of us has noted.
pub(crate) fn waits_from(waits_from: Timestamp, received_at: Timestamp, latest: Timestamp) -> Timestamp {
    if waits_from <= latest { waits_from } else { received_at }
}

/// What is needed to check partners' keys.
#[derive(Clone)]
pub struct PartnerWork {
    /// Opens partners' records.
    pub keyring: KeyringKey,
    /// Opens the rows of our own public keys.
    pub rows: RowKey,
    /// Makes the tags by which partners are found.
    pub tags: TagKey,
    /// Trusted root certificates, DER.
    pub roots: Vec<Vec<u8>>,
    /// Paths of revocation lists.
    pub crl_places: Vec<PathBuf>,
    /// Parses untrusted data.
    pub worker: Option<Worker>,
    /// Whether authorities are asked, and how.
    pub authorities: Authorities,
}

/// Results of a run: names and numbers.
pub type Counts = Vec<(&'static str, u64)>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_job_notes_by_a_clock_that_is_ahead_counts_later() {
        for (jump, counts) in [(0, 4), (3, 4), (4, 5), (30, 31)] {
            assert_eq!(ahead(DAY * jump), DAY * counts);
        }
        assert_eq!(ahead(Duration::MAX), Duration::MAX);
    }
}
