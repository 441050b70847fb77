//! `sealpost adopt`: vouches once for the letters and drafts of a store from before rows were proven (decision 0022).
//! Never done by itself: whoever can write rows could bring it about.

use std::path::Path;
use std::process::ExitCode;

use sealpost_mail::{Clock as _, SystemClock};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::{Provable, Store, StoreError};
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
        Ok((letters, drafts)) => {
            say(format_args!("{letters} letters and {drafts} drafts adopted"));
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

async fn adopt(store: &Store, keys: &PortalRole) -> Result<(usize, usize), StoreError> {
    let letters = all(store, keys, Provable::Letter).await?;
    let drafts = all(store, keys, Provable::Draft).await?;
    let adopted = Event::RowsAdopted { letters, drafts };
    store.append_audit(vec![adopted.row(SystemClock.now(), &Actor::of_command(), None)]).await?;
    Ok((letters, drafts))
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
