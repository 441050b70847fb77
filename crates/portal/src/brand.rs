//! The operator's colour made readable: WCAG contrast, the generated style sheet. Knows no page.

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
    red: u8,
    green: u8,
    blue: u8,
}

/// WCAG 2.2 SC 1.4.3: text against its ground.
const TEXT: f64 = 4.5;
/// WCAG 2.2 SC 1.4.11: parts of controls against what is beside them.
const SHAPE: f64 = 3.0;

const WHITE: Colour = Colour { red: 255, green: 255, blue: 255 };
const INK: Colour = Colour { red: 16, green: 24, blue: 32 };
/// The dark page's lightest ground; the light page's darkest. Must match `styles/app.css`.
const DARK_GROUND: Colour = Colour { red: 0x22, green: 0x2b, blue: 0x33 };
const LIGHT_GROUND: Colour = Colour { red: 0xee, green: 0xf2, blue: 0xf4 };

impl Colour {
    /// Parses `#rrggbb`.
    pub fn parse(text: &str) -> Result<Self, ColourError> {
        let bad = || ColourError::Syntax(text.to_owned());
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6).ok_or_else(bad)?;
        let value = u32::from_str_radix(digits, 16).map_err(|_not_hex| bad())?;
        let [_, red, green, blue] = value.to_be_bytes();
        Ok(Self { red, green, blue })
    }

    fn css(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }

    /// The nearest shade on the way to `towards` that is visible on `ground` and carries a readable label.
    fn fill(self, ground: Self, towards: Self) -> Self {
        let good = |c: &Self| c.contrast(ground) >= SHAPE && c.contrast(c.ink_on()) >= TEXT;
        (0..=100).step_by(4).map(|percent| self.mix(towards, percent)).find(good).unwrap_or(towards)
    }

    /// This colour, or the nearest shade that can be seen on the light page.
    pub(crate) fn as_shape(self) -> String {
        self.fill(LIGHT_GROUND, INK).css()
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
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// This colour moved `percent` of the way to `other`.
    fn mix(self, other: Self, percent: u32) -> Self {
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
    fn readable(self, ground: Self, towards: Self, ratio: f64) -> Self {
        (0..=100)
            .step_by(4)
            .map(|percent| self.mix(towards, percent))
            .find(|c| c.contrast(ground) >= ratio)
            .unwrap_or(towards)
    }

    /// Black or white, whichever reads better on this.
    fn ink_on(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(INK) { WHITE } else { INK }
    }
}

/// Whether the operator's colour can be used as it is for links on the light page.
#[must_use]
pub fn is_readable_as_text(colour: Colour) -> bool {
    colour.contrast(LIGHT_GROUND) >= TEXT
}

/// The style sheet that carries the brand: colour roles as custom properties, light and dark.
pub(crate) fn style_sheet(colour: Colour) -> String {
    // Light: the fill keeps the operator's colour if it is visible as a shape; text gets a darker shade if it must.
    let fill = colour.fill(LIGHT_GROUND, INK);
    let text = colour.readable(LIGHT_GROUND, INK, TEXT);
    let dark_fill = colour.fill(DARK_GROUND, WHITE);
    let dark_text = colour.readable(DARK_GROUND, WHITE, TEXT + 1.0);
    let role = |fill: Colour, text: Colour, ground: Colour, percent: u32| {
        let ink = fill.ink_on();
        // Pressed and hovered: away from the ink, so that the label only gets clearer.
        let away = if ink == WHITE { INK } else { WHITE };
        format!(
            "--brand:{};--brand-strong:{};--on-brand:{};--brand-text:{};--brand-soft:{}",
            fill.css(),
            fill.mix(away, 18).css(),
            ink.css(),
            text.css(),
            ground.mix(colour, percent).css(),
        )
    };
    format!(
        ":root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}\n",
        role(fill, text, WHITE, 9),
        role(dark_fill, dark_text, DARK_GROUND, 22),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((WHITE.contrast(Colour::parse("#000000").unwrap()) - 21.0).abs() < 0.01);
        assert!((WHITE.contrast(Colour::parse("#767676").unwrap()) - 4.54).abs() < 0.01);
    }

    #[test]
    fn every_brand_colour_comes_out_readable() {
        for text in ["#ffffff", "#000000", "#ffff00", "#ff0000", "#0b5c74", "#7fb539", "#808080", "#e2001a"] {
            let colour = Colour::parse(text).unwrap();
            let fill = colour.fill(LIGHT_GROUND, INK);
            assert!(fill.contrast(LIGHT_GROUND) >= SHAPE, "{text}: button on page");
            assert!(fill.contrast(fill.ink_on()) >= TEXT, "{text}: label on button");
            assert!(colour.readable(LIGHT_GROUND, INK, TEXT).contrast(LIGHT_GROUND) >= TEXT, "{text}: link");
            let dark = colour.fill(DARK_GROUND, WHITE);
            assert!(dark.contrast(DARK_GROUND) >= SHAPE, "{text}: dark button on page");
            assert!(dark.contrast(dark.ink_on()) >= TEXT, "{text}: label on dark button");
            assert!(
                colour.readable(DARK_GROUND, WHITE, TEXT).contrast(DARK_GROUND) >= TEXT,
                "{text}: dark link"
            );
        }
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        for bad in ["", "0b5c74", "#0b5", "#0b5c7g", "red", "#0b5c74;}", "#0b5c7ä"] {
            assert!(Colour::parse(bad).is_err(), "{bad}");
        }
    }
}
