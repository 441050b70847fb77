//! How far a move of a store is. Knows no store.

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
