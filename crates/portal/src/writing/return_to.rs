//! The page from which writing was begun, to return to. Stored with the draft, sealed; knows no letter but
//! its id.

use crate::letters::folder_page::FolderPage;
use crate::links;
use crate::page::Page;
use sealpost_mailbox::is_id;

/// The page from which a draft was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReturnTo {
    /// A letter that is replied to or forwarded.
    Letter(String),
    Folder(FolderPage),
    Drafts,
    /// The page is not known.
    Unknown,
}

impl ReturnTo {
    /// From a form, or from a draft; anything but a page of ours is unknown.
    pub(crate) fn parse(text: &str) -> Self {
        if is_id(text) {
            return Self::Letter(text.to_owned());
        }
        if text == "drafts" {
            return Self::Drafts;
        }
        FolderPage::named(text).map_or(Self::Unknown, Self::Folder)
    }

    pub(crate) fn word(&self) -> String {
        match self {
            Self::Letter(id) => id.clone(),
            Self::Folder(place) => place.name(),
            Self::Drafts => "drafts".to_owned(),
            Self::Unknown => String::new(),
        }
    }

    pub(crate) fn path(&self) -> String {
        match self {
            Self::Letter(id) => links::letter(id),
            Self::Folder(place) => place.path(),
            Self::Drafts => links::DRAFTS.to_owned(),
            Self::Unknown => FolderPage::Inbox.path(),
        }
    }

    /// Where to go after sending: the drafts no longer have this one, and the trash is no place to continue
    /// from.
    pub(crate) fn after_sending(&self) -> String {
        match self {
            Self::Letter(_) | Self::Folder(FolderPage::Inbox | FolderPage::Sent | FolderPage::Own(_)) => {
                self.path()
            }
            Self::Folder(FolderPage::Trash) | Self::Drafts | Self::Unknown => FolderPage::Sent.path(),
        }
    }

    /// The label of the link back.
    pub(crate) fn label(&self, page: &Page) -> String {
        match self {
            Self::Letter(_) => page.t("back-to-message"),
            Self::Folder(place) => place.title(page),
            Self::Drafts => page.t("drafts-title"),
            Self::Unknown => FolderPage::Inbox.title(page),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_one_of_ours_and_comes_back_as_it_was() {
        let id = "0123456789abcdef0123456789abcdef";
        for text in [id, "inbox", "sent", "trash", "drafts", "", &format!("folder-{id}")] {
            assert_eq!(ReturnTo::parse(text).word(), text);
        }
        for foreign in ["https://evil.example/", "/account", "../x", "draft"] {
            assert_eq!(ReturnTo::parse(foreign), ReturnTo::Unknown, "{foreign}");
        }
        assert_eq!(ReturnTo::parse(id).after_sending(), format!("/m/{id}"));
        assert_eq!(ReturnTo::Drafts.after_sending(), "/sent");
        assert_eq!(ReturnTo::Folder(FolderPage::Inbox).after_sending(), "/inbox");
    }
}
