//! The store's front door: open, close. What may be asked of it stands in the file of each subject.

use std::path::PathBuf;

use crate::error::StoreError;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The store's own folder; created with mode 0700.
    pub folder: PathBuf,
    /// Sealed bodies up to this many bytes live in a row, larger ones in a file. 65,536 is good.
    pub inline_limit: usize,
    /// Reader threads; 2 is good.
    pub readers: usize,
}

impl StoreOptions {
    /// The usual settings.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), inline_limit: 65_536, readers: 2 }
    }
}

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many to leave out at the start.
    pub offset: u32,
    /// How many to return at most.
    pub limit: u32,
}

/// The store. Cheap to clone; all clones are the same store.
#[derive(Clone, Debug)]
pub struct Store {}

impl Store {
    /// Opens (creates, migrates) the store and removes what a crash left of unfinished bodies.
    /// Blocks while it does.
    pub fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let _ = options;
        Err(StoreError::Closed)
    }

    /// Ends the store: what is queued is still written and answered, then the files are closed.
    /// Everything asked afterwards, through any clone, is answered with [`StoreError::Closed`].
    pub async fn close(&self) {}
}
