//! How much of the disk new letters leave free. Writes nothing.

use std::path::Path;

use rustix::fs::statvfs;

use crate::config::file::{Config, Source};

/// Default minimum in bytes if letters are small.
const MIN: u64 = 128 * 1024 * 1024;

/// It must include room for the largest letter, or MAIL would promise what DATA cannot keep (Postfix asks for
/// one and a half times `message_size_limit` as `queue_minfree`).
pub(super) fn plan(config: &Config, data: &Path, source: &mut Source) -> u64 {
    let largest = config.listeners.iter().map(|listener| listener.max_size.0).max().unwrap_or(0);
    let Some(own) = &config.gateway.minimum_free else {
        return largest.saturating_mul(2).max(MIN);
    };
    let (at, wanted) = (own.span().start, own.get_ref().0);
    if wanted > 0 && wanted < largest.saturating_add(largest / 2) {
        source.at(
            at,
            "minimum-free is less than one and a half times the largest letter (max-size)",
            "raise it, lower max-size, or write \"0 B\" to do without",
        );
    }
    if let Some(disk) = size_of_disk(data).filter(|disk| wanted > *disk) {
        source.at(
            at,
            format!(
                "minimum-free is more than the whole disk has ({} MiB): no letter would ever be taken",
                disk >> 20
            ),
            "lower it, or leave it out",
        );
    }
    wanted
}

/// Of the disk with the folder, or where it will be created.
fn size_of_disk(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let disk = statvfs(there).ok()?;
    disk.f_blocks.checked_mul(disk.f_frsize)
}
