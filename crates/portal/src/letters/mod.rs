//! Lists of letters: folders, search, bulk actions, and exporting them as files.

pub(crate) mod archive;
pub(crate) mod bulk;
pub(crate) mod conversation;
pub(crate) mod export;
pub(crate) mod folder_page;
pub(crate) mod folders;
pub(crate) mod inbox;
pub(crate) mod list_page;
pub(crate) mod moving;
pub(crate) mod order;
pub(crate) mod outlook;
pub(crate) mod repeated_fields;
pub(crate) mod search;
pub(crate) mod search_index;
pub(crate) mod search_query;
pub(crate) mod selection;
mod sorted;
pub(crate) mod withdrawn;

use crate::language::Language;

/// The labels of a document that is not a letter from a mailbox, in the language of this tag.
#[must_use]
pub fn document_labels(tag: &str) -> sealpost_export::Labels {
    archive::labels(Language::parse(tag).unwrap_or_else(Language::last_resort))
}
