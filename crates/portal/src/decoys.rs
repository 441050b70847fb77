//! Questions for addresses without a mailbox, where a forgotten password takes the answer alone: nobody
//! learns from the page who has a mailbox. In memory only; knows no address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sealpost_mail::Timestamp;

/// Entries kept of each kind; more only come from an attack.
const MOST: usize = 20_000;
/// Wrong answers are remembered this long.
const REMEMBER: Duration = Duration::from_secs(7 * 24 * 3600);

/// A tag, and until when.
type Owed = ([u8; 32], Timestamp);

/// Tokens that were handed out for nothing, and the wrong answers given with them.
#[derive(Default)]
pub(crate) struct Decoys {
    /// Token, hashed → tag of the address, end.
    tokens: Mutex<HashMap<[u8; 32], Owed>>,
    /// Tag → wrong answers, end.
    wrong: Mutex<HashMap<[u8; 32], (u32, Timestamp)>>,
}

impl Decoys {
    /// Notes a token for the address of this tag.
    pub(crate) fn remember(&self, token: [u8; 32], tag: [u8; 32], now: Timestamp, until: Timestamp) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MOST {
            tokens.retain(|_, (_, until)| *until > now);
        }
        if tokens.len() < MOST {
            tokens.insert(token, (tag, until));
        }
    }

    /// Whose token it is.
    pub(crate) fn find(&self, token: &[u8; 32], now: Timestamp) -> Option<[u8; 32]> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(token).filter(|(_, until)| *until > now).map(|(tag, _)| *tag)
    }

    /// How many wrong answers there were.
    pub(crate) fn count(&self, tag: &[u8; 32], now: Timestamp) -> u32 {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.get(tag).filter(|(_, until)| *until > now).map_or(0, |(count, _)| *count)
    }

    /// Counts a wrong answer; returns how many there are now.
    pub(crate) fn wrong(&self, tag: [u8; 32], now: Timestamp) -> u32 {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= MOST {
            wrong.retain(|_, (_, until)| *until > now);
        }
        if wrong.len() >= MOST {
            return u32::MAX;
        }
        let entry = wrong.entry(tag).or_insert((0, now));
        if entry.1 <= now {
            entry.0 = 0;
        }
        *entry = (entry.0.saturating_add(1), now.plus(REMEMBER));
        entry.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoys_end_and_count_by_address_not_by_token() {
        let (decoys, now, later) = (Decoys::default(), Timestamp(1000), Timestamp(2000));
        decoys.remember([1; 32], [9; 32], now, later);
        decoys.remember([2; 32], [9; 32], now, later);
        assert_eq!(decoys.find(&[1; 32], now), Some([9; 32]));
        assert_eq!(decoys.find(&[2; 32], later), None);
        assert_eq!(decoys.find(&[3; 32], now), None);
        assert_eq!([decoys.wrong([9; 32], now), decoys.wrong([9; 32], now)], [1, 2]);
        assert_eq!(decoys.count(&[9; 32], now), 2);
        assert_eq!(decoys.count(&[9; 32], now.plus(REMEMBER)), 0);
    }
}
