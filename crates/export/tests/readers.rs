//! `.msg` files read back by other programs: extract-msg and olefile (PyPI), msgconvert (Debian).
//!
//! The comparison is `tests/exports/read_msg.py`. Its Python is `$SEALPOST_EXPORTS_PYTHON`, else the one in
//! `target/venv-exports`, which `cargo xtask test` prepares.
#![expect(clippy::print_stderr, reason = "says what was skipped")]

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "texts/labels.rs"]
#[expect(clippy::unwrap_used, reason = "tests")]
mod sample_labels;

use sample_labels::labels;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn python() -> Option<PathBuf> {
    let configured = std::env::var_os("SEALPOST_EXPORTS_PYTHON").map(PathBuf::from);
    let promised = configured.is_some();
    let python = configured.unwrap_or_else(|| root().join("target/venv-exports/bin/python"));
    let ready = Command::new(&python).args(["-c", "import extract_msg, olefile"]).output();
    let ready = ready.is_ok_and(|done| done.status.success());
    assert!(ready || !promised, "{} has no extract-msg and olefile", python.display());
    ready.then_some(python)
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--help").output().is_ok_and(|done| done.status.code() != Some(2))
}

#[test]
fn three_readers_find_in_a_message_what_the_letter_says() {
    let Some(python) = python() else {
        eprintln!("SKIPPED: no Python with extract-msg and olefile; `cargo xtask test` prepares one");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let words = labels("en").files;
    for entry in std::fs::read_dir(root().join("tests/corpus")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            let letter = std::fs::read(&path).unwrap();
            let file = folder.path().join(path.file_name().unwrap());
            std::fs::write(file.with_extension("msg"), sealpost_export::msg(&letter, &words).unwrap())
                .unwrap();
            std::fs::write(file, letter).unwrap();
        }
    }
    let mut command = Command::new(python);
    command.arg(root().join("tests/exports/read_msg.py")).arg(folder.path());
    if is_there("msgconvert") {
        command.arg("--msgconvert");
    } else {
        assert!(std::env::var_os("SEALPOST_EXPORTS_PYTHON").is_none(), "msgconvert is missing");
        eprintln!("without msgconvert: libemail-outlook-message-perl is not installed");
    }
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains(" 0 differences"), "{said}");
}
