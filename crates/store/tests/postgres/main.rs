//! The same promises, kept by PostgreSQL: every scenario of tests/store on a server of its own.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "../store/access.rs"]
mod access;
#[path = "../store/activation.rs"]
mod activation;
#[path = "../store/arrival.rs"]
mod arrival;
#[path = "../store/bodies.rs"]
mod bodies;
#[path = "../../../../tests/src/postgres.rs"]
#[expect(unreachable_pub, dead_code, reason = "the rig of the flows shares it")]
mod cluster;
#[path = "../store/deposits.rs"]
mod deposits;
#[path = "../store/drafts.rs"]
mod drafts;
#[path = "../store/holds.rs"]
mod holds;
#[path = "../store/in_hand.rs"]
mod in_hand;
#[path = "../store/jobs.rs"]
mod jobs;
#[path = "../store/legs.rs"]
mod legs;
mod lost_commits;
#[path = "../store/mailboxes.rs"]
mod mailboxes;
#[path = "../store/many.rs"]
mod many;
#[path = "../store/opening.rs"]
mod opening;
#[path = "../store/own_folders.rs"]
mod own_folders;
mod pairs;
#[path = "../../../../tests/src/pgbouncer.rs"]
#[expect(unreachable_pub, reason = "the rig of the flows shares it")]
mod pgbouncer;
mod places;
#[path = "../store/proven_facts.rs"]
mod proven_facts;
#[path = "../store/queue.rs"]
mod queue;
#[path = "../store/races.rs"]
mod races;
#[path = "../store/retention.rs"]
mod retention;
#[path = "../store/revocation_lists.rs"]
mod revocation_lists;
#[path = "../store/rig.rs"]
mod rig;
mod server;
#[path = "../store/sessions.rs"]
mod sessions;
#[path = "../store/stories.rs"]
mod stories;
mod strangers;
mod tls;
#[path = "../store/tls_reports.rs"]
mod tls_reports;
#[path = "../store/trail.rs"]
mod trail;
#[path = "../store/trash.rs"]
mod trash;
#[path = "../store/tries.rs"]
mod tries;

use std::path::Path;

use sealpost_store::{PostgresHost, PostgresOptions, Rows};

use crate::cluster::Cluster;

/// A schema for each folder.
fn rows(folder: &Path) -> Rows {
    Rows::Postgres(Box::new(options(Cluster::shared(), folder)))
}

fn options(cluster: &Cluster, folder: &Path) -> PostgresOptions {
    let host = PostgresHost { name: cluster.socket().to_string_lossy().into_owned(), port: cluster.port() };
    let mut options = PostgresOptions::new(host, "postgres", "sealpost");
    let name: Vec<String> =
        folder.to_string_lossy().bytes().rev().take(30).map(|byte| format!("{byte:02x}")).collect();
    options.schema = format!("s{}", name.concat());
    options
}
