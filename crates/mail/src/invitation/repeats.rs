//! A recurrence rule (RFC 5545 §3.3.10), as far as it can be expressed in a sentence.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendarEntry, ICalendarFrequency as Frequency, ICalendarRecurrenceRule, ICalendarValue as Value,
    ICalendarWeekday as Day,
};

use super::moment::Moment;

/// How an appointment recurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// The interval, in units.
    pub every: u16,
    /// Days, weeks, months or years.
    pub unit: Unit,
    /// Which days in the week, month or year.
    pub on: Vec<ByPart>,
    /// Only in these months, 1 to 12; empty: in all.
    pub months: Vec<u8>,
    /// The last day of the series; `None`: no end by date.
    pub until: Option<Moment>,
    /// Number of occurrences; `None`: not limited.
    pub times: Option<u32>,
}

/// The unit of the interval.
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
    /// Hours.
    Hour,
    /// Minutes.
    Minute,
    /// A rule that cannot be expressed in a sentence: only that it recurs.
    Other,
}

/// A day or week within the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByPart {
    /// Every such weekday.
    Weekday(Weekday),
    /// Monday to Friday.
    Workdays,
    /// The first, second… such weekday; -1 is the last.
    Nth(i8, Weekday),
    /// The nth of the days from Monday to Friday.
    NthWorkday(i8),
    /// The nth of Saturdays and Sundays.
    NthWeekendDay(i8),
    /// The day of the month; -1 is the last.
    MonthDay(i8),
    /// The week of the year (ISO 8601).
    WeekNumber(i8),
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
    let every = rule.interval.unwrap_or(1).max(1);
    let unit = match rule.freq {
        Frequency::Yearly => Unit::Year,
        Frequency::Monthly => Unit::Month,
        Frequency::Weekly => Unit::Week,
        Frequency::Daily => Unit::Day,
        Frequency::Hourly => Unit::Hour,
        Frequency::Minutely => Unit::Minute,
        Frequency::Secondly => Unit::Other,
    };
    let mut months: Vec<u8> = rule.bymonth.iter().map(|month| month.month()).collect();
    months.sort_unstable();
    months.dedup();
    let odd = !(rule.byhour.is_empty() && rule.byminute.is_empty() && rule.byyearday.is_empty());
    let (unit, on) = match counted_in(rule, unit, every, &months).filter(|_| !odd) {
        Some((unit, on)) if on.len() <= MAX_PLACES => (unit, on),
        Some(_) | None => (Unit::Other, Vec::new()),
    };
    let months = if unit == Unit::Other { Vec::new() } else { months };
    Some(Repeats { every, unit, on, months, until: rule.until.as_ref().and_then(moment), times: rule.count })
}

/// A sentence lists no more days.
const MAX_PLACES: usize = 7;

/// The unit and the days in it; `None` if no sentence can express them.
fn counted_in(
    rule: &ICalendarRecurrenceRule,
    unit: Unit,
    every: u16,
    months: &[u8],
) -> Option<(Unit, Vec<ByPart>)> {
    let in_any_month = months.is_empty();
    let plain: Vec<Weekday> = rule.byday.iter().map(|day| weekday(day.weekday)).collect();
    let is_numbered = rule.byday.iter().any(|day| day.ordwk.is_some_and(|nth| nth != 0));
    let holds = |days: &[Weekday]| days.len() == plain.len() && days.iter().all(|day| plain.contains(day));
    let week_only = || plain.iter().copied().map(ByPart::Weekday).collect::<Vec<_>>();
    if let [week] = rule.byweekno.as_slice() {
        let bare = plain.is_empty() && rule.bymonthday.is_empty() && in_any_month && *week > 0;
        return (unit == Unit::Year && bare).then(|| (unit, vec![ByPart::WeekNumber(*week)]));
    }
    if !rule.byweekno.is_empty() || (!plain.is_empty() && !rule.bymonthday.is_empty()) {
        return None;
    }
    if !rule.bymonthday.is_empty() {
        let days: Vec<ByPart> = rule.bymonthday.iter().map(|day| ByPart::MonthDay(*day)).collect();
        let sayable = rule.bymonthday.iter().all(|day| matches!(day, -2 | -1 | 1..=31));
        let unit = if unit == Unit::Year && in_any_month && every == 1 { Unit::Month } else { unit };
        let placed = unit == Unit::Month || (unit == Unit::Year && !in_any_month);
        return (sayable && placed && rule.bysetpos.is_empty()).then_some((unit, days));
    }
    if plain.is_empty() {
        return rule.bysetpos.is_empty().then(|| (unit, Vec::new()));
    }
    match unit {
        Unit::Day | Unit::Week if is_numbered || !rule.bysetpos.is_empty() => None,
        // Every day that is one of these.
        Unit::Day if every > 1 => None,
        Unit::Day | Unit::Week if every == 1 && holds(&WORKDAYS) => {
            Some((Unit::Week, vec![ByPart::Workdays]))
        }
        Unit::Day | Unit::Week if every == 1 && plain.len() == 7 => Some((Unit::Day, Vec::new())),
        Unit::Day | Unit::Week => Some((Unit::Week, week_only())),
        Unit::Month | Unit::Year => {
            let in_month = unit == Unit::Month || !in_any_month;
            let nths: Vec<i8> = rule.bysetpos.iter().filter_map(|nth| i8::try_from(*nth).ok()).collect();
            let sayable = |nth: &i8| matches!(nth, -2 | -1 | 1..=5);
            if is_numbered {
                let named = rule.byday.iter().map(|day| {
                    let nth = i8::try_from(day.ordwk.unwrap_or(0)).ok().filter(sayable)?;
                    Some(ByPart::Nth(nth, weekday(day.weekday)))
                });
                let named: Option<Vec<ByPart>> = named.collect();
                return named.filter(|_| in_month && rule.bysetpos.is_empty()).map(|on| (unit, on));
            }
            if nths.is_empty() {
                // Every Tuesday of every month is every Tuesday.
                let on = if holds(&WORKDAYS) { vec![ByPart::Workdays] } else { week_only() };
                return (every == 1 && rule.bysetpos.is_empty()).then_some((Unit::Week, on));
            }
            let place: Box<dyn Fn(i8) -> ByPart> = match plain.as_slice() {
                [only] => {
                    let only = *only;
                    Box::new(move |nth| ByPart::Nth(nth, only))
                }
                _ if holds(&WORKDAYS) => Box::new(ByPart::NthWorkday),
                _ if holds(&[Weekday::Saturday, Weekday::Sunday]) => Box::new(ByPart::NthWeekendDay),
                _ if plain.len() == 7 => Box::new(ByPart::MonthDay),
                _ => return None,
            };
            (in_month && nths.iter().all(sayable)).then(|| (unit, nths.into_iter().map(place).collect()))
        }
        Unit::Hour | Unit::Minute | Unit::Other => None,
    }
}

const WORKDAYS: [Weekday; 5] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

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
