//! Who notes in the audit trail what became of a leg. The roof knows events; delivery knows only that their rows go into
//! the transaction that ends the leg.

use sealpost_mail::Timestamp;
use sealpost_store::LegNotes;

use crate::final_reply::FinalReply;
use crate::ticket::Ticket;

/// What became of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The next server has taken it.
    Delivered,
    /// It was given up.
    Failed,
}

/// A leg that ends.
#[derive(Debug)]
pub struct Ended<'a> {
    /// How the leg ended.
    pub ending: Ending,
    /// What was to be delivered.
    pub ticket: &'a Ticket,
    /// What the server said.
    pub reply: FinalReply,
    /// When the leg ended.
    pub at: Timestamp,
}

/// Makes rows for the audit trail and for webhooks.
pub trait Witness: Send + Sync {
    /// What they say of it; nothing for most mail.
    fn notes(&self, ended: &Ended<'_>) -> LegNotes;
}
