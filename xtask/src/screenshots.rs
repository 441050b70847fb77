//! `cargo xtask screenshots`: pictures of every page of the webmail, small enough for the repository.
//!
//! Must never know: what is on them.

use std::process::Command;

use crate::{build, packages};

/// More than this in all does not belong into a repository.
const MAX: u64 = 8 * 1024 * 1024;

pub(crate) fn run() -> Result<(), String> {
    packages::need(packages::BUILD)?;
    packages::need(packages::TEST)?;
    packages::need(packages::PICTURES)?;
    let folder = build::root().join("docs/images");
    let sealpost = build::product()?;
    let mut command = build::cargo();
    command
        .args(["run", "--package", "sealpost-tests", "--example", "screenshots", "--"])
        .arg(&folder)
        .arg(build::root().join("docs/screens.md"));
    build::call(command.env("SEALPOST_BIN", &sealpost))?;
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let pictures: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "png"))
        .collect();
    let mut pngquant = Command::new("pngquant");
    pngquant.args(["--ext", ".png", "--force", "--strip", "--speed", "3", "16"]).args(&pictures);
    build::call(&mut pngquant)?;
    let size: u64 = pictures.iter().filter_map(|path| Some(path.metadata().ok()?.len())).sum();
    println!("{} pictures, {} KiB", pictures.len(), size / 1024);
    if size > MAX { Err("the pictures are larger than 8 MiB".to_owned()) } else { Ok(()) }
}
