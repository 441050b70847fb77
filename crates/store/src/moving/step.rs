//! How far a move of a store is, what was moved, and what the audit trail says of it. Knows no store.

use crate::audit_row::AuditRow;

/// How far a move is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveStep {
    /// So many bodies are there.
    Bodies(u64),
    /// This table is there, with so many rows.
    Table(String, u64),
    /// All of it is compared now.
    Comparing,
}

/// What has been moved, and compared on both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Rows, all tables but those of bodies.
    pub rows: u64,
    /// Bodies.
    pub bodies: u64,
    /// Their bytes.
    pub octets: u64,
}

/// What the audit trail says of a move.
#[derive(Clone, Debug)]
pub struct MoveRows {
    /// With the mark that it is under way.
    pub began: AuditRow,
    /// With the end of that mark, in the new store.
    pub moved: fn(&Moved) -> AuditRow,
}
