//! Dates and times in the reader's time zone and language. Does not read the clock.

use sealpost_mail::Timestamp;

use crate::error::NoticeError;
use crate::language::{Language, Values, Words};

/// Day and time: "15.01.2020, 12:49 Uhr", "15 January 2020, 12:49".
pub fn date_time(at: Timestamp, language: Language, zone: &str) -> Result<String, NoticeError> {
    say(at, language, zone, "date-time")
}

/// The day alone: "15.01.2020", "15 January 2020".
pub fn date(at: Timestamp, language: Language, zone: &str) -> Result<String, NoticeError> {
    say(at, language, zone, "date-day")
}

fn say(at: Timestamp, language: Language, zone: &str, key: &'static str) -> Result<String, NoticeError> {
    let zone = jiff::tz::TimeZone::get(zone).map_err(|_unknown| NoticeError::Zone(zone.to_owned()))?;
    let at = jiff::Timestamp::from_millisecond(at.0).map_err(|_range| NoticeError::Date)?.to_zoned(zone);
    let values = Values::from([
        ("day".into(), at.day().into()),
        ("day-two".into(), format!("{:02}", at.day()).into()),
        ("month".into(), at.month().into()),
        ("month-two".into(), format!("{:02}", at.month()).into()),
        ("year".into(), at.year().to_string().into()),
        ("time".into(), format!("{:02}:{:02}", at.hour(), at.minute()).into()),
    ]);
    Words::new(language, values)?.say(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2020-01-15T11:49:00Z.
    const WINTER: Timestamp = Timestamp(1_579_088_940_000);
    /// 2024-07-05T22:05:00Z.
    const SUMMER: Timestamp = Timestamp(1_720_217_100_000);

    #[test]
    fn a_moment_is_said_as_people_write_it() {
        let say = |at, language| date_time(at, language, "Europe/Berlin").unwrap();
        assert_eq!(say(WINTER, Language::De), "15.01.2020, 12:49 Uhr");
        assert_eq!(say(WINTER, Language::En), "15 January 2020, 12:49");
        assert_eq!(say(SUMMER, Language::De), "06.07.2024, 00:05 Uhr");
        assert_eq!(say(SUMMER, Language::En), "6 July 2024, 00:05");
        assert_eq!(date(SUMMER, Language::De, "UTC").unwrap(), "05.07.2024");
        assert_eq!(date(SUMMER, Language::En, "UTC").unwrap(), "5 July 2024");
    }

    #[test]
    fn an_unknown_zone_is_named_in_the_error() {
        let error = date(WINTER, Language::De, "Europe/Bielefeld").unwrap_err();
        assert!(error.to_string().contains("Europe/Bielefeld"));
        assert!(matches!(date(Timestamp(i64::MAX), Language::De, "UTC"), Err(NoticeError::Date)));
    }
}
