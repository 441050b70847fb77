//! Why the product does not start, or stops.

use sealpost_jobs::JobError;
use thiserror::Error;

/// Errors of starting and running.
#[derive(Debug, Error)]
pub(crate) enum RunError {
    #[error("{0}")]
    Store(#[from] sealpost_store::StoreError),
    #[error("{0}")]
    Intake(#[from] sealpost_intake::IntakeError),
    #[error("{0}")]
    Delivery(#[from] sealpost_delivery::DeliveryError),
    #[error("{0}")]
    Portal(#[from] sealpost_portal::PortalError),
    #[error("{0}")]
    Jobs(#[from] JobError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error(
        "a write could not be made certain: nothing more is promised before a restart has looked at the disk"
    )]
    Halted,
    #[error("other nodes have taken over from this one, which was silent for too long: it has to begin anew")]
    Replaced,
    #[error(
        "this store stands under another key than the one of this process ({0:#04x}): after `sealpost key rotate` each \
         service needs its new key file; `sealpost key status` says more"
    )]
    OtherKey(u8),
    #[error("a part ended unexpectedly: {0}")]
    Part(#[from] tokio::task::JoinError),
}
