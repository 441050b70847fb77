//! Points in time of a calendar, as written and as moments. Knows no event.

use calcard::common::PartialDateTime;
use jiff::civil::{self, DateTime};
use jiff::tz::TimeZone;

use crate::clock::Timestamp;

/// A day or a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A whole day; the moment is its beginning in the reader's zone.
    Day(Timestamp),
    /// A time, and the zone that the author gave.
    Time(Timestamp, Option<TimeZone>),
}

pub(super) fn civil_of(written: &PartialDateTime) -> Option<DateTime> {
    let small = |number: u8| i8::try_from(number).ok();
    let date =
        civil::Date::new(i16::try_from(written.year?).ok()?, small(written.month?)?, small(written.day?)?)
            .ok()?;
    let (hour, minute) = (written.hour.unwrap_or(0), written.minute.unwrap_or(0));
    // A leap second is the next minute where leap seconds are not supported.
    let second = written.second.unwrap_or(0).min(59);
    Some(date.to_datetime(civil::Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?))
}
