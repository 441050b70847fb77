//! Opens rows of lists, and stores what is learned the first time a letter is seen, in the background: its key, wrapped
//! so that the next list needs no key exchange for it, and its words for searching. A failure to store it never
//! prevents reading.

use actix_web::web;
use sealpost_mail::Summary;
use sealpost_mailbox::{OpenedLine, opened, rewrapped};
use sealpost_store::{DepositRow, Rewrapped, SealedWords};
use sealpost_vault::{KeySeal, MessageKey, Part};

use crate::letters::search_index;
use crate::mailbox::deposit::Deposit;
use crate::mailbox::reader::Reader;
use crate::problem::Problem;
use crate::state::{Site, off_the_loop};

/// An opened row of a list.
pub(crate) struct Line {
    pub(crate) row: DepositRow,
    /// `None` if it cannot be opened: the row is still shown and can be tried.
    pub(crate) summary: Option<Summary>,
}

/// Opening this many rows with wrapped keys takes less time than starting another thread.
const AT_ONCE: usize = 64;
/// Keys per batch.
const NOTED_AT_ONCE: usize = 100;

/// The text of a longer letter is not read.
pub(crate) const MAX_LOOKED_INTO: u64 = 16 * 1024 * 1024;

impl Reader {
    /// Opens the rows of a list. One that cannot be opened is included nevertheless.
    pub(crate) async fn lines(
        self,
        site: &web::Data<Site>,
        rows: Vec<DepositRow>,
    ) -> Result<Vec<Line>, Problem> {
        let quick = |row: &DepositRow| match KeySeal::of(&row.key_sealed) {
            KeySeal::Wrapped => true,
            // A hybrid key exchange: off the event loop.
            KeySeal::Exchanged => false,
        };
        let reader = self.clone();
        let (lines, new) = if rows.len() <= AT_ONCE && rows.iter().all(quick) {
            reader.open(site, rows)
        } else {
            let site = site.clone();
            off_the_loop((), move || reader.open(&site, rows)).await?
        };
        if !new.is_empty() {
            self.note(site.clone(), new);
        }
        Ok(lines)
    }

    fn open(&self, site: &Site, rows: Vec<DepositRow>) -> (Vec<Line>, Vec<Rewrapped>) {
        let mut new = Vec::new();
        let lines = rows
            .into_iter()
            .map(|row| {
                let summary = self.opened(site, &row).and_then(|OpenedLine { summary, key }| {
                    new.extend(self.rewrapped(site, &row, &key));
                    summary
                });
                Line { row, summary }
            })
            .collect();
        (lines, new)
    }

    /// An opened row with the letter's key.
    pub(crate) fn opened(&self, site: &Site, row: &DepositRow) -> Option<OpenedLine> {
        opened(&site.keys.deposits, &self.mailbox_id, &self.secret, row)
    }

    /// Its key wrapped for the next time, if that helps.
    pub(crate) fn rewrapped(&self, site: &Site, row: &DepositRow, key: &MessageKey) -> Option<Rewrapped> {
        rewrapped(&self.secret, row, key, site.random.as_ref())
    }

    /// The words of a letter, if they belong to it.
    pub(crate) fn open_words(&self, row: &DepositRow, sealed: &[u8]) -> Option<Vec<u8>> {
        self.key_of(row).ok()?.open_part(Part::Words(&row.id), sealed).ok()
    }

    /// Stores what was learned. The page does not wait for it.
    pub(crate) fn note(self, site: web::Data<Site>, mut new: Vec<Rewrapped>) {
        actix_web::rt::spawn(async move {
            let ids: Vec<String> = new.iter().map(|one| one.id.clone()).collect();
            while !new.is_empty() {
                let rest = new.split_off(new.len().min(NOTED_AT_ONCE));
                let now = std::mem::replace(&mut new, rest);
                if let Err(error) = site.store.rewrap(&self.mailbox_id, now).await {
                    tracing::debug!(mailbox.id = %self.mailbox_id, %error, "keys were not wrapped; the next list tries again");
                    return;
                }
            }
            self.make_words(&site, &ids).await;
        });
    }

    /// Extracts words that a search had no time for. The page does not wait for it.
    pub(crate) fn make_words_beside(self, site: web::Data<Site>, ids: Vec<String>) {
        // One such round at a time: two would extract the same words.
        let Ok(turn) = site.wording.slots(&self.mailbox_id).try_acquire_owned() else { return };
        actix_web::rt::spawn(async move {
            let _turn = turn;
            for part in ids.chunks(NOTED_AT_ONCE) {
                self.make_words(&site, part).await;
            }
        });
    }

    /// One letter after the other, stopping at the first obstacle: a search extracts what is missing.
    async fn make_words(&self, site: &Site, ids: &[String]) {
        let Ok(ids) = site.store.without_words(&self.mailbox_id, ids).await else { return };
        for id in ids {
            match self.words_of(site, &id).await {
                Ok(Some((_plain, sealed))) => self.keep_words(site, vec![sealed]).await,
                Ok(None) => {}
                Err(_busy) => return,
            }
        }
    }

    /// Extracts the words of a letter, plain and sealed. `None` if it is gone or cannot be opened.
    pub(crate) async fn words_of(
        &self,
        site: &Site,
        id: &str,
    ) -> Result<Option<(Vec<u8>, SealedWords)>, Problem> {
        let found = match self.deposit(site, id).await {
            Ok(deposit) => {
                let key = deposit.key.clone();
                words_in(site, deposit).await.map(|plain| (plain, key))
            }
            Err(problem) => Err(problem),
        };
        match found {
            Ok((plain, key)) => {
                let sealed = key.seal_part(Part::Words(id), &plain, site.random.as_ref());
                Ok(Some((plain, SealedWords { id: id.to_owned(), sealed })))
            }
            Err(Problem::NotFound | Problem::Damaged(_) | Problem::Fault(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// What cannot be stored is extracted again by the next search.
    pub(crate) async fn keep_words(&self, site: &Site, made: Vec<SealedWords>) {
        if made.is_empty() {
            return;
        }
        if let Err(error) = site.store.keep_words(&self.mailbox_id, made).await {
            tracing::debug!(mailbox.id = %self.mailbox_id, %error, "the search index could not be saved");
        }
    }
}

async fn words_in(site: &Site, deposit: Deposit) -> Result<Vec<u8>, Problem> {
    let (summary, owner) = (deposit.summary.clone(), deposit.row.mailbox_id.clone());
    if deposit.size()? > MAX_LOOKED_INTO {
        return Ok(search_index::make(summary.as_ref(), None));
    }
    let letter = deposit.open(site).await?;
    site.cleaning(&owner, move || search_index::make(summary.as_ref(), Some(&letter.bytes))).await
}
