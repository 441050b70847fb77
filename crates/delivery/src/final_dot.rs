//! Whether the final dot of an attempt's letter may have left. Until then the attempt may be dropped and nothing was sent
//! (RFC 5321 §4.1.1.4); from then on the server may have the letter, and only its answer says so. Knows no queue.

use std::sync::{Mutex, PoisonError};

use crate::wire::Wire;

/// Of one attempt, over however many connections.
#[derive(Default)]
pub(crate) struct FinalDot(Mutex<Option<Wire>>);

impl FinalDot {
    /// The letter begins to leave over this connection.
    pub(crate) fn is_ahead_on(&self, wire: &Wire) {
        wire.begins_letter();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(wire.clone());
    }

    /// What was sent came to nothing, and another server is asked.
    pub(crate) fn came_to_nothing(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether a server may have it.
    pub(crate) fn may_have_left(&self) -> bool {
        let wire = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wire.as_ref().is_some_and(Wire::may_have_ended_letter)
    }
}
