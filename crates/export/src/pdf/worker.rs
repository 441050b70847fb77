//! The worker process `sealpost-pdf` from outside: starts it for one letter, feeds, watches and ends it.
//! Knows no letter and no page.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use sealpost_sandbox::launch::{self, Ended};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::job::Feed;
use crate::error::ExportError;

/// The worker's file name.
const NAME: &str = "sealpost-pdf";

/// Limits of one document.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Address space of the worker in bytes.
    pub memory: u64,
    /// Processor time of the worker; whole seconds.
    pub cpu: Duration,
    /// Wall-clock time from start to end.
    pub wall: Duration,
    /// Bytes of the finished PDF.
    pub output: u64,
}

impl Default for Limits {
    /// Enough for a letter of 40 MB and three hundred pages.
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            cpu: Duration::from_secs(30),
            wall: Duration::from_secs(90),
            output: 160 * 1024 * 1024,
        }
    }
}

/// A worker program that can be started.
///
/// Each call starts one process. The caller limits how many run at a time.
#[derive(Clone, Debug)]
pub struct Worker {
    path: PathBuf,
    limits: Limits,
}

impl Worker {
    /// The program at `path`.
    #[must_use]
    pub fn at(path: PathBuf, limits: Limits) -> Self {
        Self { path, limits }
    }

    /// The program at `configured`, else the one in the folder of the running program. The error names the
    /// expected path.
    pub fn find(configured: Option<&Path>, limits: Limits) -> Result<Self, ExportError> {
        let path = launch::program(configured, NAME).map_err(ExportError::WorkerMissing)?;
        Ok(Self { path, limits })
    }

    /// One letter in, one PDF out.
    pub(super) async fn run(&self, feed: &Feed<'_>) -> Result<Vec<Vec<u8>>, ExportError> {
        let mut child = self.start().map_err(ExportError::WorkerMissing)?;
        let done = tokio::time::timeout(self.limits.wall, self.converse(&mut child, feed)).await;
        // Nothing of it may remain: a process that has ended only needs to be reaped.
        let killed = child.kill().await;
        match (done, killed) {
            (Ok(done), _) => done,
            (Err(_elapsed), _) => Err(worker_ended(launch::NOT_IN_TIME)),
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        Command::new(&self.path)
            .args(launch::arguments(self.limits.memory, self.limits.cpu))
            // It gets nothing of ours: no secrets from the environment, no folder.
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    async fn converse(&self, child: &mut Child, feed: &Feed<'_>) -> Result<Vec<Vec<u8>>, ExportError> {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err(ExportError::Worker("its pipes are missing".to_owned()));
        };
        let write = async move {
            // A worker that ends early closes the pipe; its exit status says why.
            let _ = feed.write(&mut stdin).await;
        };
        let (pdf, said) = {
            let (pdf, said, ()) = tokio::join!(read(stdout, self.limits.output), read(stderr, 4096), write);
            (pdf, said)
        };
        let Some(pdf) = pdf else {
            return Err(ExportError::WorkerLimit("the document became too large"));
        };
        let status = child.wait().await.map_err(|error| ExportError::Worker(error.to_string()))?;
        if status.success() && pdf.first().is_some_and(|first| first.starts_with(b"%PDF-")) {
            return Ok(pdf);
        }
        Err(failure(status, &said.unwrap_or_default().concat()))
    }
}

/// Size of the pieces read: equal pieces take no more than their content, a growing buffer would.
const CHUNK: usize = 256 * 1024;

/// All output, or `None` if it is more than `most` bytes: then the reading end closes and the worker ends.
async fn read(from: impl AsyncRead + Unpin, most: u64) -> Option<Vec<Vec<u8>>> {
    let mut chunks = Vec::new();
    let mut left = most.saturating_add(1);
    let mut from = from;
    while left > 0 {
        let size = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK);
        let mut chunk = Vec::with_capacity(size);
        // A broken pipe ends like a closed one.
        let _ = (&mut from).take(size as u64).read_to_end(&mut chunk).await;
        if chunk.is_empty() {
            return Some(chunks);
        }
        left = left.saturating_sub(chunk.len() as u64);
        chunks.push(chunk);
    }
    None
}

fn failure(status: ExitStatus, said: &[u8]) -> ExportError {
    worker_ended(launch::ended(NAME, status, said))
}

fn worker_ended(how: Ended) -> ExportError {
    match how {
        Ended::Limit(which) => ExportError::WorkerLimit(which),
        Ended::Stopped(why) => ExportError::WorkerStopped(why),
        Ended::Failed(why) => ExportError::Worker(why),
    }
}
