//! The fonts in the binary, and what they cover. Knows no letter.

use std::collections::HashSet;

use typst::foundations::Bytes;
use typst::layout::Abs;
use typst::text::{Font, FontBook, FontVariant, FontVariations};

/// In the order in which they are tried; see `fonts/README.md`.
const FILES: [&[u8]; 15] = [
    include_bytes!("../fonts/NotoSans-Regular.ttf"),
    include_bytes!("../fonts/NotoSans-Bold.ttf"),
    include_bytes!("../fonts/NotoSans-Italic.ttf"),
    include_bytes!("../fonts/NotoSans-BoldItalic.ttf"),
    include_bytes!("../fonts/NotoSansMono-Regular.ttf"),
    include_bytes!("../fonts/NotoSansArmenian-Regular.ttf"),
    include_bytes!("../fonts/NotoSansArmenian-Bold.ttf"),
    include_bytes!("../fonts/NotoSansGeorgian-Regular.ttf"),
    include_bytes!("../fonts/NotoSansGeorgian-Bold.ttf"),
    include_bytes!("../fonts/NotoSansHebrew-Regular.ttf"),
    include_bytes!("../fonts/NotoSansHebrew-Bold.ttf"),
    include_bytes!("../fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("../fonts/NotoSansArabic-Bold.ttf"),
    include_bytes!("../fonts/NotoSansSymbols2-Regular.ttf"),
    include_bytes!("../fonts/DejaVuSans.ttf"),
];

pub(crate) struct Fonts {
    pub(crate) all: Vec<Font>,
    pub(crate) book: FontBook,
    /// Characters that some font has.
    covered: HashSet<u32>,
    /// Characters of the main font.
    main: HashSet<u32>,
}

/// With which fonts a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    All,
    /// The main font alone.
    Main,
}

impl Fonts {
    pub(crate) fn load() -> Self {
        let all: Vec<Font> = FILES.into_iter().flat_map(|file| Font::iter(Bytes::new(file))).collect();
        let of = |font: &Font| {
            let face =
                font.clone().instantiate(FontVariant::default(), Abs::pt(10.0), &FontVariations::default());
            // A font can list a character and give it the glyph that stands for nothing.
            let draws = |c: &u32| {
                char::from_u32(*c).and_then(|c| face.ttf().glyph_index(c)).is_some_and(|glyph| glyph.0 != 0)
            };
            font.info().coverage.iter().filter(draws).collect::<HashSet<u32>>()
        };
        let main = all.first().map(of).unwrap_or_default();
        let covered = all.iter().flat_map(of).collect();
        Self { book: FontBook::from_fonts(&all), all, covered, main }
    }

    pub(crate) fn has(&self, c: char, reach: Reach) -> bool {
        let set = match reach {
            Reach::All => &self.covered,
            Reach::Main => &self.main,
        };
        set.contains(&u32::from(c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_european_script_is_covered() {
        let fonts = Fonts::load();
        let text = "ÄöüßẞŐőŁżğİıŞșțĦħÞðÆøåČčŠšĐđĻķŅŪųŵŷŊŧ ΆώᾧῬ ЁёЂјѓєҐґЇўћџ Ֆևֆ ქართული Ⴀ אבגשׁ ابتثپ €£§°‰„“”‘’‚«»›‹–—…•†№™©®½²³µ→✓☑☎✉";
        let missing: String = text.chars().filter(|c| !fonts.has(*c, Reach::All)).collect();
        assert_eq!(missing, "");
        assert!(fonts.has(crate::glyphs::REPLACEMENT, Reach::All));
        assert!(fonts.has('ß', Reach::Main) && !fonts.has('א', Reach::Main));
    }
}
