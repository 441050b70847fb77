//! How rows of the audit trail are chained: each is proven together with the proof of the row before it (docs/formats.md), for the store
//! to ask for. Knows no table.

use sealpost_mail::Timestamp;
use sealpost_store::{AnchorKind, AuditProver, AuditRow, EventRow, EventWords};
use sealpost_vault::{AuditKey, AuditMaster, AuditProof, EventKey};

/// Proves what one process writes.
#[derive(Clone, Debug)]
pub struct Chain(AuditKey);

impl Chain {
    /// With the key of the process's role.
    #[must_use]
    pub fn new(key: AuditKey) -> Self {
        Self(key)
    }
}

impl AuditProver for Chain {
    fn writer(&self) -> (&str, i64) {
        (self.0.writer(), i64::from(self.0.id()))
    }

    fn row(&self, before: &[u8], seq: i64, row: &AuditRow) -> Vec<u8> {
        with_row(before, seq, row, self.0.writer(), |parts| self.0.prove(AuditProof::Row, parts)).to_vec()
    }

    fn event(&self, event: &EventWords<'_>) -> Vec<u8> {
        with_event(event, |parts| self.0.events().prove(parts)).to_vec()
    }

    fn anchor(&self, kind: AnchorKind, seq: i64, at: Timestamp, proof: &[u8]) -> Vec<u8> {
        with_anchor(seq, at, proof, |parts| self.0.prove(what(kind), parts)).to_vec()
    }
}

/// Whether an event for a webhook was made by one of us.
#[must_use]
pub fn event_holds(key: &EventKey, event: &EventRow) -> bool {
    with_event(&event.told(), |parts| key.holds(parts, &event.proof))
}

/// What proves it under this key.
#[must_use]
pub fn event_proof(key: &EventKey, event: &EventRow) -> Vec<u8> {
    with_event(&event.told(), |parts| key.prove(parts)).to_vec()
}

/// Whether a row is what `writer` has proven, after the row with the proof `before`.
pub(super) fn row_holds(
    master: &AuditMaster,
    writer: &str,
    before: &[u8],
    seq: i64,
    row: &AuditRow,
    proof: &[u8],
) -> bool {
    with_row(before, seq, row, writer, |parts| master.holds(writer, AuditProof::Row, parts, proof))
}

/// The same of an anchor.
pub(super) fn anchor_holds(master: &AuditMaster, kind: AnchorKind, anchor: &sealpost_store::Anchor) -> bool {
    with_anchor(anchor.seq, anchor.at, &anchor.proof, |parts| {
        master.holds(&anchor.writer, what(kind), parts, &anchor.anchor_proof)
    })
}

fn what(kind: AnchorKind) -> AuditProof {
    match kind {
        AnchorKind::Head => AuditProof::Head,
        AnchorKind::Pruned => AuditProof::Pruned,
    }
}

fn with_row<T>(before: &[u8], seq: i64, row: &AuditRow, writer: &str, done: impl FnOnce(&[&[u8]]) -> T) -> T {
    let AuditRow { at, actor, action, object, mailbox, network, outcome, detail } = row;
    done(&[
        before,
        &seq.to_be_bytes(),
        &at.0.to_be_bytes(),
        writer.as_bytes(),
        actor.as_bytes(),
        action.as_bytes(),
        object.as_bytes(),
        mailbox.as_bytes(),
        network.as_bytes(),
        outcome.as_bytes(),
        detail.as_bytes(),
    ])
}

fn with_event<T>(event: &EventWords<'_>, done: impl FnOnce(&[&[u8]]) -> T) -> T {
    let EventWords { id, hook, kind, at, letter, mailbox, detail } = *event;
    done(&[
        id.as_bytes(),
        hook.as_bytes(),
        kind.as_bytes(),
        &at.0.to_be_bytes(),
        letter.as_bytes(),
        mailbox.as_bytes(),
        detail.as_bytes(),
    ])
}

fn with_anchor<T>(seq: i64, at: Timestamp, proof: &[u8], done: impl FnOnce(&[&[u8]]) -> T) -> T {
    done(&[&seq.to_be_bytes(), &at.0.to_be_bytes(), proof])
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sealpost_vault::ServerKey;
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_row_is_proven_as_the_formats_say() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/formats/vectors.json");
        let vectors: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let audit = &vectors["audit"];
        let word = |name: &str| audit["row"][name].as_str().unwrap().to_owned();
        let bytes = |name: &str| STANDARD.decode(audit[name].as_str().unwrap()).unwrap();
        let key = ServerKey::parse(vectors["server_key"].as_str().unwrap()).unwrap().keys();
        let chain = Chain::new(key.portal().queue.audit);
        let (seq, at) = (audit["row"]["seq"].as_i64().unwrap(), audit["row"]["at"].as_i64().unwrap());
        let row = AuditRow {
            at: Timestamp(at),
            actor: word("actor"),
            action: word("action"),
            object: word("object"),
            mailbox: word("mailbox"),
            network: word("network"),
            outcome: word("outcome"),
            detail: word("detail"),
        };
        let proof = chain.row(&bytes("before"), seq, &row);
        assert_eq!(proof, bytes("proof"));
        assert_eq!(chain.anchor(AnchorKind::Head, seq, row.at, &proof), bytes("head"));
        assert!(row_holds(&key.audit, "portal", &bytes("before"), seq, &row, &proof));
        assert!(!row_holds(&key.audit, "jobs", &bytes("before"), seq, &row, &proof), "another writer's");
    }
}
