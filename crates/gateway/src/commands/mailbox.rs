//! `sealpost mailbox`: what support sees of mailboxes and does with them. Shows states, times and counts,
//! never content, subject or file names.

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgAction, Subcommand};
use sealpost_mail::{Clock as _, SystemClock, Timestamp};
use sealpost_store::{DepositRow, MailboxRow, MailboxSelection, MailboxState};
use sealpost_support::{
    Note, OwnerTold, SupportDesk, SupportError, address, facts_json, find, goes, instant, last_letter,
};
use serde_json::{Value, json};

use super::{OutputFormat, desk, say, with_support};

/// What to do. A mailbox is named by its address or its id.
#[derive(Debug, Subcommand)]
pub(crate) enum MailboxCommand {
    /// Shows the mailboxes.
    List {
        /// Only those in this state: pending, active, locked, deleted.
        #[arg(long)]
        state: Option<String>,
        /// Only those under a hold.
        #[arg(long)]
        held: bool,
        /// Whole addresses instead of masked ones.
        #[arg(long)]
        addresses: bool,
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Shows one mailbox: its state, when it and its letters expire, and its letters' ids.
    Show {
        /// Address or id.
        mailbox: String,
        /// Prints one JSON object.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Locks an active mailbox: its owner is logged out and cannot log in until it is unlocked.
    Lock(Act),
    /// Unlocks a locked mailbox.
    Unlock(Act),
    /// Deletes a mailbox permanently, with everything in it.
    Delete(Act),
    /// Prints everything known about a mailbox, as one JSON object, for its owner.
    ExportFacts {
        /// Address or id.
        mailbox: String,
    },
    /// Resets the bounces of a mailbox's owner: mail is sent there again.
    Clear(Act),
    /// Puts a mailbox under a hold: nothing in it is deleted until the hold is ended.
    Hold {
        #[command(flatten)]
        act: Act,
        /// Ends the hold: letters and links have as much time left as when it began.
        #[arg(long)]
        end: bool,
    },
}

/// The mailbox and the reason.
#[derive(Debug, clap::Args)]
pub(crate) struct Act {
    /// Address or id.
    mailbox: String,
    /// The reason; recorded in the audit trail. No addresses: the trail has none.
    #[arg(long)]
    note: String,
    /// Prints one JSON object that says what was done.
    #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
    format: OutputFormat,
}

pub(super) fn run(config: &Path, what: &MailboxCommand) -> ExitCode {
    with_support(config, async |store, plan, keys| {
        let desk = desk(store, plan, &keys);
        let now = SystemClock.now();
        match what {
            MailboxCommand::List { state, held, addresses, format } => {
                let state = state.as_deref().map(parse_state).transpose()?;
                let wanted = |row: &MailboxRow| {
                    state.is_none_or(|state| row.state == state) && (!held || row.held_since.is_some())
                };
                let show = Show { addresses: *addresses, format: *format };
                let which = match state {
                    Some(MailboxState::Deleted) => MailboxSelection::WithDeleted,
                    Some(MailboxState::Pending | MailboxState::Active | MailboxState::Locked) | None => {
                        MailboxSelection::Existing
                    }
                };
                list(&desk, which, wanted, show).await
            }
            MailboxCommand::Show { mailbox, format } => {
                let row = find(store, desk.keys, mailbox).await?;
                show(&desk, &row, *format, now).await
            }
            MailboxCommand::ExportFacts { mailbox } => {
                let row = find(store, desk.keys, mailbox).await?;
                say(desk.export_facts(&row, now).await?);
                Ok(())
            }
            MailboxCommand::Lock(act) => {
                let (row, note) = checked(&desk, act).await?;
                done(act, &row, "locked", Some(desk.lock(&row, &note, now).await?), "locked");
                Ok(())
            }
            MailboxCommand::Unlock(act) => {
                let (row, note) = checked(&desk, act).await?;
                done(act, &row, "unlocked", Some(desk.unlock(&row, &note, now).await?), "unlocked");
                Ok(())
            }
            MailboxCommand::Delete(act) => {
                let (row, note) = checked(&desk, act).await?;
                done(act, &row, "deleted", Some(desk.delete(&row, &note, now).await?), "deleted");
                Ok(())
            }
            MailboxCommand::Clear(act) => {
                let (row, note) = checked(&desk, act).await?;
                desk.clear_address(&row, &note, now).await?;
                done(act, &row, "cleared", None, "cleared: mail is sent there again");
                Ok(())
            }
            MailboxCommand::Hold { act, end: false } => {
                let (row, note) = checked(&desk, act).await?;
                desk.hold(&row, &note, now).await?;
                done(act, &row, "held", None, "held: nothing of it goes until `sealpost mailbox hold --end`");
                Ok(())
            }
            MailboxCommand::Hold { act, end: true } => {
                let (row, note) = checked(&desk, act).await?;
                desk.end_hold(&row, &note, now).await?;
                done(act, &row, "hold-ended", None, "the hold is ended");
                Ok(())
            }
        }
    })
}

/// Prints what was done, and whether the owner is informed; `None`: it is nothing that the owner would
/// notice.
fn done(act: &Act, row: &MailboxRow, word: &str, told: Option<OwnerTold>, said: &str) {
    let told_by = match told {
        None | Some(OwnerTold::Nobody) => "nobody",
        Some(OwnerTold::ByMail) => "by-mail",
        Some(OwnerTold::ComesBack) => "comes-back",
    };
    if act.format == OutputFormat::Json {
        say(json!({ "mailbox": row.id, "done": word, "owner_told": told_by }));
        return;
    }
    match told {
        Some(OwnerTold::ComesBack) => say("its owner is not told: mail to them has come back too often"),
        Some(OwnerTold::ByMail | OwnerTold::Nobody) | None => {}
    }
    say(said);
}

async fn checked(desk: &SupportDesk<'_>, act: &Act) -> Result<(MailboxRow, Note), SupportError> {
    let note = Note::parse(&act.note)?;
    Ok((find(desk.store, desk.keys, &act.mailbox).await?, note))
}

fn parse_state(text: &str) -> Result<MailboxState, SupportError> {
    let all = [MailboxState::Pending, MailboxState::Active, MailboxState::Locked, MailboxState::Deleted];
    let found = all.into_iter().find(|state| state.as_str() == text);
    found.ok_or_else(|| SupportError::NoState(text.to_owned()))
}

#[derive(Clone, Copy)]
struct Show {
    addresses: bool,
    format: OutputFormat,
}

async fn list(
    desk: &SupportDesk<'_>,
    which: MailboxSelection,
    wanted: impl Fn(&MailboxRow) -> bool,
    how: Show,
) -> Result<(), SupportError> {
    let (mut after, mut count) = (String::new(), 0_u64);
    loop {
        let rows = desk.store.list_mailboxes(&after, which).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        for row in rows.iter().filter(|row| wanted(row)) {
            count += 1;
            let address = address(desk.keys, row)?;
            let shown = match (&address, how.addresses) {
                (None, _) => "(deleted)".to_owned(),
                (Some(address), true) => address.to_path(),
                (Some(address), false) => address.masked(),
            };
            if how.format == OutputFormat::Json {
                say(json!({
                    "mailbox": row.id,
                    "state": row.state.as_str(),
                    "address": shown,
                    "created": instant(Some(row.created_at)),
                    "last_log_in": instant(row.last_seen_at),
                    "held_since": instant(row.held_since),
                    "goes": instant(goes(desk.store, desk.retention, row).await?),
                }));
            } else {
                let held = if row.held_since.is_some() { "  held" } else { "" };
                say(format_args!("{}  {:8} {}{held}", row.id, row.state.as_str(), shown));
            }
        }
    }
    if how.format == OutputFormat::Text {
        say(format_args!("{count} mailboxes"));
    }
    Ok(())
}

async fn show(
    desk: &SupportDesk<'_>,
    row: &MailboxRow,
    format: OutputFormat,
    now: Timestamp,
) -> Result<(), SupportError> {
    let store = desk.store;
    let address = address(desk.keys, row)?.map(|address| address.to_path());
    let facts = store.mailbox_facts(&row.id, now).await?;
    let letters = store.letters_of(&row.id).await?;
    let withdrawn = store.withdrawn(&row.id, now).await?.len();
    let last = last_letter(&store.audit_of(&row.id).await?, &letters);
    let goes = goes(store, desk.retention, row).await?;
    let mut told = facts_json(goes, row, address.as_deref(), &facts, &letters, last, withdrawn);
    if let Some(bounced) = store.unreachable(&row.id).await? {
        told.insert("mail_came_back".to_owned(), json!(bounced.bounces));
        told.insert("came_back_last".to_owned(), json!(instant(Some(bounced.last_at))));
        told.insert("came_back_status".to_owned(), json!(bounced.status));
        told.insert("mail_is_sent".to_owned(), json!(bounced.bounces < desk.most_bounces));
    }
    if format == OutputFormat::Json {
        say(Value::Object(told));
        return Ok(());
    }
    // The same in words, from the same list.
    for (name, value) in told.iter().filter(|(name, value)| *name != "letters" && !value.is_null()) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        say(format_args!("{:18} {value}", name.replace('_', " ")));
    }
    for letter in &letters {
        say(format_args!("letter             {}", letter_words(row, letter)));
    }
    Ok(())
}

fn letter_words(mailbox: &MailboxRow, letter: &DepositRow) -> String {
    let day = |at: Option<Timestamp>| instant(at).unwrap_or_else(|| "-".to_owned());
    let goes = letter.expires_at.filter(|_| mailbox.held_since.is_none());
    format!(
        "{} {:6} {:>10} bytes, came {}, opened {}, goes {}",
        letter.id,
        letter.folder.as_str(),
        letter.size,
        day(Some(letter.received_at)),
        day(letter.read_at),
        day(goes)
    )
}
