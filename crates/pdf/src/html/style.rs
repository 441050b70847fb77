//! The style of text, by its elements' names and styles. Knows no blocks.

use html5ever::tokenizer::Tag;

use crate::model::{Align, Look, Script};

/// The style of text at one place.
#[derive(Clone, Default)]
pub(super) struct Style {
    pub(super) look: Look,
    pub(super) align: Align,
    pub(super) white: White,
}

/// What becomes of white space (CSS Text §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum White {
    /// A run of it is one space, where lines may end.
    #[default]
    Collapsed,
    /// The same, and no line ends there.
    Together,
    /// It is set as it was written.
    Kept,
}

pub(super) fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// A declaration of the `style` attribute, its value lower case.
pub(super) fn declared(tag: &Tag, property: &str) -> Option<String> {
    let style = attribute(tag, "style")?;
    // Styles are short; a longer one is an attack or a mistake.
    style.get(..style.len().min(4096)).unwrap_or_default().split(';').rev().find_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        let value = value.trim().trim_end_matches("!important").trim();
        name.trim().eq_ignore_ascii_case(property).then(|| value.to_ascii_lowercase())
    })
}

/// The style inside the element.
pub(super) fn within(outer: &Style, tag: &Tag) -> Style {
    let mut style = outer.clone();
    by_name(&mut style, tag);
    by_declaration(&mut style, tag);
    style
}

fn by_name(style: &mut Style, tag: &Tag) {
    let look = &mut style.look;
    look.bold |= &*tag.name == "th";
    match &*tag.name {
        "b" | "strong" | "dt" => look.bold = true,
        "i" | "em" | "cite" | "dfn" | "var" | "address" => look.italic = true,
        "u" | "ins" => look.underline = true,
        "s" | "strike" | "del" => look.strike = true,
        "code" | "tt" | "kbd" | "samp" => look.mono = true,
        "small" => look.small = true,
        "sub" => look.script = Script::Sub,
        "sup" => look.script = Script::Super,
        "center" => style.align = Align::Center,
        // Centring a table does not centre the text in it.
        "table" => style.align = Align::Start,
        "pre" | "listing" | "xmp" | "plaintext" | "textarea" => style.white = White::Kept,
        "nobr" => style.white = White::Together,
        "td" | "th" if attribute(tag, "nowrap").is_some() => style.white = White::Together,
        "font" => {
            if let Some(colour) = attribute(tag, "color").and_then(colour) {
                look.colour = dark(colour);
            }
        }
        _ => {}
    }
    if let Some(align) = attribute(tag, "align").and_then(align) {
        // `align` on a table or picture floats it, and says nothing about its text.
        if !matches!(&*tag.name, "table" | "img") {
            style.align = align;
        }
    }
}

fn by_declaration(style: &mut Style, tag: &Tag) {
    if attribute(tag, "style").is_none() {
        return;
    }
    let look = &mut style.look;
    if let Some(weight) = declared(tag, "font-weight") {
        look.bold =
            matches!(weight.as_str(), "bold" | "bolder") || weight.parse().is_ok_and(|w: u32| w >= 600);
    }
    if let Some(slant) = declared(tag, "font-style") {
        look.italic = slant == "italic" || slant.starts_with("oblique");
    }
    if let Some(line) = declared(tag, "text-decoration").or_else(|| declared(tag, "text-decoration-line")) {
        look.underline = line.contains("underline");
        look.strike = line.contains("line-through");
    }
    if let Some(value) = declared(tag, "color").and_then(|value| colour(&value)) {
        look.colour = dark(value);
    }
    if let Some(value) = declared(tag, "text-align").and_then(|value| align(&value)) {
        style.align = value;
    }
    if let Some(value) = declared(tag, "white-space") {
        style.white = match value.as_str() {
            "pre" => White::Kept,
            "nowrap" => White::Together,
            _ => White::Collapsed,
        };
    }
}

fn align(value: &str) -> Option<Align> {
    match value.trim().to_ascii_lowercase().as_str() {
        "left" => Some(Align::Left),
        "right" => Some(Align::Right),
        "center" | "middle" => Some(Align::Center),
        "start" | "justify" => Some(Align::Start),
        _ => None,
    }
}

/// The background of a cell, if text is readable on it.
pub(super) fn fill(tag: &Tag) -> Option<String> {
    let named = attribute(tag, "bgcolor").and_then(colour);
    let rgb = ["background-color", "background"]
        .into_iter()
        .find_map(|property| declared(tag, property).and_then(|value| colour(&value)))
        .or(named)?;
    // White is the default.
    (luminance(rgb) > 0.6 && rgb != [255, 255, 255]).then(|| hex(rgb))
}

/// The colour, if it is readable on white (WCAG 2.2 §1.4.3: contrast of 4.5); `None` for grey and black, the
/// default.
fn dark(rgb: [u8; 3]) -> Option<String> {
    let [r, g, b] = rgb;
    let spread = r.max(g).max(b) - r.min(g).min(b);
    (spread > 24 && 1.05 / (luminance(rgb) + 0.05) >= 4.5).then(|| hex(rgb))
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// `#rgb`, `#rrggbb`, `rgb(…)` and the names that occur in letters.
fn colour(value: &str) -> Option<[u8; 3]> {
    let value = value.trim().to_ascii_lowercase();
    if let Some(digits) = value.strip_prefix('#') {
        let digits = digits.split_whitespace().next()?;
        let part = |from: usize, to: usize| u8::from_str_radix(digits.get(from..to)?, 16).ok();
        return match digits.len() {
            3 => Some([part(0, 1)? * 17, part(1, 2)? * 17, part(2, 3)? * 17]),
            6 => Some([part(0, 2)?, part(2, 4)?, part(4, 6)?]),
            _ => None,
        };
    }
    if let Some(inner) = value.strip_prefix("rgb(").and_then(|rest| rest.split_once(')')) {
        let mut parts =
            inner.0.split([',', ' ']).filter(|part| !part.is_empty()).map(|part| part.parse().ok());
        return Some([parts.next()??, parts.next()??, parts.next()??]);
    }
    Some(match value.as_str() {
        "black" => [0, 0, 0],
        "white" => [255, 255, 255],
        "red" => [255, 0, 0],
        "darkred" => [139, 0, 0],
        "maroon" => [128, 0, 0],
        "green" => [0, 128, 0],
        "blue" => [0, 0, 255],
        "navy" => [0, 0, 128],
        "purple" => [128, 0, 128],
        "teal" => [0, 128, 128],
        "yellow" => [255, 255, 0],
        "lightgrey" | "lightgray" => [211, 211, 211],
        "silver" => [192, 192, 192],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_used_where_they_can_be_read() {
        assert_eq!(colour("#C00"), Some([204, 0, 0]));
        assert_eq!(colour("rgb(192, 0,0)"), Some([192, 0, 0]));
        assert_eq!(colour("#ä0"), None);
        assert_eq!(colour("expression(1)"), None);
        assert_eq!(dark([192, 0, 0]).as_deref(), Some("#c00000"));
        assert_eq!(dark([255, 255, 255]), None);
        assert_eq!(dark([255, 200, 0]), None);
        assert_eq!(dark([40, 40, 40]), None);
    }
}
