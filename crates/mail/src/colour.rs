//! Colours and their contrast by WCAG. Knows no page and no letter.

use thiserror::Error;

/// Why a colour is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no colour")]
pub struct ColourError(String);

impl ColourError {
    /// What to write instead.
    pub const HINT: &str = "write it like \"#0b5c74\"";
}

/// An opaque sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Colour {
    /// sRGB, 0 to 255.
    pub red: u8,
    /// sRGB, 0 to 255.
    pub green: u8,
    /// sRGB, 0 to 255.
    pub blue: u8,
}

impl Colour {
    /// The minimum contrast between text and background (WCAG 2.2 SC 1.4.3).
    pub const TEXT: f64 = 4.5;
    /// White.
    pub const WHITE: Self = Self { red: 255, green: 255, blue: 255 };
    /// Black.
    pub const BLACK: Self = Self { red: 0, green: 0, blue: 0 };
    /// Nearly black: text on a light page.
    pub const INK: Self = Self { red: 16, green: 24, blue: 32 };

    /// Parses `#rrggbb` and nothing else: the result is safe in a style attribute.
    pub fn parse(text: &str) -> Result<Self, ColourError> {
        let bad = || ColourError(text.chars().take(40).collect());
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit())).ok_or_else(bad)?;
        let value = u32::from_str_radix(digits, 16).map_err(|_not_hex| bad())?;
        let [_, red, green, blue] = value.to_be_bytes();
        Ok(Self { red, green, blue })
    }

    /// `#rrggbb`
    #[must_use]
    pub fn css(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }

    /// WCAG 2.2 relative luminance.
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// WCAG 2.2 contrast ratio, 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// This colour moved `percent` of the way to `other`.
    #[must_use]
    pub fn mix(self, other: Self, percent: u32) -> Self {
        let one = |a: u8, b: u8| {
            let value = (u32::from(a) * (100 - percent) + u32::from(b) * percent) / 100;
            u8::try_from(value).unwrap_or(u8::MAX)
        };
        Self {
            red: one(self.red, other.red),
            green: one(self.green, other.green),
            blue: one(self.blue, other.blue),
        }
    }

    /// The nearest shade on the way to `towards` with a contrast of at least `ratio` to `ground`.
    #[must_use]
    pub fn readable(self, ground: Self, towards: Self, ratio: f64) -> Self {
        (0..=100)
            .step_by(4)
            .map(|percent| self.mix(towards, percent))
            .find(|c| c.contrast(ground) >= ratio)
            .unwrap_or(towards)
    }

    /// The nearest shade of this colour, lighter or darker, that is readable on `ground`.
    #[must_use]
    pub fn legible(self, ground: Self) -> Self {
        let towards = ground.ink_on();
        let nearest = (0..=100)
            .step_by(4)
            .flat_map(|percent| {
                [self.mix(towards, percent), self.mix(Self::BLACK, percent), self.mix(Self::WHITE, percent)]
            })
            .find(|shade| shade.contrast(ground) >= Self::TEXT);
        nearest.unwrap_or(if ground.contrast(Self::BLACK) >= ground.contrast(Self::WHITE) {
            Self::BLACK
        } else {
            Self::WHITE
        })
    }

    /// Black or white, whichever reads better on this.
    #[must_use]
    pub fn ink_on(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::INK) { Self::WHITE } else { Self::INK }
    }
}

impl TryFrom<String> for Colour {
    type Error = ColourError;

    fn try_from(text: String) -> Result<Self, ColourError> {
        Self::parse(&text)
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.css())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((Colour::WHITE.contrast(Colour::BLACK) - 21.0).abs() < 0.01);
        assert!((Colour::WHITE.contrast(Colour::parse("#767676").unwrap()) - 4.54).abs() < 0.01);
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        assert_eq!(Colour::parse("#0b5c74").unwrap().to_string(), "#0b5c74");
        for bad in ["", "0b5c74", "#0b5", "#0b5c7g", "#+1+2+3", "red", "#0b5c74;}", "#0b5c7ä", "#äöü"] {
            assert!(Colour::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn text_on_any_colour_is_readable() {
        for colour in ["#000000", "#ffffff", "#0b5c74", "#ffcc00", "#777777", "#e2001a"] {
            let colour = Colour::parse(colour).unwrap();
            assert!(colour.contrast(colour.ink_on()) >= 4.4, "{colour}");
        }
    }

    #[test]
    fn whatever_the_ground_something_can_be_read_on_it() {
        for ground in (0..=255_u8).step_by(15) {
            let ground = Colour { red: ground, green: ground, blue: ground };
            for text in ["#ffffff", "#000000", "#ff6600", "#0b4f8a", "#777777", "#ffff00"] {
                let legible = Colour::parse(text).unwrap().legible(ground);
                assert!(legible.contrast(ground) >= Colour::TEXT, "{text} on {}", ground.css());
            }
        }
        let navy = Colour::parse("#000080").unwrap();
        assert_eq!(navy.legible(Colour::WHITE), navy, "what can be read stays as it is");
    }
}
