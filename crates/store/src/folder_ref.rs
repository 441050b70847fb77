//! Where an owner sees letters: the folders of the house, and those that the owner has made. Asks nothing.

use crate::column_values::Folder;

/// Where an owner sees letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderRef<'a> {
    /// A folder of the house, without what lies in folders of the owner's.
    Folder(Folder),
    /// A folder of the owner's, by its id.
    Own(&'a str),
}

impl From<Folder> for FolderRef<'_> {
    fn from(folder: Folder) -> Self {
        Self::Folder(folder)
    }
}

/// A folder of an owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFolderRow {
    /// Its id.
    pub id: String,
    /// Its key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
    /// Its name, sealed under that key.
    pub name_sealed: Vec<u8>,
}
