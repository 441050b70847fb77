//! Suspends a dead destination for a while that grows with each failure. Pure.
//!
//! Two kinds of failure, as in Postfix's queue manager: a server that accepts no letter at all is down at
//! once; one that breaks off in the middle of letters is down when a whole cohort of them failed and none
//! succeeded.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::outcome::Reason;

/// The recent health of a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// Backoffs in a row because no letter could begin.
    failures: u32,
    /// Letters that lost a connection since the last reply to one.
    strikes: usize,
    /// After a backoff, until a letter is answered.
    on_trial: bool,
    backoff: Option<Backoff>,
    last: Option<Reason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Backoff {
    until: Timestamp,
    length: Duration,
}

impl Health {
    /// The destination answered: resets its failures.
    pub(crate) fn good(&mut self) {
        *self = Self::default();
    }

    /// The destination as a whole failed at `now`; failures during a backoff count once. Whether one
    /// begins.
    pub(crate) fn bad(
        &mut self,
        now: Timestamp,
        (first, most): (Duration, Duration),
        reason: Reason,
    ) -> bool {
        self.last = Some(reason);
        if self.backs_off_until(now).is_some() {
            return false;
        }
        let factor = 1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX);
        self.begin(now, first.saturating_mul(factor).min(most));
        self.failures = self.failures.saturating_add(1);
        true
    }

    /// A letter cost a connection. The destination backs off when `cohort` did in a row, or the one on trial; never for long,
    /// because a server that greets and talks may accept the next one. Whether a backoff begins.
    pub(crate) fn failing(&mut self, now: Timestamp, first: Duration, cohort: usize, reason: Reason) -> bool {
        self.failures = 0;
        self.strikes = self.strikes.saturating_add(1);
        self.last = Some(reason);
        if self.backs_off_until(now).is_some() || (self.strikes < cohort && !self.on_trial) {
            return false;
        }
        self.begin(now, first);
        true
    }

    fn begin(&mut self, now: Timestamp, length: Duration) {
        self.backoff = Some(Backoff { until: now.plus(length), length });
        self.on_trial = true;
    }

    /// Until when it is left alone, if it is at `now`. A clock that was set back makes no backoff longer.
    pub(crate) fn backs_off_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.backoff
            .filter(|backoff| backoff.until > now && backoff.until <= now.plus(backoff.length))
            .map(|backoff| backoff.until)
    }

    /// After a backoff one letter goes ahead to see.
    pub(crate) fn is_on_trial(&self) -> bool {
        self.on_trial
    }

    /// Whether its failures still matter; long after its last backoff they do not.
    pub(crate) fn is_worth_remembering(&self, now: Timestamp, most: Duration) -> bool {
        self.backoff.is_some_and(|backoff| backoff.until.plus(most.saturating_mul(2)) > now)
    }

    /// The reason of the last failure.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        self.last.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::EnhancedCode;

    use super::*;

    const BOUNDS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(350));

    fn reason() -> Reason {
        Reason {
            code: 441,
            enhanced: EnhancedCode(4, 4, 1),
            text: "down".to_owned(),
            whose: crate::outcome::Whose::Ours,
            untried: false,
        }
    }

    #[test]
    fn backoffs_grow_up_to_the_most_and_end_with_the_first_success() {
        let mut health = Health::default();
        let mut now = Timestamp(0);
        let mut lengths = Vec::new();
        for _ in 0..4 {
            health.bad(now, BOUNDS, reason());
            let until = health.backs_off_until(now).unwrap();
            lengths.push(until.0 - now.0);
            now = until;
            assert_eq!(health.backs_off_until(now), None);
            assert!(health.is_on_trial());
        }
        assert_eq!(lengths, [100, 200, 350, 350]);
        health.good();
        assert!(!health.is_on_trial());
        assert_eq!(health.reason(), None);
    }

    #[test]
    fn many_letters_failing_together_are_one_failure() {
        let mut health = Health::default();
        for at in 0..50 {
            health.bad(Timestamp(at), BOUNDS, reason());
        }
        assert_eq!(health.backs_off_until(Timestamp(50)), Some(Timestamp(100)));
    }

    #[test]
    fn letters_that_cost_connections_are_a_backoff_only_when_none_comes_through() {
        let mut health = Health::default();
        for round in 0..5 {
            for _ in 0..9 {
                assert!(!health.failing(Timestamp(round), BOUNDS.0, 10, reason()));
            }
            health.good();
        }
        for _ in 0..9 {
            assert!(!health.failing(Timestamp(9), BOUNDS.0, 10, reason()));
        }
        assert!(health.failing(Timestamp(9), BOUNDS.0, 10, reason()));
        assert_eq!(health.backs_off_until(Timestamp(9)), Some(Timestamp(109)));
        // The one on trial is enough, and the backoff does not grow.
        assert!(health.failing(Timestamp(109), BOUNDS.0, 10, reason()));
        assert_eq!(health.backs_off_until(Timestamp(109)), Some(Timestamp(209)));
    }

    #[test]
    fn a_clock_set_back_makes_no_backoff_longer() {
        let mut health = Health::default();
        health.bad(Timestamp(1_000_000), BOUNDS, reason());
        assert!(health.backs_off_until(Timestamp(1_000_050)).is_some());
        assert_eq!(health.backs_off_until(Timestamp(500_000)), None);
    }
}
