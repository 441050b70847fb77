//! `sealpost adopt`: vouches once for rows of a store from before they were proven (decision 0022).
//! Never done by itself: whoever can write rows could bring it about.

use std::path::Path;
use std::process::ExitCode;

use sealpost_mail::{Clock as _, SystemClock};
use sealpost_mailbox::audit::{Actor, Event, said_proof};
use sealpost_store::{Provable, SaidKind, Store, StoreError};
use sealpost_vault::{PortalRole, UNPROVEN};

use super::{complain_all, fail, say, with_store};
use crate::config::checked::Plan;
use crate::roles::Roles;

pub(super) fn run(config: &Path) -> ExitCode {
    // The portal shows letters and drafts: its keys prove both.
    let (plan, keys) = match Plan::load(config, Roles::PORTAL) {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    let Some(keys) = keys.portal else { return ExitCode::FAILURE };
    match with_store(&plan, &keys.queue.audit, async |store| adopt(store, &keys).await) {
        Ok(Adopted { letters, drafts, others }) => {
            say(format_args!("{letters} letters and {drafts} drafts adopted"));
            if others > 0 {
                say(format_args!("{others} requests, bounced addresses and letters gone unread adopted"));
            }
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

struct Adopted {
    letters: usize,
    drafts: usize,
    /// Rows that only say that something is to be done or known.
    others: usize,
}

async fn adopt(store: &Store, keys: &PortalRole) -> Result<Adopted, StoreError> {
    let letters = all(store, keys, Provable::Letter).await?;
    let drafts = all(store, keys, Provable::Draft).await?;
    let mut others = 0;
    for kind in SaidKind::ALL {
        others += all_said(store, keys, kind).await?;
    }
    let adopted = Event::RowsAdopted { letters, drafts, others };
    store.append_audit(vec![adopted.row(SystemClock.now(), &Actor::of_command(), None)]).await?;
    Ok(Adopted { letters, drafts, others })
}

/// Those without a proof. One that has another is from no former version.
async fn all_said(store: &Store, keys: &PortalRole, kind: SaidKind) -> Result<usize, StoreError> {
    let (mut adopted, mut after) = (0, None);
    loop {
        let found = store.said_rows(kind, after.as_ref()).await?;
        let Some((last, _)) = found.last() else { return Ok(adopted) };
        after = Some(last.clone());
        let bare = found.into_iter().filter(|(_, proof)| proof.is_empty());
        let proven: Vec<_> = bare
            .map(|(said, _)| {
                let proof = said_proof(keys.queue.audit.events(), &said);
                (said, proof)
            })
            .collect();
        adopted += proven.len();
        store.prove_said(proven).await?;
    }
}

async fn all(store: &Store, keys: &PortalRole, what: Provable) -> Result<usize, StoreError> {
    let (mut adopted, mut after) = (0, String::new());
    loop {
        let found = store.unproven_rows(what, UNPROVEN, &after).await?;
        let Some(last) = found.last() else { return Ok(adopted) };
        after.clone_from(&last.id);
        let proven = found.into_iter().map(|row| {
            let proof = match what {
                Provable::Letter => keys.queue.deposits.prove(&row.mailbox_id, &row.id, &row.sealed),
                Provable::Draft => keys.sessions.prove_draft(&row.mailbox_id, &row.id, &row.sealed),
            };
            (row, proof)
        });
        adopted += store.prove_rows(proven.collect()).await?;
    }
}
