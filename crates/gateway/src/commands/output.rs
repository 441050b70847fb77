//! Lines of commands, on standard output and standard error, and in which format.

use std::process::ExitCode;

use clap::builder::{BoolValueParser, TypedValueParser};

use crate::config::file::Problem;

/// How a command tells what it found: `--json` chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl OutputFormat {
    /// Reads the flag `--json`.
    pub(super) fn flag() -> impl TypedValueParser<Value = Self> {
        BoolValueParser::new().map(|given| if given { Self::Json } else { Self::Text })
    }
}

/// A line on standard output. A closed pipe is the reader's business.
pub(super) fn say(line: impl std::fmt::Display) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _closed = writeln!(out, "{line}");
    let _closed = out.flush();
}

/// A line on standard error.
pub(super) fn complain(line: impl std::fmt::Display) {
    use std::io::Write as _;
    let _closed = writeln!(std::io::stderr().lock(), "{line}");
}

pub(super) fn complain_all(problems: &[Problem]) -> ExitCode {
    for problem in problems {
        complain(format_args!("error: {problem}"));
    }
    ExitCode::FAILURE
}

/// Ends with an error and its causes.
pub(super) fn fail(error: &dyn std::error::Error) -> ExitCode {
    complain(format_args!("error: {error}"));
    let mut cause = error.source();
    while let Some(error) = cause {
        complain(format_args!("  because: {error}"));
        cause = error.source();
    }
    ExitCode::FAILURE
}
