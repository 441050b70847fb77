//! DNSSEC validation against a signing name server: proven, unproven and forged answers.

use std::net::SocketAddr;
use std::path::PathBuf;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, MX, NS, SOA, TLSA};
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use sealpost_delivery::{DnsError, Dnssec, NameServers, Proof, Resolver as _, SystemResolver, Tlsa};

use crate::signed_zones::{Zone, ZoneKey, name, serve, serve_changed};

/// A root; a domain for which the root has the key `promised` and which is signed with `signed`; and an unsigned
/// domain.
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
            ("alias.clinic.", RData::CNAME(CNAME(name("mx.clinic.")))),
            ("outside.clinic.", RData::CNAME(CNAME(name("mx.plain.")))),
            ("*.wild.clinic.", RData::CNAME(CNAME(name("quiet.clinic.")))),
            ("mx.wild.clinic.", at(4)),
            ("_25._tcp.mx.wild.clinic.", tlsa()),
        ],
        signed,
    );
    let plain = Zone::new(
        "plain.",
        vec![
            ("plain.", mx("mx.plain.")),
            ("mx.plain.", at(3)),
            ("_25._tcp.mx.plain.", tlsa()),
            ("alias.plain.", RData::CNAME(CNAME(name("mx.clinic.")))),
        ],
        None,
    );
    vec![root, clinic, plain]
}

/// What the unsigned domain says where it has no record.
fn plain_soa() -> Record {
    let soa = SOA::new(name("ns."), name("hostmaster."), 1, 3600, 600, 86_400, 60);
    Record::from_rdata(name("plain."), 60, RData::SOA(soa))
}

/// A resolver with this server and this root.
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
    // Their absence is proven, too.
    assert_eq!(dns.tlsa("quiet.clinic", 25).await.unwrap(), []);
    assert_eq!(dns.mx("gone.clinic").await, Err(DnsError::NoSuchName));
    assert_eq!(dns.mx("quiet.clinic").await, Err(DnsError::NoRecords));
}

/// Most domains: they get their mail, and their TLSA records are ignored.
#[tokio::test]
async fn what_signs_nothing_is_believed_and_proves_nothing() {
    let (root, clinic) = (ZoneKey::new(), ZoneKey::new());
    let (dns, _file) = resolver(serve(world(&root, Some(&clinic), &clinic)).await, &root);
    let mx = dns.mx("plain").await.unwrap();
    assert_eq!((mx.proof, mx.records[0].host.as_str()), (Proof::Unsigned, "mx.plain"));
    assert_eq!(dns.exchanger("mx.plain").await.unwrap().proof, Proof::Unsigned);
    assert_eq!(dns.tlsa("mx.plain", 25).await.unwrap(), []);
}

/// Signed by another key than the parent has, or not signed at all: an error, for any kind of record.
#[tokio::test]
async fn what_ought_to_be_signed_and_is_not_is_no_answer() {
    let (root, clinic, thief) = (ZoneKey::new(), ZoneKey::new(), ZoneKey::new());
    for signed in [Some(&thief), None] {
        let (dns, _file) = resolver(serve(world(&root, signed, &clinic)).await, &root);
        let what = if signed.is_some() { "forged" } else { "stripped" };
        assert!(matches!(dns.mx("clinic").await, Err(DnsError::Temporary(_) | DnsError::Bogus)), "{what}");
        assert!(
            matches!(dns.exchanger("mx.clinic").await, Err(DnsError::Temporary(_) | DnsError::Bogus)),
            "{what}"
        );
        assert!(
            matches!(dns.tlsa("mx.clinic", 25).await, Err(DnsError::Temporary(_) | DnsError::Bogus)),
            "{what}"
        );
        assert!(
            matches!(dns.tlsa("quiet.clinic", 25).await, Err(DnsError::Temporary(_) | DnsError::Bogus)),
            "{what}: denied"
        );
        assert!(
            matches!(dns.mx("gone.clinic").await, Err(DnsError::Temporary(_) | DnsError::Bogus)),
            "{what}: denied"
        );
    }
    // A server that signs everything anew, from its own root.
    let (dns, _file) = resolver(serve(world(&thief, Some(&thief), &thief)).await, &root);
    assert!(matches!(dns.mx("clinic").await, Err(DnsError::Temporary(_) | DnsError::Bogus)));
    assert!(matches!(dns.mx("plain").await, Err(DnsError::Temporary(_) | DnsError::Bogus)));
    assert_ne!(dns.proves_the_root().await, Ok(Proof::Signed));
}

/// An alias is as good as its worst step.
#[tokio::test]
async fn aliases_are_followed_and_count() {
    let (root, clinic) = (ZoneKey::new(), ZoneKey::new());
    let (dns, _file) = resolver(serve(world(&root, Some(&clinic), &clinic)).await, &root);
    assert_eq!(dns.exchanger("alias.clinic").await.unwrap().proof, Proof::Signed);
    let outside = dns.exchanger("outside.clinic").await.unwrap();
    assert_eq!((outside.proof, outside.records), (Proof::Unsigned, vec!["192.0.2.3".parse().unwrap()]));
}

/// Whoever can add to a reply could make it count as unsigned, and so turn DANE off.
#[tokio::test]
async fn what_nobody_asked_for_changes_nothing() {
    let (root, clinic) = (ZoneKey::new(), ZoneKey::new());
    let zones = world(&root, Some(&clinic), &clinic);
    let spare = zones[1].expanded("clinic.", RecordType::MX, "mx.clinic.").pop().unwrap();
    let server = serve_changed(zones, move |reply| {
        if !reply.answers.is_empty() {
            reply.answers.push(Record::from_rdata(name("mx.plain."), 60, RData::A(A::new(192, 0, 2, 3))));
            reply.answers.push(spare.clone());
        }
    });
    let (dns, _file) = resolver(server.await, &root);
    assert_eq!(dns.mx("clinic").await.unwrap().proof, Proof::Signed);
    let exchanger = dns.exchanger("mx.clinic").await.unwrap();
    assert_eq!((exchanger.proof, exchanger.records.len()), (Proof::Signed, 1));
    assert_eq!(dns.tlsa("mx.clinic", 25).await.unwrap().len(), 1);
}

/// Whoever can change a reply could deny what is there with the authority section of a zone that signs nothing.
#[tokio::test]
async fn another_zone_denies_nothing() {
    let (root, clinic) = (ZoneKey::new(), ZoneKey::new());
    for code in [ResponseCode::NoError, ResponseCode::NXDomain] {
        let deny = move |reply: &mut Message| {
            let asked = &reply.queries[0];
            let kind = asked.query_type();
            if name("clinic.").zone_of(asked.name()) && matches!(kind, RecordType::MX | RecordType::TLSA) {
                reply.answers.clear();
                reply.authorities = vec![plain_soa()];
                reply.metadata.response_code = code;
            }
        };
        let server = serve_changed(world(&root, Some(&clinic), &clinic), deny);
        let (dns, _file) = resolver(server.await, &root);
        assert!(matches!(dns.mx("clinic").await, Err(DnsError::Temporary(_) | DnsError::Bogus)), "{code}");
        let tlsa = dns.tlsa("mx.clinic", 25).await;
        assert!(matches!(tlsa, Err(DnsError::Temporary(_) | DnsError::Bogus)), "{code}: {tlsa:?}");
        // It may say so of itself.
        assert_eq!(dns.tlsa("mx.plain", 25).await, Ok(Vec::new()));
    }
}

/// A wildcard's signed records, given for a name that has its own (RFC 4035 §5.3.4).
#[tokio::test]
async fn a_wildcard_stands_for_no_name_that_is_there() {
    let (root, clinic) = (ZoneKey::new(), ZoneKey::new());
    let zones = world(&root, Some(&clinic), &clinic);
    let expanded = zones[1].expanded("*.wild.clinic.", RecordType::CNAME, "_25._tcp.mx.wild.clinic.");
    let server = serve_changed(zones, move |reply| {
        if reply.queries[0].query_type() == RecordType::TLSA && !reply.answers.is_empty() {
            reply.answers.clone_from(&expanded);
            reply.authorities = vec![plain_soa()];
        }
    });
    let (dns, _file) = resolver(server.await, &root);
    let tlsa = dns.tlsa("mx.wild.clinic", 25).await;
    assert!(matches!(tlsa, Err(DnsError::Temporary(_) | DnsError::Bogus)), "{tlsa:?}");
}

/// RFC 9276 §3.2: a denial of TLSA records with more than 100 iterations counts as an unsigned one. A
/// denial of exchangers is not: the letter would go elsewhere.
#[tokio::test]
async fn too_many_iterations_deny_as_if_unsigned() {
    let (root, clinic) = (ZoneKey::new(), ZoneKey::new());
    for (iterations, is_believed) in [(150, true), (600, false)] {
        let mut zones = world(&root, Some(&clinic), &clinic);
        let zone = zones.remove(1).denying_by_nsec3(iterations);
        zones.insert(1, zone);
        let (dns, _file) = resolver(serve(zones).await, &root);
        let tlsa = dns.tlsa("quiet.clinic", 25).await;
        assert_eq!(tlsa.is_ok_and(|records| records.is_empty()), is_believed, "{iterations}");
        let mx = dns.mx("quiet.clinic").await;
        assert!(matches!(mx, Err(DnsError::Temporary(_) | DnsError::Bogus)), "{mx:?}");
    }
}

/// One question says nothing of another: an alias of somebody else's makes a signed name neither unsigned, nor an
/// unsigned one signed.
#[tokio::test]
async fn aliases_of_others_do_not_count() {
    let (root, clinic) = (ZoneKey::new(), ZoneKey::new());
    let (dns, _file) = resolver(serve(world(&root, Some(&clinic), &clinic)).await, &root);
    for _twice in 0..2 {
        assert_eq!(dns.exchanger("alias.plain").await.unwrap().proof, Proof::Unsigned);
        assert_eq!(dns.exchanger("mx.clinic").await.unwrap().proof, Proof::Signed);
    }
}

/// Without the zone's SOA a validator looks for the wildcard in the wrong place.
#[tokio::test]
async fn a_denial_says_of_which_zone_it_is() {
    let (root, clinic) = (ZoneKey::new(), ZoneKey::new());
    let server = serve_changed(world(&root, Some(&clinic), &clinic), |reply| {
        if reply.queries[0].query_type() == RecordType::TLSA {
            reply.authorities.retain(|record| record.record_type() != RecordType::SOA);
        }
    });
    let (dns, _file) = resolver(server.await, &root);
    let tlsa = dns.tlsa("quiet.clinic", 25).await;
    assert!(matches!(tlsa, Err(DnsError::Temporary(_) | DnsError::Bogus)), "{tlsa:?}");
}
