//! Makes calendar invitations, tasks and notes (RFC 5545, RFC 5546) readable: what, when, where, from whom. Pure and bounded; knows no
//! calendar of the reader, answers nothing, fetches nothing.

mod moment;
mod repeats;
mod task;
mod zones;

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType as Kind, ICalendarEntry, ICalendarMethod as Method,
    ICalendarParameterName as Parameter, ICalendarParameterValue as ParameterValue,
    ICalendarParticipationStatus as Attendance, ICalendarProperty as Name, ICalendarStatus as Status,
    ICalendarValue as Value,
};
use calcard::{Entry, Parser};
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};

pub use self::moment::Moment;
use self::moment::civil_of;
pub use self::repeats::{ByPart, Repeats, Unit, Weekday};
pub use self::task::{Matter, Priority, Task, TaskState};
use self::zones::Zones;
pub(crate) use self::zones::by_name as zone_by_name;
use crate::clock::Timestamp;
use crate::display::one_line;
use crate::html::html_to_text;

/// Events of one file.
const MAX_EVENTS: usize = 10;
/// Exceptions and additions of a series.
const MAX_TIMES: usize = 50;
/// Characters of a file that are read.
const MAX_CHARS: usize = 256 * 1024;
/// Characters of one value, and of a description.
const MAX_LENGTH: usize = 500;
const MAX_DESCRIPTION: usize = 8000;

/// One appointment, task or note.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invitation {
    /// Appointment, task or note, as the calendar calls it.
    pub matter: Matter,
    /// SUMMARY
    pub title: String,
    /// LOCATION
    pub place: String,
    /// The organiser, by name if there is one.
    pub from: String,
    /// DESCRIPTION; may have several lines.
    pub description: String,
    /// Link to join it, as written.
    pub link: Option<String>,
    /// When it begins; `None`: not stated.
    pub starts: Option<Moment>,
    /// When it ends; for all-day events the last day, if there are several. `None`: not stated.
    pub ends: Option<Moment>,
    /// Its status.
    pub status: InvitationStatus,
    /// How it recurs; `None`: once.
    pub repeats: Option<Repeats>,
    /// Times of the series that are left out.
    pub except: Vec<Moment>,
    /// Additional times of the series.
    pub also: Vec<Moment>,
    /// The time of a series that this one replaces.
    pub instead_of: Option<Moment>,
    /// Set if it is a reply to an invitation.
    pub answer: Option<InvitationReply>,
    uid: String,
    /// RECURRENCE-ID of a single time of a series.
    instance: String,
    sequence: i64,
}

/// A reply to an invitation (RFC 5546 §3.2.3, §3.2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationReply {
    /// The replying person, by name or address.
    pub who: String,
    /// The answer.
    pub says: Says,
}

/// The answer to an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// Accepted.
    Accepts,
    /// Declined.
    Declines,
    /// Tentative.
    Perhaps,
    /// Delegated to another person.
    Delegates,
    /// Another time or place is proposed.
    Proposes,
    /// The proposed other time or place is declined.
    Insists,
    /// Any other answer.
    Other,
}

/// The status of an appointment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvitationStatus {
    /// Newly proposed.
    #[default]
    New,
    /// Moved to another time or place.
    Changed,
    /// Cancelled.
    Cancelled,
}

/// The appointments in a calendar's text. Times without a zone are in `zone`.
#[must_use]
pub fn invitations(text: &str, zone: &TimeZone) -> Vec<Invitation> {
    let text = text.get(..text.floor_char_boundary(MAX_CHARS)).unwrap_or(text);
    let mut found = read(text, zone);
    if found.is_empty() && text.contains("BEGIN:VEVENT") {
        // Truncated in transit: the part that arrived is still useful.
        found = read(&format!("{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", text.trim_end()), zone);
    }
    let mut all = Vec::new();
    found.into_iter().for_each(|one| add(&mut all, one));
    all.truncate(MAX_EVENTS);
    all
}

/// Adds an appointment, once: an invitation often comes as a body and again as a file.
pub fn add(all: &mut Vec<Invitation>, one: Invitation) {
    let same = |known: &&mut Invitation| {
        if known.uid.is_empty() || one.uid.is_empty() {
            known.title == one.title && known.starts == one.starts
        } else {
            known.uid == one.uid && known.instance == one.instance
        }
    };
    match all.iter_mut().find(same) {
        Some(known) if one.sequence > known.sequence => *known = one,
        Some(_) => {}
        None => all.push(one),
    }
}

fn read(text: &str, zone: &TimeZone) -> Vec<Invitation> {
    let text = with_quoted_zones(&with_plain_times(text));
    let mut parser = Parser::new(&text);
    let mut found = Vec::new();
    while found.len() < MAX_EVENTS {
        match parser.entry() {
            Entry::ICalendar(calendar) => found.extend(of_calendar(&calendar, zone)),
            Entry::Eof | Entry::TooManyComponents => break,
            Entry::VCard(_)
            | Entry::InvalidLine(_)
            | Entry::UnexpectedComponentEnd { .. }
            | Entry::UnterminatedComponent(_) => {}
            // For future variants of the library.
            _ => break,
        }
    }
    found
}

/// Exchange and others write a colon in zone names, which is only allowed in quotes (RFC 5545 §3.2).
fn with_quoted_zones(text: &str) -> String {
    let text = text.replace(";TZID=tzone://Microsoft/Utc:", ";TZID=UTC:");
    let lower = text.to_ascii_lowercase();
    if !lower.contains(";tzid=") {
        return text;
    }
    let joined = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let lines = joined.lines().map(|line| {
        let Some(at) = line.to_ascii_lowercase().find(";tzid=") else { return line.to_owned() };
        let from = at + ";tzid=".len();
        let (Some(before), Some(rest)) = (line.get(..from), line.get(from..)) else { return line.to_owned() };
        let is_time = TIMES
            .iter()
            .any(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        match rest.rsplit_once(':') {
            Some((zone, value)) if is_time && !zone.contains('"') && zone.contains([':', '\\', ',']) => {
                format!("{before}\"{}\":{value}", zone.replace('\\', ""))
            }
            Some(_) | None => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\r\n") + "\r\n"
}

/// Properties whose value is a time.
const TIMES: [&str; 7] = ["DTSTART", "DTEND", "DUE", "COMPLETED", "RECURRENCE-ID", "EXDATE", "RDATE"];

/// Normalises times to RFC 5545 §3.3.5: programs omit seconds, write fractions of them, or use ISO 8601's extended
/// form.
fn with_plain_times(text: &str) -> String {
    let is_of_time = |c: char| c.is_ascii_digit() || "TZ:+-.,".contains(c);
    let lines = text.split_inclusive('\n').map(|line| {
        let content = line.trim_end();
        let name = content.split([';', ':']).next().unwrap_or_default();
        let tail = content.get(content.trim_end_matches(is_of_time).len()..).unwrap_or_default();
        // The T may be the last letter of the name before it.
        let value = content.len() - tail.trim_start_matches('T').len();
        let is_time = TIMES.iter().any(|known| name.eq_ignore_ascii_case(known));
        match content.split_at_checked(value) {
            Some((before, value)) if is_time && value.starts_with(':') => {
                let times: Vec<String> = value.trim_start_matches(':').split(',').map(plain_time).collect();
                let end = line.get(content.len()..).unwrap_or_default();
                format!("{before}:{}{end}", times.join(","))
            }
            Some(_) | None => line.to_owned(),
        }
    });
    lines.collect()
}

fn plain_time(written: &str) -> String {
    let (date, time) = written.split_once('T').map_or((written, None), |(date, time)| (date, Some(time)));
    let date = date.replace('-', "");
    let Some(time) = time else { return date };
    let at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(at).unwrap_or((time, ""));
    let clock = clock.split('.').next().unwrap_or_default().replace(':', "");
    let seconds = if clock.len() == 4 { "00" } else { "" };
    format!("{date}T{clock}{seconds}{}", zone.replace(':', ""))
}

fn of_calendar(calendar: &ICalendar, zone: &TimeZone) -> Vec<Invitation> {
    let zones = Zones::of(calendar);
    let method = calendar.components.iter().find_map(|one| match value(one, &Name::Method)? {
        Value::Method(method) => Some(method.clone()),
        _ => None,
    });
    let is_read =
        |one: &&ICalendarComponent| matches!(one.component_type, Kind::VEvent | Kind::VTodo | Kind::VJournal);
    let events = calendar.components.iter().filter(is_read);
    events.take(MAX_EVENTS).map(|event| of_event(event, method.as_ref(), &zones, zone)).collect()
}

fn of_event(
    event: &ICalendarComponent,
    method: Option<&Method>,
    zones: &Zones<'_>,
    zone: &TimeZone,
) -> Invitation {
    let text = |name: &Name| line(value(event, name).and_then(Value::as_text).unwrap_or_default());
    let times = Times { event, zones, zone };
    let starts = times.of(&Name::Dtstart);
    let cancelled = method == Some(&Method::Cancel)
        || matches!(value(event, &Name::Status), Some(Value::Status(Status::Cancelled)));
    let sequence = value(event, &Name::Sequence).and_then(Value::as_integer).unwrap_or(0);
    let status = match (cancelled, method) {
        (true, _) => InvitationStatus::Cancelled,
        (false, Some(Method::Request)) if sequence > 0 => InvitationStatus::Changed,
        (false, _) => InvitationStatus::New,
    };
    let description = description(event);
    let ends = times.end(starts.as_ref());
    let (matter, ends) = match event.component_type {
        Kind::VTodo => (Matter::Task(Task::of(&times, ends)), None),
        Kind::VJournal => (Matter::Note, None),
        _ => (Matter::Event, ends),
    };
    Invitation {
        matter,
        title: text(&Name::Summary),
        place: text(&Name::Location),
        from: organiser(event),
        link: link(event, &description),
        description,
        ends,
        repeats: event
            .property(&Name::Rrule)
            .and_then(|rule| repeats::of(rule, |until| times.moment(until, None))),
        except: times.all(&Name::Exdate),
        also: times.all(&Name::Rdate),
        instead_of: times.of(&Name::RecurrenceId).map(|(_, moment)| moment),
        answer: answer(event, method),
        starts: starts.map(|(_, moment)| moment),
        status,
        uid: text(&Name::Uid),
        instance: times.of(&Name::RecurrenceId).map(|(at, _)| at.to_string()).unwrap_or_default(),
        sequence,
    }
}

fn value<'a>(component: &'a ICalendarComponent, name: &Name) -> Option<&'a Value> {
    component.property(name)?.values.first()
}

/// The times of one event.
struct Times<'a> {
    event: &'a ICalendarComponent,
    zones: &'a Zones<'a>,
    zone: &'a TimeZone,
}

impl Times<'_> {
    /// As written, and as a moment.
    fn of(&self, name: &Name) -> Option<(DateTime, Moment)> {
        let entry = self.event.property(name)?;
        let Value::PartialDateTime(written) = entry.values.first()? else { return None };
        let moment = self.moment(written, entry.tz_id())?;
        Some((civil_of(written)?, moment))
    }

    /// All values of a property that may occur repeatedly and contain several.
    fn all(&self, name: &Name) -> Vec<Moment> {
        let entries = self.event.entries.iter().filter(|entry| entry.name == *name);
        let times = entries.flat_map(|entry| entry.values.iter().map(|value| (value, entry.tz_id())));
        let moments = times.filter_map(|(value, zone)| match value {
            Value::PartialDateTime(written) => self.moment(written, zone),
            _ => None,
        });
        moments.take(MAX_TIMES).collect()
    }

    fn moment(&self, written: &PartialDateTime, zone_name: Option<&str>) -> Option<Moment> {
        let time = civil_of(written)?;
        let whole_day = written.hour.is_none() || (self.says_whole_days() && time.time() == Time::midnight());
        if whole_day {
            return self.day(time);
        }
        let zone = zones::written(written).or_else(|| self.zones.named(zone_name?, time));
        let at = time.to_zoned(zone.clone().unwrap_or_else(|| self.zone.clone())).ok()?;
        // UTC is written by programs: it is not a local zone.
        let theirs = zone.filter(|zone| *zone != TimeZone::UTC);
        Some(Moment::Time(Timestamp(at.timestamp().as_millisecond()), theirs))
    }

    fn day(&self, time: DateTime) -> Option<Moment> {
        let first = time.date().to_zoned(self.zone.clone()).ok()?;
        Some(Moment::Day(Timestamp(first.timestamp().as_millisecond())))
    }

    /// Outlook writes whole days as midnights and marks them elsewhere.
    fn says_whole_days(&self) -> bool {
        other(self.event, "X-MICROSOFT-CDO-ALLDAYEVENT").is_some_and(|said| said.eq_ignore_ascii_case("TRUE"))
    }

    fn end(&self, starts: Option<&(DateTime, Moment)>) -> Option<Moment> {
        let whole = matches!(starts, Some((_, Moment::Day(_))));
        let (written, moment) = match (self.of(&Name::Dtend), value(self.event, &Name::Duration), starts) {
            (Some(end), _, _) => end,
            (None, Some(Value::Duration(long)), Some((start, moment))) => {
                let seconds =
                    i64::from(long.hours) * 3600 + i64::from(long.minutes) * 60 + i64::from(long.seconds);
                let days = i64::from(long.weeks) * 7 + i64::from(long.days);
                if long.neg || days > 4000 {
                    return None;
                }
                let written = start.checked_add(Span::new().days(days)).ok()?;
                let moment = match moment {
                    Moment::Day(_) => self.day(written)?,
                    Moment::Time(_, zone) => {
                        let theirs = zone.clone().unwrap_or_else(|| self.start_zone());
                        let at = written.to_zoned(theirs).ok()?;
                        let at = at.checked_add(SignedDuration::from_secs(seconds)).ok()?;
                        Moment::Time(Timestamp(at.timestamp().as_millisecond()), zone.clone())
                    }
                };
                (written, moment)
            }
            (None, _, _) => return None,
        };
        let (start, _) = starts?;
        match moment {
            // RFC 5545 §3.6.1: the end is exclusive.
            Moment::Day(_) if whole => {
                let last = written.checked_sub(Span::new().days(1)).ok()?;
                if last.date() <= start.date() { None } else { self.day(last) }
            }
            moment => Some(moment),
        }
    }

    /// The zone of a start without one: UTC, or the reader's.
    fn start_zone(&self) -> TimeZone {
        let utc = match value(self.event, &Name::Dtstart) {
            Some(Value::PartialDateTime(written)) => zones::written(written),
            _ => None,
        };
        utc.unwrap_or_else(|| self.zone.clone())
    }
}

fn organiser(event: &ICalendarComponent) -> String {
    event.property(&Name::Organizer).map(person).unwrap_or_default()
}

/// By name, or else by address.
fn person(entry: &ICalendarEntry) -> String {
    let name = entry.parameter(&Parameter::Cn).and_then(|name| name.as_text()).map(line);
    let written = entry.values.first().and_then(Value::as_text).unwrap_or_default();
    let lower = written.to_ascii_lowercase();
    let address = if lower.starts_with("mailto:") { written.get(7..).unwrap_or_default() } else { written };
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| line(address))
}

/// Who answers what, if it is a reply.
fn answer(event: &ICalendarComponent, method: Option<&Method>) -> Option<InvitationReply> {
    let attendee = event.property(&Name::Attendee);
    let says = match method? {
        Method::Reply => match attendee.and_then(|one| one.parameter(&Parameter::Partstat)) {
            Some(ParameterValue::Partstat(status)) => match status {
                Attendance::Accepted => Says::Accepts,
                Attendance::Declined => Says::Declines,
                Attendance::Tentative => Says::Perhaps,
                Attendance::Delegated => Says::Delegates,
                Attendance::NeedsAction
                | Attendance::Completed
                | Attendance::InProcess
                | Attendance::Failed => Says::Other,
            },
            Some(_) | None => Says::Other,
        },
        Method::Counter => Says::Proposes,
        Method::Declinecounter => {
            return Some(InvitationReply { who: organiser(event), says: Says::Insists });
        }
        Method::Publish | Method::Request | Method::Add | Method::Cancel | Method::Refresh => return None,
    };
    Some(InvitationReply { who: attendee.map(person).unwrap_or_default(), says })
}

/// As text; may have several lines.
fn description(event: &ICalendarComponent) -> String {
    // A note may have several (RFC 5545 §3.8.1.5).
    let entries = event.entries.iter().filter(|entry| entry.name == Name::Description);
    let texts = entries.filter_map(|entry| entry.values.first()?.as_text());
    let said = texts.collect::<Vec<_>>().join("\n");
    let rich = || other(event, "X-ALT-DESC").map(html_to_text).unwrap_or_default();
    let text = if said.trim().is_empty() { rich() } else { said };
    let lines = text.lines().map(one_line).collect::<Vec<_>>().join("\n");
    lines.trim().chars().take(MAX_DESCRIPTION).collect()
}

/// Properties that contain only the link to join.
const LINKS: [&str; 4] = [
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-GOOGLE-CONFERENCE",
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
    "X-ZOOM-JOIN-URL",
];
/// Providers of web meetings: a link to them in a description is the link to join.
const HOSTS: [&str; 9] = [
    "teams.microsoft.com/",
    "teams.live.com/meet",
    "zoom.us/j/",
    "zoom.us/my/",
    "meet.google.com/",
    "webex.com/",
    "gotomeet.me/",
    "meet.goto.com/",
    "meet.jit.si/",
];

fn link(event: &ICalendarComponent, description: &str) -> Option<String> {
    let is_web = |text: &&str| text.starts_with("https://") || text.starts_with("http://");
    let own = LINKS.iter().find_map(|name| other(event, name).filter(is_web));
    let said = [&Name::Conference, &Name::Url, &Name::Location]
        .into_iter()
        .find_map(|name| value(event, name).and_then(Value::as_text).map(str::trim).filter(is_web));
    let in_text = || {
        let words = description.split(|c: char| c.is_whitespace() || "<>()[]\"".contains(c));
        words.filter(is_web).find(|word| HOSTS.iter().any(|host| word.contains(host)))
    };
    own.or(said).or_else(in_text).map(line).filter(|link| !link.contains(char::is_whitespace))
}

/// The text of a property outside the standard.
fn other<'a>(event: &'a ICalendarComponent, name: &str) -> Option<&'a str> {
    let is_it = |entry: &&ICalendarEntry| matches!(&entry.name, Name::Other(known) if known.eq_ignore_ascii_case(name));
    event.entries.iter().find(is_it)?.values.first()?.as_text().map(str::trim)
}

/// One line of limited length.
fn line(text: &str) -> String {
    one_line(&text.replace('\n', ", ")).chars().take(MAX_LENGTH).collect()
}

#[cfg(test)]
mod tests;
