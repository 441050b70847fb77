//! The system calls that computing needs: memory, pipes that are open, the end. Everything else is refused with EPERM,
//! threads too: they need next to no memory, and would count for everything else that runs as the same user. Knows no
//! worker.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Without conditions.
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

/// For descriptors below a number: what else was left open belongs to libraries of who started the worker (a module of a
/// hardware token opens what it likes, and lets children inherit it).
const ON_DESCRIPTORS: &[i64] = &[libc::SYS_read, libc::SYS_readv, libc::SYS_write, libc::SYS_writev];

/// Takes effect for this thread and all it starts.
pub(crate) fn allow_only_computing(descriptors: u64) -> Result<(), seccompiler::Error> {
    apply_filter(&filter(
        allowed(descriptors)?,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
    )?)
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
    // Memory is never code, and no file's.
    let no_code = || condition(2, SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64), 0);
    let anonymous = libc::MAP_ANONYMOUS as u64;
    let no_file = condition(3, SeccompCmpOp::MaskedEq(anonymous), anonymous)?;
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![no_code()?, no_file])?]);
    rules.insert(libc::SYS_mprotect, vec![SeccompRule::new(vec![no_code()?])?]);
    // The name of a thread, and of memory.
    const PR_SET_VMA: u64 = 0x5356_4d41;
    let names = [libc::PR_SET_NAME as u64, PR_SET_VMA];
    let named = names.iter().map(|name| rule(0, SeccompCmpOp::Eq, *name));
    rules.insert(libc::SYS_prctl, named.collect::<Result<_, _>>()?);
    // abort(3), which is how running out of memory ends: a signal to itself and nobody else.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![rule(0, SeccompCmpOp::Eq, own)?]);
    Ok(rules)
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
