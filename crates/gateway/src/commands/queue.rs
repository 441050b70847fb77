//! `sealpost queue`: what waits to be delivered, and the operator's hand in it.

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use sealpost_delivery::{Hold, Ticket, floor_of};
use sealpost_mail::{Clock as _, SystemClock, SystemRandom, Timestamp, TlsFloor};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::{LegFilter, LegRow, LegState, Page, Store, StoreError, TurnedLeg};
use sealpost_vault::SpoolKey;

use super::{complain, say, with_support};
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
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Tries again now.
    Retry {
        #[command(flatten)]
        which: Which,
    },
    /// Keeps legs from being tried.
    Freeze {
        #[command(flatten)]
        which: Which,
    },
    /// Lets frozen legs go on.
    Thaw {
        #[command(flatten)]
        which: Which,
    },
    /// Removes legs for good. Nobody is told.
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

pub(super) fn run(config: &Path, what: &QueueCommand) -> ExitCode {
    with_support(config, async |store, plan, keys| act(store, plan, &keys, what).await)
}

async fn act(store: &Store, plan: &Plan, keys: &SupportKeys, what: &QueueCommand) -> Result<(), StoreError> {
    let now = SystemClock.now();
    let noting = |event: &Event<'_>| store.audited([event.row(now, &Actor::of_command(), None)]);
    let (word, count) = match what {
        QueueCommand::List { destination, addresses, json } => {
            let filter = LegFilter { destination: destination.clone(), ..LegFilter::default() };
            let show = Show { addresses: *addresses, json: *json };
            return list(store, plan, &keys.role.queue.spool, &filter, show, now).await;
        }
        QueueCommand::Retry { which } => {
            ("due now", noting(&Event::LegRetried).retry_legs(&ids(store, which).await?, now).await?)
        }
        QueueCommand::Freeze { which } => {
            let legs = turned(store, &keys.role.queue.spool, which, Hold::Held).await?;
            ("frozen", noting(&Event::LegFrozen).freeze_legs(legs).await?)
        }
        QueueCommand::Thaw { which } => {
            let legs = turned(store, &keys.role.queue.spool, which, Hold::Free).await?;
            let until = now.plus(plan.routes.give_up);
            ("thawed", noting(&Event::LegThawed).thaw_legs(legs, now, until).await?)
        }
        QueueCommand::Remove { which } => {
            ("removed", noting(&Event::LegRemoved).remove_legs(&ids(store, which).await?).await?)
        }
    };
    say(format_args!("{count} {word}"));
    Ok(())
}

async fn ids(store: &Store, which: &Which) -> Result<Vec<String>, StoreError> {
    if !which.all {
        return Ok(which.ids.clone());
    }
    Ok(all(store, &LegFilter::default()).await?.into_iter().map(|leg| leg.id).collect())
}

/// The legs with the tickets that hold them or let them go. One whose ticket is not ours stays as it is, and is named.
async fn turned(
    store: &Store,
    key: &SpoolKey,
    which: &Which,
    hold: Hold,
) -> Result<Vec<TurnedLeg>, StoreError> {
    let mut legs = Vec::new();
    for id in ids(store, which).await? {
        let Some(before) = store.leg_ticket(&id).await? else { continue };
        match Ticket::turned(key, &id, &before, hold, &SystemRandom) {
            Ok(now) => legs.push(TurnedLeg { now: now.unwrap_or_else(|| before.clone()), id, before }),
            Err(error) => complain(format_args!("{id} stays as it is: {error}")),
        }
    }
    Ok(legs)
}

async fn all(store: &Store, filter: &LegFilter) -> Result<Vec<LegRow>, StoreError> {
    let mut legs = Vec::new();
    loop {
        let offset = u32::try_from(legs.len()).unwrap_or(u32::MAX);
        let page = store.list_legs(filter, Page { offset, limit: PAGE }).await?;
        if page.is_empty() {
            return Ok(legs);
        }
        legs.extend(page);
    }
}

/// How the list looks.
#[derive(Clone, Copy)]
struct Show {
    addresses: bool,
    json: bool,
}

/// The least TLS a leg goes over: as delivery itself reckons.
fn floor(ticket: &Ticket, plan: &Plan) -> TlsFloor {
    floor_of(&ticket.route, &ticket.recipient.address, ticket.tls, &plan.delivery)
}

async fn list(
    store: &Store,
    plan: &Plan,
    key: &SpoolKey,
    filter: &LegFilter,
    show: Show,
    now: Timestamp,
) -> Result<(), StoreError> {
    let legs = all(store, filter).await?;
    for leg in &legs {
        let sealed = store.leg_ticket(&leg.id).await?.unwrap_or_default();
        let ticket = Ticket::open_any(key, &leg.id, &sealed).map(|(ticket, _hold)| ticket);
        let recipient = match &ticket {
            Ok(ticket) if show.addresses => ticket.recipient.address.to_path(),
            Ok(ticket) => ticket.recipient.address.masked(),
            Err(error) => format!("({error})"),
        };
        let tls = match ticket.as_ref().map(|ticket| floor(ticket, plan)) {
            Ok(TlsFloor::None) => "none",
            Ok(TlsFloor::Encrypted) => "encrypted",
            Ok(TlsFloor::Verified) => "verified",
            Err(_unreadable) => "-",
        };
        let state = match leg.state {
            LegState::Queued => "queued",
            LegState::Frozen => "frozen",
        };
        let last = match (&leg.last_code, &leg.last_enhanced) {
            (Some(code), Some(enhanced)) => format!("{code} {enhanced}"),
            (Some(code), None) => code.to_string(),
            (None, Some(enhanced)) => enhanced.clone(),
            (None, None) => "-".to_owned(),
        };
        if show.json {
            say(serde_json::json!({
                "id": leg.id,
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
            }));
        } else {
            say(format_args!(
                "{} {state:6} {:6} {:>3} tries  age {:>6}  due in {:>6}  tls {tls:9}  last {last:10} {} via {}",
                leg.id,
                leg.purpose.as_str(),
                leg.attempts,
                short(now.since(leg.created_at).as_secs()),
                short(leg.due_at.since(now).as_secs()),
                recipient,
                leg.destination,
            ));
        }
    }
    if !show.json {
        say(format_args!("{} in the queue", legs.len()));
    }
    Ok(())
}

/// Seconds as a person reads them in a column.
fn short(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        7200..=172_799 => format!("{}h", seconds / 3600),
        _days => format!("{}d", seconds / 86_400),
    }
}
