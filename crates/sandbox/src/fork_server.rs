//! A worker program that stays, and copies itself (fork(2)) for each job: to start it anew costs more than most jobs do.
//! Each copy gets the pipes of its job as its standard streams and shuts itself in as if it had been started alone; the
//! program itself never reads a byte of a job. Must never know: what a job is.
//!
//! On the control socket (SOCK_SEQPACKET, the program's standard input) go: a number with three descriptors, to begin a
//! job; a number alone, to end one; and back a number with a status, when one has ended. Little-endian.
//!
//! SECURITY: copies share the program's memory layout. Its parent must discard it when a copy ends abnormally, so that an
//! attacker cannot use what a crash has shown.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use fork::Fork;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, IoSlice, IoSliceMut, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv, recvmsg, send, sendmsg, socketpair,
};
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, getpid, getppid, pidfd_open,
    pidfd_send_signal, set_dumpable_behavior, set_parent_process_death_signal, waitid,
};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stdin};
use thiserror::Error;

use super::{Landlock, Policy, SandboxError};

/// Which job: the one who asks counts.
pub type JobId = u64;

/// Standard input, output and error of a job.
pub type Streams<T> = [T; 3];

const ID: usize = size_of::<JobId>();
const STATUS: usize = size_of::<i32>();
/// How a job ended that could not be begun: as if the machine had killed it.
const NOT_BEGUN: i32 = 9;

/// What this process is when [`serve`] returns.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Role {
    /// A copy: its job is on its standard streams.
    Job(Copied),
    /// The program itself, and nobody wants jobs done any more.
    Over,
}

/// A copy that is not shut in yet, but as far as its program is. It must be before it reads its job.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Copied(());

impl Copied {
    /// Shuts the copy in, for good: with what its program took for all of them, exactly as [`super::enter`] does.
    ///
    /// # Errors
    /// Nothing may be read then: the copy must end.
    pub fn enter(self, policy: Policy) -> Result<Landlock, SandboxError> {
        // Once more: for the kernel the copies were one until now, and might have sent each other signals.
        let landlock = super::lock_paths_and_ports()?;
        super::limit(policy)?;
        super::syscalls::forbid_copying().map_err(super::calls)?;
        Ok(landlock)
    }
}

/// Why the program cannot serve.
#[derive(Debug, Error)]
pub enum ServeError {
    /// It could not shut itself in, as far as it has to before it copies itself.
    #[error("cannot limit itself: {0}")]
    NotShutIn(#[from] SandboxError),
    /// There is no control socket on standard input, or nobody listens there any more.
    #[error("its control socket does not work: {0}")]
    Control(#[from] io::Error),
}

/// What the program is told.
enum Request {
    Begin(JobId, Streams<OwnedFd>),
    /// One whose descriptors did not all come through: this process has too many open.
    CutShort(JobId),
    End(JobId),
    Over,
}

/// A copy at work; ended when this is dropped by the program.
struct Running {
    id: JobId,
    process: OwnedFd,
}

/// Serves until the other end of the control socket is closed. In each copy it returns at once. Reads and writes go to the first
/// `descriptors` alone, in the program as in its copies.
///
/// # Errors
/// See [`ServeError`].
pub fn serve(descriptors: u64) -> Result<Role, ServeError> {
    // It needs neither paths nor ports: that holds for all copies, whatever they do.
    super::lock_paths_and_ports()?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(io::Error::from)?;
    super::syscalls::allow_only_computing_and_copying(descriptors).map_err(super::calls)?;
    let program = getpid();
    let mut jobs: Vec<Running> = Vec::new();
    loop {
        let (ended, told) = wait(&jobs)?;
        for id in ended {
            if let Some(at) = jobs.iter().position(|job| job.id == id) {
                let job = jobs.swap_remove(at);
                tell(id, status(&job.process)?)?;
            }
        }
        if !told {
            continue;
        }
        match request()? {
            Request::Over => {
                for job in &jobs {
                    let _ = pidfd_send_signal(&job.process, Signal::KILL);
                }
                // Ended copies that nobody asks after would stay with process 1, which in a container may ask after none.
                for job in &jobs {
                    let _ = status(&job.process);
                }
                return Ok(Role::Over);
            }
            Request::End(id) => {
                if let Some(job) = jobs.iter().find(|job| job.id == id) {
                    let _ = pidfd_send_signal(&job.process, Signal::KILL);
                }
            }
            Request::CutShort(id) => tell(id, ExitStatus::from_raw(NOT_BEGUN))?,
            Request::Begin(id, streams) => match fork::fork() {
                Ok(Fork::Child) => {
                    drop(jobs);
                    die_with(program)?;
                    become_job(streams)?;
                    return Ok(Role::Job(Copied(())));
                }
                Ok(Fork::Parent(pid)) => {
                    let pid =
                        Pid::from_raw(pid).ok_or_else(|| io::Error::other("a copy without a number"))?;
                    let process = pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from)?;
                    jobs.push(Running { id, process });
                }
                Err(_) => tell(id, ExitStatus::from_raw(NOT_BEGUN))?,
            },
        }
    }
}

/// Which jobs have ended, and whether there is a request.
fn wait(jobs: &[Running]) -> io::Result<(Vec<JobId>, bool)> {
    let control = stdin();
    let mut polled = vec![PollFd::new(&control, PollFlags::IN)];
    polled.extend(jobs.iter().map(|job| PollFd::new(&job.process, PollFlags::IN)));
    retry_on_intr(|| poll(&mut polled, None))?;
    let mut seen = polled.iter().map(|one| !one.revents().is_empty());
    let told = seen.next().unwrap_or_default();
    let ended = jobs.iter().zip(seen).filter(|(_, seen)| *seen).map(|(job, _)| job.id).collect();
    Ok((ended, told))
}

fn status(process: &OwnedFd) -> io::Result<ExitStatus> {
    let done = retry_on_intr(|| waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED))?;
    let raw = done.and_then(|done| match (done.exit_status(), done.terminating_signal()) {
        (Some(code), _) => Some(code << 8),
        (None, signal) => signal,
    });
    Ok(ExitStatus::from_raw(raw.unwrap_or(NOT_BEGUN)))
}

/// Without the program a copy has no reason to be.
fn die_with(program: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // Of a program that went before that, nobody will be told.
    if getppid() == Some(program) { Ok(()) } else { Err(io::Error::other("the program has gone")) }
}

/// The job's pipes in place of the control socket.
fn become_job(streams: Streams<OwnedFd>) -> io::Result<()> {
    let [input, output, error] = streams;
    dup2_stdin(&input)?;
    dup2_stdout(&output)?;
    dup2_stderr(&error)?;
    Ok(())
}

fn request() -> io::Result<Request> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut id = [0; ID];
    let got = retry_on_intr(|| {
        recvmsg(stdin(), &mut [IoSliceMut::new(&mut id)], &mut control, RecvFlags::CMSG_CLOEXEC)
    })?;
    if got.bytes == 0 {
        return Ok(Request::Over);
    }
    if got.bytes != ID {
        return Err(io::Error::other("a request of another length"));
    }
    let mut streams = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            streams.extend(descriptors);
        }
    }
    let id = JobId::from_le_bytes(id);
    // None or some of three would be taken for another request.
    if got.flags.contains(ReturnFlags::CTRUNC) {
        return Ok(Request::CutShort(id));
    }
    match streams.try_into() {
        Ok(streams) => Ok(Request::Begin(id, streams)),
        Err(none) if none.is_empty() => Ok(Request::End(id)),
        Err(_) => Err(io::Error::other("a job has three streams")),
    }
}

fn tell(id: JobId, status: ExitStatus) -> io::Result<()> {
    let mut message = [0; ID + STATUS];
    let (first, second) = message.split_at_mut(ID);
    first.copy_from_slice(&id.to_le_bytes());
    second.copy_from_slice(&status.into_raw().to_le_bytes());
    retry_on_intr(|| send(stdin(), &message, SendFlags::NOSIGNAL))?;
    Ok(())
}

/// The control socket's two ends: one for the program's standard input, one that does not block for who asks.
///
/// # Errors
/// No descriptors are left.
pub fn control() -> io::Result<(OwnedFd, OwnedFd)> {
    let pair = || socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
    let (theirs, ours) = pair()?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    Ok((theirs, ours))
}

/// Asks for a job. The descriptors may be closed afterwards.
///
/// # Errors
/// `WouldBlock`, or the program has gone.
pub fn begin(control: BorrowedFd<'_>, id: JobId, streams: Streams<BorrowedFd<'_>>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut rights = SendAncillaryBuffer::new(&mut space);
    if !rights.push(SendAncillaryMessage::ScmRights(&streams)) {
        return Err(io::Error::other("no room for three descriptors"));
    }
    let id = id.to_le_bytes();
    retry_on_intr(|| sendmsg(control, &[IoSlice::new(&id)], &mut rights, SendFlags::NOSIGNAL))?;
    Ok(())
}

/// Asks for the end of a job.
///
/// # Errors
/// `WouldBlock`, or the program has gone.
pub fn end(control: BorrowedFd<'_>, id: JobId) -> io::Result<()> {
    retry_on_intr(|| send(control, &id.to_le_bytes(), SendFlags::NOSIGNAL))?;
    Ok(())
}

/// Which job has ended, and how. `None`: the program has gone.
///
/// # Errors
/// `WouldBlock`: none until now.
pub fn ended(control: BorrowedFd<'_>) -> io::Result<Option<(JobId, ExitStatus)>> {
    let mut message = [0; ID + STATUS];
    let got = match retry_on_intr(|| recv(control, &mut message, RecvFlags::empty())) {
        Ok((_, got)) => got,
        Err(Errno::CONNRESET) => 0,
        Err(error) => return Err(error.into()),
    };
    let (id, status) = message.split_at(ID);
    match (id.try_into(), status.try_into()) {
        (Ok(id), Ok(status)) if got == ID + STATUS => {
            Ok(Some((JobId::from_le_bytes(id), ExitStatus::from_raw(i32::from_le_bytes(status)))))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_whose_program_went_before_it_was_tied_to_it_does_not_begin() {
        let parent = getppid().unwrap();
        assert!(die_with(parent).is_ok());
        assert!(die_with(getpid()).is_err(), "somebody else is the parent by now");
        set_parent_process_death_signal(None).unwrap();
    }
}
