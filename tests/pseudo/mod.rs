//! A language that nobody speaks: every English text with each of its letters replaced by another sign. What still stands
//! in plain letters on a page or in a mail is no text of a language folder. Knows no page.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use fluent_templates::ArcLoader;

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

/// The letters of every text in a Fluent file replaced; keys, variants' names and what stands in braces stay.
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

fn replaced(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .map(|c| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            // The wide forms begin at U+FF01 for `!`.
            let wide =
                if depth == 0 && c.is_ascii_alphabetic() { u32::from(c) + 0xFEE0 } else { u32::from(c) };
            char::from_u32(wide).unwrap()
        })
        .collect()
}

/// Attributes that are shown or read aloud.
const SAID: [&str; 6] =
    [" title=\"", " alt=\"", " aria-label=\"", " placeholder=\"", " aria-description=\"", " label=\""];

/// What a page shows or says, without what it never does.
pub(crate) fn shown(html: &str) -> String {
    let mut out = html.to_owned();
    for hidden in ["script", "style"] {
        let (open, close) = (format!("<{hidden}"), format!("</{hidden}>"));
        let mut kept = String::new();
        let mut rest = out.as_str();
        while let Some((before, after)) = rest.split_once(&open) {
            kept.push_str(before);
            rest = after.split_once(&close).map_or("", |(_, after)| after);
        }
        kept.push_str(rest);
        out = kept;
    }
    let mut said = String::new();
    for piece in out.split('<') {
        let (tag, text) = piece.split_once('>').unwrap_or(("", piece));
        for name in SAID {
            for value in tag.split(name).skip(1) {
                said.push_str(value.split('"').next().unwrap_or_default());
                said.push('\n');
            }
        }
        said.push_str(text);
        said.push('\n');
    }
    said
}

/// Words in plain letters that are none of `known`; `known` is taken out of the text first.
pub(crate) fn plain_words(text: &str, known: &[&str]) -> Vec<String> {
    // Lines are broken where they are full.
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for known in known {
        text = text.replace(known, " ");
    }
    let mut found: Vec<String> = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.chars().filter(char::is_ascii_alphabetic).count() > 2)
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}
