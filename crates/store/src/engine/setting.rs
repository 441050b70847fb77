//! What both engines are given, and what they promise. Knows neither.

use std::fs::File;
use std::sync::Arc;

use crate::audit_proof::AuditProver;
use crate::disk::Disk;
use crate::expense::Expense;
use crate::files::Files;

/// Where SQLite's rows are in the store's folder.
pub(super) const SQLITE_FILE: &str = "rows.sqlite";

/// There if the folder's rows are in PostgreSQL: the id of the database.
pub(super) const POSTGRES_MARK: &str = "postgres";

/// What a commit promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// It outlives a loss of power.
    Durable,
    /// It outlives this process; the next durable commit makes it durable, too.
    Ordered,
}

/// What an engine works with, and for how long it holds on to it.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) files: Arc<Files>,
    pub(crate) disk: Arc<Disk>,
    /// Held until the last commit, so that nobody cleans up under our hands.
    pub(crate) lock: Arc<Locks>,
    /// Proves rows of the audit trail.
    pub(crate) prover: Option<Arc<dyn AuditProver>>,
    /// Told what the batches cost that nobody waits for.
    pub(crate) expense: Arc<Expense>,
}

/// The folder's lock, and the one of a folder of bodies that several nodes share.
#[derive(Debug)]
pub(crate) struct Locks {
    pub(crate) _folder: File,
    pub(crate) _bodies: Option<File>,
}
