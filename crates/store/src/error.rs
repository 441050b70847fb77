//! Errors of the store. Verdicts (taken, spent, lost) are not errors and have their own enums.

use std::io::ErrorKind;
use std::path::PathBuf;

use sealpost_mail::Fault;
use thiserror::Error;

/// The underlying error of an engine or a file system.
type Cause = dyn std::error::Error + Send + Sync;

/// The store failed. The text is for the log: it names files, never content.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The store was closed, or its writer is gone.
    #[error("the store is closed")]
    Closed,
    /// A write could not be made durable; nothing more is written until a restart has examined the disk.
    #[error("an earlier write could not be made certain; restart after checking the disk")]
    Halted,
    /// Another process runs a part of which there may be only one.
    #[error(
        "another process runs {part} on this store already; stop it first, or start this one without that role"
    )]
    NotAlone {
        /// The part.
        part: &'static str,
    },
    /// Others have taken over from this process: nothing it writes is kept any more.
    #[error("others have taken over from this process")]
    Replaced,
    /// Another process has the store open.
    #[error("another process has this store open: stop every service and command first")]
    InUse,
    /// A change of the server key has begun and is not finished.
    #[error(
        "the server key of this store is being changed: wait for `sealpost key rotate`, or begin it again to let it \
         finish"
    )]
    Rotating,
    /// A move has begun and is not finished.
    #[error(
        "this store is being moved: say `sealpost store move` again to finish it, or `sealpost store move --give-up` \
         where it is moved from"
    )]
    Moving,
    /// The store has been moved elsewhere.
    #[error("this store was moved away: name the other one in the configuration")]
    MovedAway,
    /// The engine refused a statement.
    #[error("the database refused: {0}")]
    Database(#[from] EngineError),
    /// The whole group of writes failed with one of them; nothing of it was kept.
    #[error("the write was not kept: {reason}")]
    NotKept {
        /// The engine's message.
        reason: String,
    },
    /// It is unknown whether a write was kept: the database disappeared during the commit, or no standby has
    /// it.
    #[error("it is not known whether the write was kept: {reason}")]
    Uncertain {
        /// The engine's message.
        reason: String,
    },
    /// The folder's rows are in another engine.
    #[error("{folder} holds rows of {holds}; the setting store.engine names another engine", folder = folder.display())]
    OtherEngine {
        /// The folder.
        folder: PathBuf,
        /// The engine that holds its rows.
        holds: &'static str,
    },
    /// Database and folder do not belong together.
    #[error(
        "the database's large letters are not in {folder}: it belongs to another folder, or this folder to another \
         database",
        folder = folder.display()
    )]
    OtherFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The server's settings make its promises worthless.
    #[error("this database server is not fit: {0}")]
    Unfit(#[source] Box<Cause>),
    /// A body's file could not be written or read.
    #[error("a body's file: {0}")]
    File(#[from] FileError),
    /// The bucket does not respond.
    #[error("the bucket of large letters does not answer")]
    BucketSilent,
    /// The bucket lists more objects than it can hold.
    #[error(
        "the bucket of large letters lists more objects than there can be letters: its server is not in order"
    )]
    BucketEndless,
    /// Letters are in a bucket, and none is configured.
    #[error("large letters are in a bucket, and store.bodies names none")]
    NoBucket,
    /// Rows and bucket do not belong together.
    #[error(
        "the bucket of large letters bears the mark of another store, or none although letters of this one are in a bucket"
    )]
    OtherBucket,
    /// A file or folder of the store could not be used.
    #[error("{path}: {source}", path = path.display())]
    Path {
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The folder was written by a newer Sealpost.
    #[error(
        "the store needs a program that knows schema {found}, this one knows up to {known}; run the newer program again"
    )]
    NewerSchema {
        /// Version in the folder.
        found: i64,
        /// Highest version in this program.
        known: i64,
    },
    /// The folder was written by an older Sealpost, and the caller may not migrate it.
    #[error("the store has an older schema than {known}: say `sealpost migrate` once, on any machine")]
    OlderSchema {
        /// Highest version in this program.
        known: i64,
    },
    /// A row does not hold what its column should.
    #[error("the store is damaged: expected {what}")]
    Damaged {
        /// What was expected.
        what: &'static str,
    },
    /// An invalid identifier.
    #[error("an identifier must be 1 to 64 letters, digits or hyphens")]
    BadId,
    /// A body was passed that no row of the same transaction refers to.
    #[error("a body without a leg or deposit cannot be stored")]
    Unreferenced,
    /// A piece of a body was lost; the body has to be written again from the start.
    #[error("a piece of this body could not be written")]
    BrokenBody,
    /// Incoming data would leave less free space than the configured minimum.
    #[error("the disk has {free} bytes left, and minimum-free with what is under way asks for more")]
    NoRoom {
        /// Free bytes.
        free: u64,
    },
    /// A range outside the body.
    #[error("the range lies outside the body")]
    OutOfRange,
}

/// An engine's error for a refused statement. Opaque: callers ask [`StoreError::is_busy`] and
/// [`StoreError::fault`], whichever engine it is.
#[derive(Debug, Error)]
#[error("{source}")]
pub struct EngineError {
    kind: EngineFault,
    source: Box<Cause>,
}

/// What retrying would achieve. Each engine classifies its own errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EngineFault {
    /// Others hold a lock on it.
    Busy,
    /// The disk that holds the rows is full.
    Full,
    /// Anything else.
    Other,
}

/// An error of the file storage. Opaque, like [`EngineError`].
#[derive(Debug, Error)]
#[error("{0}")]
pub struct FileError(#[source] pub(crate) Box<Cause>);

impl From<sealpost_tls::TrustError> for StoreError {
    fn from(error: sealpost_tls::TrustError) -> Self {
        match error {
            sealpost_tls::TrustError::File { path, source } => Self::Path { path, source },
            sealpost_tls::TrustError::Provider(_) => Self::Damaged { what: "a provider of TLS 1.2 and 1.3" },
        }
    }
}

impl EngineError {
    pub(crate) fn new(kind: EngineFault, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { kind, source: Box::new(source) }
    }

    /// The engine's own error, for the engine itself.
    pub(crate) fn beneath<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.source.downcast_ref()
    }
}

impl StoreError {
    /// The store's error among the sources of another crate's.
    #[must_use]
    pub fn beneath<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
    }

    /// Whether others keep the database locked, or the primary is changing: nothing is wrong, it only takes
    /// too long.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Database(error) => error.kind == EngineFault::Busy,
            // A transaction that could not begin; nothing was kept, and it may be retried.
            Self::NotKept { .. } => true,
            // A retry finds out what became of this try.
            Self::Uncertain { .. } => true,
            Self::Closed
            | Self::Halted
            | Self::NotAlone { .. }
            | Self::Replaced
            | Self::Rotating
            | Self::Moving
            | Self::MovedAway
            | Self::InUse
            | Self::OtherEngine { .. }
            | Self::OtherFolder { .. }
            | Self::Unfit(_)
            | Self::BucketSilent
            | Self::BucketEndless
            | Self::NoBucket
            | Self::OtherBucket
            | Self::File(_)
            | Self::Path { .. }
            | Self::NewerSchema { .. }
            | Self::OlderSchema { .. }
            | Self::Damaged { .. }
            | Self::BadId
            | Self::Unreferenced
            | Self::BrokenBody
            | Self::NoRoom { .. }
            | Self::OutOfRange => false,
        }
    }

    /// Whether the disk is full: removing something helps, and until then retrying does not.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let io = |error: &(dyn std::error::Error + 'static)| {
            let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            matches!(kind, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge))
        };
        let said_so = matches!(self, Self::NoRoom { .. })
            || matches!(self, Self::Database(error) if error.kind == EngineFault::Full);
        let whole = self as &(dyn std::error::Error + 'static);
        said_so || std::iter::successors(Some(whole), |error| error.source()).any(io)
    }

    /// Whether the same request may succeed later. If unclear, it may: a peer told "later" keeps the letter,
    /// one told "never" drops it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Closed
            | Self::Halted
            | Self::NotAlone { .. }
            | Self::Replaced
            | Self::Rotating
            | Self::Moving
            | Self::MovedAway
            | Self::InUse
            | Self::Database(_)
            | Self::NotKept { .. }
            | Self::Uncertain { .. }
            | Self::Unfit(_)
            | Self::BucketSilent
            | Self::BucketEndless
            | Self::NoBucket
            | Self::OtherBucket
            | Self::File(_)
            | Self::Path { .. }
            | Self::BrokenBody
            | Self::NoRoom { .. }
            | Self::Damaged { .. } => Fault::Temporary,
            Self::NewerSchema { .. }
            | Self::OlderSchema { .. }
            | Self::OtherEngine { .. }
            | Self::OtherFolder { .. }
            | Self::BadId
            | Self::Unreferenced
            | Self::OutOfRange => Fault::Permanent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_known_wherever_it_shows() {
        let io = |kind| std::io::Error::from(kind);
        let of_file = |kind| StoreError::File(FileError(Box::new(io(kind))));
        let of_rows = |kind| StoreError::from(EngineError::new(kind, io(ErrorKind::Other)));
        let path = |kind| StoreError::Path { path: PathBuf::new(), source: io(kind) };
        for full in [
            StoreError::NoRoom { free: 0 },
            of_file(ErrorKind::StorageFull),
            of_file(ErrorKind::FileTooLarge),
            path(ErrorKind::QuotaExceeded),
            of_rows(EngineFault::Full),
        ] {
            assert!(full.is_full(), "{full:?}");
        }
        for other in [
            StoreError::Closed,
            of_file(ErrorKind::NotFound),
            path(ErrorKind::PermissionDenied),
            of_rows(EngineFault::Busy),
        ] {
            assert!(!other.is_full(), "{other:?}");
        }
    }
}
