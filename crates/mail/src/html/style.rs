//! What an element's own style says about its text: hidden, broken, kept as it stands. Knows no style sheets.

use html5ever::tokenizer::Tag;

use super::element::{is_block, is_cell};

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
    /// It is moved out of sight, or cut to nothing.
    pub(super) far: bool,
    /// Its first line begins out of sight.
    pub(super) indented_away: bool,
    /// A picture in it has no height or no width.
    pub(super) flat: bool,
    /// It is one pixel wide or high.
    pub(super) pixel: bool,
    pub(super) white: Option<White>,
    pub(super) no_margin: bool,
    /// In the line, and yet a box of its own that stands apart.
    pub(super) apart: bool,
    /// Whatever stands in it is a box of its own (CSS Flexbox §4, Grid §6).
    pub(super) boxes: bool,
}

impl Style {
    /// An indent moves the words of a block, and of nothing in the line.
    pub(super) fn is_far(&self, name: &str) -> bool {
        self.far || (self.indented_away && (is_block(name) || is_cell(name)))
    }
}

/// Styles are short; a long one is an attack or a mistake.
const MAX: usize = 4096;

pub(super) fn style(tag: &Tag) -> Style {
    let mut said = Style::default();
    if attribute(tag, "hidden").is_some() {
        said.display = Some(Display::None);
    }
    let Some(text) = attribute(tag, "style") else { return said };
    let hidden = said.display;
    said = declared(text);
    said.display = said.display.or(hidden);
    said
}

/// What a text of declarations says.
pub(super) fn declared(text: &str) -> Style {
    let mut said = Style::default();
    let text = text.get(..text.floor_char_boundary(MAX)).unwrap_or_default().to_ascii_lowercase();
    let (mut clipped, mut flat, mut taken_out, mut off) = (false, false, false, false);
    let (mut low, mut narrow, mut cut) = (false, false, false);
    for declaration in text.split(';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let value = value.trim().trim_end_matches("important").trim_end_matches(['!', ' ']).trim();
        match name.trim() {
            "display" => {
                said.display = display(value).or(said.display);
                said.apart = value.starts_with("inline-");
                said.boxes = value.contains("flex") || value.contains("grid");
            }
            "float" | "position" => {
                said.apart = true;
                taken_out |= matches!(value, "absolute" | "fixed");
            }
            "left" | "top" | "right" | "bottom" => off |= is_far(value),
            "text-indent" => said.indented_away |= is_far(value),
            "clip" => cut |= value.starts_with("rect(") && !value.chars().any(|c| ('2'..='9').contains(&c)),
            "clip-path" => said.far |= value.starts_with("inset(50%") || value.starts_with("inset(100%"),
            "width" => {
                said.flat |= is_nothing(value);
                narrow |= is_pixel(value);
            }
            "margin-left" if is_far(value) => said.far = true,
            "margin-left" | "margin-right" | "padding" | "padding-left" | "padding-right" => {
                said.apart |= has_length(value);
            }
            "mso-hide" if value == "all" => said.display = Some(Display::None),
            "visibility" => said.visible = Some(!matches!(value, "hidden" | "collapse")),
            "opacity" => said.vanishes |= is_nothing(value),
            "font-size" => said.vanishes |= is_nothing(value),
            "overflow" => clipped |= value == "hidden",
            "max-height" | "height" | "max-width" => {
                flat |= is_nothing(value);
                said.flat |= is_nothing(value);
                low |= is_pixel(value);
            }
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
    said.pixel = low || narrow;
    said.vanishes |= clipped && flat;
    said.far |= (clipped && low && narrow) || (taken_out && (off || cut));
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

/// So far out that it is on no screen.
fn is_far(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    number.trim().parse::<f32>().is_ok_and(|number| number <= -500.0)
}

fn is_pixel(value: &str) -> bool {
    matches!(value, "1px" | "1")
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
