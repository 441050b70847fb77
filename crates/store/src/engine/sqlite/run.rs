//! Runs one statement on one connection. Reads the portable SQL text as SQLite does: unchanged.

use bytes::Bytes;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};

use crate::statement::{Row, Statement, StatementResult, Value};

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Runs a statement to its end.
pub(crate) fn run(connection: &Connection, statement: &Statement) -> rusqlite::Result<StatementResult> {
    let mut prepared = connection.prepare_cached(statement.sql)?;
    let columns = prepared.column_count();
    let params = rusqlite::params_from_iter(&statement.params);
    if columns == 0 {
        return Ok(StatementResult { affected: prepared.execute(params)?, rows: Vec::new() });
    }
    let mut cursor = prepared.query(params)?;
    let mut rows = Vec::new();
    while let Some(row) = cursor.next()? {
        let values = (0..columns).map(|column| row.get_ref(column).map(value_of));
        rows.push(Row::new(values.collect::<rusqlite::Result<_>>()?));
    }
    Ok(StatementResult { affected: rows.len(), rows })
}

fn value_of(column: ValueRef<'_>) -> Value {
    match column {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        // No column holds fractions; should one appear, the row's reader calls it damaged.
        ValueRef::Real(number) => Value::Text(number.to_string()),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(Bytes::copy_from_slice(bytes)),
    }
}
