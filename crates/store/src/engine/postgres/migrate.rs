//! Brings the schema of PostgreSQL forward, one numbered file after the other; never back.

use tokio_postgres::Client;

use super::failure::Failure;
use crate::engine::migrate::{MIGRATIONS, newest};
use crate::engine::sql_dialect;
use crate::error::StoreError;

/// What whoever changes the schema holds, so that one does it after the other.
const TURN: i64 = 0x5ea1_9057;

/// Sealed bytes are not compressible: trying costs time, and ranges of what is kept as it is are read without the rest.
const EXTERNAL: &str = "DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT c.relname, a.attname FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = pg_catalog.current_schema()::pg_catalog.regnamespace AND c.relkind = 'r'
          AND a.atttypid = 'bytea'::pg_catalog.regtype AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage <> 'e'
    LOOP EXECUTE pg_catalog.format('ALTER TABLE %I ALTER %I SET STORAGE EXTERNAL', one.relname, one.attname);
    END LOOP; END $$";

/// Applies what is missing. Several processes may try at once.
pub(super) async fn migrate(client: &mut Client, schema: &str) -> Result<(), StoreError> {
    let found = bring_forward(client, schema).await.map_err(StoreError::from)?;
    match found > newest() {
        true => Err(StoreError::NewerSchema { found, known: newest() }),
        false => Ok(()),
    }
}

/// Returns the newest change that is there. Changes nothing where that is newer than we are.
async fn bring_forward(client: &mut Client, schema: &str) -> Result<i64, Failure> {
    let change = client.transaction().await?;
    change.query("SELECT pg_catalog.pg_advisory_xact_lock($1)", &[&TURN]).await?;
    let there = change.query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", &[&schema]).await?;
    if there.is_empty() {
        // Asked for only where it is needed: an operator may have made it for a role that may make nothing else.
        change.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    change
        .batch_execute(&format!(
            "SET LOCAL search_path = {schema}; SET LOCAL client_min_messages = warning;
             CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"
        ))
        .await?;
    // By what is there and not by the highest: two changes are made side by side and do not arrive in order.
    let mut applied = Vec::new();
    for row in change.query("SELECT version FROM schema_version", &[]).await? {
        applied.push(row.try_get::<_, i64>(0)?);
    }
    let found = applied.iter().copied().max().unwrap_or(0);
    if found > newest() {
        return Ok(found);
    }
    let missing: Vec<_> = MIGRATIONS.iter().filter(|(version, _)| !applied.contains(version)).collect();
    for (version, portable) in &missing {
        change.batch_execute(&sql_dialect::schema(portable)).await?;
        change.execute("INSERT INTO schema_version (version) VALUES ($1)", &[version]).await?;
        tracing::info!(schema.version = version, "schema brought forward");
    }
    if !missing.is_empty() {
        change.batch_execute(EXTERNAL).await?;
    }
    change.commit().await?;
    Ok(found)
}
