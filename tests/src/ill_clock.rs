//! A clock that can be set while a process runs.
//!
//! Must never know: which process uses it.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use crate::ill_disk::library;

const SOURCE: &str = include_str!("ill_clock.c");

/// Shifts the wall clock of a process; its monotonic clock continues.
pub struct IllClock {
    folder: TempDir,
}

impl Default for IllClock {
    fn default() -> Self {
        Self::new()
    }
}

impl IllClock {
    /// Builds the library; the time is right at first.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path(), SOURCE);
        // The database server uses it, too.
        set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        set_permissions(library, Permissions::from_mode(0o755)).unwrap();
        let clock = Self { folder };
        clock.set(0);
        clock
    }

    /// What the process must be started with.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let path = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        vec![("LD_PRELOAD".to_owned(), path("preloaded.so")), ("ILL_CLOCK".to_owned(), path("offset"))]
    }

    /// The right time, in seconds since 1970.
    #[must_use]
    pub fn right() -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        i64::try_from(since.as_secs()).unwrap()
    }

    /// From now on the wall clock differs by this many seconds.
    pub fn set(&self, seconds: i64) {
        // At once, or a reader would see half of it.
        let new = self.folder.path().join("new");
        std::fs::write(&new, seconds.to_string()).unwrap();
        std::fs::rename(&new, self.folder.path().join("offset")).unwrap();
    }
}
