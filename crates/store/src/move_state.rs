//! State of a move of the store to another place, in one row. Copies nothing.

use crate::error::StoreError;
use crate::statement::{Row, Statement, sql};

/// The row on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MoveState {
    /// An incomplete copy.
    Coming(String),
    /// Being copied.
    Leaving(String),
    /// The copy has become the store.
    Left(String),
}

pub(crate) fn state_question() -> Statement {
    sql!("SELECT id, state FROM moves LIMIT 1")
}

impl MoveState {
    pub(crate) fn read(mut row: Row) -> Result<Self, StoreError> {
        let (id, state) = (row.text()?, row.text()?);
        match state.as_str() {
            "coming" => Ok(Self::Coming(id)),
            "leaving" => Ok(Self::Leaving(id)),
            "left" => Ok(Self::Left(id)),
            _ => Err(StoreError::Damaged { what: "a state of a move" }),
        }
    }
}
