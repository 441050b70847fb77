//! `sealpost mailbox`: what support sees and does of mailboxes. Shows states, times and counts, never content, subject or
//! the name of a file.

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use sealpost_mail::{Clock as _, SystemClock, SystemRandom, Timestamp};
use sealpost_mailbox::audit::{Actor, Event, MailboxGone};
use sealpost_notice::SupportDid;
use sealpost_store::{DepositRow, MailboxRow, MailboxState, Store};
use serde_json::{Value, json};

use super::support::{
    SupportError, address, check_note, facts_json, find, goes, instant, last_letter, noting, resident,
};
use super::tell_owner::telling;
use super::{say, with_support};
use crate::config::checked::{Plan, SupportKeys};

/// What to do. A mailbox is named by its address or its id.
#[derive(Debug, Subcommand)]
pub(crate) enum MailboxCommand {
    /// Shows the mailboxes.
    List {
        /// Only those in this state: pending, active, locked, deleted.
        #[arg(long)]
        state: Option<String>,
        /// Only those that are held.
        #[arg(long)]
        held: bool,
        /// Whole addresses instead of masked ones.
        #[arg(long)]
        addresses: bool,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Shows one mailbox: its state, when it and its letters go, and its letters' ids.
    Show {
        /// Address or id.
        mailbox: String,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Closes an active mailbox: its owner is logged out and cannot come in until it is unlocked.
    Lock(Act),
    /// Opens a locked mailbox again.
    Unlock(Act),
    /// Deletes a mailbox for good, with everything in it.
    Delete(Act),
    /// Everything that can be seen about a mailbox, as one JSON object, for its owner.
    ExportFacts {
        /// Address or id.
        mailbox: String,
    },
    /// Forgets that mail to a mailbox's owner came back: it is sent there again.
    Clear(Act),
    /// Stops every clock of a mailbox: nothing of it goes until the hold is ended.
    Hold {
        #[command(flatten)]
        act: Act,
        /// Ends the hold: letters and links have as long as they had when it began.
        #[arg(long)]
        end: bool,
    },
}

/// Which mailbox, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct Act {
    /// Address or id.
    mailbox: String,
    /// Why; stands in the audit trail. No addresses: the trail has none.
    #[arg(long)]
    note: String,
}

pub(super) fn run(config: &Path, what: &MailboxCommand) -> ExitCode {
    with_support(config, async |store, plan, keys| act(store, plan, &keys, what).await)
}

async fn act(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    what: &MailboxCommand,
) -> Result<(), SupportError> {
    let now = SystemClock.now();
    match what {
        MailboxCommand::List { state, held, addresses, json } => {
            let state = state.as_deref().map(parse_state).transpose()?;
            let wanted = |row: &MailboxRow| {
                state.is_none_or(|state| row.state == state) && (!held || row.held_since.is_some())
            };
            let show = Show { addresses: *addresses, json: *json };
            list(store, plan, keys, state == Some(MailboxState::Deleted), wanted, show).await
        }
        MailboxCommand::Show { mailbox, json } => {
            let row = find(store, keys, mailbox).await?;
            show(store, plan, keys, &row, *json, now).await
        }
        MailboxCommand::Lock(act) => {
            let row = checked(store, keys, act).await?;
            let event = Event::MailboxLocked { mailbox: &row.id };
            let told = (SupportDid::Locked, event, act.note.as_str());
            let store = telling(store, (plan, keys), &row, told, now).await?;
            let lock = resident(keys, &row)?.lock(&row, &keys.role.queue.rows, &SystemRandom);
            let why_not = "it is not active: only an active mailbox is locked";
            done(store.lock_mailbox(lock, now).await?, "locked", why_not)
        }
        MailboxCommand::Unlock(act) => {
            let row = checked(store, keys, act).await?;
            let event = Event::MailboxUnlocked { mailbox: &row.id };
            let told = (SupportDid::Unlocked, event, act.note.as_str());
            let store = telling(store, (plan, keys), &row, told, now).await?;
            let unlock = resident(keys, &row)?.unlock(&row, &keys.role.queue.rows, &SystemRandom);
            done(store.unlock_mailbox(unlock).await?, "unlocked", "it is not locked")
        }
        MailboxCommand::Delete(act) => {
            let row = checked(store, keys, act).await?;
            if row.held_since.is_some() {
                return Err(SupportError::Not(
                    "it is held: end the hold first (`sealpost mailbox hold --end`)",
                ));
            }
            let event = Event::MailboxDeleted { why: MailboxGone::Operator };
            let told = (SupportDid::Deleted, event, act.note.as_str());
            let store = telling(store, (plan, keys), &row, told, now).await?;
            let gone = store.delete_mailbox(&row.id, plan.telling.gone_unread, now).await?;
            done(gone, "deleted", "it is deleted already")
        }
        MailboxCommand::ExportFacts { mailbox } => {
            let row = find(store, keys, mailbox).await?;
            let facts = super::export_facts::export(store, plan, keys, &row, now).await?;
            // Noted before anybody reads it, like every other look.
            let taken = Event::FactsExported { mailbox: &row.id };
            store.append_audit(vec![taken.row(now, &Actor::of_command(), None)]).await?;
            say(facts);
            Ok(())
        }
        MailboxCommand::Clear(act) => {
            let row = checked(store, keys, act).await?;
            let store = noting(store, &Event::AddressCleared { mailbox: &row.id }, &act.note, now);
            let cleared = store.clear_unreachable(&row.id).await?;
            done(cleared, "cleared: mail is sent there again", "no mail to it has come back")
        }
        MailboxCommand::Hold { act, end } => {
            let row = checked(store, keys, act).await?;
            let mailbox = row.id.as_str();
            let event = if *end { Event::MailboxFreed { mailbox } } else { Event::MailboxHeld { mailbox } };
            let store = noting(store, &event, &act.note, now);
            match end {
                true => done(store.end_hold(&row.id, now).await?, "the hold is ended", "it is not held"),
                false => done(
                    store.hold_mailbox(&row.id, now).await?,
                    "held: nothing of it goes until `sealpost mailbox hold --end`",
                    "it is held already, or deleted",
                ),
            }
        }
    }
}

fn done(is_done: bool, said: &str, why_not: &'static str) -> Result<(), SupportError> {
    if !is_done {
        return Err(SupportError::Not(why_not));
    }
    say(said);
    Ok(())
}

async fn checked(store: &Store, keys: &SupportKeys, act: &Act) -> Result<MailboxRow, SupportError> {
    check_note(&act.note)?;
    find(store, keys, &act.mailbox).await
}

fn parse_state(text: &str) -> Result<MailboxState, SupportError> {
    let all = [MailboxState::Pending, MailboxState::Active, MailboxState::Locked, MailboxState::Deleted];
    let found = all.into_iter().find(|state| state.as_str() == text);
    found.ok_or_else(|| SupportError::NoState(text.to_owned()))
}

#[derive(Clone, Copy)]
struct Show {
    addresses: bool,
    json: bool,
}

async fn list(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    deleted: bool,
    wanted: impl Fn(&MailboxRow) -> bool,
    how: Show,
) -> Result<(), SupportError> {
    let (mut after, mut count) = (String::new(), 0_u64);
    loop {
        let rows = store.list_mailboxes(&after, deleted).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        for row in rows.iter().filter(|row| wanted(row)) {
            count += 1;
            let address = address(keys, row)?;
            let shown = match (&address, how.addresses) {
                (None, _) => "(deleted)".to_owned(),
                (Some(address), true) => address.to_path(),
                (Some(address), false) => address.masked(),
            };
            if how.json {
                say(json!({
                    "mailbox": row.id,
                    "state": row.state.as_str(),
                    "address": shown,
                    "created": instant(Some(row.created_at)),
                    "last_log_in": instant(row.last_seen_at),
                    "held_since": instant(row.held_since),
                    "goes": instant(goes(&plan.portal.retention, row)),
                }));
            } else {
                let held = if row.held_since.is_some() { "  held" } else { "" };
                say(format_args!("{}  {:8} {}{held}", row.id, row.state.as_str(), shown));
            }
        }
    }
    if !how.json {
        say(format_args!("{count} mailboxes"));
    }
    Ok(())
}

async fn show(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    row: &MailboxRow,
    as_json: bool,
    now: Timestamp,
) -> Result<(), SupportError> {
    let address = address(keys, row)?.map(|address| address.to_path());
    let facts = store.mailbox_facts(&row.id, now).await?;
    let letters = store.letters_of(&row.id).await?;
    let withdrawn = store.withdrawn(&row.id, now).await?.len();
    let last = last_letter(&store.audit_of(&row.id).await?, &letters);
    let mut told = facts_json(plan, row, address.as_deref(), &facts, &letters, last, withdrawn);
    if let Some(bounced) = store.unreachable(&row.id).await? {
        told.insert("mail_came_back".to_owned(), json!(bounced.bounces));
        told.insert("came_back_last".to_owned(), json!(instant(Some(bounced.last_at))));
        told.insert("came_back_status".to_owned(), json!(bounced.status));
        told.insert("mail_is_sent".to_owned(), json!(bounced.bounces < plan.telling.most_bounces()));
    }
    if as_json {
        say(Value::Object(told));
        return Ok(());
    }
    // The same in words: one place says what there is.
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
