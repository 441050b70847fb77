//! A cache of our opened keys and other values derived from their rows: opening them costs more than many a letter. They are in
//! memory unsealed, so they are dropped when no letter has needed them for a while. Knows no letter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sealpost_store::{OwnKeyRow, OwnKeyState};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use crate::error::PartnerError;
use crate::own_keys::{Own, OwnKeys};

/// Idle time after which they are dropped.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// Our keys in use, opened.
#[derive(Debug, Default)]
pub struct OpenedKeys(WhileUsed<Vec<Own>>);

impl OpenedKeys {
    /// The present keys: [`OwnKeys::all`] without retired ones, which sign nothing. Opened again only if a row has changed.
    pub async fn now(&self, keys: &OwnKeys<'_>) -> Result<Arc<Vec<Own>>, PartnerError> {
        let mut rows = keys.store.own_keys().await?;
        rows.retain(|row| match row.state {
            OwnKeyState::Current => true,
            OwnKeyState::Retired => false,
        });
        self.0.of(keys, rows, |keys, rows| keys.opened(rows)).await
    }
}

/// A value derived from rows, cached until they change or it has not been needed for a while.
#[derive(Debug)]
pub(crate) struct WhileUsed<T>(Arc<Mutex<Option<Made<T>>>>);

#[derive(Debug)]
struct Made<T> {
    rows: Vec<OwnKeyRow>,
    of_them: Arc<T>,
    used: Instant,
}

impl<T> Default for WhileUsed<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Send + Sync + 'static> WhileUsed<T> {
    /// The result of `make` for these rows.
    pub(crate) async fn of(
        &self,
        keys: &OwnKeys<'_>,
        rows: Vec<OwnKeyRow>,
        make: impl FnOnce(&OwnKeys<'_>, &[OwnKeyRow]) -> T + Send + 'static,
    ) -> Result<Arc<T>, PartnerError> {
        if let Some(made) = self.known(&rows) {
            return Ok(made);
        }
        let (store, row_key, keyring) = (keys.store.clone(), keys.rows.clone(), keys.keyring.clone());
        let making = spawn_blocking(move || {
            let keys = OwnKeys { store: &store, rows: &row_key, keyring: &keyring };
            let made = Arc::new(make(&keys, &rows));
            (rows, made)
        });
        let (rows, of_them) = making.await.map_err(|_panicked| PartnerError::NotOpened)?;
        let made = Made { rows, of_them: Arc::clone(&of_them), used: Instant::now() };
        let before = self.last().replace(made);
        if before.is_none() {
            tokio::spawn(gone_when_idle(Arc::downgrade(&self.0)));
        }
        Ok(of_them)
    }

    fn known(&self, rows: &[OwnKeyRow]) -> Option<Arc<T>> {
        let mut last = self.last();
        let made = last.as_mut().filter(|made| made.rows == rows)?;
        made.used = Instant::now();
        Some(Arc::clone(&made.of_them))
    }

    fn last(&self) -> MutexGuard<'_, Option<Made<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until no letter has arrived for a while.
async fn gone_when_idle<T>(made: Weak<Mutex<Option<Made<T>>>>) {
    let mut until = Instant::now() + IDLE;
    loop {
        sleep_until(until).await;
        let Some(made) = made.upgrade() else { return };
        let mut last = made.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref() {
            Some(made) if made.used + IDLE > Instant::now() => until = made.used + IDLE,
            Some(_) | None => {
                *last = None;
                return;
            }
        }
    }
}
