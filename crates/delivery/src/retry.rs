//! When to try again: attempt number and time in, next time or "give up" out. Pure.

use std::time::Duration;

use sealpost_mail::Timestamp;

/// How long a letter is tried, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPlan {
    /// Waiting time after the first, second, … failed attempt; the last one repeats.
    pub steps: Vec<Duration>,
    /// Each waiting time is stretched or shortened by up to this share, so that letters that failed
    /// together do not come back together.
    pub jitter_percent: u8,
    /// How long after its arrival a letter is given up (RFC 5321 §4.5.4.1: 4–5 days).
    pub give_up: Duration,
    /// How long after its arrival the sender is told of the delay, once; `None` = never.
    pub delay_notice_after: Option<Duration>,
}

impl Default for RetryPlan {
    /// Quick at first because greylisting servers take a letter on its second try.
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

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again then.
    At(Timestamp),
    /// Tell the sender.
    GiveUp,
}

/// When to try again after `attempts` failed attempts (at least 1). The last try falls on `expires_at`
/// itself. `jitter` is any random number.
#[must_use]
pub fn next_attempt(
    plan: &RetryPlan,
    attempts: u32,
    now: Timestamp,
    expires_at: Timestamp,
    jitter: u64,
) -> Next {
    if now >= expires_at {
        return Next::GiveUp;
    }
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    // An empty plan must not become a busy loop.
    let step = plan.steps.get(index).or(plan.steps.last()).copied().unwrap_or(Duration::from_secs(3600));
    let at = now.plus(jittered(step, plan.jitter_percent, jitter));
    Next::At(if at < expires_at { at } else { expires_at })
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

    #[test]
    fn waits_grow_and_then_stay() {
        let waits: Vec<i64> = (1..=9)
            .map(|n| match next_attempt(&still(), n, Timestamp(0), FAR, 7) {
                Next::At(at) => at.0 / 60_000,
                Next::GiveUp => -1,
            })
            .collect();
        assert_eq!(waits, [1, 5, 15, 30, 60, 120, 240, 240, 240]);
    }

    #[test]
    fn jitter_stays_within_its_share_and_reaches_both_ends() {
        let plan = RetryPlan { steps: vec![Duration::from_millis(1000)], ..RetryPlan::default() };
        let all: Vec<i64> = (0..401)
            .filter_map(|jitter| match next_attempt(&plan, 1, Timestamp(0), FAR, jitter) {
                Next::At(at) => Some(at.0),
                Next::GiveUp => None,
            })
            .collect();
        assert_eq!((all.iter().min(), all.iter().max()), (Some(&800), Some(&1200)));
    }

    #[test]
    fn the_last_try_is_at_the_end_and_then_no_more() {
        let end = Timestamp(30_000);
        assert_eq!(next_attempt(&still(), 1, Timestamp(0), end, 0), Next::At(end));
        assert_eq!(next_attempt(&still(), 2, end, end, 0), Next::GiveUp);
        assert_eq!(next_attempt(&still(), 2, Timestamp(30_001), end, 0), Next::GiveUp);
    }

    #[test]
    fn odd_numbers_do_no_harm() {
        let plan = RetryPlan { steps: vec![], jitter_percent: 255, ..RetryPlan::default() };
        assert!(matches!(next_attempt(&plan, 0, Timestamp(0), FAR, u64::MAX), Next::At(_)));
        assert!(matches!(
            next_attempt(&plan, u32::MAX, Timestamp(i64::MAX - 1), Timestamp(i64::MAX), 3),
            Next::At(_)
        ));
    }
}
