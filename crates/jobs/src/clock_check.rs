//! Whether the clock can be trusted. A clock set ahead would delete everything at once and notify everybody; so a time
//! far ahead of the last trusted one is ignored until an operator confirms it, or it passes. A machine that was off for
//! long looks the same: that cannot be told apart here. Runs no job.

use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{Store, StoreError};

/// Assessment of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// It continues from the last trusted time, or is behind it, which deletes nothing early.
    Believed,
    /// It is further ahead of the last trusted time than allowed.
    Doubted {
        /// The last trusted time.
        last: Timestamp,
    },
}

/// Assesses the clock.
pub async fn belief(store: &Store, now: Timestamp, jump: Duration) -> Result<Belief, StoreError> {
    Ok(judge(store.believed_time().await?, now, jump))
}

fn judge(last: Option<Timestamp>, now: Timestamp, jump: Duration) -> Belief {
    match last {
        Some(last) if last.plus(jump) < now => Belief::Doubted { last },
        Some(last) => {
            if now.plus(jump) < last {
                tracing::warn!(
                    days = days(now, last),
                    "the clock is behind the time at which jobs ran before; set it right"
                );
            }
            Belief::Believed
        }
        // A store in which no job ever ran contains nothing that could have expired.
        None => Belief::Believed,
    }
}

/// Whole days from one time to another.
pub fn days(from: Timestamp, to: Timestamp) -> u64 {
    to.since(from).as_secs() / (24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_far_ahead_is_doubted_and_one_behind_is_not() {
        const DAY: i64 = 86_400_000;
        let judged = |last: i64, now: i64| {
            judge(Some(Timestamp(last * DAY)), Timestamp(now * DAY), Duration::from_secs(3 * 86_400))
        };
        assert_eq!(judged(100, 103), Belief::Believed);
        assert_eq!(judged(100, 104), Belief::Doubted { last: Timestamp(100 * DAY) });
        assert_eq!(judged(100, 20), Belief::Believed);
        assert_eq!(judge(None, Timestamp(DAY), Duration::ZERO), Belief::Believed);
    }
}
