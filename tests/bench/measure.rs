//! CPU time and memory of a process and its children, from /proc.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Linux counts in hundredths of a second towards user space, whatever the kernel's own tick.
const TICK: Duration = Duration::from_millis(10);

/// Which processes are one server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tree {
    /// This one alone.
    Process(u32),
    /// All of this session: Postfix's master leads one.
    Session(u32),
    /// This one and its children: PostgreSQL's, which lead sessions of their own.
    Family(u32),
}

impl Tree {
    fn members(self) -> Vec<u32> {
        match self {
            Self::Process(pid) => vec![pid],
            Self::Session(leader) => {
                everybody().filter(|pid| stat(*pid).is_some_and(|stat| stat.session == leader)).collect()
            }
            Self::Family(parent) => everybody()
                .filter(|pid| *pid == parent || stat(*pid).is_some_and(|stat| stat.parent == parent))
                .collect(),
        }
    }

    /// CPU time used so far, that of ended children included.
    pub(crate) fn cpu(self) -> Duration {
        let ticks: u64 = self.members().into_iter().filter_map(stat).map(|stat| stat.ticks).sum();
        TICK * u32::try_from(ticks).unwrap()
    }

    /// Memory: shared pages shared out (PSS), in bytes.
    fn memory(self) -> u64 {
        let kib = |pid: u32| -> Option<u64> {
            let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            rollup.lines().find(|line| line.starts_with("Pss:"))?.split_whitespace().nth(1)?.parse().ok()
        };
        self.members().into_iter().filter_map(kib).sum::<u64>() * 1024
    }
}

fn everybody() -> impl Iterator<Item = u32> {
    let all = fs::read_dir("/proc").unwrap();
    all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

struct Stat {
    parent: u32,
    session: u32,
    ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    // proc(5): the parent is field 4, session 6, utime 14, stime 15, cutime 16, cstime 17; two precede the
    // ')'.
    let number = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<u64>().ok());
    let ticks = number(14)? + number(15)? + number(16)? + number(17)?;
    let process = |field: usize| u32::try_from(number(field)?).ok();
    Some(Stat { parent: process(4)?, session: process(6)?, ticks })
}

/// Watches memory from the side.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Watch {
    pub(crate) fn over(tree: Tree) -> Self {
        let (stop, peak) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (ends, most) = (stop.clone(), peak.clone());
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::SeqCst) {
                most.fetch_max(tree.memory(), Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        Self { stop, peak, thread }
    }

    /// The most that was seen.
    pub(crate) fn end(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        self.peak.load(Ordering::SeqCst)
    }
}
