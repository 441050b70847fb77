//! Opens a connection with the settings required by durability and the memory budget.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The writing connection.
    Writer,
    /// A read-only connection.
    Reader {
        /// How many readers share the cache budget.
        of: usize,
    },
}

/// How long a connection waits for another process, milliseconds.
pub(crate) const BUSY_TIMEOUT: u32 = 10_000;

/// Page caches of all connections together stay below 8 MiB; the operating system caches the file anyway.
const WRITER_CACHE_KIB: usize = 4096;
const READERS_CACHE_KIB: usize = 3072;

/// Opens the database file. It must exist; its companions (-wal, -shm) inherit its mode.
pub(crate) fn open(file: &Path, role: Role) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.set_prepared_statement_cache_capacity(128);
    // No plan depends on a parameter's value: otherwise SQLite with STAT4 prepares a statement anew each time it runs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let cache = match role {
        Role::Writer => WRITER_CACHE_KIB,
        Role::Reader { of } => (READERS_CACHE_KIB / of.max(1)).max(256),
    };
    // secure_delete: deleted data is overwritten, also in pages that become free. page_size only takes effect on an
    // empty file, before WAL. Larger pages would delay a single letter: every index it touches is a page to write.
    connection.execute_batch(&format!(
        "PRAGMA page_size = 4096;
         PRAGMA busy_timeout = {BUSY_TIMEOUT};
         PRAGMA cache_size = -{cache};
         PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA secure_delete = ON;"
    ))?;
    match role {
        Role::Writer => {
            let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
            if mode != "wal" {
                return Err(StoreError::Damaged { what: "a file system on which SQLite can keep a WAL" });
            }
            // A checkpoint every 16 MiB of log instead of the usual 4: pages that change often (indexes, the
            // queue) are copied back a quarter as often.
            connection.execute_batch(
                "PRAGMA synchronous = FULL;
                 PRAGMA wal_autocheckpoint = 4096;
                 PRAGMA journal_size_limit = 33554432;",
            )?;
        }
        Role::Reader { .. } => connection.execute_batch("PRAGMA query_only = ON;")?,
    }
    Ok(connection)
}
