//! Who the mail comes from, as its reader shall see it: names, colour, logo, contact. Knows no texts.

use crate::error::NoticeError;

/// The operator's appearance.
#[derive(Clone, Debug)]
pub struct Brand {
    /// The operator's name: "Die Haftpflichtkasse".
    pub name: String,
    /// The same within a sentence, as its subject, where that has an article: "die Haftpflichtkasse".
    pub sentence_name: Option<String>,
    /// What the operator calls the portal: "SecureMail".
    pub portal_name: String,
    /// The portal's address, as a recipient would type it.
    pub portal_url: String,
    /// The button's colour.
    pub colour: Colour,
    /// An image to send along, never one to fetch.
    pub logo: Option<Logo>,
    /// Where a reader gets help: telephone, address, hours; may have several lines.
    pub contact: String,
    /// The imprint: an address on the web, or its text in several lines.
    pub imprint: Option<String>,
    /// Where the privacy statement is.
    pub privacy: Option<String>,
}

/// An image that travels inside the mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// `image/png` or another raster type; most mail programs show no SVG.
    pub content_type: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Width in CSS pixels.
    pub width: u16,
    /// Height in CSS pixels.
    pub height: u16,
}

/// The Content-ID under which the HTML part looks for the logo.
pub const LOGO_CID: &str = "logo";

impl Brand {
    /// What must travel beside the HTML part: Content-ID, type and bytes.
    #[must_use]
    pub fn inline_images(&self) -> Vec<(String, String, Vec<u8>)> {
        self.logo
            .iter()
            .map(|logo| (LOGO_CID.to_owned(), logo.content_type.clone(), logo.bytes.clone()))
            .collect()
    }
}

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    /// White.
    pub const WHITE: Self = Self { red: 255, green: 255, blue: 255 };
    /// Nearly black.
    pub const INK: Self = Self { red: 20, green: 20, blue: 20 };

    /// Parses `#rrggbb` and nothing else: what comes out is safe inside a style attribute.
    pub fn parse(text: &str) -> Result<Self, NoticeError> {
        let wrong = || NoticeError::Colour(text.chars().take(40).collect());
        let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6).ok_or_else(wrong)?;
        let part = |from: usize| {
            let digits = hex.get(from..from + 2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u8::from_str_radix(digits, 16).ok()
        };
        match (part(0), part(2), part(4)) {
            (Some(red), Some(green), Some(blue)) => Ok(Self { red, green, blue }),
            _ => Err(wrong()),
        }
    }

    /// The text colour to lay upon this one: white or ink, whichever is better to read.
    #[must_use]
    pub fn ink(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::INK) { Self::WHITE } else { Self::INK }
    }

    /// WCAG 2.2 contrast ratio, 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG 2.2 relative luminance.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_hex_digits_are_a_colour() {
        assert_eq!(Colour::parse("#0b5c74").unwrap().to_string(), "#0b5c74");
        for wrong in ["", "red", "#fff", "#12345g", "#+1+2+3", "#0b5c7", "0b5c74", "#0b5c74;x", "#äöü"] {
            assert!(Colour::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn text_on_any_colour_is_readable() {
        for colour in ["#000000", "#ffffff", "#0b5c74", "#ffcc00", "#777777", "#e2001a"] {
            let colour = Colour::parse(colour).unwrap();
            assert!(colour.contrast(colour.ink()) >= 4.4, "{colour}");
        }
        assert!((Colour::WHITE.contrast(Colour::parse("#000000").unwrap()) - 21.0).abs() < 1e-9);
    }
}
