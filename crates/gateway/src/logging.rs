//! Where log lines go: standard error, as text or JSON. What may be in them is decided where they are written
//! (docs/operators).

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::file::{Log, LogFormat, LogLevel};
use crate::log_writer::StandardError;

/// Starts logging; a second call changes nothing.
pub(crate) fn start(log: &Log) {
    let level = match log.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    // Libraries log only warnings and errors: their lines were not written with our rules in mind.
    let ours = ["mail", "intake", "policy", "vault", "store", "notice", "delivery", "portal"];
    // What it logs as errors is caused by clients, who can cause any number of them.
    let mut directives = format!("warn,actix_http=off,sealpost={level}");
    for name in ours {
        directives.push_str(&format!(",sealpost_{name}={level}"));
    }
    let filter = EnvFilter::new(directives);
    // What cannot be written must not be reported on standard error: that is what failed, and the attempt
    // panics.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .log_internal_errors(false)
        .with_writer(StandardError::default());
    let started = match log.format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging is already set up");
    }
}
