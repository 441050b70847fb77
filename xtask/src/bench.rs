//! `cargo xtask bench`: builds for speed and runs the measuring program in `tests/bench`.
//!
//! Must never know: what is measured.

use crate::{build, packages, s3_server};

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    packages::need(packages::BUILD)?;
    if let Some((first, rest)) = args.split_first()
        && first == "audit"
    {
        return build::example("audit_cost", rest);
    }
    if args.iter().any(|arg| arg == "cluster" || arg == "move") {
        packages::need(packages::TEST)?;
        let _where_the_rig_looks = s3_server::prepare()?;
        return build::measure("sealpost-bench", args);
    }
    packages::need(packages::postfix())?;
    if args.iter().any(|arg| arg == "web") {
        packages::need(packages::WEB)?;
    }
    build::measure("sealpost-bench", args)
}
