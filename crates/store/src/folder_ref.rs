//! References to folders: the built-in ones and those that an owner has created. Pure.

use crate::column_values::Folder;

/// A folder that an owner sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderRef<'a> {
    /// A built-in folder, without the letters in the owner's folders.
    Folder(Folder),
    /// One of the owner's folders, by its id.
    Own(&'a str),
}

impl From<Folder> for FolderRef<'_> {
    fn from(folder: Folder) -> Self {
        Self::Folder(folder)
    }
}

/// One of the owner's folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFolderRow {
    /// Its id.
    pub id: String,
    /// Its key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
    /// Its name, sealed under that key.
    pub name_sealed: Vec<u8>,
}
