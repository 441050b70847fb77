//! Letters for partners: encrypted to the right key and signed for the right domain, or not sent in clear;
//! and letters from outside, as far as they are readable.

use sealpost_arrival::{Chosen, choose, originals};
use sealpost_delivery::{Hand, Purpose, Route};
use sealpost_mail::{Domain, Origin, Random as _, TlsFloor};
use sealpost_partner::{
    Book, DomainOrAddress, Own, OwnKeys, Partner, PartnerKey, Provenance, Published, Reach, Standing, Why,
};
use sealpost_seal::{Holder, Kind, Method, OwnKey, Profile};
use sealpost_store::{AuditRow, LegPurpose, OwnKeyState, PartnerKeyState};

use crate::rig::{NOW, Rig, SENDER, address, envelope, letter, origin};

const DOCTOR: &str = "arzt@strict.example";

fn made(of: &str) -> OwnKey {
    let address = address(of);
    let domain = Some(address.domain().clone());
    let holder = Holder { name: "House".to_owned(), address, domain, country: None };
    OwnKey::generate(Kind::SmimeP256, &holder, NOW, 1).unwrap()
}

fn audit() -> AuditRow {
    AuditRow {
        at: NOW,
        actor: "test".into(),
        action: "test".into(),
        object: "test".into(),
        mailbox: String::new(),
        network: String::new(),
        outcome: "done".into(),
        detail: String::new(),
    }
}

fn book(rig: &Rig) -> Book<'_> {
    Book { store: &rig.store, keyring: &rig.keys.keyring, tags: &rig.keys.tags }
}

/// The partner's key is known in this state, for the whole domain.
async fn knows(rig: &Rig, domain: &str, state: PartnerKeyState) {
    let partner = Partner {
        id: rig.random.id(),
        name: domain.to_owned(),
        places: vec![DomainOrAddress::parse(domain).unwrap()],
        standing: Standing::Active,
        prefers: None,
        profile: Profile::default(),
        answered: None,
    };
    let key = PartnerKey {
        id: rig.random.id(),
        state,
        reach: Reach::Company,
        key: made(&format!("securemail@{domain}")).public().clone(),
        source: "test".to_owned(),
        provenance: Provenance::Operator,
        vouched_for: Vec::new(),
        since: NOW,
    };
    book(rig).add(&partner, &[key], audit(), NOW, &*rig.random).await.unwrap();
}

fn own(rig: &Rig) -> OwnKeys<'_> {
    OwnKeys { store: &rig.store, rows: &rig.keys.rows, keyring: &rig.keys.keyring }
}

/// We have a key to sign with.
async fn signs(rig: &Rig) {
    let key = made("securemail@insurer.example");
    let public = Published {
        id: rig.random.id(),
        state: OwnKeyState::Current,
        domains: vec![Domain::parse("insurer.example").unwrap()],
        key: key.public().clone(),
        since: NOW,
    };
    own(rig).add(&Own { public, key }, audit(), NOW, &*rig.random).await.unwrap();
}

async fn ready() -> Rig {
    let rig = Rig::new();
    signs(&rig).await;
    knows(&rig, "strict.example", PartnerKeyState::Trusted).await;
    rig
}

#[tokio::test]
async fn a_letter_for_a_partner_leaves_closed_and_nothing_of_it_in_clear() {
    let rig = ready().await;
    let text = letter(&rig.random, "Gruss", "", "Geheim-4711");
    rig.send(envelope(SENDER, &[DOCTOR]), origin(), &text).await.unwrap();
    let leg = rig.leg_to(DOCTOR).await;
    assert_eq!((leg.row.purpose, leg.ticket.purpose.clone()), (LegPurpose::Relay, Purpose::Relay));
    assert_eq!((leg.ticket.hand, leg.ticket.tls), (Hand::Ours, TlsFloor::None));
    let (head, rest) = (leg.head(), rig.rest(&leg).await);
    assert!(head.contains("application/pkcs7-mime") && head.contains("Received: "), "{head}");
    assert!(!rest.contains("Geheim-4711") && rest.lines().all(str::is_ascii), "{rest}");
    assert!(rig.mailbox(DOCTOR).await.is_none());
}

#[tokio::test]
async fn colleagues_at_one_partner_share_one_closed_body() {
    let rig = ready().await;
    rig.write(&[DOCTOR, "schwester@strict.example", "a@relay.example"], "Gruss").await.unwrap();
    let (one, two) = (rig.leg_to(DOCTOR).await, rig.leg_to("schwester@strict.example").await);
    assert_eq!(one.row.body_id, two.row.body_id);
    assert_ne!(one.row.body_id, rig.leg_to("a@relay.example").await.row.body_id);
}

#[tokio::test]
async fn a_key_that_nobody_trusts_or_that_ran_out_closes_nothing() {
    for state in [PartnerKeyState::Offered, PartnerKeyState::Revoked] {
        let rig = Rig::new();
        signs(&rig).await;
        knows(&rig, "strict.example", state).await;
        assert_eq!(rig.write(&[DOCTOR], "Gruss").await.unwrap_err().code(), 550, "{state:?}");
        assert!(rig.legs().await.is_empty());
    }
    let rig = ready().await;
    rig.clock.advance(crate::rig::DAY * 800);
    assert_eq!(rig.write(&[DOCTOR], "Gruss").await.unwrap_err().code(), 550);
}

#[tokio::test]
async fn nobody_is_signed_for_who_is_not_ours() {
    let rig = ready().await;
    let send = async |from: &str, fields: &str, origin: Origin| {
        let text = String::from_utf8(letter(&rig.random, "Gruss", fields, "Text")).unwrap();
        let text = text.replace(&format!("<{SENDER}>"), &format!("<{from}>"));
        rig.send(envelope(SENDER, &[DOCTOR]), origin, text.as_bytes()).await
    };
    let world = Origin { listener: "world".to_owned(), ..origin() };
    for (what, sent) in [
        ("another domain", send("x@elsewhere.example", "", origin()).await),
        ("another Sender", send(SENDER, "Sender: x@elsewhere.example\r\n", origin()).await),
        ("the world", send(SENDER, "", world).await),
        ("two From", send(SENDER, "From: y@insurer.example\r\n", origin()).await),
    ] {
        assert_eq!(sent.map_err(|reply| reply.code()), Err(550), "{what}");
    }
    assert!(rig.legs().await.is_empty());
    send(SENDER, "Sender: office@insurer.example\r\n", origin()).await.unwrap();
    assert_eq!(rig.legs().await.len(), 1);
}

#[tokio::test]
async fn who_may_not_write_for_a_domain_gets_no_signature_for_it() {
    use sealpost_arrival::{Who, Writer};
    let rig = Rig::with(|set| {
        let domains = vec![Domain::parse("insurer.example").unwrap()];
        set.routes.writers = vec![Writer { who: Who::Network("198.51.100.0/24".parse().unwrap()), domains }];
    });
    signs(&rig).await;
    knows(&rig, "strict.example", PartnerKeyState::Trusted).await;
    assert_eq!(rig.write(&[DOCTOR], "Gruss").await.unwrap_err().code(), 550);
    let right = Origin { peer: "198.51.100.3".parse().unwrap(), ..origin() };
    let text = letter(&rig.random, "Gruss", "", "Text");
    rig.send(envelope(SENDER, &[DOCTOR]), right, &text).await.unwrap();
}

#[tokio::test]
async fn the_choice_of_keys_says_why_there_is_none() {
    let rig = ready().await;
    knows(&rig, "offered.example", PartnerKeyState::Offered).await;
    let all = own(&rig).all().await.unwrap();
    let (ours, other) = (Domain::parse("insurer.example").unwrap(), Domain::parse("other.example").unwrap());
    let book = book(&rig);
    let chosen = async |named: Option<&str>, to: &str, from: &Domain| {
        choose(&book, &all, named, &address(to), from, NOW).await.unwrap()
    };
    assert!(matches!(chosen(None, DOCTOR, &ours).await, Chosen::Keys { own, .. } if own == all[0].public.id));
    assert!(matches!(
        chosen(Some("strict.example"), "x@y.example", &ours).await,
        Chosen::Nothing(_) | Chosen::Keys { .. }
    ));
    assert!(matches!(chosen(None, "x@y.example", &ours).await, Chosen::Nothing(Why::NoPartner)));
    assert!(matches!(chosen(Some("nobody"), DOCTOR, &ours).await, Chosen::Nothing(Why::NoPartner)));
    let nobody_signs = chosen(None, DOCTOR, &other).await;
    assert!(matches!(&nobody_signs, Chosen::Nothing(Why::NoOwnKey(Method::Smime))), "{nobody_signs:?}");
    assert!(matches!(chosen(None, "x@offered.example", &ours).await, Chosen::Nothing(_)));
}

#[tokio::test]
async fn a_readable_letter_from_the_world_goes_inside_without_what_it_says_of_us() {
    let rig = Rig::new();
    let world = || Origin { listener: "world".to_owned(), ..origin() };
    let fields = "X-Sealpost-Result: encrypted=yes; signed=valid\r\nX-Sealpost-Portal: authenticated\r\n";
    let text = letter(&rig.random, "[partner] Gruss", fields, "Text");
    rig.send(envelope("x@elsewhere.example", &["erika@inside.example"]), world(), &text).await.unwrap();
    let leg = rig.leg_to("erika@inside.example").await;
    assert_eq!(leg.ticket.route, Route::NextHop("inside".to_owned()));
    assert_eq!((leg.ticket.hand, leg.ticket.purpose.clone()), (Hand::World, Purpose::Relay));
    let head = leg.head();
    assert!(!head.contains("signed=valid") && !head.contains("X-Sealpost-Portal"), "{head}");
    assert!(head.contains("Subject: Gruss"), "our tag is nobody else's: {head}");
    assert_eq!(rig.rest(&leg).await, "Text\r\n");
}

#[tokio::test]
async fn what_came_closed_waits_for_the_program_that_opens_it() {
    let rig = Rig::with(|set| set.inbound.originals = Some(crate::rig::DAY));
    let world = Origin { listener: "world".to_owned(), ..origin() };
    let closed = "From: x@elsewhere.example\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\
                  Content-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3DQEHA6CAMIACAQAxggFm\r\n";
    let from = envelope("x@elsewhere.example", &["erika@inside.example"]);
    let reply = rig.send(from.clone(), world, closed.as_bytes()).await.unwrap_err();
    assert_eq!(reply.code(), 451, "nothing is lost: the client comes again");
    assert!(rig.legs().await.is_empty());
    // From our own side it is a letter like any other.
    rig.send(from, origin(), closed.as_bytes()).await.unwrap();
    assert_eq!(rig.leg_to("erika@inside.example").await.row.purpose, LegPurpose::Relay);
    assert!(originals::kept(&rig.reception).await.unwrap().is_empty());
    assert_eq!(originals::again(&rig.reception, "no such letter").await.unwrap(), originals::Again::Gone);
}
