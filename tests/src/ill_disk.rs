//! Failing disks: one that is small and full (a file system in memory), and one that refuses writes with an
//! error of the test's choice (a library preloaded before the C library).
//!
//! Must never know: what is written to them.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::run;

const SOURCE: &str = include_str!("ill_disk.c");

/// Lets writes of a process fail.
pub struct IllDisk {
    folder: TempDir,
}

/// Builds a library to preload into a folder.
pub(crate) fn library(folder: &Path, source: &str) -> PathBuf {
    let (text, library) = (folder.join("preloaded.c"), folder.join("preloaded.so"));
    std::fs::write(&text, source).unwrap();
    let mut cc = Command::new("cc");
    let (code, out, err) =
        run(cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(text).arg("-ldl"));
    assert_eq!(code, 0, "the library cannot be built: {out}{err}");
    library
}

impl Default for IllDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl IllDisk {
    /// Builds the library; all is well at first.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let _ = library(folder.path(), SOURCE);
        Self { folder }
    }

    /// What the process must be started with.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let path = |path: PathBuf| path.to_str().unwrap().to_owned();
        vec![
            ("LD_PRELOAD".to_owned(), path(self.folder.path().join("preloaded.so"))),
            ("ILL_DISK".to_owned(), path(self.folder.path().to_owned())),
        ]
    }

    /// From now on: `write-edquot`, `write-eio`, `write-erofs` or `fsync-eio`.
    pub fn fail(&self, how: &str) {
        std::fs::write(self.folder.path().join(how), "").unwrap();
    }

    /// All is well again.
    pub fn heal(&self, how: &str) {
        std::fs::remove_file(self.folder.path().join(how)).unwrap();
    }
}

/// A file system of its own, in memory and small. Gone with the value.
pub struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Puts it at a folder, which it makes.
    #[must_use]
    pub fn mount(at: &Path, mib: u32) -> Self {
        std::fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mib}m,mode=0700"), "none"]).arg(at);
        let (code, out, err) = run(&mut mount);
        assert_eq!(code, 0, "no file system in memory (are we root?): {out}{err}");
        Self { at: at.to_owned() }
    }

    /// Takes every byte that is free now.
    pub fn fill(&self) {
        let file = std::fs::File::create(self.at.join("filler")).unwrap();
        let mut size = self.free();
        // In one call, and after a failure never more than was free at first: filling it bit by bit would
        // also take the reserve that is released meanwhile.
        crate::process::poll("a full disk", || {
            let done = rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, size).ok();
            size -= if done.is_some() { 0 } else { 64 * 1024 };
            done
        });
    }

    /// Takes all but this many bytes, at once.
    pub fn fill_but(&self, left: u64) {
        let file = std::fs::File::create(self.at.join("filler")).unwrap();
        let size = self.free() - left;
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, size).unwrap();
    }

    /// Bytes that are free.
    #[must_use]
    pub fn free(&self) -> u64 {
        let facts = rustix::fs::statvfs(&self.at).unwrap();
        facts.f_bavail * facts.f_frsize
    }

    /// Gives back what [`Self::fill`] took.
    pub fn clear(&self) {
        std::fs::remove_file(self.at.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}
