//! The demo's sink: a folder with one `.eml` file for every mail that left the gateway.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use rustix::fs::inotify::WatchFlags;

use crate::{PATIENCE, watch};

/// The folder, and events of new files.
pub struct Sink {
    folder: PathBuf,
    news: Mutex<Receiver<()>>,
}

impl Sink {
    /// Watches a folder that exists.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let news = watch::changes(&folder, WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO);
        Self { folder, news: Mutex::new(news) }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every mail so far, in order of file name.
    #[must_use]
    pub fn mails(&self) -> Vec<Vec<u8>> {
        let entries = std::fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "eml")).collect();
        files.sort();
        files.iter().map(|file| std::fs::read(file).unwrap()).collect()
    }

    /// Waits for a mail that meets this condition.
    pub fn wait_where(&self, what: &str, holds: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(mail) = self.mails().into_iter().find(|mail| holds(mail)) {
                return mail;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.news.lock().unwrap().recv_timeout(left) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("the sink waited in vain for {what}; it holds {} mails", self.mails().len())
                }
            }
        }
    }
}
