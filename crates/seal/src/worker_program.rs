//! The program `sealpost-seal` as it stays: asked for a copy of itself for each job, and put away as soon as a copy did not
//! end as it should. Knows no job.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealpost_sandbox::fork_server::{self, JobId};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;

use crate::error::WorkerError;

/// Copies of one start. Then it is started anew: the layout of its memory is to be nobody's acquaintance.
const MAX_COPIES: u64 = 1_000;

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
    /// Kept so that it is killed and reaped.
    _process: Child,
    /// Sockets belong to one runtime.
    runtime: Id,
    copies: AtomicU64,
    ended: Mutex<HashMap<JobId, ExitStatus>>,
    news: Notify,
}

/// A job at work; its process ends when this goes.
pub(crate) struct Running {
    id: JobId,
    started: Arc<Started>,
    program: Program,
    is_over: bool,
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
        for _ in 0..2 {
            let (started, id) = self.started().map_err(WorkerError::Missing)?;
            // From here on it is ended whatever becomes of us.
            let running = Running { id, started, program: self.clone(), is_over: false };
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
        }
        Err(gone())
    }

    /// The one that runs, and a number for the next job.
    fn started(&self) -> io::Result<(Arc<Started>, JobId)> {
        let mut current = self.current();
        if let Some(started) = current.as_ref().filter(|started| started.runtime == Handle::current().id()) {
            let id = started.copies.fetch_add(1, Ordering::Relaxed);
            if id < MAX_COPIES {
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
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Started {
            control: UnixStream::from_std(ours.into())?,
            _process: process,
            runtime: Handle::current().id(),
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

impl Started {
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
        let status = self.started.ended(self.id).await.ok_or_else(gone)?;
        self.is_over = status.success();
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            // A socket that is full belongs to a program that hangs: it goes with the last of its jobs.
            let _ = fork_server::end(self.started.control.as_fd(), self.id);
            self.program.put_away(&self.started);
        }
    }
}

/// That says nothing of the letter.
fn gone() -> WorkerError {
    WorkerError::Stopped("its program has gone; memory may be short")
}
