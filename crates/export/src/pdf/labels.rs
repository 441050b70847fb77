//! The words on a page that are not the letter's, and the format of dates. Knows no letter, and no language by name:
//! the caller provides the texts.

use jiff::tz::TimeZone;
use sealpost_mail::{FileWords, Timestamp};

use crate::error::ExportError;

/// Language, time zone and letterhead of a document.
#[derive(Clone, Copy)]
pub struct Wording<'a> {
    /// The labels.
    pub labels: &'a Labels,
    /// The reader's time zone, such as `Europe/Berlin`.
    pub zone: &'a str,
    /// A line on top of the first page, such as the operator's name; `None`: none.
    pub letterhead: Option<&'a str>,
    /// The letter's invitations, line by line: label and text. They are shown in the header block.
    pub appointments: &'a [(String, String)],
}

/// All words that are not the letter's.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Language tag of the labels and of the document.
    pub language: String,
    /// From.
    pub from: String,
    /// To.
    pub to: String,
    /// Cc.
    pub cc: String,
    /// Label of Reply-To, shown if it differs from the sender.
    pub reply_to: String,
    /// Date.
    pub date: String,
    /// What attachments without a name are called.
    pub files: FileWords,
    /// Heading of the list of attachments.
    pub attachments: String,
    /// Page number, with `{page}` and `{pages}`.
    pub page: String,
    /// Behind the first of many recipients or files, with `{n}`: how many more there are, and where they are listed.
    pub more: String,
    /// Title of a letter without a subject.
    pub no_subject: String,
    /// Shown instead of the text of a letter without one.
    pub no_text: String,
    /// Shown instead of the text of an encrypted letter.
    pub encrypted: String,
    /// Note below the list: everything is embedded in this file.
    pub embedded: String,
    /// Note that some characters are shown as ▯.
    pub replaced: String,
    /// Note that the letter is longer than what is shown.
    pub shortened: String,
    /// Note that the text could not be shown at all.
    pub not_set: String,
    /// Label of a picture without a description.
    pub picture: String,
    /// Unit of small sizes.
    pub bytes: String,
    /// Decimal separator.
    pub decimal: char,
    /// Date format, with `{weekday}`, `{day}`, `{month}`, `{year}`, `{time}`, `{zone}`.
    pub date_pattern: String,
    /// Names of the weekdays, from Monday.
    pub weekdays: [String; 7],
    /// Names of the months, from January.
    pub months: [String; 12],
}

impl Labels {
    /// The labels of a language: `say` returns the text of a key. Placeholders (`{page}`, `{weekday}`, …) keep their
    /// names.
    #[must_use]
    pub fn of(language: &str, say: impl Fn(&'static str) -> String) -> Self {
        Self {
            language: language.to_owned(),
            from: say("pdf-from"),
            to: say("pdf-to"),
            cc: say("pdf-cc"),
            reply_to: say("pdf-reply-to"),
            date: say("pdf-date"),
            files: FileWords::of(&say),
            attachments: say("pdf-attachments"),
            page: say("pdf-page"),
            more: say("pdf-more"),
            no_subject: say("pdf-no-subject"),
            no_text: say("pdf-no-text"),
            encrypted: say("pdf-encrypted"),
            embedded: say("pdf-embedded"),
            replaced: say("pdf-replaced"),
            shortened: say("pdf-shortened"),
            not_set: say("pdf-not-set"),
            picture: say("pdf-picture"),
            bytes: say("pdf-bytes"),
            decimal: say("decimal-separator").chars().next().unwrap_or('.'),
            date_pattern: say("pdf-date-pattern"),
            weekdays: [
                "pdf-weekday-1",
                "pdf-weekday-2",
                "pdf-weekday-3",
                "pdf-weekday-4",
                "pdf-weekday-5",
                "pdf-weekday-6",
                "pdf-weekday-7",
            ]
            .map(&say),
            months: [
                "month-1", "month-2", "month-3", "month-4", "month-5", "month-6", "month-7", "month-8",
                "month-9", "month-10", "month-11", "month-12",
            ]
            .map(&say),
        }
    }
}

impl Wording<'_> {
    /// "Dienstag, 17. November 2026, 09:41 Uhr (MEZ)": with the zone, because a document may be read elsewhere later.
    pub(super) fn date_time(&self, at: Timestamp) -> Result<String, ExportError> {
        let zone = TimeZone::get(self.zone).map_err(|_unknown| ExportError::Zone(self.zone.to_owned()))?;
        let Ok(at) = jiff::Timestamp::from_millisecond(at.0) else { return Ok(String::new()) };
        let at = at.to_zoned(zone);
        let name = |names: &[String], number: i8| {
            usize::try_from(number).ok().and_then(|number| names.get(number)).cloned().unwrap_or_default()
        };
        let labels = self.labels;
        Ok(labels
            .date_pattern
            .replace("{weekday}", &name(&labels.weekdays, at.weekday().to_monday_zero_offset()))
            .replace("{day}", &at.day().to_string())
            .replace("{month}", &name(&labels.months, at.month() - 1))
            .replace("{year}", &at.year().to_string())
            .replace("{time}", &format!("{:02}:{:02}", at.hour(), at.minute()))
            .replace("{zone}", &offset(at.offset().seconds())))
    }

    /// Year, month, day, hour, minute, second in UTC.
    pub(super) fn civil_utc(&self, at: Timestamp) -> Result<[i32; 6], ExportError> {
        let at = jiff::Timestamp::from_millisecond(at.0)
            .map_err(|_range| ExportError::Zone("UTC".to_owned()))?
            .to_zoned(TimeZone::UTC);
        let [month, day, hour, minute, second] =
            [at.month(), at.day(), at.hour(), at.minute(), at.second()].map(i32::from);
        Ok([i32::from(at.year()), month, day, hour, minute, second])
    }
}

/// "UTC+1", "UTC", "UTC+5:30": abbreviations of zones differ by language and are ambiguous.
fn offset(seconds: i32) -> String {
    let minutes = seconds / 60;
    let sign = if minutes < 0 { '−' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample_labels::labels;
    use super::*;

    #[test]
    fn a_moment_is_said_in_the_readers_language_and_zone() {
        // 2026-11-17T08:41:00Z
        let at = Timestamp(1_794_904_860_000);
        let say = |labels: &Labels, zone| {
            Wording { labels, zone, letterhead: None, appointments: &[] }.date_time(at).unwrap()
        };
        assert_eq!(say(&labels("de"), "Europe/Berlin"), "Dienstag, 17. November 2026, 09:41 Uhr (UTC+1)");
        assert_eq!(say(&labels("en"), "Asia/Kolkata"), "Tuesday, 17 November 2026, 14:11 (UTC+5:30)");
        let german = labels("de");
        let nowhere =
            Wording { labels: &german, zone: "Europe/Bielefeld", letterhead: None, appointments: &[] };
        assert!(matches!(nowhere.date_time(at), Err(ExportError::Zone(_))));
        assert_eq!(nowhere.civil_utc(at).unwrap(), [2026, 11, 17, 8, 41, 0]);
    }
}
