//! Sandboxes the worker before it reads anything. Knows no letter.

use sealpost_sandbox::{Policy, SandboxError};

/// Standard input, output and error.
const STREAMS: u64 = 3;

/// The limits set by the caller.
pub(crate) struct Limits {
    memory: u64,
    cpu_seconds: u64,
}

impl Limits {
    /// `--memory BYTES --cpu SECONDS`; both are required: a worker without limits does not run.
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

    pub(crate) fn impose(&self) -> Result<(), SandboxError> {
        // If memory runs short, this process is killed and not the gateway. If this fails, the limits below
        // still apply.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
        let Self { memory, cpu_seconds } = *self;
        // The gateway reports once whether this kernel has Landlock; a worker has only one line of output,
        // for its letter.
        sealpost_sandbox::enter(Policy { memory, cpu_seconds, descriptors: STREAMS }).map(|_landlock| ())
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
