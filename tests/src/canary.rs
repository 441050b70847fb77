//! Canaries: texts that must not be readable in any file, in any of the forms that mail gives a text.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;

/// A text unlike any other, and every form in which it could betray itself.
#[derive(Clone, Debug)]
pub struct Canary {
    text: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

/// Where a canary was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Which one.
    pub canary: String,
    /// In which form.
    pub form: &'static str,
    /// In which file.
    pub file: PathBuf,
}

impl fmt::Display for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {} in {}", self.canary, self.form, self.file.display())
    }
}

impl Canary {
    /// A canary; the text should be long, strange and contain no spaces.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let raw = text.as_bytes();
        let mut forms = vec![
            ("plain text", raw.to_vec()),
            ("lower case", text.to_lowercase().into_bytes()),
            ("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("UTF-16BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ("hex", hex(raw, false)),
            ("HEX", hex(raw, true)),
            ("quoted-printable", quoted(raw)),
            ("reversed", raw.iter().rev().copied().collect()),
        ];
        let names = ["base64", "base64 shifted by one", "base64 shifted by two"];
        for (shift, name) in names.into_iter().enumerate() {
            forms.push((name, base64_inside(raw, shift)));
        }
        forms.dedup_by(|a, b| a.1 == b.1);
        Self { text: text.to_owned(), forms }
    }

    /// The text itself, to be put into letters.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The form in which these bytes betray it.
    #[must_use]
    pub fn seen_in(&self, bytes: &[u8]) -> Option<&'static str> {
        self.forms.iter().find(|(_, form)| contains(bytes, form)).map(|(name, _)| *name)
    }
}

/// Looks through every file under `folder`.
#[must_use]
pub fn scan(folder: &Path, canaries: &[Canary]) -> Vec<Sighting> {
    let mut sightings = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                // A file may vanish between listing and reading: then it contains nothing.
                let bytes = std::fs::read(entry.path()).unwrap_or_default();
                if is_empty(&bytes) {
                    continue;
                }
                for canary in canaries {
                    if let Some(form) = canary.seen_in(&bytes) {
                        let (canary, file) = (canary.text.clone(), entry.path());
                        sightings.push(Sighting { canary, form, file });
                    }
                }
            }
        }
    }
    sightings
}

/// No canary may be seen under `folder`, nor in `said` (a log).
pub fn assert_unseen(folder: &Path, said: &str, canaries: &[Canary]) {
    let sightings: Vec<String> = scan(folder, canaries).iter().map(ToString::to_string).collect();
    assert!(sightings.is_empty(), "on disk in clear:\n{}", sightings.join("\n"));
    for canary in canaries {
        assert_eq!(canary.seen_in(said.as_bytes()), None, "{} in the log:\n{said}", canary.text);
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && memchr::memmem::find(haystack, needle).is_some()
}

/// Reserved space contains nothing, and is not searched because of its size.
fn is_empty(bytes: &[u8]) -> bool {
    let zeros = [0; 4096];
    bytes.chunks(zeros.len()).all(|chunk| chunk == &zeros[..chunk.len()])
}

fn hex(raw: &[u8], upper: bool) -> Vec<u8> {
    let text: String =
        raw.iter().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }).collect();
    text.into_bytes()
}

fn quoted(raw: &[u8]) -> Vec<u8> {
    let text: String = raw
        .iter()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(*b).to_string() } else { format!("={b:02X}") })
        .collect();
    text.into_bytes()
}

/// The base64 digits that depend only on the text when `shift` unknown bytes precede it.
fn base64_inside(raw: &[u8], shift: usize) -> Vec<u8> {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(raw);
    let whole = padded.len() / 3 * 3;
    let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&padded[..whole]);
    // The first group mixes in the unknown bytes.
    text.as_bytes()[if shift == 0 { 0 } else { 4 }..].to_vec()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::Canary;

    #[test]
    fn a_canary_is_seen_in_every_form_and_nowhere_else() {
        let canary = Canary::new("Kanarienvögel-7731-Größe");
        let text = canary.text().to_owned();
        for before in ["", "x", "xx", "xxx"] {
            let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{before}{text} after"));
            assert!(canary.seen_in(encoded.as_bytes()).is_some(), "{before:?}");
        }
        assert!(canary.seen_in(format!("aaa{text}").as_bytes()).is_some());
        assert!(canary.seen_in(b"Kanarienv=C3=B6gel=2D7731=2DGr=C3=B6=C3=9Fe").is_some());
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(canary.seen_in(&utf16), Some("UTF-16LE"));
        assert_eq!(canary.seen_in(b"Kanarienvogel-7731-Groesse"), None);
    }
}
