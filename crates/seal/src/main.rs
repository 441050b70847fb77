//! The worker: one letter or one file of keys in, one verdict out, then the end. Must never know: files, sockets, the
//! time of day, and any key but those that it was handed.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::FAILURE
}
