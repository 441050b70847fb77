//! `cargo xtask demo`: builds the product and becomes `sealpost demo`.
//!
//! Must never know: what the tour shows.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::{build, packages};

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    packages::need(packages::BUILD)?;
    let sealpost = build::product()?;
    // Replacing ourselves lets Ctrl-C and SIGTERM reach the product directly.
    let error = Command::new(&sealpost).arg("demo").args(args).exec();
    Err(format!("{} cannot be started: {error}", sealpost.display()))
}
