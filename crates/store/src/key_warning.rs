//! Records that the operator was warned of a key's expiry: once per step, with the mail that says so. What a
//! key is, and which steps there are, is not known here.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Refusal, Row, sql};
use crate::store::Store;

/// The last warning about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyWarning {
    /// The key's row.
    pub key_id: String,
    /// When the key expires.
    pub ends_at: Timestamp,
    /// The step: this many days before expiry, or fewer.
    pub days: u32,
    /// When the warning was sent.
    pub at: Timestamp,
}

impl KeyWarning {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(
            sql!(
                "INSERT INTO key_warnings (key_id, ends_at, days, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key_id) DO UPDATE
                     SET ends_at = excluded.ends_at, days = excluded.days, at = excluded.at
                     WHERE key_warnings.ends_at <> excluded.ends_at
                        OR key_warnings.days > excluded.days OR key_warnings.days < 0",
                self.key_id,
                self.ends_at,
                self.days,
                self.at
            )
            .or_refuse(Refusal::Duplicate),
        );
    }
}

impl Store {
    /// All warnings sent.
    pub async fn key_warnings(&self) -> Result<Vec<KeyWarning>, StoreError> {
        let rows = self
            .read_rows(sql!("SELECT key_id, ends_at, days, at FROM key_warnings ORDER BY key_id"))
            .await?;
        let warning = |mut row: Row| {
            let (key_id, ends_at) = (row.text()?, row.time()?);
            let days = u32::try_from(row.int()?)
                .map_err(|_too_large| StoreError::Damaged { what: "the days of a key's warning" })?;
            Ok::<_, StoreError>(KeyWarning { key_id, ends_at, days, at: row.time()? })
        };
        // One that cannot be read is none: the operator is told once more.
        Ok(rows.into_iter().filter_map(|row| warning(row).ok()).collect())
    }
}
