//! File system events: something under a path was written.

use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};

/// A message for every event of these kinds on a file or folder, from now on.
#[must_use]
pub fn changes(path: &Path, kinds: WatchFlags) -> Receiver<()> {
    let watch = init(CreateFlags::CLOEXEC).unwrap();
    add_watch(&watch, path, kinds).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (sender, news) = channel();
    std::thread::spawn(move || {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&watch, &mut buffer);
        while reader.next().is_ok() && sender.send(()).is_ok() {}
    });
    news
}
