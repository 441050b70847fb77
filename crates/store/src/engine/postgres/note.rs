//! What batches that have run add to the audit trail and to webhook events. Sends no commit.

use super::begin::Words;
use super::failure::Failure;
use super::judge::Done;
use super::pipeline::{PendingAnswer, answer, ask, ask_for, send};
use super::pool::Connection;
use super::value::Param;
use crate::audit_proof::AuditProver;
use crate::audit_row::AuditRow;
use crate::engine::{Promise, audit_trail};
use crate::error::StoreError;
use crate::row_proof::Proving;
use crate::statement::{Batch, Statement, StatementResult};

/// A transaction that appends to the audit trail holds this lock until its commit: the next row is proven over this one. Each
/// schema has its own trail.
pub(super) const TRAIL: &str = "SELECT count(pg_catalog.pg_advisory_xact_lock(1587126481,
    pg_catalog.hashtext(pg_catalog.current_schema()::text)))";

/// The same, for a commit that does not wait for the flush.
const TRAIL_UNFLUSHED: &str = "SELECT count(pg_catalog.pg_advisory_xact_lock(1587126481,
    pg_catalog.hashtext(pg_catalog.current_schema()::text))), pg_catalog.set_config('synchronous_commit', 'off', true)";

/// Whether a transaction holds the lock on the audit trail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trail {
    /// No other transaction appends to it before this one's commit.
    Held,
    #[default]
    Free,
}

/// What a batch that has run adds to the audit trail, to be sent with the commit.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) statements: Vec<Statement>,
    pub(super) trail: Trail,
    /// Finds the last of the appended rows.
    pub(super) last: Option<Statement>,
}

/// Creates webhook events, if there are receivers. The rows this creates are still to be proven.
pub(super) async fn tell<'a>(
    connection: &Connection,
    words: &Words,
    batches: &'a [Batch],
) -> Result<Vec<(&'a Statement, StatementResult)>, Failure> {
    let mut asked = Vec::new();
    for statement in batches.iter().flat_map(|batch| &batch.told) {
        asked.push((statement, send(ask_for(connection, words, statement)).await));
    }
    let mut told = Vec::with_capacity(asked.len());
    for (statement, asked) in asked {
        told.push((statement, answer(asked).await?));
    }
    Ok(told)
}

/// The query for the end of the trail, under way.
pub(super) struct TrailEnd<'a> {
    locked: PendingAnswer<'a>,
    head: PendingAnswer<'a>,
}

/// Locks the trail and queries its end in one step, so that no round trip passes while the lock is held. Each statement sees what
/// was committed before it began. Must come after everything else that may have to wait for others.
pub(super) async fn ask_trail<'a>(
    connection: &'a Connection,
    words: &'a Words,
    promise: Promise,
) -> TrailEnd<'a> {
    let lock = match promise {
        Promise::Durable => TRAIL_UNFLUSHED,
        Promise::Ordered => TRAIL,
    };
    let Statement { sql, params, .. } = audit_trail::head();
    let locked = send(ask(connection, lock, Vec::new())).await;
    let head = async move {
        let params = params.iter().map(Param::Value).collect();
        ask(connection, words.texts.of(sql), params).await
    };
    TrailEnd { locked, head: send(head).await }
}

/// What batches that have run have to add.
#[derive(Debug, Default)]
pub(super) struct ToAdd {
    statements: Vec<Statement>,
    rows: Vec<AuditRow>,
}

impl ToAdd {
    /// `told`: the webhook events created.
    pub(super) fn of(
        prover: Option<&dyn AuditProver>,
        batches: &[Batch],
        done: &mut [Done],
        mut told: Vec<(&Statement, StatementResult)>,
    ) -> Result<Self, StoreError> {
        let (mut statements, mut rows) = (Vec::new(), Vec::new());
        // One for all: a batch may build on what an earlier one has counted.
        let mut proving = Proving::default();
        for (batch, Done { results, .. }) in batches.iter().zip(done) {
            statements.extend(audit_trail::besides(prover, &mut proving, batch, results)?);
            rows.extend(audit_trail::rows(batch, results));
        }
        let proofs = told.iter_mut().map(|(statement, result)| (*statement, result));
        statements.extend(audit_trail::proofs(prover, &mut proving, proofs)?);
        Ok(Self { statements, rows })
    }
}

/// Appends it to the audit trail, which is locked from here on if there is anything to append. `trail`: its end, if already
/// queried.
pub(super) async fn note<'a>(
    connection: &'a Connection,
    words: &'a Words,
    prover: Option<&dyn AuditProver>,
    promise: Promise,
    add: ToAdd,
    trail: Option<TrailEnd<'a>>,
) -> Result<Noted, Failure> {
    let ToAdd { mut statements, rows } = add;
    let TrailEnd { locked, head } = match trail {
        Some(trail) => trail,
        None if rows.is_empty() => return Ok(Noted { statements, ..Noted::default() }),
        None => ask_trail(connection, words, promise).await,
    };
    answer(locked).await?;
    let head = answer(head).await?.rows.pop();
    let last = match &head {
        Some(_) => None,
        None => ask_for(connection, words, &audit_trail::last_number()).await?.rows.pop(),
    };
    let appended = audit_trail::append(prover, head, last, &rows).map_err(Failure::Store)?;
    statements.extend(appended.statements);
    // Also if nothing is appended after all: the commit no longer waits for the flush.
    Ok(Noted { statements, trail: Trail::Held, last: appended.last })
}
