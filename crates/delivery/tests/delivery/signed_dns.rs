//! Signatures of answers, validated against a name server that signs: what is proven, what is not, and what is a lie.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hickory_resolver::proto::dnssec::crypto::Ed25519SigningKey;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, RRSIG};
use hickory_resolver::proto::dnssec::{Algorithm, DigestType, DnssecSigner, SigningKey as _};
use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, MX, NS, SOA, TLSA};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordSet, RecordType};
use sealpost_delivery::{DnsError, Dnssec, NameServers, Proof, Resolver as _, SystemResolver, Tlsa};
use sealpost_mail::{Clock as _, SystemClock};
use tokio::net::UdpSocket;

const TTL: u32 = 60;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// A key of one zone.
struct ZoneKey {
    pkcs8: Vec<u8>,
    record: DNSKEY,
}

impl ZoneKey {
    fn new() -> Self {
        let pkcs8 = Ed25519SigningKey::generate_pkcs8().unwrap();
        let key = Ed25519SigningKey::from_pkcs8(&pkcs8).unwrap();
        let record = DNSKEY::from_key(&key.to_public_key().unwrap());
        Self { pkcs8: pkcs8.secret_pkcs8_der().to_vec(), record }
    }

    fn signer(&self, zone: &Name) -> DnssecSigner {
        let key = Ed25519SigningKey::from_pkcs8(&self.pkcs8.as_slice().into()).unwrap();
        DnssecSigner::new(self.record.clone(), Box::new(key), zone.clone(), Duration::from_secs(86_400))
    }

    fn ds(&self, zone: &str) -> RData {
        let digest = self.record.to_digest(&name(zone), DigestType::SHA256).unwrap();
        let tag = self.record.calculate_key_tag().unwrap();
        let ds = DS::new(tag, Algorithm::ED25519, DigestType::SHA256, digest.as_ref().to_vec());
        RData::DNSSEC(DNSSECRData::DS(ds))
    }
}

/// A zone that is signed, or signs nothing.
struct Zone {
    origin: Name,
    records: Vec<Record>,
    signer: Option<DnssecSigner>,
}

impl Zone {
    fn new(origin: &str, records: Vec<(&str, RData)>, key: Option<&ZoneKey>) -> Self {
        let soa = SOA::new(name("ns."), name("hostmaster."), 1, 3600, 600, 86_400, TTL);
        let mut own = vec![(origin, RData::SOA(soa)), (origin, RData::NS(NS(name("ns."))))];
        if let Some(key) = key {
            own.push((origin, RData::DNSSEC(DNSSECRData::DNSKEY(key.record.clone()))));
        }
        let records = own.into_iter().chain(records);
        let records = records.map(|(owner, data)| Record::from_rdata(name(owner), TTL, data)).collect();
        let origin = name(origin);
        Self { records, signer: key.map(|key| key.signer(&origin)), origin }
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
        let hour_ago = std::time::UNIX_EPOCH
            + Duration::from_millis(u64::try_from(SystemClock.now().0).unwrap())
            - Duration::from_secs(3600);
        let signature = RRSIG::from_rrset(&set, DNSClass::IN, hour_ago.into(), signer).unwrap();
        let signature = RData::DNSSEC(DNSSECRData::RRSIG(signature));
        records.push(Record::from_rdata(set.name().clone(), TTL, signature));
        records
    }

    /// That there is nothing: the SOA, and the name at or before `asked` with the kinds it has (RFC 4035 §3.1.3).
    fn denial(&self, asked: &Name) -> Vec<Record> {
        let mut out = self.set(&self.origin, RecordType::SOA);
        if self.signer.is_some() {
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
        let found = self.set(asked, kind);
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

/// Answers from the zone that the name lies in; questions for DS are the parent's to answer (RFC 4035 §3.1.4.1).
async fn serve(zones: Vec<Zone>) -> SocketAddr {
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
            reply.edns.clone_from(&question.edns);
            let _gone = udp.send_to(&reply.to_vec().unwrap(), from).await;
        }
    });
    address
}

/// A root, a domain that the root says is signed with `promised` and is signed with `signed`, and one that signs nothing.
fn world(root: &ZoneKey, signed: Option<&ZoneKey>, promised: &ZoneKey) -> Vec<Zone> {
    let at = |last: u8| RData::A(A::new(192, 0, 2, last));
    let mx = |host: &str| RData::MX(MX::new(10, name(host)));
    let tlsa = || RData::TLSA(TLSA::new(3.into(), 1.into(), 1.into(), vec![7; 32]));
    let root = Zone::new(
        ".",
        vec![
            ("clinic.", RData::NS(NS(name("ns.")))),
            ("clinic.", promised.ds("clinic.")),
            ("ns.", at(53)),
            ("plain.", RData::NS(NS(name("ns.")))),
        ],
        Some(root),
    );
    let clinic = Zone::new(
        "clinic.",
        vec![
            ("clinic.", mx("mx.clinic.")),
            ("mx.clinic.", at(1)),
            ("_25._tcp.mx.clinic.", tlsa()),
            ("quiet.clinic.", at(2)),
        ],
        signed,
    );
    let plain = Zone::new(
        "plain.",
        vec![("plain.", mx("mx.plain.")), ("mx.plain.", at(3)), ("_25._tcp.mx.plain.", tlsa())],
        None,
    );
    vec![root, clinic, plain]
}

/// Asks this server and believes this root.
fn resolver(server: SocketAddr, root: &ZoneKey) -> (SystemResolver, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!(". 60 IN DNSKEY {}\n", root.record)).unwrap();
    let dnssec = Dnssec::Below(PathBuf::from(file.path()));
    (SystemResolver::with(&NameServers { servers: vec![server], dnssec }).unwrap(), file)
}

#[tokio::test]
async fn what_is_signed_down_from_the_root_is_proven() {
    let (root, clinic) = (ZoneKey::new(), ZoneKey::new());
    let (dns, _file) = resolver(serve(world(&root, Some(&clinic), &clinic)).await, &root);
    assert_eq!(dns.proves_the_root().await, Ok(Proof::Signed));
    let mx = dns.mx("clinic").await.unwrap();
    assert_eq!((mx.proof, mx.records[0].host.as_str()), (Proof::Signed, "mx.clinic"));
    assert_eq!(dns.exchanger("mx.clinic").await.unwrap().proof, Proof::Signed);
    let expected = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![7; 32] };
    assert_eq!(dns.tlsa("mx.clinic", 25).await.unwrap(), [expected]);
    // That there are none is proven too.
    assert_eq!(dns.tlsa("quiet.clinic", 25).await.unwrap(), []);
    assert_eq!(dns.mx("gone.clinic").await, Err(DnsError::NoSuchName));
    assert_eq!(dns.mx("quiet.clinic").await, Err(DnsError::NoRecords));
}

/// Most of the world: it gets its mail, and its TLSA records count for nothing.
#[tokio::test]
async fn what_signs_nothing_is_believed_and_proves_nothing() {
    let (root, clinic) = (ZoneKey::new(), ZoneKey::new());
    let (dns, _file) = resolver(serve(world(&root, Some(&clinic), &clinic)).await, &root);
    let mx = dns.mx("plain").await.unwrap();
    assert_eq!((mx.proof, mx.records[0].host.as_str()), (Proof::Unsigned, "mx.plain"));
    assert_eq!(dns.exchanger("mx.plain").await.unwrap().proof, Proof::Unsigned);
    assert_eq!(dns.tlsa("mx.plain", 25).await.unwrap(), []);
}

/// Signed by another key than the parent promises, or not signed at all: no answer, for any kind of record.
#[tokio::test]
async fn what_ought_to_be_signed_and_is_not_is_no_answer() {
    let (root, clinic, thief) = (ZoneKey::new(), ZoneKey::new(), ZoneKey::new());
    for signed in [Some(&thief), None] {
        let (dns, _file) = resolver(serve(world(&root, signed, &clinic)).await, &root);
        let what = if signed.is_some() { "forged" } else { "stripped" };
        assert!(matches!(dns.mx("clinic").await, Err(DnsError::Temporary(_))), "{what}");
        assert!(matches!(dns.exchanger("mx.clinic").await, Err(DnsError::Temporary(_))), "{what}");
        assert!(matches!(dns.tlsa("mx.clinic", 25).await, Err(DnsError::Temporary(_))), "{what}");
        assert!(matches!(dns.tlsa("quiet.clinic", 25).await, Err(DnsError::Temporary(_))), "{what}: denied");
        assert!(matches!(dns.mx("gone.clinic").await, Err(DnsError::Temporary(_))), "{what}: denied");
    }
    // A server that signs everything anew, from its own root.
    let (dns, _file) = resolver(serve(world(&thief, Some(&thief), &thief)).await, &root);
    assert!(matches!(dns.mx("clinic").await, Err(DnsError::Temporary(_))));
    assert!(matches!(dns.mx("plain").await, Err(DnsError::Temporary(_))));
    assert_ne!(dns.proves_the_root().await, Ok(Proof::Signed));
}
