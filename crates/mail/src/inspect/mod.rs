//! Everything that any reader's program may find in a letter: for rules, which must not say "no" because they
//! read it in another way. Never for showing; decides nothing.
//!
//! SECURITY: where two programs can read two things (a doubled field, a parameter in pieces, a charset that is a
//! lie, a file under a false type), both count. What can be opened without a key is opened: letters within
//! letters, winmail.dat, uuencode, opaque signatures, rich text. What cannot is said. The work is bounded by
//! entities, depth, bytes and lines; nothing recurses.

mod entity;
mod heads;
mod leaf;
mod named_ids;
mod openpgp;
mod pem_blocks;
mod text;

use std::borrow::Cow;
use std::collections::HashSet;

use named_ids::NamedIds;
use thiserror::Error;

use crate::head::Head;
use crate::rewritten::Layers;

/// Entities, files and containers of one letter.
const MAX_ITEMS: usize = 4000;
/// Containers within containers.
const MAX_DEPTH: usize = 24;
/// Names and types of files.
const MAX_FILES: usize = 20_000;
/// Every byte may be looked at so many times, in all the readings together, and stand in so many texts.
const MAX_LOOKS: usize = 32;
const MAX_TEXTS: usize = 12;
/// In a letter of so many bytes every byte may stand in fewer: their room is what `memory` keeps for a letter.
const LARGE: usize = 1024 * 1024;
const MAX_TEXTS_OF_LARGE: usize = 3;
const MIN_WORK: usize = 4 * 1024 * 1024;

/// Why there is more in a letter than was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unread {
    /// More parts, deeper or larger ones than any honest letter has.
    #[error("it has too many parts, or parts nested too deeply")]
    TooMuch,
    /// RFC 2046 §5.2.2: the rest comes in other letters.
    #[error("it is only a piece of a letter (message/partial)")]
    Partial,
    /// Nobody reads it without a key.
    #[error("part of it is encrypted")]
    Encrypted,
    /// A Content-Transfer-Encoding that nobody knows.
    #[error("part of it has an unknown transfer encoding")]
    Encoding,
    /// A charset that nobody knows.
    #[error("part of it has an unknown charset")]
    Charset,
    /// A winmail.dat, signature or the like that is damaged.
    #[error("something in it that holds text or files is damaged")]
    Damaged,
}

/// What is closed in a letter or signed, wherever it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sealed {
    /// CMS that nobody reads without a key, or that is damaged.
    Smime,
    /// An OpenPGP message.
    OpenPgp,
    /// Something with a signature, of either kind.
    Signed,
    /// There is more in it than was looked at.
    Unknown,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Every name and every type of every file. Not a list of files: one may stand there several times.
    pub files: Vec<(String, String)>,
    /// Every text in every reading.
    pub texts: Vec<String>,
    /// Why there may be other files and other texts.
    pub unread: Option<Unread>,
    /// Why there may be other texts.
    pub illegible: Option<Unread>,
    /// Why there may be other letters within it, and so other heads.
    pub hidden_letters: Option<Unread>,
    /// What of it is closed or signed, each once.
    pub sealed: Vec<Sealed>,
    /// The Message-IDs of the letters within it, and of those that these answer, as they are written; and those that its
    /// texts name as such.
    pub message_ids: Vec<String>,
    /// What else in its texts may be a Message-ID.
    pub perhaps_ids: Vec<String>,
    /// The heads of the letters within it, and what stands for one: the properties of a winmail.dat, the title and class of an
    /// appointment.
    pub heads: Vec<Head>,
}

impl Inside {
    /// Looks for everything in the bytes of a letter.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::sought(bytes, Sought::All)
    }

    /// Only [`Self::message_ids`], [`Self::perhaps_ids`] and [`Self::heads`], for a smaller price.
    #[must_use]
    pub fn letters_of(bytes: &[u8]) -> Self {
        Self::sought(bytes, Sought::Letters)
    }

    fn sought(bytes: &[u8], sought: Sought) -> Self {
        let texts = if bytes.len() > LARGE { MAX_TEXTS_OF_LARGE } else { MAX_TEXTS };
        let mut search = Search {
            found: Self::default(),
            sought,
            items: 0,
            work: bytes.len().saturating_mul(MAX_LOOKS).saturating_add(MIN_WORK),
            room: bytes.len().saturating_mul(texts).saturating_add(MIN_WORK),
            open: Vec::new(),
            depth: 0,
            blocks: HashSet::new(),
            ids: NamedIds::default(),
            layers: Layers::default(),
        };
        search.push(Item {
            bytes: Cow::Borrowed(bytes),
            depth: 0,
            what: What::Entity { default: "text/plain", strict: false },
        });
        while let Some(item) = search.open.pop() {
            let Item { bytes, depth, what } = item;
            match (bytes, what) {
                (Cow::Borrowed(bytes), what) => search.look(bytes, depth, what, Cow::Borrowed),
                (Cow::Owned(bytes), what) => {
                    search.look(&bytes, depth, what, |piece| Cow::Owned(piece.to_vec()))
                }
            }
        }
        let NamedIds { named, unnamed } = std::mem::take(&mut search.ids);
        named.into_iter().for_each(|id| search.message_id(id));
        search.found.perhaps_ids.extend(unnamed);
        search.found.texts.sort_unstable();
        search.found.texts.dedup();
        search.found.files.sort_unstable();
        search.found.files.dedup();
        search.found.sealed.sort_unstable();
        search.found
    }
}

/// Something to be looked into.
struct Item<'a> {
    bytes: Cow<'a, [u8]>,
    depth: usize,
    what: What,
}

enum What {
    /// A head and a body. `strict`: only an empty line ends the head, whatever stands in it.
    Entity { default: &'static str, strict: bool },
    /// Decoded bytes, and what has been said of them.
    Leaf(Said),
}

/// What fields say of a leaf.
#[derive(Clone, Default)]
struct Said {
    names: Vec<String>,
    /// `type/subtype`
    types: Vec<String>,
    charsets: Vec<String>,
    /// It is meant to be saved.
    is_file: bool,
    /// `format=flowed`, and whether with `delsp=yes`.
    flowed: Option<bool>,
}

/// What the search is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sought {
    All,
    /// Letters alone: no text is read.
    Letters,
}

struct Search<'a> {
    found: Inside,
    sought: Sought,
    items: usize,
    work: usize,
    /// Bytes that the texts to come may still have.
    room: usize,
    open: Vec<Item<'a>>,
    /// The nesting depth of the part being read.
    depth: usize,
    /// Blocks of CMS that have been found in a text: other readings of it hold them again.
    blocks: HashSet<Vec<u8>>,
    ids: NamedIds,
    layers: Layers,
}

impl<'a> Search<'a> {
    fn look<'b>(
        &mut self,
        bytes: &'b [u8],
        depth: usize,
        what: What,
        keep: impl Fn(&'b [u8]) -> Cow<'a, [u8]>,
    ) {
        self.depth = depth;
        match what {
            What::Entity { default, strict } => self.entity(bytes, depth, default, strict, keep),
            What::Leaf(said) => self.leaf(bytes, depth, said, keep),
        }
    }

    /// Something more to be looked into, if there is room for it.
    fn push(&mut self, item: Item<'a>) {
        self.items += 1;
        if self.items > MAX_ITEMS || item.depth > MAX_DEPTH || !self.can_work(item.bytes.len()) {
            self.unread(Unread::TooMuch);
        } else {
            self.open.push(item);
        }
    }

    fn can_work(&mut self, bytes: usize) -> bool {
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

    fn sealed(&mut self, what: Sealed) {
        if !self.found.sealed.contains(&what) {
            self.found.sealed.push(what);
        }
    }

    fn unread(&mut self, why: Unread) {
        if why == Unread::TooMuch {
            self.sealed(Sealed::Unknown);
        }
        self.found.unread.get_or_insert(why);
    }

    /// Something that holds letters cannot be read to its end.
    fn hides_letters(&mut self, why: Unread) {
        self.unread(why);
        self.found.hidden_letters.get_or_insert(why);
    }

    fn illegible(&mut self, why: Unread) {
        self.found.illegible.get_or_insert(why);
    }

    fn text(&mut self, text: String) {
        if text.trim().is_empty() || self.sought == Sought::Letters {
            return;
        }
        for what in openpgp::in_text(text.as_bytes()) {
            self.sealed(what);
        }
        self.blocks_in(text.as_bytes());
        let joined = text::rejoined(&text).into_iter().chain(text::unquoted(&text));
        for text in text::without_tricks(&text).into_iter().chain(joined).chain([text]) {
            match self.room.checked_sub(text.len()).filter(|_| self.can_work(text.len())) {
                Some(left) => {
                    self.room = left;
                    self.found.texts.push(text);
                }
                None => self.illegible(Unread::TooMuch),
            }
        }
    }

    fn message_id(&mut self, text: String) {
        if self.found.message_ids.len() >= MAX_ITEMS {
            self.unread(Unread::TooMuch);
        } else {
            self.found.message_ids.push(text);
        }
    }

    fn head(&mut self, head: Option<Head>) {
        let Some(head) = head.filter(|head| !self.found.heads.contains(head)) else { return };
        if self.found.heads.len() >= heads::MAX_HEADS {
            self.unread(Unread::TooMuch);
        } else if self.can_work(head.as_bytes().len()) {
            self.found.heads.push(head);
        } else {
            self.unread(Unread::TooMuch);
        }
    }

    /// Opaque signatures and the like that stand in a text.
    fn blocks_in(&mut self, text: &[u8]) {
        for block in pem_blocks::blocks(text) {
            if self.can_work(block.len()) && self.blocks.insert(block.to_vec()) {
                let said = Said { types: vec!["application/pkcs7-mime".to_owned()], ..Said::default() };
                let bytes = Cow::Owned(block.to_vec());
                self.push(Item { bytes, depth: self.depth + 1, what: What::Leaf(said) });
            }
        }
    }

    fn file(&mut self, name: &str, content_type: &str) {
        if self.found.files.len() >= MAX_FILES {
            self.unread(Unread::TooMuch);
        } else {
            self.found.files.push((name.to_owned(), content_type.to_owned()));
        }
    }
}

#[cfg(test)]
mod oddity_tests;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod tests;
