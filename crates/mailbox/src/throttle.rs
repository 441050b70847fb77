//! The effect of wrong passwords and answers: after some, the next try must wait, longer each time; then the way in is
//! blocked for a while; and time resets the count. Counted by tag of the address, whether or not it has a mailbox; a
//! known browser is counted separately, so that strangers cannot lock an owner out. Failures from one network are also
//! counted together, so that one password cannot be tried on many mailboxes. Knows no password and no page.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::try_join;
use sealpost_mail::Timestamp;
use sealpost_store::{Settled, Store, StoreError, Tries, noted};
use sealpost_vault::TagKey;

/// How many wrong tries a mailbox allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockRules {
    /// After this many wrong passwords, log-ins from unknown browsers are blocked,
    pub passwords: u32,
    /// for this long the first time; each further one doubles it, up to an hour.
    pub first: Duration,
    /// After this many wrong answers, resetting by the answer is blocked.
    pub answers: u32,
}

impl LockRules {
    /// The longest that a password waits.
    fn longest(&self) -> Duration {
        MAX_LOCK.max(self.first)
    }
}

impl Default for LockRules {
    fn default() -> Self {
        Self { passwords: 10, first: Duration::from_secs(15 * 60), answers: 5 }
    }
}

/// Wrong passwords before waiting begins.
const FREE: i64 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// Wrong passwords from one network before waiting begins there: in an office many people mistype.
const FREE_AT_CLIENT: i64 = 20;
/// The limit for all known browsers of one mailbox together, as a multiple of the limit for one.
const TOGETHER: u32 = 10;
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);
/// The longest block, unless the operator's first one is longer: 24 guesses a day are no attack on a password, and a
/// longer block would only be an attack on its owner.
const MAX_LOCK: Duration = Duration::from_secs(60 * 60);
/// Each such period without a wrong password halves the count.
const FADE: Duration = Duration::from_secs(60 * 60);
/// A network inside wider ones of the same provider: wrong passwords there before waiting begins, and the longest wait.
/// The wider it is, the more innocent people it contains.
const WIDER: [(usize, i64, Duration); 2] =
    [(7, 60, Duration::from_secs(5 * 60)), (6, 200, Duration::from_secs(60))];
/// Wrong answers block that way for this long the first time, four times as long the next,
const FIRST_CLOSING: Duration = Duration::from_secs(60 * 60);
/// and never longer than this: an answer is easier to guess than a password, and its owner has another way in.
const MAX_CLOSING: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Each such period without a wrong answer halves the count.
const ANSWERS_FADE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The count is not needed any more this long after the last one.
const REMEMBERED: Duration = Duration::from_secs(6 * 60 * 60);
/// Minimum time between two mails requested without a link.
const REMINDERS: Duration = Duration::from_secs(60 * 60);
/// How far another node's clock may be ahead of ours.
const OTHER_CLOCKS: Duration = Duration::from_secs(60 * 60);
/// More wrong ones than this are nowhere: each waits for the one before.
const MOST_WRONG: i64 = 1_000_000;
/// How often a count is retried after a concurrent change.
const RACES: usize = 8;

/// Counts tries at one point in time.
#[derive(Clone, Copy)]
pub struct Throttle<'a> {
    /// The store with the counts.
    pub store: &'a Store,
    /// Computes the tags under which tries are counted.
    pub tags: &'a TagKey,
    /// The operator's limits.
    pub locks: LockRules,
    /// The current time.
    pub now: Timestamp,
}

/// A try counted as wrong before the password is checked, so that parallel ones cannot slip through.
#[derive(Debug)]
#[must_use]
pub struct Counted {
    whose: [u8; 32],
    wrong: i64,
    open_at: Timestamp,
    /// The way in is blocked from this count on.
    closed_at: i64,
    /// The count of all known browsers of a mailbox, if it was one.
    together: Option<Box<Counted>>,
}

/// Whether a password may be tried now.
#[derive(Debug)]
#[must_use]
pub enum Tried {
    /// The attempt may proceed, and is counted.
    Counted(Counted),
    /// Not before this many seconds.
    Wait(u64),
}

impl Throttle<'_> {
    /// Counts a try at a password, if one is allowed.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn password(&self, whose: [u8; 32]) -> Result<Tried, StoreError> {
        let locks = self.locks;
        self.one(whose, locks.passwords, locks.longest(), |before, now| one_more(before, now, &locks)).await
    }

    /// Counts a try at the password of that address's mailbox, if one is allowed. A known browser is counted
    /// separately, and together with all other known ones: having many of their cookies gives no more tries.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn password_of(&self, tag: &[u8; 32], whose: [u8; 32]) -> Result<Tried, StoreError> {
        let locks = self.locks;
        let (all, most) = (self.tags.count_tag("devices", tag), locks.passwords.saturating_mul(TOGETHER));
        if whose == *tag {
            return self.password(whose).await;
        }
        let one_more_of_all = |before, now| one_more_together(before, now, most, &locks);
        let all = self.one(all, most, locks.longest(), one_more_of_all);
        self.with_all(whose, locks.longest(), self.password(whose), all).await
    }

    /// Counts a try at an answer in the same way, if one is allowed.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn answer(&self, tag: &[u8; 32], whose: [u8; 32]) -> Result<Tried, StoreError> {
        let most = self.locks.answers;
        let next = |before, now| one_more_answer(before, now, i64::from(most));
        let own = self.one(whose, most, MAX_CLOSING, next);
        if whose == self.tags.count_tag("answer", tag) {
            return own.await;
        }
        let all = self.tags.count_tag("answer", &self.tags.count_tag("devices", tag));
        let together = most.saturating_mul(TOGETHER);
        let one_more_of_all = |before, now| one_more_answer(before, now, i64::from(together));
        self.with_all(whose, MAX_CLOSING, own, self.one(all, together, MAX_CLOSING, one_more_of_all)).await
    }

    /// Whether no try is allowed under this tag now.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn is_closed(&self, whose: &[u8; 32]) -> Result<bool, StoreError> {
        let longest = self.locks.longest().max(MAX_CLOSING);
        Ok(waits(self.store.tries(whose).await?, self.now, longest).is_some())
    }

    /// How many seconds a network must wait before the next try.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn network_waits(&self, from: IpAddr) -> Result<Option<u64>, StoreError> {
        let mut longest = None;
        for at in counters(self.tags, from) {
            longest = longest.max(waits(self.store.tries(&at.tag).await?, self.now, at.longest));
        }
        Ok(longest)
    }

    /// Counts a wrong password from a network. A right one resets nothing here: an attacker may own a mailbox.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn wrong_from(&self, from: IpAddr) -> Result<(), StoreError> {
        let now = self.now;
        for at in counters(self.tags, from) {
            let next = |before| Ok(one_more_from_client(before, now, &at));
            count(self.store, at.tag, (now, at.longest), next).await.map(drop)?;
        }
        Ok(())
    }

    /// Whether a pending mailbox may be sent a reminder now; yes at most once an hour.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn may_remind(&self, mailbox_id: &str) -> Result<bool, StoreError> {
        let now = self.now;
        let whose = self.tags.count_tag("reminder", mailbox_id.as_bytes());
        let counted =
            count(self.store, whose, (now, REMINDERS), |before| match waits(before, now, REMINDERS) {
                Some(seconds) => Err(seconds),
                None => Ok(remembered(1, now, REMINDERS, REMEMBERED)),
            });
        Ok(counted.await?.is_ok())
    }

    /// Resets the wrong passwords of a tag.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn forgive(&self, whose: &[u8; 32]) -> Result<(), StoreError> {
        self.store.forgive_tries(whose).await
    }

    /// The try was right.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn right(&self, counted: Counted) -> Result<(), StoreError> {
        self.store.settle_tries(&counted.settled(), self.now).await
    }

    /// The try was wrong. Returns when the way in opens again, if it is blocked now and its owner has not been told
    /// today. Does the same work whether or not there is an owner. `closing`: the store, recording that the way in is
    /// blocked.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn wrong(&self, counted: Counted, closing: &Store) -> Result<Option<Timestamp>, StoreError> {
        let all = counted.together.as_deref();
        let closed = [Some(&counted), all].into_iter().flatten().find(|count| !count.is_open());
        let Some(closed) = closed else { return Ok(None) };
        // One mail a day about all known browsers, however many there are.
        let told = closing.tell_of_tries(&all.unwrap_or(&counted).whose, self.now).await?;
        Ok(told.then_some(closed.open_at))
    }

    async fn one(
        &self,
        whose: [u8; 32],
        closed_at: u32,
        longest: Duration,
        next: impl Fn(Option<Tries>, Timestamp) -> Tries,
    ) -> Result<Tried, StoreError> {
        let now = self.now;
        let counted = count(self.store, whose, (now, longest), |before| match waits(before, now, longest) {
            Some(seconds) => Err(seconds),
            None => Ok(next(before, now)),
        });
        Ok(match counted.await? {
            Ok(Tries { wrong, open_at, .. }) => Tried::Counted(Counted {
                whose,
                wrong,
                open_at,
                closed_at: i64::from(closed_at),
                together: None,
            }),
            Err(seconds) => Tried::Wait(seconds),
        })
    }

    /// Counts a try for one known browser and for all of them, in one commit. A try that must wait does not count for
    /// the others: one persistent browser must not block them.
    async fn with_all(
        &self,
        whose: [u8; 32],
        longest: Duration,
        own: impl Future<Output = Result<Tried, StoreError>>,
        all: impl Future<Output = Result<Tried, StoreError>>,
    ) -> Result<Tried, StoreError> {
        if let Some(seconds) = waits(self.store.tries(&whose).await?, self.now, longest) {
            return Ok(Tried::Wait(seconds));
        }
        Ok(match try_join(own, all).await? {
            (Tried::Counted(own), Tried::Counted(all)) => {
                Tried::Counted(Counted { together: Some(Box::new(all)), ..own })
            }
            (Tried::Counted(_), Tried::Wait(seconds)) => Tried::Wait(seconds),
            // It became blocked since we looked.
            (Tried::Wait(seconds), Tried::Counted(all)) => {
                let settled = Settled { taken_back: vec![all.whose], ..Settled::default() };
                self.store.settle_tries(&settled, self.now).await?;
                Tried::Wait(seconds)
            }
            (Tried::Wait(seconds), Tried::Wait(_)) => Tried::Wait(seconds),
        })
    }
}

impl Counted {
    /// What a right try settles: the shared count is reduced by this try, and the own count is reset.
    #[must_use]
    pub fn settled(&self) -> Settled {
        Settled {
            taken_back: self.together.iter().map(|all| all.whose).collect(),
            forgiven: vec![self.whose],
        }
    }

    /// Whether another try is allowed at once.
    fn is_open(&self) -> bool {
        self.wrong < self.closed_at
    }

    /// How many more tries are allowed.
    #[must_use]
    pub fn left(&self) -> u64 {
        u64::try_from(self.closed_at - self.wrong).unwrap_or_default()
    }
}

/// Replaces a count by what `next` makes of it; retried after a concurrent change. `next`, or too much contention, may
/// return a number of seconds to wait instead.
async fn count(
    store: &Store,
    whose: [u8; 32],
    (now, longest): (Timestamp, Duration),
    next: impl Fn(Option<Tries>) -> Result<Tries, u64>,
) -> Result<Result<Tries, u64>, StoreError> {
    for _ in 0..RACES {
        let before = store.tries(&whose).await?;
        let after = match next(before.and_then(|before| credible(before, now, longest))) {
            Ok(after) => after,
            Err(seconds) => return Ok(Err(seconds)),
        };
        if store.count_try(&whose, before, after).await? {
            return Ok(Ok(after));
        }
    }
    Ok(Err(1))
}

/// The count that a row says, if it can be one: no try waits for longer than `longest`, and nothing is counted more often than
/// [`MOST_WRONG`]. Anything else was not counted here.
fn credible(tries: Tries, now: Timestamp, longest: Duration) -> Option<Tries> {
    let ahead = longest.saturating_add(OTHER_CLOCKS);
    noted(tries.open_at.max(tries.last_at), now, ahead)?;
    Some(Tries { wrong: tries.wrong.clamp(0, MOST_WRONG), ..tries })
}

/// Seconds until the next try is allowed, if it is not allowed now; none waits for longer than `longest`.
fn waits(tries: Option<Tries>, now: Timestamp, longest: Duration) -> Option<u64> {
    let open_at = credible(tries?, now, longest)?.open_at;
    (open_at > now).then(|| open_at.since(now).as_secs().max(1))
}

/// Where a client's wrong passwords are counted, and with which limits.
struct Counter {
    tag: [u8; 32],
    free: i64,
    longest: Duration,
}

/// The client itself; for IPv6, whose providers assign whole /56 and /48, those as well.
fn counters(tags: &TagKey, from: IpAddr) -> Vec<Counter> {
    let octets = match from {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let tag = |kind, octets: &[u8]| tags.count_tag(kind, octets);
    let mut counters = vec![Counter { tag: tag("client", &octets), free: FREE_AT_CLIENT, longest: MAX_WAIT }];
    if octets.len() == 16 {
        for (length, free, longest) in WIDER {
            if let Some(prefix) = octets.get(..length) {
                counters.push(Counter { tag: tag("network", prefix), free, longest });
            }
        }
    }
    counters
}

/// What is left of a count after a time without a wrong password, plus one.
fn faded(before: Option<Tries>, now: Timestamp, fade: Duration) -> i64 {
    before.map_or(0, |before| {
        let quiet = now.since(before.last_at.max(before.open_at));
        let halvings = u32::try_from(quiet.as_secs() / fade.as_secs()).unwrap_or(u32::MAX);
        before.wrong.checked_shr(halvings).unwrap_or(0)
    }) + 1
}

fn remembered(wrong: i64, now: Timestamp, wait: Duration, long: Duration) -> Tries {
    let open_at = now.plus(wait);
    Tries { wrong, last_at: now, open_at, forget_at: open_at.plus(long) }
}

fn doubled(first: Duration, times: i64, longest: Duration) -> Duration {
    let times = u32::try_from(times).unwrap_or(0).min(16);
    first.saturating_mul(1 << times).min(longest.max(first))
}

fn one_more_from_client(before: Option<Tries>, now: Timestamp, at: &Counter) -> Tries {
    let wrong = faded(before, now, FADE);
    let wait = match wrong - at.free {
        ..0 => Duration::ZERO,
        over => doubled(FIRST_WAIT, over, at.longest),
    };
    remembered(wrong, now, wait, REMEMBERED)
}

fn one_more_answer(before: Option<Tries>, now: Timestamp, most: i64) -> Tries {
    let wrong = faded(before, now, ANSWERS_FADE);
    let wait = match wrong - most {
        ..0 => Duration::ZERO,
        over => doubled(FIRST_CLOSING, over.saturating_mul(2), MAX_CLOSING),
    };
    remembered(wrong, now, wait, ANSWERS_FADE * 4)
}

fn one_more_together(before: Option<Tries>, now: Timestamp, most: u32, locks: &LockRules) -> Tries {
    let wrong = faded(before, now, FADE);
    let wait = match wrong - i64::from(most) {
        ..0 => Duration::ZERO,
        over => doubled(locks.first, over, MAX_LOCK),
    };
    remembered(wrong, now, wait, REMEMBERED)
}

fn one_more(before: Option<Tries>, now: Timestamp, locks: &LockRules) -> Tries {
    let wrong = faded(before, now, FADE);
    let locked_at = i64::from(locks.passwords);
    let wait = if wrong >= locked_at {
        doubled(locks.first, wrong - locked_at, MAX_LOCK)
    } else if wrong >= FREE {
        doubled(FIRST_WAIT, wrong - FREE, MAX_WAIT)
    } else {
        Duration::ZERO
    };
    remembered(wrong, now, wait, REMEMBERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waits after each of `many` wrong passwords, tried as soon as allowed.
    fn waits(many: usize, locks: &LockRules) -> Vec<u64> {
        let (mut now, mut last) = (Timestamp(1_000_000), None);
        let mut waits = Vec::new();
        for _ in 0..many {
            let next = one_more(last, now, locks);
            waits.push(next.open_at.since(now).as_secs());
            now = next.open_at;
            last = Some(next);
        }
        waits
    }

    #[test]
    fn the_wait_grows_until_the_way_is_closed_and_never_beyond_an_hour() {
        let grown = waits(14, &LockRules::default());
        assert_eq!(grown, [0, 0, 5, 10, 20, 40, 80, 160, 320, 900, 1800, 3600, 3600, 3600]);
        let day = LockRules { first: Duration::from_secs(86_400), passwords: 1, ..LockRules::default() };
        assert_eq!(waits(3, &day), [86_400; 3]);
    }

    #[test]
    fn wrong_answers_close_that_way_for_longer_each_time_and_fade() {
        let (mut now, mut last, mut waits) = (Timestamp(1_000_000), None, Vec::new());
        for _ in 0..10 {
            let next = one_more_answer(last, now, 5);
            waits.push(next.open_at.since(now).as_secs() / 3600);
            now = next.open_at;
            last = Some(next);
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 4, 16, 64, 168, 168]);
        let rested = one_more_answer(last, now.plus(ANSWERS_FADE * 2), 5);
        assert_eq!((rested.wrong, rested.open_at), (3, rested.last_at), "a quarter of ten, and one more");
    }

    #[test]
    fn wider_networks_stand_more_and_wait_less() {
        let place = |free, longest| Counter { tag: [0; 32], free, longest };
        let last_wait = |at: &Counter, many| {
            let (mut now, mut last) = (Timestamp(1_000_000), None);
            for _ in 0..many {
                let next = one_more_from_client(last, now, at);
                now = next.open_at;
                last = Some(next);
            }
            last.map_or(0, |last: Tries| last.open_at.since(last.last_at).as_secs())
        };
        assert_eq!(last_wait(&place(FREE_AT_CLIENT, MAX_WAIT), 60), 900);
        let [_, (_, free, longest)] = WIDER;
        assert_eq!(last_wait(&place(free, longest), 199), 0);
        assert_eq!(last_wait(&place(free, longest), 300), 60);
    }

    #[test]
    fn a_row_that_nobody_counted_keeps_nobody_waiting() {
        let (locks, now) = (LockRules::default(), Timestamp(1_000_000));
        let row = |wrong, last_at, open_at| Tries { wrong, last_at, open_at, forget_at: Timestamp(i64::MAX) };
        let far = now.plus(MAX_LOCK * 3);
        for forged in [row(3, now, far), row(3, far, now), row(i64::MAX, far, Timestamp(i64::MAX))] {
            assert_eq!(super::waits(Some(forged), now, locks.longest()), None, "{forged:?}");
            assert!(credible(forged, now, locks.longest()).is_none(), "{forged:?}");
        }
        for (forged, counts) in [(i64::MAX, MOST_WRONG), (i64::MIN, 0), (-1, 0)] {
            let read = credible(row(forged, now, now), now, locks.longest()).unwrap();
            assert_eq!(read.wrong, counts);
            let next = one_more(Some(read), now, &locks);
            assert!(next.open_at <= now.plus(MAX_LOCK), "{forged}");
        }
        // As long as one of ours.
        let ours = row(12, now, now.plus(MAX_LOCK));
        assert_eq!(super::waits(Some(ours), now, locks.longest()), Some(3600));
    }

    #[test]
    fn time_heals() {
        let (locks, start) = (LockRules::default(), Timestamp(1_000_000));
        let closed = remembered(12, start, FADE, REMEMBERED);
        let after = |hours: u32| one_more(Some(closed), closed.open_at.plus(FADE * hours), &locks).wrong;
        assert_eq!([0, 1, 2, 3, 4, 400].map(after), [13, 7, 4, 2, 1, 1]);
        // Five a day, for ever, never block the way in.
        let (mut now, mut last) = (start, None);
        for _ in 0..1000 {
            now = now.plus(Duration::from_secs(86_400 / 5));
            let next = one_more(last, now, &locks);
            assert!(next.wrong < 3);
            last = Some(next);
        }
    }
}
