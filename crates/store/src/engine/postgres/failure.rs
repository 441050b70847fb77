//! What a failed transaction means for its caller: retry, retry elsewhere, or an answer.

use tokio_postgres::error::SqlState;

use super::server_error::PostgresError;
use crate::error::StoreError;

/// Why a transaction failed.
#[derive(Debug)]
pub(super) enum Failure {
    Server(PostgresError),
    Store(StoreError),
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cure {
    /// Retry: others were in the way.
    Again,
    /// Retry on another connection, perhaps to another server.
    Elsewhere,
    /// Nothing: the caller is told.
    None,
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error.into())
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Server(error) => error.into(),
            Failure::Store(error) => error,
        }
    }
}

impl Failure {
    pub(super) fn cure(&self) -> Cure {
        match self {
            Self::Server(error) => cure(error),
            Self::Store(_) => Cure::None,
        }
    }

    /// Whether the connection is unusable from now on.
    pub(super) fn ends_connection(&self) -> bool {
        match self {
            Self::Server(error) => cure(error) == Cure::Elsewhere,
            Self::Store(_) => false,
        }
    }

    pub(super) fn names_lost(&self) -> Option<NamesLost> {
        match self {
            Self::Server(error) => names_lost(error),
            Self::Store(_) => None,
        }
    }

    pub(super) fn late(what: &str) -> Self {
        Self::Server(PostgresError { code: None, fatal: true, reason: format!("{what} took too long") })
    }
}

/// Why a server no longer knows a prepared statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamesLost {
    /// Another server process is behind the connection.
    ProcessChanged,
    /// The objects the statement refers to have changed.
    SchemaChanged,
}

fn names_lost(error: &PostgresError) -> Option<NamesLost> {
    if error.is(&[SqlState::INVALID_SQL_STATEMENT_NAME]) {
        return Some(NamesLost::ProcessChanged);
    }
    // "cached plan must not change result type"
    error.is(&[SqlState::FEATURE_NOT_SUPPORTED]).then_some(NamesLost::SchemaChanged)
}

fn cure(error: &PostgresError) -> Cure {
    if error.code.is_none() || error.fatal || error.is(&[SqlState::READ_ONLY_SQL_TRANSACTION]) {
        return Cure::Elsewhere;
    }
    // The last two: a row that a statement looked for appeared or disappeared between its look and its change. The next
    // try sees it. A lock timeout is retried as long as the caller has patience: its holder may be a stalled process,
    // whose transaction the server ends.
    if error.is(&[
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::FOREIGN_KEY_VIOLATION,
        SqlState::UNIQUE_VIOLATION,
    ]) {
        return Cure::Again;
    }
    // The next use prepares nothing under that name.
    match names_lost(error) {
        Some(NamesLost::ProcessChanged | NamesLost::SchemaChanged) => Cure::Again,
        None => Cure::None,
    }
}
