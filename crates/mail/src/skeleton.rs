//! What a text looks like: one form for a tag as it is written in a rule and for all the ways people type it.
//!
//! NFKC case folding, look-alikes as one (UTS 39), what is not seen dropped, white space as one blank and none just
//! inside brackets. Knows where every stroke came from, so that what matched can be cut out of the text as typed.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_security::confusable_detection;

/// One character of the form, and the letters of the text it stands for.
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
    Skeleton::of(text.chars()).strokes.iter().map(|stroke| stroke.shape).collect()
}

/// The text as it is read, for patterns: compatible characters as one (NFKC), what is not seen dropped, white space as
/// one blank. Upper and lower case stay.
#[must_use]
pub fn tidied(text: &str) -> String {
    let normal = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    let mut out = String::with_capacity(normal.len());
    for c in normal.chars() {
        if is_blank(c) {
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

/// The text with letters of other scripts that look like ASCII ones as those (UTS 39); what is ASCII stays, and so do
/// umlauts. For patterns: [`skeleton`] would change what they are made of.
#[must_use]
pub fn latinised(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let before = out.len();
        if !c.is_ascii() {
            out.extend(confusable_detection::skeleton(c.encode_utf8(&mut [0; 4])));
        }
        if !out.get(before..).is_some_and(|shape| !shape.is_empty() && shape.is_ascii()) {
            out.truncate(before);
            out.push(c);
        }
    }
    out
}

/// Whether brackets of any script open or close with this character.
#[must_use]
pub fn is_bracket(c: char) -> bool {
    use GeneralCategory::{ClosePunctuation, FinalPunctuation, InitialPunctuation, OpenPunctuation};
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(c, '<' | '>')
        || matches!(category, OpenPunctuation | ClosePunctuation | InitialPunctuation | FinalPunctuation)
}

impl Skeleton {
    pub(crate) fn of(text: impl Iterator<Item = char>) -> Self {
        let mut strokes: Vec<Stroke> = Vec::new();
        for (from, c) in text.enumerate() {
            let to = from + 1;
            if is_blank(c) {
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

    /// The letters at every place in this text that looks like `wanted`, from left to right, none twice.
    pub(crate) fn places(&self, wanted: &Self) -> Vec<(usize, usize)> {
        let length = wanted.strokes.len();
        let mut places: Vec<(usize, usize)> = Vec::new();
        if length == 0 {
            return places;
        }
        for window in self.strokes.windows(length) {
            let alike = window.iter().zip(&wanted.strokes).all(|(ours, theirs)| ours.shape == theirs.shape);
            if let (true, Some(first), Some(last)) = (alike, window.first(), window.last())
                && places.last().is_none_or(|(_, before)| first.from >= *before)
            {
                places.push((first.from, last.to));
            }
        }
        places
    }
}

/// Small capitals in their alphabetical order; no letter stands for q and x.
const SMALL_CAPITALS: [char; 26] = [
    '\u{1d00}', '\u{299}', '\u{1d04}', '\u{1d05}', '\u{1d07}', '\u{a730}', '\u{262}', '\u{29c}', '\u{26a}',
    '\u{1d0a}', '\u{1d0b}', '\u{29f}', '\u{1d0d}', '\u{274}', '\u{1d0f}', '\u{1d18}', '\u{a7af}', '\u{280}',
    '\u{a731}', '\u{1d1b}', '\u{1d1c}', '\u{1d20}', '\u{1d21}', '\u{1d6a}', '\u{28f}', '\u{1d22}',
];

/// The letter in a picture of one, which neither NFKC nor UTS 39 gives: regional indicators, letters in negative circles and
/// squares, small capitals.
fn drawn(c: char) -> char {
    let of = |first: u32| char::from_u32(u32::from(c).wrapping_sub(first).wrapping_add(u32::from('a')));
    let letter = match u32::from(c) {
        0x1f1e6..=0x1f1ff => of(0x1f1e6),
        0x1f150..=0x1f169 => of(0x1f150),
        0x1f170..=0x1f189 => of(0x1f170),
        _ => {
            let place = SMALL_CAPITALS.iter().position(|one| *one == c);
            place
                .and_then(|place| u32::try_from(place).ok()?.checked_add(u32::from('a')))
                .and_then(char::from_u32)
        }
    };
    letter.unwrap_or(c)
}

/// A character as it is drawn: decomposed, lower case, what looks alike as one.
fn shapes(c: char) -> Vec<char> {
    let c = drawn(c);
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

/// White space, and the Braille pattern without dots, which looks like it.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
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
            ("[streng vertraulich]", "[streng\u{2800}vertraulich]"),
        ] {
            assert_eq!(skeleton(tag), skeleton(typed), "{tag} {typed:?}");
        }
        assert_ne!(skeleton("[vertraulich]"), skeleton("[vertraglich]"));
        assert_ne!(skeleton("[vertraulich]"), skeleton("(vertraulich)"));
        assert_ne!(skeleton("streng vertraulich"), skeleton("strengvertraulich"));
    }

    #[test]
    fn what_matched_is_found_in_the_text_as_typed() {
        let places =
            |text: &str, wanted: &str| Skeleton::of(text.chars()).places(&Skeleton::of(wanted.chars()));
        let text = "Re: [ VERTRAU\u{ad}LICH ] Schaden [vertraulich]";
        let found: Vec<String> = places(text, "[vertraulich]")
            .into_iter()
            .map(|(from, to)| text.chars().skip(from).take(to - from).collect())
            .collect();
        assert_eq!(found, ["[ VERTRAU\u{ad}LICH ]", "[vertraulich]"]);
        assert_eq!(places("aaa", "aa"), [(0, 2)]);
        assert!(places(text, "").is_empty() && places("", "x").is_empty());
    }

    #[test]
    fn letters_of_other_scripts_are_read_as_they_look() {
        assert_eq!(latinised("vеrtrаulісh Größe 100 % m"), "vertraulich Größe 100 % m");
        assert_eq!(latinised("ΑΒ 漢字"), "AB 漢字");
        assert!(
            is_bracket('【') && is_bracket('<') && is_bracket('”') && !is_bracket('a') && !is_bracket(':')
        );
    }

    #[test]
    fn a_tidied_text_reads_as_it_is_read() {
        assert_eq!(tidied(" streng\r\n\u{a0}ver\u{ad}traulich "), "streng vertraulich");
        assert_eq!(tidied("ＩＢＡＮ DE02"), "IBAN DE02");
        assert_eq!(tidied("Größe A\u{308}rzte"), "Größe Ärzte");
    }
}
