//! The server's version and settings, and whether we can rely on its promises. Changes nothing.

use sealpost_mail::Timestamp;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::config::{Durability, PostgresOptions};
use super::failure::Failure;
use super::pool::{Connector, lend_in_one_try};
use super::unsupported_server::PostgresUnfit;
use crate::error::StoreError;
use crate::own_runtime::OwnRuntime;

/// The oldest version that is tested.
const OLDEST: i32 = 150_000;

/// What a server reports about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresFacts {
    /// As in `15.18`.
    pub version: String,
    /// As a number, `150018`.
    pub version_number: i32,
    /// It is a standby and accepts no writes.
    pub in_recovery: bool,
    /// `synchronous_commit` as it applies to our connections.
    pub synchronous_commit: String,
    /// Whether we may see its standbys.
    pub sees_standbys: bool,
    /// Connected standbys that a commit waits for.
    pub synchronous_standbys: i64,
    /// Whether commits reach the disk (`fsync` and `full_page_writes`).
    pub syncs: bool,
    /// Character encoding: `UTF8`.
    pub encoding: String,
    /// The server's time.
    pub clock: Timestamp,
    /// Whether we may create our schema, or it exists and we may create tables in it.
    pub may_create: bool,
    /// The connection is protected by TLS.
    pub tls: bool,
}

impl PostgresFacts {
    /// The reason not to use it, if there is one.
    pub fn unfit(&self, durability: Durability) -> Option<PostgresUnfit> {
        if self.version_number < OLDEST {
            return Some(PostgresUnfit::TooOld);
        }
        if self.in_recovery {
            return Some(PostgresUnfit::Standby);
        }
        if self.encoding != "UTF8" {
            return Some(PostgresUnfit::Encoding);
        }
        match (durability, self.synchronous_commit.as_str()) {
            (_, "off") => Some(PostgresUnfit::CommitsLater),
            (Durability::Local, _) => None,
            (Durability::Replicated, "local") => Some(PostgresUnfit::CommitsAlone),
            (Durability::Replicated, _) if !self.sees_standbys => Some(PostgresUnfit::SeesNoStandby),
            (Durability::Replicated, _) if self.synchronous_standbys == 0 => Some(PostgresUnfit::NoStandby),
            (Durability::Replicated, _) => None,
        }
    }

    pub(super) fn allow(&self, durability: Durability) -> Result<(), StoreError> {
        self.unfit(durability).map_or(Ok(()), |unfit| Err(StoreError::Unfit(Box::new(unfit))))
    }
}

impl PostgresOptions {
    /// Asks the present primary. Blocks.
    pub fn facts(&self) -> Result<PostgresFacts, StoreError> {
        let runtime = OwnRuntime::start("store-postgres", std::path::Path::new("/"))?;
        let options = self.clone();
        runtime.wait_for(async move {
            let pool = Connector::new(&options)?.pool(1, options.patience)?;
            let connection = lend_in_one_try(&pool).await?;
            let facts = ask_with(&connection.client, &options.schema).await?;
            Ok(facts)
        })
    }
}

pub(super) async fn ask(client: &Client) -> Result<PostgresFacts, StoreError> {
    ask_with(client, "").await
}

async fn ask_with(client: &Client, schema: &str) -> Result<PostgresFacts, StoreError> {
    // Unprepared: a pooler may be between us and the server.
    let asked = client
        .query_typed(
            "SELECT pg_catalog.current_setting('server_version'),
                 pg_catalog.current_setting('server_version_num')::integer,
                 pg_catalog.pg_is_in_recovery(),
                 pg_catalog.current_setting('synchronous_commit'),
                 pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'),
                 (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_get_wal_senders() AS s
                  WHERE s.state = 'streaming' AND s.sync_state IN ('sync', 'quorum')),
                 pg_catalog.current_setting('fsync')::boolean
                     AND pg_catalog.current_setting('full_page_writes')::boolean,
                 pg_catalog.current_setting('server_encoding'),
                 (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint,
                 CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1)
                     THEN pg_catalog.has_schema_privilege($1, 'CREATE')
                     ELSE pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') END,
                 EXISTS (SELECT 1 FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid() AND ssl)",
            &[(&schema, Type::TEXT)],
        )
        .await
        .map_err(|error| StoreError::from(Failure::from(error)))?;
    let asked = asked.first().ok_or(StoreError::Damaged { what: "the server's settings" })?;
    read(asked).map_err(|error| StoreError::from(Failure::from(error)))
}

fn read(row: &tokio_postgres::Row) -> Result<PostgresFacts, tokio_postgres::Error> {
    Ok(PostgresFacts {
        version: row.try_get(0)?,
        version_number: row.try_get(1)?,
        in_recovery: row.try_get(2)?,
        synchronous_commit: row.try_get(3)?,
        sees_standbys: row.try_get(4)?,
        synchronous_standbys: row.try_get(5)?,
        syncs: row.try_get(6)?,
        encoding: row.try_get(7)?,
        clock: Timestamp(row.try_get(8)?),
        may_create: row.try_get(9)?,
        tls: row.try_get(10)?,
    })
}
