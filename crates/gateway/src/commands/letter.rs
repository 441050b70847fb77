//! `sealpost letter`: one letter as support sees it, and taking it back. Shows no content, subject or name of a file.

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use sealpost_mail::{Clock as _, SystemClock, SystemRandom, Term};
use sealpost_mailbox::audit::{Event, LetterGone};
use sealpost_store::{DepositRow, MailboxRow, Standing, Store, Withdrawal};
use sealpost_vault::Label;
use serde_json::Value;

use super::evidence;
use super::support::{SupportError, check_note, letter_json, noting};
use super::{say, with_support};
use crate::config::checked::{Plan, Recall, SupportKeys};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum LetterCommand {
    /// Shows when a letter came, whether it was opened, and when it goes.
    Show {
        /// Its id.
        letter: String,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// What the audit trail says of a letter, for a dispute whether it arrived: a PDF/A, or JSON. Also of one that is gone.
    Evidence(evidence::EvidenceArgs),
    /// Takes a letter back. Its recipient sees that something was withdrawn, when and by whom.
    Recall {
        /// Its id.
        letter: String,
        /// Why; stands in the audit trail, not in the mailbox.
        #[arg(long)]
        note: String,
        /// Who takes it back, as the recipient reads it; left out: the operator's name.
        #[arg(long)]
        by: Option<String>,
        /// Also if it has been opened: it went to the wrong person, whose access ends. Needs recall = "always".
        #[arg(long)]
        even_if_read: bool,
    },
}

/// How long a recipient is told of it at least.
const TOLD: Term = Term::Days(60);

pub(super) fn run(config: &Path, what: &LetterCommand) -> ExitCode {
    match what {
        LetterCommand::Show { letter, json } => with_support(config, async |store, _plan, _keys| {
            let (row, mailbox) = find(store, letter).await?;
            show(&row, &mailbox, *json);
            Ok::<_, SupportError>(())
        }),
        LetterCommand::Evidence(wish) => {
            // The auditor's key is where it is; without it the evidence says that nobody looked.
            let masters = Plan::load_for_audit(config).ok().map(|(_, masters)| masters);
            with_support(config, async |store, plan, keys| {
                evidence::make(store, plan, &keys, masters.as_deref(), wish, SystemClock.now()).await
            })
        }
        LetterCommand::Recall { letter, note, by, even_if_read } => {
            let wish = Recalled { letter, note, by: by.as_deref(), even_if_read: *even_if_read };
            with_support(config, async |store, plan, keys| recall(store, plan, &keys, &wish).await)
        }
    }
}

/// What is taken back, why, and who says so.
struct Recalled<'a> {
    letter: &'a str,
    note: &'a str,
    by: Option<&'a str>,
    even_if_read: bool,
}

fn permitted(recall: Recall, even_if_read: bool) -> Result<(), SupportError> {
    match (recall, even_if_read) {
        (Recall::Never, _) => Err(SupportError::Not("letters are not taken back here (recall = \"never\")")),
        (Recall::Unread, true) => Err(SupportError::Not(
            "opened letters are not taken back here; recall = \"always\" in gateway.toml would permit it",
        )),
        (Recall::Unread, false) | (Recall::Always, _) => Ok(()),
    }
}

async fn recall(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    recalled: &Recalled<'_>,
) -> Result<(), SupportError> {
    let Recalled { letter, note, by, even_if_read } = *recalled;
    let now = SystemClock.now();
    check_note(note)?;
    let (row, mailbox) = find(store, letter).await?;
    permitted(plan.recall, even_if_read)?;
    if mailbox.held_since.is_some() {
        return Err(SupportError::Not("its mailbox is held: nothing of it goes"));
    }
    if row.read_at.is_some() && !even_if_read {
        return Err(SupportError::Not(
            "it has been opened: add --even-if-read to end its recipient's access all the same",
        ));
    }
    let by = by.unwrap_or(&plan.portal.brand.name);
    let told = plan.portal.retention.zone.end(now, TOLD);
    let standing = Standing {
        deposit_id: row.id.clone(),
        mailbox_id: row.mailbox_id.clone(),
        received_at: row.received_at,
        withdrawn_at: now,
        forget_at: row.expires_at.map_or(told, |expires| expires.max(told)),
    };
    let by = by.trim().as_bytes();
    let wish = Withdrawal {
        even_if_read,
        by_sealed: keys.role.queue.rows.seal(Label::Withdrawn, &standing.bound(), by, &SystemRandom),
        standing,
    };
    let recalled = Event::LetterGone { why: LetterGone::Recalled };
    if !noting(store, &recalled, note, now).withdraw(wish).await? {
        return Err(SupportError::Not(
            "it has been opened or deleted in this moment, or its owner has sent it: nothing was done",
        ));
    }
    say("recalled: its recipient sees that a message was withdrawn, and by whom");
    Ok(())
}

async fn find(store: &Store, id: &str) -> Result<(DepositRow, MailboxRow), SupportError> {
    let none = || SupportError::NoLetter(id.to_owned());
    let row = store.letter(id).await?.ok_or_else(none)?;
    let mailbox = store.mailbox(&row.mailbox_id).await?.ok_or_else(none)?;
    Ok((row, mailbox))
}

fn show(row: &DepositRow, mailbox: &MailboxRow, json: bool) {
    let Value::Object(mut told) = letter_json(mailbox, row) else { return };
    told.insert("mailbox".to_owned(), Value::from(row.mailbox_id.clone()));
    if json {
        say(Value::Object(told));
        return;
    }
    for (name, value) in told.iter().filter(|(_, value)| !value.is_null()) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        say(format_args!("{:18} {value}", name.replace('_', " ")));
    }
}
