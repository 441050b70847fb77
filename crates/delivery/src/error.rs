//! Why delivery cannot start or continue. Failures of single letters are in `outcome.rs`.

use sealpost_store::StoreError;
use thiserror::Error;

/// Why delivery cannot start or continue.
#[derive(Debug, Error)]
pub enum DeliveryError {
    /// The configuration refers to something that does not exist.
    #[error("{0}")]
    Config(String),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
}
