//! Divides `memory` into shares: each part of the product has its own, so that none can starve another, and all shares
//! together do not exceed the whole. Knows no letter.

use std::fmt;

use sealpost_store::BUCKET_PARTS;

use crate::config::file::{Config, Size, Source};
use crate::roles::Roles;

/// Below it there is no room even for ordinary letters.
const MIN: Size = Size::mib(32);

/// Bytes for each part. A letter larger than a share is processed alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Letters coming in: what is held in memory while their bodies go to disk.
    pub(crate) coming_in: u64,
    /// Letters that rules look into, and heads copied for many recipients.
    pub(crate) looked_into: u64,
    /// Letters opened for their readers.
    pub(crate) read: u64,
    /// Letters being delivered.
    pub(crate) going_out: u64,
}

impl Shares {
    /// Divides a budget.
    pub(crate) fn of(memory: u64) -> Self {
        let part = memory / 16;
        // With 128 MiB, two hundred letters come in at the same time; further sessions wait for a slot.
        Self { coming_in: part * 8, looked_into: part * 3, read: part * 3, going_out: part * 2 }
    }
}

/// The maximum memory of a process and its workers, part by part. It is rarely needed all at once; if it is and the
/// machine has less, the kernel kills workers first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    letters: u64,
    /// Parts of large letters being uploaded to the bucket.
    parts: u64,
    documents: Workers,
    opened: Workers,
}

/// Programs of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Workers {
    at_once: usize,
    each: u64,
}

impl Workers {
    fn most(self) -> u64 {
        self.each.saturating_mul(u64::try_from(self.at_once).unwrap_or(u64::MAX))
    }
}

impl Account {
    /// For the roles that run here.
    pub(crate) fn of(config: &Config, roles: Roles) -> Self {
        let opens = roles.intake && config.inbound().next().is_some();
        let (export, partners) = (&config.portal.export, &config.partners);
        let documents = Workers { at_once: export.pdf_at_once, each: export.pdf_memory.0 };
        let opened =
            Workers { at_once: *partners.open_at_once.get_ref(), each: partners.worker_memory.get_ref().0 };
        Self {
            letters: config.gateway.memory.get_ref().0,
            parts: if config.store.s3.is_some() { BUCKET_PARTS } else { 0 },
            documents: if roles.portal { documents } else { Workers::default() },
            opened: if opens { opened } else { Workers::default() },
        }
    }

    /// The total.
    pub(crate) fn most(&self) -> u64 {
        [self.parts, self.documents.most(), self.opened.most()]
            .into_iter()
            .fold(self.letters, u64::saturating_add)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes / Size::mib(1).0;
        write!(f, "{} MiB at most: {} for letters", mib(self.most()), mib(self.letters))?;
        if self.parts > 0 {
            write!(f, ", {} for parts of letters on their way to the bucket", mib(self.parts))?;
        }
        for (workers, what) in
            [(self.documents, "PDFs (pdf-at-once)"), (self.opened, "letters opened (open-at-once)")]
        {
            if workers.at_once > 0 {
                write!(f, ", {} × {} for {what}", workers.at_once, mib(workers.each))?;
            }
        }
        Ok(())
    }
}

/// Reports a budget too small for any letter.
pub(super) fn check(config: &Config, source: &mut Source) {
    let memory = &config.gateway.memory;
    let largest = config.listeners.iter().map(|listener| listener.max_size.0).max().unwrap_or(0);
    let least = MIN.0.max(largest.saturating_mul(2));
    if memory.get_ref().0 >= least {
        return;
    }
    let mib = least.div_ceil(Size::mib(1).0);
    let (wrong, hint) = if least == MIN.0 {
        (
            "there is no room for letters in so little memory",
            format!("give {mib} MiB at least, or leave the line out"),
        )
    } else {
        (
            "a letter of max-size does not fit into so little memory",
            format!("give {mib} MiB at least, twice the largest max-size, or lower max-size"),
        )
    };
    // A default value has no position in the file.
    if memory.span().is_empty() {
        source.near("max-size", wrong, hint);
    } else {
        source.at(memory.span().start, wrong, hint);
    }
}

#[cfg(test)]
mod tests {
    use super::Shares;

    #[test]
    fn the_shares_are_no_more_than_was_given() {
        for memory in [0, 7, 32 << 20, (128 << 20) + 3, u64::MAX] {
            let Shares { coming_in, looked_into, read, going_out } = Shares::of(memory);
            assert!(coming_in + looked_into + read + going_out <= memory);
        }
    }
}
