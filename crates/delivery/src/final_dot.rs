//! Whether the final dot of an attempt's letter may have been sent. Until then the attempt may be dropped and nothing
//! was sent (RFC 5321 §4.1.1.4); from then on the server may have the letter, and only its reply can tell. Knows no
//! queue.

use std::sync::{Mutex, PoisonError};

use crate::wire::Wire;

/// The state of one attempt, over all of its connections.
#[derive(Default)]
pub(crate) struct FinalDot(Mutex<Option<Wire>>);

impl FinalDot {
    /// The letter is about to be sent over this connection.
    pub(crate) fn is_ahead_on(&self, wire: &Wire) {
        wire.begins_letter();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(wire.clone());
    }

    /// The server has not accepted the letter, and another one is tried.
    pub(crate) fn came_to_nothing(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether a server may have the letter.
    pub(crate) fn may_have_left(&self) -> bool {
        let wire = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wire.as_ref().is_some_and(Wire::may_have_ended_letter)
    }
}
