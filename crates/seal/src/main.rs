//! The worker: one letter or one file of keys in, one verdict out, then the end. Must never know: files, sockets, the
//! time of day, and any key but those that it was lent.
//!
//! With `--serve` it stays and forks for each job; a copy then behaves like a worker started alone.
//!
//! Exit status: 0 the answer is on standard output; 2 wrong arguments or input; 3 it could not sandbox itself. Standard
//! error has at most one line, and never a word of a letter or a key.

use std::io::{BufReader, BufWriter};
use std::process::ExitCode;

use sealpost_sandbox::Policy;
use sealpost_sandbox::fork_server::{self, Role, ServeError};
use sealpost_sandbox::launch::NOT_SHUT_IN;

const WRONG_INPUT: u8 = 2;
/// Standard input, output and error.
const STREAMS: u64 = 3;
const BUFFER: usize = 8 * 1024;

fn main() -> ExitCode {
    // A panic's message could contain words of the letter.
    std::panic::set_hook(Box::new(|_| {}));
    let mut arguments = std::env::args().skip(1).peekable();
    let stays = arguments.next_if(|word| word == "--serve").is_some();
    let Some((memory, cpu_seconds)) = limits(arguments) else {
        return give_up(WRONG_INPUT, "usage: sealpost-seal [--serve] --memory BYTES --cpu SECONDS");
    };
    // If memory runs short, this process is killed and not the gateway.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let policy = Policy { memory, cpu_seconds, descriptors: STREAMS };
    let shut_in = if stays {
        sealpost_seal::warm_up();
        match fork_server::serve(STREAMS) {
            Ok(Role::Job(copied)) => copied.enter(policy),
            Ok(Role::Over) => return ExitCode::SUCCESS,
            Err(error @ ServeError::NotShutIn(_)) => return give_up(NOT_SHUT_IN, &error.to_string()),
            Err(error @ ServeError::Control(_)) => return give_up(WRONG_INPUT, &error.to_string()),
        }
    } else {
        sealpost_sandbox::enter(policy)
    };
    if let Err(error) = shut_in {
        return give_up(NOT_SHUT_IN, &format!("cannot limit itself: {error}"));
    }
    // For a line and a short job: what is larger goes past them, and is not copied once more.
    let mut input = BufReader::with_capacity(BUFFER, std::io::stdin().lock());
    let mut out = BufWriter::with_capacity(BUFFER, std::io::stdout().lock());
    match sealpost_seal::work(&mut input, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => give_up(WRONG_INPUT, &error.to_string()),
    }
}

/// Both are required: a worker without limits does not run.
fn limits(mut arguments: impl Iterator<Item = String>) -> Option<(u64, u64)> {
    let (mut memory, mut cpu_seconds) = (None, None);
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse::<u64>().ok())?;
        match name.as_str() {
            "--memory" => memory = Some(value),
            "--cpu" => cpu_seconds = Some(value),
            _ => return None,
        }
    }
    Some((memory?, cpu_seconds?))
}

#[expect(clippy::print_stderr, reason = "how the parent learns why; nothing of the letter is in it")]
fn give_up(status: u8, why: &str) -> ExitCode {
    eprintln!("sealpost-seal: {why}");
    ExitCode::from(status)
}
