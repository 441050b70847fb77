//! Calls cargo, always with `--workspace`, so that demo, tests and clippy agree on features and build once.
//!
//! Must never know: what is done with the binaries.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder with the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// cargo as the one that started us, standing in the workspace.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// What a test run builds: programs and tests. Examples are compiled by clippy.
pub(crate) const TESTED: [&str; 2] = ["--bins", "--tests"];

/// `cargo install` of a tool that runs for seconds: neither optimised nor with debug information, which would take longer than
/// they save.
pub(crate) fn install(tool: &str) -> Command {
    let mut command = cargo();
    command.args(["install", tool, "--locked", "--debug"]).env("CARGO_PROFILE_DEV_DEBUG", "false");
    command
}

/// Runs a command to its end, with inherited output.
pub(crate) fn call(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}").replace('"', "");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` ended with {status}")),
        Err(error) => Err(format!("`{shown}` cannot be started: {error}")),
    }
}

/// The folder cargo puts binaries of `profile` into (`debug` or `release`).
pub(crate) fn binaries(profile: &str) -> Result<PathBuf, String> {
    // We are one of them: …/target/debug/xtask.
    let me = std::env::current_exe().map_err(|e| format!("cannot find my own path: {e}"))?;
    let target = me.parent().and_then(Path::parent).ok_or("my own path has no parents")?;
    Ok(target.join(profile))
}

/// The programs of an installed product: it only starts workers in its own folder.
const PRODUCT: [&str; 3] = ["sealpost", "sealpost-pdf", "sealpost-seal"];

/// Builds the product and returns the path of its main program.
pub(crate) fn product() -> Result<PathBuf, String> {
    Ok(programs("debug", &PRODUCT)?.join("sealpost"))
}

/// Builds programs of the workspace and returns their folder.
fn programs(profile: &str, names: &[&str]) -> Result<PathBuf, String> {
    let mut command = cargo();
    command.args(["build", "--workspace", "--locked"]);
    if profile == "release" {
        command.arg("--release");
    }
    for name in names {
        command.args(["--bin", name]);
    }
    call(&mut command)?;
    binaries(profile)
}

/// Builds the product and a program that measures it, for speed, and runs that program.
pub(crate) fn measure(program: &str, args: &[String]) -> Result<(), String> {
    let names: Vec<&str> = PRODUCT.into_iter().chain([program]).collect();
    let folder = programs("release", &names)?;
    let mut command = Command::new(folder.join(program));
    // Not /tmp: where that is in memory, nothing would be written through to a disk.
    command
        .env("TMPDIR", "/var/tmp")
        .env("SEALPOST_BIN", folder.join("sealpost"))
        .current_dir(root())
        .args(args);
    call(&mut command)
}

/// Builds an example of the workspace for speed and runs it.
pub(crate) fn example(name: &str, args: &[String]) -> Result<(), String> {
    call(cargo().args(["build", "--workspace", "--locked", "--release", "--example", name]))?;
    let program = binaries("release")?.join("examples").join(name);
    call(Command::new(program).current_dir(root()).args(args))
}
