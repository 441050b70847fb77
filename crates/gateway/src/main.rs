//! The binary `sealpost`: parses the command line and dispatches. Knows nothing else.

mod commands;
mod config;
mod demo;
mod log_writer;
mod logging;
mod readiness;
mod reload;
mod roles;
mod serve;
mod webhooks;
mod worker_check;

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use zeroizing_alloc::ZeroAlloc;

// Large letters come in bursts; this allocator returns their pages. Freed memory is erased first: a password
// passes through buffers of sockets, TLS and forms that know nothing of secrets.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<MiMalloc> = ZeroAlloc(MiMalloc);

fn main() -> ExitCode {
    commands::run(commands::Cli::parse())
}
