//! Open elements: what applies while they are open, and how an element takes part in the page. Writes no line.

use html5ever::LocalName;
use html5ever::tokenizer::Tag;

use super::attribute_words::Target;
use super::element::{Kinds, is_block, is_cell, is_formatting};
use super::line::Gap;
use super::style::{Display, White};
use super::visibility::Visibility;

/// An element whose end tag has not come yet.
pub(super) struct Open {
    pub(super) name: LocalName,
    pub(super) kinds: Kinds,
    pub(super) display: Display,
    /// The gap before and after it, if it is a block.
    pub(super) margin: Gap,
    /// It is an inline box.
    pub(super) apart: bool,
    /// For people, its words are separate from those beside it.
    pub(super) parted: bool,
    pub(super) edge: Edge,
    /// Its children are boxes (flex or grid).
    pub(super) boxes: bool,
    /// Visibility of its content.
    pub(super) sight: Visibility,
    pub(super) white: White,
    pub(super) kind: Kind,
}

/// Where an element begins or ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// A style sheet may make it a box.
    Box,
    /// It is only an emphasis of words.
    Inline,
}

pub(super) enum Kind {
    Plain,
    Quote,
    /// The number of the next item; `None`: bullets.
    List(Option<u32>),
    Cell(Cell),
    Link {
        target: Target,
        said: String,
    },
}

/// The state when a cell began.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) written: usize,
    pub(super) breaks: usize,
    pub(super) gap: Gap,
}

/// How an element takes part in the flow of text by default.
pub(super) fn usual_of(name: &str) -> Display {
    if is_cell(name) {
        Display::Cell
    } else if is_block(name) {
        Display::Block
    } else {
        Display::Inline
    }
}

/// Whether a style sheet can make a box of it: it has a handle (class or id), or is not only an emphasis (`<b>`).
/// `<wbr>` is never a box.
pub(super) fn may_be_box(tag: &Tag) -> bool {
    let is_named = tag.attrs.iter().any(|one| matches!(&*one.name.local, "class" | "id" | "style"));
    is_named
        || &*tag.name == "a"
        || !(is_formatting(&tag.name) || matches!(&*tag.name, "wbr" | "sub" | "sup" | "mark" | "abbr"))
}
