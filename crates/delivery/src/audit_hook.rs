//! The interface for audit rows about the result of a leg. The application knows events; delivery only adds
//! their rows to the transaction that ends the leg.

use sealpost_mail::Timestamp;
use sealpost_store::LegNotes;

use crate::final_reply::FinalReply;
use crate::ticket::Ticket;

/// The result of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The next server has accepted it.
    Delivered,
    /// It was given up.
    Failed,
}

/// A leg that ends.
#[derive(Debug)]
pub struct Ended<'a> {
    /// How the leg ended.
    pub ending: Ending,
    /// The ticket of the leg.
    pub ticket: &'a Ticket,
    /// The server's reply.
    pub reply: FinalReply,
    /// When the leg ended.
    pub at: Timestamp,
}

/// Writes rows for the audit trail and for webhooks.
pub trait Witness: Send + Sync {
    /// The rows about it; empty for most mail.
    fn notes(&self, ended: &Ended<'_>) -> LegNotes;
}
