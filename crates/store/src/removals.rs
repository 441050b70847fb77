//! Removes objects from the bucket that nothing refers to any more: those abandoned by this process, those
//! left by dead incarnations, and those released by rows. Rows decide; after a kill a row remains, and the
//! next process continues.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::bucket::Bucket;
use crate::engine::{Engine, Promise};
use crate::error::StoreError;
use crate::object_rows;
use crate::statement::{Row, Statement};

/// Interval of checking the rows.
const EVERY: Duration = Duration::from_secs(5);

/// Ids reported in one transaction.
const AT_ONCE: usize = 100;

/// Runs until the store is closed or the task is stopped.
pub(crate) async fn run(
    rows: Weak<Engine>,
    bucket: Arc<Bucket>,
    mut abandoned: mpsc::UnboundedReceiver<String>,
    mut stop: tokio::sync::oneshot::Receiver<()>,
) {
    let mut is_ill = false;
    loop {
        let mut ids = Vec::new();
        tokio::select! {
            _asked = &mut stop => return,
            received = abandoned.recv_many(&mut ids, AT_ONCE) => if received == 0 { return },
            () = tokio::time::sleep(EVERY) => {}
        }
        let Some(rows) = rows.upgrade() else { return };
        match tidy(&rows, &bucket, &ids).await {
            Ok(()) => is_ill = false,
            Err(error) => {
                // What is not recorded now is found when the incarnation ends, or by its age.
                if !std::mem::replace(&mut is_ill, true) {
                    tracing::warn!(%error, "objects stay in the bucket until it, and the rows, can be reached");
                }
            }
        }
    }
}

async fn tidy(rows: &Engine, bucket: &Arc<Bucket>, abandoned: &[String]) -> Result<(), StoreError> {
    let mut statements: Vec<_> = abandoned.iter().map(|id| object_rows::abandon(id)).collect();
    if !ask(rows, object_rows::dead_announced()).await?.is_empty() {
        statements.push(object_rows::abandon_dead_announced());
    }
    write(rows, statements).await?;
    loop {
        let gone = ask(rows, object_rows::gone()).await?;
        if gone.is_empty() {
            return Ok(());
        }
        let mut forgotten = Vec::with_capacity(gone.len());
        for mut row in gone {
            let id = row.text()?;
            bucket.remove(&id).await?;
            forgotten.push(object_rows::forget(&id));
        }
        write(rows, forgotten).await?;
    }
}

async fn ask(rows: &Engine, question: Statement) -> Result<Vec<Row>, StoreError> {
    Ok(rows.read(vec![question]).await?.into_iter().next().unwrap_or_default())
}

/// If it fails, nothing is lost: the next run finds the same.
async fn write(rows: &Engine, statements: Vec<Statement>) -> Result<(), StoreError> {
    match statements.is_empty() {
        true => Ok(()),
        false => rows.write(statements.into(), Promise::Ordered).await.map(drop),
    }
}
