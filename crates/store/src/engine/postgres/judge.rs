//! What the answers of a transaction's statements come to: the first that is not as expected decides. Asks nothing.

use super::failure::Failure;
use super::joined::Part;
use crate::error::StoreError;
use crate::statement::{Batch, Expect, Refusal, Row, Statement, StatementResult};

/// What a batch did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) results: Vec<StatementResult>,
    /// Files of bodies that go with it.
    pub(super) freed: Vec<String>,
}

/// Every answer is read, also behind the one that decides: whoever commits must have heard of every error. A refusal comes with
/// the place of its statement in its batch.
pub(super) async fn judge(
    batches: &[Batch],
    asked: Vec<Vec<Part<'_>>>,
) -> Result<Result<Vec<Done>, (Refusal, usize)>, Failure> {
    let mut verdict: Option<Result<(Refusal, usize), Failure>> = None;
    let mut all = Vec::with_capacity(batches.len());
    'all: for (batch, asked) in batches.iter().zip(asked) {
        let mut done = Done { results: Vec::with_capacity(batch.statements.len()), freed: Vec::new() };
        let mut statements = batch.statements.iter();
        for part in asked {
            let results = match part.answer().await {
                Ok(results) => results,
                Err(failure) => {
                    let gone = failure.ends_connection();
                    verdict.get_or_insert(Err(failure));
                    if gone {
                        break 'all;
                    }
                    continue;
                }
            };
            // After an error nobody asks whose answer is whose.
            for (mut result, statement) in results.into_iter().zip(&mut statements) {
                if let Err(reason) = expected(statement, &mut result, &mut done.freed) {
                    verdict.get_or_insert(reason.map(|refusal| (refusal, done.results.len())));
                }
                done.results.push(result);
            }
        }
        all.push(done);
    }
    match verdict {
        None => Ok(Ok(all)),
        Some(Ok(refused)) => Ok(Err(refused)),
        Some(Err(failure)) => Err(failure),
    }
}

/// Whether a statement's outcome is as its batch needs it.
fn expected(
    statement: &Statement,
    result: &mut StatementResult,
    freed: &mut Vec<String>,
) -> Result<(), Result<Refusal, Failure>> {
    match statement.expect {
        Expect::Anything => {}
        Expect::One(refusal) if result.affected != 1 => return Err(Ok(refusal)),
        Expect::One(_) => {}
        Expect::FreedBodies => {
            for row in std::mem::take(&mut result.rows) {
                freed.extend(freed_file(row).map_err(|error| Err(Failure::Store(error)))?);
            }
        }
    }
    Ok(())
}

fn freed_file(mut row: Row) -> Result<Option<String>, StoreError> {
    let id = row.text()?;
    Ok((row.text()? == "file").then_some(id))
}
