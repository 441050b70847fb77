//! The text of the evidence about a letter, in each language: when it was accepted, deposited, notified,
//! opened, exported, deleted. Knows the letter's id and nothing of its content.

use sealpost_mail::Timestamp;

use crate::error::NoticeError;
use crate::language::{Language, Values, Words};

/// An event in the letter's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetterStep {
    /// It was accepted and deposited in the mailbox.
    Deposited,
    /// A mail server accepted its notice.
    Notified(ServerReply),
    /// The notice was given up.
    NotNotified(ServerReply),
    /// The notice bounced.
    Returned,
    /// It was opened for the first time.
    Opened,
    /// It was saved as a file of this kind.
    Exported(String),
    /// One of its files was saved, or all of them.
    AttachmentExported,
    /// The owner moved it into the trash.
    Trashed,
    /// The owner restored it from the trash.
    Restored,
    /// Its owner deleted it.
    Deleted,
    /// It expired.
    Expired,
    /// It expired in the trash.
    LeftTrash,
    /// It was recalled.
    Recalled,
    /// Evidence was issued before.
    EvidenceMade,
    /// Its mailbox was activated.
    MailboxActivated,
    /// Its mailbox was deleted with everything in it.
    MailboxDeleted,
    /// Support reset its owner's access, and the letters were lost.
    MailboxReplaced,
}

/// Result of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AttemptEnd {
    /// The server's reply: "250 2.0.0".
    Reply(String),
    /// No server replied; our own status for the reason, "4.4.1".
    Status(String),
    /// Unknown.
    #[default]
    Nothing,
}

/// A mail server's final reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerReply {
    /// The next hop's reply.
    pub said: AttemptEnd,
    /// The server's name, if one was reached.
    pub host: Option<String>,
    /// The server's queue id of the mail.
    pub queue_id: Option<String>,
}

/// An event with its time and network.
#[derive(Clone, Debug)]
pub struct DatedStep {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub step: LetterStep,
    /// The network of the person who caused it.
    pub network: String,
}

/// Result of verifying the audit trail.
#[derive(Clone, Debug)]
pub enum TrailState {
    /// It is intact; number and proof of its last row.
    Whole(String),
    /// The trail does not verify.
    Broken,
    /// Not verified: the auditor's key was not available.
    NotChecked,
}

/// Who besides its owner could open an active mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondKey {
    /// Anyone with the server's key.
    OnServer,
    /// Anyone with a key that is kept elsewhere.
    KeptApart,
    /// No one.
    None,
}

/// The facts for the document about one letter.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// The operator's name.
    pub operator: &'a str,
    /// The id of the letter.
    pub letter: &'a str,
    /// The id of the mailbox.
    pub mailbox: &'a str,
    /// The mailbox's address, while known.
    pub recipient: Option<&'a str>,
    /// The sender in the envelope, while known.
    pub sender: Option<&'a str>,
    /// The letter's Message-ID, while known.
    pub message_id: Option<&'a str>,
    /// SHA-256 of the letter as it was received, in hexadecimal.
    pub sha256: Option<&'a str>,
    /// Who could read it.
    pub second_key: SecondKey,
    /// The events in chronological order.
    pub steps: &'a [DatedStep],
    /// State of the trail they are taken from.
    pub trail: &'a TrailState,
    /// The time zone for its times.
    pub zone: &'a str,
}

/// The sentences of the document.
#[derive(Clone, Debug)]
pub struct EvidenceText {
    /// The title of the document.
    pub title: String,
    /// The facts: label and value.
    pub rows: Vec<(String, String)>,
    /// The rest, as HTML.
    pub html: String,
    /// The description of the file embedded in the PDF.
    pub embedded: String,
}

impl Evidence<'_> {
    /// The texts in one language.
    pub fn words(&self, language: Language) -> Result<EvidenceText, NoticeError> {
        let mut values: Values = [("operator", self.operator), ("letter", self.letter)]
            .map(|(name, value)| (name.into(), value.to_owned().into()))
            .into();
        if let TrailState::Whole(anchor) = self.trail {
            values.insert("anchor".into(), anchor.clone().into());
        }
        let words = Words::new(language, values)?;
        let recipient = match self.recipient {
            Some(recipient) => recipient.to_owned(),
            None => words.say("evidence-recipient-gone")?,
        };
        let or_unknown = |known: Option<&str>| match known {
            Some(known) => Ok(known.to_owned()),
            None => words.say("evidence-not-known"),
        };
        let (hash, which) = match self.sha256 {
            Some(hash) => (in_groups(hash), "evidence-which"),
            None => (words.say("evidence-no-hash")?, "evidence-which-without-hash"),
        };
        let rows = vec![
            (words.say("evidence-sender")?, or_unknown(self.sender)?),
            (words.say("evidence-recipient")?, recipient),
            (words.say("evidence-message-id")?, or_unknown(self.message_id)?),
            (words.say("evidence-hash")?, hash),
            (words.say("evidence-letter")?, self.letter.to_owned()),
            (words.say("evidence-mailbox")?, self.mailbox.to_owned()),
        ];
        let mut html = paragraph(&words.say("evidence-intro")?);
        html.push_str(&paragraph(&words.say(match self.second_key {
            SecondKey::OnServer => "evidence-second-key-server",
            SecondKey::KeptApart => "evidence-second-key-apart",
            SecondKey::None => "evidence-second-key-none",
        })?));
        html.push_str(&paragraph(&words.say(which)?));
        if self.steps.iter().any(|dated| dated.step.names_a_server()) {
            html.push_str(&paragraph(&words.say("evidence-servers")?));
        }
        html.push_str(&self.table(language, &words)?);
        let is_known = |step: &LetterStep| self.steps.iter().any(|dated| dated.step == *step);
        if is_known(&LetterStep::Deposited) && !is_known(&LetterStep::Opened) {
            html.push_str(&paragraph(&words.say("evidence-not-opened")?));
        }
        html.push_str(&paragraph(&words.say(match self.trail {
            TrailState::Whole(_) => "evidence-whole",
            TrailState::Broken => "evidence-broken",
            TrailState::NotChecked => "evidence-not-checked",
        })?));
        let embedded = words.say("evidence-embedded")?;
        Ok(EvidenceText { title: words.say("evidence-title")?, rows, html, embedded })
    }

    fn table(&self, language: Language, words: &Words) -> Result<String, NoticeError> {
        if self.steps.is_empty() {
            return Ok(paragraph(&words.say("evidence-nothing")?));
        }
        let head: String = ["evidence-when", "evidence-what", "evidence-network"]
            .into_iter()
            .map(|key| Ok(format!("<th>{}</th>", escaped(&words.say(key)?))))
            .collect::<Result<_, NoticeError>>()?;
        let mut html = format!("<table border=\"1\"><tr>{head}</tr>");
        for dated in self.steps {
            let cells =
                [to_the_second(dated.at, self.zone)?, dated.step.say(language)?, dated.network.clone()];
            let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
            html.push_str(&format!("<tr>{cells}</tr>"));
        }
        html.push_str("</table>");
        Ok(html)
    }
}

impl LetterStep {
    fn names_a_server(&self) -> bool {
        matches!(self, Self::Notified(_) | Self::NotNotified(_))
    }

    fn say(&self, language: Language) -> Result<String, NoticeError> {
        let (key, value) = match self {
            Self::Deposited => ("evidence-deposited", None),
            Self::Notified(reply) => return reply.say("evidence-notified", language),
            Self::NotNotified(reply) => return reply.say("evidence-not-notified", language),
            Self::Returned => ("evidence-returned", None),
            Self::Opened => ("evidence-opened", None),
            Self::Exported(format) => ("evidence-exported", Some(("format", format))),
            Self::AttachmentExported => ("evidence-attachment-exported", None),
            Self::Trashed => ("evidence-trashed", None),
            Self::Restored => ("evidence-restored", None),
            Self::Deleted => ("evidence-deleted", None),
            Self::Expired => ("evidence-expired", None),
            Self::LeftTrash => ("evidence-left-trash", None),
            Self::Recalled => ("evidence-recalled", None),
            Self::EvidenceMade => ("evidence-made", None),
            Self::MailboxActivated => ("evidence-mailbox-activated", None),
            Self::MailboxDeleted => ("evidence-mailbox-deleted", None),
            Self::MailboxReplaced => ("evidence-mailbox-replaced", None),
        };
        let values = value.into_iter().map(|(name, value)| (name.into(), value.clone().into()));
        Words::new(language, values.collect())?.say(key)
    }
}

impl ServerReply {
    fn say(&self, what: &'static str, language: Language) -> Result<String, NoticeError> {
        let (key, codes) = match &self.said {
            AttemptEnd::Reply(codes) => (Some("evidence-reply"), Some(codes)),
            AttemptEnd::Status(code) => (Some("evidence-status"), Some(code)),
            AttemptEnd::Nothing => (None, None),
        };
        let values = [("codes", codes), ("host", self.host.as_ref()), ("id", self.queue_id.as_ref())];
        let values =
            values.into_iter().filter_map(|(name, value)| Some((name.into(), value?.clone().into())));
        let words = Words::new(language, values.collect())?;
        let server = self.host.as_ref().map(|_| "evidence-server");
        let queue_id = self.queue_id.as_ref().map(|_| "evidence-queue-id");
        let keys = [Some(what), server, key, queue_id];
        let said: Vec<String> =
            keys.into_iter().flatten().map(|key| words.say(key)).collect::<Result<_, _>>()?;
        Ok(said.join("; "))
    }
}

/// Groups of eight digits, for comparing by eye.
fn in_groups(hash: &str) -> String {
    let digits: Vec<char> = hash.chars().collect();
    let groups: Vec<String> = digits.chunks(8).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

/// "2026-11-28 17:04:09 +01:00": precise, and the same in every language.
fn to_the_second(at: Timestamp, zone: &str) -> Result<String, NoticeError> {
    let zone = jiff::tz::TimeZone::get(zone).map_err(|_unknown| NoticeError::Zone(zone.to_owned()))?;
    let at = jiff::Timestamp::from_millisecond(at.0).map_err(|_range| NoticeError::Date)?.to_zoned(zone);
    Ok(at.strftime("%Y-%m-%d %H:%M:%S %:z").to_string())
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escaped(text))
}

/// Nothing here comes from the letter, but an operator's name or an address may contain these.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> Vec<DatedStep> {
        let dated =
            |at, step, network: &str| DatedStep { at: Timestamp(at), step, network: network.to_owned() };
        vec![
            dated(1_579_088_940_000, LetterStep::Deposited, "192.0.2.0/24"),
            dated(1_579_088_941_000, LetterStep::Notified(reply()), ""),
        ]
    }

    fn reply() -> ServerReply {
        ServerReply {
            said: AttemptEnd::Reply("250 2.0.0".to_owned()),
            host: Some("mx.web.example".to_owned()),
            queue_id: Some("4F2A1B".to_owned()),
        }
    }

    fn said(steps: &[DatedStep], trail: &TrailState, language: Language) -> EvidenceText {
        let evidence = Evidence {
            operator: "Muster & Söhne",
            letter: "l1",
            mailbox: "m1",
            recipient: Some("k@web.example"),
            sender: None,
            message_id: Some("<a1@web.example>"),
            sha256: Some("00112233445566ff"),
            second_key: SecondKey::OnServer,
            steps,
            trail,
            zone: "Europe/Berlin",
        };
        evidence.words(language).unwrap()
    }

    #[test]
    fn it_says_when_what_happened_and_what_did_not() {
        let text = said(&steps(), &TrailState::Whole("7:ab".to_owned()), Language::De);
        assert!(text.title.contains("l1") && text.rows[1].1 == "k@web.example");
        assert!(text.rows[0].1.contains("nicht bekannt") && text.rows[2].1 == "<a1@web.example>");
        assert!(text.html.contains("2020-01-15 12:49:00 +01:00") && text.html.contains("250 2.0.0"));
        assert!(text.html.contains("mx.web.example") && text.html.contains("4F2A1B"));
        assert_eq!(text.rows[3].1, "00112233 445566ff");
        assert!(text.html.contains("nicht geöffnet") && text.html.contains("7:ab"));
        assert!(text.html.contains("Muster &amp; Söhne"));
    }

    #[test]
    fn an_opened_letter_is_not_called_unopened_and_a_broken_trail_proves_nothing() {
        let mut steps = steps();
        steps.push(DatedStep {
            at: Timestamp(1_579_089_000_000),
            step: LetterStep::Opened,
            network: String::new(),
        });
        let text = said(&steps, &TrailState::Broken, Language::En);
        assert!(!text.html.contains("had not been opened") && text.html.contains("proves nothing"));
    }

    #[test]
    fn every_step_is_said_in_every_language() {
        let value = || "x-9".to_owned();
        let nothing = ServerReply::default;
        for language in Language::all() {
            for step in [
                LetterStep::Deposited,
                LetterStep::Notified(reply()),
                LetterStep::Notified(nothing()),
                LetterStep::NotNotified(ServerReply {
                    said: AttemptEnd::Status("4.4.7".to_owned()),
                    ..nothing()
                }),
                LetterStep::Returned,
                LetterStep::Opened,
                LetterStep::Exported(value()),
                LetterStep::AttachmentExported,
                LetterStep::Trashed,
                LetterStep::Restored,
                LetterStep::Deleted,
                LetterStep::Expired,
                LetterStep::LeftTrash,
                LetterStep::Recalled,
                LetterStep::EvidenceMade,
                LetterStep::MailboxActivated,
                LetterStep::MailboxDeleted,
                LetterStep::MailboxReplaced,
            ] {
                assert!(!step.say(language).unwrap().is_empty());
            }
            assert!(said(&[], &TrailState::NotChecked, language).html.contains("<p>"));
        }
    }
}
