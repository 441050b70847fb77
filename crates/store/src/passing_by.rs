//! Rows that are read for many: one that cannot be read is named in the log and hides no other. Whoever writes SQLite's file
//! can put text where a number belongs. Knows no table.

use crate::error::StoreError;
use crate::statement::{Row, Statement, Value};
use crate::store::Store;

impl Store {
    /// The next rows behind `after` that can be read; none: there are no more. The first column is what they are ordered by.
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
                        tracing::error!(row.kind = what, row.id = %id.shown(), %error, "a row cannot be read and is passed by");
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
