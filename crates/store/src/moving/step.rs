//! Progress of a store's move, what was moved, and what the audit trail records of it. Knows no store.

use crate::audit_row::AuditRow;

/// Progress of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveStep {
    /// Number of bodies copied so far.
    Bodies(u64),
    /// This table is copied, with this many rows.
    Table(String, u64),
    /// Everything is being compared.
    Comparing,
}

/// What has been moved and compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Rows of all tables except those of bodies.
    pub rows: u64,
    /// Bodies.
    pub bodies: u64,
    /// Total size of the bodies in bytes.
    pub octets: u64,
}

/// Audit rows of a move.
#[derive(Clone, Debug)]
pub struct MoveRows {
    /// Written with the mark that it is under way.
    pub began: AuditRow,
    /// Written with the end of that mark, in the new store.
    pub moved: fn(&Moved) -> AuditRow,
}
