//! The one transaction of an arrival: all of its rows or none. Knows no rules and no SMTP.

use sealpost_mail::Timestamp;

use crate::audit::AuditRow;
use crate::body::StoredBody;
use crate::deposit::NewDeposit;
use crate::error::StoreError;
use crate::leg::NewLeg;
use crate::mailbox::NewMailbox;
use crate::notice::NewNotice;
use crate::store::Store;

/// Everything one accepted letter leaves in the store.
#[derive(Clone, Debug)]
pub struct ArrivalRows {
    /// Keyed hash over envelope and letter: recognises the same transmission sent again because our `250`
    /// was lost (RFC 1047). `None` for letters that no SMTP client waits for.
    pub fingerprint: Option<[u8; 32]>,
    /// When.
    pub now: Timestamp,
    /// The sealed rest of the letter.
    pub body: Option<StoredBody>,
    /// Mailboxes made for it. Their deposits may stand in the same rows.
    pub mailboxes: Vec<NewMailbox>,
    /// Copies in mailboxes.
    pub deposits: Vec<NewDeposit>,
    /// Copies on their way out, notices too.
    pub legs: Vec<NewLeg>,
    /// Bodies of the notices.
    pub more_bodies: Vec<StoredBody>,
    /// What a bounce of a notice leads back to.
    pub notices: Vec<NewNotice>,
    /// What the audit trail shall say.
    pub audit: Vec<AuditRow>,
}

impl ArrivalRows {
    /// No rows yet.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            fingerprint: None,
            now,
            body: None,
            mailboxes: Vec::new(),
            deposits: Vec::new(),
            legs: Vec::new(),
            more_bodies: Vec::new(),
            notices: Vec::new(),
            audit: Vec::new(),
        }
    }
}

/// Proof that rows and bodies are on disk. Only the store makes it; a `250` needs it.
#[derive(Debug)]
pub struct Durable(());

/// How the transaction of an arrival ended. Nothing but `New` has stored anything.
#[derive(Debug)]
#[must_use]
pub enum Committed {
    /// Stored and synced.
    New(Durable),
    /// The same transmission is stored and synced already, and its client has not been seen to know:
    /// answer `250` again, store nothing.
    Duplicate,
    /// A mailbox has meanwhile been made for the same address, or one deposited into is gone: load the
    /// mailboxes again, build the rows again.
    MailboxTaken,
}

impl Store {
    /// Stores an arrival. Returns after the commit is on disk. A caller that stops waiting does not stop
    /// the commit; the fingerprint then makes the client's next try a [`Committed::Duplicate`].
    pub async fn commit_arrival(&self, rows: ArrivalRows) -> Result<Committed, StoreError> {
        let _ = rows;
        Err(StoreError::Closed)
    }
}
