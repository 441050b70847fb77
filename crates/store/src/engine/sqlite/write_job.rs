//! Jobs for the writer, as data.

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::super::Promise;
use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Statement};

/// Work for the writer.
#[derive(Debug)]
pub(crate) enum WriteJob {
    /// A batch with a waiting caller.
    Batch {
        batch: Box<Batch>,
        promise: Promise,
        reply: oneshot::Sender<Result<Outcome, StoreError>>,
        /// Admission to the queue.
        permit: OwnedSemaphorePermit,
    },
    /// A statement without a waiting caller.
    Unhurried(Statement),
    /// Something was deleted a while ago: its old pages must be removed from the log.
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
