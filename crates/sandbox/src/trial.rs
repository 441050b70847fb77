//! Tests a worker without work: whether it can sandbox itself here, started as for its jobs. A service
//! manager or a container may forbid the system calls that it needs for that. Knows no work.

use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::fork_server;
use crate::launch::{NOT_SHUT_IN, arguments, last_words};

/// Enough to start, and to find that there is no work.
const MEMORY: u64 = 512 << 20;
const CPU: Duration = Duration::from_secs(5);
/// Ten seconds in total.
const LOOKS: u32 = 2_000;
const LOOK: Duration = Duration::from_millis(5);

/// How a worker is started for its jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Anew for each job.
    EachTime,
    /// Once, with `--serve`: it forks for each job.
    Once,
}

/// Starts the worker without work.
///
/// # Errors
/// It cannot sandbox itself, or cannot be started; the text is its own or the system's.
pub fn tried(program: &Path, name: &str, start: Start) -> Result<(), String> {
    let mut command = Command::new(program);
    command.env_clear().stdout(Stdio::null()).stderr(Stdio::piped());
    let seen = match start {
        Start::EachTime => alone(command.args(arguments(MEMORY, CPU))),
        Start::Once => copied(command.arg("--serve").args(arguments(MEMORY, CPU))),
    };
    match seen.map_err(|error| format!("{}: {error}", program.display()))? {
        Seen::NoEnd => Err("does not end although there is no work".to_owned()),
        Seen::NoWorker(End { status, said }) => match status.signal() {
            Some(signal) => Err(by_signal(signal)),
            None => Err(last_words(name, &said)),
        },
        Seen::Worker(End { status, said }) => match (status.code(), status.signal()) {
            (Some(code), _) if code == i32::from(NOT_SHUT_IN) => Err(last_words(name, &said)),
            (_, Some(signal)) => Err(by_signal(signal)),
            // It reports missing work by an exit code of its own.
            (Some(_) | None, None) => Ok(()),
        },
    }
}

fn by_signal(signal: i32) -> String {
    format!("was ended by signal {signal}")
}

/// How a process ended, and what it wrote to standard error.
struct End {
    status: ExitStatus,
    said: Vec<u8>,
}

enum Seen {
    /// A worker ran and found no work.
    Worker(End),
    /// The program ended before there was a worker.
    NoWorker(End),
    /// Something did not end.
    NoEnd,
}

fn alone(command: &mut Command) -> io::Result<Seen> {
    let child = command.stdin(Stdio::null()).spawn()?;
    Ok(over(child)?.map_or(Seen::NoEnd, Seen::Worker))
}

fn copied(command: &mut Command) -> io::Result<Seen> {
    let (theirs, ours) = fork_server::control()?;
    let mut program = command.stdin(Stdio::from(theirs)).spawn()?;
    // The command's copy would keep the socket open.
    command.stdin(Stdio::null());
    let seen = copy(&ours);
    drop(ours);
    if let Ok(Heard::Gone) = seen {
        return Ok(over(program)?.map_or(Seen::NoEnd, Seen::NoWorker));
    }
    program.kill()?;
    program.wait()?;
    match seen? {
        Heard::Copy(end) => Ok(Seen::Worker(end)),
        Heard::Gone | Heard::Nothing => Ok(Seen::NoEnd),
    }
}

enum Heard {
    /// The end of a copy.
    Copy(End),
    /// The end of the program.
    Gone,
    Nothing,
}

/// A copy without work.
fn copy(control: &OwnedFd) -> io::Result<Heard> {
    let (nothing, input) = io::pipe()?;
    drop(input);
    let (_read, output) = io::pipe()?;
    let (mut errors, error) = io::pipe()?;
    let begun = fork_server::begin(control.as_fd(), 0, [nothing.as_fd(), output.as_fd(), error.as_fd()]);
    drop(error);
    if begun.is_err() {
        return Ok(Heard::Gone);
    }
    for _ in 0..LOOKS {
        match fork_server::ended(control.as_fd()) {
            Ok(Some((_, status))) => {
                let mut said = Vec::new();
                errors.read_to_end(&mut said)?;
                return Ok(Heard::Copy(End { status, said }));
            }
            Ok(None) => return Ok(Heard::Gone),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(LOOK),
            Err(_broken) => return Ok(Heard::Gone),
        }
    }
    Ok(Heard::Nothing)
}

/// Its end; `None`: it had to be killed.
fn over(mut child: Child) -> io::Result<Option<End>> {
    for _ in 0..LOOKS {
        if child.try_wait()?.is_some() {
            let output = child.wait_with_output()?;
            return Ok(Some(End { status: output.status, said: output.stderr }));
        }
        std::thread::sleep(LOOK);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}
