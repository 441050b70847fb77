//! Time zones by the names in calendars: IANA's, Windows', and those that a file defines.

use std::str::FromStr as _;

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType as Kind, ICalendarFrequency as Frequency,
    ICalendarProperty as Name, ICalendarValue as Value, ICalendarWeekday as Day,
};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// Onsets that an observance may list.
const MAX_ONSETS: usize = 500;

/// The zones that a file defines.
pub(super) struct Zones<'a> {
    calendar: &'a ICalendar,
}

impl<'a> Zones<'a> {
    pub(super) fn of(calendar: &'a ICalendar) -> Self {
        Self { calendar }
    }

    /// A known name is more reliable than a definition: those that programs include are often truncated. Of a zone that
    /// is only known by its definition, the observance at that time counts.
    pub(super) fn named(&self, name: &str, at: DateTime) -> Option<TimeZone> {
        let offset = offset_in(name);
        if let Some(zone) = offset.and_then(|(offset, cities)| by_cities(offset, cities)) {
            return Some(zone);
        }
        let known = Tz::from_str(name).ok();
        if let Some(Tz::Tz(_)) = known {
            let zone = known.and_then(of_tz);
            let contradicts = |zone: &TimeZone| offset.is_some_and(|(offset, _)| !is_ever(zone, offset));
            if zone.as_ref().is_none_or(|zone| !contradicts(zone)) {
                return zone;
            }
        }
        if let Some((offset, _)) = offset {
            return self.defined(name, at).or_else(|| Some(offset.to_time_zone()));
        }
        self.defined(name, at).or_else(|| known.and_then(of_tz))
    }

    fn defined(&self, name: &str, at: DateTime) -> Option<TimeZone> {
        let defines = |zone: &&ICalendarComponent| {
            let id = zone.property(&Name::Tzid).and_then(|id| id.values.first()).and_then(Value::as_text);
            id.is_some_and(|id| id.trim().eq_ignore_ascii_case(name.trim()))
        };
        let zone = self.calendar.timezones().find(defines)?;
        // "Customized Time Zone" may still say where it is.
        if let Some((_, tz @ Tz::Tz(_))) = zone.timezone() {
            return of_tz(tz);
        }
        let parts = zone.component_ids.iter().filter_map(|id| self.calendar.component_by_id(*id));
        let (mut all, mut standard, mut daylight) = (Vec::new(), None, None);
        for (kind, one) in parts.filter_map(|part| Some((&part.component_type, Observance::of(part)?))) {
            match kind {
                // The last one written counts.
                Kind::Standard => standard = Some(one.clone()),
                Kind::Daylight => daylight = Some(one.clone()),
                _ => continue,
            }
            all.push(one);
        }
        let rule = |half: &Option<Observance>| Some((half.as_ref()?.offset, half.as_ref()?.for_ever()?));
        if let (Some((standard, autumn)), Some((daylight, spring))) = (rule(&standard), rule(&daylight)) {
            let rule = format!(
                "STD{}DST{},{},{}",
                posix(standard),
                posix(daylight),
                spring.to_posix(),
                autumn.to_posix()
            );
            return TimeZone::posix(&rule).ok();
        }
        // RFC 5545 §3.6.5: the observance with the last onset before the time counts.
        let last = all.iter().max_by_key(|one| one.last_onset(at)).or(standard.as_ref())?;
        Some(Offset::from_seconds(last.offset).ok()?.to_time_zone())
    }
}

/// `(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien`: the offset, and the cities.
fn offset_in(name: &str) -> Option<(Offset, &str)> {
    let inner = name.trim().strip_prefix("(UTC").or_else(|| name.trim().strip_prefix("(GMT"))?;
    let (offset, cities) = inner.split_once(')')?;
    let seconds = if offset.is_empty() {
        0
    } else {
        let (hours, minutes) = offset.get(1..)?.split_once(':')?;
        let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
        if offset.starts_with('-') { -seconds } else { seconds }
    };
    Some((Offset::from_seconds(seconds).ok()?, cities))
}

/// Windows lists cities in its own language: the zone is that of the first known city with this offset in winter or
/// summer.
fn by_cities(offset: Offset, cities: &str) -> Option<TimeZone> {
    let places = cities.split([',', ';', '/']).map(|city| city.trim().replace(' ', "_")).take(12);
    let mut named = places.flat_map(|city| {
        ["Europe", "America", "Asia", "Africa", "Australia", "Pacific", "Atlantic"]
            .map(|part| format!("{part}/{city}"))
    });
    named.find_map(|zone| iana(&zone).filter(|zone| is_ever(zone, offset)))
}

/// Whether local time has this offset in winter or in summer.
fn is_ever(zone: &TimeZone, offset: Offset) -> bool {
    ["2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z"]
        .iter()
        .filter_map(|at| at.parse::<jiff::Timestamp>().ok())
        .any(|at| zone.to_offset(at) == offset)
}

/// A zone by the name that IANA or Windows gives it.
pub(crate) fn by_name(name: &str) -> Option<TimeZone> {
    Tz::from_str(name).ok().filter(|tz| matches!(tz, Tz::Tz(_))).and_then(of_tz)
}

fn of_tz(tz: Tz) -> Option<TimeZone> {
    match tz {
        Tz::Fixed(offset) => Some(Offset::from_seconds(offset.local_minus_utc()).ok()?.to_time_zone()),
        Tz::Tz(_) => iana(&tz.name()?),
        Tz::Floating => None,
    }
}

/// Systems leave out the former names ("Asia/Calcutta", "US/Eastern"), which calendars keep.
fn iana(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).or_else(|_unknown| TimeZoneDatabase::bundled().get(name)).ok()
}

/// The zone of a time itself: `Z`, or an offset as some programs write it.
pub(super) fn written(time: &PartialDateTime) -> Option<TimeZone> {
    let seconds = i32::from(time.tz_hour?) * 3600 + i32::from(time.tz_minute.unwrap_or(0)) * 60;
    if seconds == 0 {
        return Some(TimeZone::UTC);
    }
    let seconds = if time.tz_minus { -seconds } else { seconds };
    Offset::from_seconds(seconds).ok().map(|offset| offset.to_time_zone())
}

/// Standard or daylight time of a zone.
#[derive(Clone)]
struct Observance {
    /// Seconds east of Greenwich.
    offset: i32,
    /// When it begins, each date listed.
    dates: Vec<DateTime>,
    /// When it begins every year.
    yearly: Option<Onset>,
    /// The last year of that; `None`: no end.
    until: Option<i16>,
}

/// The last Sunday of October at three: week 5 of month 10, weekday 0.
#[derive(Clone, Copy)]
struct Onset {
    month: i8,
    week: i8,
    /// Days since Sunday.
    weekday: i8,
    at: Time,
}

impl Observance {
    fn of(part: &ICalendarComponent) -> Option<Self> {
        let first = |name: &Name| part.property(name).and_then(|entry| entry.values.first());
        let Some(Value::PartialDateTime(offset)) = first(&Name::Tzoffsetto) else { return None };
        let seconds =
            i32::from(offset.tz_hour.unwrap_or(0)) * 3600 + i32::from(offset.tz_minute.unwrap_or(0)) * 60;
        let named = part.entries.iter().filter(|entry| [Name::Dtstart, Name::Rdate].contains(&entry.name));
        let dates = named.flat_map(|entry| &entry.values).filter_map(|value| match value {
            Value::PartialDateTime(written) => super::moment::civil_of(written),
            _ => None,
        });
        let until = match first(&Name::Rrule) {
            Some(Value::RecurrenceRule(rule)) => rule.until.as_ref().and_then(|until| until.year),
            _ => None,
        };
        Some(Self {
            offset: if offset.tz_minus { -seconds } else { seconds },
            dates: dates.take(MAX_ONSETS).collect(),
            yearly: Onset::of(first(&Name::Rrule), first(&Name::Dtstart)),
            until: until.and_then(|year| i16::try_from(year).ok()),
        })
    }

    /// Its rule, if it has no end.
    fn for_ever(&self) -> Option<Onset> {
        self.yearly.filter(|_| self.until.is_none())
    }

    /// `None`: it had not begun yet.
    fn last_onset(&self, at: DateTime) -> Option<DateTime> {
        let begun = self.dates.first().copied();
        let years = self.until.map_or([at.year(), at.year() - 1], |until| {
            let last = until.min(at.year());
            [last, last - 1]
        });
        let by_rule =
            years.into_iter().filter_map(|year| self.yearly?.in_year(year)).filter(|one| begun <= Some(*one));
        self.dates.iter().copied().chain(by_rule).filter(|one| *one <= at).max()
    }
}

impl Onset {
    fn of(rule: Option<&Value>, start: Option<&Value>) -> Option<Self> {
        let (Some(Value::RecurrenceRule(rule)), Some(Value::PartialDateTime(start))) = (rule, start) else {
            return None;
        };
        let (Frequency::Yearly, [month], [day]) = (rule.freq, rule.bymonth.as_slice(), rule.byday.as_slice())
        else {
            return None;
        };
        let week = match day.ordwk {
            Some(-1) => 5,
            Some(week @ 1..=5) => i8::try_from(week).ok()?,
            // "The Sunday on or after the 8th" is the second one.
            None => match rule.bymonthday.first() {
                Some(first @ 1..=29) => (*first - 1) / 7 + 1,
                _ => return None,
            },
            Some(_) => return None,
        };
        let weekday = match day.weekday {
            Day::Sunday => 0,
            Day::Monday => 1,
            Day::Tuesday => 2,
            Day::Wednesday => 3,
            Day::Thursday => 4,
            Day::Friday => 5,
            Day::Saturday => 6,
        };
        let small = |number: Option<u8>| i8::try_from(number.unwrap_or(0)).ok();
        let at = Time::new(small(start.hour)?, small(start.minute)?, 0, 0).ok()?;
        Some(Self { month: i8::try_from(month.month()).ok()?, week, weekday, at })
    }

    /// `M10.5.0/3:00`.
    fn to_posix(self) -> String {
        let Self { month, week, weekday, at } = self;
        format!("M{month}.{week}.{weekday}/{}:{:02}", at.hour(), at.minute())
    }

    fn in_year(self, year: i16) -> Option<DateTime> {
        let weekday = Weekday::from_sunday_zero_offset(self.weekday).ok()?;
        let week = if self.week == 5 { -1 } else { self.week };
        let day = Date::new(year, self.month, 1).ok()?.nth_weekday_of_month(week, weekday).ok()?;
        Some(day.to_datetime(self.at))
    }
}

/// POSIX counts westwards.
fn posix(east: i32) -> String {
    let sign = if east > 0 { "-" } else { "" };
    format!("{sign}{}:{:02}", east.abs() / 3600, east.abs() % 3600 / 60)
}
