//! Appointments as the page says them: in the reader's zone and in their writer's, and in words where they come
//! again. What they are, `mail` reads.

use jiff::tz::TimeZone;
use sealpost_mail::{
    Invitation, Letter, Moment, RepeatPlace, Repeats, Standing, Timestamp, Unit, Weekday, add_invitation,
    invitations,
};

use crate::language::{Calendar, Language, Values};
use crate::page::Page;
use crate::reading::MAX_CALENDARS;
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

/// Who reads it: in which language, by which clock.
pub(crate) struct Reader<'a> {
    pub(crate) language: Language,
    pub(crate) calendar: &'a Calendar,
}

impl<'a> Reader<'a> {
    fn of(page: &'a Page) -> Self {
        Self { language: page.language, calendar: &page.calendar }
    }

    fn t(&self, key: &str) -> String {
        self.language.say(key)
    }

    fn n(&self, key: &str, n: u64) -> String {
        self.language.say_with(key, Some(&Values::from([("n".into(), n.into())])))
    }

    fn v(&self, key: &str, name: &'static str, value: &str) -> String {
        self.language.say_with(key, Some(&Values::from([(name.into(), value.to_owned().into())])))
    }

    fn day(&self, at: &Timestamp) -> String {
        self.calendar.day(self.language, *at)
    }
}

/// "1. Dezember 2026, 14:00 Uhr", for the reader.
pub(crate) fn when(page: &Page, moment: &Moment) -> String {
    said(&Reader::of(page), moment)
}

/// The same for its writer, where clocks show another time.
pub(crate) fn theirs(page: &Page, moment: &Moment) -> Option<String> {
    writers(&Reader::of(page), moment)
}

/// "alle 2 Wochen am Montag und Mittwoch, bis 31. Dezember 2026"
pub(crate) fn repeats(page: &Page, repeats: &Repeats) -> String {
    again(&Reader::of(page), repeats)
}

/// All appointments of a letter line by line, for paper: what each line is, and what it says.
pub(crate) fn lines(page: &Reader<'_>, letter: &Letter<'_>) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for event in of_letter(letter, &page.calendar.0) {
        let mut line = |key: &str, text: String| {
            if !text.is_empty() {
                lines.push((page.t(key), text));
            }
        };
        let title = if event.title.is_empty() { page.t("event-untitled") } else { event.title };
        line("event-title", title);
        match event.standing {
            Standing::Cancelled => line("event-title", page.t("event-cancelled")),
            Standing::Changed => line("event-title", page.t("event-changed")),
            Standing::New => {}
        }
        for (key, moment) in [("event-starts", &event.starts), ("event-ends", &event.ends)] {
            let Some(moment) = moment else { continue };
            let both = [Some(said(page, moment)), writers(page, moment)];
            line(key, both.into_iter().flatten().collect::<Vec<_>>().join(" · "));
        }
        line("event-again", event.repeats.map(|repeats| again(page, &repeats)).unwrap_or_default());
        line("event-place", event.place);
        line("event-join", event.link.unwrap_or_default());
        line("event-from", event.from);
        line("event-about", event.description);
    }
    lines
}

/// Its appointments, each once.
fn of_letter(letter: &Letter<'_>, zone: &TimeZone) -> Vec<Invitation> {
    let calendars = letter.attachments().into_iter().filter(|one| one.content_type == "text/calendar");
    let mut found = Vec::new();
    for one in calendars.take(MAX_CALENDARS) {
        for event in invitations(&letter.attachment_text(one.index).unwrap_or_default(), zone) {
            add_invitation(&mut found, event);
        }
    }
    found
}

fn said(page: &Reader<'_>, moment: &Moment) -> String {
    match moment {
        Moment::Day(at) => page.day(at),
        Moment::Time(at, _) => page.calendar.long(page.language, *at),
    }
}

fn writers(page: &Reader<'_>, moment: &Moment) -> Option<String> {
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

fn again(page: &Reader<'_>, repeats: &Repeats) -> String {
    let unit = match repeats.unit {
        Unit::Day => "repeat-day",
        Unit::Week => "repeat-week",
        Unit::Month => "repeat-month",
        Unit::Year => "repeat-year",
        Unit::Other => "event-repeats",
    };
    let mut words = page.n(unit, u64::from(repeats.every));
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
            Moment::Day(at) | Moment::Time(at, _) => page.day(at),
        };
        words = with(page, "repeat-until", [("name", words), ("date", day)]);
    }
    if let Some(times) = repeats.times {
        words = with(page, "repeat-times", [("name", words), ("number", times.to_string())]);
    }
    words
}

fn place_of(page: &Reader<'_>, place: RepeatPlace) -> String {
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

fn with<const N: usize>(page: &Reader<'_>, key: &str, values: [(&'static str, String); N]) -> String {
    let values = values.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    page.language.say_with(key, Some(&values))
}
