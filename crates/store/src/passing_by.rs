//! Reads lists of rows so that one that cannot be read is logged and skipped. Anyone who can write SQLite's file can put text where
//! a number belongs. Knows no table.

use crate::error::StoreError;
use crate::statement::{Row, Statement, Value};
use crate::store::Store;

impl Store {
    /// The next readable rows after `after`; empty at the end. Rows are ordered by the first column.
    pub(crate) async fn read_passing_by<T>(
        &self,
        what: &'static str,
        after: &str,
        question: impl Fn(Value) -> Statement,
        mut read: impl FnMut(Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut after = Value::from(after);
        loop {
            let rows = self.read_rows(question(after.clone())).await?;
            let Some(last) = rows.last().map(Row::first) else { return Ok(Vec::new()) };
            let mut found = Vec::with_capacity(rows.len());
            for row in rows {
                let id = row.first();
                match read(row) {
                    Ok(one) => found.push(one),
                    Err(error) => {
                        tracing::error!(row.kind = what, row.id = %id.shown(), %error, "a row cannot be read and is skipped");
                    }
                }
            }
            if !found.is_empty() || last == after {
                return Ok(found);
            }
            after = last;
        }
    }
}
