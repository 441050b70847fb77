//! What all workers have in common from outside: finding the program, passing its limits, and interpreting its exit
//! status. Knows no work.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// Why a worker has ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ended {
    /// It exceeded a limit or crashed: because of its input, and it would happen again.
    Limit(&'static str),
    /// It was killed from outside, or prevented from working: a retry may succeed.
    Stopped(&'static str),
    /// Anything else; its last output, if there was any.
    Failed(String),
}

/// The program at `configured`, else the one called `name` in the folder of the running program.
///
/// # Errors
/// There is none; the error names the expected path.
pub fn program(configured: Option<&Path>, name: &str) -> std::io::Result<PathBuf> {
    let path = match configured {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name(name),
    };
    if path.is_file() {
        return Ok(path);
    }
    let missing = format!("no such file: {}", path.display());
    Err(std::io::Error::new(std::io::ErrorKind::NotFound, missing))
}

/// The exit code of a worker that could not sandbox itself. It has not read anything.
pub const NOT_SHUT_IN: u8 = 3;

/// The arguments with a worker's limits: bytes of address space, and whole seconds of processor time.
#[must_use]
pub fn arguments(memory: u64, cpu: Duration) -> [String; 4] {
    ["--memory".to_owned(), memory.to_string(), "--cpu".to_owned(), cpu.as_secs().max(1).to_string()]
}

/// It was killed because of the timeout. Its processor time is limited separately: a worker that runs into the timeout
/// did not get the processor, or its letter came too slowly.
pub const NOT_IN_TIME: Ended = Ended::Stopped("it was not done in time; the machine is busy");

/// Interprets the end of the worker `name` by its status and its standard error.
pub fn ended(name: &str, status: ExitStatus, said: &[u8]) -> Ended {
    const SIGABRT: i32 = 6;
    const SIGKILL: i32 = 9;
    const SIGSEGV: i32 = 11;
    const SIGXCPU: i32 = 24;
    const NOT_SHUT_IN_CODE: i32 = NOT_SHUT_IN as i32;
    /// Exit code of a Rust process that panicked.
    const PANIC: i32 = 101;
    match (status.signal(), status.code()) {
        (Some(SIGXCPU), _) => Ended::Limit("it used too much processor time"),
        (Some(SIGABRT | SIGSEGV), _) => Ended::Limit("it ran out of memory"),
        (None, Some(PANIC)) => Ended::Limit("it could not make sense of it"),
        // By the kernel when memory is short, or by an operator. Its own limits use other signals.
        (Some(SIGKILL), _) => Ended::Stopped("it was killed; memory may be short"),
        (Some(other), _) => Ended::Failed(format!("ended by signal {other}")),
        (None, Some(NOT_SHUT_IN_CODE)) => {
            Ended::Stopped("it could not shut itself in; `sealpost check` says why")
        }
        (None, _) => Ended::Failed(last_words(name, said)),
    }
}

/// Only its own line: output of a library could contain words of the letter.
pub(crate) fn last_words(name: &str, said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let own = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned());
    let line = said.lines().find_map(own).unwrap_or_else(|| "no reason given".to_owned());
    line.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_letter_does_to_a_worker_is_the_letter_s() {
        let by_signal = |signal| ended("sealpost-seal", ExitStatus::from_raw(signal), b"");
        for signal in [6, 11, 24] {
            assert!(matches!(by_signal(signal), Ended::Limit(_)), "{signal}");
        }
        assert!(matches!(by_signal(9), Ended::Stopped(_)));
        for signal in [1, 2, 15, 31] {
            assert!(matches!(by_signal(signal), Ended::Failed(_)), "{signal}");
        }
        let by_code = |code: i32, said: &[u8]| ended("sealpost-seal", ExitStatus::from_raw(code << 8), said);
        assert!(matches!(by_code(101, b""), Ended::Limit(_)));
        assert!(matches!(
            by_code(NOT_SHUT_IN.into(), b"sealpost-seal: cannot limit itself"),
            Ended::Stopped(_)
        ));
        assert_eq!(
            by_code(2, b"words of a letter\nsealpost-seal: no job"),
            Ended::Failed("no job".to_owned())
        );
    }
}
