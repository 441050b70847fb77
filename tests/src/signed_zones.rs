//! Signed zones, and a name server for them (DNSSEC). In addition to `dns.rs`, whose server signs nothing.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::proto::dnssec::crypto::Ed25519SigningKey;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, NSEC3, RRSIG};
use hickory_resolver::proto::dnssec::{
    Algorithm, DigestType, DnssecSigner, Nsec3HashAlgorithm, SigningKey as _,
};
use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{NS, SOA};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordSet, RecordType};
use tokio::net::UdpSocket;

const TTL: u32 = 60;
/// Start and duration of signatures: long enough for clocks some days ahead or behind.
const SIGNED_SINCE: Duration = Duration::from_secs(2 * 86_400);
const SIGNED_FOR: Duration = Duration::from_secs(12 * 86_400);

/// A name in the DNS.
///
/// # Panics
/// It is not a valid name.
#[must_use]
pub fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// A key of one zone.
pub struct ZoneKey {
    pkcs8: Vec<u8>,
    /// As it is published.
    pub record: DNSKEY,
}

impl Default for ZoneKey {
    fn default() -> Self {
        Self::new()
    }
}

impl ZoneKey {
    /// A fresh one.
    #[must_use]
    pub fn new() -> Self {
        let pkcs8 = Ed25519SigningKey::generate_pkcs8().unwrap();
        let key = Ed25519SigningKey::from_pkcs8(&pkcs8).unwrap();
        let record = DNSKEY::from_key(&key.to_public_key().unwrap());
        Self { pkcs8: pkcs8.secret_pkcs8_der().to_vec(), record }
    }

    fn signer(&self, zone: &Name) -> DnssecSigner {
        let key = Ed25519SigningKey::from_pkcs8(&self.pkcs8.as_slice().into()).unwrap();
        DnssecSigner::new(self.record.clone(), Box::new(key), zone.clone(), SIGNED_FOR)
    }

    /// By which the zone above vouches for it.
    #[must_use]
    pub fn ds(&self, zone: &str) -> RData {
        let digest = self.record.to_digest(&name(zone), DigestType::SHA256).unwrap();
        let tag = self.record.calculate_key_tag().unwrap();
        let ds = DS::new(tag, Algorithm::ED25519, DigestType::SHA256, digest.as_ref().to_vec());
        RData::DNSSEC(DNSSECRData::DS(ds))
    }
}

/// A zone that is signed, or signs nothing.
pub struct Zone {
    origin: Name,
    records: Vec<Record>,
    signer: Option<DnssecSigner>,
    /// Denies by NSEC3 with this many iterations (RFC 5155); `None`: by NSEC.
    nsec3: Option<u16>,
}

impl Zone {
    /// With these records in addition to those of every zone.
    #[must_use]
    pub fn new(origin: &str, records: Vec<(&str, RData)>, key: Option<&ZoneKey>) -> Self {
        let soa = SOA::new(name("ns."), name("hostmaster."), 1, 3600, 600, 86_400, TTL);
        let mut own = vec![(origin, RData::SOA(soa)), (origin, RData::NS(NS(name("ns."))))];
        if let Some(key) = key {
            own.push((origin, RData::DNSSEC(DNSSECRData::DNSKEY(key.record.clone()))));
        }
        let records = own.into_iter().chain(records);
        let records = records.map(|(owner, data)| Record::from_rdata(name(owner), TTL, data)).collect();
        let origin = name(origin);
        Self { records, signer: key.map(|key| key.signer(&origin)), origin, nsec3: None }
    }

    /// Denies by NSEC3 with this many iterations. The record proves nothing: for a number of which a validator computes
    /// none.
    #[must_use]
    pub fn denying_by_nsec3(self, iterations: u16) -> Self {
        Self { nsec3: Some(iterations), ..self }
    }

    /// Records of a wildcard as an answer for this name, with their signature.
    #[must_use]
    pub fn expanded(&self, wildcard: &str, kind: RecordType, to: &str) -> Vec<Record> {
        let mut records = self.set(&name(wildcard), kind);
        records.iter_mut().for_each(|record| record.name = name(to));
        records
    }

    /// Records of a name and kind with their signature.
    fn set(&self, owner: &Name, kind: RecordType) -> Vec<Record> {
        let found = self.records.iter().filter(|one| one.name == *owner && one.record_type() == kind);
        self.signed(found.cloned().collect())
    }

    fn signed(&self, mut records: Vec<Record>) -> Vec<Record> {
        let (Some(first), Some(signer)) = (records.first(), &self.signer) else { return records };
        let mut set = RecordSet::new(first.name.clone(), first.record_type(), 1);
        for record in &records {
            set.insert(record.clone(), 1);
        }
        let since = std::time::SystemTime::now() - SIGNED_SINCE;
        let signature = RRSIG::from_rrset(&set, DNSClass::IN, since.into(), signer).unwrap();
        let signature = RData::DNSSEC(DNSSECRData::RRSIG(signature));
        records.push(Record::from_rdata(set.name().clone(), TTL, signature));
        records
    }

    /// That there is nothing: the SOA, and the name at or before `asked` with the kinds it has (RFC 4035 §3.1.3).
    fn denial(&self, asked: &Name) -> Vec<Record> {
        let mut out = self.set(&self.origin, RecordType::SOA);
        if let (Some(_), Some(iterations)) = (&self.signer, self.nsec3) {
            let sha1 = Nsec3HashAlgorithm::SHA1;
            let nsec3 = NSEC3::new(sha1, false, iterations, Vec::new(), vec![1; 20], [RecordType::A]);
            let owner = name("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom").append_domain(&self.origin).unwrap();
            let nsec3 = RData::DNSSEC(DNSSECRData::NSEC3(nsec3));
            out.extend(self.signed(vec![Record::from_rdata(owner, TTL, nsec3)]));
        } else if self.signer.is_some() {
            let owners: BTreeSet<&Name> = self.records.iter().map(|record| &record.name).collect();
            let before = |limit: &Name| owners.range::<Name, _>(..=limit).next_back().copied().cloned();
            // The name itself or the one before it; and the one before the wildcard that could have stood for it.
            let wildcard = name("*").append_domain(&self.origin).unwrap();
            let covering: BTreeSet<Name> = [before(asked), before(&wildcard)].into_iter().flatten().collect();
            for owner in covering {
                let after = (std::ops::Bound::Excluded(&owner), std::ops::Bound::Unbounded);
                let next = owners.range::<Name, _>(after).next().map_or(&self.origin, |next| *next);
                let kinds =
                    self.records.iter().filter(|record| record.name == owner).map(Record::record_type);
                let nsec = NSEC::new_cover_self(next.clone(), kinds.collect::<Vec<_>>());
                let nsec = RData::DNSSEC(DNSSECRData::NSEC(nsec));
                out.extend(self.signed(vec![Record::from_rdata(owner, TTL, nsec)]));
            }
        }
        out
    }

    fn answer(&self, asked: &Name, kind: RecordType, reply: &mut Message) {
        let mut found = self.set(asked, kind);
        if found.is_empty() {
            found = self.set(asked, RecordType::CNAME);
        }
        if found.is_empty() {
            if !self.records.iter().any(|record| asked.zone_of(&record.name)) {
                reply.metadata.response_code = ResponseCode::NXDomain;
            }
            reply.authorities.extend(self.denial(asked));
        } else {
            reply.answers.extend(found);
        }
    }
}

/// Answers from the zone that contains the name; queries for DS are answered by the parent (RFC 4035 §3.1.4.1).
pub async fn serve(zones: Vec<Zone>) -> SocketAddr {
    serve_changed(zones, |_reply| {}).await
}

/// As [`serve`], by somebody on the way who changes every reply.
pub async fn serve_changed(zones: Vec<Zone>, change: impl Fn(&mut Message) + Send + 'static) -> SocketAddr {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = udp.local_addr().unwrap();
    tokio::spawn(async move {
        let mut packet = [0; 4096];
        loop {
            let Ok((length, from)) = udp.recv_from(&mut packet).await else { continue };
            let question = Message::from_vec(&packet[..length]).unwrap();
            let query = question.queries[0].clone();
            let (asked, kind) = (query.name().clone(), query.query_type());
            let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
            reply.metadata.message_type = MessageType::Response;
            reply.metadata.recursion_desired = true;
            reply.metadata.recursion_available = true;
            let mut within: Vec<&Zone> = zones.iter().filter(|zone| zone.origin.zone_of(&asked)).collect();
            within.sort_by_key(|zone| zone.origin.num_labels());
            if kind == RecordType::DS
                && within.last().is_some_and(|zone| zone.origin == asked)
                && within.len() > 1
            {
                within.pop();
            }
            within.last().unwrap().answer(&asked, kind, &mut reply);
            reply.add_query(query);
            change(&mut reply);
            reply.edns.clone_from(&question.edns);
            let _gone = udp.send_to(&reply.to_vec().unwrap(), from).await;
        }
    });
    address
}
