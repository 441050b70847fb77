//! A whole store to another engine and another place of large bodies: row by row in the order of keys, so that whoever is
//! cut short goes on behind the last one; then everything is compared, and only then is the new one the store. Both must be
//! open by nobody else. Opaque bytes; knows no key.

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

/// Tables that are no content: what engines and processes know of themselves, and what is copied in another way.
const APART: &[&str] = &["schema_version", "nodes", "moves", "objects", "bodies"];

/// How a move ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum MoveEnd {
    /// The other one is the store now.
    Done(Moved),
    /// The other one holds a store already, or another one is moving there.
    Occupied,
    /// This one was moved away before.
    LeftBefore,
    /// What was copied is not what is here: tables, or bodies, by name. Somebody changed rows meanwhile.
    Differs(Vec<String>),
    /// The copy does not hold together.
    Unsound(Vec<Problem>),
}

impl Store {
    /// Copies everything into another store, compares both, and hands over. `id` is a fresh one, for a move that begins
    /// now. May be called again after any interruption, and goes on. `rows`: what the trail says of it.
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

    /// A move that was cut short will not be gone on with: this store serves again. The other place holds a part of a copy,
    /// which never serves.
    pub async fn give_up_move(&self) -> Result<bool, StoreError> {
        state::give_up(self).await
    }
}

/// What a next hop took and no row says yet goes along before anybody can serve there, or it would be sent again.
fn carry_delivered(from: &Path, to: &Path) -> Result<(), StoreError> {
    let (from, to) = (from.join(DELIVERED), to.join(DELIVERED));
    if !from.exists() {
        return Ok(());
    }
    std::fs::copy(&from, &to)
        .and_then(|_octets| File::open(&to)?.sync_all())
        // Its name, too, outlives a loss of power.
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
