//! Fingerprints of live sessions: identical bytes in two sessions that both have their reply are two letters; a
//! repetition before the first has its reply is a retry (decision 0007). Knows no store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// How long to wait for the end of the other session. A commit takes milliseconds, and a client that has its reply
/// shows it with the next command; one that stays silent is a live session.
const PATIENCE: Duration = Duration::from_secs(3);

/// How far a session has come with its letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The outcome is unknown, and its client may have gone.
    Keeping,
    /// The letter is stored, and its client has been told.
    Kept,
}

/// Another session is storing identical bytes, and that takes long.
#[derive(Debug)]
pub(crate) struct StillKeeping;

type Sessions = Mutex<HashMap<[u8; 32], watch::Receiver<Stage>>>;

#[derive(Default)]
pub(crate) struct LiveSessions(Arc<Sessions>);

/// A fingerprint whose session is still live; when it is dropped, the fingerprint is only in the store.
pub(crate) struct Live {
    fingerprint: [u8; 32],
    sessions: Arc<Sessions>,
    /// Its end is noticed by waiters.
    stage: watch::Sender<Stage>,
}

impl LiveSessions {
    /// Marks a fingerprint as belonging to a live session. `None`: another session has the same bytes, has its reply
    /// and continues, so they are two letters and not a retry.
    pub(crate) async fn claim(&self, fingerprint: [u8; 32]) -> Result<Option<Live>, StillKeeping> {
        loop {
            let mut other = match self.try_claim(fingerprint) {
                Ok(live) => return Ok(Some(live)),
                Err(other) => other,
            };
            // Once it is stored, its session gets as long again to find that its client has gone.
            let ended = loop {
                match timeout(PATIENCE, other.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_ended)) => break true,
                    Err(_elapsed) => break false,
                }
            };
            if ended {
                continue;
            }
            let stage = *other.borrow();
            return match stage {
                Stage::Keeping => Err(StillKeeping),
                Stage::Kept => Ok(None),
            };
        }
    }

    fn try_claim(&self, fingerprint: [u8; 32]) -> Result<Live, watch::Receiver<Stage>> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = sessions.get(&fingerprint) {
            return Err(other.clone());
        }
        let (stage, seen) = watch::channel(Stage::Keeping);
        sessions.insert(fingerprint, seen);
        Ok(Live { fingerprint, sessions: Arc::clone(&self.0), stage })
    }
}

impl Live {
    /// The letter is stored.
    pub(crate) fn note_kept(&self) {
        self.stage.send_replace(Stage::Kept);
    }

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
    async fn whoever_comes_again_waits_for_the_end_of_the_other() {
        let sessions = LiveSessions::default();
        let first = sessions.claim([1; 32]).await.unwrap().unwrap();
        assert!(sessions.claim([2; 32]).await.unwrap().is_some(), "others do not wait");
        let (again, ()) = tokio::join!(sessions.claim([1; 32]), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            first.note_kept();
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(first);
        });
        assert!(again.unwrap().is_some(), "the first session has ended");
    }

    #[tokio::test(start_paused = true)]
    async fn two_sessions_with_the_same_bytes_are_two_letters_once_the_first_is_kept_and_not_before() {
        let sessions = LiveSessions::default();
        let first = sessions.claim([1; 32]).await.unwrap().unwrap();
        assert!(sessions.claim([1; 32]).await.is_err(), "nobody knows yet what becomes of the first");
        first.note_kept();
        assert!(sessions.claim([1; 32]).await.unwrap().is_none(), "both live");
    }
}
