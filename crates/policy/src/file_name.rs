//! Matches names and types of files against patterns, in every form in which a name may appear the same to its reader.
//! Knows no letter.

use sealpost_mail::{caseless, skeleton};

use crate::wildcard::Wildcard;

/// A pattern with `*` and `?` in every form in which names are compared: one match is enough.
#[derive(Clone, Debug)]
pub(crate) struct NamePattern {
    typed: Wildcard,
    read: Wildcard,
    seen: Wildcard,
}

impl NamePattern {
    pub(crate) fn new(pattern: &str) -> Self {
        Self {
            typed: Wildcard::new(pattern),
            read: Wildcard::in_form(pattern, caseless),
            seen: Wildcard::in_form(pattern, skeleton),
        }
    }

    pub(crate) fn matches(&self, name: &Name) -> bool {
        name.0.iter().any(|forms| {
            self.typed.matches_formed(&forms.typed)
                || self.read.matches_formed(&forms.read)
                || self.seen.matches_formed(&forms.seen)
        })
    }
}

const QUOTES: [char; 8] = ['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}'];

/// A name in its compared forms; computed once, however many patterns there are.
pub(crate) struct Name(Vec<Forms>);

struct Forms {
    /// As written, in lower case.
    typed: String,
    /// Normalised: composed or not, full width or not, `ß` or `SS`.
    read: String,
    /// By its look.
    seen: String,
}

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        let mut readings = vec![name];
        // Quotes and blanks around a name are omitted, or stand for invalid characters; of a URL, the last segment
        // without its query counts.
        let quoted = |c: char| c.is_whitespace() || QUOTES.contains(&c);
        let bare = name.trim_matches(quoted);
        let path = bare.split(['?', '#']).next().unwrap_or(bare).trim_end_matches(['/', '\\']);
        readings.extend([bare, path].into_iter().filter(|reading| *reading != name && !reading.is_empty()));
        // `a.pdf::$DATA` is saved as `a.pdf`: what follows is the name of a stream (NTFS).
        if let Some((file, _)) = name.split_once([':', '\u{ff1a}']).filter(|(file, _)| !file.is_empty()) {
            readings.push(file);
        }
        // Windows saves `a.pdf. .` as `a.pdf`.
        for at in 0..readings.len() {
            let Some(reading) = readings.get(at).copied() else { break };
            let saved = reading.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
            if saved != reading && !saved.is_empty() {
                readings.push(saved);
            }
        }
        let mut forms: Vec<Forms> = readings.into_iter().map(Forms::of).collect();
        // A blank before or inside the ending.
        let dense: String = name.chars().filter(|c| !quoted(*c)).collect();
        if dense != name && !dense.is_empty() {
            forms.push(Forms::of(&dense));
        }
        Self(forms)
    }
}

impl Forms {
    fn of(name: &str) -> Self {
        Self { typed: name.to_lowercase(), read: caseless(name), seen: skeleton(name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(pattern: &str, name: &str) -> bool {
        NamePattern::new(pattern).matches(&Name::new(name))
    }

    #[test]
    fn a_name_is_one_name_however_it_is_written() {
        for (pattern, name) in [
            ("*schäden*", "Scha\u{308}den.doc"),
            ("*scha\u{308}den*", "Schäden.doc"),
            ("*SCHÄDEN*", "schäden.doc"),
            ("*größe*", "GRÖSSE.doc"),
            ("*GRÖSSE*", "größe.doc"),
            ("gr?ße.doc", "Gro\u{308}ße.doc"),
            ("*geheim*", "ｇｅｈｅｉｍ.doc"),
            ("*geheim*", "gеhеim.doc"),
            ("*geheim*", "ge\u{ad}heim.doc"),
            ("streng geheim*", "streng\u{a0}\u{2003}geheim.doc"),
            ("*.pdf", "a．pdf"),
            ("*.pdf", "a.pdf::$DATA"),
            ("*.pdf", "a.pdf. ."),
            ("befund*.pdf", "\"befund1.pdf\""),
            ("befund*.pdf", "'befund1.pdf'"),
            ("befund*.pdf", "\u{201e}befund1.pdf\u{201c}"),
            ("befund*.pdf", " befund1.pdf "),
            ("befund*.pdf", "befund1. pdf"),
            ("befund*.pdf", "befund1 .pdf"),
            ("befund*.pdf", "befund1.pdf/"),
            ("befund*.pdf", "befund1.pdf?x=1"),
            ("befund*.pdf", "befund1.pdf#seite"),
            ("*.pdf", "a.pdf.\""),
            ("*.pdf", "a.p\u{200b}df"),
            ("a?b*", "a*b"),
            ("application/*", "Application/PDF"),
        ] {
            assert!(holds(pattern, name), "{pattern} {name:?}");
        }
        for (pattern, name) in [
            ("*.pdf", "a.pdf.exe"),
            ("*.pdf", "pdf"),
            ("*geheim*", "gehirn.doc"),
            ("*größe*", "grosse.doc"),
            ("a?b", "ab"),
        ] {
            assert!(!holds(pattern, name), "{pattern} {name:?}");
        }
    }
}
