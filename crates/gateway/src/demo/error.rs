//! Errors of the demo's start. Does not know what the demo does.

use thiserror::Error;

use crate::serve::RunError;

/// Why the demo does not start.
#[derive(Debug, Error)]
pub(crate) enum DemoError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the demo's certificates could not be made: {0}")]
    Certificates(#[from] rcgen::Error),
    #[error("the demo's own configuration is wrong: {0}")]
    Config(String),
    #[error("{0}")]
    Run(#[from] RunError),
    #[error("a sample letter was not taken: {0}")]
    Letter(String),
    #[error("{0}")]
    Sink(#[from] sealpost_intake::IntakeError),
    #[error("{0}")]
    Tls(#[from] sealpost_intake::TlsError),
}
