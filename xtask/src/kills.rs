//! `cargo xtask kills`: builds for speed and runs the killing program in `tests/kills`.
//!
//! Must never know: what is counted.

use crate::{build, packages, s3_server};

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    packages::need(packages::BUILD)?;
    if args.first().is_some_and(|word| word == "cluster") {
        packages::need(packages::TEST)?;
        let _where_the_rig_looks = s3_server::prepare()?;
    }
    build::measure("sealpost-kills", args)
}
