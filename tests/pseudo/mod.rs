//! A pseudo-language: every English text with each letter replaced by another character. Any plain letters
//! left on a page, in a mail or in a document are not from a language folder. Knows no page.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use fluent_templates::ArcLoader;

mod plain;

use plain::replaced;
pub(crate) use plain::{plain_words, shown};

/// Its tag, for private use (ISO 639-2) and in use for this.
pub(crate) const TAG: &str = "qps";

/// The texts of the folder `english`, in a folder of that language.
pub(crate) fn loader(english: &Path) -> ArcLoader {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join(TAG);
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(english).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        fs::write(folder.join(entry.file_name()), translated(&text)).unwrap();
    }
    ArcLoader::builder(scratch.path(), TAG.parse().unwrap())
        .customize(|bundle| bundle.set_use_isolating(false))
        .build()
        .unwrap()
}

/// The letters of every text in a Fluent file replaced; keys, variants' names and text in braces stay.
fn translated(file: &str) -> String {
    let mut out = String::new();
    for line in file.lines() {
        let text = text_of(line);
        let (before, text) = line.split_at(line.len() - text.len());
        let text = if before.starts_with("direction =") { text.to_owned() } else { replaced(text) };
        writeln!(out, "{before}{text}").unwrap();
    }
    out
}

/// What a line says; nothing if it is a comment.
fn text_of(line: &str) -> &str {
    if line.starts_with('#') {
        return "";
    }
    let bare = line.trim_start();
    if !line.starts_with([' ', '}']) || bare.starts_with('.') {
        return line.split_once('=').map_or("", |(_, text)| text);
    }
    if bare.starts_with(['[', '*']) {
        return line.split_once(']').map_or("", |(_, text)| text);
    }
    line
}
