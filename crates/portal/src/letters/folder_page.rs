//! Folders as their owner sees them, built-in and own: their names, URLs and symbols. Opens nothing.

use sealpost_store::{DepositRow, Folder, FolderRef};

use crate::links;
use crate::mailbox::own_folder::FolderId;
use crate::page::Page;

/// Prefix of an own folder's id where a letter's id could be, too.
const OWN: &str = "folder-";

/// A folder that has a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FolderPage {
    Inbox,
    Sent,
    Trash,
    /// One created by the owner.
    Own(FolderId),
}

impl FolderPage {
    /// Those that every mailbox has.
    pub(crate) const ALL: [Self; 3] = [Self::Inbox, Self::Sent, Self::Trash];

    pub(crate) fn folder_ref(&self) -> FolderRef<'_> {
        match self {
            Self::Inbox => FolderRef::Folder(Folder::Inbox),
            Self::Sent => FolderRef::Folder(Folder::Sent),
            Self::Trash => FolderRef::Folder(Folder::Trash),
            Self::Own(id) => FolderRef::Own(id.as_str()),
        }
    }

    /// The folder of a letter; drafts have none here.
    pub(crate) fn of(row: &DepositRow) -> Self {
        Self::where_lies(row.folder, row.own_folder.as_deref())
    }

    /// The same for a letter whose row was not read.
    pub(crate) fn where_lies(folder: Folder, own_folder: Option<&str>) -> Self {
        match (folder, own_folder.and_then(FolderId::parse)) {
            (Folder::Trash, _) => Self::Trash,
            (Folder::Inbox | Folder::Draft | Folder::Sent, Some(id)) => Self::Own(id),
            (Folder::Inbox | Folder::Draft, None) => Self::Inbox,
            (Folder::Sent, None) => Self::Sent,
        }
    }

    /// Its name in forms.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Inbox => Folder::Inbox.as_str().to_owned(),
            Self::Sent => Folder::Sent.as_str().to_owned(),
            Self::Trash => Folder::Trash.as_str().to_owned(),
            Self::Own(id) => format!("{OWN}{}", id.as_str()),
        }
    }

    pub(crate) fn path(&self) -> String {
        match self {
            Self::Inbox => links::INBOX.to_owned(),
            Self::Sent => links::SENT.to_owned(),
            Self::Trash => links::TRASH.to_owned(),
            Self::Own(id) => links::folder(id.as_str()),
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        let house = Self::ALL.into_iter().find(|place| place.name() == name);
        house.or_else(|| name.strip_prefix(OWN).and_then(FolderId::parse).map(Self::Own))
    }

    pub(crate) fn parse(name: &str) -> Self {
        Self::named(name).unwrap_or(Self::Inbox)
    }

    /// For an own folder the page must know its name.
    pub(crate) fn title(&self, page: &Page) -> String {
        match self {
            Self::Inbox => page.t("inbox-title"),
            Self::Sent => page.t("sent-title"),
            Self::Trash => page.t("trash-title"),
            Self::Own(id) => page
                .own_folders
                .iter()
                .find(|folder| folder.id == *id)
                .map_or_else(|| page.t("folders-label"), |folder| folder.name.clone()),
        }
    }

    pub(crate) fn icon(&self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Sent => "sent",
            Self::Trash => "trash",
            Self::Own(_) => "folder",
        }
    }

    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_name_and_anything_else_is_the_inbox() {
        let own = FolderPage::Own(FolderId::parse(&"0a".repeat(16)).unwrap());
        for place in FolderPage::ALL.into_iter().chain([own]) {
            assert_eq!(FolderPage::named(&place.name()), Some(place));
            assert!(place.path().starts_with('/'));
        }
        assert_eq!(FolderPage::named("../account"), None);
        assert_eq!(FolderPage::parse("//evil.example"), FolderPage::Inbox);
    }
}
