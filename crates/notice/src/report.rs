//! The text of a delivery report (DSN) to a sender, in every given language: one mail contains all. Knows nothing of
//! the letter but its recipient's address.

use crate::error::NoticeError;
use crate::language::{Language, Values, Words};

/// Result for one recipient's copy.
#[derive(Clone, Copy, Debug)]
pub enum Report<'a> {
    /// It could not be delivered.
    Failed(Why),
    /// It could not be delivered yet.
    Delayed {
        /// The reason.
        why: Why,
        /// Hours left in which it will be retried.
        hours_left: u64,
    },
    /// The next server accepted it and sends no reports.
    PassedOn,
    /// It was deposited in a mailbox, and its notice could not be delivered.
    NotNotified(Why),
    /// It was deposited in a mailbox, and its notice bounced.
    NotReached(CameBack),
    /// Refused for this recipient by a rule or a limit, while others got it.
    Refused(RefusalReason<'a>),
    /// It was deposited in a mailbox; nothing more is known when this is written.
    Deposited(Hears),
    /// Its recipient has opened it.
    Opened,
}

/// What a bounce says about a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameBack {
    /// The notice has failed.
    Failed,
    /// Nothing certain.
    Unclear,
}

/// Why a recipient does not get what others got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason<'a> {
    /// A rule refuses it with the operator's own text.
    Written(&'a str),
    /// A rule refuses it without a text.
    ByRule,
    /// It cannot be decided whether a rule applies.
    Undecided,
    /// The recipient's mailbox is full.
    MailboxFull,
    /// It had to be encrypted for the recipient's company.
    NotEncrypted(KeyProblem),
    /// It had to be signed.
    NotSigned(KeyProblem),
}

/// Why no key can be used to encrypt or to sign a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyProblem {
    /// The recipient's domain does not belong to a partner.
    NoPartner,
    /// The recipient does not belong to the partner named by the rule.
    OtherPartner,
    /// The partner is suspended.
    PartnerSuspended,
    /// The connection to the partner has not been tested yet.
    Untested,
    /// The partner has no key.
    NoKey,
    /// Its key has not been confirmed.
    NotConfirmed,
    /// Its key is suspended.
    Suspended,
    /// Its key has expired.
    Expired,
    /// Its key is not valid yet.
    NotYetValid,
    /// Its key is revoked.
    Revoked,
    /// Its key is too weak.
    WeakKey,
    /// Its certificate was issued with a broken hash.
    WeakHash,
    /// Its key must not be used to encrypt.
    WrongUsage,
    /// Its key is a certificate authority's.
    Authority,
    /// Its key is for another address.
    OtherAddress,
    /// Its key names an address that cannot be read.
    UnreadableName,
    /// Its key has not been compared, and the zone that publishes it does not speak for this address.
    NotVouchedFor,
    /// The message does not name one sender.
    NoSender,
    /// Its Sender is in another domain than its From.
    OtherSender,
    /// The client may not write for the domain in From.
    NotTheirs,
    /// It came from outside.
    FromWorld,
    /// We have no key of this kind for the sender's domain.
    NoOwnKey(&'static str),
}

impl RefusalReason<'_> {
    fn say(&self, language: Language) -> Result<String, NoticeError> {
        let (key, problem) = match self {
            Self::Written(text) => return Ok((*text).to_owned()),
            Self::ByRule => ("report-refused-by-rule", None),
            Self::Undecided => ("report-refused-undecided", None),
            Self::MailboxFull => ("report-refused-full", None),
            Self::NotEncrypted(problem) => ("report-refused-not-encrypted", Some(problem)),
            Self::NotSigned(problem) => ("report-refused-not-signed", Some(problem)),
        };
        let mut values = Values::new();
        if let Some(problem) = problem {
            values.insert("problem".into(), problem.say(language)?.into());
        }
        Words::new(language, values)?.say(key)
    }
}

impl KeyProblem {
    fn say(self, language: Language) -> Result<String, NoticeError> {
        let mut values = Values::new();
        let key = match self {
            Self::NoPartner => "key-problem-no-partner",
            Self::OtherPartner => "key-problem-other-partner",
            Self::PartnerSuspended => "key-problem-partner-suspended",
            Self::Untested => "key-problem-untested",
            Self::NoKey => "key-problem-no-key",
            Self::NotConfirmed => "key-problem-not-confirmed",
            Self::Suspended => "key-problem-suspended",
            Self::Expired => "key-problem-expired",
            Self::NotYetValid => "key-problem-not-yet-valid",
            Self::Revoked => "key-problem-revoked",
            Self::WeakKey => "key-problem-weak-key",
            Self::WeakHash => "key-problem-weak-hash",
            Self::WrongUsage => "key-problem-wrong-usage",
            Self::Authority => "key-problem-authority",
            Self::OtherAddress => "key-problem-other-address",
            Self::UnreadableName => "key-problem-unreadable-name",
            Self::NotVouchedFor => "key-problem-not-vouched-for",
            Self::NoSender => "key-problem-no-sender",
            Self::OtherSender => "key-problem-other-sender",
            Self::NotTheirs => "key-problem-not-theirs",
            Self::FromWorld => "key-problem-from-world",
            Self::NoOwnKey(method) => {
                values.insert("method".into(), method.into());
                "key-problem-no-own-key"
            }
        };
        Words::new(language, values)?.say(key)
    }
}

/// Whether the recipient of a deposited letter will be notified by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hears {
    /// The notice is sent together with this.
    Now,
    /// Later, for several letters at once.
    Later,
}

/// The reasons of RFC 3463 that are useful to a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Why(pub(crate) &'static str);

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
    /// The subjects, one after the other.
    pub subject: String,
    /// The texts, one below the other.
    pub text: String,
}

impl Report<'_> {
    /// The texts for this recipient, with the next server's reply.
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
            // Indented here: Fluent removes leading white space from a value.
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

    /// Keys of subject and text.
    fn keys(&self) -> (&'static str, &'static str) {
        match self {
            Self::Failed(_) => ("report-failed-subject", "report-failed"),
            Self::Delayed { .. } => ("report-delayed-subject", "report-delayed"),
            Self::PassedOn => ("report-passed-on-subject", "report-passed-on"),
            Self::NotNotified(_) => ("report-not-notified-subject", "report-not-notified"),
            Self::NotReached(CameBack::Failed) => ("report-not-reached-subject", "report-not-reached"),
            Self::NotReached(CameBack::Unclear) => {
                ("report-not-reached-subject", "report-perhaps-not-reached")
            }
            Self::Refused(_) => ("report-refused-subject", "report-refused"),
            Self::Deposited(_) => ("report-deposited-subject", "report-deposited"),
            Self::Opened => ("report-opened-subject", "report-opened"),
        }
    }

    /// Values in the text besides the recipient.
    fn values(&self, language: Language) -> Result<Values, NoticeError> {
        let why = |Why(key): &Why| {
            Ok::<_, NoticeError>(("why".into(), Words::new(language, Values::new())?.say(key)?.into()))
        };
        Ok(match self {
            Self::Failed(reason) | Self::NotNotified(reason) => Values::from([why(reason)?]),
            Self::Delayed { why: reason, hours_left } => {
                Values::from([why(reason)?, ("left".into(), left(language, *hours_left)?.into())])
            }
            Self::Refused(refused) => Values::from([("why".into(), refused.say(language)?.into())]),
            Self::Deposited(hears) => {
                let key = match hears {
                    Hears::Now => "report-deposited-now",
                    Hears::Later => "report-deposited-later",
                };
                Values::from([("notice".into(), Words::new(language, Values::new())?.say(key)?.into())])
            }
            Self::PassedOn | Self::NotReached(_) | Self::Opened => Values::new(),
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

    /// When it is written the notice has not been sent: it must not say that anybody was notified, or that anything was
    /// read.
    #[test]
    fn of_a_deposit_nothing_is_said_that_is_not_known_yet() {
        for (hears, de, en) in [
            (Hears::Now, "Er wird jetzt per E‑Mail benachrichtigt", "being notified by e‑mail"),
            (Hears::Later, "Er wird später per E‑Mail benachrichtigt", "will be notified by e‑mail later"),
        ] {
            let said = both(Report::Deposited(hears), None).text;
            assert!(said.contains(de) && said.contains(en), "{said}");
            assert!(said.contains("bedeutet nicht, dass") && said.contains("does not mean that"), "{said}");
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
            Report::NotReached(CameBack::Failed),
            Report::NotReached(CameBack::Unclear),
            Report::Refused(RefusalReason::Written("Not from here")),
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
            both(Report::Refused(RefusalReason::Written("Not from here")), None)
                .text
                .contains("Reason: Not from here")
        );
    }

    /// The English reply to the client is for machines and postmasters: a German sender reads German.
    #[test]
    fn why_a_recipient_was_refused_is_said_in_the_reports_own_language() {
        for (why, de, en) in [
            (RefusalReason::ByRule, "Eine Regel lässt sie nicht zu.", "A rule does not allow it."),
            (RefusalReason::MailboxFull, "Postfach des Empfängers ist voll.", "mailbox is full."),
            (
                RefusalReason::NotEncrypted(KeyProblem::Expired),
                "Sie muss verschlüsselt werden. Der Schlüssel des Partners ist abgelaufen.",
                "It must be encrypted. The partner’s key has expired.",
            ),
            (
                RefusalReason::NotSigned(KeyProblem::NoOwnKey("S/MIME")),
                "Sie muss signiert werden. Für die Domain des Absenders gibt es keinen eigenen Schlüssel (S/MIME).",
                "It must be signed. There is no key of our own for the sender’s domain (S/MIME).",
            ),
        ] {
            let said = |language| Report::Refused(why).words("r@d.example", None, &[language]).unwrap().text;
            let (german, english) = (said(Language::De), said(Language::En));
            assert!(german.contains(de), "{german}");
            assert!(english.contains(en), "{english}");
        }
    }
}
