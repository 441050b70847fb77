//! How long we wait for a letter: silence, total time and minimum rate in one deadline. Knows no socket.
//!
//! A slow drip must not occupy a slot: the time a client may keep us waiting grows only with what it sends.
//! Time that we ourselves take (sealing, disk) does not count.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::Limits;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    idle: Duration,
    until: Instant,
    rate: u64,
    grace: Duration,
    received: u64,
    waited: Duration,
}

impl Pace {
    pub(crate) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            idle: limits.data_idle,
            until: now + limits.data_total,
            rate: limits.data_rate,
            grace: limits.data_grace,
            received: 0,
            waited: Duration::ZERO,
        }
    }

    /// When the next octet must arrive.
    pub(crate) fn deadline(&self, now: Instant) -> Instant {
        let silence = now + self.idle;
        let rate = match self.received.checked_div(self.rate) {
            Some(earned) => now + (self.grace + Duration::from_secs(earned)).saturating_sub(self.waited),
            None => silence, // a rate of zero asks for none
        };
        silence.min(rate).min(self.until)
    }

    /// When the whole letter must have arrived.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    pub(crate) fn received(&mut self, octets: usize, waited: Duration) {
        self.received = self.received.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        self.waited = self.waited.saturating_add(waited);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace(now: Instant) -> Pace {
        let limits = Limits {
            data_idle: 10 * SECOND,
            data_total: 100 * SECOND,
            data_rate: 1000,
            data_grace: 20 * SECOND,
            ..Limits::default()
        };
        Pace::new(&limits, now)
    }

    #[test]
    fn a_drip_runs_out_of_time_and_a_stream_does_not() {
        let start = Instant::now();
        let (mut drip, mut stream) = (pace(start), pace(start));
        for second in 1..=19 {
            drip.received(1, SECOND);
            stream.received(2000, SECOND);
            let now = start + second * SECOND;
            assert_eq!(drip.deadline(now), now + (10 * SECOND).min((20 - second) * SECOND));
            assert_eq!(stream.deadline(now), now + 10 * SECOND);
        }
    }

    #[test]
    fn nothing_outlasts_the_total() {
        let start = Instant::now();
        assert_eq!(pace(start).deadline(start + 95 * SECOND), start + 100 * SECOND);
    }

    #[test]
    fn our_own_time_is_not_the_clients() {
        let start = Instant::now();
        let mut pace = pace(start);
        pace.received(10, Duration::ZERO);
        let later = start + 50 * SECOND;
        assert_eq!(pace.deadline(later), later + 10 * SECOND);
    }
}
