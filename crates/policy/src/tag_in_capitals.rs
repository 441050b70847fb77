//! A tag's words unmarked, in capitals at the beginning or the end: `VERTRAULICH Schaden 7`. In lower case they occur in many
//! ordinary sentences. Knows neither rules nor typing errors.

use sealpost_mail::skeleton;

use crate::reply_prefix;
use crate::subject_tag::{SubjectTag, bare, without_blanks};

/// Shorter words too often mean something else: "INT", "VSD".
const LONG_ENOUGH: usize = 5;
/// More words in capitals before it make a sentence.
const MAX_BEFORE: usize = 3;
/// No tag is longer, including all prefixes.
const LOOKED_AT: usize = 1_000;

/// Whether the subject begins so, after "Re:" and other tags. If those words are another rule's tag, that one is meant.
pub(crate) fn begins(tag: &SubjectTag, subject: &str) -> bool {
    let end = subject.char_indices().nth(LOOKED_AT).map_or(subject.len(), |(at, _)| at);
    let rest = reply_prefix::proper(subject.get(..end).unwrap_or(subject).trim_start());
    let is_within = |known: &&String| known.len() > tag.core.len() && known.contains(&tag.core);
    with_words(&tag.core, rest) && !tag.known.iter().filter(is_within).any(|known| with_words(known, rest))
}

/// `VERTRAULICH Schaden`; after a few other words in capitals if none follow: `STRENG VERTRAULICH Schaden`; at the end after words
/// in lower case: `Schaden 7 VERTRAULICH`; and `V E R T R A U L I C H Schaden`.
fn with_words(core: &str, rest: &str) -> bool {
    if core.chars().count() < LONG_ENOUGH {
        return false;
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    let count = core.split(' ').count();
    let shouted = |at: usize| words.get(at).is_some_and(|word| is_shouted(word));
    let is_it = |at: usize| {
        let some = words.get(at..at + count).unwrap_or_default();
        !some.is_empty()
            && some.iter().all(|word| is_shouted(word))
            && bare(&skeleton(&some.join(" "))) == core
    };
    // If everything is in capitals, they mean nothing.
    let goes_on_small = |at: usize| words.len() > at && !shouted(at);
    let behind_others = |at: usize| (0..at).all(shouted) && is_it(at) && goes_on_small(at + count);
    let last = words.len().saturating_sub(count);
    let at_the_end = last > 0 && is_it(last) && !shouted(last - 1);
    let one_letter = |word: &&&str| word.chars().nth(1).is_none() && is_shouted(word);
    let spaced: String = words.iter().take_while(one_letter).copied().collect();
    is_it(0) || (1..=MAX_BEFORE).any(behind_others) || at_the_end || skeleton(&spaced) == without_blanks(core)
}

fn is_shouted(word: &str) -> bool {
    word.contains(char::is_uppercase) && !word.contains(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::subject_tag::core;

    fn tags<const N: usize>(texts: [&str; N]) -> [SubjectTag; N] {
        let known = Arc::new(texts.into_iter().map(core).collect());
        texts.map(|text| SubjectTag::new(text, &known))
    }

    fn found(text: &str, subject: &str) -> bool {
        let [tag] = tags([text]);
        begins(&tag, subject)
    }

    #[test]
    fn capitals_at_the_beginning_are_a_tag() {
        for subject in [
            "VERTRAULICH Schaden 7",
            "VERTRAULICH SCHADEN 7",
            "RE: VERTRAULICH Schaden",
            "AW: [EXTERN] WG: VERTRAULICH  Schaden",
            "  VERTRAULICH Schaden",
            "\u{ff36}\u{ff25}\u{ff32}\u{ff34}\u{ff32}\u{ff21}\u{ff35}\u{ff2c}\u{ff29}\u{ff23}\u{ff28} Schaden",
            "VERTRAULICH\u{a0}Schaden",
            "\"VERTRAULICH\" Schaden",
            "STRENG VERTRAULICH Schaden 7",
            "TOP SECRET VERTRAULICH Schaden",
            "Schaden 7 VERTRAULICH",
            "V E R T R A U L I C H Schaden",
        ] {
            assert!(found("[vertraulich]", subject), "{subject}");
        }
        assert!(found("[streng vertraulich]", "STRENG VERTRAULICH Schaden 7"));
        assert!(
            found("[persönlich]", "PERSÖNLICH Schaden") && found("[confidential]", "CONFIDENTIAL claim 7")
        );
    }

    #[test]
    fn other_words_and_other_places_are_none() {
        for subject in [
            "Vertrauliche Unterlagen erhalten?",
            "VERTRAULICHE UNTERLAGEN ERHALTEN?",
            "VERTRAULICHKEIT im Betrieb",
            "Vertraulich behandelte Akten",
            "vertraulich Schaden",
            "Schaden VERTRAULICH 7",
            "Wie VERTRAULICH ist das?",
            "WIE VERTRAULICH IST DAS?",
            "WIR BEHANDELN DAS VERTRAULICH",
            "Schaden 7 vertraulich",
            "VERTRAUEN SIE UNS",
            "",
        ] {
            assert!(!found("[vertraulich]", subject), "{subject}");
        }
        let [plain, strict] = tags(["[vertraulich]", "[streng vertraulich]"]);
        let subject = "STRENG VERTRAULICH Schaden";
        assert!(begins(&strict, subject) && !begins(&plain, subject), "the other one is meant");
        assert!(!found("[VSD]", "VSD Auszug") && !found("[streng vertraulich]", "STRENG geheim"));
    }

    #[test]
    fn ordinary_subjects_begin_otherwise() {
        let tags =
            tags(["[vertraulich]", "[streng vertraulich]", "[persönlich]", "[confidential]", "[secure]"]);
        for subject in include_str!("ordinary_subjects.txt").lines() {
            assert!(!tags.iter().any(|tag| begins(tag, subject)), "{subject}");
        }
    }
}
