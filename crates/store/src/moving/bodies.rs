//! Copies sealed bodies from one store to another, each to where the target stores bodies of its size, and
//! compares them. Opens nothing.

use super::step::MoveStep;
use crate::body::{Body, StoredBody};
use crate::error::StoreError;
use crate::statement::{Batch, Outcome, sql};
use crate::store::Store;

/// Bytes read and written at a time.
const PIECE: u64 = 1024 * 1024;

/// At most this many bodies, or bytes, per transaction.
const AT_ONCE: u32 = 64;
const OCTETS: u64 = 4 * 1024 * 1024;

/// The last body already copied, in the order of ids.
pub(super) async fn last(store: &Store) -> Result<Option<String>, StoreError> {
    let last = store.read_one(sql!("SELECT id FROM bodies ORDER BY id DESC LIMIT 1")).await?;
    last.map(|mut row| row.text()).transpose()
}

async fn page(store: &Store, after: &str) -> Result<Vec<String>, StoreError> {
    let question = sql!("SELECT id FROM bodies WHERE id > ?1 ORDER BY id LIMIT ?2", after, AT_ONCE);
    store.read_rows(question).await?.into_iter().map(|mut row| row.text()).collect()
}

/// Continues after the last body already copied.
pub(super) async fn copy(
    from: &Store,
    to: &Store,
    told: &mut (dyn FnMut(MoveStep) + Send),
) -> Result<(), StoreError> {
    let mut after = last(to).await?.unwrap_or_default();
    let mut copied = 0_u64;
    loop {
        let ids = page(from, &after).await?;
        let Some(last) = ids.last() else { return Ok(()) };
        after.clone_from(last);
        let (mut batch, mut octets) = (Batch::default(), 0_u64);
        for id in &ids {
            let body = there(from, id).await?;
            octets = octets.saturating_add(body.len());
            batch.add_body(copied_body(&body, to, id).await?);
            if octets >= OCTETS {
                keep(to, std::mem::take(&mut batch)).await?;
                octets = 0;
            }
        }
        keep(to, batch).await?;
        copied = copied.saturating_add(u64::try_from(ids.len()).unwrap_or(u64::MAX));
        told(MoveStep::Bodies(copied));
    }
}

async fn keep(store: &Store, batch: Batch) -> Result<(), StoreError> {
    match store.write(batch).await? {
        Outcome::Kept(_) => Ok(()),
        Outcome::Refused(_) => Err(StoreError::BrokenBody),
    }
}

async fn there(store: &Store, id: &str) -> Result<Body, StoreError> {
    store.body(id).await?.ok_or(StoreError::Damaged { what: "a body that stays while nobody serves" })
}

async fn copied_body(body: &Body, to: &Store, id: &str) -> Result<StoredBody, StoreError> {
    let mut writer = to.body_writer(id.to_owned());
    let mut at = 0;
    while at < body.len() {
        let end = (at + PIECE).min(body.len());
        writer.push(&body.read(at..end).await?).await?;
        at = end;
    }
    writer.finish().await
}

/// Compares all bodies; returns their number and size, and the names of those that differ.
pub(super) async fn compare(
    one: &Store,
    other: &Store,
    differs: &mut Vec<String>,
) -> Result<(u64, u64), StoreError> {
    let (mut bodies, mut octets, mut after) = (0_u64, 0_u64, String::new());
    loop {
        let (ours, theirs) = (page(one, &after).await?, page(other, &after).await?);
        if ours != theirs {
            differs.push("bodies".to_owned());
            return Ok((bodies, octets));
        }
        let Some(last) = ours.last() else { return Ok((bodies, octets)) };
        after.clone_from(last);
        for id in &ours {
            let (mine, copy) = (there(one, id).await?, there(other, id).await?);
            if !same(&mine, &copy).await? {
                differs.push(format!("body {id}"));
            }
            bodies += 1;
            octets = octets.saturating_add(mine.len());
        }
    }
}

/// Byte by byte.
pub(super) async fn same(one: &Body, other: &Body) -> Result<bool, StoreError> {
    if one.len() != other.len() {
        return Ok(false);
    }
    let mut at = 0;
    while at < one.len() {
        let end = (at + PIECE).min(one.len());
        if one.read(at..end).await? != other.read(at..end).await? {
            return Ok(false);
        }
        at = end;
    }
    Ok(true)
}
