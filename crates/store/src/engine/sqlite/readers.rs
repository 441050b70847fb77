//! A reader: answers questions, each from one consistent view, until the queue is closed.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Jobs, run};
use crate::error::StoreError;
use crate::statement::{Row, Statement};

/// Questions that are answered together, and to whom.
#[derive(Debug)]
pub(crate) struct ReadJob {
    pub(crate) statements: Vec<Statement>,
    pub(crate) reply: oneshot::Sender<Result<Vec<Vec<Row>>, StoreError>>,
    /// The place in the queue.
    pub(crate) permit: OwnedSemaphorePermit,
}

/// The life of a reader thread.
pub(crate) fn read_until_closed(connection: &Connection, jobs: &Arc<Jobs<ReadJob>>) {
    while let Some(group) = jobs.take(1) {
        for ReadJob { statements, reply, permit } in group {
            // Nobody waits any more: nothing to do.
            if !reply.is_closed() {
                let _ = reply.send(answer(connection, &statements));
            }
            drop(permit);
        }
    }
}

fn answer(connection: &Connection, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StoreError> {
    // Several questions see the same moment; one alone does anyway.
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
