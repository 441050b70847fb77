//! The worker: one letter in on standard input, one PDF/A-3 out on standard output, then the end.
//!
//! Must never know: files, sockets, accounts, the time of day. It sandboxes itself before it reads a byte
//! (`sandbox.rs`), so that no letter can make it open, keep or exhaust anything.
//!
//! Exit status: 0 a PDF is on standard output; 2 wrong arguments or input; 3 it could not sandbox itself; 4
//! no PDF could be made. Standard error has at most one line, and never a word of the letter.

mod fonts;
mod glyphs;
mod html;
mod job;
mod line_ends;
mod model;
mod pictures;
mod plain;
mod sandbox;
mod syllables;
mod table;
mod table_size;
mod template_input;
mod typeset;
mod world;

use std::io::Write as _;
use std::process::ExitCode;

use sealpost_sandbox::launch::NOT_SHUT_IN;

const WRONG_INPUT: u8 = 2;
const NO_PDF: u8 = 4;

fn main() -> ExitCode {
    // A panic's message could contain words of the letter.
    std::panic::set_hook(Box::new(|_| {}));
    let limits = match sandbox::Limits::from_arguments(std::env::args().skip(1)) {
        Ok(limits) => limits,
        Err(problem) => return give_up(WRONG_INPUT, problem),
    };
    if let Err(error) = limits.impose() {
        return give_up(NOT_SHUT_IN, &format!("cannot limit itself: {error}"));
    }
    // Typst's other threads are this one: there can be no others.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    if alone.is_err() {
        return give_up(NO_PDF, "cannot work alone");
    }
    let job = match job::Job::read(&mut std::io::stdin().lock()) {
        Ok(job) => job,
        Err(problem) => return give_up(WRONG_INPUT, &problem.to_string()),
    };
    let Some(pdf) = typeset::pdf(job) else {
        return give_up(NO_PDF, "the letter cannot be typeset");
    };
    let mut out = std::io::stdout().lock();
    match out.write_all(&pdf).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => give_up(NO_PDF, &format!("cannot write: {error}")),
    }
}

#[expect(clippy::print_stderr, reason = "how the parent learns why; nothing of the letter is in it")]
fn give_up(status: u8, why: &str) -> ExitCode {
    eprintln!("sealpost-pdf: {why}");
    ExitCode::from(status)
}
