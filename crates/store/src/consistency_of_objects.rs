//! Looks whether rows and bucket say the same, shelf by shelf. What no row knows is noted as a row first and goes a day later:
//! nothing is taken away on the first look.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::bucket::{Bucket, shelves};
use crate::consistency::Problem;
use crate::error::StoreError;
use crate::object_rows;
use crate::statement::sql;
use crate::store::Store;

/// How long an object without a row, or one that somebody announced and did not keep, is left alone.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// Every object that a row keeps is there, of the right size. Returns how many are there that no row knew.
    pub(crate) async fn check_objects(
        &self,
        now: Timestamp,
        problems: &mut Vec<Problem>,
    ) -> Result<u64, StoreError> {
        let Some(bucket) = self.bucket() else { return Ok(0) };
        self.change(object_rows::age(now, now.minus(GRACE)).into()).await?;
        let mut unknown = 0_u64;
        for shelf in shelves() {
            unknown = unknown.saturating_add(self.check_shelf(bucket, &shelf, now, problems).await?);
        }
        Ok(unknown)
    }

    async fn check_shelf(
        &self,
        bucket: &Arc<Bucket>,
        shelf: &str,
        now: Timestamp,
        problems: &mut Vec<Problem>,
    ) -> Result<u64, StoreError> {
        // First the objects: what comes is announced before it is there, and what goes is there no more before its row goes.
        let mut there: HashMap<String, u64> =
            bucket.on_shelf(shelf).await?.into_iter().map(|one| (one.id, one.size)).collect();
        let rows = self
            .read_rows(sql!(
                "SELECT o.body, b.size FROM objects o LEFT JOIN bodies b ON b.id = o.body
                 WHERE substr(o.body, length(o.body) - 1) = ?1 AND (o.state <> 'kept' OR b.id IS NOT NULL)",
                shelf
            ))
            .await?;
        for mut row in rows {
            let (id, size) = (row.text()?, row.opt_int()?.and_then(|size| u64::try_from(size).ok()));
            let listed = there.remove(&id);
            let Some(size) = size.filter(|size| listed != Some(*size)) else { continue };
            // Put after the list was made, or gone together with its row meanwhile: both are in order.
            if bucket.size(&id).await? != Some(size) && self.keeps(&id).await? {
                problems.push(Problem::BodyFileMissing(id));
            }
        }
        let mut found = Vec::new();
        for id in there.into_keys() {
            if bucket.size(&id).await?.is_some() {
                found.push(object_rows::found(&id, now));
            }
        }
        let unknown = u64::try_from(found.len()).unwrap_or(u64::MAX);
        if !found.is_empty() {
            self.change(found).await?;
        }
        Ok(unknown)
    }

    async fn keeps(&self, id: &str) -> Result<bool, StoreError> {
        let question = sql!(
            "SELECT 1 FROM objects o JOIN bodies b ON b.id = o.body WHERE o.body = ?1 AND o.state = 'kept'",
            id
        );
        Ok(self.read_one(question).await?.is_some())
    }
}
