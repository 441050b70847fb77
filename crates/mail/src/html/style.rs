//! What an element's own style says about its text: hidden, broken, kept as it stands. Knows no style sheets.

use html5ever::tokenizer::Tag;

pub(super) fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// How an element takes part in the flow of text (CSS 2 §9.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Display {
    Inline,
    Block,
    Cell,
    None,
}

/// What is said with `white-space` (CSS Text 3 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum White {
    #[default]
    Collapses,
    LinesStay,
    Stays,
}

/// The declarations that matter here.
#[derive(Default)]
pub(super) struct Style {
    pub(super) display: Option<Display>,
    /// `visibility`: whether the text can be seen.
    pub(super) visible: Option<bool>,
    /// Made so small or so pale that nobody is meant to see it.
    pub(super) vanishes: bool,
    pub(super) white: Option<White>,
    pub(super) no_margin: bool,
    /// In the line, and yet a box of its own that stands apart.
    pub(super) apart: bool,
    /// Whatever stands in it is a box of its own (CSS Flexbox §4, Grid §6).
    pub(super) boxes: bool,
}

/// Styles are short; a long one is an attack or a mistake.
const MAX: usize = 4096;

pub(super) fn style(tag: &Tag) -> Style {
    let mut said = Style::default();
    if attribute(tag, "hidden").is_some() {
        said.display = Some(Display::None);
    }
    let Some(text) = attribute(tag, "style") else { return said };
    let end = (0..=MAX.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let text = text.get(..end).unwrap_or_default().to_ascii_lowercase();
    let (mut clipped, mut flat) = (false, false);
    for declaration in text.split(';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let value = value.trim().trim_end_matches("important").trim_end_matches(['!', ' ']).trim();
        match name.trim() {
            "display" => {
                said.display = display(value).or(said.display);
                said.apart = value.starts_with("inline-");
                said.boxes = value.contains("flex") || value.contains("grid");
            }
            "float" | "position" => said.apart = true,
            "margin-left" | "margin-right" | "padding" | "padding-left" | "padding-right" => {
                said.apart |= has_length(value);
            }
            "mso-hide" if value == "all" => said.display = Some(Display::None),
            "visibility" => said.visible = Some(!matches!(value, "hidden" | "collapse")),
            "opacity" => said.vanishes |= is_nothing(value),
            "font-size" => said.vanishes |= is_nothing(value),
            "overflow" => clipped |= value == "hidden",
            "max-height" | "height" | "max-width" => flat |= is_nothing(value),
            "margin" | "margin-top" => {
                said.no_margin = value.starts_with('0');
                said.apart |= name.trim() == "margin" && has_length(value);
            }
            "white-space" => {
                said.white = match value {
                    "pre" | "pre-wrap" | "break-spaces" => Some(White::Stays),
                    "pre-line" => Some(White::LinesStay),
                    "normal" | "nowrap" => Some(White::Collapses),
                    _ => said.white,
                }
            }
            _ => {}
        }
    }
    said.vanishes |= clipped && flat;
    said
}

fn display(value: &str) -> Option<Display> {
    Some(match value {
        "none" => Display::None,
        "inline" | "inline-block" | "inline-flex" | "inline-grid" | "inline-table" | "contents" => {
            Display::Inline
        }
        "block" | "flex" | "grid" | "list-item" | "table" | "table-row" | "table-row-group"
        | "table-caption" | "table-header-group" | "table-footer-group" | "flow-root" => Display::Block,
        "table-cell" => Display::Cell,
        _ => return None,
    })
}

/// Whether one of the lengths in a shorthand is some: `0 20px`.
fn has_length(value: &str) -> bool {
    value.split_whitespace().any(|length| !is_nothing(length))
}

/// Whether a length or a number of CSS is none: `0`, `0px`, `0.0em`
#[must_use]
pub fn is_nothing(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    number.trim().parse::<f32>().is_ok_and(|number| number.abs() < 0.01)
}
