//! Limits a process to a share of the processor, as if it had a small machine to itself: a control group of
//! the kernel (version 1 or 2), which requires root. Has no effect where there are none.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Microseconds in which the kernel counts: short, so that a share is spread and not a burst and a pause.
const PERIOD: u32 = 10_000;

/// A group whose members share a limit on one core. Removed on drop: by then they have ended.
pub(crate) struct CpuShare(PathBuf);

impl CpuShare {
    /// A group with `percent` of one core; `None` without permission to create one.
    pub(crate) fn new(percent: u32) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("sealpost-bench-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let quota = PERIOD * percent / 100;
        let (first, second) = (Path::new("/sys/fs/cgroup/cpu"), Path::new("/sys/fs/cgroup"));
        if first.join("cpu.cfs_quota_us").exists() {
            let group = Self(first.join(name));
            fs::create_dir(&group.0).ok()?;
            fs::write(group.0.join("cpu.cfs_period_us"), PERIOD.to_string()).ok()?;
            fs::write(group.0.join("cpu.cfs_quota_us"), quota.to_string()).ok()?;
            Some(group)
        } else {
            let group = Self(second.join(name));
            fs::create_dir(&group.0).ok()?;
            fs::write(group.0.join("cpu.max"), format!("{quota} {PERIOD}")).ok()?;
            Some(group)
        }
    }

    /// Puts a process into the group, with all its threads and what it starts from now on.
    pub(crate) fn hold(&self, process: u32) {
        fs::write(self.0.join("cgroup.procs"), process.to_string()).unwrap();
    }
}

impl Drop for CpuShare {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}
