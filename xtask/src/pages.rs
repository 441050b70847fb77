//! Independent checkers of our pages besides axe-core: html-validate, and HTML CodeSniffer, which pa11y uses.
//! Pinned versions, fetched once from npm's registry and verified; never shipped.
//!
//! Must never know: what their rules are.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::build;

/// HTML CodeSniffer as pa11y has it.
const SNIFFER: &str = "@pa11y/html_codesniffer";
const SNIFFER_VERSION: &str = "2.6.0";
const SNIFFER_SHA256: &str = "c6e74989cd57cc1566a301e7202a98caa215d232ca1cebad0c34f9ea239a5748";

/// Puts them into `target/pages`, where the tests look for them.
pub(crate) fn fetch() -> Result<(), String> {
    let target =
        build::binaries("debug")?.parent().map(|folder| folder.join("pages")).ok_or("no target folder")?;
    std::fs::create_dir_all(&target).map_err(|e| format!("{}: {e}", target.display()))?;
    if !is_right(&target) {
        println!("fetching {SNIFFER} {SNIFFER_VERSION} …");
        let package = format!("{SNIFFER}@{SNIFFER_VERSION}");
        build::call(Command::new("npm").args(["pack", "--silent", &package]).current_dir(&target))?;
        let archive = format!("pa11y-html_codesniffer-{SNIFFER_VERSION}.tgz");
        build::call(Command::new("tar").args(["-xzf", &archive]).current_dir(&target))?;
        if !is_right(&target) {
            return Err(format!("{archive} is not what it was: its SHA-256 differs"));
        }
    }
    let expected = build::root().join("tests/webmail/pages");
    let same = |name: &str| {
        let read = |folder: &Path| std::fs::read(folder.join(name)).ok();
        read(&expected).is_some_and(|text| read(&target) == Some(text))
    };
    if same("package-lock.json") && target.join("node_modules/html-validate").is_dir() {
        return Ok(());
    }
    println!("fetching html-validate …");
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(expected.join(name), target.join(name)).map_err(|e| format!("{name}: {e}"))?;
    }
    // The lock file names every package with its hash; nothing of them runs while they are installed.
    let options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
    build::call(Command::new("npm").args(options).current_dir(&target))
}

fn is_right(folder: &Path) -> bool {
    let sum = format!("echo '{SNIFFER_SHA256}  package/build/HTMLCS.js' | sha256sum --check --status");
    let mut command = Command::new("sh");
    command.args(["-c", &sum]).current_dir(folder).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
