//! Removes marks that change the order in which a text is displayed (UAX #9 §2). Knows no field.

use icu_properties::CodePointMapData;
use icu_properties::props::BidiClass;

/// Whether it is such a mark.
#[must_use]
pub fn turns_direction(c: char) -> bool {
    is_explicit(c) || is_implicit(c)
}

fn is_explicit(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_implicit(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
}

/// The text without them; `None`: it has none. Explicit marks are always removed. Implicit ones stay in text with
/// right-to-left letters, where they are needed.
pub(crate) fn without_marks(text: &str) -> Option<String> {
    let classes = CodePointMapData::<BidiClass>::new();
    let from_right = |c: char| {
        !is_implicit(c) && [BidiClass::RightToLeft, BidiClass::ArabicLetter].contains(&classes.get(c))
    };
    let stays = text.contains(from_right);
    let goes = |c: char| is_explicit(c) || (is_implicit(c) && !stays);
    text.contains(goes).then(|| text.chars().filter(|c| !goes(*c)).collect())
}

#[cfg(test)]
mod tests {
    use super::without_marks;

    #[test]
    fn what_turns_letters_goes_and_what_people_write_stays() {
        for (text, left) in [
            ("\u{202e}]eruces[\u{202c} x", Some("]eruces[ x")),
            ("[\u{202e}eruces\u{202c}]", Some("[eruces]")),
            ("\u{2067}\u{202e}]eruces[\u{202c}\u{2069}", Some("]eruces[")),
            ("\u{2067}secure]\u{2069}] x", Some("secure]] x")),
            ("\u{200f}[\u{200e}[secure x", Some("[[secure x")),
            ("\u{5e9}\u{5dc}\u{5d5}\u{5dd} (7)\u{200f} x", None),
            (
                "\u{202b}\u{5e9}\u{5dc}\u{5d5}\u{5dd} (7)\u{200f}\u{202c}",
                Some("\u{5e9}\u{5dc}\u{5d5}\u{5dd} (7)\u{200f}"),
            ),
            ("Schaden 7", None),
        ] {
            assert_eq!(without_marks(text).as_deref(), left, "{text:?}");
        }
    }
}
