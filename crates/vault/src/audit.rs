//! Proofs of the audit trail: a keyed hash for every row, including the previous row's proof. Each writer has its own
//! key, so that a compromised one cannot forge others' rows. In addition, one key shared by all writers: for webhook
//! events and statement rows, which only record that something is to be done. Knows no event and no table.

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
    /// The last row's number.
    Head,
    /// Up to which row the trail was pruned.
    Pruned,
}

/// Proves the rows of one writer.
#[derive(Clone, Debug)]
pub struct AuditKey {
    id: u8,
    writer: &'static str,
    key: Key,
    events: EventKey,
}

/// Proves and verifies webhook events and statement rows, which only record that something is to be done or known:
/// every writer and every reader of these has it.
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

    /// The proof of a statement row with these fields, in this order.
    #[must_use]
    pub fn prove_fact(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut bound = Vec::with_capacity(256);
        bind_bytes(&mut bound, parts);
        self.0.mac(SAID, &bound)
    }

    /// Whether that row was proven with the key.
    #[must_use]
    pub fn fact_holds(&self, parts: &[&[u8]], proof: &[u8]) -> bool {
        self.prove_fact(parts).ct_eq(proof).into()
    }

    /// Whether these parts were proven with the key.
    #[must_use]
    pub fn holds(&self, parts: &[&[u8]], proof: &[u8]) -> bool {
        self.prove(parts).ct_eq(proof).into()
    }
}

/// Verifies the rows of all writers: for verifying the trail. In no service, except if one process has the server key
/// anyway.
#[derive(Clone, Debug)]
pub struct AuditMaster {
    id: u8,
    key: Key,
    /// Of former server keys: their rows stay as they are.
    earlier: Vec<(u8, Key)>,
}

impl AuditKey {
    pub(crate) fn new(id: u8, writer: &'static str, key: Key, events: EventKey) -> Self {
        Self { id, writer, key, events }
    }

    /// The key for webhook events, shared by all writers.
    #[must_use]
    pub fn events(&self) -> &EventKey {
        &self.events
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// The id of its server key.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.id
    }

    /// The writer it belongs to.
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

    /// The id of its server key.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.id
    }

    /// This one and those of former server keys.
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

    /// The key for webhook events.
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
