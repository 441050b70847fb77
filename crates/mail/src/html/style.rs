//! An element's own style as it affects its text: hidden, broken, preformatted. Knows no style sheets.

use html5ever::tokenizer::Tag;

use super::length::{Size, is_far, is_nothing, is_pixel, parted};

pub(super) fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// How an element takes part in the flow of text (CSS 2 §9.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Display {
    Inline,
    /// In the line, but a separate box.
    InlineBox,
    Block,
    Cell,
    None,
}

/// `white-space` (CSS Text 3 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum White {
    #[default]
    Collapses,
    LinesStay,
    Stays,
}

/// Whether an element has a height and a width of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// It has.
    Box,
    /// Its size depends on its content.
    Flow,
}

/// The height or width of a box, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Nothing,
    Pixel,
    More,
}

impl Extent {
    fn of(value: &str) -> Self {
        if is_nothing(value) {
            Self::Nothing
        } else if is_pixel(value) {
            Self::Pixel
        } else {
            Self::More
        }
    }
}

/// The relevant declarations. `None`: not declared.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    pub(super) display: Option<Display>,
    /// `visibility`: whether the text is visible.
    pub(super) visible: Option<bool>,
    /// `font-size`.
    pub(super) size: Option<Size>,
    /// `opacity`: whether it is fully transparent.
    faded: Option<bool>,
    /// `overflow`: whether overflowing content is cut off.
    cuts: Option<bool>,
    height: Option<Extent>,
    most_height: Option<Extent>,
    width: Option<Extent>,
    most_width: Option<Extent>,
    /// Removed from the flow by `position`.
    taken_out: Option<bool>,
    /// Moved off the page by `left`, `top` and the like.
    off: Option<bool>,
    /// `clip`: clipped to nothing.
    clipped: Option<bool>,
    /// `margin-left`, `clip-path`: moved off the page, or clipped to nothing.
    moved_away: Option<bool>,
    /// `text-indent`: the first line begins off the page.
    indented_away: Option<bool>,
    /// `mso-hide`: hidden by Word only.
    pub(super) hidden_in_word: Option<bool>,
    pub(super) white: Option<White>,
    pub(super) no_margin: Option<bool>,
    /// It floats, or has a margin beside it.
    spaced: Option<bool>,
    /// Its children are boxes (CSS Flexbox §4, Grid §6).
    pub(super) boxes: Option<bool>,
}

/// The declarations of an element's style attribute, and those of other attributes about visibility.
pub(super) fn style(tag: &Tag) -> Style {
    attribute(tag, "style").map(declared).unwrap_or_default().over(by_attributes(tag))
}

/// Attributes have less weight than any style (HTML §15.2).
fn by_attributes(tag: &Tag) -> Style {
    let hidden = attribute(tag, "hidden").is_some();
    let size = attribute(tag, "size").filter(|_| &*tag.name == "font");
    Style { display: hidden.then_some(Display::None), size: size.and_then(Size::of_font), ..Style::default() }
}

/// Styles are short; a longer one is an attack or a mistake.
const MAX: usize = 4096;

/// The declarations in a text, of any weight.
pub(super) fn declared(text: &str) -> Style {
    let (usual, important) = weighed(text);
    important.over(usual)
}

/// The declarations in a text, and those of them that are `!important`.
pub(super) fn weighed(text: &str) -> (Style, Style) {
    let (mut usual, mut important) = (Style::default(), Style::default());
    let text = text.get(..text.floor_char_boundary(MAX)).unwrap_or_default().to_ascii_lowercase();
    for declaration in text.split(';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        match value.split_once('!') {
            Some((value, _important)) => important.say(name.trim(), value.trim()),
            None => usual.say(name.trim(), value.trim()),
        }
    }
    (usual, important)
}

impl Style {
    fn say(&mut self, name: &str, value: &str) {
        match name {
            "display" => {
                self.display = display(value).or(self.display);
                self.boxes = Some(value.contains("flex") || value.contains("grid"));
            }
            "float" => self.spaced = Some(value != "none"),
            "position" => {
                let out = matches!(value, "absolute" | "fixed");
                (self.taken_out, self.spaced) = (Some(out), Some(true));
            }
            "left" | "top" | "right" | "bottom" if is_far(value) => self.off = Some(true),
            "text-indent" => self.indented_away = Some(is_far(value)),
            "clip" => {
                let none = value.starts_with("rect(") && !value.chars().any(|c| ('2'..='9').contains(&c));
                self.clipped = Some(none);
            }
            "clip-path" if value.starts_with("inset(50%") || value.starts_with("inset(100%") => {
                self.moved_away = Some(true);
            }
            "width" => self.width = Some(Extent::of(value)),
            "height" => self.height = Some(Extent::of(value)),
            "max-height" => self.most_height = Some(Extent::of(value)),
            "max-width" => self.most_width = Some(Extent::of(value)),
            "mso-hide" => self.hidden_in_word = Some(value == "all"),
            "visibility" => self.visible = Some(!matches!(value, "hidden" | "collapse")),
            "opacity" => self.faded = Some(is_nothing(value)),
            "font-size" => self.size = Size::of(value).or(self.size),
            "font" => self.size = Size::in_shorthand(value).or(self.size),
            "overflow" | "overflow-y" => self.cuts = Some(matches!(value, "hidden" | "clip")),
            "margin-left" | "margin-right" | "padding" | "padding-left" | "padding-right" => {
                if name == "margin-left" {
                    self.moved_away = Some(is_far(value));
                }
                self.spaced = self.spaced.filter(|spaced| *spaced).or(Some(parted(value)));
            }
            "margin" | "margin-top" => {
                self.no_margin = Some(value.starts_with('0'));
                if name == "margin" && parted(value) {
                    self.spaced = Some(true);
                }
            }
            "white-space" => {
                self.white = match value {
                    "pre" | "pre-wrap" | "break-spaces" => Some(White::Stays),
                    "pre-line" => Some(White::LinesStay),
                    "normal" | "nowrap" => Some(White::Collapses),
                    _ => self.white,
                }
            }
            _ => {}
        }
    }

    /// Combines both; this one has more weight.
    pub(super) fn over(self, under: Self) -> Self {
        Self {
            display: self.display.or(under.display),
            visible: self.visible.or(under.visible),
            size: self.size.or(under.size),
            faded: self.faded.or(under.faded),
            cuts: self.cuts.or(under.cuts),
            height: self.height.or(under.height),
            most_height: self.most_height.or(under.most_height),
            width: self.width.or(under.width),
            most_width: self.most_width.or(under.most_width),
            taken_out: self.taken_out.or(under.taken_out),
            off: self.off.or(under.off),
            clipped: self.clipped.or(under.clipped),
            moved_away: self.moved_away.or(under.moved_away),
            indented_away: self.indented_away.or(under.indented_away),
            hidden_in_word: self.hidden_in_word.or(under.hidden_in_word),
            white: self.white.or(under.white),
            no_margin: self.no_margin.or(under.no_margin),
            spaced: self.spaced.or(under.spaced),
            boxes: self.boxes.or(under.boxes),
        }
    }

    /// Whether it contains declarations about visibility.
    pub(super) fn says_of_sight(&self) -> bool {
        let (display, visible) = (self.display.is_some(), self.visible.is_some());
        let looks = [self.faded, self.cuts, self.hidden_in_word];
        let places = [self.taken_out, self.off, self.clipped, self.moved_away, self.indented_away];
        let extents = [self.height, self.most_height, self.width, self.most_width];
        display
            || visible
            || self.size.is_some()
            || looks.iter().chain(&places).any(Option::is_some)
            || extents.iter().any(Option::is_some)
    }

    /// Without what moves it off the page: a program need not follow that.
    pub(super) fn in_place(self) -> Self {
        Self { off: None, clipped: None, moved_away: None, indented_away: None, ..self }
    }

    /// Only the declarations that make visible.
    pub(super) fn showing(self) -> Self {
        let shown = |said: Option<bool>| said.filter(|hides| !hides);
        Self {
            display: self.display.filter(|display| *display != Display::None),
            visible: self.visible.filter(|visible| *visible),
            size: self.size.filter(|size| !size.is_nothing()),
            faded: shown(self.faded),
            cuts: shown(self.cuts),
            most_height: self.most_height.filter(|extent| *extent == Extent::More),
            ..Self::default()
        }
    }

    /// Whether it and everything in it is invisible: no descendant can reverse that.
    pub(super) fn vanishes(&self, shape: Shape) -> bool {
        let is_box = shape == Shape::Box;
        let is = |fact: Option<bool>| fact == Some(true);
        let no_room = [self.height, self.most_height, self.width, self.most_width];
        let no_room = no_room.contains(&Some(Extent::Nothing))
            || self.most_height == Some(Extent::Pixel)
            || (self.height == Some(Extent::Pixel) && self.width == Some(Extent::Pixel));
        let out = is(self.taken_out);
        is(self.faded)
            || is(self.moved_away)
            || (out && (is(self.off) || is(self.clipped)))
            || ((is_box || out) && is(self.cuts) && no_room)
            || (is_box && self.indents_away())
    }

    /// Whether its first line begins off the page.
    pub(super) fn indents_away(&self) -> bool {
        self.indented_away == Some(true)
    }

    /// Whether it is separate within its line.
    pub(super) fn is_apart(&self) -> bool {
        self.display == Some(Display::InlineBox) || self.spaced == Some(true)
    }

    /// Whether a picture in it has no height or no width.
    pub(super) fn is_flat(&self) -> bool {
        [self.height, self.most_height, self.width, self.most_width].contains(&Some(Extent::Nothing))
    }

    /// Whether it is one pixel wide or high.
    pub(super) fn is_pixel(&self) -> bool {
        [self.height, self.most_height, self.width, self.most_width].contains(&Some(Extent::Pixel))
    }
}

fn display(value: &str) -> Option<Display> {
    Some(match value {
        "none" => Display::None,
        "inline" | "contents" => Display::Inline,
        "inline-block" | "inline-flex" | "inline-grid" | "inline-table" => Display::InlineBox,
        "block" | "flex" | "grid" | "list-item" | "table" | "table-row" | "table-row-group"
        | "table-caption" | "table-header-group" | "table-footer-group" | "flow-root" => Display::Block,
        "table-cell" => Display::Cell,
        _ => return None,
    })
}
