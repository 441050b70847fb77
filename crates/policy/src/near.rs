//! Almost the tag: mistyped, in other brackets, a bracket forgotten. Decides how alike two texts are, not what follows.
//!
//! Only what is marked as a tag counts (brackets, a colon behind the first word, `#`, asterisks): the word itself in an
//! ordinary sentence is none.

use sealpost_mail::skeleton;
use strsim::osa_distance;

/// A tag in the form it is compared in, and the words in it.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    /// As written in the rule.
    pub(crate) text: String,
    shape: String,
    core: String,
}

/// Brackets and what people take for them, as [`skeleton`] shows them.
const OPENING: [char; 7] = ['[', '(', '{', '<', '«', '⟦', '/'];
const CLOSING: [char; 7] = [']', ')', '}', '>', '»', '⟧', '/'];
/// What is put around a word to make it stand out.
const MARKS: [char; 9] = ['#', '*', '_', '!', '=', '-', '+', '~', '\''];
/// What mail programs put in front of a subject.
const REPLIES: [&str; 9] = ["re:", "aw:", "fwd:", "fw:", "wg:", "antw:", "antwort:", "tr:", "rif:"];

impl Tag {
    pub(crate) fn new(text: &str) -> Self {
        let shape = skeleton(text);
        let edge = |c: char| !c.is_alphanumeric();
        Self { text: text.to_owned(), core: shape.trim_matches(edge).to_owned(), shape }
    }

    /// Whether the text holds the tag, however it was typed.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        skeleton(text).contains(&self.shape)
    }

    /// Whether the text holds something that was surely meant to be the tag.
    pub(crate) fn is_almost_in(&self, subject: &str) -> bool {
        // A word of three letters is near to every other.
        if self.core.chars().count() < 5 {
            return false;
        }
        let subject = skeleton(subject);
        self.in_brackets(&subject) || self.at_the_start(&subject) || self.in_marks(&subject)
    }

    fn in_brackets(&self, subject: &str) -> bool {
        let behind = |(at, bracket): (usize, &str)| {
            let rest = subject.get(at + bracket.len()..).unwrap_or_default();
            let inside = rest.split(CLOSING).next().unwrap_or(rest);
            self.is_like(inside) || self.is_like(self.first_words(rest))
        };
        let before = |(at, _): (usize, &str)| {
            let rest = subject.get(..at).unwrap_or_default();
            let inside = rest.rsplit(OPENING).next().unwrap_or(rest);
            self.is_like(inside) || self.is_like(self.last_words(rest))
        };
        subject.match_indices(OPENING).any(behind) || subject.match_indices(CLOSING).any(before)
    }

    /// `vertraulich: Schaden 7`, also behind "Re:".
    fn at_the_start(&self, subject: &str) -> bool {
        let mut rest = subject;
        while let Some(shorter) = REPLIES.iter().find_map(|reply| rest.strip_prefix(skeleton(reply).as_str()))
        {
            rest = shorter.trim_start();
        }
        let Some((first, _)) = rest.split_once(':') else { return false };
        self.is_like(first)
    }

    /// `*vertraulich*`, `#vertraulich`, `!!vertraulich!!`.
    fn in_marks(&self, subject: &str) -> bool {
        subject.match_indices(MARKS).any(|(at, mark)| {
            let alone = subject.get(..at).is_none_or(|before| !before.ends_with(char::is_alphanumeric));
            let rest = subject.get(at + mark.len()..).unwrap_or_default();
            // A dash and a blank before a word is punctuation.
            alone && !rest.starts_with(' ') && self.is_like(self.first_words(rest))
        })
    }

    /// As many words as the tag has.
    fn first_words<'t>(&self, text: &'t str) -> &'t str {
        let end = text.match_indices(' ').nth(self.blanks()).map_or(text.len(), |(at, _)| at);
        text.get(..end).unwrap_or(text)
    }

    fn last_words<'t>(&self, text: &'t str) -> &'t str {
        let start = text.rmatch_indices(' ').nth(self.blanks()).map_or(0, |(at, blank)| at + blank.len());
        text.get(start..).unwrap_or(text)
    }

    fn blanks(&self) -> usize {
        self.core.matches(' ').count()
    }

    fn is_like(&self, text: &str) -> bool {
        is_near(&self.core, text.trim_matches(|c: char| !c.is_alphanumeric()))
    }
}

/// Whether a value was surely meant to be this one: a slip or two, more in longer words.
pub(crate) fn is_near(wanted: &str, value: &str) -> bool {
    let (length, other) = (wanted.chars().count(), value.chars().count());
    let slips = match length {
        0..=4 => return false,
        5..=7 => 1,
        _ => 2,
    };
    // What is much longer or shorter need not be measured; values may have any length.
    length.abs_diff(other) <= slips && osa_distance(wanted, value) <= slips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_other_brackets_and_forgotten_ones_are_near() {
        let tag = Tag::new("[vertraulich]");
        for subject in [
            "[vertrauich] Schaden 7",
            "[vertarulich] Schaden 7",
            "[vertraullich] Schaden 7",
            "Re: [Vertaulich] Schaden",
            "(vertraulich) Schaden 7",
            "{vertraulich} Schaden 7",
            "<vertraulich> Schaden 7",
            "[vertraulich) Schaden 7",
            "[vertraulich Schaden 7",
            "vertraulich] Schaden 7",
            "Schaden 7 (Vertraulich)",
            "Schaden 7 [vertraulich",
            "vertraulich: Schaden 7",
            "AW: WG: VERTRAULICH: Schaden 7",
            "*vertraulich* Schaden 7",
            "#vertraulich Schaden 7",
            "!!vertraulich!! Schaden 7",
            "/vertraulich/ Schaden 7",
            "[vertraulich!] Schaden",
            "[[vertraulich ] Schaden",
            "«vertraulich» Schaden",
        ] {
            assert!(tag.is_in(subject) || tag.is_almost_in(subject), "{subject}");
        }
        let tag = Tag::new("[streng vertraulich]");
        for subject in [
            "[strengvertraulich] x",
            "(streng vertraulich) x",
            "[streng vertraulic] x",
            "[streng vertraulich x",
        ] {
            assert!(tag.is_almost_in(subject), "{subject}");
        }
    }

    #[test]
    fn ordinary_subjects_are_not_near() {
        let tags = ["[vertraulich]", "[streng vertraulich]", "[persönlich]", "[confidential]", "[secure]"]
            .map(Tag::new);
        for subject in include_str!("ordinary_subjects.txt").lines() {
            for tag in &tags {
                assert!(!tag.is_in(subject) && !tag.is_almost_in(subject), "{}: {subject}", tag.text);
            }
        }
    }

    #[test]
    fn short_words_are_near_to_nothing() {
        assert!(!Tag::new("[int]").is_almost_in("(ist) so"));
        assert!(!is_near("abc", "abd"));
        assert!(is_near("geheim", "geheym") && !is_near("geheim", "daheim"));
    }
}
