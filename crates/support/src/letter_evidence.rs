//! What the audit trail says about one letter, as JSON and as a PDF/A, for a dispute about its delivery.
//! Never its content, subject or file names; also works for deleted letters.

use sealpost_arrival::{EventFacts, notice_facts};
use sealpost_export::{ExportError, Labels, Wording, Worker};
use sealpost_mail::{Address, Compose, ComposeError, Random, Timestamp, compose_notice};
use sealpost_mailbox::MailboxError;
use sealpost_mailbox::audit::{Actor, Event, actions, verify_trail};
use sealpost_notice::{
    AttemptEnd, DatedStep, Evidence, Language, LetterStep, NoticeError, SecondKey, ServerReply, TrailState,
};
use sealpost_store::{AuditRow, MailboxRow, MemoKey, Store, StoreError};
use sealpost_vault::{AuditMaster, SupportRole};
use serde_json::{Value, json};
use thiserror::Error;

use crate::mailbox_facts::address;

/// Why there is no evidence.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The mailbox's row is invalid.
    #[error("{0}")]
    Mailbox(#[from] MailboxError),
    /// The audit trail has no row about the letter.
    #[error(
        "the audit trail says nothing of a letter {0:?}: give the id that `sealpost mailbox show` or `audit show` prints"
    )]
    Unknown(String),
    /// The sentences of the document could not be written.
    #[error("{0}")]
    Words(#[from] NoticeError),
    /// The letter for the PDF worker could not be written.
    #[error("{0}")]
    Compose(#[from] ComposeError),
    /// The PDF worker failed.
    #[error("{0}")]
    Pdf(#[from] ExportError),
}

/// What was found about a letter.
pub struct LetterEvidence {
    letter: String,
    mailbox: String,
    recipient: Option<String>,
    /// Its sender and Message-ID; `None`: the letter is deleted.
    known: Option<EventFacts>,
    rows: Vec<AuditRow>,
    trail: TrailState,
}

/// Language, sender and worker of the PDF.
pub struct Document<'a> {
    /// The name of the operator.
    pub operator: &'a str,
    /// The sender address of notices.
    pub from: &'a Address,
    /// The language of the document.
    pub language: Language,
    /// The time zone of its times.
    pub zone: &'a str,
    /// The worker's labels in that language.
    pub labels: Labels,
    /// Who else could have opened the mailbox.
    pub second_key: SecondKey,
    /// The worker that makes the PDF.
    pub worker: &'a Worker,
}

impl LetterEvidence {
    /// Collects everything that is known about a letter. `masters`: the auditor's keys, if available.
    ///
    /// # Errors
    /// See [`EvidenceError`].
    pub async fn find(
        store: &Store,
        keys: &SupportRole,
        masters: Option<&[AuditMaster]>,
        letter: &str,
    ) -> Result<Self, EvidenceError> {
        let mut rows = store.audit_about(letter).await?;
        let mailbox = rows.iter().map(|row| row.mailbox.clone()).find(|mailbox| !mailbox.is_empty());
        let mailbox = mailbox.filter(|_| rows.iter().any(|row| step(row).is_some()));
        let mailbox = mailbox.ok_or_else(|| EvidenceError::Unknown(letter.to_owned()))?;
        // A letter that is deleted with its mailbox has no deletion row of its own.
        let of_mailbox = store.audit_about(&mailbox).await?;
        rows.extend(of_mailbox.into_iter().filter(|row| step(row).is_some()));
        rows.sort_by_key(|row| row.at);
        let row: Option<MailboxRow> = store.mailbox(&mailbox).await?;
        let address = row.map(|row| address(keys, &row)).transpose()?.flatten();
        let trail = match masters {
            None => TrailState::NotChecked,
            Some(masters) => {
                let verified = verify_trail(store, masters, &[]).await?;
                match verified.head.filter(|_| verified.findings.is_empty()) {
                    Some(head) => TrailState::Whole(head.to_string()),
                    None => TrailState::Broken,
                }
            }
        };
        let recipient = address.map(|address| address.to_path());
        let first = store.bounce_memo(&MemoKey::first(letter)).await?.filter(|row| row.mailbox_id == mailbox);
        let known = first.and_then(|row| notice_facts(&keys.queue.rows, &row));
        Ok(Self { known, letter: letter.to_owned(), mailbox, recipient, rows, trail })
    }

    /// The id of the letter.
    #[must_use]
    pub fn letter(&self) -> &str {
        &self.letter
    }

    /// The audit row of the evidence: written before anybody reads it, like that of every other look.
    #[must_use]
    pub fn made(&self, now: Timestamp, by: &Actor) -> AuditRow {
        Event::EvidenceMade { letter: &self.letter, mailbox: &self.mailbox }.row(now, by, None)
    }

    fn sender(&self) -> Option<String> {
        self.known.as_ref()?.sender.as_ref().map(Address::to_path)
    }

    fn message_id(&self) -> Option<String> {
        self.known.as_ref()?.message_id.as_ref().map(|id| format!("<{id}>"))
    }

    /// SHA-256 of the letter as it was accepted.
    fn sha256(&self) -> Option<&str> {
        let deposited = self.rows.iter().find(|row| row.action == actions::DEPOSITED)?;
        named(&deposited.detail, actions::SHA256)
    }

    /// The facts as JSON.
    #[must_use]
    pub fn json(&self, operator: &str, now: Timestamp) -> Value {
        let events: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "at": shown(row.at),
                    "action": row.action,
                    "actor": row.actor,
                    "network": row.network,
                    "outcome": row.outcome,
                    "detail": row.detail,
                })
            })
            .collect();
        let (trail, anchor) = match &self.trail {
            TrailState::Whole(anchor) => ("whole", Some(anchor)),
            TrailState::Broken => ("broken", None),
            TrailState::NotChecked => ("not-checked", None),
        };
        json!({
            "letter": self.letter,
            "mailbox": self.mailbox,
            "recipient": self.recipient,
            "sender": self.sender(),
            "message_id": self.message_id(),
            "sha256": self.sha256(),
            "operator": operator,
            "made": shown(now),
            "events": events,
            "trail": trail,
            "anchor": anchor,
        })
    }

    /// A PDF/A that contains those facts.
    ///
    /// # Errors
    /// It could not be written or typeset.
    pub async fn pdf(
        &self,
        document: &Document<'_>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Vec<u8>, EvidenceError> {
        let &Document { operator, from, language, zone, second_key, worker, .. } = document;
        let facts = self.json(operator, now);
        let dated =
            |row: &AuditRow| Some(DatedStep { at: row.at, step: step(row)?, network: row.network.clone() });
        let steps: Vec<DatedStep> = self.rows.iter().filter_map(dated).collect();
        let (sender, message_id) = (self.sender(), self.message_id());
        let evidence = Evidence {
            operator,
            letter: &self.letter,
            mailbox: &self.mailbox,
            recipient: self.recipient.as_deref(),
            sender: sender.as_deref(),
            message_id: message_id.as_deref(),
            sha256: self.sha256(),
            second_key,
            steps: &steps,
            trail: &self.trail,
            zone,
        };
        let text = evidence.words(language)?;
        // The worker typesets letters, so this is one: from and to the operator.
        let letter = compose_notice(&Compose {
            message_id: format!("{}@{}", random.id(), from.domain()),
            from: (Some(operator.to_owned()), from.clone()),
            to: from.clone(),
            reply_to: None,
            subject: text.title,
            text: format!("{facts:#}\n"),
            html: Some(text.html),
            at: now,
            auto_submitted: "auto-generated",
            about: None,
            extra: Vec::new(),
            inline_images: Vec::new(),
        })?;
        let labels = Labels { embedded: text.embedded, ..document.labels.clone() };
        let wording = Wording { labels: &labels, zone, letterhead: Some(operator), appointments: &text.rows };
        Ok(sealpost_export::pdf(&letter, &wording, now, worker).await?)
    }
}

/// RFC 3339, in UTC.
fn shown(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_far| at.0.to_string(), |at| at.to_string())
}

/// What a row says about the letter; `None` for what a recipient need not be shown to have done.
fn step(row: &AuditRow) -> Option<LetterStep> {
    Some(match row.action.as_str() {
        actions::DEPOSITED => LetterStep::Deposited,
        actions::NOTICE_SENT => LetterStep::Notified(reply(row)),
        actions::NOTICE_FAILED => LetterStep::NotNotified(reply(row)),
        actions::NOTICE_RETURNED => LetterStep::Returned,
        actions::OPENED => LetterStep::Opened,
        actions::EXPORTED if named(&row.detail, "format=") == Some(actions::ATTACHMENT) => {
            LetterStep::AttachmentExported
        }
        actions::EXPORTED => LetterStep::Exported(row.detail.trim_start_matches("format=").to_owned()),
        actions::TRASHED => LetterStep::Trashed,
        actions::RESTORED => LetterStep::Restored,
        actions::DELETED => LetterStep::Deleted,
        actions::EXPIRED => LetterStep::Expired,
        actions::LEFT_TRASH => LetterStep::LeftTrash,
        // A command on the operator's machine, whichever user ran it.
        actions::RECALLED => LetterStep::Recalled,
        actions::EVIDENCE => LetterStep::EvidenceMade,
        actions::MAILBOX_ACTIVATED => LetterStep::MailboxActivated,
        actions::MAILBOX_DELETED => LetterStep::MailboxDeleted,
        actions::REQUEST_RELEASED if row.detail.split(' ').any(|word| word == actions::LETTERS_LOST) => {
            LetterStep::MailboxReplaced
        }
        _other => return None,
    })
}

/// The value after a name in a row's detail.
fn named<'a>(detail: &'a str, name: &str) -> Option<&'a str> {
    detail.split(' ').find_map(|word| word.strip_prefix(name))
}

fn reply(row: &AuditRow) -> ServerReply {
    let outcome = || row.outcome.clone();
    let said = match row.outcome.split(' ').next() {
        _nobody_knows if row.outcome == actions::NO_ANSWER => AttemptEnd::Nothing,
        // An enhanced code alone is ours: a server's reply begins with its own.
        Some(first) if first.contains('.') => AttemptEnd::Status(outcome()),
        Some(_) | None => AttemptEnd::Reply(outcome()),
    };
    let named = |name| named(&row.detail, name).map(str::to_owned);
    ServerReply { said, host: named(actions::HOP), queue_id: named(actions::QUEUE_ID) }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::EnhancedCode;
    use sealpost_mailbox::audit::{Arrived, HopReply, LetterGone, ReleasedLetters};

    use super::*;

    #[test]
    fn every_event_of_a_letter_is_a_step() {
        let (letter, mailbox) = ("l", "m");
        let taken = HopReply {
            host: Some("mx.web.example"),
            code: Some(250),
            enhanced: Some(EnhancedCode(2, 0, 0)),
            queue_id: Some("4F2A1B"),
        };
        let known = ServerReply {
            said: AttemptEnd::Reply("250 2.0.0".to_owned()),
            host: Some("mx.web.example".to_owned()),
            queue_id: Some("4F2A1B".to_owned()),
        };
        let given_up = HopReply { enhanced: Some(EnhancedCode(4, 4, 7)), ..HopReply::default() };
        let ours = ServerReply { said: AttemptEnd::Status("4.4.7".to_owned()), ..ServerReply::default() };
        let arrived = Some(Arrived { id: "a", sha256: [0xab; 32] });
        let released = |letters| Event::RequestReleased { mailbox, number: 7, letters };
        let events = [
            (Event::LetterDeposited { letter, mailbox, arrival: arrived }, LetterStep::Deposited),
            (Event::NoticeSent { letter, mailbox, reply: taken }, LetterStep::Notified(known)),
            (
                Event::NoticeSent { letter, mailbox, reply: HopReply::default() },
                LetterStep::Notified(ServerReply::default()),
            ),
            (Event::NoticeFailed { letter, mailbox, reply: given_up }, LetterStep::NotNotified(ours)),
            (released(ReleasedLetters::Lost), LetterStep::MailboxReplaced),
            (Event::NoticeReturned { letter, mailbox }, LetterStep::Returned),
            (Event::LetterOpened { letter, mailbox }, LetterStep::Opened),
            (
                Event::LetterExported { letter, mailbox, format: "pdf" },
                LetterStep::Exported("pdf".to_owned()),
            ),
            (
                Event::LetterExported { letter, mailbox, format: actions::ATTACHMENT },
                LetterStep::AttachmentExported,
            ),
            (Event::LetterTrashed, LetterStep::Trashed),
            (Event::LetterRestored, LetterStep::Restored),
            (Event::LetterGone { why: LetterGone::Deleted }, LetterStep::Deleted),
            (Event::LetterGone { why: LetterGone::Expired }, LetterStep::Expired),
            (Event::LetterGone { why: LetterGone::Trash }, LetterStep::LeftTrash),
            (Event::LetterGone { why: LetterGone::Recalled }, LetterStep::Recalled),
            (Event::EvidenceMade { letter, mailbox }, LetterStep::EvidenceMade),
        ];
        for (event, expected) in events {
            assert_eq!(step(&event.row(Timestamp(0), &Actor::System, None)), Some(expected), "{event:?}");
        }
        for other in [Event::LoggedIn { mailbox }, released(ReleasedLetters::KeptByLink)] {
            assert_eq!(step(&other.row(Timestamp(0), &Actor::Owner, None)), None);
        }
        let deposited = Event::LetterDeposited { letter, mailbox, arrival: arrived };
        let detail = deposited.row(Timestamp(0), &Actor::Sender, None).detail;
        assert_eq!(named(&detail, actions::SHA256), Some("ab".repeat(32).as_str()));
    }
}
