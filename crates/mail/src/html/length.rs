//! CSS lengths, as far as they decide whether something is visible. Knows no property.

/// A font size (CSS Fonts 4 §2.5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Size {
    Pixels(f32),
    /// A multiple of the surrounding size.
    Times(f32),
}

/// The initial font size of browsers, in pixels.
pub(super) const USUAL: f32 = 16.0;
/// A gap of at least this many pixels separates words.
const PARTS: f32 = 4.0;

impl Size {
    pub(super) fn of(value: &str) -> Option<Self> {
        Some(match value.trim() {
            "xx-small" | "x-small" | "small" => Self::Pixels(12.0),
            "medium" => Self::Pixels(USUAL),
            "large" | "x-large" | "xx-large" | "xxx-large" => Self::Pixels(24.0),
            "smaller" => Self::Times(0.8),
            "larger" => Self::Times(1.2),
            "initial" => Self::Pixels(USUAL),
            "inherit" | "unset" => Self::Times(1.0),
            value => {
                let (number, unit) = split(value)?;
                match unit {
                    "px" | "" if number >= 0.0 => Self::Pixels(number),
                    "pt" => Self::Pixels(number * 4.0 / 3.0),
                    "pc" | "rem" => Self::Pixels(number * USUAL),
                    "mm" => Self::Pixels(number * 3.8),
                    "cm" => Self::Pixels(number * 38.0),
                    "in" => Self::Pixels(number * 96.0),
                    "vw" | "vh" | "vmin" | "vmax" => Self::Pixels(number * 8.0),
                    "em" => Self::Times(number),
                    "ex" | "ch" => Self::Times(number / 2.0),
                    "%" => Self::Times(number / 100.0),
                    _ => return None,
                }
            }
        })
    }

    /// The size in `font: italic 12px/1.5 Arial`.
    pub(super) fn in_shorthand(value: &str) -> Option<Self> {
        let words = value.split(|c: char| c.is_whitespace() || c == '/');
        // Numbers without a unit are weights.
        words
            .filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit()) || *word == "0")
            .find_map(Self::of)
    }

    /// `<font size>` (HTML §15.3.1): limited to 1 to 7.
    pub(super) fn of_font(value: &str) -> Option<Self> {
        value
            .trim()
            .trim_start_matches(['+', '-'])
            .starts_with(|c: char| c.is_ascii_digit())
            .then_some(Self::Pixels(USUAL))
    }

    /// In pixels, within text of this size.
    pub(super) fn within(self, around: f32) -> f32 {
        match self {
            Self::Pixels(pixels) => pixels,
            Self::Times(times) => times * around,
        }
    }

    pub(super) fn is_nothing(self) -> bool {
        let (Self::Pixels(number) | Self::Times(number)) = self;
        number < 0.01
    }
}

/// A number and its unit.
fn split(value: &str) -> Option<(f32, &str)> {
    let end =
        value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim()))
}

/// Whether it is so far out that it is outside any screen.
pub(super) fn is_far(value: &str) -> bool {
    split(value).is_some_and(|(number, unit)| match unit {
        "em" | "rem" => number <= -50.0,
        _ => number <= -500.0,
    })
}

pub(super) fn is_pixel(value: &str) -> bool {
    matches!(value, "1px" | "1")
}

/// Whether a margin or padding separates words: one of the lengths in `0 20px` is large enough.
pub(super) fn parted(value: &str) -> bool {
    value.split_whitespace().filter_map(Size::of).any(|length| length.within(USUAL) >= PARTS)
}

/// Whether a CSS length or number is zero: `0`, `0px`, `0.0em`
pub(super) fn is_nothing(value: &str) -> bool {
    split(value).is_some_and(|(number, _)| number.abs() < 0.01)
}
