//! A reader thread: answers queries, each job from one consistent view, until the queue is closed.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Jobs, run};
use crate::error::StoreError;
use crate::statement::{Row, Statement};

/// Queries answered together, and the channel for the results.
#[derive(Debug)]
pub(crate) struct ReadJob {
    pub(crate) statements: Vec<Statement>,
    pub(crate) reply: oneshot::Sender<Result<Vec<Vec<Row>>, StoreError>>,
    /// Admission to the queue.
    pub(crate) permit: OwnedSemaphorePermit,
}

/// The reader thread's main loop.
pub(crate) fn read_until_closed(connection: &Connection, jobs: &Arc<Jobs<ReadJob>>) {
    while let Some(group) = jobs.take(1) {
        for ReadJob { statements, reply, permit } in group {
            // The caller has stopped waiting.
            if !reply.is_closed() {
                let _ = reply.send(answer(connection, &statements));
            }
            drop(permit);
        }
    }
}

fn answer(connection: &Connection, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StoreError> {
    // Several queries must see the same moment; a single one does anyway.
    let view = if statements.len() > 1 { Some(connection.unchecked_transaction()?) } else { None };
    let mut answers = Vec::with_capacity(statements.len());
    for statement in statements {
        answers.push(run(connection, statement)?.rows);
    }
    if let Some(view) = view {
        view.commit()?;
    }
    Ok(answers)
}
