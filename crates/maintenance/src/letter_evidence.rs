//! `sealpost letter evidence`: what the audit trail says of one letter, as a PDF/A or as JSON, for a dispute whether it
//! arrived. Never its content, its subject or the name of a file; works for letters that are gone, too.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sealpost_arrival::{EventFacts, memo_facts};
use sealpost_export::{ExportError, Limits, Wording, Worker};
use sealpost_mail::{Address, Compose, ComposeError, Random as _, SystemRandom, Timestamp, compose_notice};
use sealpost_mailbox::audit::{Actor, Event, actions};
use sealpost_notice::{
    DatedStep, Evidence, Language, LetterStep, NoticeError, Said, SecondKey, ServerAnswer, TrailState,
};
use sealpost_store::{AuditRow, MailboxRow, Store, StoreError, bounce_token};
use sealpost_vault::AuditMaster;
use serde_json::{Value, json};
use thiserror::Error;

use super::audit::{shown, verify};
use super::say;
use super::support::{SupportError, address};
use crate::config::checked::{EscrowPlan, Plan, SupportKeys};

/// What to make.
#[derive(Debug, clap::Args)]
pub(crate) struct EvidenceArgs {
    /// The letter's id.
    letter: String,
    /// Where the PDF goes; left out: evidence-ID.pdf in the current folder.
    #[arg(long)]
    to: Option<PathBuf>,
    /// Its language; left out: the operator's.
    #[arg(long, value_parser = language)]
    language: Option<Language>,
    /// One JSON object on standard output and no PDF.
    #[arg(long)]
    json: bool,
}

/// Why there is none.
#[derive(Debug, Error)]
pub(crate) enum EvidenceError {
    #[error("{0}")]
    Support(#[from] SupportError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error(
        "the audit trail says nothing of a letter {0:?}: give the id that `sealpost mailbox show` or `audit show` prints"
    )]
    Unknown(String),
    #[error("{0}")]
    Words(#[from] NoticeError),
    #[error("{0}")]
    Compose(#[from] ComposeError),
    #[error("{0}")]
    Pdf(#[from] ExportError),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
}

fn language(tag: &str) -> Result<Language, String> {
    let known: Vec<&str> = Language::all().map(Language::tag).collect();
    Language::parse(tag).ok_or_else(|| format!("there are {}", known.join(", ")))
}

/// What was found of the letter.
struct Found {
    letter: String,
    mailbox: String,
    recipient: Option<String>,
    /// Who sent it and its Message-ID, while the letter is there.
    known: Option<EventFacts>,
    rows: Vec<AuditRow>,
    trail: TrailState,
}

/// `masters`: the auditor's keys, where they are at hand.
pub(super) async fn make(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    masters: Option<&[AuditMaster]>,
    wish: &EvidenceArgs,
    now: Timestamp,
) -> Result<(), EvidenceError> {
    let found = find(store, keys, masters, &wish.letter).await?;
    let path = wish.to.clone().unwrap_or_else(|| PathBuf::from(format!("evidence-{}.pdf", found.letter)));
    let wrong = |source| EvidenceError::File { path: path.clone(), source };
    // First the file: what could not be made is not noted as made.
    let file = if wish.json { None } else { Some(create(&path).map_err(wrong)?) };
    let made = hand_out(store, plan, &found, wish, file, now).await;
    if made.is_err() && !wish.json {
        let _not_there = std::fs::remove_file(&path);
    }
    made?;
    if !wish.json {
        say(format_args!("{} made", path.display()));
    }
    Ok(())
}

async fn hand_out(
    store: &Store,
    plan: &Plan,
    found: &Found,
    wish: &EvidenceArgs,
    file: Option<std::fs::File>,
    now: Timestamp,
) -> Result<(), EvidenceError> {
    let facts = found.json(plan, now);
    let pdf = match &file {
        None => None,
        Some(_) => {
            Some(found.pdf(plan, &facts, wish.language.unwrap_or(plan.announcer.language), now).await?)
        }
    };
    // Noted before anybody reads it, like every other look.
    let made = Event::EvidenceMade { letter: &found.letter, mailbox: &found.mailbox };
    store.append_audit(vec![made.row(now, &Actor::of_command(), None)]).await?;
    let (Some(mut file), Some(pdf)) = (file, pdf) else {
        say(facts);
        return Ok(());
    };
    let path = wish.to.clone().unwrap_or_default();
    file.write_all(&pdf).and_then(|()| file.sync_all()).map_err(|source| EvidenceError::File { path, source })
}

/// It names a person: nobody else's to read. One that is there already is not written over.
fn create(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

async fn find(
    store: &Store,
    keys: &SupportKeys,
    masters: Option<&[AuditMaster]>,
    letter: &str,
) -> Result<Found, EvidenceError> {
    let mut rows = store.audit_about(letter).await?;
    let mailbox = rows.iter().map(|row| row.mailbox.clone()).find(|mailbox| !mailbox.is_empty());
    let mailbox = mailbox.filter(|_| rows.iter().any(|row| step(row).is_some()));
    let mailbox = mailbox.ok_or_else(|| EvidenceError::Unknown(letter.to_owned()))?;
    // A letter that goes with its mailbox has no row of its own for that.
    let of_mailbox = store.audit_about(&mailbox).await?;
    rows.extend(of_mailbox.into_iter().filter(|row| step(row).is_some()));
    rows.sort_by_key(|row| row.at);
    let row: Option<MailboxRow> = store.mailbox(&mailbox).await?;
    let address = row.map(|row| address(keys, &row)).transpose()?.flatten();
    let trail = match masters {
        None => TrailState::NotChecked,
        Some(masters) => {
            let verified = verify(store, masters, &[]).await?;
            match verified.head.filter(|_| verified.findings.is_empty()) {
                Some(head) => TrailState::Whole(head.to_string()),
                None => TrailState::Broken,
            }
        }
    };
    let recipient = address.map(|address| address.to_path());
    let memo = store.bounce_memo(&bounce_token(letter, 0)).await?.filter(|memo| memo.mailbox_id == mailbox);
    let known = memo.and_then(|memo| memo_facts(&keys.role.queue.rows, letter, &memo.memo_sealed));
    Ok(Found { known, letter: letter.to_owned(), mailbox, recipient, rows, trail })
}

impl Found {
    fn sender(&self) -> Option<String> {
        self.known.as_ref()?.sender.as_ref().map(Address::to_path)
    }

    fn message_id(&self) -> Option<String> {
        self.known.as_ref()?.message_id.as_ref().map(|id| format!("<{id}>"))
    }

    /// SHA-256 of the letter as it was handed in.
    fn sha256(&self) -> Option<&str> {
        let deposited = self.rows.iter().find(|row| row.action == actions::DEPOSITED)?;
        named(&deposited.detail, actions::SHA256)
    }

    fn json(&self, plan: &Plan, now: Timestamp) -> Value {
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
            "operator": plan.portal.brand.name,
            "made": shown(now),
            "events": events,
            "trail": trail,
            "anchor": anchor,
        })
    }

    async fn pdf(
        &self,
        plan: &Plan,
        facts: &Value,
        language: Language,
        now: Timestamp,
    ) -> Result<Vec<u8>, EvidenceError> {
        let (operator, zone) = (&plan.portal.brand.name, &plan.announcer.zone);
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
            second_key: match plan.escrow {
                EscrowPlan::Server => SecondKey::OnServer,
                EscrowPlan::Offline(_) => SecondKey::KeptApart,
                EscrowPlan::None => SecondKey::None,
            },
            steps: &steps,
            trail: &self.trail,
            zone,
        };
        let text = evidence.words(language)?;
        // The worker sets letters, so it is one: from the operator, to nobody else.
        let from = plan.announcer.from.clone();
        let letter = compose_notice(&Compose {
            message_id: format!("{}@{}", SystemRandom.id(), from.domain()),
            from: (Some(operator.clone()), from.clone()),
            to: from,
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
        let mut labels = sealpost_portal::document_labels(language.tag());
        labels.embedded = text.embedded;
        let wording = Wording { labels: &labels, zone, letterhead: Some(operator), appointments: &text.rows };
        let rules = &plan.portal.export;
        let limits = Limits { memory: rules.pdf_memory, wall: rules.pdf_time, ..Limits::default() };
        let worker = Worker::find(rules.pdf_worker.as_deref(), limits)?;
        Ok(sealpost_export::pdf(&letter, &wording, now, &worker).await?)
    }
}

/// What a row says of the letter; nothing for what a recipient need not be shown to have done.
fn step(row: &AuditRow) -> Option<LetterStep> {
    Some(match row.action.as_str() {
        actions::DEPOSITED => LetterStep::Deposited,
        actions::NOTICE_SENT => LetterStep::Notified(answer(row)),
        actions::NOTICE_FAILED => LetterStep::NotNotified(answer(row)),
        actions::NOTICE_RETURNED => LetterStep::Returned,
        actions::OPENED => LetterStep::Opened,
        actions::EXPORTED => LetterStep::Exported(row.detail.trim_start_matches("format=").to_owned()),
        actions::TRASHED => LetterStep::Trashed,
        actions::RESTORED => LetterStep::Restored,
        actions::DELETED => LetterStep::Deleted,
        actions::EXPIRED => LetterStep::Expired,
        actions::LEFT_TRASH => LetterStep::LeftTrash,
        // A command on the operator's machine, whoever asked for it.
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

/// What stands behind a name in a row's detail.
fn named<'a>(detail: &'a str, name: &str) -> Option<&'a str> {
    detail.split(' ').find_map(|word| word.strip_prefix(name))
}

fn answer(row: &AuditRow) -> ServerAnswer {
    let outcome = || row.outcome.clone();
    let said = match row.outcome.split(' ').next() {
        _nobody_knows if row.outcome == actions::NO_ANSWER => Said::Nothing,
        // An enhanced code alone is ours: a server's reply begins with its own.
        Some(first) if first.contains('.') => Said::Status(outcome()),
        Some(_) | None => Said::Reply(outcome()),
    };
    let named = |name| named(&row.detail, name).map(str::to_owned);
    ServerAnswer { said, host: named(actions::HOP), queue_id: named(actions::QUEUE_ID) }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::EnhancedCode;
    use sealpost_mailbox::audit::{Answer, Arrived, LetterGone};

    use super::*;

    #[test]
    fn every_event_of_a_letter_is_a_step() {
        let (letter, mailbox) = ("l", "m");
        let taken = Answer {
            host: Some("mx.web.example"),
            code: Some(250),
            enhanced: Some(EnhancedCode(2, 0, 0)),
            queue_id: Some("4F2A1B"),
        };
        let known = ServerAnswer {
            said: Said::Reply("250 2.0.0".to_owned()),
            host: Some("mx.web.example".to_owned()),
            queue_id: Some("4F2A1B".to_owned()),
        };
        let given_up = Answer { enhanced: Some(EnhancedCode(4, 4, 7)), ..Answer::default() };
        let ours = ServerAnswer { said: Said::Status("4.4.7".to_owned()), ..ServerAnswer::default() };
        let arrived = Some(Arrived { id: "a", sha256: [0xab; 32] });
        let released =
            |letters_kept| Event::RequestReleased { mailbox, number: 7, letters_kept, by_escrow: false };
        let events = [
            (Event::LetterDeposited { letter, mailbox, arrival: arrived }, LetterStep::Deposited),
            (Event::NoticeSent { letter, mailbox, answer: taken }, LetterStep::Notified(known)),
            (
                Event::NoticeSent { letter, mailbox, answer: Answer::default() },
                LetterStep::Notified(ServerAnswer::default()),
            ),
            (Event::NoticeFailed { letter, mailbox, answer: given_up }, LetterStep::NotNotified(ours)),
            (released(false), LetterStep::MailboxReplaced),
            (Event::NoticeReturned { letter, mailbox }, LetterStep::Returned),
            (Event::LetterOpened { letter, mailbox }, LetterStep::Opened),
            (
                Event::LetterExported { letter, mailbox, format: "pdf" },
                LetterStep::Exported("pdf".to_owned()),
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
        for other in [Event::LoggedIn { mailbox }, released(true)] {
            assert_eq!(step(&other.row(Timestamp(0), &Actor::Owner, None)), None);
        }
        let deposited = Event::LetterDeposited { letter, mailbox, arrival: arrived };
        let detail = deposited.row(Timestamp(0), &Actor::Sender, None).detail;
        assert_eq!(named(&detail, actions::SHA256), Some("ab".repeat(32).as_str()));
    }
}
