//! Migrates the schema on SQLite, one numbered file after the other; never back.

use rusqlite::{Connection, TransactionBehavior};

use super::run::run;
use crate::audit_row::AuditRow;
use crate::engine::audit_trail;
use crate::engine::migrate::{Due, MIGRATIONS, Migration, OLDEST_PROGRAM, SchemaRequest, due};
use crate::error::StoreError;

/// Applies all missing migrations.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let migration = Migration { request: SchemaRequest::Now, alone: true, note: None, prover: None };
    bring_forward(connection, &migration)
}

/// Applies the missing migrations that may be applied. Several processes may try at once: the write lock
/// serialises them.
pub(crate) fn bring_forward(connection: &mut Connection, migration: &Migration) -> Result<(), StoreError> {
    let Migration { request, alone, .. } = *migration;
    // If there is nothing to do, no lock is taken.
    if let Due::Nothing = due(&applied(connection)?, request, alone)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction
        .execute_batch("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL, least BIGINT)")?;
    if !knows_least(&transaction)? {
        transaction.execute_batch("ALTER TABLE schema_version ADD COLUMN least BIGINT")?;
    }
    let there = applied(&transaction)?;
    let Due::Changes(missing) = due(&there, request, alone)? else { return Ok(()) };
    for (version, sql) in MIGRATIONS.iter().filter(|(version, _)| missing.contains(version)) {
        transaction.execute_batch(sql)?;
        transaction.execute(
            "INSERT INTO schema_version (version, least) VALUES (?1, ?2)",
            [version, &OLDEST_PROGRAM],
        )?;
        tracing::info!(schema.version = version, "schema migrated");
    }
    for version in &missing {
        transaction.execute(
            "UPDATE schema_version SET applied_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000 WHERE version = ?1",
            [version],
        )?;
    }
    if let Some(row) = migration.note(&there) {
        note(&transaction, migration, row)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Appends a row to the audit trail, whose order the write lock keeps.
fn note(connection: &Connection, migration: &Migration, row: &AuditRow) -> Result<(), StoreError> {
    let head = run(connection, &audit_trail::head())?.rows.pop();
    let last = run(connection, &audit_trail::last_number())?.rows.pop();
    let rows = std::slice::from_ref(row);
    for statement in audit_trail::append(migration.prover.as_deref(), head, last, rows)?.statements {
        run(connection, &statement)?;
    }
    Ok(())
}

fn knows_least(connection: &Connection) -> Result<bool, StoreError> {
    let question = "SELECT count(*) FROM pragma_table_info('schema_version') WHERE name = 'least'";
    Ok(connection.query_row(question, [], |row| row.get::<_, i64>(0))? > 0)
}

/// The migrations already applied, each with the oldest program that works with it.
fn applied(connection: &Connection) -> Result<Vec<(i64, Option<i64>)>, StoreError> {
    let question = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'";
    if connection.query_row(question, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(Vec::new());
    }
    let least = if knows_least(connection)? { "least" } else { "NULL" };
    Ok(connection
        .prepare(&format!("SELECT version, {least} FROM schema_version"))?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_changes_nothing_and_a_newer_schema_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        let rows: i64 =
            connection.query_row("SELECT count(*) FROM schema_version", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, i64::try_from(MIGRATIONS.len()).unwrap());

        connection.execute("DELETE FROM schema_version WHERE version = 9", []).unwrap();
        connection.execute_batch("DROP TABLE sent_lately; DROP INDEX deposits_size").unwrap();
        migrate(&mut connection).unwrap();
        assert!(connection.execute("DELETE FROM sent_lately", []).is_ok(), "one in between was left out");

        connection.execute("INSERT INTO schema_version (version) VALUES (99)", []).unwrap();
        let newest = MIGRATIONS.iter().map(|(version, _)| *version).max();
        let error = migrate(&mut connection).unwrap_err();
        assert!(
            matches!(error, StoreError::NewerSchema { found: 99, known } if Some(known) == newest),
            "{error}"
        );
        assert!(error.to_string().contains("run the newer program again"));
    }

    #[test]
    fn a_lock_for_a_time_becomes_no_lock_at_all() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE schema_version (version BIGINT NOT NULL)").unwrap();
        for (version, sql) in MIGRATIONS.iter().filter(|(version, _)| *version < 6) {
            connection.execute_batch(sql).unwrap();
            connection.execute("INSERT INTO schema_version (version) VALUES (?1)", [version]).unwrap();
        }
        connection
            .execute_batch(
                "INSERT INTO mailboxes (id, tag, state, locked_until, language, created_at, address_sealed,
                     public_key)
                 VALUES ('timed', x'01', 'locked', 99, 'de', 1, x'', x''),
                        ('for good', x'02', 'locked', NULL, 'de', 1, x'', x'')",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let state = |id: &str| -> String {
            connection.query_row("SELECT state FROM mailboxes WHERE id = ?1", [id], |row| row.get(0)).unwrap()
        };
        assert_eq!((state("timed"), state("for good")), ("active".to_owned(), "locked".to_owned()));
    }
}
