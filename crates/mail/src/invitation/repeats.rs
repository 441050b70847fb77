//! A rule by which an appointment comes again (RFC 5545 §3.3.10), as far as it can be said in a sentence.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendarEntry, ICalendarFrequency as Frequency, ICalendarValue as Value, ICalendarWeekday as Day,
};

use super::Moment;

/// How something comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// Every so many…
    pub every: u16,
    /// …days, weeks, months, years.
    pub unit: Unit,
    /// Where in the week, month or year.
    pub on: Vec<Place>,
    /// The last day on which it may be.
    pub until: Option<Moment>,
    /// How often it is altogether.
    pub times: Option<u32>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
    /// Years.
    Year,
    /// Hours and less, or a rule that no sentence says: only that it comes again.
    Other,
}

/// A place in what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Every such day.
    Weekday(Weekday),
    /// The first, second…; -1 is the last.
    Nth(i8, Weekday),
    /// The day of the month; -1 is the last.
    MonthDay(i8),
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "days of the week")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

pub(super) fn of(
    rule: &ICalendarEntry,
    moment: impl Fn(&PartialDateTime) -> Option<Moment>,
) -> Option<Repeats> {
    let Value::RecurrenceRule(rule) = rule.values.first()? else { return None };
    let mut on: Vec<Place> = rule
        .byday
        .iter()
        .filter_map(|day| {
            let weekday = weekday(day.weekday);
            Some(match day.ordwk {
                None | Some(0) => match rule.bysetpos.as_slice() {
                    [only] if rule.byday.len() == 1 => Place::Nth(i8::try_from(*only).ok()?, weekday),
                    _ => Place::Weekday(weekday),
                },
                Some(nth) => Place::Nth(i8::try_from(nth).ok()?, weekday),
            })
        })
        .collect();
    on.extend(rule.bymonthday.iter().map(|day| Place::MonthDay(*day)));
    let unit = match rule.freq {
        Frequency::Yearly => Unit::Year,
        Frequency::Monthly => Unit::Month,
        Frequency::Weekly => Unit::Week,
        Frequency::Daily => Unit::Day,
        Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => Unit::Other,
    };
    let odd = |place: &Place| match place {
        Place::Nth(nth, _) => !matches!(nth, -1 | 1..=5),
        Place::MonthDay(day) => !matches!(day, -1 | 1..=31),
        Place::Weekday(_) => matches!(unit, Unit::Month | Unit::Year),
    };
    let beyond_words = on.iter().any(odd)
        || on.len() > 7
        || !(rule.byhour.is_empty() && rule.byweekno.is_empty() && rule.byyearday.is_empty())
        || rule.bymonth.len() > 1
        || (!rule.bysetpos.is_empty() && rule.byday.len() != 1);
    let unit = if beyond_words { Unit::Other } else { unit };
    // Of a year, its day stands in the beginning.
    let on = if matches!(unit, Unit::Year | Unit::Other) { Vec::new() } else { on };
    Some(Repeats {
        every: rule.interval.unwrap_or(1).max(1),
        unit,
        on,
        until: rule.until.as_ref().and_then(moment),
        times: rule.count,
    })
}

fn weekday(day: Day) -> Weekday {
    match day {
        Day::Monday => Weekday::Monday,
        Day::Tuesday => Weekday::Tuesday,
        Day::Wednesday => Weekday::Wednesday,
        Day::Thursday => Weekday::Thursday,
        Day::Friday => Weekday::Friday,
        Day::Saturday => Weekday::Saturday,
        Day::Sunday => Weekday::Sunday,
    }
}
