//! `sealpost queue`: shows queued mail and carries out the operator's commands on it.

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;

use clap::{ArgAction, Subcommand};
use sealpost_delivery::{Hold, Ticket, floor_of};
use sealpost_mail::{Clock as _, SystemClock, SystemRandom, Timestamp, TlsFloor};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::{DamagedLeg, LegFilter, LegPage, LegRow, LegState, Page, Store, StoreError, TurnedLeg};
use sealpost_vault::SpoolKey;
use thiserror::Error;

use super::queue_waiting::{QueueState, Wait, short};
use super::untrusted_text::clean;
use super::{OutputFormat, complain, say, with_support};
use crate::config::checked::{Plan, SupportKeys};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Shows the queue, oldest first.
    List {
        /// Only this destination: a hop's name or a domain.
        #[arg(long)]
        destination: Option<String>,
        /// Whole addresses instead of masked ones.
        #[arg(long)]
        addresses: bool,
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Tries again now.
    Retry {
        #[command(flatten)]
        which: Which,
    },
    /// Freezes legs, so that they are not tried.
    Freeze {
        #[command(flatten)]
        which: Which,
    },
    /// Thaws frozen legs.
    Thaw {
        #[command(flatten)]
        which: Which,
    },
    /// Removes legs permanently. Nobody is informed.
    Remove {
        #[command(flatten)]
        which: Which,
    },
}

/// Which legs.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// Their ids.
    ids: Vec<String>,
    /// All of them.
    #[arg(long)]
    all: bool,
}

const PAGE: u32 = 500;

/// Why nothing was done, or not everything.
#[derive(Debug, Error)]
pub(crate) enum QueueError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("nothing in the queue has the id {}; nothing was changed", .0.join(", "))]
    Unknown(Vec<String>),
    #[error(
        "{0} of them cannot be read: damaged, or written by somebody else. `queue remove` removes one, and nobody is told"
    )]
    Damaged(usize),
    #[error("{done} {word}, {left} left as they were: {why}")]
    Left { done: usize, word: &'static str, left: usize, why: &'static str },
}

pub(super) fn run(config: &Path, what: &QueueCommand) -> ExitCode {
    with_support(config, async |store, plan, keys| act(store, plan, &keys, what).await)
}

async fn act(store: &Store, plan: &Plan, keys: &SupportKeys, what: &QueueCommand) -> Result<(), QueueError> {
    let now = SystemClock.now();
    let noting = |event: &Event<'_>| store.audited([event.row(now, &Actor::of_command(), None)]);
    let spool = &keys.role.queue.spool;
    let (word, which, count, why) = match what {
        QueueCommand::List { destination, addresses, format } => {
            let filter = LegFilter { destination: destination.clone(), ..LegFilter::default() };
            let show = Show { addresses: *addresses, format: *format };
            return list(store, plan, spool, &filter, show, now).await;
        }
        QueueCommand::Retry { which } => {
            let ids = ids(store, which).await?;
            let count = noting(&Event::LegRetried).retry_legs(&ids, now).await?;
            ("due now", (which, ids.len()), count, "frozen, or being sent at this moment")
        }
        QueueCommand::Freeze { which } => {
            let (ids, legs) = turned(store, spool, which, Hold::Held).await?;
            let count = noting(&Event::LegFrozen).freeze_legs(legs).await?;
            ("frozen", (which, ids), count, "frozen already, or not readable with these keys")
        }
        QueueCommand::Thaw { which } => {
            let (ids, legs) = turned(store, spool, which, Hold::Free).await?;
            let until = now.plus(plan.routes.give_up);
            let count = noting(&Event::LegThawed).thaw_legs(legs, now, until).await?;
            ("thawed", (which, ids), count, "not frozen, or not readable with these keys")
        }
        QueueCommand::Remove { which } => {
            let ids = ids(store, which).await?;
            let count = noting(&Event::LegRemoved).remove_legs(&ids).await?;
            ("removed", (which, ids.len()), count, "gone meanwhile")
        }
    };
    // Named legs must all qualify; with --all, those that do are selected.
    match which {
        (Which { all: false, .. }, named) if count < named => {
            Err(QueueError::Left { done: count, word, left: named - count, why })
        }
        (Which { all: true | false, .. }, _) => {
            say(format_args!("{count} {word}"));
            Ok(())
        }
    }
}

/// The named legs, each once. A missing one is a mistake, and perhaps all of them are.
async fn ids(store: &Store, which: &Which) -> Result<Vec<String>, QueueError> {
    if !which.all {
        let (mut named, mut unknown, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for id in which.ids.iter().filter(|id| seen.insert(id.as_str())) {
            match store.leg_ticket(id).await? {
                Some(_) => named.push(id.clone()),
                None => unknown.push(id.clone()),
            }
        }
        return if unknown.is_empty() { Ok(named) } else { Err(QueueError::Unknown(unknown)) };
    }
    let LegPage { legs, damaged } = all(store, &LegFilter::default()).await?;
    Ok(legs.into_iter().map(|leg| leg.id).chain(damaged.into_iter().map(|leg| leg.id)).collect())
}

/// How many were requested, and the legs with their new tickets. A leg whose ticket is not ours is left alone
/// and named.
async fn turned(
    store: &Store,
    key: &SpoolKey,
    which: &Which,
    hold: Hold,
) -> Result<(usize, Vec<TurnedLeg>), QueueError> {
    let mut legs = Vec::new();
    let ids = ids(store, which).await?;
    let asked = ids.len();
    for id in ids {
        let Some(before) = store.leg_ticket(&id).await? else { continue };
        match Ticket::turned(key, &id, &before, hold, &SystemRandom) {
            Ok(now) => legs.push(TurnedLeg { now: now.unwrap_or_else(|| before.clone()), id, before }),
            Err(error) => complain(format_args!("{id} stays as it is: {error}")),
        }
    }
    Ok((asked, legs))
}

async fn all(store: &Store, filter: &LegFilter) -> Result<LegPage, StoreError> {
    let mut legs = LegPage::default();
    loop {
        let offset = u32::try_from(legs.len()).unwrap_or(u32::MAX);
        let page = store.list_legs(filter, Page { offset, limit: PAGE }).await?;
        if page.is_empty() {
            return Ok(legs);
        }
        legs.extend(page);
    }
}

/// How the list is shown.
#[derive(Clone, Copy)]
struct Show {
    addresses: bool,
    format: OutputFormat,
}

/// The minimum TLS of a leg, as delivery computes it.
fn floor(ticket: &Ticket, plan: &Plan) -> TlsFloor {
    floor_of(&ticket.route, &ticket.recipient.address, ticket.tls, &plan.delivery)
}

/// What a leg's row or ticket does not say.
const UNREADABLE: &str = "-";

async fn list(
    store: &Store,
    plan: &Plan,
    key: &SpoolKey,
    filter: &LegFilter,
    show: Show,
    now: Timestamp,
) -> Result<(), QueueError> {
    let LegPage { legs, damaged } = all(store, filter).await?;
    let waiting = QueueState::of(&legs, store.backoffs().await?, now);
    let mut closed = 0;
    for leg in &legs {
        // It has left the queue since the list was read.
        let Some(sealed) = store.leg_ticket(&leg.id).await? else { continue };
        let ticket = Ticket::open_any(key, &leg.id, &sealed).map(|(ticket, _hold)| ticket);
        closed += usize::from(ticket.is_err());
        let facts = TicketFacts {
            recipient: match &ticket {
                Ok(ticket) if show.addresses => ticket.recipient.address.to_path(),
                Ok(ticket) => ticket.recipient.address.masked(),
                Err(error) => format!("({error})"),
            },
            tls: match ticket.as_ref().map(|ticket| floor(ticket, plan)) {
                Ok(TlsFloor::None) => "none",
                Ok(TlsFloor::Encrypted) => "encrypted",
                Ok(TlsFloor::Verified) => "verified",
                Err(_unreadable) => UNREADABLE,
            },
            is_damaged: ticket.is_err(),
        };
        show_leg(leg, &facts, &waiting, show, now);
    }
    for leg in &damaged {
        show_damaged(leg, show, now);
    }
    if show.format == OutputFormat::Text {
        say(format_args!("{} in the queue", legs.len() + damaged.len()));
    }
    match closed + damaged.len() {
        0 => Ok(()),
        some => Err(QueueError::Damaged(some)),
    }
}

/// What a leg's ticket says.
struct TicketFacts {
    recipient: String,
    tls: &'static str,
    is_damaged: bool,
}

fn show_leg(leg: &LegRow, facts: &TicketFacts, waiting: &QueueState, show: Show, now: Timestamp) {
    let TicketFacts { recipient, tls, is_damaged } = facts;
    let wait = waiting.of_leg(leg);
    let state = match leg.state {
        LegState::Queued => "queued",
        LegState::Frozen => "frozen",
    };
    let last = match (&leg.last_code, &leg.last_enhanced) {
        (Some(code), Some(enhanced)) => format!("{code} {}", clean(enhanced)),
        (Some(code), None) => code.to_string(),
        (None, Some(enhanced)) => clean(enhanced),
        (None, None) => UNREADABLE.to_owned(),
    };
    if show.format == OutputFormat::Json {
        say(serde_json::json!({
            "id": leg.id,
            "damaged": is_damaged,
            "arrival": leg.arrival_id,
            "destination": leg.destination,
            "recipient": recipient,
            "purpose": leg.purpose.as_str(),
            "state": state,
            "tls": tls,
            "attempts": leg.attempts,
            "age_seconds": now.since(leg.created_at).as_secs(),
            "due_in_seconds": leg.due_at.since(now).as_secs(),
            "last": last,
            "under_way_seconds": waiting.in_hand(leg),
            "under_way_to_destination": waiting.to(&leg.destination).map_or(0, |(legs, _first)| legs),
            "waits_for": wait.as_ref().map(Wait::word),
            "destination_down": waiting.down(&leg.destination).map(|down| serde_json::json!({
                "seconds": down.seconds,
                "backoff_seconds": down.backoff,
                "last": down.last,
                "cause": down.cause,
            })),
        }));
    } else {
        say(format_args!(
            "{} {state:6} {:6} {:>3} tries  age {:>6}  due in {:>6}  tls {tls:9}  last {last:10} {} via {}{}",
            clean(&leg.id),
            leg.purpose.as_str(),
            leg.attempts,
            short(now.since(leg.created_at).as_secs()),
            short(leg.due_at.since(now).as_secs()),
            recipient,
            clean(&leg.destination),
            wait.map_or_else(String::new, |wait| format!("  {wait}")),
        ));
    }
}

/// A leg whose row cannot be read, with what it says all the same.
fn show_damaged(leg: &DamagedLeg, show: Show, now: Timestamp) {
    let due = leg.due_at.map(|at| at.since(now).as_secs());
    if show.format == OutputFormat::Json {
        say(serde_json::json!({
            "id": leg.id,
            "damaged": true,
            "destination": leg.destination,
            "due_in_seconds": due,
            "why": leg.why,
        }));
    } else {
        say(format_args!(
            "{} damaged  due in {:>6}  via {}  ({})",
            clean(&leg.id),
            due.map_or_else(|| UNREADABLE.to_owned(), short),
            leg.destination.as_deref().map_or_else(|| UNREADABLE.to_owned(), clean),
            leg.why,
        ));
    }
}
