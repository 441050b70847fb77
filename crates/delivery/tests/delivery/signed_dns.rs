//! DNSSEC validation against a signing name server: proven, unproven and forged answers.

use std::net::SocketAddr;
use std::path::PathBuf;

use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::{A, MX, NS, TLSA};
use sealpost_delivery::{DnsError, Dnssec, NameServers, Proof, Resolver as _, SystemResolver, Tlsa};

use crate::signed_zones::{Zone, ZoneKey, name, serve};

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
