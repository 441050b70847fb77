//! `cargo xtask kills`: builds for speed and runs the killing program, which lives beside the test rig.
//!
//! Must never know: what is counted.

use std::process::Command;

use crate::{build, packages};

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    packages::need(packages::BUILD)?;
    let folder = build::binary_folder("release", &["sealpost", "sealpost-kills"])?;
    let mut command = Command::new(folder.join("sealpost-kills"));
    // Not /tmp: where that lies in memory, nothing would be written through to a disk.
    command
        .env("TMPDIR", "/var/tmp")
        .env("SEALPOST_BIN", folder.join("sealpost"))
        .current_dir(build::root())
        .args(args);
    build::call(&mut command)
}
