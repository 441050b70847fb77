//! The resident program `sealpost-seal`: forks a copy of itself for each job, and is replaced as soon as a copy ends
//! abnormally. Knows no job.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealpost_sandbox::fork_server::{self, JobId};
use sealpost_sandbox::launch::{self, Ended};
use tokio::io::{AsyncReadExt as _, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStderr, Command};
use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::error::WorkerError;

/// The program's file name.
pub(crate) const NAME: &str = "sealpost-seal";

/// Maximum number of copies of one start, and its maximum age. Then it is restarted, with another memory layout.
const MAX_COPIES: u64 = 1_000;
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
/// A killed copy is gone at once, and a program that has ended has reported why, unless the whole machine is stuck.
const MOMENT: Duration = Duration::from_secs(1);
/// Maximum size of the program's last output.
const LAST_WORDS: u64 = 4096;

/// How the program is started, and the running one.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    path: PathBuf,
    limits: [String; 4],
    current: Arc<Mutex<Option<Arc<Started>>>>,
}

/// Our ends of a job's pipes.
pub(crate) struct Pipes {
    pub(crate) stdin: pipe::Sender,
    pub(crate) stdout: pipe::Receiver,
    pub(crate) stderr: pipe::Receiver,
}

/// One start of the program. It ends with the last of its jobs, once it was replaced.
#[derive(Debug)]
struct Started {
    /// A message socket, not a byte stream; for waiting that makes no difference.
    control: UnixStream,
    /// Kept so that it is killed and reaped; taken by the first caller that asks why it has ended.
    process: Mutex<Option<Child>>,
    /// Sockets belong to one runtime.
    runtime: Id,
    at: Instant,
    copies: AtomicU64,
    ended: Mutex<HashMap<JobId, ExitStatus>>,
    news: Notify,
}

/// A running job; its process is killed on drop.
pub(crate) struct Running {
    id: JobId,
    started: Arc<Started>,
    program: Program,
    end: Option<ExitStatus>,
}

impl Program {
    pub(crate) fn new(path: PathBuf, limits: [String; 4]) -> Self {
        Self { path, limits, current: Arc::default() }
    }

    /// Starts a process of its own for a job.
    pub(crate) async fn begin(&self) -> Result<(Running, Pipes), WorkerError> {
        let (stdin, theirs_in) = pipe::pipe().map_err(WorkerError::Missing)?;
        let (theirs_out, stdout) = pipe::pipe().map_err(WorkerError::Missing)?;
        let (theirs_err, stderr) = pipe::pipe().map_err(WorkerError::Missing)?;
        let theirs = [
            theirs_in.into_blocking_fd().map_err(WorkerError::Missing)?,
            theirs_out.into_blocking_fd().map_err(WorkerError::Missing)?,
            theirs_err.into_blocking_fd().map_err(WorkerError::Missing)?,
        ];
        // A program that was killed since its last job is detected here: another is started.
        let mut why = WorkerError::Stopped(GONE);
        for _ in 0..2 {
            let (started, id) = self.started().map_err(WorkerError::Missing)?;
            // From here on it is killed on any error.
            let running = Running { id, started, program: self.clone(), end: None };
            let [input, output, error] = &theirs;
            let asked = running
                .started
                .control
                .async_io(Interest::WRITABLE, || {
                    let control = running.started.control.as_fd();
                    fork_server::begin(control, id, [input.as_fd(), output.as_fd(), error.as_fd()])
                })
                .await;
            if asked.is_ok() {
                return Ok((running, Pipes { stdin, stdout, stderr }));
            }
            why = running.started.gone().await;
        }
        Err(why)
    }

    /// The running program, and a number for the next job.
    fn started(&self) -> io::Result<(Arc<Started>, JobId)> {
        let mut current = self.current();
        if let Some(started) = current.as_ref().filter(|started| started.runtime == Handle::current().id()) {
            let id = started.copies.fetch_add(1, Ordering::Relaxed);
            if is_fresh(id, started.at.elapsed()) {
                return Ok((Arc::clone(started), id));
            }
        }
        let started = Arc::new(self.start()?);
        *current = Some(Arc::clone(&started));
        Ok((started, 0))
    }

    fn start(&self) -> io::Result<Started> {
        let (theirs, ours) = fork_server::control()?;
        let process = Command::new(&self.path)
            .arg("--serve")
            .args(&self.limits)
            // It gets nothing of ours: no secrets from the environment, no folder.
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Started {
            control: UnixStream::from_std(ours.into())?,
            process: Mutex::new(Some(process)),
            runtime: Handle::current().id(),
            at: Instant::now(),
            copies: AtomicU64::new(1),
            ended: Mutex::default(),
            news: Notify::new(),
        })
    }

    /// Discards it: the next job gets another.
    fn put_away(&self, started: &Arc<Started>) {
        let mut current = self.current();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, started)) {
            *current = None;
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Started>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a program of this age may make another copy, after this many.
fn is_fresh(copies: u64, age: Duration) -> bool {
    copies < MAX_COPIES && age < MAX_AGE
}

impl Started {
    /// Why it has ended, in its own words if it had any. Never caused by a letter.
    async fn gone(&self) -> WorkerError {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Another caller has taken it.
        let Some(mut process) = process else { return WorkerError::Stopped(GONE) };
        let errors = process.stderr.take();
        let (status, said) = tokio::join!(timeout(MOMENT, process.wait()), last_words(errors));
        let Ok(Ok(status)) = status else { return WorkerError::Stopped(GONE) };
        match launch::ended(NAME, status, &said) {
            Ended::Limit(_) => WorkerError::Stopped(GONE),
            Ended::Stopped(why) => WorkerError::Stopped(why),
            Ended::Failed(why) => WorkerError::Failed(format!("its program has gone: {why}")),
        }
    }

    /// Any caller receives for all jobs. `None`: the program has ended.
    async fn ended(&self, id: JobId) -> Option<ExitStatus> {
        loop {
            let news = self.news.notified();
            if let Some(status) = self.statuses().remove(&id) {
                return Some(status);
            }
            let heard = tokio::select! {
                heard = self.control.async_io(Interest::READABLE, || fork_server::ended(self.control.as_fd())) => heard,
                () = news => continue,
            };
            let Ok(Some((whose, status))) = heard else { return None };
            self.statuses().insert(whose, status);
            self.news.notify_waiters();
        }
    }

    fn statuses(&self) -> MutexGuard<'_, HashMap<JobId, ExitStatus>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> Result<ExitStatus, WorkerError> {
        match self.started.ended(self.id).await {
            Some(status) => Ok(*self.end.insert(status)),
            None => Err(self.started.gone().await),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        match self.end {
            Some(status) if status.success() => {}
            Some(_) => self.program.put_away(&self.started),
            None => {
                // A full socket belongs to a hung program: it ends with the last of its jobs.
                let _ = fork_server::end(self.started.control.as_fd(), self.id);
                self.program.put_away(&self.started);
                self.stay_until_reaped();
            }
        }
    }
}

impl Running {
    /// The program may end with this job. Killed before it has reaped its copy, it would leave that to process 1, which
    /// in a container may be ourselves.
    fn stay_until_reaped(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let (started, id) = (Arc::clone(&self.started), self.id);
        runtime.spawn(async move {
            let _reaped = timeout(MOMENT, started.ended(id)).await;
        });
    }
}

async fn last_words(errors: Option<ChildStderr>) -> Vec<u8> {
    let mut said = Vec::new();
    if let Some(errors) = errors {
        let _ = timeout(MOMENT, errors.take(LAST_WORDS).read_to_end(&mut said)).await;
    }
    said
}

/// Says nothing about the letter.
const GONE: &str = "its program has gone; memory may be short";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_stays_for_so_many_copies_and_so_long() {
        assert!(is_fresh(MAX_COPIES - 1, MAX_AGE - Duration::from_secs(1)));
        assert!(!is_fresh(MAX_COPIES, Duration::ZERO));
        assert!(!is_fresh(1, MAX_AGE));
    }
}
