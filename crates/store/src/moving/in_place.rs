//! Moves large bodies between folder and bucket while their rows stay. One after the other; each is compared before its
//! row records the new location, so an interrupted move continues with the next. Opens nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::bodies::same;
use super::{MoveStep, Moved};
use crate::body::Body;
use crate::bucket::Bucket;
use crate::error::StoreError;
use crate::object_rows;
use crate::statement::{Outcome, sql};
use crate::store::Store;

/// Bytes read and written at a time.
const PIECE: u64 = 1024 * 1024;

/// Interval of checking that the bucket is tidy.
const OFTEN: Duration = Duration::from_millis(200);

impl Store {
    /// Turns every large body stored as a file into an object. The store must be open with the bucket, and by no other
    /// process.
    pub async fn move_into_bucket(
        &self,
        told: &mut (dyn FnMut(MoveStep) + Send),
    ) -> Result<Moved, StoreError> {
        let bucket = self.bucket().ok_or(StoreError::NoBucket)?;
        self.tidy_bucket().await?;
        let (mut moved, mut after) = (Moved::default(), String::new());
        loop {
            let question = sql!(
                "SELECT id FROM bodies WHERE place = 'file' AND id > ?1 AND NOT EXISTS
                     (SELECT 1 FROM objects WHERE body = bodies.id AND state = 'kept') ORDER BY id LIMIT 64",
                after.as_str()
            );
            let rows = self.read_rows(question).await?;
            if rows.is_empty() {
                return Ok(moved);
            }
            for mut row in rows {
                let id = row.text()?;
                let file = self.body(&id).await?.ok_or(StoreError::Damaged { what: "a body that stays" })?;
                self.change(vec![object_rows::announce(&id, "")]).await?;
                let mut spool = bucket.begin(&id).await?;
                let mut at = 0;
                while at < file.len() {
                    let piece = piece_of(&file, at).await?;
                    at += PIECE;
                    spool.push(&piece).await?;
                }
                bucket.put(&id, spool).await?;
                if !same(&file, &Body::in_bucket(&id, file.len(), Arc::clone(bucket))).await? {
                    return Err(StoreError::Damaged { what: "an object that is what was put there" });
                }
                let Outcome::Kept(_) = self.write(vec![object_rows::keep(&id)]).await? else {
                    return Err(StoreError::BrokenBody);
                };
                self.files().remove_later(id.clone());
                count(&mut moved, &file, told);
                after = id;
            }
        }
    }

    /// Turns every object into a file in this store's folder. The store must be open with the bucket, and by no other
    /// process.
    pub async fn move_out_of_bucket(
        &self,
        told: &mut (dyn FnMut(MoveStep) + Send),
    ) -> Result<Moved, StoreError> {
        let bucket: &Arc<Bucket> = self.bucket().ok_or(StoreError::NoBucket)?;
        let (mut moved, mut after) = (Moved::default(), String::new());
        loop {
            let question = sql!(
                "SELECT o.body, b.size FROM objects o JOIN bodies b ON b.id = o.body
                 WHERE o.state = 'kept' AND o.body > ?1 ORDER BY o.body LIMIT 64",
                after.as_str()
            );
            let rows = self.read_rows(question).await?;
            if rows.is_empty() {
                self.tidy_bucket().await?;
                return Ok(moved);
            }
            for mut row in rows {
                let (id, size) = (row.text()?, row.count()?);
                let object = Body::in_bucket(&id, size, Arc::clone(bucket));
                let mut upload = self.files().begin(&id).await?;
                let mut at = 0;
                while at < size {
                    upload.put_part(piece_of(&object, at).await?.into()).await?;
                    at += PIECE;
                }
                self.files().complete(&id, &mut upload).await?;
                if !same(&object, &Body::in_file(&id, size, Arc::clone(self.files()))).await? {
                    return Err(StoreError::Damaged { what: "a file that is what was written" });
                }
                self.change(vec![object_rows::let_go(&id)]).await?;
                count(&mut moved, &object, told);
                after = id;
            }
        }
    }

    /// Waits until no object is being written or removed: what an earlier run left behind is removed first.
    async fn tidy_bucket(&self) -> Result<(), StoreError> {
        while self.read_one(object_rows::moving()).await?.is_some() {
            tokio::time::sleep(OFTEN).await;
        }
        Ok(())
    }
}

async fn piece_of(body: &Body, at: u64) -> Result<Bytes, StoreError> {
    body.read(at..at.saturating_add(PIECE)).await
}

fn count(moved: &mut Moved, body: &Body, told: &mut (dyn FnMut(MoveStep) + Send)) {
    moved.bodies += 1;
    moved.octets = moved.octets.saturating_add(body.len());
    if moved.bodies.is_multiple_of(64) {
        told(MoveStep::Bodies(moved.bodies));
    }
}
