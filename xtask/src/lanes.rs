//! Runs test binaries side by side: while one waits for other processes, or has one long test left, another one runs.
//!
//! Must never know: what a test proves.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::tally::Tally;

/// How many run at once. With three, scenarios that time a server under load ran in parallel with two browsers, and two
/// of them failed.
const LANES: usize = 2;

/// One to run.
pub(crate) struct Job {
    /// Prefix of each line it prints.
    pub(crate) name: String,
    pub(crate) command: Command,
}

/// Runs them all, in this order; says whether all ended well.
pub(crate) fn run(jobs: Vec<Job>, tally: &mut Tally) -> Result<bool, String> {
    let queue = Mutex::new(VecDeque::from(jobs));
    let tally = Mutex::new(tally);
    let lane = || -> Result<bool, String> {
        let mut all_well = true;
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(job) = next else { return Ok(all_well) };
            all_well &= follow(job, &tally)?;
        }
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(lane)).collect();
        let mut all_well = true;
        for lane in lanes {
            all_well &= lane.join().map_err(|_panic| "a thread that ran tests panicked".to_owned())??;
        }
        Ok(all_well)
    })
}

/// Runs one to its end; says whether it ended well.
fn follow(job: Job, tally: &Mutex<&mut Tally>) -> Result<bool, String> {
    let Job { name, mut command } = job;
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|e| format!("{name} cannot be started: {e}"))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(|e| format!("lost the output of {name}: {e}"))?;
            let line = String::from_utf8_lossy(&line);
            // One write per line: what a test prints stays readable, the last lines are never lost.
            let _ = writeln!(std::io::stdout().lock(), "{name} | {line}");
            tally.lock().unwrap_or_else(PoisonError::into_inner).read(&name, &line);
        }
    }
    let status = child.wait().map_err(|e| format!("{name} got lost: {e}"))?;
    if !status.success() {
        tally.lock().unwrap_or_else(PoisonError::into_inner).ended_badly(&name, &status.to_string());
    }
    Ok(status.success())
}
