//! `sealpost migrate`: brings the schema forward, while older processes go on with it. Needs no key and opens no letter.

use std::path::Path;
use std::process::ExitCode;

use sealpost_store::{SchemaWish, Store, StoreError, StoreOptions};

use super::{complain_all, fail, runtime, say};
use crate::config::checked::Plan;

pub(super) fn run(config: &Path) -> ExitCode {
    let plan = match Plan::load_without_keys(config) {
        Ok(plan) => plan,
        Err(problems) => return complain_all(&problems),
    };
    crate::logging::start(&plan.log);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let migrated = runtime.block_on(async {
        let store = Store::open(StoreOptions { schema: SchemaWish::Now, ..plan.store() })?;
        store.close().await;
        Ok::<_, StoreError>(())
    });
    match migrated {
        Ok(()) => {
            say(format_args!("the schema is this program's"));
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}
