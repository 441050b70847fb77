//! Statements of a batch that go to the server as one: neighbours that do nothing but insert, and acknowledgements, which
//! nobody waits for. A message costs the server, and us, as much as a row. Knows no batch.

use super::begin::Words;
use super::failure::Failure;
use super::pipeline::{Asked, answer, ask, ask_for, send};
use super::pool::Connection;
use super::value::Param;
use crate::engine::sql_dialect::{Inserts, Joined};
use crate::error::StoreError;
use crate::fingerprint::{FORGET, FORGET_ALL};
use crate::statement::{Expect, Statement, StatementResult, Value};

/// So many statements become one at most.
const MAX_STATEMENTS: usize = 12;

/// What was sent at once, for one statement or for several.
pub(super) struct Part<'a> {
    asked: Asked<'a>,
    /// How its answer says what each of several did; `None`: there is one.
    several: Option<Vec<Inserts>>,
}

impl<'a> Part<'a> {
    pub(super) fn into_asked(self) -> Asked<'a> {
        self.asked
    }

    /// One result for each statement.
    pub(super) async fn answer(self) -> Result<Vec<StatementResult>, Failure> {
        let mut result = answer(self.asked).await?;
        let Some(several) = self.several else { return Ok(vec![result]) };
        let mut counts = result.rows.pop().ok_or(Failure::Store(StoreError::Damaged { what: "a count" }))?;
        let mut count = || counts.count().map_err(Failure::Store);
        let mut results = Vec::with_capacity(several.len());
        for inserts in several {
            let affected = match inserts {
                Inserts::OneRow => 1,
                Inserts::OneAtMost | Inserts::OrUpdates | Inserts::No => {
                    usize::try_from(count()?).unwrap_or(usize::MAX)
                }
            };
            results.push(StatementResult { affected, rows: Vec::new() });
        }
        Ok(results)
    }
}

/// Sends statements in their order.
pub(super) async fn ask_all<'a>(
    connection: &'a Connection,
    words: &'a Words,
    statements: &'a [Statement],
) -> Vec<Part<'a>> {
    let mut parts = Vec::with_capacity(statements.len());
    let mut left = statements;
    while let Some((first, behind)) = left.split_first() {
        let run = run(words, left);
        match words.texts.joined(run.iter().map(|one| (one.sql, one.params.len()))) {
            Some(Joined { text, each }) => {
                let params = run.iter().flat_map(|one| one.params.iter().map(Param::Value)).collect();
                parts.push(Part { asked: send(ask(connection, text, params)).await, several: Some(each) });
                left = left.get(run.len()..).unwrap_or_default();
            }
            None => {
                parts.push(Part { asked: send(ask_for(connection, words, first)).await, several: None });
                left = behind;
            }
        }
    }
    parts
}

/// The longest beginning of statements whose order does not matter: none reads or changes what another one wrote.
fn run<'a>(words: &Words, statements: &'a [Statement]) -> &'a [Statement] {
    let mut length = 0;
    for statement in statements.iter().take(MAX_STATEMENTS) {
        let waits = statement.expect != Expect::Anything || statement.proves.is_some();
        match words.texts.inserts(statement.sql) {
            Inserts::OneRow | Inserts::OneAtMost if !waits => length += 1,
            // It could meet a row of its own table.
            Inserts::OrUpdates if !waits => {
                let table = table(statement);
                let before = statements.get(..length).unwrap_or_default();
                if before.iter().all(|other| self::table(other) != table) {
                    length += 1;
                }
                break;
            }
            Inserts::OneRow | Inserts::OneAtMost | Inserts::OrUpdates | Inserts::No => break,
        }
    }
    statements.get(..length).unwrap_or_default()
}

fn table(insert: &Statement) -> Option<&str> {
    insert.sql.split_whitespace().nth(2)
}

/// Sends statements that nobody waits for; acknowledged fingerprints, which are most of them, as one.
pub(super) async fn ask_first<'a>(
    connection: &'a Connection,
    words: &'a Words,
    statements: &'a [Statement],
) -> Vec<Asked<'a>> {
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
