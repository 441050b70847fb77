//! Moves a whole store to another engine and another place for large bodies: row by row in key order, so that an
//! interrupted move continues where it stopped; then everything is compared, and only then does the new store take
//! over. Both must be open by no other process. Opaque bytes; knows no key.

mod bodies;
mod in_place;
mod state;
mod step;
mod table_copy;

use std::fs::File;
use std::path::Path;

use sealpost_mail::Timestamp;

use crate::consistency::Problem;
use crate::delivered::DELIVERED;
use crate::engine::tables;
use crate::error::StoreError;
use crate::store::Store;

use self::state::Sides;
pub use self::step::{MoveRows, MoveStep, Moved};
use self::table_copy::Copied;

/// Tables that are not copied as content: what engines and processes know of themselves, and what is copied in another
/// way.
const APART: &[&str] = &["schema_version", "nodes", "moves", "objects", "bodies"];

/// Outcome of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum MoveEnd {
    /// The target is the store now.
    Done(Moved),
    /// The target already holds a store, or another one is being moved there.
    Occupied,
    /// This store was moved away before.
    LeftBefore,
    /// The copy differs from this store: names of tables or bodies. Rows were changed meanwhile.
    Differs(Vec<String>),
    /// The copy is inconsistent.
    Unsound(Vec<Problem>),
}

impl Store {
    /// Copies everything into another store, compares both, and hands over. `id` is a fresh one, for a move that begins
    /// now. After any interruption it may be called again and continues. `rows`: what the audit trail records.
    pub async fn move_to(
        &self,
        target: &Self,
        id: &str,
        now: Timestamp,
        rows: &MoveRows,
        told: &mut (dyn FnMut(MoveStep) + Send),
    ) -> Result<MoveEnd, StoreError> {
        let tables: Vec<_> = tables()?
            .into_iter()
            .filter(|table| !APART.contains(&table.name.as_str()))
            .map(Copied::new)
            .collect();
        let sides = Sides::of(self, target).await?;
        match sides {
            Sides::Ended => return Ok(MoveEnd::LeftBefore),
            Sides::Occupied => return Ok(MoveEnd::Occupied),
            Sides::HandedOver => {
                carry_delivered(self.folder(), target.folder())?;
                state::end(self, target, &Moved::default(), rows).await?;
                return Ok(MoveEnd::Done(Moved::default()));
            }
            Sides::Fresh => {
                if !is_empty(target, &tables).await? {
                    return Ok(MoveEnd::Occupied);
                }
                state::begin(self, target, id, rows).await?;
            }
            Sides::HalfBegun(id) => state::begin(self, target, &id, rows).await?,
            Sides::UnderWay => {}
        }
        bodies::copy(self, target, told).await?;
        for table in &tables {
            let rows = table.copy(self, target).await?;
            told(MoveStep::Table(table.name().to_owned(), rows));
        }
        table_copy::number_on(target, &tables).await?;

        told(MoveStep::Comparing);
        let mut moved = Moved::default();
        let mut differs = Vec::new();
        for table in &tables {
            match table.compare(self, target).await? {
                Some(rows) => moved.rows += rows,
                None => differs.push(table.name().to_owned()),
            }
        }
        let (bodies, octets) = bodies::compare(self, target, &mut differs).await?;
        (moved.bodies, moved.octets) = (bodies, octets);
        if !differs.is_empty() {
            return Ok(MoveEnd::Differs(differs));
        }
        let problems = target.sweep(now).await?.problems;
        if !problems.is_empty() {
            return Ok(MoveEnd::Unsound(problems));
        }
        carry_delivered(self.folder(), target.folder())?;
        state::end(self, target, &moved, rows).await?;
        Ok(MoveEnd::Done(moved))
    }

    /// Abandons an interrupted move: this store can serve again. The target holds a partial copy, which never serves.
    pub async fn give_up_move(&self) -> Result<bool, StoreError> {
        state::give_up(self).await
    }
}

/// Legs that a next hop accepted but no row shows yet are copied before the target can serve, or they would be sent
/// again.
fn carry_delivered(from: &Path, to: &Path) -> Result<(), StoreError> {
    let (from, to) = (from.join(DELIVERED), to.join(DELIVERED));
    if !from.exists() {
        return Ok(());
    }
    std::fs::copy(&from, &to)
        .and_then(|_octets| File::open(&to)?.sync_all())
        // Its name must survive a power failure too.
        .and_then(|()| to.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()))
        .map_err(|source| StoreError::Path { path: to, source })
}

async fn is_empty(store: &Store, tables: &[Copied]) -> Result<bool, StoreError> {
    if bodies::last(store).await?.is_some() {
        return Ok(false);
    }
    for table in tables {
        if !table.is_empty(store).await? {
            return Ok(false);
        }
    }
    Ok(true)
}
