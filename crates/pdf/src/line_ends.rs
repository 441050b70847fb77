//! Where the lines of the page may end: an amount stays whole, and what is wider than its line gets places to break,
//! for what runs off the paper is lost. Knows no HTML and no template.

use hypher::Lang;
use sealpost_mail::is_amount;

use crate::fonts::{Fonts, Weight};
use crate::glyphs::is_mark;
use crate::model::{Look, Run};
use crate::syllables::Word;

/// A place to break. The fonts draw nothing for it, and the template puts room of no width there.
pub(crate) const PLACE: char = '\u{200b}';
/// Around a word that the typesetter hyphenates: a noncharacter, which no font has and no letter brings here.
pub(crate) const HYPHENATED: char = '\u{fdd0}';
/// A line may end here, and shows a hyphen then.
const SOFT_HYPHEN: char = '\u{ad}';
/// Characters between two places, where one may be anywhere.
const STEP: usize = 4;
/// Writing of even width, as the template sets it: a character's width, and its size beside other writing.
const MONO: f64 = 0.6;
const MONO_SIZE: f64 = 0.9;
/// The width of a hyphen relative to its font size, in bold.
const HYPHEN: f64 = 0.34;
/// Kerning and rounding.
const TOLERANCE: f64 = 1.01;

/// What a line has, in points.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) width: f64,
    /// Of its writing.
    pub(crate) size: f64,
    pub(crate) weight: Weight,
    /// Of the syllables at which long words end their lines. `None`: words are not hyphenated.
    pub(crate) language: Option<Lang>,
}

/// A character, the run it is of, and its width in points.
#[derive(Clone, Copy)]
struct Set {
    c: char,
    run: usize,
    width: f64,
    writing: Writing,
}

/// What writing of even width shows is no word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Words,
    Even,
}

/// Numbers and their units on one line.
pub(crate) fn join_amounts(runs: &mut [Run]) {
    let mut all: Vec<(char, usize)> = characters(runs).collect();
    let blanks: Vec<usize> =
        all.iter().enumerate().filter(|(_, (c, _))| matches!(c, ' ' | '\n')).map(|(at, _)| at).collect();
    let word = |from: usize, to: usize| -> String {
        all.get(from..to).unwrap_or_default().iter().map(|(c, _)| *c).collect()
    };
    let mut joins = Vec::new();
    let mut start = 0;
    for (number, at) in blanks.iter().copied().enumerate() {
        let end = blanks.get(number + 1).copied().unwrap_or(all.len());
        let is_space = all.get(at).is_some_and(|(c, _)| *c == ' ');
        if is_space && is_amount(&word(start, at), &word(at + 1, end)) {
            joins.push(at);
        }
        start = at + 1;
    }
    if joins.is_empty() {
        return;
    }
    for at in joins {
        if let Some((c, _)) = all.get_mut(at) {
            *c = '\u{a0}';
        }
    }
    put_back(runs, all.into_iter());
}

/// Places to break in what is wider than its line, wherever its writer left none.
pub(crate) fn give_places(runs: &mut [Run], room: Room, fonts: &Fonts) {
    let all: Vec<Set> = characters(runs).map(|(c, run)| set(c, run, runs, room, fonts)).collect();
    // A picture is part of no word.
    let wide = |piece: &[Set]| width(piece) > room.width;
    if !all.split(|one| is_space(one.c)).any(wide) {
        return;
    }
    let mut out = Vec::with_capacity(all.len() + all.len() / STEP);
    let mut rest = all.as_slice();
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|one| !is_space(one.c)).count();
        if count == 0 {
            out.push((first.c, first.run));
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let (piece, after) = rest.split_at(count);
        stretch(piece, room, &mut out);
        rest = after;
    }
    put_back(runs, out.into_iter());
}

/// The same of a text that looks everywhere alike.
pub(crate) fn with_places(text: &str, look: &Look, room: Room, fonts: &Fonts) -> String {
    let mut runs = [Run::Text { text: text.to_owned(), look: look.clone() }];
    give_places(&mut runs, room, fonts);
    match runs {
        [Run::Text { text, .. }] => text,
        [Run::Break | Run::Picture { .. }] => String::new(),
    }
}

/// How wide the widest line of these runs wants to be.
pub(crate) fn natural_width(runs: &[Run], size: f64, fonts: &Fonts) -> f64 {
    let endless = Room { width: f64::INFINITY, size, weight: Weight::Normal, language: None };
    let all: Vec<Set> = characters(runs).map(|(c, run)| set(c, run, runs, endless, fonts)).collect();
    all.split(|one| one.c == '\n').map(width).fold(0.0, f64::max)
}

/// The beginning of a text, as much as fits.
pub(crate) fn shortened(text: &str, room: Room, fonts: &Fonts) -> String {
    let wide = |c: char| fonts.width(c, room.weight) * room.size * TOLERANCE;
    let total: f64 = text.chars().map(wide).sum();
    if total <= room.width {
        return text.to_owned();
    }
    let mut left = room.width - wide('…');
    let mut fitting = |c: &char| {
        left -= wide(*c);
        left >= 0.0
    };
    let mut out: String = text.chars().take_while(|c| fitting(c)).collect();
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

fn characters(runs: &[Run]) -> impl Iterator<Item = (char, usize)> + '_ {
    runs.iter().enumerate().flat_map(|(at, run)| {
        let text = match run {
            Run::Text { text, .. } => text.as_str(),
            // A line may end beside a picture.
            Run::Break | Run::Picture { .. } => "\n",
        };
        text.chars().map(move |c| (c, at))
    })
}

fn put_back(runs: &mut [Run], all: impl Iterator<Item = (char, usize)>) {
    let texts = runs.iter_mut().filter_map(|run| match run {
        Run::Text { text, .. } => Some(text),
        Run::Break | Run::Picture { .. } => None,
    });
    texts.for_each(String::clear);
    for (c, at) in all {
        if let Some(Run::Text { text, .. }) = runs.get_mut(at) {
            text.push(c);
        }
    }
}

fn set(c: char, run: usize, runs: &[Run], room: Room, fonts: &Fonts) -> Set {
    let of = runs.get(run);
    let writing = match of {
        Some(Run::Text { look, .. }) if look.mono => Writing::Even,
        Some(Run::Text { .. } | Run::Break | Run::Picture { .. }) | None => Writing::Words,
    };
    Set { c, run, width: width_of(c, of, room, fonts), writing }
}

fn width_of(c: char, run: Option<&Run>, room: Room, fonts: &Fonts) -> f64 {
    let Some(Run::Text { look, .. }) = run else { return 0.0 };
    let weight = if look.bold { Weight::Bold } else { room.weight };
    let own = if is_mark(c) || c == PLACE { 0.0 } else { fonts.width(c, weight) };
    let em = if look.mono { own.max(MONO) * MONO_SIZE } else { own };
    em * room.size * TOLERANCE
}

fn width(piece: &[Set]) -> f64 {
    piece.iter().map(|one| one.width).sum()
}

/// Where a line may end. The blanks that join words are none (UAX #14, class GL).
fn is_space(c: char) -> bool {
    (c.is_whitespace() && !is_glue(c)) || c == PLACE
}

fn is_glue(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}')
}

/// From one space to the next: a word, or several that are joined.
fn stretch(piece: &[Set], room: Room, out: &mut Vec<(char, usize)>) {
    if width(piece) <= room.width {
        out.extend(piece.iter().map(|one| (one.c, one.run)));
        return;
    }
    // Of blanks that join words the last one is a space then, but in an amount.
    let said = |piece: &[Set]| piece.iter().map(|one| one.c).collect::<String>();
    let mut words: Vec<&[Set]> = Vec::new();
    let mut rest = piece;
    while !rest.is_empty() {
        let blanks = rest.iter().take_while(|one| is_glue(one.c)).count();
        let letters = rest.iter().skip(blanks).take_while(|one| !is_glue(one.c)).count();
        let (word, after) = rest.split_at(blanks + letters);
        words.push(word);
        rest = after;
    }
    let mut open: Vec<Set> = Vec::new();
    for word in words {
        let blanks = word.iter().take_while(|one| is_glue(one.c)).count();
        let (joints, letters) = word.split_at(blanks);
        let last: Vec<Set> = open.rsplit(|one| is_glue(one.c)).next().unwrap_or_default().to_vec();
        let joined = blanks == 1 && is_amount(&said(&last), &said(letters));
        match joints.split_last() {
            Some((last_joint, others)) if !open.is_empty() && !letters.is_empty() && !joined => {
                open.extend(others);
                unit_by_unit(&open, room, out);
                out.push((' ', last_joint.run));
                open.clear();
                open.extend(letters);
            }
            Some(_) | None => open.extend(word),
        }
    }
    unit_by_unit(&open, room, out);
}

/// A word, which may end its line behind a hyphen between letters and at a soft one.
fn unit_by_unit(word: &[Set], room: Room, out: &mut Vec<(char, usize)>) {
    let mut start = 0;
    for at in 1..=word.len() {
        let before = word.get(at - 1).map_or(' ', |one| one.c);
        let ends = match word.get(at) {
            None => true,
            Some(next) => before == '\u{ad}' || (before == '-' && next.c.is_alphabetic() && at > 1),
        };
        if ends {
            unit(word.get(start..at).unwrap_or_default(), room, out);
            start = at;
        }
    }
}

/// What has no place to break: it gets some behind its signs, and anywhere if that is not enough.
fn unit(unit: &[Set], room: Room, out: &mut Vec<(char, usize)>) {
    if width(unit) <= room.width {
        out.extend(unit.iter().map(|one| (one.c, one.run)));
        return;
    }
    if hyphenated(unit, room, out).is_some() {
        return;
    }
    let mut start = 0;
    for at in 1..=unit.len() {
        let before = unit.get(at - 1).map_or(' ', |one| one.c);
        let ends = match unit.get(at) {
            None => true,
            Some(next) => {
                is_sign(before)
                    && !is_sign(next.c)
                    && !is_mark(next.c)
                    && !next.c.is_ascii_digit()
                    && at - start >= STEP
            }
        };
        if !ends {
            continue;
        }
        let part = unit.get(start..at).unwrap_or_default();
        if start > 0 {
            push_break(part, out);
        }
        anywhere(part, room, out);
        start = at;
    }
}

/// A word of several syllables. The typesetter knows them too, and the word is copied whole; if one is too wide,
/// it needs more places than that. `None`: it is no such word.
fn hyphenated(unit: &[Set], room: Room, out: &mut Vec<(char, usize)>) -> Option<()> {
    if unit.iter().any(|one| one.writing == Writing::Even) {
        return None;
    }
    let text: Vec<char> = unit.iter().map(|one| one.c).collect();
    let word = Word::of(&text, room.language?)?;
    let syllables: Vec<&[Set]> = word.syllables.iter().filter_map(|one| unit.get(one.clone())).collect();
    let narrower = Room { width: room.width - HYPHEN * room.size, ..room };
    let (first, last) = (unit.first()?, unit.last()?);
    if first.run == last.run && syllables.iter().all(|one| width(one) <= narrower.width) {
        out.push((HYPHENATED, first.run));
        out.extend(unit.iter().map(|one| (one.c, one.run)));
        out.push((HYPHENATED, last.run));
        return Some(());
    }
    for (number, syllable) in syllables.into_iter().enumerate() {
        if let Some(one) = syllable.first().filter(|_| number > 0) {
            out.push((SOFT_HYPHEN, one.run));
        }
        let from = out.len();
        anywhere(syllable, narrower, out);
        let added = out.get_mut(from..).unwrap_or_default();
        added.iter_mut().filter(|(c, _)| *c == PLACE).for_each(|(c, _)| *c = SOFT_HYPHEN);
    }
    Some(())
}

fn anywhere(part: &[Set], room: Room, out: &mut Vec<(char, usize)>) {
    let fits = width(part) <= room.width;
    let widest = part.iter().map(|one| one.width).fold(0.0, f64::max);
    #[expect(clippy::cast_precision_loss, reason = "four")]
    let step = if widest * STEP as f64 > room.width { 1 } else { STEP };
    let mut since = 0;
    for one in part {
        if !fits && since >= step && !is_mark(one.c) && !matches!(one.c, '\u{200c}' | '\u{200d}') {
            out.push((PLACE, one.run));
            since = 0;
        }
        since += usize::from(!is_mark(one.c));
        out.push((one.c, one.run));
    }
}

fn push_break(before: &[Set], out: &mut Vec<(char, usize)>) {
    if let Some(one) = before.first() {
        out.push((PLACE, one.run));
    }
}

fn is_sign(c: char) -> bool {
    matches!(
        c,
        '_' | '/' | '.' | ',' | ';' | ':' | '@' | '=' | '&' | '?' | '+' | '%' | '#' | '|' | '~' | '-' | '\\'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Run {
        Run::Text { text: text.to_owned(), look: Look::default() }
    }

    fn said(runs: &[Run]) -> String {
        let text = |run: &Run| match run {
            Run::Text { text, .. } => text
                .replace(PLACE, "|")
                .replace(HYPHENATED, "'")
                .replace(SOFT_HYPHEN, "-")
                .replace('\u{a0}', "~"),
            Run::Break => "\n".to_owned(),
            Run::Picture { .. } => String::new(),
        };
        runs.iter().map(text).collect()
    }

    fn amounts(texts: &[&str]) -> String {
        let mut runs: Vec<Run> = texts.iter().map(|text| run(text)).collect();
        join_amounts(&mut runs);
        said(&runs)
    }

    /// In a line of about this number of small letters.
    fn placed(texts: &[&str], letters: f64) -> String {
        placed_in(None, texts, letters)
    }

    fn placed_in(language: Option<Lang>, texts: &[&str], letters: f64) -> String {
        let mut runs: Vec<Run> = texts.iter().map(|text| run(text)).collect();
        give_places(
            &mut runs,
            Room { width: letters * 6.0, size: 10.0, weight: Weight::Normal, language },
            &Fonts::load(),
        );
        said(&runs)
    }

    #[test]
    fn numbers_stand_with_their_units() {
        assert_eq!(amounts(&["es sind 1.234,56 EUR und 3 % davon"]), "es sind 1.234,56~EUR und 3~% davon");
        assert_eq!(amounts(&["12", " ", "EUR im Jahr"]), "12~EUR im Jahr");
        assert_eq!(amounts(&["10 Autos, 5 Leute"]), "10 Autos, 5 Leute");
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        for text in ["Schaden vom 3. Mai", "DE89370400440532013000", "a\u{a0}b", "x-y-z"] {
            assert_eq!(placed(&[text], 40.0), text.replace('\u{a0}', "~"));
        }
    }

    #[test]
    fn words_break_at_their_signs_and_else_anywhere() {
        for (text, letters, wanted) in [
            ("abcdefghi jklmn", 7.0, "abcd|efgh|i jklmn"),
            ("https://insurer.example/a?b=c", 20.0, "https://|insurer.|example/|a?b=|c"),
            ("Schaden_20261129_final.pdf", 18.0, "Schaden_20261129_|final.|pdf"),
            ("kurz-xxxxxxxxxxxxxxxx", 12.0, "kurz-xxxx|xxxx|xxxx|xxxx"),
            ("2026-11-29-30-31-32-33", 12.0, "2026|-11-|29-3|0-31|-32-|33"),
            ("========", 4.0, "====|===="),
        ] {
            assert_eq!(placed(&[text], letters), wanted);
        }
        // A word that looks different halfway is still one.
        assert_eq!(placed(&["abcdef", "ghijkl"], 8.0), "abcd|efgh|ijkl");
    }

    #[test]
    fn long_words_end_their_lines_at_their_syllables() {
        let german = |texts: &[&str], letters| placed_in(Some(Lang::German), texts, letters);
        assert_eq!(german(&["die Selbstbeteiligung beträgt"], 12.0), "die 'Selbstbeteiligung' beträgt");
        assert_eq!(german(&["(Selbstbeteiligung),"], 12.0), "'(Selbstbeteiligung),'");
        // Two looks, and syllables that are wider than the line.
        assert_eq!(german(&["Selbst", "beteiligung"], 12.0), "Selbst-be-tei-li-gung");
        assert_eq!(german(&["Selbstbeteiligung"], 5.0), "Selb-st-be-tei-li-gung");
        // What is no word shows no hyphen that is not its own.
        assert_eq!(german(&["bericht.selbstbeteiligung"], 12.0), "bericht.|selb|stbe|teil|igun|g");
        assert_eq!(german(&["xxxxxxxxxxxxxxxx"], 12.0), "xxxx|xxxx|xxxx|xxxx");
    }

    #[test]
    fn blanks_that_join_too_much_are_spaces() {
        assert_eq!(placed(&["eins\u{a0}zwei\u{a0}drei"], 10.0), "eins zwei drei");
        assert_eq!(placed(&["zahlt 500,00\u{a0}EUR\u{a0}je\u{a0}Jahr"], 12.0), "zahlt 500,00~EUR je Jahr");
        assert_eq!(placed(&["\u{a0}\u{a0}\u{a0}eins\u{a0}\u{a0}zwei"], 6.0), "~~~eins~ zwei");
        assert_eq!(placed(&["eins\u{a0}", "zwei\u{a0}drei"], 10.0), "eins zwei drei");
    }

    #[test]
    fn a_title_that_is_too_long_is_shortened() {
        let fonts = Fonts::load();
        let room = Room { width: 50.0, size: 10.0, weight: Weight::Normal, language: None };
        assert_eq!(shortened("kurz", room, &fonts), "kurz");
        assert_eq!(shortened("Schaden an der Scheibe", room, &fonts), "Schaden…");
    }
}
