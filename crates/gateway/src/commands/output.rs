//! Output of commands, on standard output and standard error, as text or JSON.

use std::process::ExitCode;

use clap::builder::{BoolValueParser, TypedValueParser};

use crate::config::file::Problem;

/// Output format: `--json` chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputFormat {
    /// For people.
    Text,
    /// One JSON object per line, for programs.
    Json,
}

impl OutputFormat {
    /// Reads the flag `--json`.
    pub(super) fn flag() -> impl TypedValueParser<Value = Self> {
        BoolValueParser::new().map(|given| if given { Self::Json } else { Self::Text })
    }
}

/// Prints a line on standard output. A closed pipe is ignored.
pub(super) fn say(line: impl std::fmt::Display) {
    use std::io::Write as _;
    let line = harmless(line);
    let mut out = std::io::stdout().lock();
    let _closed = writeln!(out, "{line}");
    let _closed = out.flush();
}

/// Prints a line on standard error.
pub(super) fn complain(line: impl std::fmt::Display) {
    use std::io::Write as _;
    let line = harmless(line);
    let _closed = writeln!(std::io::stderr().lock(), "{line}");
}

/// SECURITY: rows, letters and certificates contain text written by others, and anyone who can write to the database
/// can put anything into a row: no control character reaches the terminal. They are escaped as in JSON, so that JSON
/// stays valid.
fn harmless(line: impl std::fmt::Display) -> String {
    use std::fmt::Write as _;
    let line = line.to_string();
    let is_obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !line.contains(is_obeyed) {
        return line;
    }
    line.chars().fold(String::with_capacity(line.len()), |mut text, c| {
        if is_obeyed(c) {
            let _infallible = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
        text
    })
}

pub(super) fn complain_all(problems: &[Problem]) -> ExitCode {
    for problem in problems {
        complain(format_args!("error: {problem}"));
    }
    ExitCode::FAILURE
}

/// Prints an error and its causes, and fails.
pub(super) fn fail(error: &dyn std::error::Error) -> ExitCode {
    complain(format_args!("error: {error}"));
    let mut cause = error.source();
    while let Some(error) = cause {
        complain(format_args!("  because: {error}"));
        cause = error.source();
    }
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_terminal_finds_nothing_to_obey_and_json_stays_what_it_is() {
        assert_eq!(harmless("a\tb\nÄ"), "a\tb\nÄ");
        assert_eq!(harmless("x\u{1b}[2J\u{9b}1m\ry"), "x\\u001b[2J\\u009b1m\\u000dy");
        let json = serde_json::json!({ "name": "\u{7f}\u{85}\u{1b}" }).to_string();
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&harmless(&json)), read(&json));
    }
}
