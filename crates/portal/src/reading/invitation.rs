//! Appointments as the page says them: in the reader's zone and in their writer's, and in words where they come
//! again. What they are, `mail` reads.

use sealpost_mail::{Invitation, Moment, RepeatPlace, Repeats, Unit, Weekday};

use crate::language::{Calendar, Values};
use crate::page::Page;
use crate::reading::text::{SafeHtml, to_html};

/// One appointment.
pub(crate) struct Card {
    pub(crate) event: Invitation,
    /// Where its calendar lies in the letter, to be saved.
    pub(crate) part: String,
    /// What is said about it, unless the letter says the same.
    pub(crate) description: Option<SafeHtml>,
    /// Where to join it.
    pub(crate) link: Option<SafeHtml>,
}

impl Card {
    /// `said`: what the letter itself says.
    pub(crate) fn new(event: Invitation, part: String, said: &str) -> Self {
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let is_new = !event.description.is_empty() && !letters(said).contains(&letters(&event.description));
        let description = is_new.then(|| to_html(&event.description).0);
        let link = event.link.as_deref().map(|link| to_html(link).0);
        Self { event, part, description, link }
    }
}

/// "1. Dezember 2026, 14:00 Uhr", for the reader.
pub(crate) fn when(page: &Page, moment: &Moment) -> String {
    match moment {
        Moment::Day(at) => page.date_day(at),
        Moment::Time(at, _) => page.date_long(at),
    }
}

/// The same for its writer, where clocks show another time.
pub(crate) fn theirs(page: &Page, moment: &Moment) -> Option<String> {
    let Moment::Time(at, Some(zone)) = moment else { return None };
    let moment = jiff::Timestamp::from_millisecond(at.0).ok()?;
    let offset = zone.to_offset(moment);
    if offset == page.calendar.0.to_offset(moment) {
        return None;
    }
    let date = Calendar(zone.clone()).long(page.language, *at);
    let name = zone.iana_name().map_or_else(|| format!("UTC{offset}"), |name| name.replace('_', " "));
    let values = Values::from([("date".into(), date.into()), ("name".into(), name.into())]);
    Some(page.language.say_with("event-theirs", Some(&values)))
}

/// "alle 2 Wochen am Montag und Mittwoch, bis 31. Dezember 2026"
pub(crate) fn repeats(page: &Page, repeats: &Repeats) -> String {
    let unit = match repeats.unit {
        Unit::Day => "repeat-day",
        Unit::Week => "repeat-week",
        Unit::Month => "repeat-month",
        Unit::Year => "repeat-year",
        Unit::Other => "event-repeats",
    };
    let mut words = page.n(unit, &u64::from(repeats.every));
    let places: Vec<String> = repeats.on.iter().map(|place| place_of(page, *place)).collect();
    if let Some((last, others)) = places.split_last() {
        let list = if others.is_empty() {
            last.clone()
        } else {
            format!("{} {} {last}", others.join(", "), page.t("repeat-and"))
        };
        words = with(page, "repeat-on", [("name", words), ("when", list)]);
    }
    if let Some(until) = &repeats.until {
        let day = match until {
            Moment::Day(at) | Moment::Time(at, _) => page.date_day(at),
        };
        words = with(page, "repeat-until", [("name", words), ("date", day)]);
    }
    if let Some(times) = repeats.times {
        words = with(page, "repeat-times", [("name", words), ("number", times.to_string())]);
    }
    words
}

fn place_of(page: &Page, place: RepeatPlace) -> String {
    let nth = |key: &str, weekday: Weekday| page.v(key, "day", &page.t(day(weekday)));
    match place {
        RepeatPlace::Weekday(weekday) => page.t(day(weekday)),
        RepeatPlace::Nth(1, weekday) => nth("repeat-first", weekday),
        RepeatPlace::Nth(2, weekday) => nth("repeat-second", weekday),
        RepeatPlace::Nth(3, weekday) => nth("repeat-third", weekday),
        RepeatPlace::Nth(4, weekday) => nth("repeat-fourth", weekday),
        RepeatPlace::Nth(5, weekday) => nth("repeat-fifth", weekday),
        RepeatPlace::Nth(_, weekday) => nth("repeat-last", weekday),
        RepeatPlace::MonthDay(number) if number > 0 => {
            page.v("repeat-month-day", "number", &number.to_string())
        }
        RepeatPlace::MonthDay(_) => page.t("repeat-last-day"),
    }
}

fn day(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "weekday-1",
        Weekday::Tuesday => "weekday-2",
        Weekday::Wednesday => "weekday-3",
        Weekday::Thursday => "weekday-4",
        Weekday::Friday => "weekday-5",
        Weekday::Saturday => "weekday-6",
        Weekday::Sunday => "weekday-7",
    }
}

fn with<const N: usize>(page: &Page, key: &str, values: [(&'static str, String); N]) -> String {
    let values = values.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    page.language.say_with(key, Some(&values))
}
