//! Other programs that read our output. `cargo xtask test` installs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::run;

/// The repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The letters in `tests/corpus`: name and bytes, by name.
#[must_use]
pub fn corpus() -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(root().join("tests/corpus")).unwrap().map(|entry| entry.unwrap().path());
    let mut letters: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    letters.sort();
    assert!(letters.len() >= 30, "the corpus is gone");
    letters
}

/// Runs a program that must succeed and gives what it said.
pub fn said(command: &mut Command) -> String {
    let (code, out, err) = run(command);
    assert_eq!(code, 0, "{command:?}: {out}{err}");
    out + &err
}

/// Python with the readers of `tests/exports/requirements.txt`.
#[must_use]
pub fn python() -> Command {
    let prepared = std::env::var_os("SEALPOST_EXPORTS_PYTHON").map(PathBuf::from);
    let path = prepared.unwrap_or_else(|| root().join("target/venv-exports/bin/python"));
    assert!(path.exists(), "no {}: `cargo xtask test` prepares it", path.display());
    Command::new(path)
}

/// The files embedded in a PDF: name and bytes.
#[must_use]
pub fn embedded(pdf: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let list = said(Command::new("pdfdetach").args(["-enc", "UTF-8", "-list"]).arg(pdf));
    let numbered = list.lines().filter_map(|line| line.split_once(": "));
    let numbered = numbered.filter(|(number, _)| number.parse::<u32>().is_ok());
    let save = |(number, name): (&str, &str)| {
        let file = folder.path().join(number);
        said(Command::new("pdfdetach").args(["-save", number, "-o"]).arg(&file).arg(pdf));
        (name.to_owned(), std::fs::read(file).unwrap())
    };
    numbered.map(save).collect()
}
