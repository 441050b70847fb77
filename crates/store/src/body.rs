//! Sealed bodies: written in pieces, read in ranges, in a row or a file. Never opened here.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use object_store::MultipartUpload;

use crate::disk_reservation::Aside;
use crate::error::StoreError;
use crate::files::{Files, is_id};
use crate::statement::{Batch, Lock, Settle, Value, sql};
use crate::store::Store;

/// What a writer holds in memory before it goes to the file.
const PART: usize = 64 * 1024;

/// Takes a sealed body in pieces. Holds at most two parts (128 KiB) in memory. Dropping it unfinished
/// removes what was written.
pub struct BodyWriter {
    id: String,
    files: Arc<Files>,
    inline_limit: usize,
    buffer: BytesMut,
    len: u64,
    /// Removes its unfinished file when dropped.
    upload: Option<Box<dyn MultipartUpload>>,
    /// Room on the disk, where what comes must leave some.
    aside: Option<Aside>,
    /// A piece was lost (an error, or a push that nobody waited for): the body can never be finished.
    broken: bool,
}

impl BodyWriter {
    /// Writes within room that is set aside, and into no other.
    #[must_use]
    pub fn within(mut self, aside: Aside) -> Self {
        self.aside = Some(aside);
        self
    }

    /// Appends a piece.
    pub async fn push(&mut self, sealed: &[u8]) -> Result<(), StoreError> {
        if self.broken {
            return Err(StoreError::BrokenBody);
        }
        if !is_id(&self.id) {
            return Err(StoreError::BadId);
        }
        self.broken = true;
        for piece in sealed.chunks(PART) {
            let octets = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            if let Some(aside) = &mut self.aside {
                aside.before_write(octets)?;
            }
            self.buffer.extend_from_slice(piece);
            self.len = self.len.saturating_add(octets);
            if self.upload.is_none() && self.buffer.len() > self.inline_limit {
                self.upload = Some(self.files.begin(&self.id).await?);
            }
            if let Some(upload) = &mut self.upload {
                while self.buffer.len() >= PART {
                    upload.put_part(self.buffer.split_to(PART).freeze().into()).await?;
                    wrote(&mut self.aside, PART);
                }
            }
        }
        self.broken = false;
        Ok(())
    }

    /// Ends the body. A large one is on disk (fsynced) afterwards; a small one is kept in memory and goes
    /// to disk with the rows that refer to it.
    pub async fn finish(self) -> Result<StoredBody, StoreError> {
        let Self { id, files, buffer, len, upload, mut aside, broken, .. } = self;
        if broken {
            return Err(StoreError::BrokenBody);
        }
        if !is_id(&id) {
            return Err(StoreError::BadId);
        }
        let rest = buffer.freeze();
        let Some(mut upload) = upload else {
            return Ok(StoredBody(Arc::new(Kept {
                id,
                len,
                place: BodyLocation::Row(rest),
                settled: true.into(),
                _aside: aside,
            })));
        };
        files.set_moving(&id);
        // In a task of its own: a caller that stops waiting must not leave a file that nobody removes.
        let completing = tokio::spawn(async move {
            let place = BodyLocation::File(Arc::clone(&files));
            let stored = StoredBody(Arc::new(Kept { id, len, place, settled: false.into(), _aside: None }));
            let last = rest.len();
            if !rest.is_empty() {
                upload.put_part(rest.into()).await?;
            }
            wrote(&mut aside, last);
            files.complete(stored.id(), &mut upload).await?;
            Ok(stored)
        });
        completing.await.map_err(|_stopped| StoreError::Closed)?
    }
}

fn wrote(aside: &mut Option<Aside>, octets: usize) {
    if let Some(aside) = aside {
        aside.wrote(u64::try_from(octets).unwrap_or(u64::MAX));
    }
}

impl fmt::Debug for BodyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyWriter").field("id", &self.id).field("len", &self.len).finish_non_exhaustive()
    }
}

/// Where the sealed bytes are.
#[derive(Clone)]
enum BodyLocation {
    Row(Bytes),
    File(Arc<Files>),
}

/// A finished body that no committed row refers to yet. When the last clone is dropped uncommitted, its
/// file goes. Keep a clone to try again after [`crate::Committed::MailboxTaken`].
#[derive(Clone)]
pub struct StoredBody(Arc<Kept>);

struct Kept {
    id: String,
    len: u64,
    place: BodyLocation,
    /// Its fate is no longer ours: a row has it.
    settled: AtomicBool,
    /// For a row that is not written yet.
    _aside: Option<Aside>,
}

impl StoredBody {
    /// The body's id, for `body_id` in legs and deposits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Sealed size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same body, to be read before any row refers to it.
    #[must_use]
    pub fn body(&self) -> Body {
        Body { id: self.0.id.clone(), len: self.0.len, place: self.0.place.clone() }
    }

    /// The bytes, if they belong in the row.
    pub(crate) fn row_bytes(&self) -> Option<Bytes> {
        match &self.0.place {
            BodyLocation::Row(bytes) => Some(bytes.clone()),
            BodyLocation::File(_) => None,
        }
    }
}

impl Settle for Kept {
    fn settle(&self) {
        self.settled.store(true, Ordering::SeqCst);
        if let BodyLocation::File(files) = &self.place {
            files.set_settled(&self.id);
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("id", &self.id).field("len", &self.len).finish_non_exhaustive()
    }
}

impl Batch {
    /// A body's row; its bytes too, if they are few.
    pub(crate) fn add_body(&mut self, body: StoredBody) {
        let (place, bytes) = match body.row_bytes() {
            Some(bytes) => ("row", Value::Blob(bytes)),
            None => ("file", Value::Null),
        };
        self.add(sql!(
            "INSERT INTO bodies (id, size, place, bytes) VALUES (?1, ?2, ?3, ?4)",
            body.id(),
            i64::try_from(body.len()).unwrap_or(i64::MAX),
            place,
            bytes,
        ));
        self.settles.push(body.0);
    }

    /// The body goes, if nothing refers to it any more. To stand after what removed a reference.
    pub(crate) fn release_body(&mut self, body_id: &str) {
        self.hold(Lock::Body(body_id.to_owned()));
        self.add(
            sql!(
                "DELETE FROM bodies WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM legs WHERE body_id = ?1)
                 AND NOT EXISTS (SELECT 1 FROM deposits WHERE body_id = ?1)
                 AND NOT EXISTS (SELECT 1 FROM draft_files WHERE body_id = ?1)
                 AND NOT EXISTS (SELECT 1 FROM upload_pieces WHERE body_id = ?1)
                 AND NOT EXISTS (SELECT 1 FROM originals WHERE body_id = ?1)
                 RETURNING id, place",
                body_id
            )
            .frees_bodies(),
        );
    }
}

impl fmt::Debug for StoredBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredBody").field("id", &self.0.id).field("len", &self.0.len).finish_non_exhaustive()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let (BodyLocation::File(files), false) = (&self.place, self.settled.load(Ordering::SeqCst)) {
            files.remove_later(std::mem::take(&mut self.id));
        }
    }
}

/// A stored body, to be read in ranges.
#[derive(Clone)]
pub struct Body {
    id: String,
    len: u64,
    place: BodyLocation,
}

impl Body {
    /// Sealed size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The sealed bytes `range`, cut at the end of the body.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let end = range.end.min(self.len);
        if range.start > end {
            return Err(StoreError::OutOfRange);
        }
        if range.start == end {
            return Ok(Bytes::new());
        }
        match &self.place {
            BodyLocation::Row(bytes) => {
                let index = |at: u64| usize::try_from(at).map_err(|_size| StoreError::OutOfRange);
                let (start, end) = (index(range.start)?, index(end)?);
                // slice() would panic, were the row shorter than it says.
                if end > bytes.len() {
                    return Err(StoreError::Damaged { what: "a body as long as its row says" });
                }
                Ok(bytes.slice(start..end))
            }
            BodyLocation::File(files) => {
                let bytes = match files.read(&self.id, range.start..end).await {
                    Ok(bytes) => bytes,
                    // Gone or cut short is damage; anything else may pass.
                    Err(_) if files.size(&self.id).is_none_or(|size| size < self.len) => {
                        return Err(StoreError::Damaged { what: "a body as long as its row says" });
                    }
                    Err(error) => return Err(error),
                };
                if u64::try_from(bytes.len()).ok() != end.checked_sub(range.start) {
                    return Err(StoreError::Damaged { what: "a body as long as its row says" });
                }
                Ok(bytes)
            }
        }
    }

    /// The whole, if it lives in a row and therefore is in memory already.
    #[must_use]
    pub fn inline(&self) -> Option<&[u8]> {
        match &self.place {
            BodyLocation::Row(bytes) => Some(bytes),
            BodyLocation::File(_) => None,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("id", &self.id).field("len", &self.len).finish_non_exhaustive()
    }
}

impl Store {
    /// Begins a body under a fresh id of the caller's (`Random::id`).
    #[must_use]
    pub fn body_writer(&self, body_id: String) -> BodyWriter {
        BodyWriter {
            id: body_id,
            files: Arc::clone(self.files()),
            inline_limit: self.inline_limit(),
            buffer: BytesMut::new(),
            len: 0,
            upload: None,
            aside: None,
            broken: false,
        }
    }

    /// A committed body.
    pub async fn body(&self, body_id: &str) -> Result<Option<Body>, StoreError> {
        let question = sql!("SELECT id, size, place, bytes FROM bodies WHERE id = ?1", body_id);
        let Some(mut row) = self.read_one(question).await? else { return Ok(None) };
        let (id, len) = (row.text()?, row.count()?);
        let place = match row.text()?.as_str() {
            "row" => BodyLocation::Row(row.bytes()?),
            "file" => BodyLocation::File(Arc::clone(self.files())),
            _ => return Err(StoreError::Damaged { what: "a place of a body" }),
        };
        Ok(Some(Body { id, len, place }))
    }
}
