//! Who notes in the audit trail what became of a leg. The roof knows events; delivery knows only that their rows go into
//! the transaction that ends the leg.

use sealpost_mail::{EnhancedCode, Timestamp};
use sealpost_store::LegNotes;

use crate::outcome::{Outcome, Reason, Whose};
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
    /// How.
    pub ending: Ending,
    /// What was to be delivered.
    pub ticket: &'a Ticket,
    /// The server's code, if it gave one.
    pub code: Option<u16>,
    /// Its enhanced code, or ours.
    pub enhanced: Option<EnhancedCode>,
    /// When.
    pub at: Timestamp,
}

/// Makes rows for the audit trail and for webhooks.
pub trait Witness: Send + Sync {
    /// What they say of it; nothing for most mail.
    fn notes(&self, ended: &Ended<'_>) -> LegNotes;
}

/// The codes of an attempt, as far as a server gave them.
pub(crate) fn codes(outcome: &Outcome) -> (Option<u16>, Option<EnhancedCode>) {
    let refused = |reason: &Reason| match reason.whose {
        Whose::Server(_) => (Some(reason.code), Some(reason.enhanced)),
        Whose::Ours => (None, Some(reason.enhanced)),
    };
    match outcome {
        Outcome::Delivered { reply, .. } => (Some(reply.code), reply.enhanced),
        Outcome::Later(reason) | Outcome::Never(reason) | Outcome::Loop(reason) => refused(reason),
    }
}
