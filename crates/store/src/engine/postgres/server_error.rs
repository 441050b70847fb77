//! Errors from PostgreSQL. Keeps the server's code and message, never its details: those contain values.

use thiserror::Error;
use tokio_postgres::error::{Severity, SqlState};

use crate::error::{EngineError, EngineFault, StoreError};

/// The text that [`super::heartbeat::fence`] puts into the server's message.
pub(super) const FENCED: &str = "others have taken over from this process";

/// The server's error, or the loss of the connection.
#[derive(Debug, Error)]
#[error("{}{reason}", code.as_ref().map(|code| format!("{} ", code.code())).unwrap_or_default())]
pub(super) struct PostgresError {
    pub(super) code: Option<SqlState>,
    /// The connection is lost.
    pub(super) fatal: bool,
    pub(super) reason: String,
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(said) => Self {
                code: Some(said.code().clone()),
                fatal: matches!(said.parsed_severity(), None | Some(Severity::Fatal | Severity::Panic)),
                reason: said.message().to_owned(),
            },
            None => Self { code: None, fatal: true, reason: beneath(&error) },
        }
    }
}

impl From<PostgresError> for StoreError {
    fn from(error: PostgresError) -> Self {
        if error.is_fence() {
            return Self::Replaced;
        }
        let kind = if error.is_full() {
            EngineFault::Full
        } else if error.is_busy() {
            EngineFault::Busy
        } else {
            EngineFault::Other
        };
        EngineError::new(kind, error).into()
    }
}

/// The driver's own message says where it failed, its source says why.
fn beneath(error: &tokio_postgres::Error) -> String {
    std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

impl PostgresError {
    pub(super) fn is(&self, codes: &[SqlState]) -> bool {
        self.code.as_ref().is_some_and(|code| codes.contains(code))
    }

    /// Others have taken over from this process: nothing it asks for will ever be kept.
    fn is_fence(&self) -> bool {
        self.is(&[SqlState::INVALID_TEXT_REPRESENTATION]) && self.reason.contains(FENCED)
    }

    /// Others hold a lock, there are too many connections, or no standby is connected yet: [`super::begin`] reports
    /// that as an invalid number.
    pub(crate) fn is_busy(&self) -> bool {
        self.code.is_none()
            || self.fatal
            || self.is(&[
                SqlState::LOCK_NOT_AVAILABLE,
                SqlState::QUERY_CANCELED,
                SqlState::T_R_SERIALIZATION_FAILURE,
                SqlState::T_R_DEADLOCK_DETECTED,
                SqlState::TOO_MANY_CONNECTIONS,
                SqlState::READ_ONLY_SQL_TRANSACTION,
                SqlState::INVALID_TEXT_REPRESENTATION,
            ])
    }

    fn is_full(&self) -> bool {
        self.is(&[SqlState::DISK_FULL])
    }

    /// Retrying would give the same error: a wrong password, no such database.
    pub(super) fn is_hopeless(&self) -> bool {
        self.code.as_ref().is_some_and(|code| {
            code.code().starts_with("28") || code.code().starts_with("3D") || code.code().starts_with("42")
        })
    }
}
