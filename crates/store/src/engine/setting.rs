//! Settings and promises shared by both engines. Knows neither.

use std::fs::File;
use std::sync::Arc;

use crate::audit_proof::AuditProver;
use crate::disk::Disk;
use crate::expense::Expense;
use crate::files::Files;

/// SQLite's file in the store's folder.
pub(super) const SQLITE_FILE: &str = "rows.sqlite";

/// Exists if the folder's rows are in PostgreSQL; holds the database's id.
pub(super) const POSTGRES_MARK: &str = "postgres";

/// What a commit promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// It survives a power failure.
    Durable,
    /// It survives this process; the next durable commit makes it durable too.
    Ordered,
}

/// What an engine is given, to be held as long as it needs it.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) files: Arc<Files>,
    pub(crate) disk: Arc<Disk>,
    /// Held until the last commit, so that no other process cleans up meanwhile.
    pub(crate) lock: Arc<Locks>,
    /// Proves rows of the audit trail.
    pub(crate) prover: Option<Arc<dyn AuditProver>>,
    /// Told what batches that have no waiting caller cost.
    pub(crate) expense: Arc<Expense>,
}

/// The lock of the folder, and that of a folder of bodies shared by several nodes.
#[derive(Debug)]
pub(crate) struct Locks {
    pub(crate) _folder: File,
    pub(crate) _bodies: Option<File>,
}
