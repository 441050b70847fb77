//! Sandboxes a process before it reads untrusted input: no file, no socket, no other process, no new code, even if a
//! library is exploited. For the PDF worker and the worker that opens partners' letters.
//!
//! Three independent barriers: limits (no further descriptor), Landlock (no path and no port), and an allow-list of the
//! system calls that computing needs (seccomp). Must never know: what the process computes.

mod copy_filter;
pub mod fork_server;
pub mod launch;
mod syscalls;
pub mod trial;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetStatus, Scope,
};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use thiserror::Error;

/// The limits of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Address space in bytes.
    pub memory: u64,
    /// Processor time in seconds.
    pub cpu_seconds: u64,
    /// Number of its own descriptors, counted from 0. It can neither read nor write any others that are open.
    pub descriptors: u64,
}

/// Why a process could not be sandboxed. It must then end without reading anything.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// A limit could not be set.
    #[error("a limit was not taken: {0}")]
    Limit(#[from] Errno),
    /// The list of system calls could not be installed.
    #[error("the list of system calls was not taken: {0}")]
    Calls(String),
    /// Landlock is available but failed.
    #[error("Landlock was not taken: {0}")]
    Landlock(String),
}

/// Whether this kernel supports Landlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landlock {
    /// Yes, completely or in part.
    Present,
    /// No; limits and system call filter apply without it.
    Absent,
}

/// Sandboxes this process permanently, with its only thread. Existing threads would not be included: call it first of
/// all.
///
/// # Errors
/// The process must end without reading anything.
pub fn enter(policy: Policy) -> Result<Landlock, SandboxError> {
    // First: it needs a descriptor for a moment.
    let landlock = lock_paths_and_ports()?;
    limit(policy)?;
    syscalls::allow_only_computing(policy.descriptors).map_err(calls)?;
    Ok(landlock)
}

fn limit(policy: Policy) -> Result<(), SandboxError> {
    let at = |limit: u64| Rlimit { current: Some(limit), maximum: Some(limit) };
    // No core dump, no debugger, no access to /proc/PID: this memory contains untrusted and confidential data.
    setrlimit(Resource::Core, at(0))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::As, at(policy.memory))?;
    // SIGXCPU, which identifies the cause; SIGKILL a second later, if that is ignored. With equal limits the kernel
    // sends SIGKILL, which could not be told from a machine that is short of memory.
    let (soft, hard) = (policy.cpu_seconds, policy.cpu_seconds.saturating_add(1));
    setrlimit(Resource::Cpu, Rlimit { current: Some(soft), maximum: Some(hard) })?;
    // No further descriptor, and output only to pipes.
    setrlimit(Resource::Nofile, at(policy.descriptors))?;
    setrlimit(Resource::Fsize, at(0))?;
    Ok(())
}

fn calls(error: seccompiler::Error) -> SandboxError {
    SandboxError::Calls(error.to_string())
}

/// Whether this kernel has Landlock; for the process that starts workers, to report it once.
#[must_use]
pub fn landlock() -> Landlock {
    let hard = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    match hard.handle_access(AccessFs::from_all(ABI::V1)).and_then(Ruleset::create) {
        Ok(_created) => Landlock::Present,
        Err(_unsupported) => Landlock::Absent,
    }
}

fn lock_paths_and_ports() -> Result<Landlock, SandboxError> {
    let failed = |error: landlock::RulesetError| SandboxError::Landlock(error.to_string());
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(ABI::V4)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(ABI::V6)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(failed)?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Landlock::Present,
        RulesetStatus::NotEnforced => Landlock::Absent,
    })
}
