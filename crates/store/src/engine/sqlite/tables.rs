//! Which tables a store has, as the engine sees the schema after all migrations: in order of creation, so
//! that referenced tables come first. Reads no store.

use rusqlite::Connection;

use super::migrate::migrate;
use crate::error::StoreError;

/// A table and how its rows are identified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    /// Columns of its primary key; empty if it has none.
    pub(crate) key: Vec<String>,
    /// Whether the engine numbers its rows.
    pub(crate) numbered: bool,
}

/// All tables.
pub(crate) fn tables() -> Result<Vec<Table>, StoreError> {
    let mut empty = Connection::open_in_memory()?;
    migrate(&mut empty)?;
    let names: Vec<(String, String)> = empty
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut tables = Vec::with_capacity(names.len());
    for (name, sql) in names {
        let columns: Vec<(String, i64)> = empty
            .prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?
            .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut key: Vec<_> = columns.iter().filter(|(_, place)| *place > 0).collect();
        key.sort_by_key(|(_, place)| *place);
        tables.push(Table {
            key: key.into_iter().map(|(column, _)| column.clone()).collect(),
            columns: columns.iter().map(|(column, _)| column.clone()).collect(),
            numbered: sql.contains("INTEGER PRIMARY KEY"),
            name,
        });
    }
    Ok(tables)
}
