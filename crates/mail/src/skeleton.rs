//! What a text looks like: one form for a tag in a rule and for all the ways people type it.
//!
//! NFKC case folding, look-alikes unified (UTS 39), invisible characters dropped, white space as one space and none just inside
//! brackets. Records the origin of every stroke, so that a match can be cut out of the text as typed.

use std::collections::HashMap;
use std::fmt;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_security::confusable_detection;

/// One character of the form, and the letters of the text it came from.
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

/// The text as it is read, for patterns: compatible characters unified (NFKC), invisible ones dropped, white space as one space.
/// Keeps case. `None`: it would grow more than any honest text does (U+FDFA becomes eighteen letters), and searching it would cost
/// too much.
#[must_use]
pub fn tidied(text: &str) -> Option<String> {
    let most = text.len().saturating_mul(MAX_GROWTH).saturating_add(MIN_GROWTH);
    let mut normal = Bounded { text: String::with_capacity(text.len()), most };
    ComposingNormalizerBorrowed::new_nfkc().normalize_to(text, &mut normal).ok()?;
    let mut out = String::with_capacity(normal.text.len());
    for c in normal.text.chars() {
        if is_blank(c) {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if c.is_ascii_graphic() || !is_unseen(c) {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    Some(out)
}

/// The text in its canonical form (NFC): ü is one letter, also where macOS wrote u and a combining diaeresis.
#[must_use]
pub fn composed(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// Growth limit of NFKC as a factor, and an additional allowance in bytes for short texts.
const MAX_GROWTH: usize = 3;
const MIN_GROWTH: usize = 1024;

struct Bounded {
    text: String,
    most: usize,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        if self.text.len() + more.len() > self.most {
            return Err(fmt::Error);
        }
        self.text.push_str(more);
        Ok(())
    }
}

/// The text as it is read, without case: [`tidied`] with `ß` and `SS` as one.
#[must_use]
pub fn caseless(text: &str) -> String {
    let read = tidied(text).unwrap_or_else(|| text.to_owned());
    let folded = folded(&read);
    tidied(&folded).unwrap_or(folded)
}

/// The text with look-alikes of ASCII letters replaced by those (UTS 39); ASCII and umlauts stay. For patterns: [`skeleton`] would
/// change pattern characters.
#[must_use]
pub fn latinised(text: &str) -> String {
    latinised_with(text, &mut Remembered::default())
}

fn latinised_with(text: &str, looks: &mut Remembered<String>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.push_str(looks.of(c, |c| {
                let shape: String = confusable_detection::skeleton(c.encode_utf8(&mut [0; 4])).collect();
                if !shape.is_empty() && shape.is_ascii() { shape } else { c.to_string() }
            }));
        }
    }
    out
}

/// Cache of results per character: a long text has few different ones, and the look-up is what costs.
struct Remembered<T> {
    known: HashMap<char, T>,
    #[cfg(test)]
    looked_up: usize,
}

/// Entries of the cache.
const MAX_REMEMBERED: usize = 16 * 1024;

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            #[cfg(test)]
            looked_up: 0,
        }
    }
}

impl<T> Remembered<T> {
    fn of(&mut self, c: char, look: impl FnOnce(char) -> T) -> &T {
        if self.known.len() >= MAX_REMEMBERED && !self.known.contains_key(&c) {
            self.known.clear();
        }
        #[cfg(test)]
        let looked_up = &mut self.looked_up;
        self.known.entry(c).or_insert_with(|| {
            #[cfg(test)]
            {
                *looked_up += 1;
            }
            look(c)
        })
    }
}

/// Whether this character is an opening or closing bracket of any script.
#[must_use]
pub fn is_bracket(c: char) -> bool {
    use GeneralCategory::{ClosePunctuation, FinalPunctuation, InitialPunctuation, OpenPunctuation};
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(c, '<' | '>')
        || matches!(category, OpenPunctuation | ClosePunctuation | InitialPunctuation | FinalPunctuation)
}

/// Brackets that look square, by their corners; the opening one comes first.
const SQUARE: [(char, char); 29] = [
    ('\u{2045}', '\u{2046}'),
    ('\u{228f}', '\u{2290}'),
    ('\u{2291}', '\u{2292}'),
    ('\u{2308}', '\u{2309}'),
    ('\u{230a}', '\u{230b}'),
    ('\u{231c}', '\u{231d}'),
    ('\u{231e}', '\u{231f}'),
    ('\u{23a1}', '\u{23a4}'),
    ('\u{23a2}', '\u{23a5}'),
    ('\u{23a3}', '\u{23a6}'),
    ('\u{2772}', '\u{2773}'),
    ('\u{27e6}', '\u{27e7}'),
    ('\u{27ec}', '\u{27ed}'),
    ('\u{298b}', '\u{298c}'),
    ('\u{298d}', '\u{298e}'),
    ('\u{298f}', '\u{2990}'),
    ('\u{2997}', '\u{2998}'),
    ('\u{2e22}', '\u{2e23}'),
    ('\u{2e24}', '\u{2e25}'),
    ('\u{2e55}', '\u{2e56}'),
    ('\u{2e57}', '\u{2e58}'),
    ('\u{300c}', '\u{300d}'),
    ('\u{300e}', '\u{300f}'),
    ('\u{3010}', '\u{3011}'),
    ('\u{3014}', '\u{3015}'),
    ('\u{3016}', '\u{3017}'),
    ('\u{3018}', '\u{3019}'),
    ('\u{301a}', '\u{301b}'),
    ('\u{ff62}', '\u{ff63}'),
];

/// The square bracket that this one looks like. UTS 39 takes some of them for round ones.
pub(crate) fn squared(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    match SQUARE.iter().find(|(open, close)| c == *open || c == *close) {
        Some((open, _)) if c == *open => '[',
        Some(_) => ']',
        None => c,
    }
}

/// What a character looks like at a glance: a capital of another script is the Latin one it resembles, a letter with marks the bare
/// letter; marks and narrow spaces are nothing. Only for detecting forgeries: words in other scripts lose their meaning.
pub(crate) fn as_seen(c: char) -> char {
    /// Invisible.
    const NOTHING: char = '\u{ad}';
    let c = squared(c);
    if c.is_ascii() {
        return c;
    }
    let is_mark = |c: char| {
        let category = CodePointMapData::<GeneralCategory>::new().get(c);
        matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
    };
    if is_blank(c) || is_mark(c) {
        return NOTHING;
    }
    let mut single = [0; 4];
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(c.encode_utf8(&mut single)).into_owned();
    let mut letters = apart.chars().filter(|c| !is_mark(*c));
    let base = match (letters.next(), letters.next()) {
        (Some(one), None) => one,
        (Some(_), Some(_)) | (None, _) => return c,
    };
    let looks_like = |c: char| {
        let shape: String = confusable_detection::skeleton(c.encode_utf8(&mut [0; 4])).collect();
        let mut letters = shape.chars().filter(|c| !is_mark(*c));
        let first = letters.next().filter(char::is_ascii_alphanumeric);
        first.filter(|_| letters.next().is_none())
    };
    let capital = |c: char| {
        let mut capitals = c.to_uppercase();
        capitals.next().filter(|_| capitals.next().is_none())
    };
    // Before compatibility decomposition: that of a lunate sigma is another sigma.
    let others = [Some(c), Some(base), capital(c), capital(base)].into_iter().flatten();
    let found = Some(base).filter(char::is_ascii).or_else(|| others.into_iter().find_map(looks_like));
    found.unwrap_or(c)
}

impl Skeleton {
    pub(crate) fn of(text: impl Iterator<Item = char>) -> Self {
        Self::with(text, &mut Remembered::default())
    }

    fn with(text: impl Iterator<Item = char>, drawings: &mut Remembered<Drawing>) -> Self {
        let mut strokes: Vec<Stroke> = Vec::new();
        for (from, c) in text.enumerate() {
            let to = from + 1;
            let shapes = match drawings.of(c, drawing) {
                Drawing::Blank => {
                    match strokes.last_mut() {
                        None => {}
                        Some(last) if last.shape == ' ' => last.to = to,
                        Some(last) if is_opening(last.shape) => {}
                        Some(_) => strokes.push(Stroke { shape: ' ', from, to }),
                    }
                    continue;
                }
                Drawing::Shapes(shapes) => shapes,
            };
            for shape in shapes.iter().copied() {
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

    /// The letters at every place in this text that looks like `wanted`, from left to right, without overlaps.
    pub(crate) fn positions(&self, wanted: &Self) -> Vec<(usize, usize)> {
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

/// Small capitals in alphabetical order; there is none for q and x.
const SMALL_CAPITALS: [char; 26] = [
    '\u{1d00}', '\u{299}', '\u{1d04}', '\u{1d05}', '\u{1d07}', '\u{a730}', '\u{262}', '\u{29c}', '\u{26a}',
    '\u{1d0a}', '\u{1d0b}', '\u{29f}', '\u{1d0d}', '\u{274}', '\u{1d0f}', '\u{1d18}', '\u{a7af}', '\u{280}',
    '\u{a731}', '\u{1d1b}', '\u{1d1c}', '\u{1d20}', '\u{1d21}', '\u{1d6a}', '\u{28f}', '\u{1d22}',
];

/// The letter in a pictured one, which neither NFKC nor UTS 39 gives: regional indicators, letters in negative circles and squares,
/// small capitals.
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

/// How a character is drawn. Invisible characters have no shapes.
enum Drawing {
    Blank,
    Shapes(Box<[char]>),
}

fn drawing(c: char) -> Drawing {
    if is_blank(c) {
        Drawing::Blank
    } else if is_unseen(c) {
        Drawing::Shapes(Box::default())
    } else {
        Drawing::Shapes(shapes(c).into())
    }
}

/// A character as it is drawn: decomposed, lower case, look-alikes unified.
fn shapes(c: char) -> Vec<char> {
    let c = drawn(c);
    if c.is_ascii_alphabetic() && !matches!(c, 'm' | 'M') || c == ' ' {
        return vec![c.to_ascii_lowercase()];
    }
    let mut single = [0; 4];
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(c.encode_utf8(&mut single)).into_owned();
    let lower: String = folded(&apart);
    // Look-alikes of lower-case letters may be capitals (a zero is an O), hence twice.
    folded(&confusable_detection::skeleton(&lower).collect::<String>())
        .chars()
        .filter(|c| !is_unseen(*c))
        .collect()
}

/// Case folding of the decomposed characters.
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

/// Invisible: control characters, soft hyphens, joiners, direction marks, variation selectors.
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
            |text: &str, wanted: &str| Skeleton::of(text.chars()).positions(&Skeleton::of(wanted.chars()));
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
    fn case_is_no_difference() {
        assert_eq!(caseless("GRÖSSE ＴＯＰ"), caseless("gro\u{308}ße top"));
        assert_ne!(caseless("größe"), caseless("grosse"));
        assert_eq!(composed("a\u{308}[o\u{308}]"), "ä[ö]");
    }

    #[test]
    fn a_tidied_text_reads_as_it_is_read() {
        for (text, read) in [
            (" streng\r\n\u{a0}ver\u{ad}traulich ", "streng vertraulich"),
            ("ＩＢＡＮ DE02", "IBAN DE02"),
            ("Größe A\u{308}rzte", "Größe Ärzte"),
            (
                "\u{fdfa}",
                "\u{635}\u{644}\u{649} \u{627}\u{644}\u{644}\u{647} \u{639}\u{644}\u{64a}\u{647} \u{648}\u{633}\u{644}\u{645}",
            ),
        ] {
            assert_eq!(tidied(text).as_deref(), Some(read));
        }
    }

    /// Work, not time: the look-up of a character is what costs, and the output is bounded by the input.
    #[test]
    fn a_text_costs_what_its_characters_cost_once() {
        for text in ["\u{fdfa}", "\u{2026}", "\u{3316}", "ä", "a", " ["] {
            let long = text.repeat(60_000);
            let mut drawings = Remembered::default();
            let strokes = Skeleton::with(long.chars(), &mut drawings).strokes;
            assert!(drawings.looked_up <= 2 && strokes.len() <= 18 * 60_000, "{text} {}", drawings.looked_up);
            let mut looks = Remembered::default();
            let _ = latinised_with(&long, &mut looks);
            assert!(looks.looked_up <= 1, "{text} {}", looks.looked_up);
            let tidy = tidied(&long);
            assert!(tidy.is_none_or(|tidy| tidy.len() <= MAX_GROWTH * long.len() + MIN_GROWTH), "{text}");
        }
        assert!(tidied(&"\u{fdfa}".repeat(60_000)).is_none() && tidied(&"\u{2026}".repeat(60_000)).is_some());
        // Every character there is: the cache is bounded.
        let all: String = (0..=u32::from(char::MAX)).filter_map(char::from_u32).collect();
        let mut looks = Remembered::default();
        let _ = latinised_with(&all, &mut looks);
        assert!(looks.known.len() <= MAX_REMEMBERED);
    }
}
