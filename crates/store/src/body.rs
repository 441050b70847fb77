//! Sealed bodies, in a row, a file or a bucket: written in pieces, read in ranges, and removed once no row refers to
//! them or is about to. Never opened here.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use object_store::MultipartUpload;

use crate::bucket::{Bucket, Spool};
use crate::disk_reservation::Aside;
use crate::error::StoreError;
use crate::files::{Files, is_id};
use crate::object_rows;
use crate::statement::{Batch, Lock, Row, Settle, Value, sql};
use crate::store::Store;

/// How much a writer buffers before writing to the file.
const PART: usize = 64 * 1024;

/// Writes a sealed body in pieces. Buffers at most two parts (128 KiB) in memory. Dropping it unfinished removes what
/// was written.
pub struct BodyWriter {
    id: String,
    store: Store,
    buffer: BytesMut,
    len: u64,
    /// The target once the body is large.
    large: Option<Large>,
    /// Reserved disk space, where the file system must keep a minimum free.
    aside: Option<Aside>,
    /// A piece was lost (an error, or a cancelled push): the body can never be finished.
    broken: bool,
}

/// A large body while it is written. Dropping it removes what was written.
enum Large {
    File(Box<dyn MultipartUpload>),
    Spool(Spool),
}

impl Large {
    async fn begin(store: &Store, id: &str) -> Result<Self, StoreError> {
        match store.bucket() {
            Some(bucket) => Ok(Self::Spool(bucket.begin(id).await?)),
            None => Ok(Self::File(store.files().begin(id).await?)),
        }
    }

    async fn push(&mut self, piece: Bytes) -> Result<(), StoreError> {
        match self {
            Self::File(upload) => Ok(upload.put_part(piece.into()).await?),
            Self::Spool(spool) => spool.push(&piece).await,
        }
    }
}

impl BodyWriter {
    /// Writes only within the reserved disk space.
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
            if self.large.is_none() && self.buffer.len() > self.store.inline_limit() {
                self.large = Some(Large::begin(&self.store, &self.id).await?);
            }
            if let Some(large) = &mut self.large {
                while self.buffer.len() >= PART {
                    large.push(self.buffer.split_to(PART).freeze()).await?;
                    wrote(&mut self.aside, PART);
                }
            }
        }
        self.broken = false;
        Ok(())
    }

    /// Finishes the body. A large one is then on disk (fsynced) or in the bucket; a small one stays in memory and is
    /// written with the rows that refer to it.
    pub async fn finish(self) -> Result<StoredBody, StoreError> {
        let Self { id, store, buffer, len, large, mut aside, broken } = self;
        if broken {
            return Err(StoreError::BrokenBody);
        }
        if !is_id(&id) {
            return Err(StoreError::BadId);
        }
        let rest = buffer.freeze();
        let Some(mut large) = large else {
            return Ok(StoredBody(Arc::new(BodyInStore {
                id,
                len,
                place: BodyLocation::Row(rest),
                settled: true.into(),
                _aside: aside,
            })));
        };
        if let Large::File(_) = large {
            store.files().set_moving(&id);
        }
        // In its own task: a caller that stops waiting must not leave a file that is never removed.
        let completing = tokio::spawn(async move {
            let last = rest.len();
            if !rest.is_empty() {
                large.push(rest).await?;
            }
            wrote(&mut aside, last);
            let unsettled = |place| {
                StoredBody(Arc::new(BodyInStore {
                    id: id.clone(),
                    len,
                    place,
                    settled: false.into(),
                    _aside: None,
                }))
            };
            match large {
                Large::File(mut upload) => {
                    let stored = unsettled(BodyLocation::File(Arc::clone(store.files())));
                    store.files().complete(stored.id(), &mut upload).await?;
                    Ok(stored)
                }
                Large::Spool(spool) => {
                    let bucket = store.bucket().ok_or(StoreError::NoBucket)?;
                    // Announced before the object exists: an object without a row would have no owner.
                    let life = store.incarnation().unwrap_or_default();
                    store.change(vec![object_rows::announce(&id, life)]).await?;
                    let stored = unsettled(BodyLocation::Object(Arc::clone(bucket)));
                    bucket.put(stored.id(), spool).await?;
                    Ok(stored)
                }
            }
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
    Object(Arc<Bucket>),
}

/// A finished body that no committed row refers to yet. When the last clone is dropped uncommitted, its file is
/// removed. Keep a clone to retry after [`crate::Committed::MailboxTaken`].
#[derive(Clone)]
pub struct StoredBody(Arc<BodyInStore>);

struct BodyInStore {
    id: String,
    len: u64,
    place: BodyLocation,
    /// A committed row refers to the body: it is no longer removed on drop.
    settled: AtomicBool,
    /// Held for a row that is not written yet.
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

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same body, readable before any row refers to it.
    #[must_use]
    pub fn body(&self) -> Body {
        Body { id: self.0.id.clone(), len: self.0.len, place: self.0.place.clone() }
    }

    /// The bytes, if the body is stored in the row.
    pub(crate) fn row_bytes(&self) -> Option<Bytes> {
        match &self.0.place {
            BodyLocation::Row(bytes) => Some(bytes.clone()),
            BodyLocation::File(_) | BodyLocation::Object(_) => None,
        }
    }
}

impl Settle for BodyInStore {
    fn settle(&self) {
        self.settled.store(true, Ordering::SeqCst);
        match &self.place {
            BodyLocation::File(files) => files.set_settled(&self.id),
            BodyLocation::Row(_) | BodyLocation::Object(_) => {}
        }
    }
}

impl fmt::Debug for BodyInStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyInStore").field("id", &self.id).field("len", &self.len).finish_non_exhaustive()
    }
}

impl Batch {
    /// Adds a body's row, with the bytes if it is small.
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
        if let BodyLocation::Object(_) = &body.0.place {
            self.add(object_rows::keep(body.id()));
        }
        self.settles.push(body.0);
    }

    /// Removes the body if nothing refers to it any more. Must follow the statement that removed a reference.
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
        self.release_object(body_id);
    }
}

impl fmt::Debug for StoredBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredBody").field("id", &self.0.id).field("len", &self.0.len).finish_non_exhaustive()
    }
}

impl Drop for BodyInStore {
    fn drop(&mut self) {
        if self.settled.load(Ordering::SeqCst) {
            return;
        }
        match &self.place {
            BodyLocation::File(files) => files.remove_later(std::mem::take(&mut self.id)),
            BodyLocation::Object(bucket) => bucket.abandon(std::mem::take(&mut self.id)),
            BodyLocation::Row(_) => {}
        }
    }
}

/// A stored body, readable in ranges.
#[derive(Clone)]
pub struct Body {
    id: String,
    len: u64,
    place: BodyLocation,
}

impl Body {
    /// A body known to be in the bucket, whatever its row says.
    pub(crate) fn in_bucket(id: &str, len: u64, bucket: Arc<Bucket>) -> Self {
        Self { id: id.to_owned(), len, place: BodyLocation::Object(bucket) }
    }

    /// A body known to be a file, whatever its row says.
    pub(crate) fn in_file(id: &str, len: u64, files: Arc<Files>) -> Self {
        Self { id: id.to_owned(), len, place: BodyLocation::File(files) }
    }

    /// Sealed size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The sealed bytes in `range`, cut off at the end of the body.
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
                // slice() would panic if the row were shorter than its recorded length.
                if end > bytes.len() {
                    return Err(StoreError::Damaged { what: "a body as long as its row says" });
                }
                Ok(bytes.slice(start..end))
            }
            BodyLocation::File(files) => {
                let bytes = match files.read(&self.id, range.start..end).await {
                    Ok(bytes) => bytes,
                    // Missing or truncated means damage; anything else may be transient.
                    Err(_) if files.size(&self.id).is_none_or(|size| size < self.len) => {
                        return Err(StoreError::Damaged { what: "a body as long as its row says" });
                    }
                    Err(error) => return Err(error),
                };
                as_long(bytes, range.start..end)
            }
            BodyLocation::Object(bucket) => {
                as_long(bucket.read(&self.id, range.start..end).await?, range.start..end)
            }
        }
    }

    /// The whole body if it is stored in a row and therefore already in memory.
    #[must_use]
    pub fn inline(&self) -> Option<&[u8]> {
        match &self.place {
            BodyLocation::Row(bytes) => Some(bytes),
            BodyLocation::File(_) | BodyLocation::Object(_) => None,
        }
    }
}

fn as_long(bytes: Bytes, range: Range<u64>) -> Result<Bytes, StoreError> {
    match u64::try_from(bytes.len()).ok() == range.end.checked_sub(range.start) {
        true => Ok(bytes),
        false => Err(StoreError::Damaged { what: "a body as long as its row says" }),
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("id", &self.id).field("len", &self.len).finish_non_exhaustive()
    }
}

macro_rules! select_body {
    () => {
        "SELECT id, size, CASE WHEN place = 'file'
                AND EXISTS (SELECT 1 FROM objects WHERE body = bodies.id AND state = 'kept')
             THEN 'object' ELSE place END, bytes FROM bodies"
    };
}
pub(crate) use select_body;

impl Store {
    /// Begins a body under a fresh id chosen by the caller (`Random::id`).
    #[must_use]
    pub fn body_writer(&self, body_id: String) -> BodyWriter {
        BodyWriter {
            id: body_id,
            store: self.clone(),
            buffer: BytesMut::new(),
            len: 0,
            large: None,
            aside: None,
            broken: false,
        }
    }

    /// A committed body.
    pub async fn body(&self, body_id: &str) -> Result<Option<Body>, StoreError> {
        let question = sql!(concat!(select_body!(), " WHERE id = ?1"), body_id);
        self.read_one(question).await?.map(|row| self.body_of(row)).transpose()
    }

    /// Builds a body from a row of [`select_body`].
    pub(crate) fn body_of(&self, mut row: Row) -> Result<Body, StoreError> {
        let (id, len) = (row.text()?, row.count()?);
        let damaged = || StoreError::Damaged { what: "a body as long as its row says" };
        let place = match row.text()?.as_str() {
            "row" => {
                let bytes = row.bytes()?;
                if u64::try_from(bytes.len()) != Ok(len) {
                    return Err(damaged());
                }
                BodyLocation::Row(bytes)
            }
            "file" => {
                // A missing file is found missing when it is read.
                if self.files().size(&id).is_some_and(|there| there < len) {
                    return Err(damaged());
                }
                BodyLocation::File(Arc::clone(self.files()))
            }
            "object" => BodyLocation::Object(Arc::clone(self.bucket().ok_or(StoreError::NoBucket)?)),
            _ => return Err(StoreError::Damaged { what: "a place of a body" }),
        };
        Ok(Body { id, len, place })
    }
}
