//! How often owners are told of new letters: what they have set, and what is noted of one that leaves. Knows no wording, and not
//! whether it is time.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::column_values::{ColumnWord, column_words};

column_words! {
    /// How often an owner is told of new letters at most.
    Pace {
        /// Of each letter, when it comes.
        AtOnce = "at-once",
        /// Once an hour.
        Hourly = "hourly",
        /// Once a day.
        Daily = "daily",
    }
}

impl Pace {
    /// From often to seldom.
    pub const CHOICES: [Self; 3] = [Self::AtOnce, Self::Hourly, Self::Daily];

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::CHOICES.into_iter().find(|pace| pace.as_str() == name)
    }

    /// Between two notices; none: each letter has its own.
    #[must_use]
    pub fn interval(self) -> Option<Duration> {
        match self {
            Self::AtOnce => None,
            Self::Hourly => Some(Duration::from_secs(60 * 60)),
            Self::Daily => Some(Duration::from_secs(24 * 60 * 60)),
        }
    }
}

/// That a notice of new letters leaves, once: together with the mail, or not at all.
#[derive(Clone, Debug)]
pub struct Announced {
    /// Whose mailbox.
    pub mailbox_id: String,
    /// When the last one left, as it was read.
    pub before: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
    /// Letters it speaks of that had waited for it.
    pub letters: Vec<String>,
}

/// A letter whose owner is told of it later, with others.
#[derive(Clone, Debug)]
pub struct Unannounced {
    /// The letter.
    pub deposit_id: String,
    /// Whose.
    pub mailbox_id: String,
}
