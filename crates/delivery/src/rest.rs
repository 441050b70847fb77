//! Leaving a dead destination alone for a while, growing with each failure. Pure.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::outcome::Reason;

/// How a destination has answered lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    failures: u32,
    rests_until: Option<Timestamp>,
    last: Option<Reason>,
}

impl Health {
    /// The destination answered.
    pub(crate) fn good(&mut self) {
        *self = Self::default();
    }

    /// The destination as a whole failed at `now`; failures while it rests already count once.
    pub(crate) fn bad(&mut self, now: Timestamp, (first, most): (Duration, Duration), reason: Reason) {
        if self.rests(now).is_none() {
            let factor = 1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX);
            self.rests_until = Some(now.plus(first.saturating_mul(factor).min(most)));
            self.failures = self.failures.saturating_add(1);
        }
        self.last = Some(reason);
    }

    /// Until when it rests, if it does at `now`.
    pub(crate) fn rests(&self, now: Timestamp) -> Option<Timestamp> {
        self.rests_until.filter(|until| *until > now)
    }

    /// After a rest one letter goes ahead to see.
    pub(crate) fn is_on_trial(&self) -> bool {
        self.failures > 0
    }

    /// Whether its failures still matter; long after its last rest they do not.
    pub(crate) fn is_worth_remembering(&self, now: Timestamp, most: Duration) -> bool {
        self.rests_until.is_some_and(|until| until.plus(most.saturating_mul(2)) > now)
    }

    /// Why it rests.
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
    fn rests_grow_up_to_the_most_and_end_with_the_first_success() {
        let mut health = Health::default();
        let mut now = Timestamp(0);
        let mut rests = Vec::new();
        for _ in 0..4 {
            health.bad(now, BOUNDS, reason());
            let until = health.rests(now).unwrap();
            rests.push(until.0 - now.0);
            now = until;
            assert_eq!(health.rests(now), None);
            assert!(health.is_on_trial());
        }
        assert_eq!(rests, [100, 200, 350, 350]);
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
        assert_eq!(health.rests(Timestamp(50)), Some(Timestamp(100)));
    }
}
