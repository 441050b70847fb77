//! What a batch adds to the audit trail. An engine runs it within the transaction that the rows record, while it holds the lock
//! that orders the rows of all processes. Knows no engine and no key: it asks for proofs.

use sealpost_mail::Timestamp;

use crate::audit_proof::{Anchor, AnchorKind, AuditProver, read_anchor, select_anchor};
use crate::audit_row::AuditRow;
use crate::error::StoreError;
use crate::row_proof::Proving;
use crate::statement::{Batch, Row, Statement, StatementResult, sql};

/// The rows of a batch that has run: its own; its handle's, if the batch changed anything; and those of single statements that did.
pub(super) fn rows(batch: &Batch, results: &[StatementResult]) -> Vec<AuditRow> {
    let mut rows = batch.audit.clone();
    for statement in changed(batch, results) {
        rows.extend(statement.notes.as_deref().cloned());
        if let Some(concerned) = &statement.concerns {
            let of_each = batch.riding.rows.iter().filter(|row| row.object.is_empty());
            rows.extend(of_each.map(|row| AuditRow {
                object: concerned.object.clone(),
                mailbox: concerned.mailbox.clone(),
                ..row.clone()
            }));
        }
    }
    if has_changed(batch, results) {
        rows.extend(batch.riding.rows.iter().filter(|row| !row.object.is_empty()).cloned());
    }
    rows
}

/// Further statements after a batch has run: proofs of webhook events and statement rows, and how far the trail was pruned.
pub(super) fn besides(
    prover: Option<&dyn AuditProver>,
    proving: &mut Proving,
    batch: &Batch,
    results: &mut [StatementResult],
) -> Result<Vec<Statement>, StoreError> {
    let mut statements = proofs(prover, proving, batch.statements.iter().zip(&mut *results))?;
    if let Some((seq, at, proof)) = &batch.prune {
        statements.push(set_anchor(prover, AnchorKind::Pruned, *seq, *at, proof.clone()));
    }
    Ok(statements)
}

/// Proofs of returned rows that need one. `proving`: what has been proven in this transaction and whose proofs are not in their
/// rows yet.
pub(super) fn proofs<'a>(
    prover: Option<&dyn AuditProver>,
    proving: &mut Proving,
    ran: impl Iterator<Item = (&'a Statement, &'a mut StatementResult)>,
) -> Result<Vec<Statement>, StoreError> {
    let mut statements = Vec::new();
    for (statement, result) in ran {
        let Some(proves) = statement.proves.as_deref() else { continue };
        // Taken out, so that they are not counted again.
        for row in std::mem::take(&mut result.rows) {
            statements.extend(proving.proof(prover, proves, row)?);
        }
    }
    Ok(statements)
}

/// Query for [`append`], to run with the lock held: the last row as the head anchor names it ...
///
/// No trail gets as far as half of what the column holds: a higher number was not reached by counting, and no row could follow
/// it. A head with one counts as removed.
pub(super) fn head() -> Statement {
    sql!(concat!(select_anchor!(), " AND seq BETWEEN 0 AND 4611686018427387904"), AnchorKind::Head.as_str())
}

/// ... and, if there is none, the highest row number.
pub(super) fn last_number() -> Statement {
    sql!("SELECT coalesce(max(seq), 0) FROM audit WHERE seq BETWEEN 0 AND 4611686018427387904")
}

/// The statements that append rows.
#[derive(Debug, Default)]
pub(super) struct Appended {
    pub(super) statements: Vec<Statement>,
    /// Finds the last of the appended rows, which no other process can have written: if it is there, all of them are.
    pub(super) last: Option<Statement>,
}

/// Writes rows after the end found by [`head`] and [`last_number`].
pub(super) fn append(
    prover: Option<&dyn AuditProver>,
    head: Option<Row>,
    last: Option<Row>,
    rows: &[AuditRow],
) -> Result<Appended, StoreError> {
    let Some(newest) = rows.last() else { return Ok(Appended::default()) };
    // Without a head the chain begins here, after rows older than the chain. If the head was removed, the chain begins twice, and
    // verification reports it.
    let (mut seq, mut before) = match head.map(read_anchor).transpose()? {
        Some(Anchor { seq, proof, .. }) => (seq, proof),
        None => (last.map_or(Ok(0), |mut row| row.int())?, Vec::new()),
    };
    let (writer, key_id) = prover.map_or(("", 0), AuditProver::writer);
    let mut statements = Vec::with_capacity(rows.len() + 1);
    for row in rows {
        seq += 1;
        before = prover.map(|prover| prover.row(&before, seq, row)).unwrap_or_default();
        statements.push(sql!(
            "INSERT INTO audit (seq, at, actor, action, object, mailbox, network, outcome, detail, writer, key_id, proof)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            seq,
            row.at,
            row.actor.as_str(),
            row.action.as_str(),
            row.object.as_str(),
            row.mailbox.as_str(),
            row.network.as_str(),
            row.outcome.as_str(),
            row.detail.as_str(),
            writer,
            key_id,
            before.clone()
        ));
    }
    let last = sql!("SELECT seq FROM audit WHERE seq = ?1 AND proof = ?2", seq, before.clone());
    statements.push(set_anchor(prover, AnchorKind::Head, seq, newest.at, before));
    Ok(Appended { statements, last: Some(last) })
}

fn changed<'a>(batch: &'a Batch, results: &'a [StatementResult]) -> impl Iterator<Item = &'a Statement> {
    let ran = batch.statements.iter().zip(results);
    ran.filter(|(_, result)| result.affected > 0).map(|(statement, _)| statement)
}

fn has_changed(batch: &Batch, results: &[StatementResult]) -> bool {
    changed(batch, results).any(|statement| !statement.sql.trim_start().starts_with("SELECT"))
}

fn set_anchor(
    prover: Option<&dyn AuditProver>,
    kind: AnchorKind,
    seq: i64,
    at: Timestamp,
    proof: Vec<u8>,
) -> Statement {
    let (writer, key_id) = prover.map_or(("", 0), AuditProver::writer);
    let anchor_proof = prover.map(|prover| prover.anchor(kind, seq, at, &proof)).unwrap_or_default();
    sql!(
        "INSERT INTO audit_anchors (kind, seq, at, proof, writer, key_id, anchor_proof)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (kind) DO UPDATE SET seq = excluded.seq, at = excluded.at, proof = excluded.proof,
             writer = excluded.writer, key_id = excluded.key_id, anchor_proof = excluded.anchor_proof",
        kind.as_str(),
        seq,
        at,
        proof,
        writer,
        key_id,
        anchor_proof
    )
}
