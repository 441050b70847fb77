//! `cargo xtask bench`: builds for speed and runs the measuring program, which lives beside the test rig.
//!
//! Must never know: what is measured.

use crate::{build, packages};

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    packages::need(packages::BUILD)?;
    if let Some((first, rest)) = args.split_first()
        && first == "audit"
    {
        return build::example("audit_cost", rest);
    }
    packages::need(packages::postfix())?;
    if args.iter().any(|arg| arg == "web") {
        packages::need(packages::WEB)?;
    }
    build::measure("sealpost-bench", args)
}
