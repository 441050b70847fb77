//! OpenPGP.js, which the partners' tests exchange letters with: a pinned version, fetched once from npm's
//! registry and verified; never shipped.
//!
//! Must never know: what the tests prove.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::build;

const VERSION: &str = "6.3.2";
const SHA256: &str = "a858084926af9ecaf4899deaf1939e4b466c95f6584befa106050dc42976e093";

/// Puts it into `target/openpgpjs/package`, where the tests look for it.
pub(crate) fn fetch() -> Result<(), String> {
    let target = build::binaries("debug")?
        .parent()
        .map(|folder| folder.join("openpgpjs"))
        .ok_or("no target folder")?;
    if is_right(&target) {
        return Ok(());
    }
    println!("fetching OpenPGP.js {VERSION} …");
    std::fs::create_dir_all(&target).map_err(|e| format!("{}: {e}", target.display()))?;
    let package = format!("openpgp@{VERSION}");
    build::call(Command::new("npm").args(["pack", "--silent", &package]).current_dir(&target))?;
    let archive = format!("openpgp-{VERSION}.tgz");
    build::call(Command::new("tar").args(["-xzf", &archive]).current_dir(&target))?;
    if is_right(&target) { Ok(()) } else { Err(format!("{archive} is not what it was: its SHA-256 differs")) }
}

fn is_right(folder: &Path) -> bool {
    let sum = format!("echo '{SHA256}  package/dist/node/openpgp.min.cjs' | sha256sum --check --status");
    let mut command = Command::new("sh");
    command.args(["-c", &sum]).current_dir(folder).stderr(Stdio::null());
    folder.is_dir() && command.status().is_ok_and(|status| status.success())
}
