//! State of the inspection of a letter: the queue, the remaining limits and the results. Knows no kind of
//! part.

use std::borrow::Cow;
use std::collections::HashSet;

use super::found::{Inside, Sealed, Unread};
use super::named_ids::NamedIds;
use super::{heads, pem_blocks};
use crate::flowed::DelSp;
use crate::head::Head;
use crate::rewritten::Layers;

/// Entities, files and containers of one letter.
pub(super) const MAX_ITEMS: usize = 4000;

/// Nesting depth of containers.
const MAX_DEPTH: usize = 24;

/// Names and types of files.
const MAX_FILES: usize = 20_000;

/// An item of the queue.
pub(super) struct Item<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) depth: usize,
    pub(super) what: What,
}

pub(super) enum What {
    /// A head and a body.
    Entity { default: &'static str, head_end: HeadEnd },
    /// Decoded bytes, and what fields say about them.
    Leaf(LeafFields),
}

/// Where the head of an entity ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadEnd {
    /// Where most readers end it.
    AsMostRead,
    /// Only at an empty line, whatever is in the lines before it.
    EmptyLine,
}

/// What fields say about a leaf.
#[derive(Clone, Default)]
pub(super) struct LeafFields {
    pub(super) names: Vec<String>,
    /// `type/subtype`
    pub(super) types: Vec<String>,
    pub(super) charsets: Vec<String>,
    /// `smime-type` (RFC 8551 §3.2.2)
    pub(super) smime_types: Vec<String>,
    /// Whether it is meant to be saved.
    pub(super) is_file: bool,
    /// `format=flowed`, with its `delsp`.
    pub(super) flowed: Option<DelSp>,
}

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    All,
    /// Embedded letters only: texts are not read.
    Letters,
}

pub(super) struct Search<'a> {
    pub(super) found: Inside,
    pub(super) sought: Sought,
    pub(super) items: usize,
    pub(super) work: usize,
    /// Bytes left for further texts.
    pub(super) room: usize,
    pub(super) open: Vec<Item<'a>>,
    /// Nesting depth of the current part.
    pub(super) depth: usize,
    /// Blocks of CMS already found in a text: its other readings contain them again.
    pub(super) blocks: HashSet<Vec<u8>>,
    pub(super) ids: NamedIds,
    pub(super) layers: Layers,
}

impl<'a> Search<'a> {
    pub(super) fn look<'b>(
        &mut self,
        bytes: &'b [u8],
        depth: usize,
        what: What,
        keep: impl Fn(&'b [u8]) -> Cow<'a, [u8]>,
    ) {
        self.depth = depth;
        match what {
            What::Entity { default, head_end } => self.entity(bytes, depth, default, head_end, keep),
            What::Leaf(said) => self.leaf(bytes, depth, said, keep),
        }
    }

    /// Adds an item, if there is room for it.
    pub(super) fn push(&mut self, item: Item<'a>) {
        self.items += 1;
        if self.items > MAX_ITEMS || item.depth > MAX_DEPTH || !self.can_work(item.bytes.len()) {
            self.unread(Unread::TooMuch);
        } else {
            self.open.push(item);
        }
    }

    pub(super) fn can_work(&mut self, bytes: usize) -> bool {
        match self.work.checked_sub(bytes) {
            Some(left) => {
                self.work = left;
                true
            }
            None => {
                self.work = 0;
                false
            }
        }
    }

    pub(super) fn sealed(&mut self, what: Sealed) {
        if !self.found.sealed.contains(&what) {
            self.found.sealed.push(what);
        }
    }

    pub(super) fn unread(&mut self, why: Unread) {
        if why == Unread::TooMuch {
            self.sealed(Sealed::Unknown);
        }
        self.found.unread.get_or_insert(why);
    }

    /// A container that may contain letters cannot be read completely.
    pub(super) fn hides_letters(&mut self, why: Unread) {
        self.unread(why);
        self.found.hidden_letters.get_or_insert(why);
    }

    pub(super) fn illegible(&mut self, why: Unread) {
        self.found.illegible.get_or_insert(why);
    }

    pub(super) fn message_id(&mut self, text: String) {
        if self.found.message_ids.len() >= MAX_ITEMS {
            self.unread(Unread::TooMuch);
        } else {
            self.found.message_ids.push(text);
        }
    }

    pub(super) fn head(&mut self, head: Option<Head>) {
        let Some(head) = head.filter(|head| !self.found.heads.contains(head)) else { return };
        if self.found.heads.len() >= heads::MAX_HEADS {
            self.unread(Unread::TooMuch);
        } else if self.can_work(head.as_bytes().len()) {
            self.found.heads.push(head);
        } else {
            self.unread(Unread::TooMuch);
        }
    }

    /// Opaque signatures and the like in a text.
    pub(super) fn blocks_in(&mut self, text: &[u8]) {
        for block in pem_blocks::blocks(text) {
            if self.can_work(block.len()) && self.blocks.insert(block.to_vec()) {
                let said =
                    LeafFields { types: vec!["application/pkcs7-mime".to_owned()], ..LeafFields::default() };
                let bytes = Cow::Owned(block.to_vec());
                self.push(Item { bytes, depth: self.depth + 1, what: What::Leaf(said) });
            }
        }
    }

    pub(super) fn file(&mut self, name: &str, content_type: &str) {
        if self.found.files.len() >= MAX_FILES {
            self.unread(Unread::TooMuch);
        } else {
            self.found.files.push((name.to_owned(), content_type.to_owned()));
        }
    }
}
