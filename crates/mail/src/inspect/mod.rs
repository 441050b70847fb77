//! Everything that any reader's program may find in a letter: for rules, which must not answer "no" because
//! they read it differently. Never for display; decides nothing.
//!
//! SECURITY: where two programs can read two things (a doubled field, a parameter in pieces, a false charset,
//! a file under a false type), both count. What can be opened without a key is opened: embedded letters,
//! winmail.dat, uuencode, opaque signatures, rich text. What cannot is reported. The work is bounded by
//! entities, depth, bytes and lines; nothing recurses.

mod entity;
mod found;
mod heads;
mod leaf;
mod line_ends;
mod named_ids;
mod openpgp;
mod pem_blocks;
mod search;
mod text;

use std::borrow::Cow;
use std::collections::HashSet;

pub use found::{Inside, Sealed, Unread};
use named_ids::NamedIds;
use search::{HeadEnd, Item, LeafFields, Search, Sought, What};

use crate::rewritten::Layers;

/// How often every byte may be examined, over all readings together, and in how many texts it may occur.
const MAX_LOOKS: usize = 32;
const MAX_TEXTS: usize = 12;
/// In a letter of at least this many bytes every byte may occur in fewer texts: their memory is what `memory`
/// reserves for a letter.
const LARGE: usize = 1024 * 1024;
const MAX_TEXTS_OF_LARGE: usize = 3;
const MIN_WORK: usize = 4 * 1024 * 1024;

impl Inside {
    /// Inspects the bytes of a letter.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::sought(bytes, Sought::All)
    }

    /// Only [`Self::message_ids`], [`Self::perhaps_ids`] and [`Self::heads`], at lower cost.
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
            what: What::Entity { default: "text/plain", head_end: HeadEnd::AsMostRead },
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
        let NamedIds { named, unnamed, broken } = std::mem::take(&mut search.ids);
        named.into_iter().for_each(|id| search.message_id(id));
        search.found.perhaps_ids.extend(unnamed.into_iter().chain(broken));
        search.found.texts.sort_unstable();
        search.found.texts.dedup();
        search.found.files.sort_unstable();
        search.found.files.dedup();
        search.found.sealed.sort_unstable();
        search.found
    }
}

#[cfg(test)]
mod oddity_tests;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod tests;
