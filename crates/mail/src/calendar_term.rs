//! Lengths of time as calendars count them, in a time zone: "40 days", "18 months". Never reads the clock.

use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};
use serde::Deserialize;
use thiserror::Error;

use crate::clock::Timestamp;

/// A retention period. Days, months and years end with the last day, whatever daylight saving does in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Term {
    /// Calendar days.
    Days(u16),
    /// Calendar months; from the 31st, the period ends with the last day of a shorter month.
    Months(u16),
    /// Calendar years.
    Years(u16),
    /// An exact duration.
    Exact(Duration),
}

/// Longer than any retention period; what jiff counts without overflow.
const MAX: u16 = 1000;

impl Term {
    /// Whether it is shorter than a day.
    #[must_use]
    pub fn is_short(self) -> bool {
        match self {
            Self::Days(count) | Self::Months(count) | Self::Years(count) => count == 0,
            Self::Exact(span) => span < Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Why a text is not a length of time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no length of time")]
pub struct TermError(String);

impl TermError {
    /// What to write instead.
    pub const HINT: &str = "write a number and days, months or years, like \"18 months\"";
}

impl FromStr for Term {
    type Err = TermError;

    fn from_str(text: &str) -> Result<Self, TermError> {
        let wrong = || TermError(text.chars().take(40).collect());
        let trimmed = text.trim();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at_checked(digits).ok_or_else(wrong)?;
        let number: u16 = number.parse().map_err(|_not_a_number| wrong())?;
        let counted = |term: fn(u16) -> Self| (number <= MAX).then(|| term(number)).ok_or_else(wrong);
        let exact = |seconds: u64| Ok(Self::Exact(Duration::from_secs(seconds * u64::from(number))));
        match unit.trim() {
            "day" | "days" => counted(Self::Days),
            "month" | "months" => counted(Self::Months),
            "year" | "years" => counted(Self::Years),
            "s" => exact(1),
            "min" => exact(60),
            "h" => exact(3600),
            _other => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Term {
    type Error = TermError;

    fn try_from(text: String) -> Result<Self, TermError> {
        text.parse()
    }
}

/// A time zone that lengths of time are counted in: the operator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// By its IANA name, like `Europe/Berlin`. `None`: there is no such zone.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// When a term that begins at `from` ends: the last moment of its last day.
    #[must_use]
    pub fn end(&self, from: Timestamp, term: Term) -> Timestamp {
        self.moved(from, term, Towards::Later).and_then(|day| day.end_of_day().ok()).map_or_else(
            || match term {
                Term::Exact(span) => from.plus(span),
                // Beyond the calendar: never.
                Term::Days(_) | Term::Months(_) | Term::Years(_) => Timestamp(i64::MAX),
            },
            |end| Timestamp(end.timestamp().as_millisecond()),
        )
    }

    /// The beginning of the day that is `term` before `end`: three days before the 24th is the 21st at
    /// midnight.
    #[must_use]
    pub fn before(&self, end: Timestamp, term: Term) -> Timestamp {
        self.moved(end, term, Towards::Earlier).and_then(|day| day.start_of_day().ok()).map_or_else(
            || match term {
                Term::Exact(span) => end.minus(span),
                Term::Days(_) | Term::Months(_) | Term::Years(_) => Timestamp(i64::MIN),
            },
            |begin| Timestamp(begin.timestamp().as_millisecond()),
        )
    }

    /// The beginning of the day on which a term is reached: the third day after the 21st is the 24th at
    /// midnight.
    #[must_use]
    pub fn after(&self, from: Timestamp, term: Term) -> Timestamp {
        self.moved(from, term, Towards::Later).and_then(|day| day.start_of_day().ok()).map_or_else(
            || match term {
                Term::Exact(span) => from.plus(span),
                Term::Days(_) | Term::Months(_) | Term::Years(_) => Timestamp(i64::MAX),
            },
            |begin| Timestamp(begin.timestamp().as_millisecond()),
        )
    }

    /// How many midnights lie between two moments; none if the second is not after the first.
    #[must_use]
    pub fn days(&self, from: Timestamp, until: Timestamp) -> u32 {
        let (Some(from), Some(until)) = (self.zoned(from), self.zoned(until)) else { return u32::MAX };
        let days = from.date().until(until.date()).map_or(0, |span| span.get_days());
        u32::try_from(days).unwrap_or(0)
    }

    /// Minutes since midnight in local time.
    #[must_use]
    pub fn minute_of_day(&self, at: Timestamp) -> u16 {
        let minutes = self.zoned(at).map_or(0, |at| i32::from(at.hour()) * 60 + i32::from(at.minute()));
        u16::try_from(minutes).unwrap_or(0)
    }

    /// The next moment after `at` at which local time is this many minutes after midnight. If the clocks are
    /// set forward over that time: shortly after it.
    #[must_use]
    pub fn next(&self, at: Timestamp, minute_of_day: u16) -> Timestamp {
        let found = self.zoned(at).and_then(|zoned| {
            let hour = i8::try_from(minute_of_day / 60).ok()?;
            let minute = i8::try_from(minute_of_day % 60).ok()?;
            let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
            let on = |day: jiff::civil::Date| day.to_datetime(time).to_zoned(self.0.clone()).ok();
            let today = on(zoned.date())?;
            if today > zoned { Some(today) } else { on(zoned.date().tomorrow().ok()?) }
        });
        found.map_or(Timestamp(i64::MAX), |at| Timestamp(at.timestamp().as_millisecond()))
    }

    fn moved(&self, at: Timestamp, term: Term, towards: Towards) -> Option<Zoned> {
        let span = match term {
            Term::Days(count) => i32::from(count).days(),
            Term::Months(count) => i32::from(count).months(),
            Term::Years(count) => i32::from(count).years(),
            Term::Exact(_) => return None,
        };
        let at = self.zoned(at)?;
        match towards {
            Towards::Earlier => at.checked_sub(span).ok(),
            Towards::Later => at.checked_add(span).ok(),
        }
    }

    fn zoned(&self, at: Timestamp) -> Option<Zoned> {
        Some(jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(self.0.clone()))
    }
}

/// In which direction a moment is moved by a term.
#[derive(Clone, Copy)]
enum Towards {
    Earlier,
    Later,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn berlin() -> Zone {
        Zone::named("Europe/Berlin").unwrap()
    }

    fn ends(from: &str, term: &str) -> String {
        let end = berlin().end(at(from), term.parse().unwrap());
        jiff::Timestamp::from_millisecond(end.0 + 1).unwrap().to_string()
    }

    #[test]
    fn terms_end_with_their_last_day_whatever_the_clocks_do() {
        // Sent on the evening of 15 January in Berlin: the fortieth day after it is 24 February.
        assert_eq!(ends("2020-01-15T22:49:00Z", "40 days"), "2020-02-24T23:00:00Z");
        // Half past midnight in Berlin is the day before in UTC.
        assert_eq!(ends("2020-01-15T23:30:00Z", "40 days"), "2020-02-25T23:00:00Z");
        // The clocks are set forward on 29 March and back on 25 October.
        assert_eq!(ends("2026-03-28T12:00:00Z", "1 day"), "2026-03-29T22:00:00Z");
        assert_eq!(ends("2026-10-24T12:00:00Z", "1 day"), "2026-10-25T23:00:00Z");
        assert_eq!(ends("2026-03-01T12:00:00Z", "60 days"), "2026-04-30T22:00:00Z");
    }

    #[test]
    fn months_and_years_end_within_the_calendar() {
        assert_eq!(ends("2024-02-29T12:00:00Z", "1 year"), "2025-02-28T23:00:00Z");
        assert_eq!(ends("2023-08-31T12:00:00Z", "18 months"), "2025-02-28T23:00:00Z");
        assert_eq!(ends("2022-08-31T12:00:00Z", "18 months"), "2024-02-29T23:00:00Z");
        assert_eq!(ends("2026-01-31T12:00:00Z", "1 month"), "2026-02-28T23:00:00Z");
        assert_eq!(ends("2026-01-31T12:00:00Z", "90 s"), "2026-01-31T12:01:30.001Z");
    }

    #[test]
    fn days_are_midnights_and_rungs_begin_with_their_day() {
        let zone = berlin();
        let sent = at("2026-10-20T20:00:00Z");
        let end = zone.end(sent, Term::Days(40));
        assert_eq!(zone.days(sent, end), 40);
        assert_eq!(zone.days(at("2026-10-21T01:00:00Z"), end), 39);
        assert_eq!(zone.days(end, sent), 0);
        assert_eq!(zone.after(sent, Term::Days(3)), at("2026-10-22T22:00:00Z"));
        assert_eq!(zone.days(zone.before(end, Term::Days(7)), end), 7);
    }

    #[test]
    fn the_next_time_of_day_is_found_also_where_clocks_change() {
        let zone = berlin();
        assert_eq!(zone.next(at("2026-03-28T12:00:00Z"), 2 * 60 + 30), at("2026-03-29T01:30:00Z"));
        assert_eq!(zone.next(at("2026-03-28T00:00:00Z"), 2 * 60 + 30), at("2026-03-28T01:30:00Z"));
        assert_eq!(zone.minute_of_day(at("2026-07-01T06:05:00Z")), 8 * 60 + 5);
    }

    #[test]
    fn what_is_no_term_is_refused() {
        for bad in ["", "40", "months", "-1 days", "1.5 years", "99999999 days", "1001 years"] {
            assert!(bad.parse::<Term>().is_err(), "{bad}");
        }
        assert_eq!("40days".parse(), Ok(Term::Days(40)));
        assert!("90 s".parse::<Term>().unwrap().is_short() && "0 days".parse::<Term>().unwrap().is_short());
    }
}
