//! When owners, senders and the operator are told something by the clock. Sends nothing.

use sealpost_mail::{Address, Term, Timestamp, Zone};
use sealpost_mailbox::Paces;
use sealpost_store::{Pace, Unread};

/// Minutes since midnight, the last one not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first minute of the day.
    pub from: u16,
    /// The minute after the last one.
    pub to: u16,
}

/// When somebody is told something by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyTimes {
    /// After a letter came into a mailbox that nobody has activated.
    pub unactivated: Vec<Term>,
    /// Before an unread letter goes.
    pub unread: Vec<Term>,
    /// Before a mailbox goes.
    pub mailbox: Vec<Term>,
    /// When people are awake.
    pub hours: Hours,
    /// So many notices that came back are enough; 0: none is.
    pub hard_bounces: u32,
    /// After so long a sender hears that nobody fetches a letter.
    pub unfetched: Option<Term>,
    /// Whether a sender hears that a letter went unread.
    pub gone_unread: Unread,
    /// Who hears of keys for partners that end; nobody: the log alone says it.
    pub keys_to: Option<Address>,
    /// How often owners are told of new letters.
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
    /// So many minutes after their beginning, but within them, however short they are.
    pub(crate) fn minute(&self, after: u16) -> u16 {
        self.from.saturating_add(after.min(self.to.saturating_sub(self.from) / 2))
    }
}

impl NotifyTimes {
    /// Whether people are: at night nobody is told anything by the clock.
    #[must_use]
    pub fn is_awake(&self, zone: &Zone, now: Timestamp) -> bool {
        (self.hours.from..self.hours.to).contains(&zone.minute_of_day(now))
    }

    /// From how many on nothing more is sent.
    pub fn most_bounces(&self) -> u32 {
        if self.hard_bounces == 0 { u32::MAX } else { self.hard_bounces }
    }
}
