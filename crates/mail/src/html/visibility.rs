//! Visibility of words and pictures, inherited from element to element (CSS 2 §6.2). Knows no text.
//!
//! Some declarations hide everything in an element (`display:none`, a box of no height); others can be reversed within:
//! columns side by side are often written into a font size of zero, each with a size of its own.

use super::element::{is_block, is_cell, is_table_part};
use super::length::USUAL;
use super::style::{Display, Shape, Style, declared};

/// Text below this size, in pixels, is not meant to be read.
const MIN_SIZE: f32 = 1.5;

/// Visibility at one place of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visibility {
    /// Nothing in it can become visible again.
    gone: bool,
    /// `visibility`
    visible: bool,
    /// Font size in pixels.
    size: f32,
}

impl Default for Visibility {
    fn default() -> Self {
        Self { gone: false, visible: true, size: USUAL }
    }
}

/// The attribute `hidden` of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenAttribute {
    /// Present.
    Present,
    /// Absent.
    Absent,
}

impl Visibility {
    /// Within an element that is never displayed.
    #[must_use]
    pub fn nothing(self) -> Self {
        Self { gone: true, ..self }
    }

    /// Within an element of this name and style.
    #[must_use]
    pub fn within(self, name: &str, style: &str, hidden: HiddenAttribute) -> Self {
        let mut said = declared(style);
        if hidden == HiddenAttribute::Present && said.display.is_none() {
            said.display = Some(Display::None);
        }
        self.inside(name, &said)
    }

    /// Within an element with these declarations.
    pub(super) fn inside(self, name: &str, said: &Style) -> Self {
        let is_box = match said.display {
            Some(Display::Inline) => false,
            // Rows and cells grow with their content, whatever height they declare.
            _ if is_table_part(name) => is_cell(name) && said.display == Some(Display::Block),
            Some(_) => true,
            None => is_block(name),
        };
        let shape = if is_box { Shape::Box } else { Shape::Flow };
        let vanishes = said.vanishes(shape) || (is_cell(name) && said.indents_away());
        Self {
            gone: self.gone || said.display == Some(Display::None) || vanishes,
            visible: said.visible.unwrap_or(self.visible),
            size: said.size.map_or(self.size, |size| size.within(self.size)),
        }
    }

    /// Whether nothing in it can be visible, whatever its descendants declare.
    #[must_use]
    pub fn is_gone(self) -> bool {
        self.gone
    }

    /// Whether words are visible.
    #[must_use]
    pub fn shows_words(self) -> bool {
        self.shows_pictures() && self.size > MIN_SIZE
    }

    /// Whether pictures are visible: their size does not depend on the font.
    #[must_use]
    pub fn shows_pictures(self) -> bool {
        !self.gone && self.visible
    }
}
