//! Originals of encrypted letters received from outside: kept for a while, reopened on demand, then removed. Opaque:
//! sender, recipients and body key are sealed.

use sealpost_mail::Timestamp;

use crate::background_pace::BackgroundPace;
use crate::column_values::{ColumnWord as _, OriginalState};
use crate::error::StoreError;
use crate::statement::{Batch, Refusal, Row, sql};
use crate::store::Store;

/// An original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRow {
    /// The arrival it belongs to.
    pub id: String,
    /// Id of its sealed body, which a leg or a deposit may refer to as well.
    pub body_id: String,
    /// What became of it.
    pub state: OriginalState,
    /// All other facts, sealed.
    pub sealed: Vec<u8>,
    /// When it arrived.
    pub created_at: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
}

fn original_row(mut row: Row) -> Result<OriginalRow, StoreError> {
    Ok(OriginalRow {
        id: row.text()?,
        body_id: row.text()?,
        state: OriginalState::parse(&row.text()?)?,
        sealed: row.blob()?,
        created_at: row.time()?,
        until: row.time()?,
    })
}

impl OriginalRow {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(sql!(
            "INSERT INTO originals (id, body_id, state, sealed, created_at, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            self.id,
            self.body_id,
            self.state.as_str(),
            self.sealed,
            self.created_at,
            self.until
        ));
    }

    /// Its content is passed on by this same batch: copies of the original that still wait for an operator are removed.
    pub(crate) fn reopened(&self, batch: &mut Batch) {
        batch.add(
            sql!(
                "UPDATE originals SET state = 'opened' WHERE id = ?1 AND state = ?2",
                self.id.as_str(),
                self.state.as_str()
            )
            .or_refuse(Refusal::Duplicate),
        );
        batch.add(sql!(
            "DELETE FROM legs WHERE arrival_id = ?1 AND body_id = ?2 AND state = 'frozen'",
            self.id.as_str(),
            self.body_id.as_str()
        ));
    }
}

impl Store {
    /// All originals, oldest first.
    pub async fn originals(&self) -> Result<Vec<OriginalRow>, StoreError> {
        let all = sql!(
            "SELECT id, body_id, state, sealed, created_at, until FROM originals ORDER BY created_at, id"
        );
        self.read_rows(all).await?.into_iter().map(original_row).collect()
    }

    /// One of them.
    pub async fn original(&self, id: &str) -> Result<Option<OriginalRow>, StoreError> {
        let one =
            sql!("SELECT id, body_id, state, sealed, created_at, until FROM originals WHERE id = ?1", id);
        self.read_one(one).await?.map(original_row).transpose()
    }

    /// Removes expired originals. Returns how many; a body is removed with its last reference.
    pub async fn forget_originals(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut gone = 0;
        let mut pace = BackgroundPace::new(self);
        loop {
            let old = sql!(
                "SELECT id, body_id FROM originals WHERE until <= ?1 ORDER BY until LIMIT ?2",
                now,
                pace.rows()
            );
            let rows = self.read_rows(old).await?;
            if rows.is_empty() {
                return Ok(gone);
            }
            let mut batch = Batch::default();
            for mut row in rows {
                let (id, body_id) = (row.text()?, row.text()?);
                batch.add(sql!("DELETE FROM originals WHERE id = ?1 RETURNING id", id));
                batch.release_body(&body_id);
            }
            let now_gone = pace.write(batch).await?.returned();
            gone += now_gone;
            if now_gone == 0 {
                return Ok(gone);
            }
        }
    }

    /// Replaces records by newly sealed ones.
    pub async fn replace_originals(&self, sealed: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        let each = |(id, sealed)| sql!("UPDATE originals SET sealed = ?2 WHERE id = ?1", id, sealed);
        let statements: Vec<_> = sealed.into_iter().map(each).collect();
        if statements.is_empty() {
            return Ok(());
        }
        self.write(Batch::from(statements)).await.map(drop)
    }
}
