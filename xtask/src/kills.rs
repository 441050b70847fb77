//! `cargo xtask kills`: builds for speed and runs the killing program, which lives beside the test rig.
//!
//! Must never know: what is counted.

use crate::{build, packages};

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    packages::need(packages::BUILD)?;
    build::measure("sealpost-kills", args)
}
