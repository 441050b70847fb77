//! `memory` shared out: each part of the product has its own share, so that none can starve another, and all shares
//! together are no more than was given. Knows no letter.

use crate::config::file::{Config, Size, Source};

/// Below it not even ordinary letters have room.
const MIN: Size = Size::mib(32);

/// Bytes for each part. A letter that is larger than a share is alone in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Letters coming in: what they hold of themselves while their bodies go to the disk.
    pub(crate) coming_in: u64,
    /// Letters that rules look into, and heads copied for many recipients.
    pub(crate) looked_into: u64,
    /// Letters opened for their readers.
    pub(crate) read: u64,
    /// Letters on their way to the next server.
    pub(crate) going_out: u64,
}

impl Shares {
    /// Shares a budget out.
    pub(crate) fn of(memory: u64) -> Self {
        let part = memory / 16;
        // Of 128 MiB, two hundred letters come in at the same time; who waits for a place there keeps a session waiting.
        Self { coming_in: part * 8, looked_into: part * 3, read: part * 3, going_out: part * 2 }
    }
}

/// Complains of a budget that no letter fits into.
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
    // A value that nobody wrote has no place of its own.
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
