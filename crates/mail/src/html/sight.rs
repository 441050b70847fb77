//! What can be seen of words and pictures, handed down from element to element (CSS 2 §6.2). Knows no text.
//!
//! Some of what hides an element hides all that is in it (`display:none`, a box of no height); some can be taken back
//! within: who sets columns beside one another writes them into a size of nothing, and each in a size of its own.

use super::element::{is_block, is_cell, is_table_part};
use super::length::USUAL;
use super::style::{Display, Shape, Style, declared};

/// Smaller words are not meant to be read.
const MIN_SIZE: f32 = 1.5;

/// What can be seen at one place of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// Nothing in it can come to light again.
    gone: bool,
    /// `visibility`
    visible: bool,
    /// In pixels.
    size: f32,
}

impl Default for Sight {
    fn default() -> Self {
        Self { gone: false, visible: true, size: USUAL }
    }
}

/// The attribute `hidden` of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenAttribute {
    /// It has it.
    Present,
    /// It has it not.
    Absent,
}

impl Sight {
    /// Within an element that is never on a page.
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

    /// Within an element that says this of itself.
    pub(super) fn inside(self, name: &str, said: &Style) -> Self {
        let is_box = match said.display {
            Some(Display::Inline) => false,
            // Rows and cells grow with what is in them, whatever they say of their height.
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

    /// Whether nothing in it can be seen, whatever is said there.
    #[must_use]
    pub fn is_gone(self) -> bool {
        self.gone
    }

    /// Whether words can be read.
    #[must_use]
    pub fn shows_words(self) -> bool {
        self.shows_pictures() && self.size > MIN_SIZE
    }

    /// Whether pictures can be seen: their size is their own.
    #[must_use]
    pub fn shows_pictures(self) -> bool {
        !self.gone && self.visible
    }
}
