//! Maps SQLite's errors to the store's: whether others hold the database, and whether its disk is full.

use rusqlite::ErrorCode;

use crate::error::{EngineError, EngineFault, StoreError};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed,
            ) => EngineFault::Busy,
            Some(ErrorCode::DiskFull) => EngineFault::Full,
            _other => EngineFault::Other,
        };
        EngineError::new(kind, error).into()
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn a_full_disk_and_a_held_database_are_told_apart() {
        let of = |code| StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        assert!(of(ffi::SQLITE_FULL).is_full() && !of(ffi::SQLITE_FULL).is_busy());
        assert!(of(ffi::SQLITE_BUSY).is_busy() && !of(ffi::SQLITE_BUSY).is_full());
        assert!(!of(ffi::SQLITE_CORRUPT).is_busy() && !of(ffi::SQLITE_CORRUPT).is_full());
    }
}
