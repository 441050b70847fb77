//! How rows of the audit trail are chained: each is proven together with the previous row's proof
//! (docs/formats.md). Called by the store. Knows no table.

use sealpost_mail::Timestamp;
use sealpost_store::{AnchorKind, AskedRow, AuditProver, AuditRow, EventRow, EventWords, ProvenFact};
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

    fn fact(&self, fact: &ProvenFact) -> Vec<u8> {
        fact_proof(self.0.events(), fact)
    }

    fn fact_holds(&self, fact: &ProvenFact, proof: &[u8]) -> bool {
        fact_holds(self.0.events(), fact, proof)
    }

    fn anchor(&self, kind: AnchorKind, seq: i64, at: Timestamp, proof: &[u8]) -> Vec<u8> {
        with_anchor(seq, at, proof, |parts| self.0.prove(what(kind), parts)).to_vec()
    }
}

/// Whether a webhook event was written by one of our processes.
#[must_use]
pub fn event_holds(key: &EventKey, event: &EventRow) -> bool {
    with_event(&event.told(), |parts| key.holds(parts, &event.proof))
}

/// Its proof under this key.
#[must_use]
pub fn event_proof(key: &EventKey, event: &EventRow) -> Vec<u8> {
    with_event(&event.told(), |parts| key.prove(parts)).to_vec()
}

/// Whether a statement row was written by one of our processes.
#[must_use]
pub fn fact_holds(key: &EventKey, said: &ProvenFact, proof: &[u8]) -> bool {
    with_fact(said, |parts| key.fact_holds(parts, proof))
}

/// Its proof under this key.
#[must_use]
pub fn fact_proof(key: &EventKey, said: &ProvenFact) -> Vec<u8> {
    with_fact(said, |parts| key.prove_fact(parts)).to_vec()
}

/// Whether `writer` has proven this row, after the row with the proof `before`.
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

/// The same for an anchor.
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

/// The first part names the kind (docs/formats.md); absent fields are empty.
fn with_fact<T>(said: &ProvenFact, done: impl FnOnce(&[&[u8]]) -> T) -> T {
    match said {
        ProvenFact::GoneUnread { deposit_id, received_at, gone_at, how } => done(&[
            b"gone-unread",
            deposit_id.as_bytes(),
            &received_at.0.to_be_bytes(),
            &gone_at.0.to_be_bytes(),
            how.as_bytes(),
        ]),
        ProvenFact::CameBack { mailbox_id, bounces, last_at, status } => done(&[
            b"unreachable",
            mailbox_id.as_bytes(),
            &bounces.to_be_bytes(),
            &last_at.0.to_be_bytes(),
            status.as_bytes(),
        ]),
        ProvenFact::Request(asked) => {
            let AskedRow { number, mailbox_id, kind, state, created_at, decided_at, note, decision } = asked;
            done(&[
                b"request",
                &number.to_be_bytes(),
                mailbox_id.as_bytes(),
                kind.as_bytes(),
                state.as_bytes(),
                &created_at.0.to_be_bytes(),
                decided_at.map(|at| at.0.to_be_bytes()).as_ref().map_or(&[], <[u8; 8]>::as_slice),
                note.as_deref().unwrap_or_default(),
                decision.as_deref().unwrap_or_default(),
            ])
        }
        ProvenFact::SessionEnded { hash, why, at } => {
            done(&[b"session-ended", hash, why.as_bytes(), &at.0.to_be_bytes()])
        }
    }
}

fn with_anchor<T>(seq: i64, at: Timestamp, proof: &[u8], done: impl FnOnce(&[&[u8]]) -> T) -> T {
    done(&[&seq.to_be_bytes(), &at.0.to_be_bytes(), proof])
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sealpost_mail::SystemRandom;
    use sealpost_vault::ServerKey;
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_a_row_says_is_proven_word_by_word() {
        let key = ServerKey::generate(&SystemRandom).keys();
        let (events, at) = (key.audit.events(), Timestamp(7));
        let gone = |id: &str, at: i64, how: &str| ProvenFact::GoneUnread {
            deposit_id: id.to_owned(),
            received_at: Timestamp(1),
            gone_at: Timestamp(at),
            how: how.to_owned(),
        };
        let back = |bounces: i64, status: &str| ProvenFact::CameBack {
            mailbox_id: "d".to_owned(),
            bounces,
            last_at: at,
            status: status.to_owned(),
        };
        let ended = |hash: u8, why: &str, at: i64| ProvenFact::SessionEnded {
            hash: vec![hash; 32],
            why: why.to_owned(),
            at: Timestamp(at),
        };
        let asked = AskedRow {
            number: 1,
            mailbox_id: "d".to_owned(),
            kind: "access".to_owned(),
            state: "open".to_owned(),
            created_at: at,
            decided_at: None,
            note: Some(vec![1]),
            decision: None,
        };
        let all = [
            gone("d", 2, "deleted"),
            gone("e", 2, "deleted"),
            gone("d", 3, "deleted"),
            gone("d", 2, "expired"),
            back(1, "5.1.1"),
            back(2, "5.1.1"),
            back(1, "5.2.1"),
            ProvenFact::Request(asked.clone()),
            ProvenFact::Request(AskedRow { number: 2, ..asked.clone() }),
            ProvenFact::Request(AskedRow { mailbox_id: "e".to_owned(), ..asked.clone() }),
            ProvenFact::Request(AskedRow { kind: "renewal".to_owned(), ..asked.clone() }),
            ProvenFact::Request(AskedRow { state: "refused".to_owned(), ..asked.clone() }),
            ProvenFact::Request(AskedRow { created_at: Timestamp(8), ..asked.clone() }),
            ProvenFact::Request(AskedRow { decided_at: Some(at), ..asked.clone() }),
            ProvenFact::Request(AskedRow { note: Some(vec![2]), ..asked.clone() }),
            ProvenFact::Request(AskedRow { note: None, decision: Some(vec![1]), ..asked }),
            ended(1, "password", 7),
            ended(2, "password", 7),
            ended(1, "support", 7),
            ended(1, "password", 8),
        ];
        for (n, one) in all.iter().enumerate() {
            let proof = fact_proof(&events, one);
            let holding = all.iter().map(|other| fact_holds(&events, other, &proof));
            assert!(holding.enumerate().all(|(at, holds)| holds == (at == n)), "{one:?}");
            assert!(!fact_holds(&events, one, b""));
        }
    }

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
