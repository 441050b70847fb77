//! Sends statements at once, each as its own message, and reads their answers; acknowledgements, which no
//! caller waits for, go as one statement. Knows no batch.

use super::begin::Words;
use super::failure::Failure;
use super::pipeline::{PendingAnswer, answer, ask, ask_for, send};
use super::pool::Connection;
use super::steps::{At, CountedBy, Step, steps};
use super::value::Param;
use crate::fingerprint::{FORGET, FORGET_ALL};
use crate::statement::{Statement, StatementResult, Value};

/// A message sent for one statement or for several.
pub(super) struct Part<'a> {
    asked: PendingAnswer<'a>,
    told: CountedBy,
}

impl<'a> Part<'a> {
    pub(super) fn into_asked(self) -> PendingAnswer<'a> {
        self.asked
    }

    /// One result for each statement.
    pub(super) async fn answer(self) -> Result<Vec<(At, StatementResult)>, Failure> {
        self.told.read(answer(self.asked).await?)
    }
}

/// Sends the statements of batches.
pub(super) async fn ask_all<'a>(
    connection: &'a Connection,
    words: &'a Words,
    batches: &[&'a [Statement]],
) -> Vec<Part<'a>> {
    let steps = steps(&words.texts, batches);
    let mut parts = Vec::with_capacity(steps.len());
    for Step { text, params, told } in steps {
        parts.push(Part { asked: send(ask(connection, text, params)).await, told });
    }
    parts
}

/// Sends statements that no caller waits for; acknowledged fingerprints, which are most of them, as one.
pub(super) async fn ask_first<'a>(
    connection: &'a Connection,
    words: &'a Words,
    statements: &'a [Statement],
) -> Vec<PendingAnswer<'a>> {
    let mut asked = Vec::new();
    let (mut fingerprints, mut moments) = (Vec::new(), Vec::new());
    for statement in statements {
        match statement.params.as_slice() {
            [Value::Blob(fingerprint), Value::Int(moment)] if statement.sql == FORGET => {
                fingerprints.push(fingerprint.as_ref());
                moments.push(*moment);
            }
            _ => asked.push(send(ask_for(connection, words, statement)).await),
        }
    }
    if !fingerprints.is_empty() {
        let params = vec![Param::Tags(fingerprints), Param::Ints(moments.into())];
        asked.push(send(ask(connection, FORGET_ALL, params)).await);
    }
    asked
}
