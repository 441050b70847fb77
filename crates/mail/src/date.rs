//! Dates as people and programs write them where RFC 5322 is not kept: two-digit years, asctime, ISO 8601, day and
//! month in another language, `GMT+0100`. Pure.

/// Seconds since 1970. `None`: no date by any reading.
pub(crate) fn read(text: &str) -> Option<i64> {
    let text = without_comments(text);
    iso(text.trim()).or_else(|| loose(&text))
}

/// RFC 3339 and its relatives, also without hyphens and colons (ISO 8601 §5.2.1).
fn iso(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, "00:00Z"));
    let is_basic = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    let spread = if is_basic {
        format!("{}-{}-{}", date.get(..4)?, date.get(4..6)?, date.get(6..)?)
    } else {
        date.to_owned()
    };
    let mut date = spread.split('-');
    let (year, month, day) = (date.next()?, date.next()?.parse().ok()?, date.next()?.parse().ok()?);
    if year.len() != 4 || date.next().is_some() {
        return None;
    }
    let at = time.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(at)?;
    let (half, zone) = half(zone);
    let digits = clock.split(['.', ',']).next().unwrap_or_default();
    let clock = match digits.len() {
        4 | 6 if digits.bytes().all(|b| b.is_ascii_digit()) => {
            let second = digits.get(4..).filter(|second| !second.is_empty()).unwrap_or("00");
            format!("{}:{}:{second}", digits.get(..2)?, digits.get(2..4)?)
        }
        _ => clock.to_owned(),
    };
    seconds(year.parse().ok()?, month, day, halved(clock_of(&clock)?, half)?, zone_of(zone).unwrap_or(0))
}

/// Before or after noon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Before,
    After,
}

fn half_of(word: &str) -> Option<Half> {
    match word.to_ascii_lowercase().replace('.', "").as_str() {
        "am" => Some(Half::Before),
        "pm" => Some(Half::After),
        _ => None,
    }
}

/// What stands behind a time: half of the day, and a zone.
fn half(rest: &str) -> (Option<Half>, &str) {
    let rest = rest.trim();
    let (word, after) = rest.split_at_checked(rest.find(' ').unwrap_or(rest.len())).unwrap_or((rest, ""));
    match half_of(word) {
        Some(half) => (Some(half), after.trim()),
        None => (None, rest),
    }
}

/// A time of a clock with twelve hours.
fn halved(clock: i64, half: Option<Half>) -> Option<i64> {
    const NOON: i64 = 12 * 3600;
    match half {
        None => Some(clock),
        // "15:00 PM" says it twice.
        Some(Half::After) if clock >= NOON => Some(clock),
        Some(Half::After) => Some(clock + NOON),
        Some(Half::Before) if (NOON..NOON + 3600).contains(&clock) => Some(clock - NOON),
        Some(Half::Before) => Some(clock),
    }
}

/// Words in any order: a day, a month by name, a year, a time, a zone.
fn loose(text: &str) -> Option<i64> {
    let (mut day, mut month, mut year, mut clock, mut zone) = (None, None, None, None, None);
    let mut half = None;
    for word in text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()) {
        let word = word.trim_end_matches('.').trim_matches('"');
        let is_zone = ["gmt", "utc"].iter().any(|name| word.to_ascii_lowercase().starts_with(name));
        if word.starts_with(['+', '-']) || is_zone {
            zone = zone_of(word).or(zone);
        } else if word.contains(':') {
            // "10:00:00+0100", "3:00:00PM", "10:00:00GMT": what stands right behind it belongs to it no more.
            let end =
                word.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.'))).unwrap_or(word.len());
            let (time, rest) = word.split_at_checked(end).unwrap_or((word, ""));
            clock = clock.or_else(|| clock_of(time));
            half = half_of(rest).or(half);
            zone = zone.or_else(|| zone_of(rest));
        } else if let Some(said) = half_of(word) {
            half = Some(said);
        } else if year.is_some() && clock.is_none() && word.split('.').count() == 3 {
            clock = clock_of(&word.replace('.', ":"));
        } else if let Some((d, m, y)) = dotted(word) {
            (day, month, year) = (Some(d), Some(m), Some(y));
        } else if let Ok(number) = word.parse::<i64>() {
            match (day, year) {
                (None, _) if word.len() <= 2 && (1..=31).contains(&number) => day = Some(number),
                (_, None) => year = Some(full_year(number, word.len())),
                _ => {}
            }
        } else if let Some(number) = month_of(word).filter(|_| month.is_none()) {
            month = Some(number);
        } else if let Some(offset) = zone_of(word) {
            zone = Some(offset);
        }
    }
    let clock = halved(clock.unwrap_or(0), half)?;
    seconds(year?, month?, day?, clock, zone.unwrap_or(0))
}

/// `27.11.2026`, `27-Nov-2026`
fn dotted(word: &str) -> Option<(i64, i64, i64)> {
    let mut pieces = word.split(['.', '-']);
    let (day, month, year) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let month = month.parse().ok().or_else(|| month_of(month))?;
    let is_end = pieces.next().is_none();
    let year = full_year(year.parse().ok()?, year.len());
    day.parse().ok().filter(|_| is_end && !day.is_empty()).map(|day| (day, month, year))
}

/// RFC 5322 §4.3.
fn full_year(number: i64, digits: usize) -> i64 {
    match (digits, number) {
        (2, 0..=49) => number + 2000,
        (2 | 3, _) => number + 1900,
        _ => number,
    }
}

fn month_of(word: &str) -> Option<i64> {
    // English, German, French, Italian, Spanish, Portuguese, Dutch, Swedish, Polish, Czech, Russian, Turkish.
    const NAMES: [(&str, i64); 73] = [
        ("jan", 1),
        ("jän", 1),
        ("gen", 1),
        ("ene", 1),
        ("feb", 2),
        ("fév", 2),
        ("mar", 3),
        ("mär", 3),
        ("mrz", 3),
        ("apr", 4),
        ("avr", 4),
        ("abr", 4),
        ("mai", 5),
        ("may", 5),
        ("mag", 5),
        ("jun", 6),
        ("giu", 6),
        ("jul", 7),
        ("aug", 8),
        ("sep", 9),
        ("nov", 11),
        ("oct", 10),
        ("okt", 10),
        ("out", 10),
        ("ott", 10),
        ("janv", 1),
        ("fev", 2),
        ("fevr", 2),
        ("mrt", 3),
        ("märz", 3),
        ("mei", 5),
        ("maj", 5),
        ("maio", 5),
        ("juin", 6),
        ("lug", 7),
        ("ago", 8),
        ("aoû", 8),
        ("set", 9),
        ("sty", 1),
        ("lut", 2),
        ("kwi", 4),
        ("cze", 6),
        ("lip", 7),
        ("sie", 8),
        ("wrz", 9),
        ("paź", 10),
        ("lis", 11),
        ("gru", 12),
        ("led", 1),
        ("úno", 2),
        ("bře", 3),
        ("dub", 4),
        ("kvě", 5),
        ("červenec", 7),
        ("července", 7),
        ("čer", 6),
        ("srp", 8),
        ("zář", 9),
        ("říj", 10),
        ("pro", 12),
        ("янв", 1),
        ("фев", 2),
        ("мар", 3),
        ("апр", 4),
        ("май", 5),
        ("мая", 5),
        ("июн", 6),
        ("июл", 7),
        ("авг", 8),
        ("сен", 9),
        ("окт", 10),
        ("ноя", 11),
        ("дек", 12),
    ];
    let lower = word.to_lowercase();
    let december = ["dec", "dez", "déc", "dic"].iter().any(|name| lower.starts_with(name));
    NAMES
        .iter()
        .find(|(name, _)| lower.starts_with(name))
        .map(|(_, number)| *number)
        .or(december.then_some(12))
}

/// Seconds of the day.
fn clock_of(word: &str) -> Option<i64> {
    let word = word.split(['.', ',', '+', 'Z']).next()?;
    let mut pieces = word.split(':');
    let (hour, minute): (i64, i64) = (pieces.next()?.parse().ok()?, pieces.next()?.parse().ok()?);
    let second: i64 = pieces.next().map_or(Ok(0), str::parse).ok()?;
    // The end of a day (ISO 8601:2004 §4.2.3) is the beginning of the next.
    let is_end = (hour, minute, second) == (24, 0, 0);
    (is_end || ((0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second)))
        .then_some(hour * 3600 + minute * 60 + second)
}

/// Seconds east of Greenwich.
fn zone_of(word: &str) -> Option<i64> {
    let lower = word.to_ascii_lowercase();
    let named = match lower.as_str() {
        "z" | "ut" | "utc" | "gmt" | "wet" => Some(0),
        "cet" | "mez" | "bst" => Some(1),
        "cest" | "mesz" | "eet" => Some(2),
        "edt" => Some(-4),
        "est" | "cdt" => Some(-5),
        "cst" | "mdt" => Some(-6),
        "mst" | "pdt" => Some(-7),
        "pst" => Some(-8),
        _ => None,
    };
    if let Some(hours) = named {
        return Some(hours * 3600);
    }
    let offset = ["gmt", "utc", "ut"].iter().find_map(|name| lower.strip_prefix(name)).unwrap_or(&lower);
    let sign = match offset.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes): (i64, i64) = match digits.len() {
        1 | 2 => (digits.parse().ok()?, 0),
        // "+100": the nought in front was lost.
        3 => (digits.get(..1)?.parse().ok()?, digits.get(1..)?.parse().ok()?),
        4 => (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?),
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn seconds(year: i64, month: i64, day: i64, clock: i64, zone: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=9999).contains(&year) || !(1..=longest).contains(&day) {
        return None;
    }
    // Days since 1970 of the proleptic Gregorian calendar, years beginning in March.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + clock - zone)
}

fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Fri, 27 Nov 2026 10:00:00 GMT
    const TEN: i64 = 1_795_773_600;

    #[test]
    fn dates_as_they_are_written() {
        for (text, seconds) in [
            ("Fri, 27 Nov 2026 10:00:00 +0000", TEN),
            ("Fri, 27 Nov 2026 11:00:00 +0100 (CET)", TEN),
            ("Fri, 27 Nov 26 10:00 GMT", TEN),
            ("Fri, 27 Nov 126 10:00:00 GMT", TEN),
            ("Fri, 27 Nov 2026 11:00:00 GMT+0100", TEN),
            ("Fri, 27 Nov 2026 11:00:00 UTC+1", TEN),
            ("Fri, 27 Nov 2026 11:00:00 +01:00", TEN),
            ("Fri, 27 Nov 2026 11:00:00 MEZ", TEN),
            ("Fri Nov 27 10:00:00 2026", TEN),
            ("Fri Nov 27 10:00:00 UTC 2026", TEN),
            ("2026-11-27T10:00:00Z", TEN),
            ("2026-11-27T11:00:00.123+01:00", TEN),
            ("2026-11-27 10:00", TEN),
            ("Freitag, 27 November 2026 11:00:00 +0100", TEN),
            ("Fr, 27. Nov. 2026 11:00:00 +0100", TEN),
            ("ven., 27 novembre 2026 11:00:00 +0100", TEN),
            ("27.11.2026 10:00", TEN),
            ("27.11.2026 11:00:00 +0100", TEN),
            ("pią, 27 lis 2026 11:00:00 +0100", TEN),
            ("пт, 27 ноя 2026 11:00:00 +0100", TEN),
            ("Fri, 27 Nov 2026 11:00:00 UTC+01:00", TEN),
            ("Fri, 27 Nov 2026 11:00:00 \"GMT+1\"", TEN),
            ("Fri, 27 Nov 2026 10.00.00", TEN),
            ("27-Nov-2026 10:00:00", TEN),
            ("Tue, 1 Dez 2026 10:00:00 +0000", TEN + 4 * 86_400),
            ("Fri,27 Nov 2026 11:00:00+0100", TEN),
            ("Fri, 27 Nov 2026 10:00:00GMT", TEN),
            ("Fri, 27 Nov 2026 11:00:00MEZ", TEN),
            ("27 Nov 2026 05:00-0500", TEN),
            ("Nov 27, 2026 10:00:00 AM", TEN),
            ("Nov 27, 2026 3:00:00 PM", TEN + 5 * 3600),
            ("Fri, 27 Nov 2026 3:00:00 PM +0100", TEN + 4 * 3600),
            ("Fri, 27 Nov 2026 3:00PM", TEN + 5 * 3600),
            ("Fri, 27 Nov 2026 12:30 a.m.", TEN - 34_200),
            ("Fri, 27 Nov 2026 12:00:00 PM", TEN + 2 * 3600),
            ("2026-11-27 03:00:00 PM +0100", TEN + 4 * 3600),
            ("20261127T100000Z", TEN),
            ("20261127T110000+0100", TEN),
            ("20261127T1000", TEN),
            ("20261127 10:00:00", TEN),
            ("2026-11-27T11:00:00,5+0100", TEN),
            ("Fri, 27 Nov 2026 11:00:00 +100", TEN),
            ("Fri, 27 Nov 2026 15:30:00 +530", TEN),
            ("Fri, 27 Nov 2026 24:00:00 +0000", TEN + 14 * 3600),
            ("2026-11-27T24:00:00Z", TEN + 14 * 3600),
            ("Thu, 29 Feb 2024 00:00:00 Z", 1_709_164_800),
        ] {
            assert_eq!(read(text), Some(seconds), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "Fri",
            "31 Feb 2026 10:00",
            "2026-13-01T00:00Z",
            "10:00",
            "Mon, 01 Jan 0001 00:00:00 +0000",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,40}|([0-9]{1,4}[-:. T+,]|Nov |GMT){0,10}") {
            let _ = read(&text);
        }
    }
}
