//! What the writer is asked to do. Does nothing.

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::super::Promise;
use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Statement};

/// Work for the writer.
#[derive(Debug)]
pub(crate) enum WriteJob {
    /// Somebody waits for this.
    Batch {
        batch: Box<Batch>,
        promise: Promise,
        reply: oneshot::Sender<Result<Outcome, StoreError>>,
        /// The place in the queue.
        permit: OwnedSemaphorePermit,
    },
    /// Nobody waits for this.
    Unhurried(Statement),
    /// Something was deleted a while ago: its old pages must go out of the log.
    EmptyLog,
}

impl WriteJob {
    pub(super) fn is_durable(&self) -> bool {
        match self {
            Self::Batch { promise, .. } => *promise == Promise::Durable,
            Self::Unhurried(_) | Self::EmptyLog => false,
        }
    }
}
