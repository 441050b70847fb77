//! Adapts text to the available fonts. PDF/A forbids the empty glyph, so every character without a font is replaced by
//! a visible sign, and the page says so. Knows no blocks.

use sealpost_mail::is_invisible;

use crate::fonts::{Fonts, Reach};

/// Replaces a character that no font has.
pub(crate) const REPLACEMENT: char = '▯';
/// The same, if only the main font may be used.
const PLAIN_REPLACEMENT: char = '?';

/// Marks over one letter; more are a game, and cover neighbouring lines.
const MAX_MARKS: usize = 3;

pub(crate) struct Glyphs<'a> {
    fonts: &'a Fonts,
    reach: Reach,
    /// Whether a character was replaced.
    pub(crate) replaced: bool,
}

impl<'a> Glyphs<'a> {
    pub(crate) fn new(fonts: &'a Fonts, reach: Reach) -> Self {
        Self { fonts, reach, replaced: false }
    }

    /// The text with fitting characters only.
    pub(crate) fn fit(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let (mut marks, mut before) = (0, ' ');
        for c in text.chars() {
            let Some(c) = self.one(c, before) else { continue };
            marks = if is_mark(c) { marks + 1 } else { 0 };
            if marks > MAX_MARKS || (self.reach == Reach::Main && marks > 0) {
                continue;
            }
            out.push(c);
            before = c;
        }
        out
    }

    /// The character, a replacement, or `None` to drop it.
    fn one(&mut self, c: char, before: char) -> Option<char> {
        match c {
            '\t' => Some(' '),
            '\n' | '\u{ad}' => Some(c),
            '\u{200c}' | '\u{200d}' => {
                (matches!(before, '\u{600}'..='\u{8ff}') && self.reach == Reach::All).then_some(c)
            }
            // Direction marks, selectors, tags: nothing is drawn for them, even if a font has a box. The same for the
            // object replacement character and skin tones.
            '\u{fffc}' | '\u{1f3fb}'..='\u{1f3ff}' => None,
            c if is_invisible(c) => None,
            // A non-breaking hyphen (which the typesetter respects) looks like any other.
            '\u{2010}' | '\u{2011}' if !self.fonts.has(c, self.reach) => Some('-'),
            '\u{2028}' | '\u{2029}' => Some(' '),
            c if c.is_control() => None,
            // Two of them are a flag; as letters they still name it.
            '\u{1f1e6}'..='\u{1f1ff}' => {
                char::from_u32(u32::from('A') + (u32::from(c) - 0x1f1e6)).or(Some(REPLACEMENT))
            }
            // Private-use characters only have a meaning to their author (ISO 19005 forbids them, too).
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

/// It is placed over, under or in the letter before it.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_font_has_is_replaced_and_said() {
        let fonts = Fonts::load();
        let mut glyphs = Glyphs::new(&fonts, Reach::All);
        assert_eq!(glyphs.fit("Grüße 👍🏽 🇩🇪 ❤\u{fe0f} Ελλ"), "Grüße 👍 DE ❤ Ελλ");
        assert!(!glyphs.replaced);
        let unseen = "a\u{200b}\u{34f}\u{115f}\u{180b}\u{2060}\u{3164}\u{feff}\u{ffa0}\u{fff9}\u{fffc}\u{e0001}\u{e0101}b\u{2011}c";
        assert_eq!(glyphs.fit(unseen).replace('-', "\u{2011}"), "ab\u{2011}c");
        assert!(!glyphs.replaced);
        assert_eq!(glyphs.fit("日本\u{e000}"), "▯▯▯");
        assert!(glyphs.replaced);
        assert_eq!(Glyphs::new(&fonts, Reach::Main).fit("aשe\u{301}"), "a?e");
    }

    #[test]
    fn tricks_go() {
        let fonts = Fonts::load();
        let mut glyphs = Glyphs::new(&fonts, Reach::All);
        assert_eq!(glyphs.fit("a\u{202e}b\u{0}c\u{7}"), "abc");
        let marks: String = std::iter::once('a').chain(std::iter::repeat_n('\u{301}', 50)).collect();
        assert_eq!(glyphs.fit(&marks).chars().count(), 1 + MAX_MARKS);
    }
}
