//! Colours as eyes and WCAG weigh them. Knows no page and no letter.

use cssparser::Parser;
use cssparser_color::Color;
use thiserror::Error;

/// Why a colour is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ColourError {
    /// Not six hex digits.
    #[error("{0:?} is no colour; write it like #0b5c74")]
    Syntax(String),
}

/// An opaque sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    pub(crate) red: u8,
    pub(crate) green: u8,
    pub(crate) blue: u8,
}

/// WCAG 2.2 SC 1.4.3: text against its ground.
pub(crate) const TEXT: f64 = 4.5;
/// WCAG 2.2 SC 1.4.11: parts of controls against what is beside them.
pub(crate) const SHAPE: f64 = 3.0;

pub(crate) const WHITE: Colour = Colour { red: 255, green: 255, blue: 255 };
pub(crate) const INK: Colour = Colour { red: 16, green: 24, blue: 32 };

impl Colour {
    /// Parses `#rrggbb`.
    pub fn parse(text: &str) -> Result<Self, ColourError> {
        let bad = || ColourError::Syntax(text.to_owned());
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6).ok_or_else(bad)?;
        let value = u32::from_str_radix(digits, 16).map_err(|_not_hex| bad())?;
        let [_, red, green, blue] = value.to_be_bytes();
        Ok(Self { red, green, blue })
    }

    pub(crate) fn css(self) -> String {
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
    pub(crate) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// This colour moved `percent` of the way to `other`.
    pub(crate) fn mix(self, other: Self, percent: u32) -> Self {
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

    /// The nearest shade on the way to `towards` with at least `ratio` against `ground`.
    pub(crate) fn readable(self, ground: Self, towards: Self, ratio: f64) -> Self {
        (0..=100)
            .step_by(4)
            .map(|percent| self.mix(towards, percent))
            .find(|c| c.contrast(ground) >= ratio)
            .unwrap_or(towards)
    }

    /// The nearest shade of this, lighter or darker, that can be read on `ground`.
    pub(crate) fn legible(self, ground: Self) -> Self {
        let towards = ground.ink_on();
        let nearest = (0..=100)
            .step_by(4)
            .flat_map(|percent| {
                [self.mix(towards, percent), self.mix(BLACK, percent), self.mix(WHITE, percent)]
            })
            .find(|shade| shade.contrast(ground) >= TEXT);
        nearest.unwrap_or(if ground.contrast(BLACK) >= ground.contrast(WHITE) { BLACK } else { WHITE })
    }

    /// Black or white, whichever reads better on this.
    pub(crate) fn ink_on(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(INK) { WHITE } else { INK }
    }
}

const BLACK: Colour = Colour { red: 0, green: 0, blue: 0 };

/// A colour as a letter writes it: it may let through what is beneath.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Paint {
    colour: Colour,
    /// In per cent.
    opacity: u32,
}

impl Paint {
    /// Any colour of CSS that a letter may use; `None` for what hangs on something else.
    pub(crate) fn css(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some((_, colour)) = SYSTEM.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)) {
            return Some(Self { colour: *colour, opacity: 100 });
        }
        let mut parser = Parser::new(text);
        let read = Color::parse(&mut parser).ok()?;
        parser.expect_exhausted().ok()?;
        let (colour, alpha) = match read {
            Color::Rgba(c) => (Colour { red: c.red, green: c.green, blue: c.blue }, c.alpha),
            Color::Hsl(c) => (
                hsl(c.hue.unwrap_or(0.0), c.saturation.unwrap_or(0.0), c.lightness.unwrap_or(0.0)),
                c.alpha.unwrap_or(1.0),
            ),
            // No mail program writes them.
            Color::CurrentColor
            | Color::Hwb(_)
            | Color::Lab(_)
            | Color::Lch(_)
            | Color::Oklab(_)
            | Color::Oklch(_)
            | Color::ColorFunction(_) => return None,
        };
        let opacity = (0..=100_u16).rev().find(|percent| f32::from(*percent) / 100.0 <= alpha).unwrap_or(0);
        Some(Self { colour, opacity: u32::from(opacity) })
    }

    /// A colour of an attribute: the digits may stand alone (HTML §2.3.6).
    pub(crate) fn attribute(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = matches!(text.len(), 3 | 6) && text.chars().all(|c| c.is_ascii_hexdigit());
        if bare { Self::css(&format!("#{text}")) } else { Self::css(text) }
    }

    pub(crate) fn is_opaque(self) -> bool {
        self.opacity == 100
    }

    /// What is seen of it on `ground`.
    pub(crate) fn on(self, ground: Colour) -> Colour {
        ground.mix(self.colour, self.opacity)
    }

    /// As it is written in a cleaned letter.
    pub(crate) fn written(self) -> String {
        let Colour { red, green, blue } = self.colour;
        match self.opacity {
            100 => self.colour.css(),
            0 => "transparent".to_owned(),
            opacity => format!("rgba({red},{green},{blue},0.{opacity:02})"),
        }
    }
}

/// CSS Color 4 §7.1.
fn hsl(hue: f32, saturation: f32, lightness: f32) -> Colour {
    // The parser gives shares of one, of hues degrees.
    let a = saturation * lightness.min(1.0 - lightness);
    let channel = |n: f32| {
        let k = (n + hue / 30.0).rem_euclid(12.0);
        let value = lightness - a * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (0..=255_u8).rev().find(|byte| f32::from(*byte) <= value * 255.0 + 0.5).unwrap_or(0)
    };
    Colour { red: channel(0.0), green: channel(8.0), blue: channel(4.0) }
}

/// The names of Windows' colours, as Outlook writes them: in a letter they are those of paper and ink.
const SYSTEM: [(&str, Colour); 6] = [
    ("windowtext", BLACK),
    ("canvastext", BLACK),
    ("window", WHITE),
    ("canvas", WHITE),
    ("buttonface", Colour { red: 240, green: 240, blue: 240 }),
    ("buttontext", BLACK),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 0.01);
        assert!((WHITE.contrast(Colour::parse("#767676").unwrap()) - 4.54).abs() < 0.01);
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        for bad in ["", "0b5c74", "#0b5", "#0b5c7g", "red", "#0b5c74;}", "#0b5c7ä"] {
            assert!(Colour::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn colours_are_written_one_way() {
        for (said, written) in [
            ("RED", "#ff0000"),
            ("#abc", "#aabbcc"),
            ("rgb(1, 2, 3)", "#010203"),
            ("rgb(100%,0%,0%)", "#ff0000"),
            ("rgba(0,0,0,.5)", "rgba(0,0,0,0.50)"),
            ("hsl(120, 100%, 50%)", "#00ff00"),
            ("hsl(210, 50%, 40%)", "#336699"),
            ("transparent", "transparent"),
            ("windowtext", "#000000"),
        ] {
            assert_eq!(Paint::css(said).unwrap().written(), written, "{said}");
        }
        assert_eq!(Paint::attribute("C00000").unwrap().written(), "#c00000");
        for none in ["", "inherit", "url(x)", "var(--x)", "red blue", "#12", "currentcolor"] {
            assert_eq!(Paint::css(none), None, "{none}");
        }
    }

    #[test]
    fn whatever_the_ground_something_can_be_read_on_it() {
        for ground in (0..=255_u8).step_by(15) {
            let ground = Colour { red: ground, green: ground, blue: ground };
            for text in ["#ffffff", "#000000", "#ff6600", "#0b4f8a", "#777777", "#ffff00"] {
                let legible = Colour::parse(text).unwrap().legible(ground);
                assert!(legible.contrast(ground) >= TEXT, "{text} on {}", ground.css());
            }
        }
        let navy = Colour::parse("#000080").unwrap();
        assert_eq!(navy.legible(WHITE), navy, "what can be read stays as it is");
    }
}
