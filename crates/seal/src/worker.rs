//! The worker process `sealpost-seal` from outside: starts, feeds, watches and ends it. Untrusted input is parsed there
//! and never here. Knows no library.

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::Secret;
use sealpost_sandbox::launch::{self, Ended};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::error::{OpenError, WorkerError};
use crate::lend::{Lends, MAX_LENT};
use crate::open_result::Opened;
use crate::opening::Opening;
use crate::unwrap::{Errands, Rejection};
use crate::worker_program::{NAME, Pipes, Program, Running};
use crate::worker_protocol::{Bytes, Errand, Job, LentBytes, Loan, MAX_JSON, START, Trusted, WorkerReply};

/// Minimum memory for a letter, as a multiple of its size.
const MIN_MEMORY_FACTOR: u64 = 2;

/// Bytes of a letter that are copied at once.
const PIECE: usize = 64 * 1024;
/// Buffer size for the answer before the letter.
const ANSWER: usize = 8 * 1024;

/// Resource limits for opening one letter.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Address space of the worker in bytes.
    pub memory: u64,
    /// Processor time of the worker; whole seconds.
    pub cpu: Duration,
    /// Time from start to end.
    pub wall: Duration,
    /// Maximum size of the opened letter, in bytes.
    pub output: u64,
}

impl Default for Limits {
    /// Enough for a letter of 60 MB.
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            cpu: Duration::from_secs(30),
            wall: Duration::from_secs(60),
            output: 160 * 1024 * 1024,
        }
    }
}

/// A worker program that can be started. One process per letter, forked from a resident program; the caller limits how
/// many run at a time.
#[derive(Clone, Debug)]
pub struct Worker {
    program: Program,
    limits: Limits,
    rejection: Arc<Rejection>,
}

/// A worker's request to its parent.
enum WorkerRequest {
    Key(usize),
    Errand(Errand),
}

impl Worker {
    /// The program at `configured`, else the one in the folder of the running program.
    ///
    /// # Errors
    /// There is none; the error names the expected path.
    pub fn find(configured: Option<&Path>, limits: Limits) -> Result<Self, WorkerError> {
        let path = launch::program(configured, NAME).map_err(WorkerError::Missing)?;
        let program = Program::new(path, launch::arguments(limits.memory, limits.cpu));
        let rejection = Rejection::new().map_err(|error| WorkerError::Failed(error.to_string()))?;
        Ok(Self { program, limits, rejection: Arc::new(rejection) })
    }

    /// Opens `letter` (`length` bytes) and writes the result to `spool`, after it was authenticated as far as its
    /// format allows. After an error, what was written is to be discarded.
    ///
    /// # Errors
    /// See [`OpenError`]. A letter that cannot be decrypted or verified is not an error.
    pub async fn open(
        &self,
        letter: impl AsyncRead + Unpin + Send,
        length: u64,
        opening: &Opening<'_>,
        spool: impl AsyncWrite + Unpin + Send,
    ) -> Result<Opened, OpenError> {
        // It cannot fit into memory, however often it is retried.
        if length > self.limits.memory / MIN_MEMORY_FACTOR {
            return Err(WorkerError::Limit("the letter is too large for the memory that a worker has").into());
        }
        let bytes = |list: &[Vec<u8>]| list.iter().cloned().map(Bytes).collect();
        let job = Job::Open {
            own: opening.own.recipients(),
            trusted: opening
                .trusted
                .iter()
                .map(|one| Trusted { key: one.key.clone(), speaks_for: one.speaks_for.clone() })
                .collect(),
            distrusted: opening.distrusted.to_vec(),
            roots: bytes(opening.roots),
            crls: bytes(opening.crls),
            lists: opening.lists,
            sender: opening.sender,
            now: opening.now,
            most: self.limits.output,
            letter: length,
        };
        match self.run(&job, letter, Some(opening.own), spool).await? {
            WorkerReply::Opened(opened) => Ok(opened),
            WorkerReply::Needs(_)
            | WorkerReply::Asks(_)
            | WorkerReply::Keys(_)
            | WorkerReply::Chain(_)
            | WorkerReply::Ocsp(_)
            | WorkerReply::List(_)
            | WorkerReply::Refused(_) => Err(OpenError::Worker(other_answer())),
        }
    }

    pub(crate) async fn run(
        &self,
        job: &Job,
        bytes: impl AsyncRead + Unpin + Send,
        own: Option<&dyn Lends>,
        spool: impl AsyncWrite + Unpin + Send,
    ) -> Result<WorkerReply, OpenError> {
        let (mut running, pipes) = self.program.begin().await?;
        let conversation = self.converse(&mut running, pipes, job, bytes, own, spool);
        // Whatever happens, nothing of it remains: `running` ends the process when dropped.
        match tokio::time::timeout(self.limits.wall, conversation).await {
            Ok(done) => done,
            Err(_elapsed) => Err(worker_ended(launch::NOT_IN_TIME).into()),
        }
    }

    async fn converse(
        &self,
        running: &mut Running,
        pipes: Pipes,
        job: &Job,
        mut bytes: impl AsyncRead + Unpin + Send,
        own: Option<&dyn Lends>,
        mut spool: impl AsyncWrite + Unpin + Send,
    ) -> Result<WorkerReply, OpenError> {
        let Pipes { stdin, stdout, stderr } = pipes;
        // It contains no secret, but possibly lists of many MiB: written once, and never copied.
        let json = serde_json::to_vec(job).map_err(std::io::Error::from)?;
        let start = start(json.len());
        let (asks, asked) = mpsc::channel(MAX_LENT);
        let mut errands = own.map(|own| Errands::new(own, &self.rejection));
        let feed = async {
            // Dropped at the end: the worker must not wait for an answer that never comes.
            let (mut stdin, mut asked) = (stdin, asked);
            // A worker that ends early closes the pipe; its exit status says why.
            if stdin.write_all(start.as_bytes()).await.is_err() || stdin.write_all(&json).await.is_err() {
                return Ok(());
            }
            // Most letters are small: memory that is not filled is neither cleared nor touched.
            let mut buffer = Vec::with_capacity(PIECE);
            let mut missing = job.follows();
            loop {
                buffer.clear();
                // A failure to read the letter is reported here; a closed pipe by the worker's status.
                let got = bytes.read_buf(&mut buffer).await?;
                if got == 0 && missing > 0 {
                    // It would wait for the rest of a truncated letter: the pipe is closed.
                    return Ok(());
                }
                if got == 0 {
                    break;
                }
                missing = missing.saturating_sub(u64::try_from(got).unwrap_or(u64::MAX));
                if stdin.write_all(&buffer).await.is_err() {
                    return Ok(());
                }
            }
            while let Some(asked) = asked.recv().await {
                let lent = match (asked, &mut errands) {
                    (WorkerRequest::Key(at), _) => own.and_then(|own| own.private(at)?.lent()),
                    // Without an answer of the token the worker gets none, and the letter no verdict.
                    (WorkerRequest::Errand(errand), Some(errands)) => errands.run(errand).await?,
                    (WorkerRequest::Errand(_), None) => None,
                };
                let loan = framed(&Loan(lent.map(LentBytes)))?;
                if stdin.write_all(loan.expose()).await.is_err() {
                    break;
                }
            }
            Ok::<(), OpenError>(())
        };
        let mut said = Vec::new();
        let hear = async {
            let _ = stderr.take(4096).read_to_end(&mut said).await;
        };
        let (fed, answer, ()) = tokio::join!(feed, self.hear(stdout, asks, &mut spool), hear);
        if fed.is_err() && answer.is_ok() {
            // It has seen the end of its input: it ends normally, and the program stays.
            let _ended = running.ended().await;
        }
        fed?;
        let answer = answer?;
        let status = running.ended().await?;
        match answer {
            Some(answer) if status.success() => {
                if let (WorkerReply::Opened(opened), Some(errands)) = (&answer, errands) {
                    errands.believed(opened).await?;
                }
                spool.flush().await?;
                Ok(answer)
            }
            _ => Err(failure(status, &said).into()),
        }
    }

    /// `None`: not a valid answer, or a larger one than allowed.
    async fn hear(
        &self,
        stdout: pipe::Receiver,
        asks: mpsc::Sender<WorkerRequest>,
        spool: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<Option<WorkerReply>, OpenError> {
        let mut stdout = BufReader::with_capacity(ANSWER, stdout);
        let (mut keys, mut errands) = (0, 0);
        let answer = loop {
            let ask = match said(&mut stdout).await {
                Some(WorkerReply::Needs(at)) => {
                    keys += 1;
                    WorkerRequest::Key(at)
                }
                Some(WorkerReply::Asks(errand)) => {
                    errands += 1;
                    WorkerRequest::Errand(errand)
                }
                Some(answer) => break answer,
                None => return Ok(None),
            };
            // No letter needs this many: the worker, or an attacker in it, is asking for them.
            if keys > MAX_LENT || errands > MAX_LENT {
                return Err(WorkerError::Failed("it asked for more keys than it may".to_owned()).into());
            }
            // If the worker is gone, the receiver is, too; its exit status says why.
            let _ = asks.send(ask).await;
        };
        drop(asks);
        let mut left = self.limits.output.saturating_add(1);
        let mut buffer = Vec::with_capacity(PIECE);
        loop {
            buffer.clear();
            let got = stdout.read_buf(&mut buffer).await.unwrap_or(0);
            if got == 0 {
                return Ok(Some(answer));
            }
            left = left.saturating_sub(u64::try_from(got).unwrap_or(u64::MAX));
            if left == 0 {
                return Err(WorkerError::Limit("the opened letter became too large").into());
            }
            spool.write_all(&buffer).await?;
        }
    }
}

/// The next answer; `None`: invalid, or larger than allowed.
async fn said(stdout: &mut BufReader<pipe::Receiver>) -> Option<WorkerReply> {
    let mut line = Vec::new();
    // A broken pipe ends like a closed one.
    let _ = stdout.take(64).read_until(b'\n', &mut line).await;
    let length = std::str::from_utf8(&line).ok()?.strip_suffix('\n')?.strip_prefix(START)?;
    let length = length.parse().ok().filter(|length: &usize| *length <= MAX_JSON)?;
    let mut json = vec![0_u8; length];
    stdout.read_exact(&mut json).await.ok()?;
    serde_json::from_slice(&json).ok()
}

/// The line before JSON of this many bytes.
fn start(length: usize) -> String {
    format!("{START}{length}\n")
}

/// In the form for the pipe, in a buffer of sufficient size: a growing one would leave a copy of the key behind.
fn framed(loan: &Loan) -> Result<Secret<Vec<u8>>, std::io::Error> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, loan)?;
    let start = start(length.0);
    let mut framed = Zeroizing::new(Vec::with_capacity(start.len() + length.0));
    framed.extend_from_slice(start.as_bytes());
    serde_json::to_writer(&mut *framed, loan)?;
    Ok(Secret::new(std::mem::take(&mut *framed)))
}

/// Counts the bytes written.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn other_answer() -> WorkerError {
    WorkerError::Failed("it answered something else".to_owned())
}

fn failure(status: ExitStatus, said: &[u8]) -> WorkerError {
    worker_ended(launch::ended(NAME, status, said))
}

fn worker_ended(how: Ended) -> WorkerError {
    match how {
        Ended::Limit(which) => WorkerError::Limit(which),
        Ended::Stopped(why) => WorkerError::Stopped(why),
        Ended::Failed(why) => WorkerError::Failed(why),
    }
}
