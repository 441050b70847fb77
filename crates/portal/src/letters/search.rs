//! Searching and sorting letters that lie sealed: everything is opened in memory, within limits that the page
//! admits to. Keeps no index, writes nothing down, logs no word.

use std::cmp::Ordering;
use std::time::Duration;

use sealpost_mail::{Inside, Summary};
use sealpost_store::{Folder, Page};
use tokio::time::Instant;

use crate::access::session::SignedIn;
use crate::mailbox::Line;
use crate::page::display_name;
use crate::problem::Problem;
use crate::state::Site;

/// Lines that are sorted or searched at once; older ones are left out, and the page says so.
pub(crate) const MAX_LINES: u32 = 2000;
/// Found letters that are shown.
pub(crate) const MAX_FOUND: usize = 100;
/// Time for opening letters to look into their text.
const TIME: Duration = Duration::from_secs(4);
/// Bytes of letters opened in one search.
const BYTES: u64 = 64 * 1024 * 1024;
/// The text of a longer letter is not searched.
const MAX: u64 = 16 * 1024 * 1024;

const MAX_WORDS: usize = 8;
const MAX_WORD: usize = 64;

/// In which order a folder is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    #[default]
    Newest,
    Oldest,
    Person,
    Subject,
    Largest,
}

impl Order {
    pub(crate) const ALL: [Self; 5] =
        [Self::Newest, Self::Oldest, Self::Person, Self::Subject, Self::Largest];

    /// As it stands in an address.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Person => "person",
            Self::Subject => "subject",
            Self::Largest => "largest",
        }
    }

    pub(crate) fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|order| order.name() == name).unwrap_or_default()
    }

    /// Sorts lines that stand newest first; equal ones stay so.
    pub(crate) fn sort(self, folder: Folder, lines: &mut [Line]) {
        match self {
            Self::Newest => {}
            Self::Oldest => lines.reverse(),
            Self::Person => lines.sort_by_cached_key(|line| person(folder, line)),
            Self::Subject => lines.sort_by_cached_key(|line| {
                folded(line.summary.as_ref().and_then(|s| s.subject.as_deref()).unwrap_or_default())
            }),
            Self::Largest => lines.sort_by(|a, b| b.row.size.cmp(&a.row.size).then(Ordering::Equal)),
        }
    }
}

fn person(folder: Folder, line: &Line) -> String {
    let people = line.summary.as_ref().map(|s| match folder {
        Folder::Sent => &s.to,
        Folder::Inbox | Folder::Draft | Folder::Trash => &s.from,
    });
    folded(people.and_then(|all| all.first()).and_then(display_name).unwrap_or_default())
}

/// What a reader looks for: every word must be somewhere in the letter.
pub(crate) struct Words(Vec<String>);

impl Words {
    /// `None` if there is nothing to look for.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let words: Vec<String> = text
            .split_whitespace()
            .take(MAX_WORDS)
            .map(|word| folded(&word.chars().take(MAX_WORD).collect::<String>()))
            .collect();
        (!words.is_empty()).then_some(Self(words))
    }

    /// The words that are not in what the list knows of a letter.
    fn missing_in(&self, summary: Option<&Summary>) -> Vec<&str> {
        let mut heap = String::new();
        if let Some(summary) = summary {
            for one in summary.from.iter().chain(&summary.to).chain(&summary.cc) {
                heap.extend([one.name.as_deref(), one.address.as_deref()].into_iter().flatten());
                heap.push('\n');
            }
            heap.push_str(summary.subject.as_deref().unwrap_or_default());
            for file in &summary.attachments {
                heap.push('\n');
                heap.push_str(&file.name);
            }
        }
        let heap = folded(&heap);
        self.0.iter().map(String::as_str).filter(|word| !heap.contains(word)).collect()
    }
}

/// What a search came to.
pub(crate) struct Found {
    pub(crate) lines: Vec<Line>,
    /// Letters whose text was not looked at, because of a limit; their sender and subject were.
    pub(crate) unread_texts: u64,
    /// Letters too old to be looked at at all.
    pub(crate) left_out: u64,
    /// More were found than are shown.
    pub(crate) more: bool,
}

impl SignedIn {
    /// The letters of a folder that hold all the words, newest first.
    pub(crate) async fn search(&self, site: &Site, folder: Folder, words: &Words) -> Result<Found, Problem> {
        let all = Page { offset: 0, limit: MAX_LINES };
        let (lines, counts) = self.folder(site, folder, all).await?;
        let left_out = counts.total.saturating_sub(lines.len() as u64);
        let mut found = Found { lines: Vec::new(), unread_texts: 0, left_out, more: false };
        let (until, mut room) = (Instant::now() + TIME, BYTES);
        for line in lines {
            let missing = words.missing_in(line.summary.as_ref());
            let hit = if missing.is_empty() {
                true
            } else {
                let size = u64::try_from(line.row.size).unwrap_or(0);
                if size > MAX || size > room || Instant::now() >= until {
                    found.unread_texts += 1;
                    continue;
                }
                room -= size;
                let missing = missing.into_iter().map(str::to_owned).collect();
                self.has_words(site, &line.row.id, missing).await?
            };
            if hit && found.lines.len() == MAX_FOUND {
                found.more = true;
                break;
            }
            if hit {
                found.lines.push(line);
            }
        }
        Ok(found)
    }

    /// Whether a letter's text holds all the words. One that is gone or cannot be opened does not.
    async fn has_words(&self, site: &Site, id: &str, words: Vec<String>) -> Result<bool, Problem> {
        let deposit = match self.deposit(site, id).await {
            Ok(deposit) => deposit,
            Err(Problem::NotFound | Problem::Fault(_)) => return Ok(false),
            Err(other) => return Err(other),
        };
        let letter = match deposit.open(site).await {
            Ok(letter) => letter,
            Err(Problem::Fault(_)) => return Ok(false),
            Err(other) => return Err(other),
        };
        site.cleaning(self.mailbox_id(), move || {
            let text = folded(&Inside::of(&letter.bytes).texts.join("\n"));
            words.iter().all(|word| text.contains(word))
        })
        .await
    }
}

/// Upper and lower case are one.
fn folded(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealpost_mail::{Attachment, Mailbox};

    #[test]
    fn every_word_must_be_there_and_case_does_not_matter() {
        let summary = Summary {
            from: vec![Mailbox {
                name: Some("Sabine KRÜGER".into()),
                address: Some("sk@insurer.example".into()),
            }],
            to: Vec::new(),
            cc: Vec::new(),
            reply_to: Vec::new(),
            subject: Some("Ihr Vertrag 4711".into()),
            date: None,
            message_id: None,
            in_reply_to: Vec::new(),
            references: Vec::new(),
            attachments: vec![Attachment {
                index: 0,
                name: "Police.pdf".into(),
                content_type: "application/pdf".into(),
                size: 1,
                inline_cid: None,
                content_id: None,
                within: false,
            }],
            size: 1,
        };
        let missing = |text: &str| {
            let words = Words::parse(text).unwrap();
            words.missing_in(Some(&summary)).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(missing("krüger VERTRAG police").is_empty());
        assert_eq!(missing("krüger Unfall"), ["unfall"]);
        assert!(Words::parse(" \t ").is_none());
        assert_eq!(Words::parse(&"a ".repeat(100)).unwrap().0.len(), MAX_WORDS);
        assert!(Words::parse("x").unwrap().missing_in(None) == ["x"]);
    }

    #[test]
    fn orders_are_named_and_anything_else_is_newest() {
        for order in Order::ALL {
            assert_eq!(Order::parse(order.name()), order);
        }
        assert_eq!(Order::parse("x"), Order::Newest);
    }
}
