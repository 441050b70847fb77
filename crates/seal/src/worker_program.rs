//! The program `sealpost-seal` as it stays: asked for a copy of itself for each job, and put away as soon as a copy did not
//! end as it should. Knows no job.

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

/// Copies that one start makes, and how long it stays. Then it is started anew, with another memory layout.
const MAX_COPIES: u64 = 1_000;
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
/// A copy that was ended is gone at once, and a program that has gone has said why, if the machine is not wholly stuck.
const MOMENT: Duration = Duration::from_secs(1);
/// Of what the program says at its end.
const LAST_WORDS: u64 = 4096;

/// How the program is started, and the one that runs.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    path: PathBuf,
    limits: [String; 4],
    current: Arc<Mutex<Option<Arc<Started>>>>,
}

/// A job's pipes, our ends.
pub(crate) struct Pipes {
    pub(crate) stdin: pipe::Sender,
    pub(crate) stdout: pipe::Receiver,
    pub(crate) stderr: pipe::Receiver,
}

/// One start of the program. It ends with the last of its jobs, once another has taken its place.
#[derive(Debug)]
struct Started {
    /// Of messages, and not of bytes; for waiting that makes no difference.
    control: UnixStream,
    /// Kept so that it is killed and reaped; taken by who asks why it has gone.
    process: Mutex<Option<Child>>,
    /// Sockets belong to one runtime.
    runtime: Id,
    at: Instant,
    copies: AtomicU64,
    ended: Mutex<HashMap<JobId, ExitStatus>>,
    news: Notify,
}

/// A job at work; its process ends when this goes.
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

    /// A process of its own for a job.
    pub(crate) async fn begin(&self) -> Result<(Running, Pipes), WorkerError> {
        let (stdin, theirs_in) = pipe::pipe().map_err(WorkerError::Missing)?;
        let (theirs_out, stdout) = pipe::pipe().map_err(WorkerError::Missing)?;
        let (theirs_err, stderr) = pipe::pipe().map_err(WorkerError::Missing)?;
        let theirs = [
            theirs_in.into_blocking_fd().map_err(WorkerError::Missing)?,
            theirs_out.into_blocking_fd().map_err(WorkerError::Missing)?,
            theirs_err.into_blocking_fd().map_err(WorkerError::Missing)?,
        ];
        // One that was killed since its last job is found out here: another is as good.
        let mut why = WorkerError::Stopped(GONE);
        for _ in 0..2 {
            let (started, id) = self.started().map_err(WorkerError::Missing)?;
            // From here on it is ended whatever becomes of us.
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

    /// The one that runs, and a number for the next job.
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
            // Nothing of ours is its business: no secrets from the environment, no folder.
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

    /// The next job gets another.
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

/// Whether a program may copy itself once more, after so many copies and so long.
fn is_fresh(copies: u64, age: Duration) -> bool {
    copies < MAX_COPIES && age < MAX_AGE
}

impl Started {
    /// Why it has gone, in its own words if it had any. Nothing of that is a letter's doing.
    async fn gone(&self) -> WorkerError {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Somebody else has asked.
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

    /// Whoever waits for a job hears for all. `None`: the program has gone.
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
                // A socket that is full belongs to a program that hangs: it goes with the last of its jobs.
                let _ = fork_server::end(self.started.control.as_fd(), self.id);
                self.program.put_away(&self.started);
                self.stay_until_reaped();
            }
        }
    }
}

impl Running {
    /// With this job the program may go. Killed before it has asked after its copy, it would leave that to process 1, which
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

/// That says nothing of the letter.
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
