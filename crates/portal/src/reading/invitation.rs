//! Calendar invitations (RFC 5545, RFC 5546) as something to read: what, when, where, from whom. Pure and bounded;
//! knows no calendar, answers nothing, fetches nothing.

use jiff::civil;
use jiff::tz::TimeZone;
use sealpost_mail::{Timestamp, one_line};

/// Events shown of one invitation.
const MAX_EVENTS: usize = 10;
/// More of a file is not looked at.
const MAX_BYTES: usize = 256 * 1024;
/// Characters of one value.
const MAX: usize = 500;

/// One appointment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) title: String,
    pub(crate) place: String,
    pub(crate) from: String,
    pub(crate) starts: Option<Moment>,
    pub(crate) ends: Option<Moment>,
    /// METHOD:CANCEL or STATUS:CANCELLED.
    pub(crate) cancelled: bool,
    /// It comes again by some rule.
    pub(crate) repeats: bool,
}

/// When something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Whole days; the moment is the day's first in the reader's zone.
    Day(Timestamp),
    Time(Timestamp),
}

/// The appointments in a text/calendar part. Times without a zone are in `zone`.
pub(crate) fn events(bytes: &[u8], zone: &TimeZone) -> Vec<Event> {
    let text = String::from_utf8_lossy(bytes.get(..MAX_BYTES).unwrap_or(bytes)).into_owned();
    let mut events = Vec::new();
    let (mut open, mut inside, mut cancelled) = (None::<Event>, 0_u32, false);
    for line in unfolded(&text) {
        let Some((name, parameters, value)) = property(&line) else { continue };
        match (name.as_str(), open.as_mut()) {
            ("METHOD", None) => cancelled = value.eq_ignore_ascii_case("CANCEL"),
            ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => {
                open = Some(Event { cancelled, ..Event::default() });
            }
            // An alarm has a summary of its own.
            ("BEGIN", Some(_)) => inside += 1,
            ("END", Some(_)) if inside > 0 => inside -= 1,
            ("END", Some(_)) => {
                events.extend(open.take());
                if events.len() == MAX_EVENTS {
                    break;
                }
            }
            (_, Some(event)) if inside == 0 => set(event, &name, &parameters, value, zone),
            (_, Some(_) | None) => {}
        }
    }
    events
}

fn set(event: &mut Event, name: &str, parameters: &[(String, String)], value: &str, zone: &TimeZone) {
    let parameter = |name: &str| {
        parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    match name {
        "SUMMARY" => event.title = plain(value),
        "LOCATION" => event.place = plain(value),
        "ORGANIZER" => {
            let address = value.split_once(':').map_or(value, |(_, address)| address);
            event.from = plain(parameter("CN").unwrap_or(address));
        }
        "DTSTART" => event.starts = moment(value, parameter("TZID"), zone),
        "DTEND" => event.ends = moment(value, parameter("TZID"), zone),
        "RRULE" => event.repeats = true,
        "STATUS" => event.cancelled |= value.eq_ignore_ascii_case("CANCELLED"),
        _ => {}
    }
}

/// RFC 5545 §3.1: a line goes on where the next begins with a blank.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(last)) => last.push_str(more),
            (Some(_) | None, _) => lines.push(line.to_owned()),
        }
    }
    lines
}

/// Names and values.
type Parameters = Vec<(String, String)>;

/// `NAME;PARAMETER=value;OTHER="va:lue":text`
fn property(line: &str) -> Option<(String, Parameters, &str)> {
    let mut quoted = false;
    let colon = line.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    })?;
    let (head, value) = line.split_at_checked(colon)?;
    let mut quoted = false;
    let mut parts = head.split(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    });
    let name = parts.next()?.to_ascii_uppercase();
    let pair = |part: &str| part.split_once('=').map(|(k, v)| (k.to_owned(), v.trim_matches('"').to_owned()));
    Some((name, parts.filter_map(pair).collect(), value.strip_prefix(':')?.trim()))
}

/// RFC 5545 §3.3.11 escapes away, one line, not too long.
fn plain(value: &str) -> String {
    let mut out = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push_str(", "),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    one_line(&out).chars().take(MAX).collect()
}

fn moment(value: &str, zone_name: Option<&str>, zone: &TimeZone) -> Option<Moment> {
    if let Ok(day) = civil::Date::strptime("%Y%m%d", value) {
        let first = day.to_zoned(zone.clone()).ok()?;
        return Some(Moment::Day(Timestamp(first.timestamp().as_millisecond())));
    }
    let (local, utc) = match value.strip_suffix(['Z', 'z']) {
        Some(local) => (local, true),
        None => (value, false),
    };
    let time = civil::DateTime::strptime("%Y%m%dT%H%M%S", local).ok()?;
    let zone = match zone_name {
        _ if utc => TimeZone::UTC,
        Some(name) => TimeZone::get(known_zone(name)).unwrap_or_else(|_unknown| zone.clone()),
        None => zone.clone(),
    };
    Some(Moment::Time(Timestamp(time.to_zoned(zone).ok()?.timestamp().as_millisecond())))
}

/// Outlook names zones in its own way; these are the ones of our readers (CLDR windowsZones).
fn known_zone(name: &str) -> &str {
    match name {
        "W. Europe Standard Time" => "Europe/Berlin",
        "Romance Standard Time" => "Europe/Paris",
        "Central Europe Standard Time" => "Europe/Budapest",
        "Central European Standard Time" => "Europe/Warsaw",
        "GMT Standard Time" => "Europe/London",
        "FLE Standard Time" => "Europe/Kyiv",
        "GTB Standard Time" => "Europe/Bucharest",
        "Turkey Standard Time" => "Europe/Istanbul",
        "Eastern Standard Time" => "America/New_York",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Event> {
        events(text.replace('\n', "\r\n").as_bytes(), &TimeZone::get("Europe/Berlin").unwrap())
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn an_invitation_can_be_read() {
        let all = read(
            "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\nBEGIN:VEVENT\n\
             SUMMARY;LANGUAGE=de:Besichtigung\\, zweiter\n  Termin\nLOCATION:Hof 3\\nTor B\n\
             ORGANIZER;CN=\"Krüger; Sabine\":mailto:sk@insurer.example\n\
             DTSTART;TZID=W. Europe Standard Time:20261124T140000\nDTEND:20261124T140000Z\n\
             BEGIN:VALARM\nSUMMARY:Erinnerung\nEND:VALARM\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n",
        );
        assert_eq!(
            all,
            [Event {
                title: "Besichtigung, zweiter Termin".into(),
                place: "Hof 3, Tor B".into(),
                from: "Krüger; Sabine".into(),
                starts: Some(Moment::Time(at("2026-11-24T13:00:00Z"))),
                ends: Some(Moment::Time(at("2026-11-24T14:00:00Z"))),
                cancelled: false,
                repeats: true,
            }]
        );
    }

    #[test]
    fn whole_days_cancellations_and_nonsense() {
        let all = read("METHOD:CANCEL\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261124\nDTEND:soon\nEND:VEVENT\n");
        assert_eq!(all[0].starts, Some(Moment::Day(at("2026-11-23T23:00:00Z"))));
        assert!(all[0].cancelled && all[0].ends.is_none());
        assert!(read("BEGIN:VEVENT\nSUMMARY:no end").is_empty());
        assert!(read(" \n:\n;;;\nEND:VEVENT\n\\").is_empty());
        assert_eq!(read(&"BEGIN:VEVENT\nEND:VEVENT\n".repeat(50)).len(), MAX_EVENTS);
        let wide = read(&format!("BEGIN:VEVENT\nSUMMARY:{}\nEND:VEVENT\n", "x".repeat(10_000)));
        assert_eq!(wide[0].title.len(), MAX);
    }
}
