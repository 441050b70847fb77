//! Compares rows and bucket, shelf by shelf. An object that no row knows is first noted as a row and removed a day later: nothing
//! is removed at first sight.

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

/// How long an object without a row, or one that was announced but not kept, is left alone.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// Every object recorded in a row exists with the right size. Returns how many objects exist that no row knew.
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
        // Objects before rows: a new object is announced before it exists, and an old one is removed before its row.
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
            // Written after the listing, or removed together with its row meanwhile: both are in order.
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
