//! `sealpost original`: originals of encrypted letters received from outside. Lists them, and decrypts them
//! again: after a key was imported, letters that wait or were passed on unopened are decrypted and passed on.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgAction, Subcommand};
use sealpost_arrival::originals::{self, Again, StoredOriginal};
use sealpost_arrival::{ArrivalReception, Context, Shared, Tenant};
use sealpost_delivery::Runner;
use sealpost_intake::MemoryBudget;
use sealpost_mail::{Clock, Random, Reply, SystemClock, SystemRandom};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::{OriginalState, Store};
use sealpost_support::instant;
use sealpost_vault::IntakeRole;
use serde_json::json;
use thiserror::Error;

use super::{OutputFormat, complain, complain_all, fail, open_store, runtime, say};
use crate::config::checked::Plan;
use crate::roles::Roles;
use crate::serve;

/// The role whose keys decrypt letters.
const INTAKE: Roles = Roles { intake: true, ..Roles::NONE };

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum OriginalCommand {
    /// Shows what is kept, oldest first.
    List {
        /// Only those that could not be decrypted.
        #[arg(long)]
        closed: bool,
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Decrypts letters again and passes on their content. Copies held in their original form are removed.
    Decrypt {
        #[command(flatten)]
        which: Which,
    },
}

/// Which letters.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// Their ids. One that was decrypted before is passed on once more.
    ids: Vec<String>,
    /// All that could not be decrypted.
    #[arg(long)]
    closed: bool,
}

/// Why it was not done.
#[derive(Debug, Error)]
enum OriginalError {
    #[error("{0}")]
    Store(#[from] sealpost_store::StoreError),
    #[error("{0}")]
    Delivery(#[from] sealpost_delivery::DeliveryError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("it did not work: {}", .0.to_line().trim_end())]
    Reply(Reply),
    #[error("there is no key of the role intake: that is what opens letters")]
    NoKey,
    #[error("{0} of them are not opened")]
    Some(usize),
}

pub(super) fn run(config: &Path, what: &OriginalCommand) -> ExitCode {
    let (plan, keys) = match Plan::load(config, INTAKE) {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    let done = keys.intake.ok_or(OriginalError::NoKey).and_then(|role| {
        let runtime = runtime()?;
        runtime.block_on(async {
            let store = open_store(&plan, &role.queue.audit)?;
            let reception = reception(&store, plan, role)?;
            let done = act(&reception, what).await;
            drop(reception);
            store.close().await;
            done
        })
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Accepts letters without a listener and without delivery: the delivering process finds what is queued.
fn reception(store: &Store, plan: Plan, role: IntakeRole) -> Result<ArrivalReception, OriginalError> {
    let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let IntakeRole { queue, way_in, keyring } = role;
    let making = serve::making(&plan.escrow, way_in);
    let partners =
        serve::partners(plan.worker.as_deref(), plan.worker_limits, &plan.tokens, plan.pace, keyring);
    let spool = queue.spool.clone();
    let runner = Runner::new(store.clone(), spool, Arc::clone(&clock), Arc::clone(&random), plan.delivery)?;
    let kib = u32::try_from(plan.memory.looked_into / 1024).unwrap_or(u32::MAX);
    let shared = Shared::new(store.clone(), queue, clock, random, runner.inlet(), MemoryBudget::kib(kib));
    let (name, rules, announcer) = (plan.name, plan.rules, plan.announcer);
    let tenant = Tenant::new(name, rules, announcer, plan.writing, plan.routes, plan.quotas, plan.inbound);
    Ok(ArrivalReception { context: Arc::new(Context { shared, tenant }), making, partners })
}

async fn act(reception: &ArrivalReception, what: &OriginalCommand) -> Result<(), OriginalError> {
    match what {
        OriginalCommand::List { closed, format } => {
            for kept in originals::kept(reception).await.map_err(OriginalError::Reply)? {
                if !closed || kept.state == OriginalState::Closed {
                    say(line(&kept, *format));
                }
            }
            Ok(())
        }
        OriginalCommand::Decrypt { which } => {
            let ids = match which.closed {
                false => which.ids.clone(),
                true => {
                    let kept = originals::kept(reception).await.map_err(OriginalError::Reply)?;
                    let closed = kept.into_iter().filter(|kept| kept.state == OriginalState::Closed);
                    closed.map(|kept| kept.id).collect()
                }
            };
            let mut left = 0;
            for id in &ids {
                // Recorded before anybody reads it, like every other access.
                let looked = Event::OriginalOpened { original: id };
                let row = looked.row(SystemClock.now(), &Actor::of_command(), None);
                reception.context.shared.store.append_audit(vec![row]).await?;
                let said = match originals::again(reception, id).await {
                    Ok(Again::Opened) => {
                        say(format_args!("{id}: opened and handed on"));
                        continue;
                    }
                    Ok(Again::Closed) => "no key opens it; nothing was changed".to_owned(),
                    Ok(Again::Gone) => "it is not kept; `sealpost original list` shows what is".to_owned(),
                    Err(reply) => reply.to_line().trim_end().to_owned(),
                };
                left += 1;
                complain(format_args!("{id}: {said}"));
            }
            say(format_args!("{} of {} opened", ids.len() - left, ids.len()));
            if left == 0 { Ok(()) } else { Err(OriginalError::Some(left)) }
        }
    }
}

fn line(kept: &StoredOriginal, format: OutputFormat) -> String {
    let StoredOriginal { id, state, at, until, from } = kept;
    let (at, until) = (instant(Some(*at)).unwrap_or_default(), instant(Some(*until)).unwrap_or_default());
    match format {
        OutputFormat::Json => json!({
            "id": id, "state": state.as_str(), "came": at, "until": until, "from_domain": from,
        })
        .to_string(),
        OutputFormat::Text => {
            let from = from.as_deref().unwrap_or("-");
            format!("{id}  {:<6}  came {at}  kept until {until}  from {from}", state.as_str())
        }
    }
}
