//! Normalises names and search words: case, accents, full width, composition, and `ß`, `ä`, `ö`, `ü` as typed on
//! keyboards without them. For searching and sorting only: two different names may become equal.

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// How an umlaut is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Umlaut {
    /// `ö` is `oe`, as in German.
    Written,
    /// `ö` is `o`, with the dots omitted.
    Bare,
}

/// The normalised form: `WEISS`, `Weiß` and `weiss` are equal, and so are `Özdemir` and `Oezdemir`, composed or not.
#[must_use]
pub fn folded(text: &str) -> String {
    fold(text, Umlaut::Written)
}

/// The alternative form of a text with umlauts, `Özdemir` as `ozdemir`; `None` if it is the same.
#[must_use]
pub fn folded_bare(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let bare = fold(text, Umlaut::Bare);
    (bare != folded(text)).then_some(bare)
}

fn fold(text: &str, umlaut: Umlaut) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let unseen = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let mut out = String::with_capacity(plain.len());
    let e = |out: &mut String| match umlaut {
        Umlaut::Written => out.push('e'),
        Umlaut::Bare => {}
    };
    for c in plain.chars().flat_map(char::to_lowercase) {
        match c {
            // The two dots of a decomposed umlaut.
            '\u{308}' if out.ends_with(['a', 'o', 'u']) => e(&mut out),
            '\u{300}'..='\u{36f}' => {}
            'ß' => out.push_str("ss"),
            'æ' => {
                out.push('a');
                e(&mut out);
            }
            'ø' | 'œ' => {
                out.push('o');
                e(&mut out);
            }
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'þ' => out.push_str("th"),
            'ı' => out.push('i'),
            'ς' => out.push('σ'),
            // Soft hyphens and invisible characters.
            c if unseen.contains(c) => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_find_what_they_type_on_their_own_keyboard() {
        for (written, typed) in [
            ("Weiß", "weiss"),
            ("WEISS", "Weiß"),
            ("STRAẞE", "strasse"),
            ("Özdemir", "Oezdemir"),
            ("O\u{308}zdemir", "özdemir"),
            ("Ｍüller", "mueller"),
            ("Ｗｅｉｓｓ", "weiß"),
            ("Dvořák", "dvorak"),
            ("Łukasz", "lukasz"),
            ("Jørgensen", "joergensen"),
            ("İstanbul", "istanbul"),
            ("Υιός", "υιοσ"),
            ("Ver\u{ad}si\u{200b}cherung", "versicherung"),
            ("ﬁnden", "finden"),
            ("№ 5", "no 5"),
        ] {
            assert_eq!(folded(written), folded(typed), "{written}");
        }
    }

    #[test]
    fn dots_may_be_left_away_too() {
        assert_eq!(folded_bare("Özdemir").as_deref(), Some("ozdemir"));
        assert_eq!(folded_bare("O\u{308}zdemir").as_deref(), Some("ozdemir"));
        assert_eq!(folded_bare("Straße"), None, "one form only");
        assert_eq!(folded_bare("Oezdemir"), None);
        assert_ne!(folded("neue"), folded("neu"));
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["Größe", "O\u{308}", "ǖ", "日本語", "Ωμέγα", "é\u{308}"] {
            assert_eq!(folded(&folded(text)), folded(text), "{text}");
        }
    }
}
