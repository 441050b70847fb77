//! Searches sealed letters. Each has its words beside it, sealed under its own key; a search opens those and no letter.
//! Missing, damaged or outdated words are extracted again, within limits that the page reports. Logs no word.

use std::collections::HashSet;
use std::time::Duration;

use actix_web::web;
use sealpost_mail::Timestamp;
use sealpost_mailbox::OpenedLine;
use sealpost_store::{After, Folder, Rewrapped, Searchable};
use tokio::time::Instant;

use crate::access::session::SignedIn;
use crate::letters::order::Order;
use crate::letters::search_index::{self, Match, SearchWords};
use crate::mailbox::list_lines::MAX_LOOKED_INTO;
use crate::mailbox::{Line, Reader};
use crate::problem::Problem;
use crate::state::Site;

/// Maximum results that are sorted; if there are more, the page says so.
const MAX_FOUND: usize = 2000;
/// Maximum letters whose words are opened.
const MAX_OPENED: u64 = 20_000;
/// Letters whose words are in memory at once.
const AT_ONCE: u32 = 100;
/// Memory for them: most letters have a few hundred words.
const ROOM: u64 = 4 * 1024 * 1024;
/// Time for extracting missing words while a user waits. The rest is done in the background.
const TIME: Duration = Duration::from_millis(600);
/// Maximum bytes of letters opened for that in one search.
const BYTES: u64 = 64 * 1024 * 1024;
/// A letter moved meanwhile is still found once.
const FOLDERS: [Folder; 3] = [Folder::Inbox, Folder::Sent, Folder::Trash];

/// A search query.
#[derive(Clone, Debug)]
pub(crate) struct Sought {
    pub(crate) words: SearchWords,
    pub(crate) unread: bool,
    pub(crate) with_files: bool,
    /// Start of the period.
    pub(crate) from: Option<Timestamp>,
    /// End of the period, exclusive.
    pub(crate) until: Option<Timestamp>,
    pub(crate) order: Order,
}

impl Sought {
    /// Whether the query is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
            && !self.unread
            && !self.with_files
            && self.from.is_none()
            && self.until.is_none()
    }

    /// Whether the row alone excludes the letter.
    fn passes_over(&self, one: &Searchable) -> bool {
        let row = &one.row;
        (self.unread && (!row.is_unread() || row.folder != Folder::Inbox))
            || self.from.is_some_and(|from| row.received_at < from)
            || self.until.is_some_and(|until| row.received_at >= until)
    }
}

/// The results of a search.
#[derive(Default)]
pub(crate) struct SearchResults {
    pub(crate) lines: Vec<Line>,
    /// Number of letters whose text was not searched completely, because of a limit; their sender and subject were.
    pub(crate) unread_texts: u64,
    /// Number of letters too old to be searched at all.
    pub(crate) left_out: u64,
    /// More were found than are shown.
    pub(crate) more: bool,
    /// Letters whose words still have to be extracted.
    wordless: Vec<String>,
}

/// The remaining budget for extracting missing words.
struct Budget {
    time: Duration,
    bytes: u64,
}

/// A page of a folder after searching its words.
#[derive(Default)]
struct Looked {
    found: Vec<Line>,
    /// Number of letters not found but not searched completely.
    in_part: u64,
    /// Letters whose words are not indexed yet.
    missing: Vec<Line>,
    new: Vec<Rewrapped>,
}

impl SignedIn {
    /// The letters of this mailbox that match, in all folders, in the requested order.
    pub(crate) async fn search(
        &self,
        site: &web::Data<Site>,
        sought: &Sought,
    ) -> Result<SearchResults, Problem> {
        let mut found = SearchResults::default();
        let mut budget = Budget { time: TIME, bytes: BYTES };
        let (mut looked_at, mut seen) = (0, HashSet::new());
        for folder in FOLDERS {
            let (mut after, mut in_folder): (Option<After>, u64) = (None, 0);
            loop {
                let room = site.room_for(ROOM).await?;
                let part = site.store.searchable(self.mailbox_id(), folder, after.as_ref(), AT_ONCE).await;
                let mut part = part.map_err(|error| Problem::fault("reading what is searched", error))?;
                let Some(last) = part.last() else { break };
                after = Some(After { received_at: last.row.received_at, id: last.row.id.clone() });
                part.retain(|one| seen.insert(one.row.id.clone()));
                looked_at += part.len() as u64;
                in_folder += part.len() as u64;
                if looked_at > MAX_OPENED {
                    in_folder -= part.len() as u64;
                    found.left_out += self.rest(site, folder, in_folder).await?;
                    break;
                }
                part.retain(|one| !sought.passes_over(one));
                let (reader, wanted, keys) = (self.reader(), sought.clone(), site.clone());
                let looked =
                    site.cleaning(self.mailbox_id(), move || look(&reader, &keys, &wanted, part)).await?;
                // Letters that must be opened reserve their own.
                drop(room);
                found.lines.extend(looked.found);
                found.unread_texts += looked.in_part;
                if !looked.new.is_empty() {
                    self.reader().note(site.clone(), looked.new);
                }
                self.look_inside(site, sought, looked.missing, &mut budget, &mut found).await?;
                if found.lines.len() > MAX_FOUND {
                    found.more = true;
                    found.lines.truncate(MAX_FOUND);
                    break;
                }
            }
        }
        let wordless = std::mem::take(&mut found.wordless);
        if !wordless.is_empty() {
            self.reader().make_words_beside(site.clone(), wordless);
        }
        found.lines.sort_by(|a, b| b.row.received_at.cmp(&a.row.received_at).then(a.row.id.cmp(&b.row.id)));
        sought.order.sort(&mut found.lines);
        Ok(found)
    }

    /// Number of letters of a folder that were not searched.
    async fn rest(&self, site: &Site, folder: Folder, seen: u64) -> Result<u64, Problem> {
        let counts = site.store.deposit_counts(self.mailbox_id(), folder).await;
        let counts = counts.map_err(|error| Problem::fault("counting letters", error))?;
        Ok(counts.total.saturating_sub(seen))
    }

    /// Extracts the words of letters that have none, and searches them.
    async fn look_inside(
        &self,
        site: &web::Data<Site>,
        sought: &Sought,
        missing: Vec<Line>,
        budget: &mut Budget,
        found: &mut SearchResults,
    ) -> Result<(), Problem> {
        let reader = self.reader();
        let mut made = Vec::new();
        for line in missing {
            let size = u64::try_from(line.row.size).unwrap_or(0);
            let is_small = size <= MAX_LOOKED_INTO;
            if budget.time.is_zero() || (is_small && size > budget.bytes) {
                if is_small {
                    found.wordless.push(line.row.id.clone());
                }
                // The fields known from the list are searched nevertheless.
                match sought.words.are_in(&search_index::make(line.summary.as_ref(), None)) {
                    Match::Yes => found.lines.push(line),
                    Match::No | Match::NotInPart | Match::Unreadable => found.unread_texts += 1,
                }
                continue;
            }
            budget.bytes -= if is_small { size } else { 0 };
            // Time spent on letters that already have words is not counted: so each search makes progress.
            let begun = Instant::now();
            let words = reader.words_of(site, &line.row.id).await?;
            budget.time = budget.time.saturating_sub(begun.elapsed());
            let Some((plain, sealed)) = words else { continue };
            made.push(sealed);
            match sought.words.are_in(&plain) {
                Match::Yes => found.lines.push(line),
                Match::No | Match::Unreadable => {}
                Match::NotInPart => found.unread_texts += 1,
            }
        }
        reader.keep_words(site, made).await;
        Ok(())
    }
}

/// The letters of a page that match by their words.
fn look(reader: &Reader, site: &Site, sought: &Sought, part: Vec<Searchable>) -> Looked {
    let mut looked = Looked::default();
    for Searchable { row, words } in part {
        let mut line = None;
        let verdict = if sought.words.is_empty() {
            Match::Yes
        } else {
            let plain = words.and_then(|sealed| reader.open_words(&row, &sealed));
            plain.map_or(Match::Unreadable, |plain| sought.words.are_in(&plain))
        };
        match verdict {
            Match::No => continue,
            Match::NotInPart => {
                looked.in_part += 1;
                continue;
            }
            Match::Yes | Match::Unreadable => {
                // The proof is verified here: rows written by others are neither shown nor searched.
                if let Some(OpenedLine { summary, key }) = reader.opened(site, &row) {
                    looked.new.extend(reader.rewrapped(site, &row, &key));
                    line = Some(Line { row, summary });
                }
            }
        }
        let Some(line) = line else { continue };
        if sought.with_files && !search_index::has_files(line.summary.as_ref()) {
            continue;
        }
        match verdict {
            Match::Yes => looked.found.push(line),
            Match::Unreadable => looked.missing.push(line),
            Match::No | Match::NotInPart => {}
        }
    }
    looked
}
