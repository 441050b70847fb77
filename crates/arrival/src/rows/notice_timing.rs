//! Whether an owner is notified of a letter when it arrives, or later together with others. Knows no wording
//! and queues nothing.

use sealpost_mail::Timestamp;
use sealpost_store::{AHEAD, Pace, ReachedMailbox, noted};

use crate::settings::Announcer;

/// When the owner is notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pacing {
    /// Now, as for each letter.
    Now,
    /// Now, and recorded: the next one waits. `before` is the previous record.
    Noted { before: Option<Timestamp> },
    /// Later, together with other letters.
    Later,
}

impl Pacing {
    /// For a letter whose mailbox is created with it.
    pub(super) fn first(announcer: &Announcer) -> Self {
        match announcer.pending_pace.interval() {
            None => Self::Now,
            Some(_) => Self::Noted { before: None },
        }
    }

    /// For a letter to an existing mailbox.
    pub(super) fn of(announcer: &Announcer, mailbox: &ReachedMailbox, now: Timestamp) -> Self {
        let pace = announcer.pace_of(mailbox.state, mailbox.pace);
        decide(pace, mailbox.announced_at, mailbox.unannounced, now)
    }
}

fn decide(pace: Pace, before: Option<Timestamp>, waiting: u64, now: Timestamp) -> Pacing {
    match pace.interval() {
        None => Pacing::Now,
        Some(interval) if waiting > 0 || said(before, now).is_some_and(|at| at.plus(interval) > now) => {
            Pacing::Later
        }
        Some(_) => Pacing::Noted { before },
    }
}

/// When the owner was last notified, if one of us has noted it.
fn said(before: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    before.and_then(|at| noted(at, now, AHEAD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_of_the_far_future_keeps_none_back() {
        for at in [Timestamp(i64::MAX), Timestamp(1).plus(AHEAD * 2)] {
            let before = Some(at);
            assert_eq!(decide(Pace::Hourly, before, 0, Timestamp(1)), Pacing::Noted { before });
        }
    }

    #[test]
    fn the_first_letter_is_told_of_at_once_and_the_next_ones_together() {
        let hour = 3_600_000;
        let at = |ms| Some(Timestamp(ms));
        assert_eq!(decide(Pace::AtOnce, at(0), 5, Timestamp(1)), Pacing::Now);
        assert_eq!(decide(Pace::Hourly, None, 0, Timestamp(1)), Pacing::Noted { before: None });
        assert_eq!(decide(Pace::Hourly, at(0), 0, Timestamp(hour - 1)), Pacing::Later);
        assert_eq!(decide(Pace::Hourly, at(0), 0, Timestamp(hour)), Pacing::Noted { before: at(0) });
        // Those that wait already are announced with it.
        assert_eq!(decide(Pace::Hourly, at(0), 1, Timestamp(hour)), Pacing::Later);
        assert_eq!(decide(Pace::Daily, at(0), 0, Timestamp(23 * hour)), Pacing::Later);
    }
}
