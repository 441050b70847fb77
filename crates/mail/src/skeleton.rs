//! What a text looks like: one form for a tag as it is written in a rule and for all the ways people type it.
//!
//! NFKC case folding, look-alikes as one (UTS 39), what is not seen dropped, white space as one blank and none just
//! inside brackets. Knows where every stroke came from, so that what matched can be cut out of the text as typed.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use unicode_security::confusable_detection;

/// One character of the form, and the bytes of the text it stands for.
#[derive(Clone, Copy, Debug)]
struct Stroke {
    shape: char,
    from: usize,
    to: usize,
}

/// A text in that form.
#[derive(Clone, Debug)]
pub(crate) struct Skeleton {
    strokes: Vec<Stroke>,
}

/// The form alone, to be compared.
#[must_use]
pub fn skeleton(text: &str) -> String {
    Skeleton::of(text).strokes.iter().map(|stroke| stroke.shape).collect()
}

/// The text as it is read, for patterns: compatible characters as one (NFKC), what is not seen dropped, white space as
/// one blank. Upper and lower case stay.
#[must_use]
pub fn tidied(text: &str) -> String {
    let normal = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    let mut out = String::with_capacity(normal.len());
    for c in normal.chars() {
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !is_unseen(c) {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

impl Skeleton {
    pub(crate) fn of(text: &str) -> Self {
        let mut strokes: Vec<Stroke> = Vec::with_capacity(text.len());
        for (from, c) in text.char_indices() {
            let to = from + c.len_utf8();
            if c.is_whitespace() {
                match strokes.last_mut() {
                    None => {}
                    Some(last) if last.shape == ' ' => last.to = to,
                    Some(last) if is_opening(last.shape) => {}
                    Some(_) => strokes.push(Stroke { shape: ' ', from, to }),
                }
                continue;
            }
            if is_unseen(c) {
                continue;
            }
            for shape in shapes(c) {
                if is_closing(shape) && strokes.last().is_some_and(|last| last.shape == ' ') {
                    strokes.pop();
                }
                strokes.push(Stroke { shape, from, to });
            }
        }
        if strokes.last().is_some_and(|last| last.shape == ' ') {
            strokes.pop();
        }
        Self { strokes }
    }

    /// The bytes of the first place in this text that looks like `wanted`.
    pub(crate) fn find(&self, wanted: &Self) -> Option<(usize, usize)> {
        let length = wanted.strokes.len();
        if length == 0 {
            return None;
        }
        let alike = |window: &[Stroke]| {
            window.iter().zip(&wanted.strokes).all(|(ours, theirs)| ours.shape == theirs.shape)
        };
        let at = self.strokes.windows(length).position(alike)?;
        let (first, last) = (self.strokes.get(at)?, self.strokes.get(at + length - 1)?);
        Some((first.from, last.to))
    }
}

/// A character as it is drawn: decomposed, lower case, what looks alike as one.
fn shapes(c: char) -> Vec<char> {
    if c.is_ascii_alphabetic() && !matches!(c, 'm' | 'M') || c == ' ' {
        return vec![c.to_ascii_lowercase()];
    }
    let mut single = [0; 4];
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(c.encode_utf8(&mut single)).into_owned();
    let lower: String = folded(&apart);
    // Look-alikes of lower-case letters may be capitals (a nought is an O), hence twice.
    folded(&confusable_detection::skeleton(&lower).collect::<String>())
        .chars()
        .filter(|c| !is_unseen(*c))
        .collect()
}

/// Case folding of what is left after decomposition.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'ß' | 'ẞ' => out.push_str("ss"),
            'ς' => out.push('σ'),
            other => out.extend(other.to_lowercase()),
        }
    }
    out
}

/// Nobody sees it: control characters, soft hyphens, joiners, marks of direction, variation selectors.
fn is_unseen(c: char) -> bool {
    c.is_control() || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn is_opening(c: char) -> bool {
    matches!(c, '[' | '(' | '{' | '<')
}

fn is_closing(c: char) -> bool {
    matches!(c, ']' | ')' | '}' | '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_one_form_however_it_is_typed() {
        for (tag, typed) in [
            ("[streng vertraulich]", "[streng  vertraulich]"),
            ("[streng vertraulich]", "[ Streng\u{a0}Vertraulich\t]"),
            ("[streng vertraulich]", "[streng\r\n vertraulich]"),
            ("[vertraulich]", "[ver\u{ad}traulich]"),
            ("[vertraulich]", "[ver\u{200b}trau\u{200d}lich\u{feff}]"),
            ("[vertraulich]", "\u{202a}[vertraulich]\u{202c}"),
            ("[vertraulich]", "［ＶＥＲＴＲＡＵＬＩＣＨ］"),
            ("[vertraulich]", "[vеrtrаulісh]"),
            ("[persönlich]", "[PERSÖNLICH]"),
            ("[persönlich]", "[perso\u{308}nlich]"),
            ("[Straße]", "[STRASSE]"),
            ("[geheim]", "[𝐆𝐞𝐡𝐞𝐢𝐦]"),
            ("[v\u{7}ertraulich]", "[vertraulich]"),
        ] {
            assert_eq!(skeleton(tag), skeleton(typed), "{tag} {typed:?}");
        }
        assert_ne!(skeleton("[vertraulich]"), skeleton("[vertraglich]"));
        assert_ne!(skeleton("[vertraulich]"), skeleton("(vertraulich)"));
        assert_ne!(skeleton("streng vertraulich"), skeleton("strengvertraulich"));
    }

    #[test]
    fn what_matched_is_found_in_the_text_as_typed() {
        let text = "Re: [ VERTRAU\u{ad}LICH ] Schaden";
        let (from, to) = Skeleton::of(text).find(&Skeleton::of("[vertraulich]")).unwrap();
        assert_eq!(text.get(from..to), Some("[ VERTRAU\u{ad}LICH ]"));
        assert!(Skeleton::of(text).find(&Skeleton::of("")).is_none());
        assert!(Skeleton::of("").find(&Skeleton::of("x")).is_none());
    }

    #[test]
    fn a_tidied_text_reads_as_it_is_read() {
        assert_eq!(tidied(" streng\r\n\u{a0}ver\u{ad}traulich "), "streng vertraulich");
        assert_eq!(tidied("ＩＢＡＮ DE02"), "IBAN DE02");
        assert_eq!(tidied("Größe A\u{308}rzte"), "Größe Ärzte");
    }
}
