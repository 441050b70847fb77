//! `sealpost migrate`: brings the schema forward, while older processes go on with it, and notes it in the audit trail. Opens
//! no letter.

use std::path::Path;
use std::process::ExitCode;

use sealpost_mail::{Clock as _, SystemClock};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::{SchemaWish, Store, StoreError, StoreOptions, newest_schema};

use super::{complain_all, fail, load_to_note, prover, runtime, say};

pub(super) fn run(config: &Path) -> ExitCode {
    let (plan, key) = match load_to_note(config) {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    crate::logging::start(&plan.log);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let migrated = runtime.block_on(async {
        let prover = key.as_ref().map(prover);
        match Store::open(StoreOptions { schema: SchemaWish::Never, ..plan.store() }) {
            Ok(store) => {
                store.close().await;
                return Ok(());
            }
            Err(StoreError::OlderSchema { .. }) => {}
            Err(other) => return Err(other),
        }
        let store = Store::open(StoreOptions { schema: SchemaWish::Now, prover, ..plan.store() })?;
        let migrated = Event::Migrated { to: newest_schema() };
        let noted = migrated.row(SystemClock.now(), &Actor::of_command(), None);
        let noted = store.append_audit(vec![noted]).await;
        store.close().await;
        noted
    });
    match migrated {
        Ok(()) => {
            say(format_args!("the schema is this program's"));
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}
