//! How much may be sent and kept, with defaults. Counts nothing.

use sealpost_arrival::{MostReports, Quotas};
use sealpost_store::UseLimits;

use crate::config::file::{self as config, Config, Source};

/// Defaults: letters per hour and day, recipients per hour and day.
struct Usual([u32; 4]);

/// A person who writes a lot.
const WRITING: Usual = Usual([30, 100, 100, 300]);
/// An insurer's machine sends as many as it has customers.
const SENDER: Usual = Usual([0, 0, 0, 0]);
/// An insurer's mail server; a spammer with its password would send this in minutes.
const LOGIN: Usual = Usual([10_000, 100_000, 20_000, 200_000]);

pub(super) fn plan(config: &Config, source: &mut Source) -> Quotas {
    let size = &config.portal.mailbox_size;
    let bytes = size.get_ref().0;
    let largest = config.listeners.iter().map(|listener| listener.max_size.0).max().unwrap_or(0);
    if bytes > 0 && bytes < largest {
        source.at(
            size.span().start,
            "a mailbox would be too small for the largest letter (max-size)",
            "raise mailbox-size, lower max-size, or write \"0 B\" for no limit",
        );
    }
    Quotas {
        writing: most(&config.portal.write.quota, &WRITING),
        sender: most(&config.limits.sender, &SENDER),
        login: most(&config.limits.login, &LOGIN),
        mailbox: (bytes > 0).then_some(bytes),
        reports: reports(config.limits.reports),
    }
}

fn reports(said: config::Reports) -> MostReports {
    let usual = MostReports::default();
    let one = |said: Option<u32>, usual| match said {
        None => usual,
        Some(0) => i64::MAX,
        Some(most) => i64::from(most),
    };
    MostReports {
        address: one(said.per_address, usual.address),
        domain: one(said.per_domain, usual.domain),
        all: one(said.per_day, usual.all),
    }
}

/// `None`: no limit at all, and nothing is counted.
fn most(said: &config::Quota, usual: &Usual) -> Option<UseLimits> {
    let Usual([letters_hour, letters_day, recipients_hour, recipients_day]) = usual;
    let one = |said: Option<u32>, usual: &u32| match said.unwrap_or(*usual) {
        0 => i64::MAX,
        most => i64::from(most),
    };
    let most = UseLimits {
        letters_hour: one(said.letters_per_hour, letters_hour),
        letters_day: one(said.letters_per_day, letters_day),
        recipients_hour: one(said.recipients_per_hour, recipients_hour),
        recipients_day: one(said.recipients_per_day, recipients_day),
    };
    let all = [most.letters_hour, most.letters_day, most.recipients_hour, most.recipients_day];
    all.iter().any(|most| *most != i64::MAX).then_some(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_usual_and_nought_is_no_limit() {
        let said = config::Quota {
            letters_per_hour: Some(5),
            recipients_per_day: Some(0),
            ..config::Quota::default()
        };
        let most = most(&said, &WRITING).unwrap();
        assert_eq!((most.letters_hour, most.letters_day), (5, 100));
        assert_eq!((most.recipients_hour, most.recipients_day), (100, i64::MAX));
        assert!(super::most(&config::Quota::default(), &SENDER).is_none());
    }
}
