//! Owners' folders with their names. A name is sealed like a letter's listing: under its own key, which only
//! the owner can wrap, so that no one else can read or create one. Knows no page.

use sealpost_mail::folded;
use sealpost_store::OwnFolderRow;
use sealpost_vault::{KeySeal, MessageKey, Part};

use crate::access::session::SignedIn;
use crate::mailbox::own_folder::{FolderId, OwnFolder, clean, is_taken};
use crate::problem::Problem;
use crate::state::Site;

/// Maximum folders per mailbox.
pub(crate) const MAX_FOLDERS: u32 = 100;

/// Result of naming a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Done(FolderId),
    Nameless,
    Taken,
    TooMany,
    /// The folder does not exist any more.
    NoSuchFolder,
}

impl SignedIn {
    /// The folders of this mailbox, sorted by name.
    pub(crate) async fn own_folders(&self, site: &Site) -> Result<Vec<OwnFolder>, Problem> {
        let rows = site.store.own_folders(self.mailbox_id()).await;
        Ok(self.opened_folders(rows.map_err(|error| Problem::fault("reading folders", error))?))
    }

    /// Opens rows. One that cannot be opened is not the owner's: letters in it are found by searching.
    pub(crate) fn opened_folders(&self, rows: Vec<OwnFolderRow>) -> Vec<OwnFolder> {
        let mut folders: Vec<OwnFolder> = rows.iter().filter_map(|row| self.opened_folder(row)).collect();
        folders.sort_by_cached_key(|folder| folded(&folder.name));
        folders
    }

    fn opened_folder(&self, row: &OwnFolderRow) -> Option<OwnFolder> {
        let name =
            self.folder_key(row).and_then(|key| key.open_part(Part::Folder(&row.id), &row.name_sealed).ok());
        let name = name.and_then(|name| String::from_utf8(name).ok());
        if name.is_none() {
            tracing::error!(row.kind = "folder", mailbox.id = %self.mailbox_id(), "a row failed verification");
        }
        Some(OwnFolder { id: FolderId::parse(&row.id)?, name: name? })
    }

    /// Only a symmetrically wrapped key counts: anybody can seal to the public key.
    fn folder_key(&self, row: &OwnFolderRow) -> Option<MessageKey> {
        match KeySeal::of(&row.key_sealed) {
            KeySeal::Wrapped => self.secret().open_key(self.mailbox_id(), &row.id, &row.key_sealed).ok(),
            KeySeal::Exchanged => None,
        }
    }

    /// Creates a folder. `reserved`: names of built-in folders.
    pub(crate) async fn make_folder(
        &self,
        site: &Site,
        text: &str,
        reserved: &[String],
    ) -> Result<Named, Problem> {
        let Some(name) = clean(text) else { return Ok(Named::Nameless) };
        if is_taken(&name, None, &self.own_folders(site).await?, reserved) {
            return Ok(Named::Taken);
        }
        let id = site.random.id();
        let key = MessageKey::generate(site.random.as_ref());
        let row = OwnFolderRow {
            key_sealed: self.secret().wrap_key(self.mailbox_id(), &id, &key, site.random.as_ref()),
            name_sealed: key.seal_part(Part::Folder(&id), name.as_bytes(), site.random.as_ref()),
            id,
        };
        let Some(id) = FolderId::parse(&row.id) else { return Ok(Named::NoSuchFolder) };
        let public = self.secret().public().to_bytes();
        let made = site.store.make_folder(self.mailbox_id(), row, public, MAX_FOLDERS).await;
        let made = made.map_err(|error| Problem::fault("making a folder", error))?;
        Ok(if made { Named::Done(id) } else { Named::TooMany })
    }

    /// Renames a folder.
    pub(crate) async fn rename_folder(
        &self,
        site: &Site,
        id: FolderId,
        text: &str,
        reserved: &[String],
    ) -> Result<Named, Problem> {
        let Some(name) = clean(text) else { return Ok(Named::Nameless) };
        let rows = site.store.own_folders(self.mailbox_id()).await;
        let rows = rows.map_err(|error| Problem::fault("reading folders", error))?;
        let row = rows.iter().find(|row| row.id == id.as_str());
        let Some(key) = row.and_then(|row| self.folder_key(row)) else { return Ok(Named::NoSuchFolder) };
        if is_taken(&name, Some(id), &self.opened_folders(rows), reserved) {
            return Ok(Named::Taken);
        }
        let sealed = key.seal_part(Part::Folder(id.as_str()), name.as_bytes(), site.random.as_ref());
        let renamed = site.store.rename_folder(self.mailbox_id(), id.as_str(), sealed).await;
        let renamed = renamed.map_err(|error| Problem::fault("renaming a folder", error))?;
        Ok(if renamed { Named::Done(id) } else { Named::NoSuchFolder })
    }
}
