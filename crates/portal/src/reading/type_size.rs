//! The size of text in a letter, element by element: nested sizes multiply, and nested raising adds up. Knows no link.
//!
//! SECURITY: a target is on the line of its link (link_targets.rs). Text far larger than it, or far above it, would
//! leave it out of sight, or beside another link.

use crate::reading::css_values::{Length, Token, tokens};
use crate::reading::declarations::declarations;

/// A browser's default, in pixels.
pub(crate) const USUAL: f32 = 16.0;
/// A quote inside an attribute.
const QUOTE: &str = "&quot;";
/// Maximum size in a letter.
const MAX_SIZE: f32 = 48.0;
/// Maximum size in a link.
const MAX_IN_LINK: f32 = 48.0;

/// Size of text at some position, and whether it is raised or lowered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Size {
    pub(crate) pixels: f32,
    pub(crate) raised: bool,
}

impl Default for Size {
    fn default() -> Self {
        Self { pixels: USUAL, raised: false }
    }
}

/// How to treat an element.
pub(crate) struct Judged {
    pub(crate) size: Size,
    /// Keep the element; otherwise it is replaced by one without effect on size or position.
    pub(crate) name_stays: bool,
    /// Keep its style; otherwise its declarations of size are removed.
    pub(crate) style_stays: bool,
}

/// What an element is in, or is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    Link,
    Text,
}

/// Judges an element with this style, inside text of this size.
pub(crate) fn judge(around: Size, name: &str, style: &str, within: Within) -> Judged {
    let largest = match within {
        Within::Link => MAX_IN_LINK,
        Within::Text => MAX_SIZE,
    };
    let largest = largest.max(around.pixels);
    let raises = matches!(name, "sup" | "sub");
    let named = named(around.pixels, name);
    let name_stays = named <= largest && !(raises && around.raised);
    let named = if name_stays { named } else { around.pixels };
    let styled = styled(around.pixels, style).unwrap_or(named);
    let style_stays = styled <= largest;
    let pixels = if style_stays { styled } else { named };
    Judged { size: Size { pixels, raised: around.raised || raises }, name_stays, style_stays }
}

/// HTML, Rendering: sizes implied by element names.
fn named(around: f32, name: &str) -> f32 {
    match name {
        "big" => around * 1.2,
        "h1" => around * 2.0,
        "h2" => around * 1.5,
        "h3" => around * 1.17,
        // Seven steps, the largest of 48 pixels.
        "font" => around.max(48.0),
        _ => around,
    }
}

/// The size set by a style, if any.
fn styled(around: f32, style: &str) -> Option<f32> {
    let style = style.replace(QUOTE, "\"");
    let said = declarations(&style).filter(|(name, _)| is_size(name));
    said.filter_map(|(_, value)| largest(around, &value.to_ascii_lowercase())).last()
}

fn largest(around: f32, value: &str) -> Option<f32> {
    tokens(value)?.iter().filter_map(|token| of(around, token)).reduce(f32::max)
}

fn of(around: f32, token: &Token<'_>) -> Option<f32> {
    match token.text {
        "larger" => return Some(around * 1.2),
        "smaller" | "xx-small" | "x-small" | "small" => return Some(around.min(USUAL)),
        "medium" => return Some(USUAL),
        "large" => return Some(18.0),
        "x-large" => return Some(24.0),
        "xx-large" => return Some(32.0),
        "xxx-large" => return Some(48.0),
        _ => {}
    }
    let relative = |unit: &str| {
        let number = token.text.strip_suffix(unit)?.parse::<f32>().ok()?;
        Some(number * around)
    };
    if let Some(times) = relative("rem").map(|pixels| pixels / around * USUAL).or_else(|| relative("em")) {
        return Some(times);
    }
    if let Some(halves) = relative("ex").or_else(|| relative("ch")) {
        return Some(halves);
    }
    match token.length()? {
        Length::Share(share) => Some(around * share / 100.0),
        // In a sum ems count as default ones; in fact they may be of larger text.
        Length::Between(_, most) => Some(most * (around / USUAL).max(1.0)),
        Length::Pixels(pixels) => Some(pixels),
    }
}

/// A style without declarations of size and vertical position.
pub(crate) fn unsized_style(style: &str) -> String {
    without(style, is_size)
}

/// The value of `display`, if set.
pub(crate) fn display(style: &str) -> Option<String> {
    let said = declarations(style).filter(|(name, _)| name == "display");
    said.map(|(_, value)| value.to_ascii_lowercase()).last()
}

/// A style without `display`.
pub(crate) fn undisplayed(style: &str) -> String {
    without(style, |name| name == "display")
}

fn without(style: &str, gone: impl Fn(&str) -> bool) -> String {
    let style = style.replace(QUOTE, "\0");
    let kept = style.split(';').filter(|one| one.split_once(':').is_none_or(|(name, _)| !gone(name.trim())));
    kept.collect::<Vec<_>>().join(";").replace('\0', QUOTE)
}

fn is_size(name: &str) -> bool {
    matches!(name, "font-size" | "font" | "font-size-adjust")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(times: usize, name: &str, style: &str, within: Within) -> Size {
        (0..times).fold(Size::default(), |around, _| judge(around, name, style, within).size)
    }

    #[test]
    fn sizes_within_sizes_have_an_end() {
        for (name, style) in [
            ("span", "font-size:6em"),
            ("span", "font-size:400%"),
            ("span", "font-size:larger"),
            ("span", "font:bold 3em/1 arial"),
            ("span", "font-size:calc(1em * 3)"),
            ("span", "font-size:9ex"),
            ("big", ""),
            ("h1", ""),
            ("font", ""),
        ] {
            assert!(nested(30, name, style, Within::Text).pixels <= MAX_SIZE, "{name} {style}");
            assert!(nested(30, name, style, Within::Link).pixels <= MAX_IN_LINK, "{name} {style}");
        }
    }

    #[test]
    fn honest_sizes_stay() {
        for (style, pixels) in [
            ("font-size:14px", 14.0),
            ("font-size:12pt", 16.0),
            ("font-size:1.5em", 24.0),
            ("font-size:2rem", 32.0),
            ("font-size:150%", 24.0),
            ("color:red", 16.0),
        ] {
            let judged = judge(Size::default(), "span", style, Within::Link);
            assert!(judged.style_stays && (judged.size.pixels - pixels).abs() < 0.1, "{style}");
        }
    }

    #[test]
    fn what_is_raised_is_raised_once() {
        let once = judge(Size::default(), "sup", "", Within::Text);
        assert!(once.name_stays && once.size.raised);
        for name in ["sup", "sub"] {
            assert!(!judge(once.size, name, "", Within::Text).name_stays, "{name}");
        }
        assert_eq!(unsized_style("font-size:9px;color:red;font:1px a"), "color:red");
    }
}
