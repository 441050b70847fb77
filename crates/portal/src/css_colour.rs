//! Colours as a letter writes them: any CSS notation, with opacity. Knows no page.

use cssparser::Parser;
use cssparser_color::Color;
use sealpost_mail::Colour;

/// A colour as a letter writes it, which may be translucent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Paint {
    colour: Colour,
    /// The opacity in per cent.
    opacity: u32,
}

impl Paint {
    /// Any CSS colour that a letter may use; `None` for context-dependent ones.
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

    /// A colour of an attribute: the digits may lack the `#` (HTML §2.3.6).
    pub(crate) fn attribute(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = matches!(text.len(), 3 | 6) && text.chars().all(|c| c.is_ascii_hexdigit());
        if bare { Self::css(&format!("#{text}")) } else { Self::css(text) }
    }

    pub(crate) fn is_opaque(self) -> bool {
        self.opacity == 100
    }

    /// How it appears on `ground`.
    pub(crate) fn on(self, ground: Colour) -> Colour {
        ground.mix(self.colour, self.opacity)
    }

    /// The notation used in a cleaned letter.
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
    // The parser gives fractions of one, and hues in degrees.
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
    ("windowtext", Colour::BLACK),
    ("canvastext", Colour::BLACK),
    ("window", Colour::WHITE),
    ("canvas", Colour::WHITE),
    ("buttonface", Colour { red: 240, green: 240, blue: 240 }),
    ("buttontext", Colour::BLACK),
];

#[cfg(test)]
mod tests {
    use super::*;

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
}
