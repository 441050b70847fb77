//! A worker from outside, as far as all workers are alike: where its program is, how it is told its limits, and what its
//! end says. Starts nothing.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// Why a worker has ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ended {
    /// It took more than it may.
    Limit(&'static str),
    /// Something else; its own last words, if it had any.
    Failed(String),
}

/// The program at `configured`, else the one called `name` that lies beside the running program.
///
/// # Errors
/// There is none; the error names the place where it should be.
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

/// The arguments by which a worker is told its limits: bytes of address space, and whole seconds of processor time.
#[must_use]
pub fn arguments(memory: u64, cpu: Duration) -> [String; 4] {
    ["--memory".to_owned(), memory.to_string(), "--cpu".to_owned(), cpu.as_secs().max(1).to_string()]
}

/// What the end of the worker `name` means, from its status and from what it wrote to standard error.
pub fn ended(name: &str, status: ExitStatus, said: &[u8]) -> Ended {
    const SIGABRT: i32 = 6;
    const SIGKILL: i32 = 9;
    const SIGSEGV: i32 = 11;
    const SIGXCPU: i32 = 24;
    match status.signal() {
        Some(SIGXCPU | SIGKILL) => Ended::Limit("it used too much processor time"),
        Some(SIGABRT | SIGSEGV) => Ended::Limit("it ran out of memory"),
        Some(other) => Ended::Failed(format!("ended by signal {other}")),
        // Only its own line: what a library prints could hold words of the letter.
        None => {
            let said = String::from_utf8_lossy(said);
            let own = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned());
            let line = said.lines().find_map(own).unwrap_or_else(|| "no reason given".to_owned());
            Ended::Failed(line.chars().take(200).collect())
        }
    }
}
