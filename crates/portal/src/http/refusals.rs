//! Logs connections that were refused: the first at once, further ones once a minute. A flood must not fill the disk
//! with lines. Knows no socket and no page.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// Interval of the summaries in the log.
const COUNTED: Duration = Duration::from_secs(60);

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionRefusal {
    /// Its client holds as many as it may, or there is no slot for health checks.
    TooMany,
    /// It should have come through a proxy.
    NoProxy,
    /// It is a proxy, and did not report its client.
    NotIntroduced,
}

/// All refusals of the portal.
#[derive(Clone, Default)]
pub(crate) struct Refusals(Arc<Inner>);

#[derive(Default)]
struct Inner {
    counts: Mutex<Counts>,
    untold: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    untold: ByReason,
    told: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ByReason {
    too_many: u64,
    no_proxy: u64,
    not_introduced: u64,
}

impl Refusals {
    /// Counts one. The first is logged at once with its address, further ones by [`Refusals::tell`].
    pub(crate) fn count(&self, peer: IpAddr, why: ConnectionRefusal, now: Instant) {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.told.is_none_or(|told| now.duration_since(told) >= COUNTED) {
            tracing::warn!(client = %peer, reason = ?why, "portal: turned away");
            counts.told = Some(now);
            return;
        }
        match why {
            ConnectionRefusal::TooMany => counts.untold.too_many += 1,
            ConnectionRefusal::NoProxy => counts.untold.no_proxy += 1,
            ConnectionRefusal::NotIntroduced => counts.untold.not_introduced += 1,
        }
        self.0.untold.notify_one();
    }

    /// Logs what was counted, once a minute while there is something, until the listener is gone. Run it once.
    pub(crate) async fn tell(&self) {
        loop {
            self.0.untold.notified().await;
            sleep(COUNTED).await;
            // `None`: what caused this wake-up was already logged.
            let Some(refused) = self.taken(Instant::now()) else { continue };
            tracing::warn!(
                refused.too_many = refused.too_many,
                refused.no_proxy = refused.no_proxy,
                refused.not_introduced = refused.not_introduced,
                "portal: more connections were turned away"
            );
        }
    }

    fn taken(&self, now: Instant) -> Option<ByReason> {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let untold = std::mem::take(&mut counts.untold);
        let some = (untold != ByReason::default()).then_some(untold);
        counts.told = some.map_or(counts.told, |_| Some(now));
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_is_told_at_once_and_the_others_once_a_minute() {
        let refusals = Refusals::default();
        let count = |why| refusals.count("198.51.100.1".parse().unwrap(), why, Instant::now());
        let untold = || refusals.0.counts.lock().unwrap().untold;
        count(ConnectionRefusal::NoProxy);
        assert_eq!(untold(), ByReason::default());
        let minutes = async {
            for _ in 0..3 {
                (0..1000).for_each(|_| count(ConnectionRefusal::NoProxy));
                count(ConnectionRefusal::TooMany);
                assert_eq!(untold(), ByReason { too_many: 1, no_proxy: 1000, not_introduced: 0 });
                sleep(COUNTED + COUNTED / 4).await;
                assert_eq!(untold(), ByReason::default());
            }
        };
        tokio::select! {
            () = refusals.tell() => unreachable!("it goes on"),
            () = minutes => {}
        }
    }
}
