//! `sealpost request`: recipients' requests to support, and support's decisions. The supporter must have
//! checked who is asking; the program cannot.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Subcommand};
use sealpost_keyfile::KeyFileError;
use sealpost_mail::{Address, Clock as _, Random, SystemClock, SystemRandom, Timestamp};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_mailbox::{Asker, MailboxError, Resident, ask_support};
use sealpost_notice::OldMessages;
use sealpost_store::{
    MAX_OPEN, MailboxRow, MailboxState, RequestKind, RequestRow, RequestSelection, RequestState, Store,
    StoreError,
};
use sealpost_support::{Messages, ReleaseError, Releasing, seal_note};
use sealpost_vault::{EscrowSecret, Label, VaultError};
use thiserror::Error;

use super::untrusted_text::clean_to;
use super::{OutputFormat, say, with_support};
use crate::config::checked::{EscrowPlan, Plan, SupportKeys};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum RequestCommand {
    /// Shows the open requests, oldest first.
    List {
        /// Includes decided ones.
        #[arg(long)]
        all: bool,
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Shows one request with address and contact note.
    Show {
        /// Its number.
        number: i64,
    },
    /// Makes a request on behalf of somebody: the sender has lost the initial password, or the recipient
    /// cannot fill in a form.
    Ask {
        /// Address of the mailbox.
        #[arg(value_parser = Address::parse)]
        address: Address,
        /// Who asked, and how to reach them.
        #[arg(long)]
        note: String,
    },
    /// Lets the recipient in again: access is reset and a mail with a new link is sent.
    Release {
        /// Its number.
        number: i64,
        /// How the identity was checked; kept with the request.
        #[arg(long)]
        note: String,
        /// The file of the escrow key, brought from the safe: with escrow = "offline", or where the server key is
        /// split by role. Take it away again afterwards.
        #[arg(long)]
        escrow_key: Option<PathBuf>,
        /// Continues without the escrow key: the messages are lost for ever.
        #[arg(long, conflicts_with = "escrow_key")]
        lose_messages: bool,
    },
    /// Refuses a request. Nobody is informed.
    Refuse {
        /// Its number.
        number: i64,
        /// The reason; kept with the request.
        #[arg(long, default_value = "")]
        note: String,
    },
}

/// Why nothing was done.
#[derive(Debug, Error)]
pub(crate) enum RequestError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Mailbox(#[from] MailboxError),
    #[error("what is sealed cannot be opened with these keys")]
    Sealed(#[from] VaultError),
    #[error("there is no request {0}; `sealpost request list` shows the open ones")]
    Unknown(i64),
    #[error(
        "request {0} is decided already, or its mailbox is gone or changes at this moment; nothing was changed"
    )]
    NotOpen(i64),
    #[error("{0}")]
    Release(ReleaseError),
    #[error("there is no mailbox for this address")]
    NoMailbox,
    #[error("a note is needed: how did you check who is asking?")]
    NoNote,
    #[error(
        "the messages can be kept, but only with the escrow key: bring its file and give it with --escrow-key, or \
         give the messages up with --lose-messages; nothing was changed"
    )]
    EscrowKey,
    #[error("the file of the escrow key is not used")]
    KeyFile(#[from] KeyFileError),
}

impl From<ReleaseError> for RequestError {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::NeedsEscrowKey => Self::EscrowKey,
            ReleaseError::Store(error) => Self::Store(error),
            ReleaseError::Sealed(error) => Self::Sealed(error),
            ReleaseError::NotOpen(number) => Self::NotOpen(number),
            error @ (ReleaseError::Active
            | ReleaseError::Locked
            | ReleaseError::Held
            | ReleaseError::Forged
            | ReleaseError::Mail(_)) => Self::Release(error),
        }
    }
}

pub(super) fn run(config: &Path, what: &RequestCommand) -> ExitCode {
    with_support(config, async |store, plan, keys| act(store, plan, keys, what).await)
}

async fn act(
    store: &Store,
    plan: &Plan,
    mut keys: SupportKeys,
    what: &RequestCommand,
) -> Result<(), RequestError> {
    let (now, random) = (SystemClock.now(), SystemRandom);
    match what {
        RequestCommand::List { all, format } => {
            let which = if *all { RequestSelection::All } else { RequestSelection::Open };
            list(store, &keys, which, *format, now).await
        }
        RequestCommand::Show { number } => show(store, plan, &keys, *number, now).await,
        RequestCommand::Release { number, note, escrow_key, lose_messages } => {
            if note.trim().is_empty() {
                return Err(RequestError::NoNote);
            }
            if let Some(file) = escrow_key {
                keys.escrow = Some(EscrowSecret::parse(sealpost_keyfile::read(file)?.expose())?);
            }
            let (request, mailbox) = find(store, *number).await?;
            let address = address(&keys, &mailbox)?.ok_or(RequestError::NotOpen(request.number))?;
            let messages = if *lose_messages { Messages::GivenUp } else { Messages::Kept };
            let releasing = Releasing {
                store,
                keys: &keys.role,
                escrow: plan.escrow.public(&keys.role.way_in),
                escrow_key: keys.escrow.as_ref(),
                announcer: &plan.announcer,
                name: &plan.name,
                unread: plan.telling.gone_unread,
                give_up: plan.routes.give_up,
                now,
                random: &random,
            };
            let done = releasing.release(&request, &mailbox, address, note, messages).await?;
            let letters = match done.messages {
                OldMessages::Kept => "the messages are kept",
                OldMessages::Lost => "the old messages are gone",
            };
            match done.initial {
                None => say(format_args!("released: a mail with a new link is on its way; {letters}")),
                Some(initial) => {
                    say(format_args!("released: a mail that says so is on its way; {letters}"));
                    say(format_args!(
                        "initial password, to be told by telephone or letter and shown only here:"
                    ));
                    say(initial.text().expose());
                }
            }
            Ok(())
        }
        RequestCommand::Ask { address, note } => ask(store, &keys, address, note, now, &random).await,
        RequestCommand::Refuse { number, note } => {
            let (request, _) = find(store, *number).await?;
            let sealed = seal_note(&keys.role, &request.mailbox_id, note, &random);
            let refused = Event::RequestRefused { mailbox: &request.mailbox_id, number: request.number };
            let noting = store.audited([refused.row(now, &Actor::of_command(), None)]);
            match noting.refuse_request(&request, sealed, now).await? {
                true => {
                    say("refused");
                    Ok(())
                }
                false => Err(RequestError::NotOpen(*number)),
            }
        }
    }
}

/// A request made at the gateway, for a mailbox in any state.
async fn ask(
    store: &Store,
    keys: &SupportKeys,
    address: &Address,
    note: &str,
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), RequestError> {
    let keys = (&keys.role.queue.tags, &keys.role.queue.rows);
    let asker = Asker { actor: &Actor::of_command(), peer: None };
    let asked = ask_support(store, keys, address, note, &asker, now, random).await?;
    let mailbox_id = asked.ok_or(RequestError::NoMailbox)?;
    let requests = store.requests(RequestSelection::Open).await?;
    let made = requests
        .iter()
        .rfind(|request| request.mailbox_id == mailbox_id && request.kind == RequestKind::Access)
        .ok_or(RequestError::NoMailbox)?;
    say(format_args!("request {}", made.number));
    Ok(())
}

async fn find(store: &Store, number: i64) -> Result<(RequestRow, MailboxRow), RequestError> {
    let request = store.request(number).await?.ok_or(RequestError::Unknown(number))?;
    let mailbox = store.mailbox(&request.mailbox_id).await?.ok_or(RequestError::NotOpen(number))?;
    Ok((request, mailbox))
}

/// A deleted mailbox has no address any more.
fn address(keys: &SupportKeys, mailbox: &MailboxRow) -> Result<Option<Address>, RequestError> {
    if mailbox.address_sealed.is_empty() {
        return Ok(None);
    }
    let queue = &keys.role.queue;
    let resident = Resident::of(mailbox, &queue.rows, &queue.tags)?;
    Ok(Some(resident.address().clone()))
}

fn word(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Renewal => "new link",
        RequestKind::Access => "access",
    }
}

async fn list(
    store: &Store,
    keys: &SupportKeys,
    which: RequestSelection,
    format: OutputFormat,
    now: Timestamp,
) -> Result<(), RequestError> {
    let requests = store.requests(which).await?;
    for request in &requests {
        let mailbox = store.mailbox(&request.mailbox_id).await?;
        let address = match &mailbox {
            // One row that is not ours must not hide the others.
            Some(mailbox) => match address(keys, mailbox) {
                Ok(address) => address.map(|address| address.masked()),
                Err(error) => Some(format!("({error})")),
            },
            None => None,
        };
        let address = address.unwrap_or_else(|| "(deleted)".to_owned());
        let hours = now.since(request.created_at).as_secs() / 3600;
        let beside = beside(&requests, request);
        if format == OutputFormat::Json {
            say(serde_json::json!({
                "number": request.number,
                "kind": request.kind.as_str(),
                "state": request.state.as_str(),
                "age_hours": hours,
                "recipient": address,
                "mailbox": request.mailbox_id,
                "mailbox_state": mailbox.as_ref().map(|mailbox| mailbox.state.as_str()),
                "held": mailbox.as_ref().is_some_and(|mailbox| mailbox.held_since.is_some()),
                "others_for_mailbox": beside.len(),
            }));
        } else {
            say(format_args!(
                "{:>5} {:8} {:8} {hours:>5} h  {address}{}{}",
                request.number,
                word(request.kind),
                request.state.as_str(),
                mailbox
                    .as_ref()
                    .map(barred)
                    .filter(|barred| !barred.is_empty())
                    .map_or_else(String::new, |barred| format!("  {}", barred.join(", "))),
                match beside.len() {
                    0 => String::new(),
                    others => format!("  (one of {} for this mailbox)", others + 1),
                }
            ));
        }
    }
    if format == OutputFormat::Text {
        say(format_args!("{} requests", requests.len()));
    }
    Ok(())
}

/// Earlier decisions about the mailbox that a release would affect.
fn barred(mailbox: &MailboxRow) -> Vec<&'static str> {
    let locked = match mailbox.state {
        MailboxState::Locked => Some("locked"),
        MailboxState::Pending | MailboxState::Active | MailboxState::Deleted => None,
    };
    locked.into_iter().chain(mailbox.held_since.is_some().then_some("held")).collect()
}

/// The other open requests for the same mailbox: perhaps from another person.
fn beside<'a>(requests: &'a [RequestRow], one: &RequestRow) -> Vec<&'a RequestRow> {
    let same = |other: &&RequestRow| {
        other.mailbox_id == one.mailbox_id && other.number != one.number && other.state == RequestState::Open
    };
    requests.iter().filter(same).collect()
}

async fn show(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    number: i64,
    now: Timestamp,
) -> Result<(), RequestError> {
    let (request, mailbox) = find(store, number).await?;
    let rows = &keys.role.queue.rows;
    let opened = |label: Label, sealed: &Option<Vec<u8>>| match sealed {
        Some(sealed) => rows
            .open(label, &request.mailbox_id, sealed)
            .map(|plain| String::from_utf8_lossy(plain.expose()).into_owned()),
        None => Ok(String::new()),
    };
    let address = address(keys, &mailbox)?;
    say(format_args!("request    {number}, {}, {}", word(request.kind), request.state.as_str()));
    say(format_args!("asked      {} hours ago", now.since(request.created_at).as_secs() / 3600));
    say(format_args!("address    {}", address.map_or_else(|| "(deleted)".to_owned(), |a| a.to_path())));
    let contact = opened(Label::Request, &request.note_sealed)?;
    say(format_args!("contact    {}", clean_to(&contact, usize::MAX)));
    let open = store.requests(RequestSelection::Open).await?;
    let beside = beside(&open, &request);
    if !beside.is_empty() {
        let most = usize::try_from(MAX_OPEN).unwrap_or(usize::MAX);
        let more =
            if beside.len() + 1 >= most { " or more; only the first and the last ones are kept" } else { "" };
        say(format_args!("beside     {} open requests for this mailbox in all{more}:", beside.len() + 1));
        for other in beside {
            let hours = now.since(other.created_at).as_secs() / 3600;
            say(format_args!("           {} {hours} hours ago", other.number));
        }
        say("           each with a contact of its own; anybody can file one");
    }
    let decision = opened(Label::RequestDecision, &request.decision_sealed)?;
    if !decision.is_empty() {
        say(format_args!("decision   {decision}"));
    }
    let barred = barred(&mailbox);
    let state = [mailbox.state.as_str()].into_iter().filter(|word| !barred.contains(word));
    say(format_args!("mailbox    {}", state.chain(barred.iter().copied()).collect::<Vec<_>>().join(", ")));
    if request.state == RequestState::Open {
        say(format_args!("if         {}", if_released(store, plan, keys, &mailbox).await?));
    }
    Ok(())
}

/// What a release would do, or why it is impossible.
async fn if_released(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    mailbox: &MailboxRow,
) -> Result<&'static str, RequestError> {
    match mailbox.state {
        MailboxState::Locked => {
            return Ok("it cannot be released: the mailbox is locked; unlock it first, or refuse");
        }
        MailboxState::Deleted => return Ok("it cannot be released: the mailbox is deleted"),
        MailboxState::Pending | MailboxState::Active => {}
    }
    let escrow = plan.escrow.public(&keys.role.way_in);
    let keeps = Releasing::could_keep(store, escrow.as_ref(), mailbox).await?;
    if !keeps && mailbox.held_since.is_some() {
        return Ok(
            "it cannot be released: the mailbox is held, and the messages would be lost; end the hold first, or refuse",
        );
    }
    Ok(match (&plan.escrow, keeps) {
        (EscrowPlan::Server, true) => "released, the messages are kept (escrow = \"server\")",
        (EscrowPlan::Offline(_), true) => {
            "released with the escrow key from the safe, the messages are kept (escrow = \"offline\")"
        }
        (EscrowPlan::None, true) => "released, the messages are kept: nobody has a password yet",
        (EscrowPlan::None, false) => "released, the messages are lost (escrow = \"none\")",
        (EscrowPlan::Server | EscrowPlan::Offline(_), false) => {
            "released, the messages are lost: the mailbox was made without escrow"
        }
    })
}
