//! Checks `[security-txt]` for the portal against RFC 9116. Needs today's date, because an expired file is
//! not served.

use sealpost_mail::{Clock as _, SystemClock, Timestamp};
use sealpost_portal::SecurityContact;

use crate::config::file::{Config, Source};

/// A file that expires within these days is reported in time.
const SOON: i64 = 30 * DAY;
/// RFC 9116 §2.5.5: less than a year is recommended.
const LONG: i64 = 400 * DAY;
const DAY: i64 = 86_400_000;

pub(super) fn plan(config: &Config, source: &mut Source) -> Option<SecurityContact> {
    let security = config.security_txt.as_ref()?;
    let contacts = security.contact.get_ref();
    let uri = |text: &str, schemes: &[&str]| {
        let has = schemes.iter().any(|scheme| text.starts_with(scheme) && text.len() > scheme.len());
        has && text.chars().all(|c| c.is_ascii_graphic())
    };
    if contacts.is_empty() || !contacts.iter().all(|one| uri(one, &["mailto:", "https://", "tel:"])) {
        source.at(
            security.contact.span().start,
            "whom to tell of a hole must be addresses of the web, of mail or of the telephone",
            "write them like [\"mailto:security@insurer.example\", \"https://insurer.example/security\", \"tel:+49-30-1\"]",
        );
    }
    for link in [&security.policy, &security.acknowledgments].into_iter().flatten() {
        if !uri(link.get_ref(), &["https://"]) {
            source.at(
                link.span().start,
                "this must be an address of the web",
                "write it like \"https://insurer.example/security\"",
            );
        }
    }
    let at = security.expires.span().start;
    let Some(expires) = end_of(security.expires.get_ref()) else {
        source.at(
            at,
            "the day on which security.txt ends cannot be read",
            "write it like expires = 2027-06-30",
        );
        return None;
    };
    let left = expires.0.saturating_sub(SystemClock.now().0);
    if left <= 0 {
        source.warn(
            at,
            "security.txt has ended and is not served",
            "look whether it is still true, and give a later day",
        );
    } else if left < SOON {
        source.warn(
            at,
            "security.txt ends within thirty days",
            "look whether it is still true, and give a later day",
        );
    } else if left > LONG {
        source.warn(
            at,
            "security.txt ends in more than a year (RFC 9116 §2.5.5)",
            "give a day within a year",
        );
    }
    Some(SecurityContact {
        contacts: contacts.clone(),
        expires,
        policy: security.policy.as_ref().map(|link| link.get_ref().clone()),
        acknowledgments: security.acknowledgments.as_ref().map(|link| link.get_ref().clone()),
    })
}

/// The end of that day, by UTC.
fn end_of(date: &toml::value::Datetime) -> Option<Timestamp> {
    let date = date.date?;
    let (year, month, day) =
        (i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    let day = jiff::civil::Date::new(year, month, day).ok()?;
    let end = day.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(end.timestamp().as_millisecond()))
}
