//! Judges the results of a transaction's statements: the first unexpected one decides. Sends nothing.

use super::failure::Failure;
use super::joined::Part;
use crate::error::StoreError;
use crate::statement::{Batch, Expect, Refusal, Row, Statement, StatementResult};

/// The result of a batch.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) results: Vec<StatementResult>,
    /// Files of the bodies it removed.
    pub(super) freed: Vec<String>,
}

/// Reads every result, also after the one that decides: before a commit, every error must have been seen. A refusal
/// comes with the index of its statement in its batch.
pub(super) async fn judge(
    batches: &[Batch],
    asked: Vec<Part<'_>>,
) -> Result<Result<Vec<Done>, (Refusal, usize)>, Failure> {
    let mut verdict: Option<Result<(Refusal, usize), Failure>> = None;
    let begun = |batch: &Batch| {
        let mut results = Vec::new();
        results.resize_with(batch.statements.len(), StatementResult::default);
        Done { results, freed: Vec::new() }
    };
    let mut all: Vec<Done> = batches.iter().map(begun).collect();
    for part in asked {
        let results = match part.answer().await {
            Ok(results) => results,
            Err(failure) => {
                let gone = failure.ends_connection();
                verdict.get_or_insert(Err(failure));
                if gone {
                    break;
                }
                continue;
            }
        };
        for (at, mut result) in results {
            let statement = batches.get(at.batch).and_then(|batch| batch.statements.get(at.statement));
            let (Some(statement), Some(done)) = (statement, all.get_mut(at.batch)) else { continue };
            if let Err(reason) = expected(statement, &mut result, &mut done.freed) {
                verdict.get_or_insert(reason.map(|refusal| (refusal, at.statement)));
            }
            if let Some(place) = done.results.get_mut(at.statement) {
                *place = result;
            }
        }
    }
    match verdict {
        None => Ok(Ok(all)),
        Some(Ok(refused)) => Ok(Err(refused)),
        Some(Err(failure)) => Err(failure),
    }
}

/// Whether a statement's result is what its batch requires.
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
