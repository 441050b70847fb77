//! How often owners want notices of new letters, and what is recorded when one is sent. Knows no wording, and
//! not when a notice is due.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::column_values::{ColumnWord, column_words};

column_words! {
    /// How often an owner gets notices of new letters at most.
    Pace {
        /// One per letter, when it arrives.
        AtOnce = "at-once",
        /// Once an hour.
        Hourly = "hourly",
        /// Once a day.
        Daily = "daily",
    }
}

impl Pace {
    /// From most to least frequent.
    pub const CHOICES: [Self; 3] = [Self::AtOnce, Self::Hourly, Self::Daily];

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::CHOICES.into_iter().find(|pace| pace.as_str() == name)
    }

    /// Time between two notices; `None`: each letter has its own.
    #[must_use]
    pub fn interval(self) -> Option<Duration> {
        match self {
            Self::AtOnce => None,
            Self::Hourly => Some(Duration::from_secs(60 * 60)),
            Self::Daily => Some(Duration::from_secs(24 * 60 * 60)),
        }
    }
}

/// Records that a notice of new letters is sent, in the transaction that queues the mail.
#[derive(Clone, Debug)]
pub struct Announced {
    /// The mailbox.
    pub mailbox_id: String,
    /// When the previous one was sent, as read.
    pub before: Option<Timestamp>,
    /// When this one is sent.
    pub at: Timestamp,
    /// Letters it covers that had waited for it.
    pub letters: Vec<String>,
}

/// A letter whose owner gets a collected notice later.
#[derive(Clone, Debug)]
pub struct Unannounced {
    /// The letter's deposit id.
    pub deposit_id: String,
    /// The mailbox it belongs to.
    pub mailbox_id: String,
}
