//! What a delivery report (DSN) says to a sender, in every language that it is handed: one mail holds all. Knows nothing of
//! the letter but its recipient's address.

use crate::error::NoticeError;
use crate::language::{Language, Values, Words};

/// What became of one recipient's copy.
#[derive(Clone, Copy, Debug)]
pub enum Report<'a> {
    /// It could not be delivered.
    Failed(Why),
    /// It could not be delivered yet.
    Delayed {
        /// Why.
        why: Why,
        /// How long it will be tried.
        hours_left: u64,
    },
    /// The next server has it and reports nothing more.
    PassedOn,
    /// It is in a mailbox, and the notice about it could not be delivered.
    NotNotified(Why),
    /// It is in a mailbox, and the notice about it has come back.
    NotReached {
        /// Whether what came back says that the notice has failed.
        certain: bool,
    },
    /// A rule or a limit kept it from this recipient while others got it.
    Refused {
        /// The reason, as the client would have heard it.
        reason: &'a str,
    },
    /// It is in a mailbox; nothing more is known when this is written.
    Deposited(Hears),
    /// Its recipient has opened it.
    Opened,
}

/// Whether the recipient of a letter that was put into a mailbox will hear of it by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hears {
    /// The notice leaves with this.
    Now,
    /// Later, of several letters at once.
    Later,
}

/// The reasons of RFC 3463 that a sender can do something with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Why(&'static str);

impl Why {
    /// Subject and detail of an enhanced status code (RFC 3463 §3) in plain words.
    #[must_use]
    pub fn of(subject: u16, detail: u16) -> Self {
        Self(match (subject, detail) {
            (1, 1 | 3) => "report-why-address",
            (1, 2) | (4, 4) => "report-why-domain",
            (1, 10) => "report-why-null-mx",
            (1, 6) => "report-why-moved",
            (2, 1) => "report-why-disabled",
            (2, 2) => "report-why-full",
            (2, 3) | (3, 4) => "report-why-size",
            (4, 6) => "report-why-loop",
            (4, 7) => "report-why-busy",
            (4, _) => "report-why-unreachable",
            (6, 3) => "report-why-plain",
            (6, 7) => "report-why-characters",
            (7, 4 | 5) => "report-why-tls",
            (7, _) => "report-why-security",
            _ => "report-why-other",
        })
    }
}

/// Subject and text of a report.
#[derive(Clone, Debug)]
pub struct ReportText {
    /// The subjects, one behind the other.
    pub subject: String,
    /// The texts, one below the other.
    pub text: String,
}

impl Report<'_> {
    /// The words for this recipient, and what the next server has answered.
    pub fn words(
        &self,
        recipient: &str,
        answer: Option<&str>,
        languages: &[Language],
    ) -> Result<ReportText, NoticeError> {
        let (mut subjects, mut texts, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        let (subject, text) = self.keys();
        for language in languages {
            let mut values = self.values(*language)?;
            // Set in here: Fluent takes white space in front of a value away.
            values.insert("to".into(), format!("  {recipient}").into());
            let words = Words::new(*language, values)?;
            subjects.push(words.say(subject)?);
            texts.push(words.say(text)?);
            labels.push(words.say("report-technical")?);
        }
        if let Some(answer) = answer {
            texts.push(format!("{}:\n\n  {answer}", labels.join(" / ")));
        }
        Ok(ReportText { subject: subjects.join(" / "), text: texts.join("\n\n--------\n\n") + "\n" })
    }

    /// Of the subject and of the text.
    fn keys(&self) -> (&'static str, &'static str) {
        match self {
            Self::Failed(_) => ("report-failed-subject", "report-failed"),
            Self::Delayed { .. } => ("report-delayed-subject", "report-delayed"),
            Self::PassedOn => ("report-passed-on-subject", "report-passed-on"),
            Self::NotNotified(_) => ("report-not-notified-subject", "report-not-notified"),
            Self::NotReached { certain: true } => ("report-not-reached-subject", "report-not-reached"),
            Self::NotReached { certain: false } => {
                ("report-not-reached-subject", "report-perhaps-not-reached")
            }
            Self::Refused { .. } => ("report-refused-subject", "report-refused"),
            Self::Deposited(_) => ("report-deposited-subject", "report-deposited"),
            Self::Opened => ("report-opened-subject", "report-opened"),
        }
    }

    /// What stands in the text beside the recipient.
    fn values(&self, language: Language) -> Result<Values, NoticeError> {
        let why = |Why(key): &Why| {
            Ok::<_, NoticeError>(("why".into(), Words::new(language, Values::new())?.say(key)?.into()))
        };
        Ok(match self {
            Self::Failed(reason) | Self::NotNotified(reason) => Values::from([why(reason)?]),
            Self::Delayed { why: reason, hours_left } => {
                Values::from([why(reason)?, ("left".into(), left(language, *hours_left)?.into())])
            }
            Self::Refused { reason } => Values::from([("why".into(), (*reason).to_owned().into())]),
            Self::Deposited(hears) => {
                let key = match hears {
                    Hears::Now => "report-deposited-now",
                    Hears::Later => "report-deposited-later",
                };
                Values::from([("notice".into(), Words::new(language, Values::new())?.say(key)?.into())])
            }
            Self::PassedOn | Self::NotReached { .. } | Self::Opened => Values::new(),
        })
    }
}

fn left(language: Language, hours: u64) -> Result<String, NoticeError> {
    let (n, key) = match hours {
        0 => (0, "report-left-short"),
        1..48 => (hours, "report-left-hours"),
        _ => (hours / 24, "report-left-days"),
    };
    Words::new(language, Values::from([("n".into(), n.into())]))?.say(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(report: Report<'_>, answer: Option<&str>) -> ReportText {
        report.words("r@d.example", answer, &[Language::De, Language::En]).unwrap()
    }

    #[test]
    fn a_report_names_recipient_reason_and_answer_in_every_language() {
        let said = both(Report::Failed(Why::of(1, 1)), Some("550 5.1.1 no such user"));
        assert_eq!(said.subject, "Nicht zugestellt / Not delivered");
        assert_eq!(
            said.text,
            "Ihre Nachricht an\n\n  r@d.example\n\nkonnte nicht zugestellt werden. Diese Adresse gibt es dort nicht. \
             Bitte prüfen Sie die Schreibweise.\n\nWir versuchen es nicht noch einmal.\n\n--------\n\n\
             Your message to\n\n  r@d.example\n\ncould not be delivered. There is no such address. Please check its \
             spelling.\n\nWe will not try again.\n\n--------\n\n\
             Technische Meldung / Technical message:\n\n  550 5.1.1 no such user\n"
        );
    }

    /// When it is written the notice has not left: it must not say that anybody was notified, nor that anything was read.
    #[test]
    fn of_a_deposit_nothing_is_said_that_is_not_known_yet() {
        for (hears, de, en) in [
            (Hears::Now, "Er wird jetzt per E‑Mail benachrichtigt", "being notified by e‑mail"),
            (Hears::Later, "Er wird später per E‑Mail benachrichtigt", "will be notified by e‑mail later"),
        ] {
            let said = both(Report::Deposited(hears), None).text;
            assert!(said.contains(de) && said.contains(en), "{said}");
            assert!(said.contains("sagt nicht, dass") && said.contains("does not mean that"), "{said}");
            assert!(!said.contains("wurde benachrichtigt") && !said.contains("has been notified"), "{said}");
        }
    }

    #[test]
    fn the_time_left_is_said_as_people_say_it() {
        let said = |hours| both(Report::Delayed { why: Why::of(4, 1), hours_left: hours }, None).text;
        assert!(said(0).contains("noch kurze Zeit") && said(0).contains("for a short while"));
        assert!(said(1).contains("noch etwa 1 Stunde.") && said(1).contains("about 1 more hour."));
        assert!(said(47).contains("etwa 47 Stunden") && said(47).contains("about 47 more hours"));
        assert!(said(96).contains("noch etwa 4 Tage") && said(96).contains("for about 4 more days"));
    }

    #[test]
    fn every_report_exists_in_every_language() {
        let all = [
            Report::Failed(Why::of(9, 9)),
            Report::PassedOn,
            Report::NotNotified(Why::of(2, 2)),
            Report::NotReached { certain: true },
            Report::NotReached { certain: false },
            Report::Refused { reason: "Not from here" },
            Report::Deposited(Hears::Now),
            Report::Deposited(Hears::Later),
            Report::Opened,
        ];
        for report in all {
            for language in Language::all() {
                let said = report.words("r@d.example", None, &[language]).unwrap();
                assert!(said.text.contains("\n  r@d.example\n") && !said.subject.is_empty(), "{report:?}");
            }
        }
        for (subject, detail) in (0..9).flat_map(|s| (0..12).map(move |d| (s, d))) {
            assert!(
                Report::Failed(Why::of(subject, detail)).words("r@d.example", None, &[Language::De]).is_ok()
            );
        }
        assert!(
            both(Report::Refused { reason: "Not from here" }, None).text.contains("Reason: Not from here")
        );
    }
}
