//! The fonts in the binary, and what they cover. Knows no letter.

use std::collections::HashMap;

use typst::foundations::Bytes;
use typst::layout::Abs;
use typst::text::{Font, FontBook, FontVariant, FontVariations};

/// In order of preference; see `fonts/README.md`.
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
    /// Characters that some font has, and how wide they are there, as parts of the size of the writing.
    covered: HashMap<u32, f64>,
    /// Those of the main font.
    main: HashMap<u32, f64>,
    /// Those of its bold one.
    bold: HashMap<u32, f64>,
}

/// How heavy the writing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Normal,
    Bold,
}

/// A bold font of another script is about so much wider.
const BOLDER: f64 = 1.12;

/// The fonts with which a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    All,
    /// Only the main font.
    Main,
}

impl Fonts {
    pub(crate) fn load() -> Self {
        let all: Vec<Font> = FILES.into_iter().flat_map(|file| Font::iter(Bytes::new(file))).collect();
        let of = |font: &Font| {
            let face =
                font.clone().instantiate(FontVariant::default(), Abs::pt(10.0), &FontVariations::default());
            let em = f64::from(face.ttf().units_per_em());
            // A font can list a character and map it to the empty glyph.
            let drawn = |c: u32| {
                let glyph = char::from_u32(c).and_then(|c| face.ttf().glyph_index(c))?;
                let width = f64::from(face.ttf().glyph_hor_advance(glyph).unwrap_or_default()) / em;
                (glyph.0 != 0).then_some((c, width))
            };
            font.info().coverage.iter().filter_map(drawn).collect::<HashMap<u32, f64>>()
        };
        let main = all.first().map(of).unwrap_or_default();
        let bold = all.get(1).map(of).unwrap_or_default();
        let mut covered = HashMap::new();
        for (c, width) in all.iter().flat_map(of) {
            covered.entry(c).or_insert(width);
        }
        Self { book: FontBook::from_fonts(&all), all, covered, main, bold }
    }

    pub(crate) fn has(&self, c: char, reach: Reach) -> bool {
        let set = match reach {
            Reach::All => &self.covered,
            Reach::Main => &self.main,
        };
        set.contains_key(&u32::from(c))
    }

    /// How wide a character is, as a part of the size of the writing.
    pub(crate) fn width(&self, c: char, weight: Weight) -> f64 {
        let c = u32::from(c);
        let wide = |set: &HashMap<u32, f64>| set.get(&c).copied();
        match weight {
            Weight::Normal => wide(&self.covered),
            Weight::Bold => wide(&self.bold).or_else(|| wide(&self.covered).map(|width| width * BOLDER)),
        }
        .unwrap_or(1.0)
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
