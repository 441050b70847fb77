//! A resident worker program that forks (fork(2)) for each job: starting it anew would cost more than most jobs. Each
//! copy gets the pipes of its job as its standard streams and sandboxes itself as if it had been started alone; the
//! program itself never reads a byte of a job. Must never know: the content of a job.
//!
//! Messages on the control socket (SOCK_SEQPACKET, the program's standard input): a number with three descriptors
//! begins a job; a number alone ends one; the program sends back a number with a status when one has ended.
//! Little-endian.
//!
//! SECURITY: copies share the program's memory layout. Its parent must discard it when a copy ends abnormally, so that
//! an attacker cannot use what a crash has disclosed.

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

/// The number of a job, assigned by the parent.
pub type JobId = u64;

/// Standard input, output and error of a job.
pub type Streams<T> = [T; 3];

const ID: usize = size_of::<JobId>();
const STATUS: usize = size_of::<i32>();
/// Status of a job that could not be started: as if it had been killed.
const NOT_BEGUN: i32 = 9;

/// The role of this process after [`serve`] returns.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Role {
    /// A copy: its job is on its standard streams.
    Job(Copied),
    /// The program itself; there are no more jobs.
    Over,
}

/// A copy with only the program's restrictions so far. It must be sandboxed before it reads its job.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Copied(());

impl Copied {
    /// Sandboxes the copy permanently: together with the program's own restrictions, exactly as [`super::enter`] does.
    ///
    /// # Errors
    /// The copy must end without reading anything.
    pub fn enter(self, policy: Policy) -> Result<Landlock, SandboxError> {
        // Again for each copy: for the kernel, copies shared one domain until now, and could have sent each other
        // signals.
        let landlock = super::lock_paths_and_ports()?;
        super::limit(policy)?;
        super::syscalls::forbid_copying().map_err(super::calls)?;
        Ok(landlock)
    }
}

/// Why the program cannot serve.
#[derive(Debug, Error)]
pub enum ServeError {
    /// It could not restrict itself as required before it forks.
    #[error("cannot limit itself: {0}")]
    NotShutIn(#[from] SandboxError),
    /// Standard input is not a control socket, or its other end is closed.
    #[error("its control socket does not work: {0}")]
    Control(#[from] io::Error),
}

/// A message to the program.
enum Request {
    Begin(JobId, Streams<OwnedFd>),
    /// A request whose descriptors did not all arrive: this process has too many open.
    CutShort(JobId),
    End(JobId),
    Over,
}

/// A running copy; the program kills it on drop.
struct Running {
    id: JobId,
    process: OwnedFd,
}

/// Serves until the other end of the control socket is closed. In each copy it returns at once. Reads and writes are
/// only possible on the first `descriptors`, in the program as in its copies.
///
/// # Errors
/// See [`ServeError`].
pub fn serve(descriptors: u64) -> Result<Role, ServeError> {
    // It needs neither paths nor ports: this applies to all copies, too.
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
                // Copies that are not reaped would stay with process 1, which in a container may reap none.
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

/// The jobs that have ended, and whether there is a request.
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

/// A copy is killed when the program ends.
fn die_with(program: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // If the program ended before, there is no notification.
    if getppid() == Some(program) { Ok(()) } else { Err(io::Error::other("the program has gone")) }
}

/// Replaces the control socket by the job's pipes.
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
    // Fewer than three would be taken for another request.
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

/// The control socket's two ends: one for the program's standard input, a non-blocking one for the parent.
///
/// # Errors
/// No descriptors are left.
pub fn control() -> io::Result<(OwnedFd, OwnedFd)> {
    let pair = || socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
    let (theirs, ours) = pair()?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    Ok((theirs, ours))
}

/// Requests a job. The descriptors may be closed afterwards.
///
/// # Errors
/// `WouldBlock`, or the program has ended.
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

/// Requests the end of a job.
///
/// # Errors
/// `WouldBlock`, or the program has ended.
pub fn end(control: BorrowedFd<'_>, id: JobId) -> io::Result<()> {
    retry_on_intr(|| send(control, &id.to_le_bytes(), SendFlags::NOSIGNAL))?;
    Ok(())
}

/// The job that has ended, and its status. `None`: the program has ended.
///
/// # Errors
/// `WouldBlock`: none so far.
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
