//! The words on a page that are not the letter's, and how dates are said. Knows no letter.
//!
//! German and English are here; another language is another value of [`Labels`], from wherever the caller
//! keeps its texts.

use jiff::tz::TimeZone;
use sealpost_mail::Timestamp;

use crate::error::ExportError;

/// How a document speaks.
#[derive(Clone, Copy)]
pub struct Wording<'a> {
    /// The words.
    pub labels: &'a Labels,
    /// The reader's time zone, such as `Europe/Berlin`.
    pub zone: &'a str,
    /// A line on top of the first page, such as the operator's name.
    pub letterhead: Option<&'a str>,
}

/// Every word that is not the letter's.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Language tag of all of them, and of the document.
    pub language: String,
    /// From.
    pub from: String,
    /// To.
    pub to: String,
    /// Cc.
    pub cc: String,
    /// Reply-To, if it is not the sender.
    pub reply_to: String,
    /// Date.
    pub date: String,
    /// Above the list of attachments.
    pub attachments: String,
    /// With `{page}` and `{pages}`.
    pub page: String,
    /// Title of a letter without a subject.
    pub no_subject: String,
    /// Instead of the text of a letter that has none.
    pub no_text: String,
    /// Below the list: that everything is embedded in this file.
    pub embedded: String,
    /// That some characters are shown as ▯.
    pub replaced: String,
    /// That the letter is longer than what is shown.
    pub shortened: String,
    /// That the text could not be shown at all.
    pub not_set: String,
    /// What a picture without a description is called.
    pub picture: String,
    /// The unit of small sizes.
    pub bytes: String,
    /// Between whole and tenth.
    pub decimal: char,
    /// With `{weekday}`, `{day}`, `{month}`, `{year}`, `{time}`, `{zone}`.
    pub date_pattern: String,
    /// From Monday.
    pub weekdays: [String; 7],
    /// From January.
    pub months: [String; 12],
}

impl Labels {
    /// German.
    #[must_use]
    pub fn german() -> Self {
        Self {
            language: "de".to_owned(),
            from: "Von".to_owned(),
            to: "An".to_owned(),
            cc: "Kopie".to_owned(),
            reply_to: "Antwort an".to_owned(),
            date: "Datum".to_owned(),
            attachments: "Anhänge".to_owned(),
            page: "Seite {page} von {pages}".to_owned(),
            no_subject: "(ohne Betreff)".to_owned(),
            no_text: "Diese Nachricht enthält keinen Text.".to_owned(),
            embedded:
                "In diese PDF-Datei eingebettet sind die unveränderte Nachricht (original.eml) und alle \
                       Anhänge. Ihr PDF-Programm zeigt sie unter „Anlagen“ oder mit einer Büroklammer."
                    .to_owned(),
            replaced:
                "Einzelne Zeichen kann dieses Dokument nicht darstellen; sie erscheinen als ▯ oder ?. Die \
                       eingebettete Nachricht original.eml enthält sie unverändert."
                    .to_owned(),
            shortened: "Die Nachricht ist sehr lang und hier gekürzt. Vollständig steht sie in der \
                        eingebetteten Datei original.eml."
                .to_owned(),
            not_set:
                "Der Text dieser Nachricht ließ sich nicht als Dokument darstellen. Vollständig steht er \
                      in der eingebetteten Datei original.eml."
                    .to_owned(),
            picture: "Bild".to_owned(),
            bytes: "Bytes".to_owned(),
            decimal: ',',
            date_pattern: "{weekday}, {day}. {month} {year}, {time} Uhr ({zone})".to_owned(),
            weekdays: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"]
                .map(str::to_owned),
            months: [
                "Januar",
                "Februar",
                "März",
                "April",
                "Mai",
                "Juni",
                "Juli",
                "August",
                "September",
                "Oktober",
                "November",
                "Dezember",
            ]
            .map(str::to_owned),
        }
    }

    /// English.
    #[must_use]
    pub fn english() -> Self {
        Self {
            language: "en".to_owned(),
            from: "From".to_owned(),
            to: "To".to_owned(),
            cc: "Copy".to_owned(),
            reply_to: "Reply to".to_owned(),
            date: "Date".to_owned(),
            attachments: "Attachments".to_owned(),
            page: "Page {page} of {pages}".to_owned(),
            no_subject: "(no subject)".to_owned(),
            no_text: "This message has no text.".to_owned(),
            embedded: "Embedded in this PDF file are the unchanged message (original.eml) and all \
                       attachments. Your PDF program shows them under “Attachments” or with a paper clip."
                .to_owned(),
            replaced:
                "Some characters cannot be shown in this document; they appear as ▯ or ?. The embedded \
                       message original.eml has them unchanged."
                    .to_owned(),
            shortened: "The message is very long and has been shortened here. All of it is in the embedded \
                        file original.eml."
                .to_owned(),
            not_set: "The text of this message could not be shown as a document. All of it is in the \
                      embedded file original.eml."
                .to_owned(),
            picture: "Picture".to_owned(),
            bytes: "bytes".to_owned(),
            decimal: '.',
            date_pattern: "{weekday}, {day} {month} {year}, {time} ({zone})".to_owned(),
            weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
                .map(str::to_owned),
            months: [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ]
            .map(str::to_owned),
        }
    }
}

impl Wording<'_> {
    /// "Dienstag, 17. November 2026, 09:41 Uhr (MEZ)": with the zone, because a document outlives its reader's
    /// whereabouts.
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

/// "UTC+1", "UTC", "UTC+5:30": abbreviations of zones differ by language and are guessed at.
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
    use super::*;

    #[test]
    fn a_moment_is_said_in_the_readers_language_and_zone() {
        // 2026-11-17T08:41:00Z
        let at = Timestamp(1_794_904_860_000);
        let say = |labels: &Labels, zone| Wording { labels, zone, letterhead: None }.date_time(at).unwrap();
        assert_eq!(say(&Labels::german(), "Europe/Berlin"), "Dienstag, 17. November 2026, 09:41 Uhr (UTC+1)");
        assert_eq!(say(&Labels::english(), "Asia/Kolkata"), "Tuesday, 17 November 2026, 14:11 (UTC+5:30)");
        let labels = Labels::german();
        let nowhere = Wording { labels: &labels, zone: "Europe/Bielefeld", letterhead: None };
        assert!(matches!(nowhere.date_time(at), Err(ExportError::Zone(_))));
        assert_eq!(nowhere.civil_utc(at).unwrap(), [2026, 11, 17, 8, 41, 0]);
    }
}
