//! The state of a move, as a row on either side, so that after an interruption at any point the next run
//! knows where to continue. Copies nothing.

use super::step::{MoveRows, Moved};
use crate::error::StoreError;
use crate::move_state::{MoveState, state_question};
use crate::statement::sql;
use crate::store::Store;

/// The combined state of both sides.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sides {
    /// Nothing has begun.
    Fresh,
    /// The copy knows of it, this store does not: the move with this id begins.
    HalfBegun(String),
    /// It continues.
    UnderWay,
    /// This store knows that it has ended, the copy does not yet.
    HandedOver,
    /// It has ended, or this store was moved elsewhere.
    Ended,
    /// Another store is there, or is being moved there.
    Occupied,
}

async fn state_of(store: &Store) -> Result<Option<MoveState>, StoreError> {
    store.read_one(state_question()).await?.map(MoveState::read).transpose()
}

impl Sides {
    pub(super) async fn of(from: &Store, to: &Store) -> Result<Self, StoreError> {
        use MoveState::{Coming, Leaving, Left};
        Ok(match (state_of(from).await?, state_of(to).await?) {
            (None, None) => Self::Fresh,
            (None, Some(Coming(id))) => Self::HalfBegun(id),
            (Some(Leaving(ours)), Some(Coming(theirs))) if ours == theirs => Self::UnderWay,
            (Some(Left(ours)), Some(Coming(theirs))) if ours == theirs => Self::HandedOver,
            (Some(Left(_)), _) => Self::Ended,
            (Some(Coming(_) | Leaving(_)) | None, Some(Coming(_) | Leaving(_) | Left(_)) | None) => {
                Self::Occupied
            }
        })
    }
}

/// The copy first: a store marked as leaving must have a target.
pub(super) async fn begin(
    from: &Store,
    to: &Store,
    id: &str,
    MoveRows { began, moved: _ }: &MoveRows,
) -> Result<(), StoreError> {
    let insert = |state: &str| {
        vec![sql!("INSERT INTO moves (id, state) VALUES (?1, ?2) ON CONFLICT DO NOTHING", id, state)]
    };
    to.change(insert("coming")).await?;
    // Copied with the other rows of the trail.
    from.audited([began.clone()]).change(insert("leaving")).await.map(drop)
}

/// This store first: two must never serve.
pub(super) async fn end(from: &Store, to: &Store, moved: &Moved, rows: &MoveRows) -> Result<(), StoreError> {
    from.change(vec![sql!("UPDATE moves SET state = 'left'")]).await?;
    to.audited([(rows.moved)(moved)]).change(vec![sql!("DELETE FROM moves")]).await.map(drop)
}

pub(super) async fn give_up(from: &Store) -> Result<bool, StoreError> {
    let given = from.change(vec![sql!("DELETE FROM moves WHERE state = 'leaving'")]).await?;
    Ok(given.iter().sum::<usize>() == 1)
}
