//! The time that the jobs last trusted, in one row. Whether a clock can be trusted is decided elsewhere.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::sql;
use crate::store::Store;

impl Store {
    /// When jobs last ran by a trusted clock. `None`: never.
    pub async fn believed_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = self.read_one(sql!("SELECT at FROM believed_time WHERE one = 1")).await?;
        row.map(|mut row| row.time()).transpose()
    }

    /// Records that jobs run by a trusted clock. An earlier time changes nothing: a time once trusted stays
    /// trusted.
    pub async fn believe_time(&self, now: Timestamp) -> Result<(), StoreError> {
        let believed = sql!(
            "INSERT INTO believed_time (one, at) VALUES (1, ?1)
             ON CONFLICT (one) DO UPDATE SET at = excluded.at WHERE believed_time.at < excluded.at",
            now
        );
        self.change(vec![believed]).await.map(drop)
    }

    /// Sets the time on an operator's word, whatever was trusted before.
    pub async fn set_believed_time(&self, now: Timestamp) -> Result<(), StoreError> {
        let believed = sql!(
            "INSERT INTO believed_time (one, at) VALUES (1, ?1)
             ON CONFLICT (one) DO UPDATE SET at = excluded.at",
            now
        );
        self.change(vec![believed]).await.map(drop)
    }
}
