//! Proofs of the audit trail: a keyed hash for every row over the row before it. Each writer has a key of its own, so
//! that one that was taken over cannot prove the others' rows anew. Beside it, the one key that all writers share: for
//! what a receiver is to be told, and for rows that only say that something is to be done. Knows no event and no table.

use subtle::ConstantTimeEq as _;

use crate::primitive::{Key, bind_bytes};

const WRITER: &str = "sealpost/1/audit-writer";
const ROW: &str = "sealpost/1/audit-row";
const HEAD: &str = "sealpost/1/audit-head";
const PRUNED: &str = "sealpost/1/audit-pruned";
const EVENTS: &str = "sealpost/1/events";
const EVENT: &str = "sealpost/1/event";
const SAID: &str = "sealpost/1/said";

/// What is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditProof {
    /// A row, together with the proof of the row before it.
    Row,
    /// Which row is the last one.
    Head,
    /// Up to which row the operator has let the trail go.
    Pruned,
}

/// Proves what one writer writes.
#[derive(Clone, Debug)]
pub struct AuditKey {
    id: u8,
    writer: &'static str,
    key: Key,
    events: EventKey,
}

/// Proves what webhooks are to be told, and rows that only say that something is to be done or known, and checks it: whoever
/// writes one has it, and whoever goes by one.
#[derive(Clone, Debug)]
pub struct EventKey(Key);

impl EventKey {
    pub(crate) fn new(key: Key) -> Self {
        Self(key)
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0
    }

    /// The proof of these parts, in this order.
    #[must_use]
    pub fn prove(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut bound = Vec::with_capacity(256);
        bind_bytes(&mut bound, parts);
        self.0.mac(EVENT, &bound)
    }

    /// The proof of a row that says these words, in this order.
    #[must_use]
    pub fn prove_fact(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut bound = Vec::with_capacity(256);
        bind_bytes(&mut bound, parts);
        self.0.mac(SAID, &bound)
    }

    /// Whether somebody with the key has proven that row.
    #[must_use]
    pub fn fact_holds(&self, parts: &[&[u8]], proof: &[u8]) -> bool {
        self.prove_fact(parts).ct_eq(proof).into()
    }

    /// Whether somebody with the key has proven these parts.
    #[must_use]
    pub fn holds(&self, parts: &[&[u8]], proof: &[u8]) -> bool {
        self.prove(parts).ct_eq(proof).into()
    }
}

/// Checks what all writers wrote: for whoever verifies the trail. In no service, but where one process has the server
/// key anyway.
#[derive(Clone, Debug)]
pub struct AuditMaster {
    id: u8,
    key: Key,
    /// Of server keys before this one: their rows stay as they are.
    earlier: Vec<(u8, Key)>,
}

impl AuditKey {
    pub(crate) fn new(id: u8, writer: &'static str, key: Key, events: EventKey) -> Self {
        Self { id, writer, key, events }
    }

    /// The key for what webhooks are told, which all writers have.
    #[must_use]
    pub fn events(&self) -> &EventKey {
        &self.events
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Which server key it is of.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.id
    }

    /// Whose it is.
    #[must_use]
    pub fn writer(&self) -> &'static str {
        self.writer
    }

    /// The proof of these parts, in this order.
    #[must_use]
    pub fn prove(&self, what: AuditProof, parts: &[&[u8]]) -> [u8; 32] {
        prove(&self.key, what, parts)
    }
}

impl AuditMaster {
    pub(crate) fn new(id: u8, key: Key) -> Self {
        Self { id, key, earlier: Vec::new() }
    }

    pub(crate) fn remember(&mut self, id: u8, earlier: Key) {
        self.earlier.push((id, earlier));
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn earlier(&self) -> &[(u8, Key)] {
        &self.earlier
    }

    /// Which server key it is of.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.id
    }

    /// This one and those of server keys before it.
    #[must_use]
    pub fn all(self) -> Vec<Self> {
        let of_before = self.earlier.iter().map(|(id, key)| Self::new(*id, key.clone())).collect::<Vec<_>>();
        std::iter::once(Self { earlier: Vec::new(), ..self }).chain(of_before).collect()
    }

    /// The key of one writer.
    #[must_use]
    pub fn writer(&self, name: &'static str) -> AuditKey {
        AuditKey::new(self.id, name, self.derived(name), self.events())
    }

    /// The key for what webhooks are told.
    #[must_use]
    pub fn events(&self) -> EventKey {
        EventKey::new(Key::new(self.key.mac(EVENTS, b"")))
    }

    /// Whether `writer` has proven these parts.
    #[must_use]
    pub fn holds(&self, writer: &str, what: AuditProof, parts: &[&[u8]], proof: &[u8]) -> bool {
        prove(&self.derived(writer), what, parts).ct_eq(proof).into()
    }

    fn derived(&self, writer: &str) -> Key {
        Key::new(self.key.mac(WRITER, writer.as_bytes()))
    }
}

fn prove(key: &Key, what: AuditProof, parts: &[&[u8]]) -> [u8; 32] {
    let label = match what {
        AuditProof::Row => ROW,
        AuditProof::Head => HEAD,
        AuditProof::Pruned => PRUNED,
    };
    let mut bound = Vec::with_capacity(256);
    bind_bytes(&mut bound, parts);
    key.mac(label, &bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_writer_proves_its_own_and_whoever_verifies_knows_all() {
        let master = AuditMaster::new(7, Key::new([1; 32]));
        let (portal, jobs) = (master.writer("portal"), master.writer("jobs"));
        let parts: [&[u8]; 2] = [b"before", b"row"];
        let proof = portal.prove(AuditProof::Row, &parts);
        assert!(master.holds("portal", AuditProof::Row, &parts, &proof));
        assert!(!master.holds("jobs", AuditProof::Row, &parts, &proof));
        assert!(!master.holds("portal", AuditProof::Head, &parts, &proof));
        assert!(!master.holds("portal", AuditProof::Row, &[b"befor", b"erow"], &proof));
        assert!(!master.holds("portal", AuditProof::Row, &parts, b""));
        assert_ne!(proof, jobs.prove(AuditProof::Row, &parts));
        let told = jobs.events().prove(&parts);
        assert!(portal.events().holds(&parts, &told) && !portal.events().holds(&[b"other"], &told));
        assert!(!portal.events().holds(&parts, b"") && !portal.events().holds(&parts, &proof));
        let said = jobs.events().prove_fact(&parts);
        assert!(portal.events().fact_holds(&parts, &said) && !portal.events().fact_holds(&[b"other"], &said));
        assert!(!portal.events().fact_holds(&parts, b"") && !portal.events().fact_holds(&parts, &told));
    }
}
