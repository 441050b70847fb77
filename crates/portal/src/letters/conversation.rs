//! Which letters belong to one conversation, in a list and beside a letter. Their Message-IDs are sealed in the
//! listings and are read there; afterwards hashes of them suffice.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use sealpost_mail::{Summary, Timestamp};
use sealpost_store::{Folder, Whereabouts};
use tokio::time::Instant;

use crate::access::session::SignedIn;
use crate::letters::folder_page::FolderPage;
use crate::letters::selection::MAX_ALL;
use crate::mailbox::{Line, READ_AT_ONCE};
use crate::problem::Problem;
use crate::state::Site;
use crate::state::conversation_cache::{Conversations, Names};

/// Memory for [`READ_AT_ONCE`] rows.
const ROOM: u64 = 1024 * 1024;
/// This many rows are opened without reserving memory.
const FEW: usize = 20;
/// Time for a first look at letters; those left over are shown alone until the next page.
const TIME: Duration = Duration::from_millis(500);
/// Maximum Message-IDs per letter: its own, those it replies to, and of a long list the newest.
const MAX_NAMES: usize = 64;
/// How far a letter may be dated before one already seen, in milliseconds: machines' clocks differ.
const SKEW: i64 = 60 * 60 * 1000;
/// Maximum letters shown beside one; if there are more, the page says so.
const MAX_BESIDE: usize = 100;

/// A conversation, as a row of a list.
pub(crate) struct Talk {
    /// Its letters in this folder, newest first.
    pub(crate) ids: Vec<String>,
    /// Where reading continues: the oldest unread one, or the newest.
    pub(crate) next: String,
    pub(crate) unread: u64,
    /// Number of its letters in all folders but the trash.
    pub(crate) letters: u64,
}

/// The conversation of a letter, oldest first, including itself.
#[derive(Default)]
pub(crate) struct ConversationLetters {
    pub(crate) lines: Vec<Line>,
    /// Number of older ones left out.
    pub(crate) more: u64,
}

/// The folders of a mailbox's letters, and which letters belong together.
pub(crate) struct Talks {
    all: Vec<Whereabouts>,
    conversations: Arc<Conversations>,
}

impl Talks {
    /// The conversations with letters in a folder, newest first.
    pub(crate) fn in_place(&self, place: FolderPage) -> Vec<Talk> {
        let mut everywhere: HashMap<usize, u64> = HashMap::new();
        let groups: Vec<Option<usize>> =
            self.all.iter().map(|one| self.conversations.group(&one.id)).collect();
        for (one, group) in self.all.iter().zip(&groups) {
            if let Some(group) = group
                && one.folder != Folder::Trash
            {
                *everywhere.entry(*group).or_default() += 1;
            }
        }
        let mut talks: Vec<Talk> = Vec::new();
        let mut at: HashMap<usize, usize> = HashMap::new();
        for (one, group) in self.all.iter().zip(groups) {
            if FolderPage::where_lies(one.folder, one.own_folder.as_deref()) != place {
                continue;
            }
            let known = group.and_then(|group| at.get(&group)).and_then(|at| talks.get_mut(*at));
            if let Some(talk) = known {
                talk.ids.push(one.id.clone());
                talk.unread += u64::from(one.is_unread);
                // Older than those before it.
                if one.is_unread {
                    talk.next.clone_from(&one.id);
                }
                continue;
            }
            if let Some(group) = group {
                at.insert(group, talks.len());
            }
            talks.push(Talk {
                ids: vec![one.id.clone()],
                next: one.id.clone(),
                unread: u64::from(one.is_unread),
                letters: group.and_then(|group| everywhere.get(&group)).copied().unwrap_or(1).max(1),
            });
        }
        talks
    }

    /// All letters in that folder, arrived by then, of the conversations that these letters belong to.
    pub(crate) fn whole(&self, ids: &[String], place: FolderPage, seen: Timestamp) -> Vec<String> {
        let groups: HashSet<usize> = ids.iter().filter_map(|id| self.conversations.group(id)).collect();
        let meant = |one: &&Whereabouts| {
            let is_of_one = self.conversations.group(&one.id).is_some_and(|group| groups.contains(&group));
            FolderPage::where_lies(one.folder, one.own_folder.as_deref()) == place
                && (ids.contains(&one.id) || (is_of_one && one.received_at <= seen))
        };
        self.all.iter().filter(meant).map(|one| one.id.clone()).collect()
    }
}

impl SignedIn {
    /// The folders of all letters, and which belong together.
    pub(crate) async fn talks(&self, site: &web::Data<Site>) -> Result<Talks, Problem> {
        let all = site.store.whereabouts(self.mailbox_id(), MAX_ALL).await;
        let all = all.map_err(|error| Problem::fault("reading where letters lie", error))?;
        let newest = all.first().map(|one| one.received_at);
        let conversations =
            self.looked_at(site, all.iter().map(|one| one.id.as_str()), newest, LookupScope::All).await?;
        Ok(Talks { all, conversations })
    }

    /// The letters of the conversation that a letter belongs to, in all folders but the trash.
    pub(crate) async fn beside(
        &self,
        site: &web::Data<Site>,
        id: &str,
    ) -> Result<ConversationLetters, Problem> {
        let lost = |error| Problem::fault("reading a conversation", error);
        let known = site.conversations.known(self.mailbox_id(), site.now());
        let since = known.newest().map_or(Timestamp(i64::MIN), |newest| Timestamp(newest.0 - SKEW));
        let new = site.store.deposits_since(self.mailbox_id(), since, MAX_ALL).await.map_err(lost)?;
        let newest = new.iter().map(|(_, at)| *at).max().max(known.newest());
        let conversations =
            self.looked_at(site, new.iter().map(|(id, _)| id.as_str()), newest, LookupScope::Some).await?;
        let Some(group) = conversations.group(id) else { return Ok(ConversationLetters::default()) };
        let ids: Vec<String> = conversations.ids(group).map(str::to_owned).take(MAX_ALL as usize).collect();
        if ids.len() < 2 {
            return Ok(ConversationLetters::default());
        }
        // If there are very many, their rows are not read to find the newest.
        let (ids, left_out) = if ids.len() <= MAX_BESIDE {
            (ids, 0)
        } else {
            let all = site.store.whereabouts(self.mailbox_id(), MAX_ALL).await.map_err(lost)?;
            newest_of(&all, &conversations, group, id)
        };
        let mut rows = self.rows_of(site, &ids).await?;
        rows.retain(|row| row.folder != Folder::Trash || row.id == id);
        rows.sort_by(|a, b| a.received_at.cmp(&b.received_at).then(b.id.cmp(&a.id)));
        if rows.len() < 2 {
            return Ok(ConversationLetters::default());
        }
        let lines = self.reader().lines(site, rows).await?;
        Ok(ConversationLetters { lines, more: left_out })
    }

    /// What is known of these letters; new ones are opened, the newest first.
    async fn looked_at(
        &self,
        site: &web::Data<Site>,
        ids: impl Iterator<Item = &str>,
        newest: Option<Timestamp>,
        asked: LookupScope,
    ) -> Result<Arc<Conversations>, Problem> {
        let known = site.conversations.known(self.mailbox_id(), site.now());
        let ids: Vec<&str> = ids.collect();
        let new: Vec<String> =
            ids.iter().filter(|id| known.group(id).is_none()).map(|id| (*id).to_owned()).collect();
        if new.is_empty() {
            return Ok(known);
        }
        let until = Instant::now() + TIME;
        let (mut names, mut whole): (Vec<(String, Names)>, bool) = (Vec::with_capacity(new.len()), true);
        for part in new.chunks(READ_AT_ONCE) {
            if Instant::now() >= until {
                whole = false;
                break;
            }
            // The letter shown beside them may need all reserved memory: a few rows need none.
            let _room = match part.len() > FEW {
                true => Some(site.room_for(ROOM).await?),
                false => None,
            };
            for Line { row, summary } in self.lines_of(site, part).await? {
                names.push((row.id, names_of(site, summary.as_ref())));
            }
        }
        let there: Option<HashSet<&str>> = match asked {
            LookupScope::All => Some(ids.iter().copied().collect()),
            LookupScope::Some => None,
        };
        names.extend(
            known.names().filter(|(id, _)| there.as_ref().is_none_or(|there| there.contains(id.as_str()))),
        );
        let made = Arc::new(Conversations::of(names, newest.filter(|_| whole)));
        site.conversations.keep(self.mailbox_id(), &made, site.now());
        Ok(made)
    }
}

/// Which letters of a mailbox to look up.
#[derive(Clone, Copy)]
enum LookupScope {
    /// All existing ones: others are gone.
    All,
    Some,
}

/// The letters of a conversation to show beside one of them, and how many older ones are left out.
fn newest_of(
    all: &[Whereabouts],
    conversations: &Conversations,
    group: usize,
    id: &str,
) -> (Vec<String>, u64) {
    let is_one = |one: &&Whereabouts| {
        conversations.group(&one.id) == Some(group) && (one.folder != Folder::Trash || one.id == id)
    };
    let mut ids: Vec<String> = all.iter().filter(is_one).map(|one| one.id.clone()).collect();
    let left_out = ids.len().saturating_sub(MAX_BESIDE);
    ids.truncate(MAX_BESIDE);
    (ids, left_out as u64)
}

/// The Message-IDs that a letter refers to, as hashes.
fn names_of(site: &Site, summary: Option<&Summary>) -> Names {
    let Some(summary) = summary else { return Names::default() };
    let older = summary.references.iter().chain(&summary.in_reply_to).rev();
    let ids = summary.message_id.iter().chain(older).filter_map(|id| spelt(id)).take(MAX_NAMES);
    let hash = |id: String| {
        let tag = site.keys.tags.thread_tag(&id);
        tag.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
    };
    ids.map(hash).collect()
}

/// Normalises the spelling. What is not a Message-ID (RFC 5322 §3.6.4: both sides of an `@`) connects nothing: words
/// and counters that programs put there are the same in unrelated letters.
fn spelt(id: &str) -> Option<String> {
    let id: String = id.chars().filter(|c| !c.is_whitespace() && !matches!(c, '<' | '>' | '"')).collect();
    let (left, right) = id.rsplit_once('@')?;
    (!left.is_empty() && !right.is_empty()).then(|| id.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_message_ids_join_letters() {
        assert_eq!(spelt("<AbC@X.example>").as_deref(), Some("abc@x.example"));
        assert_eq!(spelt("\"a b\"@x.example").as_deref(), Some("ab@x.example"));
        for none in ["", "1", "message", "@x.example", "a@", "<>"] {
            assert_eq!(spelt(none), None, "{none}");
        }
    }

    fn letter(id: &str, folder: Folder, at: i64, is_unread: bool) -> Whereabouts {
        Whereabouts { id: id.into(), folder, own_folder: None, received_at: Timestamp(at), is_unread }
    }

    #[test]
    fn a_line_counts_what_lies_elsewhere_and_goes_on_where_reading_stopped() {
        let names = [("a", 1), ("b", 1), ("c", 1), ("d", 1), ("sent", 1), ("alone", 2)];
        let names = names.map(|(id, name)| (id.to_owned(), Box::from([name].as_slice())));
        let talks = Talks {
            all: vec![
                letter("new", Folder::Inbox, 7, true),
                letter("d", Folder::Inbox, 6, true),
                letter("sent", Folder::Sent, 5, false),
                letter("c", Folder::Inbox, 4, true),
                letter("alone", Folder::Inbox, 3, false),
                letter("b", Folder::Inbox, 2, false),
                letter("a", Folder::Trash, 1, false),
            ],
            conversations: Arc::new(Conversations::of(names, None)),
        };
        let lines = talks.in_place(FolderPage::Inbox);
        let line = |at: usize| {
            let talk = &lines[at];
            (talk.ids.join(" "), talk.next.as_str(), talk.unread, talk.letters)
        };
        assert_eq!(lines.len(), 3);
        assert_eq!(line(0), ("new".to_owned(), "new", 1, 1), "not looked at yet");
        assert_eq!(line(1), ("d c b".to_owned(), "c", 2, 4));
        assert_eq!(line(2), ("alone".to_owned(), "alone", 0, 1));
        let whole =
            |id: &str, seen| talks.whole(&[id.to_owned()], FolderPage::Inbox, Timestamp(seen)).join(" ");
        assert_eq!(whole("d", 9), "d c b");
        assert_eq!(whole("c", 5), "c b", "what came later was not meant");
        assert_eq!(whole("new", 9), "new");
        assert_eq!(whole("sent", 9), "d c b", "of the place alone");
    }

    #[test]
    fn of_a_very_long_conversation_few_rows_are_read() {
        let names = |n: i64| (n.to_string(), Box::from([7, 8 + u64::from(n % 2 == 0)].as_slice()));
        let conversations = Conversations::of((0..5000).map(names), None);
        let folder = |n: i64| if n % 10 == 0 { Folder::Trash } else { Folder::Inbox };
        let all: Vec<Whereabouts> =
            (0..5000).rev().map(|n| letter(&n.to_string(), folder(n), n, false)).collect();
        let group = conversations.group("17").unwrap();
        let (ids, left_out) = newest_of(&all, &conversations, group, "4990");
        assert_eq!((ids.len(), left_out), (MAX_BESIDE, 4501 - MAX_BESIDE as u64));
        assert_eq!(ids[..10].join(" "), "4999 4998 4997 4996 4995 4994 4993 4992 4991 4990");
        assert!(!ids.contains(&"4980".to_owned()), "what lies in the trash is not beside it");
    }
}
