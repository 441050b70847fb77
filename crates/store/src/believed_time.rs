//! What the jobs last believed the time to be: one row. Whether a clock is believed is not decided here.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::sql;
use crate::store::Store;

impl Store {
    /// When jobs last ran by a clock that was believed. `None`: they never have.
    pub async fn believed_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = self.read_one(sql!("SELECT at FROM believed_time WHERE one = 1")).await?;
        row.map(|mut row| row.time()).transpose()
    }

    /// Jobs run by a clock that is believed. An earlier time changes nothing: what once was believed is believed again.
    pub async fn believe_time(&self, now: Timestamp) -> Result<(), StoreError> {
        let believed = sql!(
            "INSERT INTO believed_time (one, at) VALUES (1, ?1)
             ON CONFLICT (one) DO UPDATE SET at = excluded.at WHERE believed_time.at < excluded.at",
            now
        );
        self.change(vec![believed]).await.map(drop)
    }

    /// An operator says that it is `now`, whatever was believed before.
    pub async fn set_believed_time(&self, now: Timestamp) -> Result<(), StoreError> {
        let believed = sql!(
            "INSERT INTO believed_time (one, at) VALUES (1, ?1)
             ON CONFLICT (one) DO UPDATE SET at = excluded.at",
            now
        );
        self.change(vec![believed]).await.map(drop)
    }
}
