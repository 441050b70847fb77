//! Encrypted letters from the world as they came: kept for a while, opened again, gone. Opaque: who wrote to whom and the key
//! of the body are sealed.

use sealpost_mail::Timestamp;

use crate::background_pace::BackgroundPace;
use crate::column_values::{ColumnWord as _, OriginalState};
use crate::error::StoreError;
use crate::statement::{Batch, Refusal, Row, sql};
use crate::store::Store;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRow {
    /// The arrival it came with.
    pub id: String,
    /// Its sealed rest, which a leg or a letter in a mailbox may refer to as well.
    pub body_id: String,
    /// What became of it.
    pub state: OriginalState,
    /// Everything else.
    pub sealed: Vec<u8>,
    /// When it came.
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

    /// What was in it is handed on by this very batch: copies of it as it came, that still wait for an operator, go.
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
    /// All of them, oldest first.
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

    /// Forgets those whose time is over. Returns how many; a body goes with the last that refers to it.
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

    /// Puts records sealed anew in the place of what was there.
    pub async fn replace_originals(&self, sealed: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        let each = |(id, sealed)| sql!("UPDATE originals SET sealed = ?2 WHERE id = ?1", id, sealed);
        let statements: Vec<_> = sealed.into_iter().map(each).collect();
        if statements.is_empty() {
            return Ok(());
        }
        self.write(Batch::from(statements)).await.map(drop)
    }
}
