//! Classifies a failed write by SQLite's error code: what the writer does next depends on it. Knows no disk.

use rusqlite::{ErrorCode, ffi};

/// The kind of a failed write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteFailure {
    /// Usually another process holds the database: the next try may succeed.
    Passing,
    /// The disk is full.
    Full,
    /// The file system refused for a reason that SQLite does not report (a quota looks like a broken disk).
    Disk,
    /// After a failed fsync the kernel may have dropped what it could not write and report success the next time; and a
    /// damaged database must not be written to.
    Untrustworthy,
}

impl WriteFailure {
    pub(super) fn of(error: &rusqlite::Error) -> Self {
        match (error.sqlite_error_code(), error.sqlite_extended_error_code()) {
            (Some(ErrorCode::DiskFull), _) => Self::Full,
            (_, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)) => Self::Untrustworthy,
            (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _) => Self::Untrustworthy,
            (Some(ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::CannotOpen), _) => Self::Disk,
            (Some(_) | None, _) => Self::Passing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_fsync_and_damage_are_never_passing() {
        let of = |code| WriteFailure::of(&rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        for code in
            [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC, ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB]
        {
            assert_eq!(of(code), WriteFailure::Untrustworthy, "{code}");
        }
        assert_eq!(of(ffi::SQLITE_FULL), WriteFailure::Full);
        assert_eq!(of(ffi::SQLITE_IOERR_WRITE), WriteFailure::Disk);
        assert_eq!(of(ffi::SQLITE_BUSY), WriteFailure::Passing);
    }
}
