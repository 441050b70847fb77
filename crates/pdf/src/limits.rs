//! What the process may use, imposed on itself before it reads anything. Knows no letter.

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// What the caller allows.
pub(crate) struct Limits {
    memory: u64,
    cpu_seconds: u64,
}

impl Limits {
    /// `--memory BYTES --cpu SECONDS`; both must be there: a worker without limits does not run.
    pub(crate) fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self, &'static str> {
        const USAGE: &str = "usage: sealpost-pdf --memory BYTES --cpu SECONDS";
        let (mut memory, mut cpu_seconds) = (None, None);
        while let Some(name) = arguments.next() {
            let value = arguments.next().and_then(|value| value.parse::<u64>().ok()).ok_or(USAGE)?;
            match name.as_str() {
                "--memory" => memory = Some(value),
                "--cpu" => cpu_seconds = Some(value),
                _ => return Err(USAGE),
            }
        }
        Ok(Self { memory: memory.ok_or(USAGE)?, cpu_seconds: cpu_seconds.ok_or(USAGE)? })
    }

    pub(crate) fn impose(&self) -> Result<(), Errno> {
        let at = |limit: u64| Rlimit { current: Some(limit), maximum: Some(limit) };
        // Where memory runs short, this process goes and not the gateway. Where that cannot be said, the limits
        // below still hold.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
        // No core dump: the letter is in this memory.
        setrlimit(Resource::Core, at(0))?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        setrlimit(Resource::As, at(self.memory))?;
        setrlimit(Resource::Cpu, at(self.cpu_seconds))?;
        // Not one descriptor beyond the three there are: from here on no file and no socket can be opened,
        // whatever a library would like to do.
        setrlimit(Resource::Nofile, at(3))?;
        // And what is written goes into the pipe only.
        setrlimit(Resource::Fsize, at(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_must_be_given() {
        let read = |line: &str| Limits::from_arguments(line.split_whitespace().map(str::to_owned));
        let limits = read("--memory 5 --cpu 7").unwrap();
        assert_eq!((limits.memory, limits.cpu_seconds), (5, 7));
        for wrong in ["", "--memory 5", "--cpu 7", "--memory x --cpu 7", "--memory 5 --cpu", "--help 1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
