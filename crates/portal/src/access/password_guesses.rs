//! Estimates how many guesses a password takes for an attacker who knows how people make them: words, names, dates,
//! keyboard walks, repetitions. Pure; knows no rule and stores nothing.

use crate::access::common_passwords;
use crate::access::password_variants::{fold, hash, unleet};

/// Tenths of a bit.
type Cost = u32;

/// Maximum length considered; further characters add no weakness.
const MAX_LENGTH: usize = 72;
const MAX_WORD: usize = 24;

const OWN: Cost = 30;
const COMMON: Cost = 60;
/// The second half of a compound follows from the first.
const COMPOUND: Cost = 70;
const LINK: Cost = 30;
const REPEATED: Cost = 20;
const INITIALS: Cost = 20;
const SHORTHAND: Cost = 40;
const YEAR: Cost = 50;
const DATE: Cost = 90;
const HOUSE: Cost = 50;
const SEQUENCE: Cost = 30;
const WALK: Cost = 80;
const LETTER: Cost = 50;
const DIGIT: Cost = 33;
const SIGN: Cost = 40;
const USUAL_SIGN: Cost = 20;
const LAST_SIGN: Cost = 10;
/// Letters recognised in digits and signs.
const READ: Cost = 5;

/// What people put between words and before a number.
const SHORTHANDS: [&str; 15] =
    ["str", "nr", "tel", "plz", "st", "dr", "und", "im", "in", "am", "an", "der", "die", "das", "the"];
/// What German puts between the parts of a compound, and after them.
const LINKS: [&str; 6] = ["s", "n", "en", "es", "er", "e"];

/// Keyboard rows: German and American.
const KEYBOARDS: [[&str; 4]; 2] = [
    ["1234567890", "qwertzuiop", "asdfghjkl", "yxcvbnm,.-"],
    ["1234567890", "qwertyuiop", "asdfghjkl;", "zxcvbnm,./"],
];
/// The digits with the shift key, on the same keyboards.
const SHIFTED: [&str; 2] = ["!\"§$%&/()=", "!@#$%^&*()"];

/// Its strength in bits, rounded down. `own` are words of its owner and the operator, folded; `common` are words that
/// everybody tries, folded as well.
pub(super) fn bits<'w>(password: &str, own: &[String], common: impl Iterator<Item = &'w str>) -> u32 {
    let text = Text::new(password);
    let words = Words { own, common: common.collect(), initials: initials(own) };
    words.cheapest(&text) / 10
}

/// A password in the forms in which parts of it are looked up; all of the same length.
struct Text {
    plain: Vec<char>,
    read: [Vec<char>; 2],
    /// Whether a word visibly begins here: a capital after something else.
    begins: Vec<bool>,
}

impl Text {
    fn new(password: &str) -> Self {
        let (mut plain, mut begins) = (Vec::new(), Vec::new());
        let mut before = None;
        for c in password.chars().take(MAX_LENGTH) {
            let folded = fold(c.encode_utf8(&mut [0; 4]));
            for (number, folded) in folded.chars().enumerate() {
                plain.push(folded);
                let capital = c.is_uppercase() && before.is_none_or(|before: char| !before.is_uppercase());
                begins.push(number == 0 && capital);
            }
            before = Some(c);
        }
        let whole: String = plain.iter().collect();
        let read = ['i', 'l'].map(|one| unleet(&whole, one).chars().collect());
        Self { plain, read, begins }
    }

    fn at(&self, at: usize) -> Option<char> {
        self.plain.get(at).copied()
    }
}

struct Words<'w> {
    own: &'w [String],
    common: std::collections::HashSet<&'w str>,
    initials: Vec<String>,
}

/// What ended last: after a word, and after a keyboard walk, the next one costs less.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Other,
    Word,
    Walk,
}

/// The cheapest ways to some position in the text, by what ended there.
#[derive(Clone, Copy, Default)]
struct Ways {
    other: Option<Cost>,
    word: Option<Cost>,
    walk: Option<Cost>,
}

impl Ways {
    fn cheapest(self) -> Option<Cost> {
        [self.other, self.word, self.walk].into_iter().flatten().min()
    }

    fn after(self, last: After) -> Option<Cost> {
        match last {
            After::Other => self.other,
            After::Word => self.word,
            After::Walk => self.walk,
        }
    }

    fn offer(&mut self, last: After, cost: Cost) {
        let place = match last {
            After::Other => &mut self.other,
            After::Word => &mut self.word,
            After::Walk => &mut self.walk,
        };
        *place = Some(place.map_or(cost, |known| known.min(cost)));
    }
}

impl Words<'_> {
    /// The cheapest way to compose it.
    fn cheapest(&self, text: &Text) -> Cost {
        let length = text.plain.len();
        let mut best = vec![Ways::default(); length + 1];
        if let Some(first) = best.first_mut() {
            first.other = Some(0);
        }
        for from in 0..length {
            let here = best.get(from).copied().unwrap_or_default();
            for to in from + 1..=length {
                for (cost, only_after, last) in self.pieces(text, from, to) {
                    let before = only_after.map_or_else(|| here.cheapest(), |state| here.after(state));
                    if let (Some(before), Some(ways)) = (before, best.get_mut(to)) {
                        ways.offer(last, before.saturating_add(cost));
                    }
                }
            }
        }
        best.last().and_then(|ways| ways.cheapest()).unwrap_or(0)
    }

    /// What a piece may be: its cost, the predecessor that this cost requires, and what it is for the next piece.
    fn pieces(&self, text: &Text, from: usize, to: usize) -> Vec<(Cost, Option<After>, After)> {
        let piece: String = text.plain.get(from..to).unwrap_or_default().iter().collect();
        let is_last = to == text.plain.len();
        let mut found = Vec::new();
        if let Some(c) = text.at(from).filter(|_| to == from + 1) {
            let capital = Cost::from(text.begins.get(from).copied().unwrap_or_default()) * 10;
            found.push(match c {
                _ if c.is_alphabetic() => (LETTER + capital, None, After::Other),
                _ if c.is_numeric() => (DIGIT, None, After::Other),
                '!' | '.' | '?' if is_last => (LAST_SIGN, None, After::Other),
                '!' | '.' | '?' | '-' | '_' | '+' | '&' | ',' | ':' | '/' | ' ' => {
                    (USUAL_SIGN, None, After::Other)
                }
                _ => (SIGN, None, After::Other),
            });
        }
        if LINKS.contains(&piece.as_str()) {
            found.push((LINK, Some(After::Word), After::Word));
        }
        if (to - from) >= 2 {
            found.extend(self.word(text, from, to, &piece));
            if let Some(cost) = number(&piece) {
                found.push((cost, None, After::Other));
            }
            if repeats(&text.plain, from, to) {
                found.push((REPEATED, None, After::Other));
            }
        }
        if is_walk(&piece) {
            found.push((WALK, None, After::Walk));
            found.push((SEQUENCE, Some(After::Walk), After::Walk));
        }
        found
    }

    fn word(&self, text: &Text, from: usize, to: usize, piece: &str) -> Vec<(Cost, Option<After>, After)> {
        let mut found = Vec::new();
        if SHORTHANDS.contains(&piece) {
            found.push((SHORTHAND, None, After::Word));
        }
        if self.initials.iter().any(|own| own == piece) {
            found.push((INITIALS, None, After::Word));
        }
        let begins = text.begins.get(from).copied().unwrap_or_default();
        // Whether letters were written as signs is judged by what was letters.
        let forms = std::iter::once((piece.to_owned(), 0)).chain(text.read.iter().map(|read| {
            let read: String = read.get(from..to).unwrap_or_default().iter().collect();
            let cost = if read == piece { 0 } else { READ };
            (read, cost)
        }));
        for (form, more) in forms {
            let length = form.chars().count();
            if self.own.contains(&form) {
                found.push((OWN + more, None, After::Word));
            } else if self.common.contains(form.as_str()) {
                found.push((COMMON + more, None, After::Word));
            }
            let is_word = (4..=MAX_WORD).contains(&length) && form.chars().all(char::is_alphabetic);
            if is_word && common_passwords::holds_any(&[hash(&form)]) {
                let alone = match length {
                    4 => 120,
                    5..=7 => 150,
                    _ => 170,
                };
                found.push((alone + more, None, After::Word));
                if !begins {
                    found.push((COMPOUND + more, Some(After::Word), After::Word));
                }
            }
        }
        found
    }
}

/// The initials of the owner's names, in order and reversed.
fn initials(own: &[String]) -> Vec<String> {
    let firsts: Vec<char> = own.iter().filter_map(|word| word.chars().next()).collect();
    let mut pairs = Vec::new();
    for a in &firsts {
        for b in &firsts {
            pairs.push(format!("{a}{b}"));
        }
    }
    pairs
}

/// A number that is easier than its digits: a year, a date, a sequence, a repeated digit, a house number.
fn number(piece: &str) -> Option<Cost> {
    let digits: Vec<u32> = piece.chars().filter_map(|c| c.to_digit(10)).collect();
    let parts: Vec<&str> = piece.split(['.', '-', '/', ',']).collect();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_digits(piece) {
        let steps: Vec<(u32, u32)> = digits.iter().copied().zip(digits.iter().skip(1).copied()).collect();
        let run =
            steps.iter().all(|(a, b)| (a + 1) % 10 == *b) || steps.iter().all(|(a, b)| (b + 1) % 10 == *a);
        if digits.len() > 2 && (run || steps.iter().all(|(a, b)| a == b)) {
            return Some(SEQUENCE);
        }
        if piece.len() == 4 && (piece.starts_with("19") || piece.starts_with("20")) {
            return Some(YEAR);
        }
        let cut = |from: usize, to: usize| piece.get(from..to).unwrap_or_default();
        let dates: &[[&str; 3]] = match piece.len() {
            4 => &[[cut(0, 2), cut(2, 4), "00"]],
            6 => &[[cut(0, 2), cut(2, 4), cut(4, 6)], [cut(4, 6), cut(2, 4), cut(0, 2)]],
            8 => &[[cut(0, 2), cut(2, 4), cut(4, 8)], [cut(6, 8), cut(4, 6), cut(0, 4)]],
            _ => &[],
        };
        return dates.iter().any(is_date).then_some(DATE);
    }
    if let Some((number, letter)) = piece.split_at_checked(piece.len().saturating_sub(1)) {
        let is_house =
            is_digits(number) && number.len() <= 3 && letter.chars().all(|c| matches!(c, 'a'..='e'));
        if is_house {
            return Some(HOUSE);
        }
    }
    match parts.as_slice() {
        [day, month, year] if parts.iter().all(|part| is_digits(part)) => {
            (is_date(&[day, month, year]) || is_date(&[year, month, day])).then_some(DATE)
        }
        [day, month, ""] | [day, month] if is_digits(day) && is_digits(month) => {
            is_date(&[day, month, "00"]).then_some(DATE)
        }
        _ => None,
    }
}

fn is_date([day, month, year]: &[&str; 3]) -> bool {
    let within =
        |text: &str, most: u32| text.len() <= 2 && text.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n));
    let is_year = year.len() == 2 || (year.len() == 4 && (year.starts_with("19") || year.starts_with("20")));
    is_year && ((within(day, 31) && within(month, 12)) || (within(day, 12) && within(month, 31)))
}

/// Whether the whole piece occurred before.
fn repeats(text: &[char], from: usize, to: usize) -> bool {
    let (length, piece) = (to - from, text.get(from..to).unwrap_or_default());
    let before = text.get(..from).unwrap_or_default();
    let same = piece.iter().all(|c| Some(c) == piece.first());
    (length >= 3 && before.windows(length).any(|window| window == piece))
        || (same && before.last() == piece.first())
}

/// A straight line on a keyboard: along a row or column, in either direction.
fn is_walk(piece: &str) -> bool {
    let length = piece.chars().count();
    if !(3..=10).contains(&length) {
        return false;
    }
    KEYBOARDS.iter().zip(SHIFTED).any(|(rows, shifted)| {
        let place = |c: char| {
            let c = match shifted.chars().position(|one| one == c) {
                Some(at) => rows.first()?.chars().nth(at)?,
                None => c,
            };
            rows.iter().enumerate().find_map(|(row, keys)| {
                let column = keys.chars().position(|key| key == c)?;
                Some((i32::try_from(row).ok()?, i32::try_from(column).ok()?))
            })
        };
        let places: Option<Vec<(i32, i32)>> = piece.chars().map(place).collect();
        let Some(places) = places else { return false };
        let mut steps = places.iter().zip(places.iter().skip(1)).map(|(a, b)| (b.0 - a.0, b.1 - a.1));
        let Some(first) = steps.next() else { return false };
        matches!(first, (0, 1 | -1) | (1 | -1, 0)) && steps.all(|step| step == first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(password: &str) -> u32 {
        bits(password, &["maria".to_owned(), "huber".to_owned()], ["wien", "november"].into_iter())
    }

    #[test]
    fn what_is_easier_than_its_letters() {
        for (easy, most) in [
            ("maria", 3),
            ("Wien", 6),
            ("1977", 5),
            ("24.12.1977", 9),
            ("19771224", 9),
            ("1qay2wsx", 11),
            ("!QAY", 8),
            ("zxcvbnm", 8),
            ("fdsa", 8),
            ("12345", 3),
            ("aaaaaaaa", 8),
            ("mh", 2),
            ("x7Kqx7Kq", 22),
        ] {
            assert!(of(easy) <= most, "{easy}: {}", of(easy));
        }
        for (hard, least) in [("98.76.1977", 20), ("1q5z", 12), ("8317", 12), ("xK7$mQ2p", 30)] {
            assert!(of(hard) >= least, "{hard}: {}", of(hard));
        }
    }

    #[test]
    fn a_compound_is_less_than_two_words() {
        assert!(of("Gartenzwerg") + 5 < of("Garten-Zwerg"));
        assert!(of("Gartenzwerg1!") + 5 < of("Gartenzwerg-Nebel1!"));
        assert_eq!(of(""), 0);
        assert!(of(&"x".repeat(300)) > 0);
    }
}
