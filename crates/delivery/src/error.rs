//! Why delivery cannot start or go on. What went wrong with one letter is in `outcome.rs`.

use sealpost_store::StoreError;
use thiserror::Error;

/// Why delivery cannot start or go on.
#[derive(Debug, Error)]
pub enum DeliveryError {
    /// The configuration names something that is not there.
    #[error("{0}")]
    Config(String),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
}
