//! A process shuts itself in before it reads what strangers have made: no file, no socket, no other process, no new
//! code, whatever a library is talked into. For the PDF worker, and for those that will take partners' mail apart.
//!
//! Three walls, each of which holds alone: limits (not one descriptor beyond those there are), Landlock (no path and
//! no port), and a list of the system calls that computing needs (seccomp). Must never know: what the process computes.

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

/// What a worker may use. Bytes and whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Address space.
    pub memory: u64,
    /// Processor time.
    pub cpu_seconds: u64,
    /// Descriptors that are its own, counted from 0. What is open beyond them it can neither read nor write.
    pub descriptors: u64,
}

/// Why a process is not shut in. It must end then, unread.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// A limit was not taken.
    #[error("a limit was not taken: {0}")]
    Limit(#[from] Errno),
    /// The list of system calls was not taken.
    #[error("the list of system calls was not taken: {0}")]
    Calls(String),
    /// Landlock is there and refuses.
    #[error("Landlock was not taken: {0}")]
    Landlock(String),
}

/// Whether this kernel keeps paths and ports away from a process that asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landlock {
    /// It does, wholly or as far as it knows how.
    Present,
    /// It does not; limits and system calls hold without it.
    Absent,
}

/// Shuts this process in, for good, with the one thread it has. Threads that are there already would not be: call it
/// first of all.
///
/// # Errors
/// Nothing may be read then: the process must end.
pub fn enter(policy: Policy) -> Result<Landlock, SandboxError> {
    // First: it needs a descriptor for a moment.
    let landlock = lock_paths_and_ports()?;
    limit(policy)?;
    syscalls::allow_only_computing(policy.descriptors).map_err(calls)?;
    Ok(landlock)
}

fn limit(policy: Policy) -> Result<(), SandboxError> {
    let at = |limit: u64| Rlimit { current: Some(limit), maximum: Some(limit) };
    // No core dump, no debugger, no look into /proc/PID: what strangers sent is in this memory.
    setrlimit(Resource::Core, at(0))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::As, at(policy.memory))?;
    // SIGXCPU, which says what it was; SIGKILL a second later, for who does not want to hear. With both limits at once the
    // kernel kills, and nobody could tell that from a machine that is short of memory.
    let (soft, hard) = (policy.cpu_seconds, policy.cpu_seconds.saturating_add(1));
    setrlimit(Resource::Cpu, Rlimit { current: Some(soft), maximum: Some(hard) })?;
    // Not one descriptor more, and what is written goes into a pipe only.
    setrlimit(Resource::Nofile, at(policy.descriptors))?;
    setrlimit(Resource::Fsize, at(0))?;
    Ok(())
}

fn calls(error: seccompiler::Error) -> SandboxError {
    SandboxError::Calls(error.to_string())
}

/// Whether this kernel has Landlock; asked by who starts workers, to say it once.
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
