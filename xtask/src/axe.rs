//! axe-core, the accessibility engine of the browser tests: a pinned version, fetched once from npm's
//! registry and verified.
//!
//! Must never know: what its rules are.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::build;

const VERSION: &str = "4.14.1";
const SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// Puts it into `target/axe/package/axe.min.js`, where the tests look for it. It is never shipped.
pub(crate) fn fetch() -> Result<(), String> {
    let target =
        build::binaries("debug")?.parent().map(|folder| folder.join("axe")).ok_or("no target folder")?;
    if is_right(&target) {
        return Ok(());
    }
    println!("fetching axe-core {VERSION} …");
    std::fs::create_dir_all(&target).map_err(|e| format!("{}: {e}", target.display()))?;
    let archive = format!("axe-core-{VERSION}.tgz");
    // npm knows of mirrors and proxies; it is no reason to install five hundred packages.
    let fetched = if Command::new("npm").arg("--version").stdout(Stdio::null()).status().is_ok() {
        let package = format!("axe-core@{VERSION}");
        build::call(Command::new("npm").args(["pack", "--silent", &package]).current_dir(&target))
    } else {
        let url = format!("https://registry.npmjs.org/axe-core/-/{archive}");
        build::call(Command::new("curl").args(["-fsSL", "-o", &archive, &url]).current_dir(&target))
    };
    fetched?;
    build::call(Command::new("tar").args(["-xzf", &archive]).current_dir(&target))?;
    if is_right(&target) { Ok(()) } else { Err(format!("{archive} is not what it was: its SHA-256 differs")) }
}

fn is_right(folder: &Path) -> bool {
    let sum = format!("echo '{SHA256}  package/axe.min.js' | sha256sum --check --status");
    let mut command = Command::new("sh");
    command.args(["-c", &sum]).current_dir(folder).stderr(Stdio::null());
    folder.is_dir() && command.status().is_ok_and(|status| status.success())
}
