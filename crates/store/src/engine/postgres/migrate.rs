//! Migrates the schema on PostgreSQL, one numbered file after the other; never back. No statement is prepared: a pooler
//! may be between us and the server.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};

use super::failure::Failure;
use super::note::TRAIL;
use super::pipeline::ask_unnamed;
use super::value::Param;
use crate::audit_row::AuditRow;
use crate::engine::migrate::{Due, MIGRATIONS, Migration, OLDEST_PROGRAM, due};
use crate::engine::{audit_trail, sql_dialect};
use crate::error::StoreError;
use crate::statement::{Statement, StatementResult};

/// Advisory lock of a process that migrates, so that one does it after the other.
const TURN: i64 = 0x5ea1_9057;

/// Sealed bytes are not compressible: trying costs time, and ranges of uncompressed values can be read without the
/// rest. A deposit's few bytes are kept in the row: every list of a mailbox needs them.
const EXTERNAL: &str = "DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT c.relname, a.attname FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = pg_catalog.current_schema()::pg_catalog.regnamespace AND c.relkind = 'r'
          AND a.atttypid = 'bytea'::pg_catalog.regtype AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage <> 'e'
    LOOP EXECUTE pg_catalog.format('ALTER TABLE %I ALTER %I SET STORAGE EXTERNAL', one.relname, one.attname);
    END LOOP;
    ALTER TABLE deposits SET (toast_tuple_target = 8160); END $$";

/// Applies the missing migrations that may be applied. Several processes may try at once.
pub(super) async fn migrate(
    client: &mut Client,
    schema: &str,
    migration: &Migration,
) -> Result<(), StoreError> {
    // If there is nothing to do, no privileges are needed.
    let there = applied(client, schema).await.map_err(StoreError::from)?;
    let alone = migration.alone && !is_served(client, schema, &there).await?;
    if let Due::Nothing = due(&there, migration.request, alone)? {
        return Ok(());
    }
    bring_forward(client, schema, migration).await.map_err(StoreError::from)
}

/// Whether a process serves, on any machine, or has not recorded its end.
async fn is_served(client: &Client, schema: &str, there: &[(i64, Option<i64>)]) -> Result<bool, StoreError> {
    if !there.iter().any(|(version, _)| *version == NODES) {
        return Ok(false);
    }
    let question = format!("SELECT 1 FROM {schema}.nodes LIMIT 1");
    let rows =
        client.query_typed(&question, &[]).await.map_err(|error| StoreError::from(Failure::from(error)))?;
    Ok(!rows.is_empty())
}

/// The migration that introduced `nodes`.
const NODES: i64 = 22;

/// The migrations already applied, each with the oldest program that works with it.
async fn applied(client: &Client, schema: &str) -> Result<Vec<(i64, Option<i64>)>, Failure> {
    let columns = client
        .query_typed(
            "SELECT a.attname::text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $1 AND c.relname = 'schema_version' AND a.attnum > 0 AND NOT a.attisdropped",
            &[(&schema, Type::TEXT)],
        )
        .await?;
    let mut names = Vec::with_capacity(columns.len());
    for row in columns {
        names.push(row.try_get::<_, String>(0)?);
    }
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let least = if names.iter().any(|name| name == "least") { "least" } else { "NULL::bigint" };
    let mut applied = Vec::new();
    for row in
        client.query_typed(&format!("SELECT version, {least} FROM {schema}.schema_version"), &[]).await?
    {
        applied.push((row.try_get(0)?, row.try_get(1)?));
    }
    Ok(applied)
}

async fn bring_forward(client: &mut Client, schema: &str, migration: &Migration) -> Result<(), Failure> {
    let Migration { request, alone, .. } = *migration;
    let change = client.transaction().await?;
    change.query_typed("SELECT pg_catalog.pg_advisory_xact_lock($1)", &[(&TURN, Type::INT8)]).await?;
    let there = change
        .query_typed("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", &[(&schema, Type::TEXT)])
        .await?;
    if there.is_empty() {
        // Created only if needed: an operator may have created it for a role that may create nothing else.
        change.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    change
        .batch_execute(&format!(
            "SET LOCAL search_path = {schema}; SET LOCAL client_min_messages = warning;
             CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL, least BIGINT);
             ALTER TABLE schema_version ADD COLUMN IF NOT EXISTS least BIGINT"
        ))
        .await?;
    // By what is missing, not by the highest number: two migrations developed side by side need not be released in
    // order. Another process may have had the lock before us.
    let mut applied = Vec::new();
    for row in change.query_typed("SELECT version, least FROM schema_version", &[]).await? {
        applied.push((row.try_get::<_, i64>(0)?, row.try_get::<_, Option<i64>>(1)?));
    }
    let Due::Changes(missing) = due(&applied, request, alone).map_err(Failure::Store)? else { return Ok(()) };
    for (version, portable) in MIGRATIONS.iter().filter(|(version, _)| missing.contains(version)) {
        change.batch_execute(&sql_dialect::schema(portable)).await?;
        change
            .batch_execute(&format!(
                "INSERT INTO schema_version (version, least) VALUES ({version}, {OLDEST_PROGRAM})"
            ))
            .await?;
        tracing::info!(schema.version = version, "schema migrated");
    }
    for version in &missing {
        change
            .batch_execute(&format!(
                "UPDATE schema_version SET applied_at = (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint
                 WHERE version = {version}"
            ))
            .await?;
    }
    change.batch_execute(EXTERNAL).await?;
    if let Some(row) = migration.note(&applied) {
        note(&change, migration, row).await?;
    }
    change.commit().await?;
    Ok(())
}

/// Appends a row to the audit trail, which stays locked until the commit.
async fn note(change: &Transaction<'_>, migration: &Migration, row: &AuditRow) -> Result<(), Failure> {
    change.batch_execute(TRAIL).await?;
    let head = ask(change, &audit_trail::head()).await?.rows.pop();
    let last = ask(change, &audit_trail::last_number()).await?.rows.pop();
    let rows = std::slice::from_ref(row);
    let appended =
        audit_trail::append(migration.prover.as_deref(), head, last, rows).map_err(Failure::Store)?;
    for statement in &appended.statements {
        ask(change, statement).await?;
    }
    Ok(())
}

async fn ask(change: &Transaction<'_>, statement: &Statement) -> Result<StatementResult, Failure> {
    let params = statement.params.iter().map(Param::Value).collect();
    ask_unnamed(change.client(), &sql_dialect::statement(statement.sql, 0), params).await
}
