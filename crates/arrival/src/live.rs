//! Fingerprints whose sessions live: the same bytes in two sessions at once are two letters, but one that comes again
//! while the session of the first is still at work waits for what becomes of that (decision 0007). Knows no store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How long the end of the other session is waited for. A commit takes milliseconds, and a client that has its reply shows
/// it with the next command; one that stays and says nothing more is a living session.
const PATIENCE: Duration = Duration::from_secs(3);

type Sessions = Mutex<HashMap<[u8; 32], watch::Receiver<()>>>;

#[derive(Default)]
pub(crate) struct LiveSessions(Arc<Sessions>);

/// A fingerprint whose session still lives; dropped, the fingerprint is only in the store.
pub(crate) struct Live {
    fingerprint: [u8; 32],
    sessions: Arc<Sessions>,
    /// Its end is seen by whoever waits.
    _ends: watch::Sender<()>,
}

impl LiveSessions {
    /// Marks a fingerprint as belonging to a living session. `None`: another living session holds the same bytes and goes
    /// on, so they are two letters and not one sent again.
    pub(crate) async fn claim(&self, fingerprint: [u8; 32]) -> Option<Live> {
        let until = Instant::now() + PATIENCE;
        loop {
            let mut other = match self.try_claim(fingerprint) {
                Ok(live) => return Some(live),
                Err(other) => other,
            };
            // It ends with its sender: nothing is ever sent.
            if timeout_at(until, other.changed()).await.is_err() {
                return None;
            }
        }
    }

    fn try_claim(&self, fingerprint: [u8; 32]) -> Result<Live, watch::Receiver<()>> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = sessions.get(&fingerprint) {
            return Err(other.clone());
        }
        let (ends, end) = watch::channel(());
        sessions.insert(fingerprint, end);
        Ok(Live { fingerprint, sessions: Arc::clone(&self.0), _ends: ends })
    }
}

impl Live {
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.fingerprint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_again_waits_for_the_end_of_the_other_and_not_for_ever() {
        let sessions = LiveSessions::default();
        let first = sessions.claim([1; 32]).await.unwrap();
        assert!(sessions.claim([2; 32]).await.is_some(), "others do not wait");
        let again = sessions.claim([1; 32]);
        let (again, ()) = tokio::join!(again, async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(first);
        });
        let again = again.expect("the first session has ended");
        assert!(sessions.claim([1; 32]).await.is_none(), "both live");
        drop(again);
        assert!(sessions.claim([1; 32]).await.is_some());
    }
}
