//! What the store promises, one file per promise. Every scenario ends with a sweep.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod access;
mod activation;
mod arrival;
mod bodies;
mod deposits;
mod drafts;
mod holds;
mod in_hand;
mod jobs;
mod legs;
mod mailboxes;
mod many;
mod opening;
mod own_folders;
mod proven_facts;
mod queue;
mod races;
mod retention;
mod revocation_lists;
mod rig;
mod sessions;
mod sqlite;
mod stories;
mod tls_reports;
mod trail;
mod trash;
mod tries;

use std::path::Path;

use sealpost_store::Rows;

/// These scenarios run on SQLite; tests/postgres runs them on PostgreSQL.
fn rows(_folder: &Path) -> Rows {
    Rows::Folder
}
