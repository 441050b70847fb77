//! Rate limits: what a sender or login has sent lately, counted by tag in time slots, and never more than
//! allowed. Who the tag belongs to, and what they are told, is decided elsewhere.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::counted_size::{MOST_COUNTED, counted, sum_of_sizes};
use crate::error::StoreError;
use crate::noted_time::{TOO_FAR, latest_noted};
use crate::stale_rows::{StaleRows, stale_rows};
use crate::statement::{Batch, Lock, Outcome, Refusal, Row, sql};
use crate::store::Store;

/// Everything sent within one slot stops counting at the same moment.
const SLOT: Duration = Duration::from_secs(5 * 60);
/// The shorter window.
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The limits; `i64::MAX` means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UseLimits {
    /// Letters per hour.
    pub letters_hour: i64,
    /// Letters per day.
    pub letters_day: i64,
    /// Recipients per hour.
    pub recipients_hour: i64,
    /// Recipients per day.
    pub recipients_day: i64,
}

impl UseLimits {
    /// For what is counted but never refused, or is limited in one way only.
    pub const UNLIMITED: Self = Self {
        letters_hour: i64::MAX,
        letters_day: i64::MAX,
        recipients_hour: i64::MAX,
        recipients_day: i64::MAX,
    };
}

/// One letter to be counted.
#[derive(Clone, Copy, Debug)]
pub struct NewUse {
    /// Tag of the sender or login.
    pub whose: [u8; 32],
    /// When it was sent.
    pub at: Timestamp,
    /// Number of recipients.
    pub recipients: i64,
    /// Refused if these limits would be exceeded.
    pub most: UseLimits,
}

/// What was sent within one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// When the slot begins.
    pub slot: Timestamp,
    /// Letters.
    pub letters: i64,
    /// Recipients.
    pub recipients: i64,
}

/// Whether one more letter may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Allowance {
    /// It may.
    Now,
    /// From this time on, if nothing else is sent before.
    From(Timestamp),
    /// Never: the letter alone exceeds the limit.
    Never,
}

impl UseLimits {
    /// Whether one more letter to `recipients` may be sent, after what was `used` (oldest first).
    pub fn allows(&self, used: &[Used], recipients: i64, now: Timestamp) -> Allowance {
        let letters: fn(&Used) -> i64 = |used| used.letters;
        let people: fn(&Used) -> i64 = |used| used.recipients;
        let mut from = now;
        for (window, most, wanted, count) in [
            (HOUR, self.letters_hour, 1, letters),
            (DAY, self.letters_day, 1, letters),
            (HOUR, self.recipients_hour, recipients, people),
            (DAY, self.recipients_day, recipients, people),
        ] {
            if wanted > most {
                return Allowance::Never;
            }
            let within = || used.iter().filter(|used| used.slot > slot_of(now).minus(window));
            let mut over = within().map(count).fold(wanted, i64::saturating_add).saturating_sub(most);
            for old in within() {
                if over <= 0 {
                    break;
                }
                over = over.saturating_sub(count(old));
                from = from.max(old.slot.plus(window));
            }
        }
        if from == now { Allowance::Now } else { Allowance::From(from) }
    }
}

fn slot_of(at: Timestamp) -> Timestamp {
    let slot = i64::try_from(SLOT.as_millis()).unwrap_or(i64::MAX);
    Timestamp(at.0.saturating_sub(at.0.rem_euclid(slot)))
}

impl NewUse {
    /// Checked in the transaction that counts: two letters at once cannot both use the last of a quota. A
    /// slot in the future was written before the clock was set back, and does not count.
    pub(crate) fn add_to(&self, batch: &mut Batch) {
        let slot = slot_of(self.at);
        batch.hold(Lock::Use(self.whose));
        batch.add(
            sql!(
                concat!(
                    "INSERT INTO sent_lately (whose, slot, letters, recipients)
                     SELECT ?1, ?2, 1, ?3
                     FROM (SELECT
                             coalesce(sum(CASE WHEN slot > ?4 THEN letters ELSE 0 END), 0) AS letters_hour,
                             coalesce(sum(letters), 0) AS letters_day,
                             coalesce(sum(CASE WHEN slot > ?4 THEN recipients ELSE 0 END), 0) AS recipients_hour,
                             coalesce(sum(recipients), 0) AS recipients_day
                           FROM (SELECT slot, ",
                    counted!("letters"),
                    " AS letters, ",
                    counted!("recipients"),
                    " AS recipients
                           FROM sent_lately WHERE whose = ?1 AND slot > ?5 AND slot <= ?2) AS lately) AS used
                     WHERE letters_hour < ?6 AND letters_day < ?7
                       AND recipients_hour + ?3 <= ?8 AND recipients_day + ?3 <= ?9
                     ON CONFLICT (whose, slot) DO UPDATE SET
                       letters = ",
                    counted!("sent_lately.letters"),
                    " + 1, recipients = ",
                    counted!("sent_lately.recipients"),
                    " + excluded.recipients"
                ),
                &self.whose,
                slot,
                self.recipients,
                slot.minus(HOUR),
                slot.minus(DAY),
                self.most.letters_hour,
                self.most.letters_day,
                self.most.recipients_hour,
                self.most.recipients_day
            )
            .or_refuse(Refusal::TooMany),
        );
    }
}

/// Slots that no longer count.
pub(crate) fn old_uses(now: Timestamp) -> StaleRows {
    stale_rows!(
        Uses,
        "FROM sent_lately WHERE slot < ?1 OR slot > ?2",
        slot_of(now).minus(DAY),
        latest_noted(now, TOO_FAR)
    )
}

/// Whether there was enough quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Spent {
    /// All uses were counted.
    Taken,
    /// One of them exceeded its limit, and none was counted.
    TooMany,
}

impl Store {
    /// Counts these uses, all or none.
    pub async fn spend(&self, uses: &[NewUse]) -> Result<Spent, StoreError> {
        let mut batch = Batch::default();
        uses.iter().for_each(|one| one.add_to(&mut batch));
        match self.write(batch).await? {
            Outcome::Kept(_) => Ok(Spent::Taken),
            Outcome::Refused(_) => Ok(Spent::TooMany),
        }
    }

    /// What was sent within the last day, oldest first.
    pub async fn used_lately(&self, whose: &[u8; 32], now: Timestamp) -> Result<Vec<Used>, StoreError> {
        let question = sql!(
            "SELECT slot, letters, recipients FROM sent_lately
             WHERE whose = ?1 AND slot > ?2 AND slot <= ?3 ORDER BY slot",
            whose,
            slot_of(now).minus(DAY),
            now
        );
        let rows = self.read(vec![question]).await?.into_iter().flatten();
        let count = |row: &mut Row| row.int().map(|count| count.clamp(0, MOST_COUNTED));
        rows.map(|mut row| {
            Ok(Used { slot: row.time()?, letters: count(&mut row)?, recipients: count(&mut row)? })
        })
        .collect()
    }

    /// The size of all letters in a mailbox in bytes, including those in the trash.
    pub async fn held_by(&self, mailbox_id: &str) -> Result<u64, StoreError> {
        let question = sql!(
            concat!("SELECT ", sum_of_sizes!("size"), " FROM deposits WHERE mailbox_id = ?1"),
            mailbox_id
        );
        self.read_one(question).await?.map_or(Ok(0), |mut row| row.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_ENTRIES: UseLimits =
        UseLimits { letters_hour: 2, letters_day: 3, recipients_hour: 10, recipients_day: 20 };

    fn minutes(n: u64) -> Timestamp {
        Timestamp(1_795_280_400_000).plus(Duration::from_secs(n * 60))
    }

    fn used(at: u64, letters: i64, recipients: i64) -> Used {
        Used { slot: minutes(at), letters, recipients }
    }

    #[test]
    fn it_is_said_when_there_is_room_again() {
        assert_eq!(MAX_ENTRIES.allows(&[], 1, minutes(0)), Allowance::Now);
        assert_eq!(MAX_ENTRIES.allows(&[used(0, 1, 1)], 1, minutes(7)), Allowance::Now);
        let two = [used(0, 1, 1), used(10, 1, 1)];
        assert_eq!(MAX_ENTRIES.allows(&two, 1, minutes(12)), Allowance::From(minutes(60)));
        assert_eq!(MAX_ENTRIES.allows(&two, 1, minutes(60)), Allowance::Now);
        let three = [used(0, 1, 1), used(10, 1, 1), used(70, 1, 1)];
        assert_eq!(MAX_ENTRIES.allows(&three, 1, minutes(80)), Allowance::From(minutes(24 * 60)));
        // Recipients as well, and the later of both.
        assert_eq!(MAX_ENTRIES.allows(&[used(0, 1, 9)], 2, minutes(1)), Allowance::From(minutes(60)));
        assert_eq!(
            MAX_ENTRIES.allows(&[used(0, 1, 9), used(65, 1, 10)], 2, minutes(70)),
            Allowance::From(minutes(1440))
        );
        assert_eq!(MAX_ENTRIES.allows(&[], 11, minutes(0)), Allowance::Never);
        let none = UseLimits {
            letters_hour: i64::MAX,
            letters_day: i64::MAX,
            recipients_hour: i64::MAX,
            recipients_day: i64::MAX,
        };
        assert_eq!(none.allows(&[used(0, i64::MAX, i64::MAX)], 1000, minutes(1)), Allowance::Now);
    }
}
