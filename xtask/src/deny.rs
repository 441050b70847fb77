//! `cargo xtask deny`: checks the dependency tree against `deny.toml`.
//!
//! Must never know: why a licence or a crate is allowed; `deny.toml` says that.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::build;

pub(crate) fn run(_args: &[String]) -> Result<(), String> {
    if !present() {
        println!("cargo-deny is missing: installing it (some minutes on two cores)");
        build::call(&mut build::install("cargo-deny"))?;
    }
    build::call(build::cargo().args([
        "deny",
        "--workspace",
        "--locked",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))?;
    if !advisories_at_hand() {
        println!("advisories: no database in the cargo home, skipped (`cargo deny fetch` gets one)");
        return Ok(());
    }
    build::call(build::cargo().args(["deny", "--offline", "--workspace", "--locked", "check", "advisories"]))
}

fn present() -> bool {
    build::cargo()
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Where cargo-deny keeps clones of advisory databases.
fn advisories_at_hand() -> bool {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let Some(folder) = home.map(|home| home.join("advisory-dbs")) else {
        return false;
    };
    let filled =
        Command::new("find").arg(&folder).args(["-name", "RUSTSEC-*.md", "-print", "-quit"]).output();
    filled.is_ok_and(|found| !found.stdout.is_empty())
}
