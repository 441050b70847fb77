//! When a message is retried, and when it is given up. Pure.

use std::time::Duration;

const MINUTE: u64 = 60;

/// Pauses after failed attempts, in seconds; the last one is repeated.
const PAUSES: [u64; 8] =
    [5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 60 * MINUTE, 180 * MINUTE, 360 * MINUTE];

/// About five days: a weekend with a holiday before and after it.
const MAX: u64 = 26;

/// The pause after this many failed attempts, including this one; `None`: that was the last one.
pub(crate) fn pause(failed: u64) -> Option<Duration> {
    if failed >= MAX {
        return None;
    }
    let at = usize::try_from(failed.saturating_sub(1)).unwrap_or(usize::MAX).min(PAUSES.len() - 1);
    PAUSES.get(at).map(|seconds| Duration::from_secs(*seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_after_days() {
        assert_eq!(pause(1), Some(Duration::from_secs(5)));
        let all: Vec<Duration> = (1..MAX).filter_map(pause).collect();
        assert!(all.is_sorted());
        let days = all.iter().sum::<Duration>().as_secs() / 86_400;
        assert_eq!((days, pause(MAX)), (4, None));
    }
}
