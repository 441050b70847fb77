//! Why a letter could not be exported, and who can fix it. Knows no HTTP and no content of the letter.

use sealpost_mail::LetterError;
use thiserror::Error;

/// Why there is no file.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The letter cannot be parsed.
    #[error("the letter cannot be read: {0}")]
    Letter(#[from] LetterError),
    /// The letter or the file made from it is larger than the limit.
    #[error("the letter is too large for this format: more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The container could not be written. It is written in memory, so this is a bug.
    #[error("the file could not be put together: {0}")]
    Container(#[source] std::io::Error),
    /// The time zone is not in the database.
    #[error("there is no time zone `{0}`")]
    Zone(String),
    /// The worker program is missing or cannot be started: to be fixed by the operator.
    #[error("the PDF worker cannot be started: {0}")]
    WorkerMissing(#[source] std::io::Error),
    /// The worker exceeded a limit of time, memory or output.
    #[error("the PDF could not be made within its limits: {0}")]
    WorkerLimit(&'static str),
    /// The worker was killed from outside: a retry may succeed.
    #[error("the PDF worker was stopped: {0}")]
    WorkerStopped(&'static str),
    /// The worker failed or ended early.
    #[error("the PDF worker failed: {0}")]
    Worker(String),
}
