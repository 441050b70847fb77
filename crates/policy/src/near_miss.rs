//! Near misses of a tag: mistyped, in other brackets, a bracket missing. Decides how similar two texts are, not what
//! follows.
//!
//! Only text marked as a tag counts (brackets, a colon after the first word, `#`, asterisks): the word itself in an
//! ordinary sentence does not.

use sealpost_mail::is_bracket;
use strsim::osa_distance;

use crate::subject_tag::{SubjectTag, bare};
use crate::{reply_prefix, tag_in_words};

/// Length of a subject that is searched for near misses; the tag itself is found anywhere.
const LOOKED_AT: usize = 1000;
/// Shorter words resemble every other; in brackets they count unchanged.
const LONG_ENOUGH: usize = 5;
/// Marks around a word for emphasis.
const MARKS: [char; 11] = ['#', '*', '_', '!', '=', '-', '+', '~', '\'', '/', ','];
/// Separators between a tag without brackets and the subject, as shown by [`skeleton`]: a vertical bar is an l.
const BEHIND: [&str; 7] = [":", ";", " - ", " \u{2013} ", " \u{2014} ", " l ", " // "];
/// Characters typed instead of brackets when AltGr was not held (8 and 9, 7 and 0, on a Mac 5 and 6), and vertical
/// bars; as shown by [`skeleton`].
const OPENED: [char; 4] = ['8', '7', '5', 'l'];
const CLOSED: [char; 4] = ['9', 'o', '6', 'l'];

impl SubjectTag {
    /// Whether a subject, as shown by [`skeleton`], contains something that was surely meant to be the tag.
    pub(crate) fn is_almost_in(&self, subject: &str) -> bool {
        let subject = first_chars(subject, LOOKED_AT);
        self.in_brackets(subject)
            || self.at_the_start(subject)
            || self.in_marks(subject)
            || self.set_apart(subject)
            || self.in_words(subject)
    }

    /// Its words among a few others in the position of a tag; if those are another rule's tag, that one is meant.
    fn in_words(&self, subject: &str) -> bool {
        let rest = reply_prefix::proper(subject);
        let carries = |core: &str| tag_in_words::carries(core, subject, rest);
        let is_within = |known: &&String| known.len() > self.core.len() && known.contains(&self.core);
        !self.is_short()
            && carries(&self.core)
            && !self.known.iter().filter(is_within).any(|known| carries(known))
    }

    fn in_brackets(&self, subject: &str) -> bool {
        let brackets = subject.char_indices().filter(|(_, c)| is_bracket(*c) || *c == '/');
        brackets.into_iter().any(|(at, bracket)| {
            let behind =
                first_chars(subject.get(at + bracket.len_utf8()..).unwrap_or_default(), self.reach());
            let inside = behind.split(is_edge).next().unwrap_or(behind);
            let before = last_chars(subject.get(..at).unwrap_or_default(), self.reach());
            let enclosed = before.rsplit(is_edge).next().unwrap_or(before);
            [inside, self.first_words(behind), enclosed, self.last_words(before)]
                .into_iter()
                .any(|text| self.is_like(text))
        })
    }

    /// `vertraulich: Schaden 7`, `Vertraulich`, also after "Re:" and other tags.
    fn at_the_start(&self, subject: &str) -> bool {
        if self.is_short() {
            return false;
        }
        let rest = reply_prefix::proper(subject);
        let before = |mark: &str| rest.split_once(mark).is_some_and(|(first, _)| self.is_like(first));
        BEHIND.into_iter().any(before) || self.is_like(rest)
    }

    /// The exact word, set apart by punctuation: `vertraulich! Schaden`, `Schaden, vertraulich`, `:vertraulich:`,
    /// `8vertraulich9`, a sign before it. Exact, because ordinary subjects have words and punctuation too.
    fn set_apart(&self, subject: &str) -> bool {
        if self.is_short() {
            return false;
        }
        let rest = reply_prefix::proper(subject);
        let start = subject.len() - rest.len();
        subject.match_indices(self.core.as_str()).any(|(at, core)| {
            let before = subject.get(..at).unwrap_or_default();
            let behind = subject.get(at + core.len()..).unwrap_or_default();
            let (previous, next) = (before.chars().next_back(), behind.chars().next());
            let opened = previous.is_some_and(|c| OPENED.contains(&c) || is_bracket(c));
            let closed = next.is_some_and(|c| CLOSED.contains(&c) || is_bracket(c));
            // An em dash looks like U+30FC, which is a letter.
            let sets_apart = |c: char| {
                c == '\u{30fc}' || (!c.is_alphanumeric() && !c.is_whitespace() && c != '-' && c != '\'')
            };
            let front = subject.get(start..at).unwrap_or_default();
            // Only a sign or nothing before it, and punctuation or the end after it.
            let first = !front.contains(char::is_alphanumeric);
            let signed = first && front.contains(sets_apart) && next.is_none_or(|c| !c.is_alphanumeric());
            let at_the_start = first && next.is_none_or(sets_apart);
            let trimmed = before.trim_end();
            let parted =
                trimmed.chars().next_back().is_some_and(|c| sets_apart(c) || (c == '-' && trimmed != before));
            let at_the_end = parted && !behind.contains(char::is_alphanumeric);
            let enclosed = previous.is_some_and(sets_apart) && next.is_some_and(sets_apart);
            (opened && closed) || signed || at_the_start || at_the_end || enclosed
        })
    }

    /// `*vertraulich*`, `#vertraulich`, `!!vertraulich!!`.
    fn in_marks(&self, subject: &str) -> bool {
        !self.is_short()
            && subject.match_indices(MARKS).any(|(at, mark)| {
                let alone = subject.get(..at).is_none_or(|before| !before.ends_with(char::is_alphanumeric));
                let rest = subject.get(at + mark.len()..).unwrap_or_default();
                // A dash and a blank before a word are punctuation.
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

    fn is_short(&self) -> bool {
        self.core.chars().count() < LONG_ENOUGH
    }

    /// Maximum length inside brackets, also with a blank after every letter.
    fn reach(&self) -> usize {
        self.core.chars().count() * 2 + 16
    }

    fn is_like(&self, text: &str) -> bool {
        let text = bare(text);
        if self.is_short() {
            return text.chars().count() > 2 && text == self.core;
        }
        if text.len() > 8 * self.reach() || text != self.core && self.known.contains(text) {
            return false;
        }
        is_near(&self.core, text) || letters_of(text).eq(letters_of(&self.core))
    }
}

fn is_edge(c: char) -> bool {
    is_bracket(c) || c == '/'
}

fn letters_of(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric())
}

fn first_chars(text: &str, count: usize) -> &str {
    let end = text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

fn last_chars(text: &str, count: usize) -> &str {
    let start = text.char_indices().rev().nth(count).map_or(0, |(at, c)| at + c.len_utf8());
    text.get(start..).unwrap_or(text)
}

/// Whether a value was surely meant to be this one: one or two typing errors, more in longer words. Both as shown by
/// [`skeleton`].
pub(crate) fn is_near(wanted: &str, value: &str) -> bool {
    let (length, other) = (wanted.chars().count(), value.chars().count());
    let slips = match length {
        0..LONG_ENOUGH => return false,
        LONG_ENOUGH..=7 => 1,
        _ => 2,
    };
    // Values of very different length need not be compared; they may be of any length.
    length.abs_diff(other) <= slips
        && osa_distance(wanted, value) <= slips
        && numbering(wanted).eq(numbering(value))
}

/// "Class 3" is not a typing error for "Class 4", nor "Class A" for "Class B".
fn numbering(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| word.chars().nth(1).is_none() || word.contains(|c: char| c.is_numeric()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sealpost_mail::skeleton;

    use super::*;
    use crate::subject_tag::core;

    fn tags<const N: usize>(texts: [&str; N]) -> [SubjectTag; N] {
        let known = Arc::new(texts.into_iter().map(core).collect());
        texts.map(|text| SubjectTag::new(text, &known))
    }

    fn tag(text: &str) -> SubjectTag {
        let [tag] = tags([text]);
        tag
    }

    fn exactly(tag: &SubjectTag, subject: &str) -> bool {
        tag.is_in(&skeleton(subject))
    }

    fn almost(tag: &SubjectTag, subject: &str) -> bool {
        !exactly(tag, subject) && tag.is_almost_in(&skeleton(subject))
    }

    #[test]
    fn slips_other_brackets_and_forgotten_ones_are_near() {
        let plain = tag("[vertraulich]");
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
            "【vertraulich】 Schaden",
            "„vertraulich“ Schaden",
            "⟨vertraulich⟩ Schaden",
            "\"vertraulich\" Schaden",
            "Vertraulich | Schaden",
            "[v e r t r a u l i c h] Schaden",
            "[v.e.r.t.r.a.u.l.i.c.h] Schaden",
            "[🔒 vertraulich] Schaden",
            "[vertrauIich] Schaden",
            "[EXTERN] vertraulich: Schaden",
            "AW: [Ticket#7] WG: Vertraulich - Schaden",
            "Vertraulich – Schaden",
            "Vertraulich",
            "WG: VERTRAULICH!",
            "Schaden [Info vertraulich]",
            "8vertraulich9 Schaden",
            "Schaden 7vertraulich0",
            "|vertraulich| Schaden",
            "VERTRAULICH!!! Schaden",
            "vertraulich. Schaden 7",
            "Schaden 7 - vertraulich",
            "Schaden 7 \u{2013} VERTRAULICH!",
            "[vertraulich9 Schaden",
            "8vertraulich] Schaden",
            "5vertraulich6 Schaden",
            "Fwd: 8vertraulich9 Schaden",
            "--- vertraulich --- Schaden",
            "AW: Streng vertraulich: Schaden",
            "[Bitte vertraulich behandeln] Schaden",
            "[vertr.] Schaden",
            "VERTRAULICH -",
            ":vertraulich: Schaden",
            "\\vertraulich\\ Schaden",
            "^vertraulich^ Schaden",
            "VERTRAULICH, Schaden",
            "VERTRAULICH\u{2014} Schaden",
            "Schaden, vertraulich",
            "\u{2757}vertraulich\u{2757} Schaden",
            "\u{1f512} vertraulich Schaden",
            "[\u{1d20}\u{1d07}\u{280}\u{1d1b}\u{280}\u{1d00}\u{1d1c}\u{29f}\u{26a}\u{1d04}\u{29c}] Schaden",
            "[\u{1f1fb}\u{1f1ea}\u{1f1f7}\u{1f1f9}\u{1f1f7}\u{1f1e6}\u{1f1fa}\u{1f1f1}\u{1f1ee}\u{1f1e8}\u{1f1ed}] Schaden",
        ] {
            assert!(almost(&plain, subject) || exactly(&plain, subject), "{subject}");
        }
        let streng = tag("[streng vertraulich]");
        for subject in [
            "[strengvertraulich] x",
            "(streng vertraulich) x",
            "[streng vertraulic] x",
            "[streng vertraulich x",
        ] {
            assert!(almost(&streng, subject), "{subject}");
        }
    }

    /// Maximum ordinary subjects out of a hundred that may go into the portal by mistake.
    const BY_MISTAKE: usize = 1;

    #[test]
    fn ordinary_subjects_are_not_near() {
        let tags =
            tags(["[vertraulich]", "[streng vertraulich]", "[persönlich]", "[confidential]", "[secure]"]);
        let subjects: Vec<&str> = include_str!("ordinary_subjects.txt").lines().collect();
        let trips = |subject: &&&str| tags.iter().any(|tag| exactly(tag, subject) || almost(tag, subject));
        let tripped: Vec<&&str> = subjects.iter().filter(trips).collect();
        assert!(subjects.len() >= 300 && tripped.len() * 100 <= subjects.len() * BY_MISTAKE, "{tripped:#?}");
    }

    #[test]
    fn another_rules_tag_is_no_slip() {
        let [english, french] = tags(["[confidential]", "[confidentiel]"]);
        assert!(exactly(&french, "[confidentiel] x") && !almost(&english, "[confidentiel] x"));
        assert!(almost(&english, "[confidentia] x"));
    }

    #[test]
    fn numbers_and_single_letters_are_no_slips() {
        assert!(!almost(&tag("[Klasse 3]"), "[Klasse 4] x") && !almost(&tag("[Stufe A]"), "[Stufe B] x"));
        assert!(almost(&tag("[Klasse 3]"), "[Klase 3] x") && almost(&tag("[Klasse 3]"), "(Klasse 3) x"));
    }

    #[test]
    fn short_words_are_near_to_nothing_but_themselves_in_brackets() {
        assert!(!almost(&tag("[int]"), "(ist) so") && !almost(&tag("[VSD]"), "VSD: x"));
        assert!(almost(&tag("[VSD]"), "(VSD) x") && almost(&tag("[VSD]"), "[VSD x"));
        assert!(!is_near("abc", "abd"));
        assert!(is_near("geheim", "geheym") && !is_near("geheim", "daheim"));
    }

    #[test]
    fn a_subject_of_brackets_takes_no_time() {
        for text in ["[", "[ver ", "re:", "[]", "/"] {
            assert!(!almost(&tag("[vertraulich]"), &text.repeat(50_000)), "{text}");
        }
    }
}
