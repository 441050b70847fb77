//! `sealpost migrate`: migrates the schema while older processes keep working, and records it in the audit
//! trail. Opens no letter.

use std::path::Path;
use std::process::ExitCode;

use sealpost_store::{SchemaRequest, Store, StoreError, StoreOptions};

use super::{complain_all, fail, load_to_note, migrated, prover, runtime, say};

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
        match Store::open(StoreOptions { schema: SchemaRequest::Never, ..plan.store() }) {
            Ok(store) => {
                store.close().await;
                return Ok(());
            }
            Err(StoreError::OlderSchema { .. }) => {}
            Err(other) => return Err(other),
        }
        let migrated = Some(migrated());
        let options = StoreOptions { schema: SchemaRequest::Now, migrated, prover, ..plan.store() };
        Store::open(options)?.close().await;
        Ok(())
    });
    match migrated {
        Ok(()) => {
            say(format_args!("the schema is this program's"));
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}
