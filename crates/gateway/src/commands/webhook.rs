//! `sealpost webhook`: events that wait for a receiver, and dead ones that are no longer tried.

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgAction, Subcommand};
use sealpost_mail::{Clock as _, SystemClock, Timestamp};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::{EventRow, EventSelection, EventState, Store, StoreError};
use sealpost_support::instant;
use serde_json::json;
use thiserror::Error;

use super::{OutputFormat, say, with_support};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Shows events not delivered yet: those waiting for their next try, and those no longer tried.
    List {
        /// Only those no longer tried.
        #[arg(long, conflicts_with = "all")]
        dead: bool,
        /// All, as without it.
        #[arg(long, hide = true)]
        all: bool,
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Tries to send them again.
    Retry(Which),
    /// Drops them permanently.
    Drop(Which),
}

/// Which events.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// The event's id.
    id: Option<String>,
    /// All of this webhook.
    #[arg(long)]
    webhook: Option<String>,
    /// All of them.
    #[arg(long)]
    all: bool,
}

pub(super) fn run(config: &Path, what: &WebhookCommand) -> ExitCode {
    with_support(config, async |store, _plan, _keys| act(store, what).await)
}

/// Why it was not done.
#[derive(Debug, Error)]
enum WebhookError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("no event {0:?} that was given up: `sealpost webhook list` shows which there are")]
    NoEvent(String),
    #[error(
        "no events for the webhook {0:?} that nobody tries any more: `sealpost webhook list` shows which there are"
    )]
    NoHook(String),
}

/// What was named must exist.
fn told(count: usize, id: Option<&str>, webhook: Option<&str>, done: &str) -> Result<(), WebhookError> {
    match (count, id, webhook) {
        (0, Some(id), _) => Err(WebhookError::NoEvent(id.to_owned())),
        (0, None, Some(webhook)) => Err(WebhookError::NoHook(webhook.to_owned())),
        (count, _, _) => {
            say(format_args!("{count} {done}"));
            Ok(())
        }
    }
}

/// With an audit row if anything changes.
fn noted(store: &Store, event: &Event<'_>, which: &Which, now: Timestamp) -> Store {
    let mut row = event.row(now, &Actor::of_command(), None);
    row.object = which.id.clone().or_else(|| which.webhook.clone()).unwrap_or_else(|| "all".to_owned());
    store.audited(vec![row])
}

async fn act(store: &Store, what: &WebhookCommand) -> Result<(), WebhookError> {
    match what {
        WebhookCommand::List { dead, all: _, format } => {
            Ok(list(store, if *dead { EventSelection::Dead } else { EventSelection::All }, *format).await?)
        }
        WebhookCommand::Retry(which @ Which { id, webhook, all: _ }) => {
            let now = SystemClock.now();
            let store = noted(store, &Event::EventsRetried, which, now);
            let count = store.revive_events(id.as_deref(), webhook.as_deref(), now).await?;
            told(count, id.as_deref(), webhook.as_deref(), "due now")
        }
        WebhookCommand::Drop(which @ Which { id, webhook, all: _ }) => {
            let store = noted(store, &Event::EventsDropped, which, SystemClock.now());
            let count = store.drop_events(id.as_deref(), webhook.as_deref()).await?;
            told(count, id.as_deref(), webhook.as_deref(), "dropped")
        }
    }
}

async fn list(store: &Store, which: EventSelection, format: OutputFormat) -> Result<(), StoreError> {
    let (mut after, mut count) = (String::new(), 0_u64);
    loop {
        let events = store.events(&after, which).await?;
        let Some((last, _)) = events.last() else { break };
        after.clone_from(&last.id);
        for (event, state) in &events {
            count += 1;
            show(event, *state, format);
        }
    }
    if format == OutputFormat::Text {
        say(format_args!("{count} events"));
    }
    Ok(())
}

/// Ids only: addresses are for the receiver.
fn show(event: &EventRow, state: EventState, format: OutputFormat) {
    let due_at = instant(Some(event.due_at));
    let (state, due) = match state {
        EventState::Dead => ("dead", None),
        EventState::Queued => ("on its way", due_at),
    };
    if format == OutputFormat::Json {
        say(json!({
            "id": event.id,
            "webhook": event.hook,
            "event": event.kind.as_str(),
            "state": state,
            "at": instant(Some(event.at)),
            "letter": event.letter,
            "mailbox": event.mailbox,
            "attempts": event.attempts,
            "next": due,
            "error": event.last_error,
        }));
    } else {
        let error = event.last_error.as_deref().unwrap_or("-");
        let next = due.map(|due| format!(", next {due}")).unwrap_or_default();
        say(format_args!(
            "{}  {}  {state}, {} attempts{next}: {error}",
            event.id,
            event.kind.as_str(),
            event.attempts
        ));
    }
}
