//! The system calls that computing needs: memory, open pipes, exit. Everything else is refused with EPERM, including
//! threads: they take almost no memory, and would count towards the process limit of the user. Knows no worker.
//!
//! A program that forks installs two filters, since the kernel compiles a filter each time one is installed: a large
//! one once, including what forking needs; a small one in each copy, which removes that. A call must pass both.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

use crate::copy_filter::{Only, refusing};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Allowed without conditions.
const FREE: &[i64] = &[
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Allowed for descriptors below a number: others that are open belong to libraries of the parent (a module of a
/// hardware token opens what it likes, inherited by children).
const ON_DESCRIPTORS: &[i64] = &[libc::SYS_read, libc::SYS_readv, libc::SYS_write, libc::SYS_writev];

/// What a program also needs to fork, and a copy until it is sandboxed.
const COPYING: &[i64] = &[
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_waitid,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_getppid,
    libc::SYS_ppoll,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_dup3,
    libc::SYS_prlimit64,
    libc::SYS_seccomp,
    libc::SYS_landlock_create_ruleset,
    libc::SYS_landlock_restrict_self,
];

/// The same by older calls that this architecture still has.
#[cfg(target_arch = "x86_64")]
const COPYING_BEFORE: &[i64] = &[libc::SYS_fork, libc::SYS_poll, libc::SYS_dup2, libc::SYS_setrlimit];
#[cfg(not(target_arch = "x86_64"))]
const COPYING_BEFORE: &[i64] = &[];

/// Applies to this thread and all that it starts.
pub(crate) fn allow_only_computing(descriptors: u64) -> Result<(), seccompiler::Error> {
    let mut rules = allowed(descriptors)?;
    rules.insert(libc::SYS_prctl, naming()?);
    rules.insert(libc::SYS_tgkill, vec![rule(0, SeccompCmpOp::Eq, own())?]);
    apply(rules, REFUSED, SeccompAction::Allow)
}

/// For a program that forks, and all its copies.
pub(crate) fn allow_only_computing_and_copying(descriptors: u64) -> Result<(), seccompiler::Error> {
    let mut rules = allowed(descriptors)?;
    // A copy restricts prctl and the target of tgkill for itself.
    let beside = COPYING.iter().chain(COPYING_BEFORE).chain(&[libc::SYS_prctl, libc::SYS_tgkill]);
    rules.extend(beside.map(|call| (*call, Vec::new())));
    apply(rules, REFUSED, SeccompAction::Allow)
}

/// In a copy: together with its program's filter, only computing is left.
pub(crate) fn forbid_copying() -> Result<(), seccompiler::Error> {
    let calls: Vec<u32> = COPYING.iter().chain(COPYING_BEFORE).map(|call| *call as u32).collect();
    let names = NAMING.map(|name| name as u32);
    let only = [
        Only { call: libc::SYS_prctl as u32, arguments: &names },
        Only { call: libc::SYS_tgkill as u32, arguments: &[std::process::id()] },
    ];
    apply_filter(&refusing(&calls, &only).ok_or(seccompiler::Error::EmptyFilter)?)
}

const REFUSED: SeccompAction = SeccompAction::Errno(libc::EPERM as u32);

fn apply(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<(), seccompiler::Error> {
    apply_filter(&filter(rules, otherwise, matched)?)
}

fn filter(
    rules: Rules,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<BpfProgram, seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(rules, otherwise, matched, arch)?;
    Ok(filter.try_into()?)
}

fn allowed(descriptors: u64) -> Result<Rules, seccompiler::Error> {
    let mut rules: Rules = FREE.iter().map(|call| (*call, Vec::new())).collect();
    for call in ON_DESCRIPTORS {
        let below = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Lt, descriptors)?;
        rules.insert(*call, vec![SeccompRule::new(vec![below])?]);
    }
    // Memory is never executable, and never mapped from a file.
    let no_code = || condition(2, SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64), 0);
    let anonymous = libc::MAP_ANONYMOUS as u64;
    let no_file = condition(3, SeccompCmpOp::MaskedEq(anonymous), anonymous)?;
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![no_code()?, no_file])?]);
    rules.insert(libc::SYS_mprotect, vec![SeccompRule::new(vec![no_code()?])?]);
    Ok(rules)
}

/// Naming of a thread, and of memory.
const NAMING: [u64; 2] = [libc::PR_SET_NAME as u64, PR_SET_VMA];
const PR_SET_VMA: u64 = 0x5356_4d41;

fn naming() -> Result<Vec<SeccompRule>, seccompiler::Error> {
    NAMING.iter().map(|name| rule(0, SeccompCmpOp::Eq, *name)).collect()
}

/// For abort(3), which ends the process when memory runs out: a signal only to itself.
fn own() -> u64 {
    u64::from(std::process::id())
}

fn rule(argument: u8, compare: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::Error> {
    Ok(SeccompRule::new(vec![condition(argument, compare, value)?])?)
}

fn condition(
    argument: u8,
    compare: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, seccompiler::Error> {
    Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Qword, compare, value)?)
}
