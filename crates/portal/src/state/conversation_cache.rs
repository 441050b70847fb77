//! Which letters of a mailbox belong to one conversation, cached while their owner reads: hashes of Message-IDs under a
//! key of the server's, never the Message-IDs. Never on disk; what is not cached is computed again from the sealed
//! letters.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealpost_mail::Timestamp;

/// Maximum letters of all mailboxes together; each takes a few hundred bytes.
const MAX: usize = 100_000;
/// Idle time after which an entry expires, in milliseconds.
const IDLE: i64 = 30 * 60 * 1000;

/// The Message-IDs that a letter refers to, its own first, as hashes.
pub(crate) type Names = Box<[u64]>;

/// Letters of one mailbox and the conversation each belongs to.
#[derive(Default)]
pub(crate) struct Conversations {
    letters: HashMap<String, (Names, usize)>,
    newest: Option<Timestamp>,
}

impl Conversations {
    /// Letters that have a Message-ID in common belong together: a reply names the letter it replies to, and what that
    /// one replied to (RFC 5322 §3.6.4), whether or not that is here. Never by their subjects.
    pub(crate) fn of(letters: impl IntoIterator<Item = (String, Names)>, newest: Option<Timestamp>) -> Self {
        let letters: Vec<(String, Names)> = letters.into_iter().collect();
        let mut parents: Vec<usize> = (0..letters.len()).collect();
        let mut first: HashMap<u64, usize> = HashMap::new();
        for (at, (_, names)) in letters.iter().enumerate() {
            for name in names {
                let other = *first.entry(*name).or_insert(at);
                join(&mut parents, at, other);
            }
        }
        let groups: Vec<usize> = (0..letters.len()).map(|at| root(&mut parents, at)).collect();
        let letters = letters.into_iter().zip(groups).map(|((id, names), group)| (id, (names, group)));
        Self { letters: letters.collect(), newest }
    }

    /// The number of a letter's conversation; `None` if the letter has not been examined.
    pub(crate) fn group(&self, id: &str) -> Option<usize> {
        self.letters.get(id).map(|(_, group)| *group)
    }

    /// The letters of that conversation, unordered.
    pub(crate) fn ids(&self, group: usize) -> impl Iterator<Item = &str> {
        self.letters.iter().filter(move |(_, (_, of))| *of == group).map(|(id, _)| id.as_str())
    }

    /// When the newest examined letter arrived; `None` if older ones are still to be examined.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (String, Names)> {
        self.letters.iter().map(|(id, (names, _))| (id.clone(), names.clone()))
    }
}

fn root(parents: &mut [usize], at: usize) -> usize {
    let (mut top, mut here) = (at, at);
    while let Some(next) = parents.get(top).filter(|next| **next != top) {
        top = *next;
    }
    // Path compression.
    while here != top {
        let Some(next) = parents.get_mut(here) else { break };
        here = std::mem::replace(next, top);
    }
    top
}

fn join(parents: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(parents, one), root(parents, other));
    if let Some(parent) = parents.get_mut(one.max(other)) {
        *parent = one.min(other);
    }
}

struct CachedMailbox {
    conversations: Arc<Conversations>,
    used: Timestamp,
}

/// The conversations of all mailboxes being read.
#[derive(Default)]
pub(crate) struct ConversationCache(Mutex<HashMap<String, CachedMailbox>>);

impl ConversationCache {
    fn kept(&self) -> MutexGuard<'_, HashMap<String, CachedMailbox>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a mailbox; empty at first.
    pub(crate) fn known(&self, mailbox_id: &str, now: Timestamp) -> Arc<Conversations> {
        let mut kept = self.kept();
        kept.retain(|_, entry| now.0.saturating_sub(entry.used.0) < IDLE);
        kept.get_mut(mailbox_id)
            .map(|entry| {
                entry.used = now;
                Arc::clone(&entry.conversations)
            })
            .unwrap_or_default()
    }

    /// Stores it; the least recently used make room.
    pub(crate) fn keep(&self, mailbox_id: &str, conversations: &Arc<Conversations>, now: Timestamp) {
        let mut kept = self.kept();
        kept.remove(mailbox_id);
        let weight = conversations.letters.len();
        let mut all: usize = kept.values().map(|entry| entry.conversations.letters.len()).sum();
        while all + weight > MAX {
            let oldest = kept.iter().min_by_key(|(_, entry)| entry.used.0).map(|(id, _)| id.clone());
            let Some(gone) = oldest.and_then(|id| kept.remove(&id)) else { return };
            all -= gone.conversations.letters.len();
        }
        kept.insert(
            mailbox_id.to_owned(),
            CachedMailbox { conversations: Arc::clone(conversations), used: now },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(letters: &[(&str, &[u64])]) -> Conversations {
        Conversations::of(letters.iter().map(|(id, names)| ((*id).to_owned(), Box::from(*names))), None)
    }

    #[test]
    fn letters_are_joined_by_what_they_name_in_whatever_order_they_come() {
        let letters: [(&str, &[u64]); 6] = [
            ("answer to the answer", &[3, 2, 1]),
            ("first", &[1]),
            ("answer", &[2, 1]),
            ("answers what is not here", &[10, 9]),
            ("another answer to it", &[11, 9]),
            ("alone", &[20]),
        ];
        for turn in 0..letters.len() {
            let mut letters = letters;
            letters.rotate_left(turn);
            let all = of(&letters);
            let group = |id: &str| all.group(id).unwrap();
            assert_eq!(group("first"), group("answer"));
            assert_eq!(group("first"), group("answer to the answer"));
            assert_eq!(group("answers what is not here"), group("another answer to it"));
            assert_ne!(group("first"), group("another answer to it"));
            assert_eq!(all.ids(group("alone")).collect::<Vec<_>>(), ["alone"]);
            assert_eq!(all.ids(group("first")).count(), 3);
        }
        assert_eq!(of(&letters).group("gone"), None);
    }

    #[test]
    fn a_letter_that_names_nothing_is_alone() {
        let all = of(&[("a", &[]), ("b", &[])]);
        assert_ne!(all.group("a"), all.group("b"));
    }

    #[test]
    fn a_long_chain_is_one_conversation() {
        let many = (0..20_000_u64).map(|n| (n.to_string(), Box::from([n, n + 1].as_slice())));
        let all = Conversations::of(many, None);
        assert_eq!(all.ids(all.group("0").unwrap()).count(), 20_000);
    }

    #[test]
    fn what_nobody_asks_for_goes_and_room_is_bounded() {
        let cache = ConversationCache::default();
        let small = Arc::new(of(&[("a", &[1])]));
        cache.keep("one", &small, Timestamp(0));
        assert!(cache.known("one", Timestamp(IDLE - 1)).group("a").is_some());
        assert!(cache.known("one", Timestamp(2 * IDLE)).group("a").is_none());
        cache.keep("one", &small, Timestamp(2 * IDLE));
        let large = |n: u64| (0..n).map(|n| (n.to_string(), Box::from([n].as_slice())));
        cache.keep("two", &Arc::new(Conversations::of(large(MAX as u64), None)), Timestamp(2 * IDLE + 1));
        assert!(cache.known("one", Timestamp(2 * IDLE + 1)).group("a").is_none(), "it made room");
        assert!(cache.known("two", Timestamp(2 * IDLE + 1)).group("7").is_some());
        cache.keep("two", &Arc::new(Conversations::of(large(MAX as u64 + 1), None)), Timestamp(2 * IDLE + 1));
        assert!(
            cache.known("two", Timestamp(2 * IDLE + 1)).group("7").is_none(),
            "more than there is room for"
        );
    }
}
