//! When owners, senders and the operator get scheduled mail. Sends nothing.

use sealpost_mail::{Address, Term, Timestamp, Zone};
use sealpost_mailbox::Paces;
use sealpost_store::{Pace, Unread};

/// A range of minutes since midnight, end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// First minute.
    pub from: u16,
    /// The minute after the last one.
    pub to: u16,
}

/// Settings for scheduled mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyTimes {
    /// Times after a letter arrived in a mailbox that is not activated.
    pub unactivated: Vec<Term>,
    /// Times before an unread letter expires.
    pub unread: Vec<Term>,
    /// Times before a mailbox is deleted.
    pub mailbox: Vec<Term>,
    /// Hours in which mail is sent.
    pub hours: Hours,
    /// After this many permanent bounces nothing more is sent; 0: always send.
    pub hard_bounces: u32,
    /// After this long a sender is told that a letter is not being fetched.
    pub unfetched: Option<Term>,
    /// Whether a sender is told that a letter went unread.
    pub gone_unread: Unread,
    /// Who is warned of expiring keys for partners; `None`: only the log.
    pub keys_to: Option<Address>,
    /// How often owners get notices of new letters.
    pub paces: Paces,
}

impl Default for NotifyTimes {
    fn default() -> Self {
        Self {
            unactivated: Vec::new(),
            unread: Vec::new(),
            mailbox: Vec::new(),
            hours: Hours { from: 8 * 60, to: 18 * 60 },
            hard_bounces: 3,
            unfetched: None,
            gone_unread: Unread::Forgotten,
            keys_to: None,
            paces: Paces { in_use: Pace::AtOnce, pending: Pace::AtOnce },
        }
    }
}

impl Hours {
    /// This many minutes after their beginning, but within them, however short they are.
    pub(crate) fn minute(&self, after: u16) -> u16 {
        self.from.saturating_add(after.min(self.to.saturating_sub(self.from) / 2))
    }
}

impl NotifyTimes {
    /// Whether scheduled mail is sent now: none is at night.
    #[must_use]
    pub fn is_awake(&self, zone: &Zone, now: Timestamp) -> bool {
        (self.hours.from..self.hours.to).contains(&zone.minute_of_day(now))
    }

    /// The number of bounces from which nothing more is sent.
    pub fn most_bounces(&self) -> u32 {
        if self.hard_bounces == 0 { u32::MAX } else { self.hard_bounces }
    }
}
