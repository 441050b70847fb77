//! Appointments, tasks and notes as shown on the page: in the reader's time zone and in their author's, and recurrences in
//! words. Parsed by `mail`.

use jiff::tz::TimeZone;
use sealpost_mail::{
    ByPart, Invitation, InvitationReply, InvitationStatus, Letter, Matter, Moment, Priority, Repeats, Says,
    Task, TaskState, Timestamp, Unit, Weekday, add_invitation, invitations,
};

use crate::language::{Calendar, Language, Values};
use crate::page::Page;
use crate::reading::text::{SafeHtml, to_html};

/// Maximum calendars of one letter that are read.
pub(crate) const MAX_CALENDARS: usize = 10;

/// An appointment as a page shows it.
pub(crate) struct Card {
    pub(crate) event: Invitation,
    /// The part with its calendar, for download.
    pub(crate) part: String,
    /// Its description, unless the letter says the same.
    pub(crate) description: Option<SafeHtml>,
    /// The link to join it.
    pub(crate) link: Option<SafeHtml>,
}

impl Card {
    /// `said`: the letter's own text.
    pub(crate) fn new(event: Invitation, part: String, said: &str) -> Self {
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let is_new = !event.description.is_empty() && !letters(said).contains(&letters(&event.description));
        let description = is_new.then(|| to_html(&event.description).0);
        let link = event.link.as_deref().map(|link| to_html(link).0);
        Self { event, part, description, link }
    }
}

/// The texts of one kind of entry.
pub(crate) struct Texts {
    pub(crate) title: &'static str,
    pub(crate) untitled: &'static str,
    pub(crate) cancelled: &'static str,
    pub(crate) changed: &'static str,
    pub(crate) starts: &'static str,
    pub(crate) from: &'static str,
    pub(crate) save: &'static str,
}

/// What a page calls it.
pub(crate) fn texts(event: &Invitation) -> Texts {
    match event.matter {
        Matter::Event => Texts {
            title: "event-title",
            untitled: "event-untitled",
            cancelled: "event-cancelled",
            changed: "event-changed",
            starts: "event-starts",
            from: "event-from",
            save: "event-save",
        },
        Matter::Task(_) => Texts {
            title: "task-title",
            untitled: "task-untitled",
            cancelled: "task-cancelled",
            changed: "task-changed",
            starts: "event-starts",
            from: "task-from",
            save: "task-save",
        },
        Matter::Note => Texts {
            title: "note-title",
            untitled: "note-untitled",
            cancelled: "note-cancelled",
            changed: "note-changed",
            starts: "note-date",
            from: "note-from",
            save: "note-save",
        },
    }
}

/// When a task is due, how urgent it is and how far it has come: label and text.
pub(crate) fn task(page: &Page, event: &Invitation) -> Vec<(String, String)> {
    task_lines(&Reader::of(page), event)
}

fn task_lines(page: &Reader<'_>, event: &Invitation) -> Vec<(String, String)> {
    let Matter::Task(Task { due, priority, state }) = &event.matter else { return Vec::new() };
    let due = due.as_ref().map(|moment| (page.t("task-due"), everywhere(page, moment)));
    let priority = priority.map(|priority| {
        let word = match priority {
            Priority::High => "task-high",
            Priority::Medium => "task-medium",
            Priority::Low => "task-low",
        };
        (page.t("task-priority"), page.t(word))
    });
    let state = state.as_ref().map(|state| {
        let words = match state {
            TaskState::Open => page.t("task-open"),
            TaskState::Begun(None) => page.t("task-begun"),
            TaskState::Begun(Some(percent)) => page.n("task-percent", u64::from(*percent)),
            TaskState::Done(None) => page.t("task-done"),
            TaskState::Done(Some(moment)) => page.v("task-done-on", "date", &said(page, moment)),
        };
        (page.t("task-state"), words)
    });
    [due, priority, state].into_iter().flatten().collect()
}

/// The reader: language and time zone.
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

/// The same in its author's zone, if that differs.
pub(crate) fn theirs(page: &Page, moment: &Moment) -> Option<String> {
    writers(&Reader::of(page), moment)
}

/// "alle 2 Wochen am Montag und Mittwoch, bis 31. Dezember 2026". `None`: it does not recur.
pub(crate) fn repeats(page: &Page, event: &Invitation) -> Option<String> {
    again(&Reader::of(page), event)
}

/// A participant's reply, or the series this is a part of.
pub(crate) fn remarks(page: &Page, event: &Invitation) -> Vec<String> {
    remarks_on(&Reader::of(page), event)
}

fn remarks_on(page: &Reader<'_>, event: &Invitation) -> Vec<String> {
    let answer = event.answer.as_ref().map(|InvitationReply { who, says }| {
        let key = match says {
            Says::Accepts => "event-accepted",
            Says::Declines => "event-declined",
            Says::Perhaps => "event-perhaps",
            Says::Delegates => "event-delegated",
            Says::Proposes => "event-proposed",
            Says::Insists => "event-insists",
            Says::Other => "event-answered",
        };
        let who = if who.is_empty() { page.t("event-somebody") } else { who.clone() };
        page.v(key, "name", &who)
    });
    let moved = event.instead_of.as_ref().map(|moment| page.v("event-instance", "date", &said(page, moment)));
    answer.into_iter().chain(moved).collect()
}

/// All appointments of a letter line by line, for paper: label and text.
pub(crate) fn lines(page: &Reader<'_>, letter: &Letter<'_>) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for mut event in of_letter(letter, &page.calendar.0) {
        let title = std::mem::take(&mut event.title);
        let texts = texts(&event);
        let mut line = |label: String, text: String| {
            if !text.is_empty() {
                lines.push((label, text));
            }
        };
        line(page.t(texts.title), if title.is_empty() { page.t(texts.untitled) } else { title });
        match event.status {
            InvitationStatus::Cancelled => line(page.t(texts.title), page.t(texts.cancelled)),
            InvitationStatus::Changed => line(page.t(texts.title), page.t(texts.changed)),
            InvitationStatus::New => {}
        }
        for remark in remarks_on(page, &event) {
            line(page.t(texts.title), remark);
        }
        for (key, moment) in [(texts.starts, &event.starts), ("event-ends", &event.ends)] {
            let Some(moment) = moment else { continue };
            line(page.t(key), everywhere(page, moment));
        }
        task_lines(page, &event).into_iter().for_each(|(label, text)| line(label, text));
        line(page.t("event-again"), again(page, &event).unwrap_or_default());
        line(page.t("event-place"), event.place);
        line(page.t("event-join"), event.link.unwrap_or_default());
        line(page.t(texts.from), event.from);
        line(page.t("event-about"), event.description);
    }
    lines
}

/// For the reader, and in its author's zone if that differs.
fn everywhere(page: &Reader<'_>, moment: &Moment) -> String {
    let both = [Some(said(page, moment)), writers(page, moment)];
    both.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Its appointments, each once.
fn of_letter(letter: &Letter<'_>, zone: &TimeZone) -> Vec<Invitation> {
    let calendars = letter.attachments().into_iter().filter(|one| one.content_type == "text/calendar");
    let mut found = Vec::new();
    for one in calendars.take(MAX_CALENDARS) {
        for event in invitations(&letter.calendar_text(one.index).unwrap_or_default(), zone) {
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

/// Maximum number of days listed.
const MAX_DAYS: usize = 10;

fn again(page: &Reader<'_>, event: &Invitation) -> Option<String> {
    let mut words = event.repeats.as_ref().map(|repeats| by_rule(page, repeats));
    let days = |moments: &[Moment]| {
        let mut days: Vec<String> =
            moments.iter().take(MAX_DAYS).map(|moment| day_of(page, moment)).collect();
        if moments.len() > MAX_DAYS {
            days.push("…".to_owned());
        }
        listed(page, &days)
    };
    if let (Some(said), false) = (&words, event.except.is_empty()) {
        words = Some(with(page, "repeat-except", [("name", said.clone()), ("date", days(&event.except))]));
    }
    if !event.also.is_empty() {
        let also = days(&event.also);
        words = Some(match words {
            Some(said) => with(page, "repeat-also", [("name", said), ("date", also)]),
            None => page.v("repeat-only-also", "date", &also),
        });
    }
    words
}

fn day_of(page: &Reader<'_>, moment: &Moment) -> String {
    match moment {
        Moment::Day(at) | Moment::Time(at, _) => page.day(at),
    }
}

/// "a, b und c"
fn listed(page: &Reader<'_>, all: &[String]) -> String {
    match all.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("{} {} {last}", others.join(", "), page.t("repeat-and"))
        }
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

fn by_rule(page: &Reader<'_>, repeats: &Repeats) -> String {
    if repeats.times == Some(1) {
        return page.t("repeat-once");
    }
    let unit = match repeats.unit {
        Unit::Day => "repeat-day",
        Unit::Week => "repeat-week",
        Unit::Month => "repeat-month",
        Unit::Year => "repeat-year",
        Unit::Hour => "repeat-hour",
        Unit::Minute => "repeat-minute",
        Unit::Other => "repeat-rule",
    };
    let mut words = page.n(unit, u64::from(repeats.every));
    let month = |number: &u8| page.t(&format!("month-{number}"));
    let months: Vec<String> = repeats.months.iter().map(month).collect();
    let mut places: Vec<String> = repeats.on.iter().map(|place| place_of(page, *place)).collect();
    let mut in_months = !months.is_empty();
    if let (Unit::Year, [ByPart::MonthDay(number)], true) = (repeats.unit, repeats.on.as_slice(), in_months)
        && *number > 0
    {
        // "am 1. Juni und 1. Dezember"
        let number = number.to_string();
        let date = |month: &String| {
            with(page, "repeat-date", [("number", number.clone()), ("month", month.clone())])
        };
        places = months.iter().map(date).collect();
        in_months = false;
    }
    match repeats.on.as_slice() {
        [] => {}
        [ByPart::Workdays] => words = page.t("repeat-workdays"),
        [ByPart::WeekNumber(week)] => {
            words = with(page, "repeat-in-week", [("name", words), ("number", week.to_string())]);
        }
        _ => words = with(page, "repeat-on", [("name", words), ("when", listed(page, &places))]),
    }
    if in_months {
        words = with(page, "repeat-in-month", [("name", words), ("month", listed(page, &months))]);
    }
    if let Some(until) = &repeats.until {
        words = with(page, "repeat-until", [("name", words), ("date", day_of(page, until))]);
    }
    if let Some(times) = repeats.times {
        words = with(page, "repeat-times", [("name", words), ("number", times.to_string())]);
    }
    words
}

fn place_of(page: &Reader<'_>, place: ByPart) -> String {
    let nth = |number: i8, day: &str| {
        let key = match number {
            1 => "repeat-first",
            2 => "repeat-second",
            3 => "repeat-third",
            4 => "repeat-fourth",
            5 => "repeat-fifth",
            -2 => "repeat-last-but-one",
            _ => "repeat-last",
        };
        page.v(key, "day", &page.t(day))
    };
    match place {
        ByPart::Weekday(weekday) => page.t(day(weekday)),
        ByPart::Workdays => page.t("repeat-workdays"),
        ByPart::Nth(number, weekday) => nth(number, day(weekday)),
        ByPart::NthWorkday(number) => nth(number, "repeat-workday"),
        ByPart::NthWeekendDay(number) => nth(number, "repeat-weekend-day"),
        ByPart::MonthDay(number) if number > 0 => page.v("repeat-month-day", "number", &number.to_string()),
        ByPart::MonthDay(number) => nth(number, "repeat-any-day"),
        ByPart::WeekNumber(number) => number.to_string(),
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
