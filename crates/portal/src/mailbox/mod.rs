//! Reading a mailbox: everything starts from a `SignedIn`. Memory for a letter is reserved beforehand.

mod deposit;
pub(crate) mod list_lines;
pub(crate) mod own_folder;
pub(crate) mod own_folders;
pub(crate) mod profile;
mod reader;

use actix_web::web;
use sealpost_mail::Summary;
use sealpost_mailbox::audit::Event;
use sealpost_mailbox::listing;
use sealpost_store::{DepositCounts, DepositRow, FolderPage, FolderRef, NewOpening, Opening, Page};
use sealpost_vault::MailboxSecret;

use crate::access::session::SignedIn;
use crate::mailbox::own_folder::OwnFolder;
use crate::problem::Problem;
use crate::state::Site;

pub(crate) use crate::mailbox::deposit::{Deposit, HeldPieces, OpenLetter, held, held_pieces};
pub(crate) use crate::mailbox::list_lines::Line;
pub(crate) use crate::mailbox::reader::Reader;

/// An opened page of a list, with counts and folders.
pub(crate) struct Listed {
    pub(crate) lines: Vec<Line>,
    pub(crate) counts: DepositCounts,
    pub(crate) folders: Vec<OwnFolder>,
}

/// Rows read by their ids at once.
pub(crate) const READ_AT_ONCE: usize = 200;

impl SignedIn {
    /// A page of a folder, newest first, how full it is, and the owner's folders.
    pub(crate) async fn listed(
        &self,
        site: &web::Data<Site>,
        place: FolderRef<'_>,
        page: Page,
    ) -> Result<Listed, Problem> {
        let found = site.store.place_page(self.mailbox_id(), place, page).await;
        let FolderPage { rows, counts, folders } =
            found.map_err(|error| Problem::fault("reading a folder", error))?;
        let lines = self.reader().lines(site, rows).await?;
        Ok(Listed { lines, counts, folders: self.opened_folders(folders) })
    }

    /// Some letters, opened, in this order. Deleted ones are skipped.
    pub(crate) async fn lines_of(
        &self,
        site: &web::Data<Site>,
        ids: &[String],
    ) -> Result<Vec<Line>, Problem> {
        let mut lines = Vec::with_capacity(ids.len());
        for part in ids.chunks(READ_AT_ONCE) {
            lines.extend(self.reader().lines(site, self.rows_of(site, part).await?).await?);
        }
        Ok(lines)
    }

    /// The rows of these letters, not opened.
    pub(crate) async fn rows_of(&self, site: &Site, ids: &[String]) -> Result<Vec<DepositRow>, Problem> {
        let mut rows = Vec::with_capacity(ids.len());
        for part in ids.chunks(READ_AT_ONCE) {
            let found = site.store.deposits_by_id(self.mailbox_id(), part).await;
            rows.extend(found.map_err(|error| Problem::fault("reading letters", error))?);
        }
        Ok(rows)
    }

    /// Opens the letters of this mailbox, for work in the background.
    pub(crate) fn reader(&self) -> Reader {
        Reader::of(self)
    }

    /// One letter of this mailbox. Another mailbox's letter, and one that does not exist, look the same.
    pub(crate) async fn deposit(&self, site: &Site, id: &str) -> Result<Deposit, Problem> {
        self.reader().deposit(site, id).await
    }

    /// A letter read before may have been recalled or deleted since. Opens nothing.
    pub(crate) async fn still_has(&self, site: &Site, id: &str) -> Result<(), Problem> {
        match self.rows_of(site, &[id.to_owned()]).await?.is_empty() {
            true => Err(Problem::NotFound),
            false => Ok(()),
        }
    }

    /// [`Self::deposit`], for its owner to read: from now on it counts as opened, whatever is viewed of it.
    pub(crate) async fn opened(&self, site: &Site, id: &str) -> Result<Deposit, Problem> {
        let deposit = self.deposit(site, id).await?;
        // One that its owner marked as read in the list has not been opened before.
        if deposit.row.is_unread() || deposit.row.read_at.is_none() {
            self.note_opening(site, &deposit, Opening::Seen).await;
        }
        Ok(deposit)
    }

    /// A letter is downloaded as a file: for its sender it counts as opened, in its owner's list it is unchanged.
    pub(crate) async fn mark_taken(&self, site: &Site, deposit: &Deposit) {
        if deposit.row.read_at.is_none() {
            self.note_opening(site, deposit, Opening::Taken).await;
        }
    }

    /// Records that a letter has been opened. If that fails, it is shown nevertheless.
    async fn note_opening(&self, site: &Site, deposit: &Deposit, how: Opening) {
        let (mailbox, letter) = (self.mailbox_id(), deposit.row.id.as_str());
        let event = Event::LetterOpened { letter, mailbox };
        if deposit.row.read_at.is_none() {
            let opening = NewOpening { mailbox_id: mailbox.to_owned(), deposit_id: letter.to_owned(), how };
            match site.outbox.opened(opening, self.noted(site, &event)).await {
                Ok(true) => return,
                Ok(false) => {}
                // The next opening is no longer the first: better no receipt than a letter that cannot be read.
                Err(error) => {
                    tracing::error!(deposit.id = %letter, %error, "a letter's sender was not told that it was opened");
                }
            }
        }
        let noting = self.noting(site, &event);
        let noted = match how {
            Opening::Seen => noting.mark_read(mailbox, letter, site.now()).await,
            Opening::Taken => noting.mark_taken(mailbox, letter, site.now()).await,
        };
        if let Err(error) = noted {
            tracing::warn!(deposit.id = %letter, %error, "a letter could not be marked as opened");
        }
    }
}

/// The listing of a letter in a mailbox that is just being activated: its owner has the link, and no session yet.
pub(crate) fn waiting(
    site: &Site,
    mailbox_id: &str,
    secret: &MailboxSecret,
    row: &DepositRow,
) -> Option<Summary> {
    listing(&site.keys.deposits, mailbox_id, secret, row)
}
