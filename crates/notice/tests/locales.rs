//! Every language has the same texts, and none that is unused.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The message keys of a Fluent file: identifiers at the start of a line; terms (`-x`) are private.
fn keys(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let Some((key, _)) = line.split_once('=') else { continue };
        let key = key.trim_end();
        if key.starts_with(|c: char| c.is_ascii_alphabetic()) && !key.contains(' ') {
            assert!(seen.insert(key.to_owned()), "{}: {key} stands there twice", file.display());
        }
    }
    seen
}

/// Language -> file name -> keys.
fn languages() -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let files = |folder: PathBuf| -> BTreeMap<_, _> {
        fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).map(|f| (name(&f), keys(&f))).collect()
    };
    fs::read_dir(here("locales")).unwrap().map(|l| l.unwrap().path()).map(|l| (name(&l), files(l))).collect()
}

#[test]
fn no_language_misses_a_text() {
    let languages = languages();
    let german = languages.get("de").unwrap();
    assert!(german.values().map(BTreeSet::len).sum::<usize>() > 60);
    for (language, files) in &languages {
        assert_eq!(files, german, "{language} differs from de");
    }
}

#[test]
fn no_text_is_unused_and_every_folder_is_a_language() {
    let source: String = fs::read_dir(here("src"))
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    for (language, files) in languages() {
        assert!(sealpost_notice::Language::parse(&language).is_some(), "{language}");
        for key in files.values().flatten() {
            assert!(source.contains(&format!("\"{key}\"")), "{language}: nobody says {key}");
        }
    }
}
