//! `sealpost webhook`: events that wait for a receiver, and those that nobody tries to send any more.

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use sealpost_mail::{Clock as _, SystemClock};
use sealpost_store::{EventRow, Store, StoreError};
use serde_json::json;

use super::support::instant;
use super::{say, with_support};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Shows events that nobody tries to send any more.
    List {
        /// Also those on their way.
        #[arg(long)]
        all: bool,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Tries to send them again.
    Retry(Which),
    /// Gives them up for good.
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

pub(super) fn run(config: &Path, what: &What) -> ExitCode {
    with_support(config, async |store, _plan, _keys| act(store, what).await)
}

async fn act(store: &Store, what: &What) -> Result<(), StoreError> {
    match what {
        What::List { all, json } => list(store, !all, *json).await,
        What::Retry(Which { id, webhook, all: _ }) => {
            let now = SystemClock.now();
            let count = store.revive_events(id.as_deref(), webhook.as_deref(), now).await?;
            say(format_args!("{count} due now"));
            Ok(())
        }
        What::Drop(Which { id, webhook, all: _ }) => {
            let count = store.drop_events(id.as_deref(), webhook.as_deref()).await?;
            say(format_args!("{count} dropped"));
            Ok(())
        }
    }
}

async fn list(store: &Store, only_dead: bool, as_json: bool) -> Result<(), StoreError> {
    let (mut after, mut count) = (String::new(), 0_u64);
    loop {
        let events = store.events(&after, only_dead).await?;
        let Some((last, _)) = events.last() else { break };
        after.clone_from(&last.id);
        for (event, dead) in &events {
            count += 1;
            show(event, *dead, as_json);
        }
    }
    if !as_json {
        say(format_args!("{count} events"));
    }
    Ok(())
}

/// Ids only: addresses are for the receiver.
fn show(event: &EventRow, dead: bool, as_json: bool) {
    let state = if dead { "dead" } else { "on its way" };
    let due = instant(Some(event.due_at)).filter(|_| !dead);
    if as_json {
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
        say(format_args!(
            "{}  {}  {state}, {} attempts: {error}",
            event.id,
            event.kind.as_str(),
            event.attempts
        ));
    }
}
