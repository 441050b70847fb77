//! When to retry, after greylisting or any other temporary failure: from attempt number and time, the next attempt or
//! giving up. Pure.

use std::time::Duration;

use sealpost_mail::Timestamp;

/// How long and how often a letter is retried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPlan {
    /// Waiting time after the first, second, … failed attempt; the last one repeats.
    pub steps: Vec<Duration>,
    /// Each waiting time varies by up to this percentage, so that letters that failed together are not retried
    /// together.
    pub jitter_percent: u8,
    /// How long after its arrival a letter is given up (RFC 5321 §4.5.4.1: 4–5 days).
    pub give_up: Duration,
    /// How long after its arrival the sender is notified of the delay, once; `None`: never.
    pub delay_notice_after: Option<Duration>,
}

impl Default for RetryPlan {
    /// Quick at first because greylisting servers accept a letter on its second attempt.
    fn default() -> Self {
        let minutes = |m: u64| Duration::from_secs(m * 60);
        Self {
            steps: [1, 5, 15, 30, 60, 120, 240].map(minutes).to_vec(),
            jitter_percent: 20,
            give_up: minutes(5 * 24 * 60),
            delay_notice_after: Some(minutes(4 * 60)),
        }
    }
}

/// When a transaction ended, and the jitter of the next attempt: one for all its recipients, or they would be retried
/// one by one.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) jitter: u64,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The time of the next attempt.
    At(Timestamp),
    /// The leg is given up, and its sender is notified.
    GiveUp,
}

/// When to try again after `attempts` failed attempts (at least 1) of a leg of this `age`. The last try
/// falls on `expires_at` itself. `jitter` is any random number.
///
/// Both count: attempts, so that a leg that was frozen for days begins quickly again; age, so that
/// attempts that ended early because the destination was left alone do not make the waits grow.
#[must_use]
pub fn next_attempt(
    plan: &RetryPlan,
    attempts: u32,
    age: Duration,
    now: Timestamp,
    expires_at: Timestamp,
    jitter: u64,
) -> Next {
    if now >= expires_at {
        return Next::GiveUp;
    }
    let by_attempts = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let index = by_attempts.min(step_of_age(plan, age));
    // An empty plan must not become a busy loop.
    let step = plan.steps.get(index).or(plan.steps.last()).copied().unwrap_or(Duration::from_secs(3600));
    let at = now.plus(jittered(step, plan.jitter_percent, jitter));
    Next::At(if at < expires_at { at } else { expires_at })
}

/// The step of a leg that was tried exactly to plan; one more because of jitter.
fn step_of_age(plan: &RetryPlan, age: Duration) -> usize {
    let mut begins = Duration::ZERO;
    plan.steps
        .iter()
        .take_while(|step| {
            begins = begins.saturating_add(step.saturating_mul(3) / 4);
            begins <= age
        })
        .count()
}

/// `step` ± `percent`, chosen by `jitter`.
pub(crate) fn jittered(step: Duration, percent: u8, jitter: u64) -> Duration {
    let millis = u64::try_from(step.as_millis()).unwrap_or(u64::MAX);
    let span = millis.saturating_mul(u64::from(percent.min(100))) / 100;
    let offset = jitter % span.saturating_mul(2).saturating_add(1);
    Duration::from_millis(millis.saturating_sub(span).saturating_add(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const FAR: Timestamp = Timestamp(120 * HOUR);

    fn still() -> RetryPlan {
        RetryPlan { jitter_percent: 0, ..RetryPlan::default() }
    }

    /// Waits in minutes of a leg that always fails and is always tried on time.
    fn waits(plan: &RetryPlan, attempts: u32, jitter: u64) -> Vec<i64> {
        let mut now = Timestamp(0);
        let mut waits = Vec::new();
        for attempt in 1..=attempts {
            let Next::At(at) = next_attempt(plan, attempt, now.since(Timestamp(0)), now, FAR, jitter) else {
                break;
            };
            waits.push((at.0 - now.0) / 60_000);
            now = at;
        }
        waits
    }

    #[test]
    fn waits_grow_and_then_stay() {
        assert_eq!(waits(&still(), 9, 7), [1, 5, 15, 30, 60, 120, 240, 240, 240]);
    }

    #[test]
    fn jitter_does_not_keep_waits_from_growing() {
        for jitter in [0, 3, u64::MAX / 3, u64::MAX] {
            let waits = waits(&RetryPlan::default(), 8, jitter);
            assert!(waits.is_sorted() && waits.last() > Some(&190), "{jitter}: {waits:?}");
        }
    }

    #[test]
    fn attempts_that_were_none_do_not_count_and_old_legs_begin_quickly() {
        let after = |attempts, minutes: u64| {
            next_attempt(&still(), attempts, Duration::from_secs(60 * minutes), Timestamp(0), FAR, 0)
        };
        assert_eq!(after(50, 0), Next::At(Timestamp(60_000)));
        assert_eq!(after(50, 2), Next::At(Timestamp(300_000)));
        assert_eq!(after(1, 50_000), Next::At(Timestamp(60_000)));
    }

    #[test]
    fn jitter_stays_within_its_share_and_reaches_both_ends() {
        let plan = RetryPlan { steps: vec![Duration::from_millis(1000)], ..RetryPlan::default() };
        let all: Vec<i64> = (0..401)
            .filter_map(|jitter| match next_attempt(&plan, 1, Duration::ZERO, Timestamp(0), FAR, jitter) {
                Next::At(at) => Some(at.0),
                Next::GiveUp => None,
            })
            .collect();
        assert_eq!((all.iter().min(), all.iter().max()), (Some(&800), Some(&1200)));
    }

    #[test]
    fn the_last_try_is_at_the_end_and_then_no_more() {
        let (end, age) = (Timestamp(30_000), Duration::ZERO);
        assert_eq!(next_attempt(&still(), 1, age, Timestamp(0), end, 0), Next::At(end));
        assert_eq!(next_attempt(&still(), 2, age, end, end, 0), Next::GiveUp);
        assert_eq!(next_attempt(&still(), 2, age, Timestamp(30_001), end, 0), Next::GiveUp);
    }

    #[test]
    fn odd_numbers_do_no_harm() {
        let plan = RetryPlan { steps: vec![], jitter_percent: 255, ..RetryPlan::default() };
        let age = Duration::MAX;
        assert!(matches!(next_attempt(&plan, 0, age, Timestamp(0), FAR, u64::MAX), Next::At(_)));
        let late = next_attempt(&still(), u32::MAX, age, Timestamp(i64::MAX - 1), Timestamp(i64::MAX), 3);
        assert!(matches!(late, Next::At(_)));
    }
}
