//! The S3 server that tests start, built from crates.io at a pinned version, in `target/s3-server`. It is not
//! part of the workspace: it needs HTTP/2, which deny.toml forbids in the product.
//!
//! Must never know: what is stored there.

use std::path::PathBuf;

use crate::build;

/// The newest that this compiler builds.
const VERSION: &str = "0.14.1";

/// Builds it if it is not there; gives the program.
pub(crate) fn prepare() -> Result<PathBuf, String> {
    let target = build::binaries("debug")?.parent().map(PathBuf::from).ok_or("no target folder")?;
    let folder = target.join("s3-server");
    let (program, done) = (folder.join("bin/s3s-fs"), folder.join("version"));
    if program.exists() && std::fs::read_to_string(&done).is_ok_and(|had| had == VERSION) {
        return Ok(program);
    }
    println!("building the S3 server s3s-fs {VERSION} for the tests …");
    let mut install = build::install("s3s-fs");
    install.args(["--version", VERSION, "--force", "--features", "binary", "--root"]).arg(&folder);
    build::call(install.env("CARGO_TARGET_DIR", folder.join("build")))?;
    // What it was built from is large and not needed again.
    let _may_stay = std::fs::remove_dir_all(folder.join("build"));
    std::fs::write(&done, VERSION).map_err(|e| format!("{}: {e}", done.display()))?;
    Ok(program)
}
