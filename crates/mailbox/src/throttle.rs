//! What wrong passwords and answers mean: the way in is closed for a while, the next try must wait, longer each time, and
//! time heals. Counted by tag of the address, whether or not it has a mailbox; a browser that is known counts for itself,
//! so that strangers cannot shut an owner out. What comes from one network is counted together as well, so that nobody
//! tries one password on many mailboxes. Knows no password and no page.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::try_join;
use sealpost_mail::Timestamp;
use sealpost_store::{Settled, Store, StoreError, Tries};
use sealpost_vault::TagKey;

/// How many wrong tries a mailbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockRules {
    /// From so many wrong passwords on the log-in is closed for browsers nobody knows,
    pub passwords: u32,
    /// for so long the first time; each further one doubles it, up to an hour.
    pub first: Duration,
    /// After so many wrong answers the way by the answer is closed.
    pub answers: u32,
}

impl Default for LockRules {
    fn default() -> Self {
        Self { passwords: 10, first: Duration::from_secs(15 * 60), answers: 5 }
    }
}

/// Wrong passwords before waiting begins.
const FREE: i64 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// Wrong passwords from one network before waiting begins there: an office has many who mistype.
const FREE_AT_CLIENT: i64 = 20;
/// The limit for all known browsers of one mailbox together, as a multiple of the limit for one.
const TOGETHER: u32 = 10;
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);
/// The longest the way in is closed, unless the operator's first time is longer: 24 guesses a day are no
/// attack on a password, and more hours would only be one on its owner.
const MAX_LOCK: Duration = Duration::from_secs(60 * 60);
/// Each such time without a wrong password halves the count.
const FADE: Duration = Duration::from_secs(60 * 60);
/// A network within wider ones of the same provider: wrong passwords there before waiting begins, and the longest
/// wait. The wider, the more innocent people are in it.
const WIDER: [(usize, i64, Duration); 2] =
    [(7, 60, Duration::from_secs(5 * 60)), (6, 200, Duration::from_secs(60))];
/// Wrong answers close that way so long the first time, four times as long the next,
const FIRST_CLOSING: Duration = Duration::from_secs(60 * 60);
/// and never longer than this: an answer is easier to guess than a password, and its owner has another way in.
const MAX_CLOSING: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Each such time without a wrong answer halves the count.
const ANSWERS_FADE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// So long after the last one nobody needs the count.
const REMEMBERED: Duration = Duration::from_secs(6 * 60 * 60);
/// Between two mails that somebody without a link asked for.
const REMINDERS: Duration = Duration::from_secs(60 * 60);
/// How often a count is tried again that somebody else changed meanwhile.
const RACES: usize = 8;

/// Counts tries at one moment.
#[derive(Clone, Copy)]
pub struct Throttle<'a> {
    /// Where the counts are.
    pub store: &'a Store,
    /// Says under which tag something counts.
    pub tags: &'a TagKey,
    /// What the operator allows.
    pub locks: LockRules,
    /// The present moment.
    pub now: Timestamp,
}

/// A try that has been counted as wrong, before anybody looked at the password: parallel ones cannot slip by.
#[derive(Debug)]
#[must_use]
pub struct Counted {
    whose: [u8; 32],
    wrong: i64,
    open_at: Timestamp,
    /// The way is closed from so many on.
    closed_at: i64,
    /// The same for all known browsers of a mailbox, if it was one.
    together: Option<Box<Counted>>,
}

/// Whether a password may be tried now.
#[derive(Debug)]
#[must_use]
pub enum Tried {
    /// The attempt may go on, and is counted.
    Counted(Counted),
    /// Not before so many seconds.
    Wait(u64),
}

impl Throttle<'_> {
    /// Counts a try at a password, if one is allowed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn password(&self, whose: [u8; 32]) -> Result<Tried, StoreError> {
        let locks = self.locks;
        self.one(whose, locks.passwords, |before, now| one_more(before, now, &locks)).await
    }

    /// Counts a try at the password of that address's mailbox, if one is allowed. A browser that is known counts for itself,
    /// and with all others that are: whoever has many of their cookies has no more tries.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn password_of(&self, tag: &[u8; 32], whose: [u8; 32]) -> Result<Tried, StoreError> {
        let locks = self.locks;
        let (all, most) = (self.tags.count_tag("devices", tag), locks.passwords.saturating_mul(TOGETHER));
        if whose == *tag {
            return self.password(whose).await;
        }
        let one_more_of_all = |before, now| one_more_together(before, now, most, &locks);
        self.with_all(whose, self.password(whose), self.one(all, most, one_more_of_all)).await
    }

    /// Counts a try at an answer, if one is allowed; in the same way.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn answer(&self, tag: &[u8; 32], whose: [u8; 32]) -> Result<Tried, StoreError> {
        let most = self.locks.answers;
        let own = self.one(whose, most, |before, now| one_more_answer(before, now, i64::from(most)));
        if whose == self.tags.count_tag("answer", tag) {
            return own.await;
        }
        let all = self.tags.count_tag("answer", &self.tags.count_tag("devices", tag));
        let together = most.saturating_mul(TOGETHER);
        let one_more_of_all = |before, now| one_more_answer(before, now, i64::from(together));
        self.with_all(whose, own, self.one(all, together, one_more_of_all)).await
    }

    /// Whether nothing may be tried under this tag now.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_closed(&self, whose: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(waits(self.store.tries(whose).await?, self.now).is_some())
    }

    /// How many seconds a network has to wait before anything is tried from there again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn network_waits(&self, from: IpAddr) -> Result<Option<u64>, StoreError> {
        let mut longest = None;
        for at in counters(self.tags, from) {
            longest = longest.max(waits(self.store.tries(&at.tag).await?, self.now));
        }
        Ok(longest)
    }

    /// Counts a wrong password from a network. A right one forgives nothing here: an attacker may own a mailbox.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn wrong_from(&self, from: IpAddr) -> Result<(), StoreError> {
        let now = self.now;
        for at in counters(self.tags, from) {
            let counted = count(self.store, at.tag, |before| Ok(one_more_from_client(before, now, &at)));
            counted.await.map(drop)?;
        }
        Ok(())
    }

    /// Whether a mailbox that waits may be reminded now; says yes once an hour.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn may_remind(&self, mailbox_id: &str) -> Result<bool, StoreError> {
        let now = self.now;
        let whose = self.tags.count_tag("reminder", mailbox_id.as_bytes());
        let counted = count(self.store, whose, |before| match waits(before, now) {
            Some(seconds) => Err(seconds),
            None => Ok(remembered(1, now, REMINDERS, REMEMBERED)),
        });
        Ok(counted.await?.is_ok())
    }

    /// Forgets the wrong passwords of a tag.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn forgive(&self, whose: &[u8; 32]) -> Result<(), StoreError> {
        self.store.forgive_tries(whose).await
    }

    /// What was tried was right.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn right(&self, counted: Counted) -> Result<(), StoreError> {
        self.store.settle_tries(&counted.settled(), self.now).await
    }

    /// What was tried was wrong. When the way in opens again, if it is closed now and its owner has not been told
    /// today. Does the same work whether or not there is an owner. `closing`: the store, noting that the way in is closed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn wrong(&self, counted: Counted, closing: &Store) -> Result<Option<Timestamp>, StoreError> {
        let all = counted.together.as_deref();
        let closed = [Some(&counted), all].into_iter().flatten().find(|count| !count.is_open());
        let Some(closed) = closed else { return Ok(None) };
        // One mail a day about all browsers that are known, however many there are.
        let told = closing.tell_of_tries(&all.unwrap_or(&counted).whose, self.now).await?;
        Ok(told.then_some(closed.open_at))
    }

    async fn one(
        &self,
        whose: [u8; 32],
        closed_at: u32,
        next: impl Fn(Option<Tries>, Timestamp) -> Tries,
    ) -> Result<Tried, StoreError> {
        let now = self.now;
        let counted = count(self.store, whose, |before| match waits(before, now) {
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

    /// Counts a try for one known browser and for all of them, in one commit. Who has to wait counts for nobody else: one
    /// browser that goes on trying must not close the way in for the others.
    async fn with_all(
        &self,
        whose: [u8; 32],
        own: impl Future<Output = Result<Tried, StoreError>>,
        all: impl Future<Output = Result<Tried, StoreError>>,
    ) -> Result<Tried, StoreError> {
        if let Some(seconds) = waits(self.store.tries(&whose).await?, self.now) {
            return Ok(Tried::Wait(seconds));
        }
        Ok(match try_join(own, all).await? {
            (Tried::Counted(own), Tried::Counted(all)) => {
                Tried::Counted(Counted { together: Some(Box::new(all)), ..own })
            }
            (Tried::Counted(_), Tried::Wait(seconds)) => Tried::Wait(seconds),
            // It had to wait since we looked.
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
    /// What a right one settles: the try is taken back where many are counted together, and the own count begins anew.
    #[must_use]
    pub fn settled(&self) -> Settled {
        Settled {
            taken_back: self.together.iter().map(|all| all.whose).collect(),
            forgiven: vec![self.whose],
        }
    }

    /// Whether there may be a next try at once.
    fn is_open(&self) -> bool {
        self.wrong < self.closed_at
    }

    /// How many more there may be.
    #[must_use]
    pub fn left(&self) -> u64 {
        u64::try_from(self.closed_at - self.wrong).unwrap_or_default()
    }
}

/// Puts what `next` makes of a count in its place; again, if somebody else was quicker. `next`, or too much of a
/// crowd, may say instead how many seconds to wait.
async fn count(
    store: &Store,
    whose: [u8; 32],
    next: impl Fn(Option<Tries>) -> Result<Tries, u64>,
) -> Result<Result<Tries, u64>, StoreError> {
    for _ in 0..RACES {
        let before = store.tries(&whose).await?;
        let after = match next(before) {
            Ok(after) => after,
            Err(seconds) => return Ok(Err(seconds)),
        };
        if store.count_try(&whose, before, after).await? {
            return Ok(Ok(after));
        }
    }
    Ok(Err(1))
}

/// Seconds until the next try is allowed, if it is not allowed now.
fn waits(tries: Option<Tries>, now: Timestamp) -> Option<u64> {
    let open_at = tries?.open_at;
    (open_at > now).then(|| open_at.since(now).as_secs().max(1))
}

/// Where a client's wrong passwords count, and how.
struct Counter {
    tag: [u8; 32],
    free: i64,
    longest: Duration,
}

/// The client itself; for IPv6, whose providers give whole /56 and /48 away, these as well.
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

/// What is left of a count after a time without a wrong password, and one more.
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
    fn time_heals() {
        let (locks, start) = (LockRules::default(), Timestamp(1_000_000));
        let closed = remembered(12, start, FADE, REMEMBERED);
        let after = |hours: u32| one_more(Some(closed), closed.open_at.plus(FADE * hours), &locks).wrong;
        assert_eq!([0, 1, 2, 3, 4, 400].map(after), [13, 7, 4, 2, 1, 1]);
        // Five a day, for ever, never close the way.
        let (mut now, mut last) = (start, None);
        for _ in 0..1000 {
            now = now.plus(Duration::from_secs(86_400 / 5));
            let next = one_more(last, now, &locks);
            assert!(next.wrong < 3);
            last = Some(next);
        }
    }
}
