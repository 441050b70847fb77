//! The code map: a line for every file of the product, taken from its first `//!` paragraph. Pure except for
//! reading files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Path of the map.
pub(crate) const FILE: &str = "docs/code-map.md";

const TOP: &str = "# Code map

A line for every file, in the order in which a letter passes the crates: its purpose, from its first paragraph. Made by
`cargo xtask map`; a test compares it with the files. [architecture](architecture.md) says what each crate may know.
";

/// The map as it should be.
pub(crate) fn text(root: &Path) -> std::io::Result<String> {
    let mut out = TOP.to_owned();
    for name in crates(root)? {
        let _ = write!(out, "\n## {name}\n\n| file | its job |\n|---|---|\n");
        let folder = root.join("crates").join(&name).join("src");
        for file in files(&folder)? {
            let path = file.strip_prefix(&folder).unwrap_or(&file).display().to_string();
            let job = job(&fs::read_to_string(&file)?).replace('|', "\\|");
            let _ = writeln!(out, "| `{name}/src/{path}` | {job} |");
        }
    }
    Ok(out)
}

/// The crates in the order in which a letter meets them: as the workspace lists them.
fn crates(root: &Path) -> std::io::Result<Vec<String>> {
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let members = manifest.lines().filter_map(|line| line.trim().strip_prefix("\"crates/"));
    Ok(members.filter_map(|member| member.split('"').next()).map(str::to_owned).collect())
}

/// The files that are part of the product.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                open.push(path);
            } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The first paragraph.
fn job(code: &str) -> String {
    let lines = code.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
