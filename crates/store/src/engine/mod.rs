//! SQLite behind the seam: one writer with group commit, a few readers. The only folder that names rusqlite.

mod connection;
mod eraser;
mod jobs;
mod migrate;
mod readers;
mod run;
#[cfg(test)]
mod schema_page;
mod writer;

pub(crate) use connection::{Role, open};
pub(crate) use eraser::Eraser;
pub(crate) use jobs::Jobs;
pub(crate) use migrate::migrate;
pub(crate) use readers::{ReadJob, read_until_closed};
pub(crate) use run::run;
pub(crate) use writer::{Promise, WriteJob, Writer};
