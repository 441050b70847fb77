//! Normalises what people type: an answer as it would be spoken, a password as typed. Knows no key. The rules
//! are specified in `docs/formats.md`; any change would lock people out, so they belong to the format's
//! version.

use icu_normalizer::ComposingNormalizerBorrowed;
use zeroize::Zeroizing;

/// A password: NFC only (as RFC 8265 §4.2 does for composition; case, spaces and length are kept).
pub(crate) fn password(typed: &str) -> Zeroizing<String> {
    Zeroizing::new(ComposingNormalizerBorrowed::new_nfc().normalize(typed).into_owned())
}

/// An answer: separators to blanks, NFKC, lower case, ß to ss, ς to σ, separators again, blanks merged and
/// trimmed.
pub(crate) fn answer(typed: &str) -> Zeroizing<String> {
    // Before NFKC, because that decomposes ´ into a blank and a combining mark.
    let blanked = blanked(typed.chars());
    let composed = Zeroizing::new(ComposingNormalizerBorrowed::new_nfkc().normalize(&blanked).into_owned());
    // Character by character: the final sigma of `str::to_lowercase` depends on what follows.
    let lower: Zeroizing<String> = Zeroizing::new(composed.chars().flat_map(char::to_lowercase).collect());
    let folded: Zeroizing<String> = Zeroizing::new(lower.replace('ß', "ss").replace('ς', "σ"));
    let folded = self::blanked(folded.chars());
    let mut out = Zeroizing::new(String::with_capacity(folded.len()));
    for word in folded.split(' ').filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

fn blanked(chars: impl Iterator<Item = char>) -> Zeroizing<String> {
    Zeroizing::new(chars.map(|char| if separates(char) { ' ' } else { char }).collect())
}

/// Controls, blanks and punctuation that people type differently each time.
fn separates(char: char) -> bool {
    matches!(char,
        '\u{0}'..='/' | ':'..='@' | '['..='`' | '{'..='\u{A1}'
        | '\u{A7}' | '\u{A8}' | '\u{AB}' | '\u{AD}' | '\u{AF}' | '\u{B4}' | '\u{B6}'..='\u{B8}' | '\u{BB}' | '\u{BF}'
        | '\u{2B9}'..='\u{2BF}' | '\u{1680}' | '\u{2000}'..='\u{206F}' | '\u{3000}'..='\u{3003}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_answer_are_one() {
        for (typed, expected) in [
            ("  Müller ", "müller"),
            ("Mu\u{308}ller", "müller"),
            ("St. Pölten", "st pölten"),
            ("St.Pölten", "st pölten"),
            ("O´Neill", "o neill"),
            ("O’Neill", "o neill"),
            ("O'Neill", "o neill"),
            ("HAUPTSTRAẞE 5", "hauptstrasse 5"),
            ("Hauptstraße\u{A0}5", "hauptstrasse 5"),
            ("Bad\t\r\n  Homburg v. d. Höhe!", "bad homburg v d höhe"),
            ("ΣΟΦΟΣ", "σοφοσ"),
            ("ﬁat ５００", "fiat 500"),
            ("?!", ""),
            ("", ""),
        ] {
            assert_eq!(*answer(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for typed in ["Großmutter Änne", "x´y", "İstanbul", "  a -- b  ", "\u{1F88}"] {
            let once = answer(typed);
            assert_eq!(*answer(&once), *once, "{typed:?}");
        }
    }

    #[test]
    fn a_password_keeps_case_blanks_and_punctuation() {
        assert_eq!(*password(" Geheim  1! "), " Geheim  1! ");
        assert_eq!(*password("u\u{308}"), "ü");
        assert_ne!(*password("ﬁ"), "fi");
    }
}
