//! Which noted times count. An attacker with write access can note a time of the far future, which an owner, a sender or a job
//! would wait for: a time further ahead than anything of ours sets counts as not noted. Knows no table.

use std::time::Duration;

use sealpost_mail::Timestamp;

/// How far ahead of ours the clock of another process may have been when it noted that something happened: as far as jobs run at
/// all ([decision 0034](../../../docs/decisions/0034-a-clock-that-jumped.md)), and a day.
pub const AHEAD: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// How far ahead a time must be for its row to be removed: a clock that is behind must remove nothing early.
pub(crate) const TOO_FAR: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// The latest time that counts, where `ahead` is the longest that anything of ours is set ahead.
#[must_use]
pub fn latest_noted(now: Timestamp, ahead: Duration) -> Timestamp {
    now.plus(ahead)
}

/// The time, if it counts.
#[must_use]
pub fn noted(at: Timestamp, now: Timestamp, ahead: Duration) -> Option<Timestamp> {
    Some(at).filter(|at| *at <= latest_noted(now, ahead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_further_ahead_than_ours_counts_as_not_noted() {
        let (now, ahead) = (Timestamp(1_000_000), Duration::from_secs(60));
        for at in [i64::MIN, 0, 1_000_000, 1_060_000] {
            assert_eq!(noted(Timestamp(at), now, ahead), Some(Timestamp(at)));
        }
        for at in [1_060_001, i64::MAX] {
            assert_eq!(noted(Timestamp(at), now, ahead), None);
        }
        assert_eq!(latest_noted(Timestamp(i64::MAX), ahead), Timestamp(i64::MAX));
    }
}
