//! Text made fit for the fonts there are. PDF/A forbids a glyph that stands for nothing, so every character
//! that no font has is replaced by a visible sign, and the page says so. Knows no blocks.

use sealpost_mail::is_invisible;

use crate::fonts::{Fonts, Reach};

/// Shown for what cannot be shown.
pub(crate) const REPLACEMENT: char = '▯';
/// The same, if only the main font may be used.
const PLAIN_REPLACEMENT: char = '?';

/// Marks over one letter; more is a game, and covers the lines around it.
const MAX_MARKS: usize = 3;

/// Characters between the places where an overlong word may break.
const BREAK_EVERY: usize = 4;

/// What has a figure in it and is no longer than this stays whole: amounts, dates, numbers of contracts and of accounts.
const WHOLE: usize = 24;

/// Longer than any line: it breaks where it must.
pub(crate) const MAX_WORD: usize = 44;

/// Where a word that is too long may break.
#[derive(Clone, Copy)]
enum Breaks {
    Nowhere,
    /// Beside a sign or between two small letters: a file's name with a date in it, an address without a scheme.
    Beside,
    Anywhere,
}

pub(crate) struct Glyphs<'a> {
    fonts: &'a Fonts,
    reach: Reach,
    /// Something was replaced.
    pub(crate) replaced: bool,
}

impl<'a> Glyphs<'a> {
    pub(crate) fn new(fonts: &'a Fonts, reach: Reach) -> Self {
        Self { fonts, reach, replaced: false }
    }

    /// The text with fitting characters only, and with places to break in words longer than `longest`.
    pub(crate) fn fit(&mut self, text: &str, longest: usize) -> String {
        let mut out = String::with_capacity(text.len());
        for word in text.split_inclusive(|c: char| c.is_whitespace() || c == '-') {
            // The typesetter knows how to break web addresses, and does it better.
            let address = ["http://", "https://"].iter().any(|scheme| word.starts_with(scheme));
            let breaks = if address { Breaks::Nowhere } else { breaks(word, longest) };
            self.word(word, breaks, &mut out);
        }
        out
    }

    fn word(&mut self, word: &str, breaks: Breaks, out: &mut String) {
        let (mut marks, mut since_break) = (0, 0);
        let mut before = ' ';
        for c in word.chars() {
            let Some(c) = self.one(c, before) else { continue };
            marks = if is_mark(c) { marks + 1 } else { 0 };
            if marks > MAX_MARKS || (self.reach == Reach::Main && marks > 0) {
                continue;
            }
            let here = match breaks {
                Breaks::Nowhere => false,
                Breaks::Beside => {
                    (is_sign(before) && c.is_alphabetic()) || (before.is_lowercase() && c.is_lowercase())
                }
                Breaks::Anywhere => true,
            };
            if here && marks == 0 && since_break >= BREAK_EVERY {
                out.push('\u{200b}');
                since_break = 0;
            }
            since_break += usize::from(marks == 0);
            out.push(c);
            before = c;
        }
    }

    /// The character, another one for it, or nothing.
    fn one(&mut self, c: char, before: char) -> Option<char> {
        match c {
            '\t' => Some(' '),
            '\n' | '\u{ad}' => Some(c),
            '\u{200c}' | '\u{200d}' => {
                (matches!(before, '\u{600}'..='\u{8ff}') && self.reach == Reach::All).then_some(c)
            }
            // Direction tricks, selectors, tags: nothing is drawn for them, even where a font has a box. Nor for the place of
            // an object that is not there, nor for skin tones.
            '\u{fffc}' | '\u{1f3fb}'..='\u{1f3ff}' => None,
            c if is_invisible(c) => None,
            // A hyphen that does not break (the typesetter minds it) looks like any other.
            '\u{2010}' | '\u{2011}' if !self.fonts.has(c, self.reach) => Some('-'),
            '\u{2028}' | '\u{2029}' => Some(' '),
            c if c.is_control() => None,
            // Two of them are a flag; as letters they still say which.
            '\u{1f1e6}'..='\u{1f1ff}' => {
                char::from_u32(u32::from('A') + (u32::from(c) - 0x1f1e6)).or(Some(REPLACEMENT))
            }
            // Private use means something only to who made it (ISO 19005 does not want it either).
            '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fffd}' => Some(self.replacement()),
            c if c == ' ' || self.fonts.has(c, self.reach) => Some(c),
            // Spaces of special widths.
            c if c.is_whitespace() => Some(' '),
            _ => Some(self.replacement()),
        }
    }

    fn replacement(&mut self) -> char {
        self.replaced = true;
        match self.reach {
            Reach::All => REPLACEMENT,
            Reach::Main => PLAIN_REPLACEMENT,
        }
    }
}

/// A word in which no place to break is put, however narrow its column is.
pub(crate) fn stays_whole(word: &str) -> bool {
    matches!(breaks(word, 0), Breaks::Nowhere)
}

fn breaks(word: &str, longest: usize) -> Breaks {
    let word = word.trim_end();
    let length = word.chars().count();
    let has_figure = word.contains(|c: char| c.is_numeric());
    match (has_figure, length) {
        (_, length) if length <= longest => Breaks::Nowhere,
        (true, ..=WHOLE) => Breaks::Nowhere,
        (true, ..=MAX_WORD) => Breaks::Beside,
        (true | false, _) => Breaks::Anywhere,
    }
}

fn is_sign(c: char) -> bool {
    matches!(c, '_' | '/' | '.' | '@' | '=' | '&' | '?' | '+')
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_font_has_is_replaced_and_said() {
        let fonts = Fonts::load();
        let mut glyphs = Glyphs::new(&fonts, Reach::All);
        assert_eq!(glyphs.fit("Grüße 👍🏽 🇩🇪 ❤\u{fe0f} Ελλ", 40), "Grüße 👍 DE ❤ Ελλ");
        assert!(!glyphs.replaced);
        let unseen = "a\u{200b}\u{34f}\u{115f}\u{180b}\u{2060}\u{3164}\u{feff}\u{ffa0}\u{fff9}\u{fffc}\u{e0001}\u{e0101}b\u{2011}c";
        assert_eq!(glyphs.fit(unseen, 40).replace('-', "\u{2011}"), "ab\u{2011}c");
        assert!(!glyphs.replaced);
        assert_eq!(glyphs.fit("日本\u{e000}", 40), "▯▯▯");
        assert!(glyphs.replaced);
        assert_eq!(Glyphs::new(&fonts, Reach::Main).fit("aשe\u{301}", 40), "a?e");
    }

    #[test]
    fn tricks_go_and_long_words_break() {
        let fonts = Fonts::load();
        let mut glyphs = Glyphs::new(&fonts, Reach::All);
        assert_eq!(glyphs.fit("a\u{202e}b\u{0}c\u{7}", 40), "abc");
        assert_eq!(glyphs.fit("abcdefghi jklmn", 5), "abcd\u{200b}efgh\u{200b}i jklmn");
        assert_eq!(glyphs.fit("https://example.com/x", 5), "https://example.com/x");
        for whole in
            ["7.234.567,89 EUR", "DE89370400440532013000", "MT84MALT011000012345MTLCAST001S", "29.11.2026"]
        {
            assert_eq!(glyphs.fit(whole, 2), whole);
        }
        let name = glyphs.fit("Schadenaufstellung_20261129_final.pdf", 8);
        assert_eq!(
            name,
            "Scha\u{200b}dena\u{200b}ufst\u{200b}ellu\u{200b}ng_20261129_\u{200b}fina\u{200b}l.pd\u{200b}f"
        );
        let marks: String = std::iter::once('a').chain(std::iter::repeat_n('\u{301}', 50)).collect();
        assert_eq!(glyphs.fit(&marks, 40).chars().count(), 1 + MAX_MARKS);
    }
}
