//! Kills a process at a point of the test's choice, as by `kill -9`: in the commit of the transaction that fires a
//! trigger. So it always ends in the middle of its work, however busy the machine is.
//!
//! Must never know: what the process does.

use rusqlite::Connection;
use tempfile::TempDir;

use crate::Gateway;
use crate::gateway::find_database;
use crate::ill_disk::library;

const SOURCE: &str = include_str!("ill_end.c");

/// Lets processes die.
pub struct IllEnd {
    folder: TempDir,
}

impl Default for IllEnd {
    fn default() -> Self {
        Self::new()
    }
}

impl IllEnd {
    /// Builds the library.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let _ = library(folder.path(), SOURCE);
        Self { folder }
    }

    /// Environment variables for the process, in addition to its own.
    #[must_use]
    pub fn environment(&self, others: Vec<(String, String)>) -> Vec<(String, String)> {
        let own = self.folder.path().join("preloaded.so").to_str().unwrap().to_owned();
        let preloaded = "LD_PRELOAD";
        let others: Vec<_> = others
            .into_iter()
            .map(|(name, value)| {
                let value = if name == preloaded { format!("{value}:{own}") } else { value };
                (name, value)
            })
            .collect();
        match others.iter().any(|(name, _)| name == preloaded) {
            true => others,
            false => others.into_iter().chain([(preloaded.to_owned(), own)]).collect(),
        }
    }

    /// Starts the gateway, which does not run, and waits until it has died in the commit of what `place` speaks of:
    /// `AFTER DELETE ON deposits WHEN …`. Nothing of that transaction is done.
    pub fn dies(gateway: &mut Gateway, place: &str) {
        let change = |sql: &str| {
            let rows = Connection::open(find_database(&gateway.home.data())).unwrap();
            rows.busy_timeout(crate::PATIENCE).unwrap();
            rows.execute_batch(sql).unwrap();
        };
        // The words must not be in the schema itself: its pages are written too.
        change(&format!(
            "CREATE TABLE places (words TEXT);
             CREATE TRIGGER place {place} BEGIN INSERT INTO places VALUES ('sealpost-test-' || 'ends-here'); END"
        ));
        gateway.dies();
        let rows = Connection::open(find_database(&gateway.home.data())).unwrap();
        rows.busy_timeout(crate::PATIENCE).unwrap();
        rows.execute_batch("DROP TRIGGER place; DROP TABLE places").unwrap();
    }
}
