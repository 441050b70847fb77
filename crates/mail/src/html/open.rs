//! Elements whose end tag has not come yet: what of them counts while they are open, and how one takes part in the page.
//! Writes no line.

use html5ever::LocalName;
use html5ever::tokenizer::Tag;

use super::attribute_words::Target;
use super::element::{Kinds, is_block, is_cell, is_formatting};
use super::line::Gap;
use super::sight::Sight;
use super::style::{Display, White};

/// An element whose end tag has not come yet.
pub(super) struct Open {
    pub(super) name: LocalName,
    pub(super) kinds: Kinds,
    pub(super) display: Display,
    /// What stands before and behind it, if it is a block.
    pub(super) margin: Gap,
    /// It is a box of its own in the line.
    pub(super) apart: bool,
    /// For people, its words stand apart from those beside it.
    pub(super) parted: bool,
    pub(super) edge: Edge,
    /// What stands in it is boxes.
    pub(super) boxes: bool,
    /// What can be seen of what is inside.
    pub(super) sight: Sight,
    pub(super) white: White,
    pub(super) kind: Kind,
}

/// Where an element begins or ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// A style sheet may well make a box of it.
    Box,
    /// It is a mere accent on words.
    Inline,
}

pub(super) enum Kind {
    Plain,
    Quote,
    /// The number of the next item, or none where dots are put.
    List(Option<u32>),
    Cell(Cell),
    Link {
        target: Target,
        said: String,
    },
}

/// What there was when a cell began.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) written: usize,
    pub(super) breaks: usize,
    pub(super) gap: Gap,
}

/// How an element takes part in the flow of text if nobody says otherwise.
pub(super) fn usual_of(name: &str) -> Display {
    if is_cell(name) {
        Display::Cell
    } else if is_block(name) {
        Display::Block
    } else {
        Display::Inline
    }
}

/// Whether a style sheet can well make a box of it: it has a handle, or is no mere accent on words (`<b>`). Where words may
/// be broken is no box.
pub(super) fn may_be_box(tag: &Tag) -> bool {
    let is_named = tag.attrs.iter().any(|one| matches!(&*one.name.local, "class" | "id" | "style"));
    is_named
        || &*tag.name == "a"
        || !(is_formatting(&tag.name) || matches!(&*tag.name, "wbr" | "sub" | "sup" | "mark" | "abbr"))
}
