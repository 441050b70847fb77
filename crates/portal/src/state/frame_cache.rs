//! The contents of frames, generated together with the page around them: a letter is opened once to be read, and its
//! frame and pictures are served from here a moment later. Small, short-lived, per session; what is not cached is
//! generated again from the sealed letter. Never on disk.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use sealpost_mail::Secret;
use sealpost_vault::SessionHash;

/// A browser requests the frame at once and its pictures right after.
pub(super) const LIVES: Duration = Duration::from_secs(60);
/// A reader has only a few letters open.
const PER_SESSION: usize = 3;

/// The content of one frame.
pub(crate) struct Frame {
    pub(crate) markup: Secret<String>,
    pub(crate) remote_images: u64,
    /// The domains of its links, and whether there are more.
    pub(crate) domains: Vec<String>,
    pub(crate) more_domains: bool,
    /// Pictures it shows: part, type, bytes.
    pub(crate) pictures: Vec<Picture>,
}

/// An inline picture.
pub(crate) struct Picture {
    pub(crate) part: String,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Bytes,
}

impl Frame {
    fn weight(&self) -> usize {
        self.markup.expose().len() + self.pictures.iter().map(|one| one.bytes.len()).sum::<usize>()
    }
}

struct CachedFrame {
    number: u64,
    session: SessionHash,
    /// The letter's id, and the part of a nested letter.
    place: String,
    frame: Arc<Frame>,
}

#[derive(Default)]
struct CachedFrames {
    entries: VecDeque<CachedFrame>,
    weight: usize,
    last: u64,
}

impl CachedFrames {
    fn remove(&mut self, gone: impl Fn(&CachedFrame) -> bool) {
        self.entries.retain(|entry| !gone(entry));
        self.weight = self.entries.iter().map(|entry| entry.frame.weight()).sum();
    }
}

/// All cached frames.
pub(crate) struct Prepared {
    kept: Mutex<CachedFrames>,
    most: usize,
}

impl Prepared {
    /// At most `most` bytes in total.
    pub(crate) fn new(most: usize) -> Self {
        Self { kept: Mutex::default(), most }
    }

    /// Maximum size of one frame with its pictures, in bytes.
    pub(crate) fn most_of_one(&self) -> usize {
        self.most / 4
    }

    fn kept(&self) -> MutexGuard<'_, CachedFrames> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Caches a frame; older ones make room. `None`: too large, it will be generated again on request.
    pub(super) fn put(&self, session: SessionHash, place: String, frame: Frame) -> Option<u64> {
        let weight = frame.weight();
        if weight > self.most_of_one() {
            return None;
        }
        let mut kept = self.kept();
        kept.remove(|entry| entry.session == session && entry.place == place);
        while kept.weight + weight > self.most {
            kept.entries.pop_front();
            kept.remove(|_| false);
        }
        let own: Vec<u64> =
            kept.entries.iter().filter(|entry| entry.session == session).map(|entry| entry.number).collect();
        if own.len() >= PER_SESSION {
            kept.remove(|entry| own.first() == Some(&entry.number));
        }
        kept.last += 1;
        kept.weight += weight;
        let number = kept.last;
        kept.entries.push_back(CachedFrame { number, session, place, frame: Arc::new(frame) });
        Some(number)
    }

    /// The frame of this letter, if this session has just opened it.
    pub(crate) fn frame(&self, session: &SessionHash, place: &str) -> Option<Arc<Frame>> {
        let kept = self.kept();
        let mut own = kept.entries.iter().filter(|entry| entry.session == *session);
        own.find(|entry| entry.place == place).map(|entry| Arc::clone(&entry.frame))
    }

    /// A picture of a letter that this session has just opened, or of one inside it.
    pub(crate) fn picture(
        &self,
        session: &SessionHash,
        letter: &str,
        part: &str,
    ) -> Option<(&'static str, Bytes)> {
        let kept = self.kept();
        let of_it = |place: &str| {
            place.strip_prefix(letter).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let own = kept.entries.iter().filter(|entry| entry.session == *session && of_it(&entry.place));
        own.flat_map(|entry| &entry.frame.pictures)
            .find(|picture| picture.part == part)
            .map(|picture| (picture.content_type, picture.bytes.clone()))
    }

    /// The session has ended.
    pub(crate) fn leave(&self, session: &SessionHash) {
        self.kept().remove(|entry| entry.session == *session);
    }

    pub(super) fn forget(&self, number: u64) {
        self.kept().remove(|entry| entry.number == number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: usize) -> Frame {
        let picture =
            Picture { part: "1".into(), content_type: "image/png", bytes: Bytes::from(vec![7; bytes - 1]) };
        let markup = Secret::new("x".into());
        Frame { markup, remote_images: 0, domains: Vec::new(), more_domains: false, pictures: vec![picture] }
    }

    #[test]
    fn room_is_bounded_and_shared() {
        let prepared = Prepared::new(100);
        let (one, two) = ([1; 32], [2; 32]);
        assert!(prepared.put(one, "a".into(), frame(26)).is_none(), "too heavy for one");
        for place in ["a", "b", "c", "d"] {
            assert!(prepared.put(one, place.into(), frame(20)).is_some());
        }
        assert!(prepared.frame(&one, "a").is_none() && prepared.frame(&one, "d").is_some());
        assert!(prepared.frame(&two, "d").is_none(), "another session");
        assert!(prepared.picture(&one, "d", "1").is_some() && prepared.picture(&one, "d", "2").is_none());
        assert!(prepared.picture(&two, "d", "1").is_none());
        for place in ["a", "b", "c"] {
            assert!(prepared.put(two, place.into(), frame(25)).is_some());
        }
        assert!(prepared.kept().weight <= 100);
        assert!(prepared.frame(&one, "b").is_none(), "the oldest made room");
        prepared.leave(&two);
        assert!(prepared.frame(&two, "c").is_none());
        assert!(prepared.put(one, "a/2".into(), frame(20)).is_some());
        assert!(prepared.picture(&one, "a", "1").is_some() && prepared.picture(&one, "a/", "1").is_none());
    }
}
