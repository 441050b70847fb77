//! Checks on which days and at which hours owners and senders get notices. Sends nothing.

use sealpost_jobs::{Hours, NotifyTimes};
use sealpost_mail::{Term, Timestamp, Zone};
use sealpost_mailbox::Paces;
use sealpost_store::Unread;
use toml::Spanned;

use crate::config::file::{Config, Source};

pub(super) fn plan(config: &Config, source: &mut Source) -> NotifyTimes {
    let (reminders, senders) = (&config.reminders, &config.senders);
    let terms = |ladder: &[Spanned<Term>]| ladder.iter().map(|rung| *rung.get_ref()).collect();
    let hours = hours(reminders.hours.get_ref()).unwrap_or_else(|| {
        source.at(
            reminders.hours.span().start,
            format!("{:?} are no hours of a day", reminders.hours.get_ref()),
            "write them like \"08:00-18:00\", the earlier one first",
        );
        NotifyTimes::default().hours
    });
    within(&reminders.unactivated, config.portal.activation_within, "letter", source);
    if let Some(kept) = &config.retention.letters {
        within(&reminders.unread, *kept.get_ref(), "letter", source);
    }
    if let (Some(unfetched), Some(kept)) = (&senders.unfetched, &config.retention.letters) {
        // The longest that a letter can stay unopened.
        within(
            std::slice::from_ref(unfetched),
            longer(*kept.get_ref(), config.portal.activation_within),
            "letter",
            source,
        );
    }
    if let Some(kept) = &config.retention.mailbox {
        within(&reminders.mailbox, *kept.get_ref(), "mailbox", source);
    }
    NotifyTimes {
        unactivated: terms(&reminders.unactivated),
        unread: terms(&reminders.unread),
        mailbox: terms(&reminders.mailbox),
        hours,
        hard_bounces: reminders.hard_bounces,
        unfetched: senders.unfetched.as_ref().map(|term| *term.get_ref()),
        gone_unread: gone_unread(config),
        keys_to: config.partners.warnings_to.clone(),
        paces: Paces { in_use: config.notices.pace.into(), pending: config.notices.pending_pace.into() },
    }
}

/// Whether senders are told of letters that went unread, however those were deleted.
pub(super) fn gone_unread(config: &Config) -> Unread {
    if config.senders.expired_unread { Unread::KeptForSenders } else { Unread::Forgotten }
}

/// The longer of two terms.
fn longer(one: Term, other: Term) -> Term {
    let (zone, from) = (Zone::utc(), Timestamp(1_769_947_200_000));
    if zone.end(from, one) >= zone.end(from, other) { one } else { other }
}

/// A reminder must come before the end, or it is never sent.
fn within(ladder: &[Spanned<Term>], kept: Term, what: &str, source: &mut Source) {
    // 2026-02-01T12:00:00Z, in the shortest month of a common year.
    let (zone, from) = (Zone::utc(), Timestamp(1_769_947_200_000));
    for rung in ladder {
        if rung.get_ref().is_short() || zone.end(from, *rung.get_ref()) >= zone.end(from, kept) {
            source.at(
                rung.span().start,
                format!("the {what} has gone by then, or has just come"),
                "give days between the first and the last one it is kept",
            );
        }
    }
}

/// `HH:MM-HH:MM`.
fn hours(text: &str) -> Option<Hours> {
    let minutes = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60 || (hour, minute) == (24, 0)).then_some(hour * 60 + minute)
    };
    let (from, to) = text.split_once('-')?;
    let hours = Hours { from: minutes(from)?, to: minutes(to)? };
    (hours.from < hours.to).then_some(hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_clocks_show_them() {
        assert_eq!(hours("08:00-18:30"), Some(Hours { from: 480, to: 1110 }));
        for bad in ["", "8-18", "18:00-08:00", "08:00", "24:00-25:00", "08:61-18:00", "08:00-08:00"] {
            assert_eq!(hours(bad), None, "{bad}");
        }
    }
}
