//! Copies one table's rows from one store to another, in key order, and compares them. Does not know what the columns
//! mean.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::engine::Table;
use crate::error::StoreError;
use crate::statement::{Batch, Statement, Value, sql};
use crate::store::Store;

/// Rows per transaction.
const PAGE: i64 = 200;

/// A table with its statements.
#[derive(Debug)]
pub(super) struct Copied {
    table: Table,
    first: &'static str,
    after: &'static str,
    last: &'static str,
    insert: &'static str,
    number: &'static str,
}

impl Copied {
    pub(super) fn new(table: Table) -> Self {
        let Table { name, columns, key, .. } = &table;
        let (listed, keys) = (columns.join(", "), key.join(", "));
        let places = |from: usize, count: usize| {
            (from..from + count).map(|at| format!("?{at}")).collect::<Vec<_>>().join(", ")
        };
        let down = key.iter().map(|column| format!("{column} DESC")).collect::<Vec<_>>().join(", ");
        let number = key.first().cloned().unwrap_or_default();
        // Statements are constants everywhere else; here there are five per table, once per run of a command.
        Self {
            first: format!("SELECT {listed} FROM {name} ORDER BY {keys} LIMIT ?1").leak(),
            after: format!(
                "SELECT {listed} FROM {name} WHERE ({keys}) > ({}) ORDER BY {keys} LIMIT ?1",
                places(2, key.len())
            )
            .leak(),
            last: format!("SELECT {keys} FROM {name} ORDER BY {down} LIMIT 1").leak(),
            insert: format!("INSERT INTO {name} ({listed}) VALUES ({})", places(1, columns.len())).leak(),
            number: format!(
                "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence('{name}', '{number}'),
                     (SELECT coalesce(max({number}), 0) + 1 FROM {name}), false)"
            )
            .leak(),
            table,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.table.name
    }

    pub(super) async fn is_empty(&self, store: &Store) -> Result<bool, StoreError> {
        Ok(store.read_one(sql!(self.first, 1_i64)).await?.is_none())
    }

    /// Continues after the last row already copied; returns how many there are now.
    pub(super) async fn copy(&self, from: &Store, to: &Store) -> Result<u64, StoreError> {
        let mut after = to.read_one(sql!(self.last)).await?.map(|row| row.into_values());
        let mut copied = 0_u64;
        loop {
            let rows = self.page(from, after.as_deref()).await?;
            let Some(last) = rows.last() else { return Ok(copied) };
            after = Some(self.key_of(last));
            copied = copied.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
            let insert = |params| Statement { params, ..sql!(self.insert) };
            to.write(Batch::from(rows.into_iter().map(insert).collect::<Vec<_>>())).await?;
        }
    }

    /// The number of rows if both have the same rows.
    pub(super) async fn compare(&self, one: &Store, other: &Store) -> Result<Option<u64>, StoreError> {
        let (ours, theirs) = (self.sum(one).await?, self.sum(other).await?);
        Ok((ours == theirs).then_some(ours.0))
    }

    async fn sum(&self, store: &Store) -> Result<(u64, u64), StoreError> {
        let (mut rows, mut sum) = (0_u64, DefaultHasher::new());
        let mut after: Option<Vec<Value>> = None;
        loop {
            let page = self.page(store, after.as_deref()).await?;
            let Some(last) = page.last() else { return Ok((rows, sum.finish())) };
            after = Some(self.key_of(last));
            for row in &page {
                rows += 1;
                row.iter().for_each(|value| value.hash(&mut sum));
            }
        }
    }

    async fn page(&self, store: &Store, after: Option<&[Value]>) -> Result<Vec<Vec<Value>>, StoreError> {
        let question = match after {
            None => sql!(self.first, PAGE),
            Some(key) => {
                let params = [Value::Int(PAGE)].into_iter().chain(key.iter().cloned()).collect();
                Statement { params, ..sql!(self.after) }
            }
        };
        Ok(store.read_rows(question).await?.into_iter().map(|row| row.into_values()).collect())
    }

    fn key_of(&self, row: &[Value]) -> Vec<Value> {
        let at = |column: &String| self.table.columns.iter().position(|one| one == column);
        self.table.key.iter().filter_map(at).filter_map(|at| row.get(at)).cloned().collect()
    }
}

/// Makes later rows get numbers after the copied ones.
pub(super) async fn number_on(store: &Store, tables: &[Copied]) -> Result<(), StoreError> {
    if !store.engine().numbers_by_itself() {
        return Ok(());
    }
    let numbered = tables.iter().filter(|table| table.table.numbered);
    store.write(Batch::from(numbered.map(|table| sql!(table.number)).collect::<Vec<_>>())).await.map(drop)
}

#[cfg(test)]
mod tests {
    use crate::engine::tables;

    /// Without a key, copying could not continue after the last row.
    #[test]
    fn every_table_has_a_key() {
        for table in tables().unwrap() {
            assert!(!table.key.is_empty() || super::super::APART.contains(&table.name.as_str()), "{table:?}");
        }
    }
}
