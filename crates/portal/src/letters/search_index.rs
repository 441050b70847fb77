//! The words of one letter as stored for searching, and matching them against a query. Knows no seal and no row.
//!
//! Plain bytes (docs/formats.md, section 11): version, how much of the letter is covered, then every word once, folded,
//! each followed by a line end; line ends pad them to a whole number of blocks, so that their length reveals little.

use std::collections::HashSet;

use sealpost_mail::{FileWords, Inside, Summary, folded, folded_bare};

use crate::http::download;
use crate::language::Language;

/// Version of the folding and of the selection of words: words of another version are extracted again.
const VERSION: u8 = 1;
/// Lengths are multiples of this.
const BLOCK: usize = 256;
/// Maximum size of the words of one letter, in bytes.
const MAX: usize = 128 * 1024;
/// A run of characters without a blank, as in Japanese or in a long link, is split into pieces that overlap by the
/// longest word that can be searched for.
const RUN: usize = 512;
pub(crate) const MAX_WORD: usize = 64;
const MAX_WORDS: usize = 8;

/// How much of a letter its words cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// The whole letter is indexed.
    Whole = 1,
    /// Sender, subject and file names; of the text nothing, or its beginning.
    Part = 2,
}

/// Extracts the words of a letter. `bytes`: `None` if it is too large to be read.
pub(crate) fn make(summary: Option<&Summary>, bytes: Option<&[u8]>) -> Vec<u8> {
    let mut made = Made { out: vec![VERSION, Of::Whole as u8], seen: HashSet::new(), full: false };
    if let Some(summary) = summary {
        for one in summary.from.iter().chain(&summary.to).chain(&summary.cc) {
            [one.name.as_deref(), one.address.as_deref(), one.group.as_deref()]
                .into_iter()
                .flatten()
                .for_each(|text| made.add(text));
        }
        made.add(summary.subject.as_deref().unwrap_or_default());
        // Readers search for the name that they see, in whichever language they read.
        let languages: Vec<FileWords> = Language::all().map(Language::file_words).collect();
        for file in &summary.attachments {
            languages.iter().for_each(|words| made.add(&file.name.in_words(words)));
        }
    }
    let inside = bytes.map(Inside::of);
    if let Some(inside) = &inside {
        inside.files.iter().for_each(|(name, _)| made.add(name));
        inside.texts.iter().for_each(|text| made.add(text));
    }
    let is_whole = inside.is_some() && !made.full;
    if let Some(of) = made.out.get_mut(1)
        && !is_whole
    {
        *of = Of::Part as u8;
    }
    let whole = made.out.len().next_multiple_of(BLOCK);
    made.out.resize(whole, b'\n');
    made.out
}

struct Made {
    out: Vec<u8>,
    seen: HashSet<String>,
    full: bool,
}

impl Made {
    fn add(&mut self, text: &str) {
        for word in text.split_whitespace() {
            for piece in pieces(word) {
                if let Some(bare) = folded_bare(piece) {
                    self.add_one(bare);
                }
                self.add_one(folded(piece));
            }
        }
    }

    fn add_one(&mut self, folded: String) {
        let word = trimmed(&folded);
        if self.full || self.seen.contains(word) {
            return;
        }
        if self.out.len() + word.len() >= MAX {
            self.full = true;
            return;
        }
        self.out.extend_from_slice(word.as_bytes());
        self.out.push(b'\n');
        self.seen.insert(word.to_owned());
    }
}

/// Splits a run into pieces of at most [`RUN`] characters.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(word);
    std::iter::from_fn(move || {
        let now = rest.take()?;
        let Some((end, _)) = now.char_indices().nth(RUN) else { return Some(now) };
        let next = now.char_indices().nth(RUN - MAX_WORD).map_or(end, |(at, _)| at);
        rest = now.get(next..);
        now.get(..end)
    })
}

/// Without surrounding punctuation, unless it is nothing else.
fn trimmed(word: &str) -> &str {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    if bare.is_empty() { word } else { bare }
}

/// A web address without the parts that some write and others omit, so that both forms match.
fn bare_address(word: &str) -> &str {
    let bare =
        ["https://", "http://"].into_iter().find_map(|scheme| word.strip_prefix(scheme)).unwrap_or(word);
    bare.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(bare)
}

/// A query: every word must be somewhere in the letter.
#[derive(Clone, Debug)]
pub(crate) struct SearchWords(Vec<String>);

/// Result of matching the words of a letter against a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Yes,
    No,
    /// Not in the covered part, which is not the whole letter.
    NotInPart,
    /// Invalid, or of another version.
    Unreadable,
}

impl SearchWords {
    pub(crate) fn parse(text: &str) -> Self {
        let words = text.split_whitespace().take(MAX_WORDS);
        let word = |word: &str| {
            let folded = folded(word);
            let short: String = bare_address(trimmed(&folded)).chars().take(MAX_WORD).collect();
            trimmed(&short).to_owned()
        };
        Self(words.map(word).filter(|word| !word.is_empty()).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn are_in(&self, words: &[u8]) -> Match {
        let [VERSION, of, heap @ ..] = words else { return Match::Unreadable };
        let of = match *of {
            of if of == Of::Whole as u8 => Of::Whole,
            of if of == Of::Part as u8 => Of::Part,
            _other => return Match::Unreadable,
        };
        let Ok(heap) = std::str::from_utf8(heap) else { return Match::Unreadable };
        match (self.0.iter().all(|word| heap.contains(word.as_str())), of) {
            (true, _) => Match::Yes,
            (false, Of::Whole) => Match::No,
            (false, Of::Part) => Match::NotInPart,
        }
    }
}

/// Whether a letter has a file that is not shown in its text.
pub(crate) fn has_files(summary: Option<&Summary>) -> bool {
    summary.is_some_and(|s| s.attachments.iter().any(|file| !download::is_in_its_place(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &[u8] = "From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
        Der Wasserschaden (Nr. 12-345/6) bei Herrn Özdemir, Große Straße 5.\r\n"
        .as_bytes();

    fn finds(words: &[u8], typed: &str) -> bool {
        SearchWords::parse(typed).are_in(words) == Match::Yes
    }

    #[test]
    fn words_are_found_as_people_type_them() {
        let words = make(None, Some(LETTER));
        for typed in [
            "wasserschaden",
            "SCHADEN",
            "12-345/6",
            "(Nr.",
            "özdemir",
            "Oezdemir",
            "ozdemir",
            "O\u{308}zdemir",
            "große strasse",
            "GROSSE",
            "ｗasserschaden",
            "oezdemir,",
        ] {
            assert!(finds(&words, typed), "{typed}");
        }
        for typed in ["feuer", "wasserschaden feuer", "b.example"] {
            assert!(!finds(&words, typed), "{typed}");
        }
        assert_eq!(words.len() % BLOCK, 0);
    }

    #[test]
    fn an_address_is_found_however_much_of_it_is_written() {
        let forms = [
            "https://www.versicherung.example/x",
            "http://www.versicherung.example/x/",
            "HTTPS://versicherung.example/x",
            "www.Versicherung.example/x",
            "<www.versicherung.example/x/>,",
            "versicherung.example/x",
        ];
        for written in forms {
            let words = make(None, Some(format!("Subject: x\r\n\r\nSee {written}\r\n").as_bytes()));
            for typed in forms {
                assert!(finds(&words, typed), "{written} by {typed}");
            }
            for typed in ["https://www.versicherung.example/y", "https://other.example/x"] {
                assert!(!finds(&words, typed), "{written} by {typed}");
            }
        }
        assert!(finds(&make(None, Some(b"Subject: x\r\n\r\nwww.de\r\n")), "https://www.de/"));
    }

    #[test]
    fn long_runs_are_found_across_their_pieces() {
        let run: String = (0..4000_u32).map(|n| char::from_u32(0x4e00 + n).unwrap()).collect();
        let letter = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{run}\r\n");
        let words = make(None, Some(letter.as_bytes()));
        let all: Vec<char> = run.chars().collect();
        for at in (0..all.len() - MAX_WORD).step_by(37) {
            let typed: String = all[at..at + MAX_WORD].iter().collect();
            assert!(finds(&words, &typed), "{at}");
        }
    }

    #[test]
    fn a_letter_too_large_is_known_to_be_looked_at_in_part() {
        let words = make(None, None);
        assert_eq!(SearchWords::parse("x").are_in(&words), Match::NotInPart);
        let many: String = (0..40_000).map(|n| format!("wort{n} ")).collect();
        let words = make(None, Some(format!("Subject: x\r\n\r\n{many}").as_bytes()));
        assert!(words.len() <= MAX);
        assert!(finds(&words, "wort17"));
        assert_eq!(SearchWords::parse("wort39999").are_in(&words), Match::NotInPart);
    }

    #[test]
    fn what_is_none_of_ours_is_made_anew() {
        for words in [b"".as_slice(), b"\x02\x01a\n", b"\x01\x09a\n", b"\x01\x01\xff\n"] {
            assert_eq!(SearchWords::parse("a").are_in(words), Match::Unreadable);
        }
    }
}
