//! Sealed bodies: written in pieces, read in ranges, in a row or a file. Never opened here.

use std::ops::Range;

use bytes::Bytes;

use crate::error::StoreError;
use crate::store::Store;

/// Takes a sealed body in pieces. Holds at most one part (128 KiB) in memory. Dropping it unfinished
/// removes what was written.
#[derive(Debug)]
pub struct BodyWriter {}

impl BodyWriter {
    /// Appends a piece.
    pub async fn push(&mut self, sealed: &[u8]) -> Result<(), StoreError> {
        let _ = sealed;
        Err(StoreError::Closed)
    }

    /// Ends the body. A large one is on disk (fsynced) afterwards; a small one is kept in memory and goes
    /// to disk with the rows that refer to it.
    pub async fn finish(self) -> Result<StoredBody, StoreError> {
        Err(StoreError::Closed)
    }
}

/// A finished body that no committed row refers to yet. When the last clone is dropped uncommitted, its
/// file goes. Keep a clone to try again after [`crate::Committed::MailboxTaken`].
#[derive(Clone, Debug)]
pub struct StoredBody {}

impl StoredBody {
    /// The body's id, for `body_id` in legs and deposits.
    #[must_use]
    pub fn id(&self) -> &str {
        ""
    }

    /// Sealed size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        0
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A stored body, to be read in ranges.
#[derive(Clone, Debug)]
pub struct Body {}

impl Body {
    /// Sealed size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        0
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sealed bytes `range`, cut at the end of the body.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let _ = range;
        Err(StoreError::Closed)
    }

    /// The whole, if it lives in a row and therefore is in memory already.
    #[must_use]
    pub fn inline(&self) -> Option<&[u8]> {
        None
    }
}

impl Store {
    /// Begins a body under a fresh id of the caller's (`Random::id`).
    #[must_use]
    pub fn body_writer(&self, body_id: String) -> BodyWriter {
        let _ = body_id;
        BodyWriter {}
    }

    /// A committed body.
    pub async fn body(&self, body_id: &str) -> Result<Option<Body>, StoreError> {
        let _ = body_id;
        Err(StoreError::Closed)
    }
}
