//! `sealpost letter`: one letter as support sees it, and recalling it. Shows no content, subject or file name.

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgAction, Subcommand};
use sealpost_mail::{Clock as _, SystemClock};
use sealpost_store::{DepositRow, MailboxRow};
use sealpost_support::{Note, Opened, SupportError, find_letter, letter_json};
use serde_json::{Value, json};

use super::{OutputFormat, desk, evidence, say, with_support};
use crate::config::checked::Plan;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum LetterCommand {
    /// Shows when a letter arrived, whether it was opened, and when it expires.
    Show {
        /// Its id.
        letter: String,
        /// Prints one JSON object.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Prints what the audit trail records about a letter, for a dispute whether it arrived: a PDF/A, or JSON. Works
    /// for deleted letters too.
    Evidence(evidence::EvidenceArgs),
    /// Recalls a letter. Its recipient sees that something was withdrawn, when and by whom.
    Recall {
        /// Its id.
        letter: String,
        /// The reason; recorded in the audit trail, not in the mailbox.
        #[arg(long)]
        note: String,
        /// Who recalls it, as the recipient reads it; left out: the operator's name.
        #[arg(long)]
        by: Option<String>,
        /// Recalls it even if it has been opened, for example by the wrong person, who then loses access. Needs recall
        /// = "always".
        #[arg(long)]
        even_if_read: bool,
        /// Prints one JSON object that says what was done.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
}

pub(super) fn run(config: &Path, what: &LetterCommand) -> ExitCode {
    match what {
        LetterCommand::Show { letter, format } => with_support(config, async |store, _plan, _keys| {
            let (row, mailbox) = find_letter(store, letter).await?;
            show(&row, &mailbox, *format);
            Ok::<_, SupportError>(())
        }),
        LetterCommand::Evidence(request) => {
            // The auditor's key may be elsewhere; without it the evidence says that the trail was not verified.
            let masters = Plan::load_for_audit(config).ok().map(|(_, masters)| masters);
            with_support(config, async |store, plan, keys| {
                evidence::make(store, plan, &keys, masters.as_deref(), request, SystemClock.now()).await
            })
        }
        LetterCommand::Recall { letter, note, by, even_if_read, format } => {
            let opened = if *even_if_read { Opened::IsTakenBack } else { Opened::Stays };
            with_support(config, async |store, plan, keys| {
                let note = Note::parse(note)?;
                let (row, mailbox) = find_letter(store, letter).await?;
                let by = by.as_deref().unwrap_or(&plan.portal.brand.name);
                let desk = desk(store, plan, &keys);
                desk.recall((&row, &mailbox), by, opened, &note, SystemClock.now()).await?;
                if *format == OutputFormat::Json {
                    let (letter, mailbox) = (&row.id, &row.mailbox_id);
                    say(json!({ "letter": letter, "mailbox": mailbox, "done": "recalled", "by": by }));
                } else {
                    say("recalled: its recipient sees that a message was withdrawn, and by whom");
                }
                Ok::<_, SupportError>(())
            })
        }
    }
}

fn show(row: &DepositRow, mailbox: &MailboxRow, format: OutputFormat) {
    let Value::Object(mut told) = letter_json(mailbox, row) else { return };
    told.insert("mailbox".to_owned(), Value::from(row.mailbox_id.clone()));
    if format == OutputFormat::Json {
        say(Value::Object(told));
        return;
    }
    for (name, value) in told.iter().filter(|(_, value)| !value.is_null()) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        say(format_args!("{:18} {value}", name.replace('_', " ")));
    }
}
