//! Forged, moved or changed rows are ignored; which key is chosen, and why not.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::{Address, Domain, Random as _, Secret, SequenceRandom, Timestamp};
use sealpost_partner::{
    Book, Choice, DomainOrAddress, OpenedKeys, Own, OwnKeys, Partner, PartnerKey, PartnerWithKeys,
    Provenance, Published, Raised, Reach, Standing, Why, choose,
};
use sealpost_seal::{Content, Holder, Kind, Method, Objection, OwnKey, Profile};
use sealpost_store::{AuditRow, OwnKeyState, PartnerKeyState, Store, StoreOptions};
use sealpost_vault::{Keys, ServerKey};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A key of moor@clinic.example, made with GnuPG.
const MOOR: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEaVW5ABYJKwYBBAHaRw8BAQdAS5GFc/E1r/AdbGWKVHQX2F/Q34W8PeJ6P06H
qeK2Rb20E21vb3JAY2xpbmljLmV4YW1wbGWIkAQTFggAOBYhBFCJDcxaLVkwgMRI
xHVU6oKvhG1FBQJpVbkAAhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEHVU
6oKvhG1F/WMBALnSFKHBDG9f3B7aPuN97hxo1iuMtofZuvzW8U1Sm+dHAQD4BYhR
4nIhEd9QsZmdQDrwp8JkfIIsXy5G93bGayBFArg4BGlVuQESCisGAQQBl1UBBQEB
B0D9d3Nn2JlqxsO47Wv3wEhOlVrswSTPF7k93yjrZ46IFgMBCAeIeAQYFggAIBYh
BFCJDcxaLVkwgMRIxHVU6oKvhG1FBQJpVbkBAhsMAAoJEHVU6oKvhG1FejMA/ijb
4dg++EjtgVoera81qmBR3B8G0srctEsbJxvrQOPwAP95IZsmwEPiVpRENUoamYoG
paxSj7hGUtyIt8+gZGt+AA==
=4lYp
-----END PGP PUBLIC KEY BLOCK-----
";

/// The same a day later: its holder has added the User ID ceo@clinic.example.
const MOOR_AND_CEO: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEaVW5ABYJKwYBBAHaRw8BAQdAS5GFc/E1r/AdbGWKVHQX2F/Q34W8PeJ6P06H
qeK2Rb20E21vb3JAY2xpbmljLmV4YW1wbGWIkAQTFggAOBYhBFCJDcxaLVkwgMRI
xHVU6oKvhG1FBQJpVbkAAhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEHVU
6oKvhG1F/WMBALnSFKHBDG9f3B7aPuN97hxo1iuMtofZuvzW8U1Sm+dHAQD4BYhR
4nIhEd9QsZmdQDrwp8JkfIIsXy5G93bGayBFArQSY2VvQGNsaW5pYy5leGFtcGxl
iJAEExYIADgWIQRQiQ3MWi1ZMIDESMR1VOqCr4RtRQUCaVcKgAIbAwULCQgHAgYV
CgkICwIEFgIDAQIeAQIXgAAKCRB1VOqCr4RtRbPBAP9GvHbXRxfAwdMIDMquoMUx
/KmgNybJ3chcHqHRFyEXGwEA9X3EFM8l1z00Uf0vnaH+JqMn23NgpBNTb0W3xoSM
ugG4OARpVbkBEgorBgEEAZdVAQUBAQdA/XdzZ9iZasbDuO1r98BITpVa7MEkzxe5
Pd8o62eOiBYDAQgHiHgEGBYIACAWIQRQiQ3MWi1ZMIDESMR1VOqCr4RtRQUCaVW5
AQIbDAAKCRB1VOqCr4RtRXozAP4o2+HYPvhI7YFaHq2vNapgUdwfBtLK3LRLGycb
60Dj8AD/eSGbJsBD4laURDVKGpmKBqWsUo+4RlLciLfPoGRrfgA=
=NJ2T
-----END PGP PUBLIC KEY BLOCK-----
";

struct Rig {
    _folder: tempfile::TempDir,
    store: Store,
    keys: Keys,
    random: SequenceRandom,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path().join("data"))).unwrap();
        let keys = ServerKey::from_bytes(Secret::new([7; 32])).keys();
        Self { _folder: folder, store, keys, random: SequenceRandom::default() }
    }

    fn book(&self) -> Book<'_> {
        Book { store: &self.store, keyring: &self.keys.keyring, tags: &self.keys.tags }
    }

    fn partner(&self, name: &str) -> Partner {
        Partner {
            id: self.random.id(),
            name: name.to_owned(),
            places: vec![DomainOrAddress::parse(name).unwrap()],
            standing: Standing::Active,
            prefers: None,
            profile: Profile::default(),
            answered: None,
        }
    }

    fn key(&self, address: &str, state: PartnerKeyState) -> PartnerKey {
        PartnerKey {
            id: self.random.id(),
            state,
            reach: Reach::Company,
            key: made(address).public().clone(),
            source: "test".to_owned(),
            provenance: Provenance::Operator,
            vouched_for: Vec::new(),
            since: NOW,
        }
    }
}

fn made(address: &str) -> OwnKey {
    let address = Address::parse(address).unwrap();
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

fn why(found: &PartnerWithKeys, address: &str, now: Timestamp) -> Why {
    match choose(found, &Address::parse(address).unwrap(), &|_| true, now) {
        Choice::Nothing(why) => why,
        Choice::Use(..) => panic!("a key was chosen"),
    }
}

#[tokio::test]
async fn a_partner_is_found_by_name_domain_and_address_only() {
    let rig = Rig::new();
    let partner = rig.partner("clinic.example");
    let key = rig.key("securemail@clinic.example", PartnerKeyState::Trusted);
    rig.book().add(&partner, std::slice::from_ref(&key), audit(), NOW, &rig.random).await.unwrap();
    let of = async |text: &str| rig.book().of(&Address::parse(text).unwrap()).await.unwrap();
    let found = of("anybody@clinic.example").await.unwrap();
    assert_eq!((found.partner, found.keys), (partner, vec![key]));
    assert!(of("a@ward.clinic.example").await.is_none());
    assert!(rig.book().named("Clinic.Example").await.unwrap().is_some());
    assert!(rig.book().named("other").await.unwrap().is_none());
    let twice = rig.partner("clinic.example");
    assert!(
        rig.book().add(&twice, &[], audit(), NOW, &rig.random).await.is_err(),
        "one partner for a domain"
    );
}

#[tokio::test]
async fn a_key_whose_state_or_partner_somebody_changed_is_not_there() {
    let rig = Rig::new();
    let (one, other) = (rig.partner("clinic.example"), rig.partner("other.example"));
    let key = rig.key("securemail@clinic.example", PartnerKeyState::Offered);
    rig.book().add(&one, std::slice::from_ref(&key), audit(), NOW, &rig.random).await.unwrap();
    rig.book().add(&other, &[], audit(), NOW, &rig.random).await.unwrap();
    let row = rig.store.partner_keys(&one.id).await.unwrap().pop().unwrap();
    let mut changed = row.clone();
    changed.state = PartnerKeyState::Trusted;
    let _done = rig.store.change_partner_key(&row, &changed, audit()).await.unwrap();
    assert!(rig.book().named("clinic.example").await.unwrap().unwrap().keys.is_empty(), "made trusted");
    // Moved to another partner, or under another id.
    let moved = sealpost_store::PartnerKeyRow { id: "moved".into(), partner_id: other.id.clone(), ..row };
    let former = rig.store.partner_named(&rig.keys.tags.partner_tag("name", "other.example")).await.unwrap();
    let former = former.unwrap();
    let _done = rig.store.change_partner(&former, &former, &[], &[moved], audit()).await.unwrap();
    assert!(rig.book().named("other.example").await.unwrap().unwrap().keys.is_empty(), "moved");
}

#[tokio::test]
async fn steps_lead_where_they_may_and_a_key_that_is_older_does_not_win() {
    let rig = Rig::new();
    let partner = rig.partner("clinic.example");
    let old = rig.key("securemail@clinic.example", PartnerKeyState::Trusted);
    let offered = PartnerKey {
        since: NOW.plus(Duration::from_secs(1)),
        ..rig.key("securemail@clinic.example", PartnerKeyState::Offered)
    };
    rig.book().add(&partner, &[old.clone(), offered.clone()], audit(), NOW, &rig.random).await.unwrap();
    let address = Address::parse("doctor@clinic.example").unwrap();
    let chosen = async || {
        let found = rig.book().named("clinic.example").await.unwrap().unwrap();
        match choose(&found, &address, &|_| true, NOW) {
            Choice::Use(_, key) => key.id.clone(),
            Choice::Nothing(why) => panic!("{why}"),
        }
    };
    assert_eq!(chosen().await, old.id, "what is only offered is not used");
    let book = rig.book();
    book.step(&partner, &offered, PartnerKeyState::Trusted, audit(), NOW, &rig.random).await.unwrap();
    assert_eq!(chosen().await, offered.id);
    let again = book.step(&partner, &offered, PartnerKeyState::Trusted, audit(), NOW, &rig.random).await;
    assert!(again.is_err(), "it is not what it was");
}

/// Vouched for by zones and never compared: a domain added to the partner later is not covered.
#[tokio::test]
async fn a_key_that_zones_vouch_for_reaches_no_other_place_until_somebody_takes_it() {
    let rig = Rig::new();
    let place = |text| DomainOrAddress::parse(text).unwrap();
    let partner = Partner {
        places: vec![place("clinic.example"), place("lab.example"), place("moor@web.example")],
        ..rig.partner("clinic.example")
    };
    let key = PartnerKey {
        vouched_for: vec![place("clinic.example")],
        ..rig.key("securemail@clinic.example", PartnerKeyState::Trusted)
    };
    let book = rig.book();
    book.add(&partner, std::slice::from_ref(&key), audit(), NOW, &rig.random).await.unwrap();
    let found = async || book.named("clinic.example").await.unwrap().unwrap();
    let believed =
        async |from: &str| book.trusted_for(&Address::parse(from).unwrap()).await.unwrap().unwrap().len();
    let others = ["chief@lab.example", "moor@web.example"];
    for other in others {
        assert_eq!(why(&found().await, other, NOW), Why::NotVouchedFor);
        assert_eq!(believed(other).await, 0, "nor is what it signs");
    }
    let doctor = Address::parse("doctor@clinic.example").unwrap();
    assert!(matches!(choose(&found().await, &doctor, &|_| true, NOW), Choice::Use(..)));
    assert_eq!(believed("doctor@clinic.example").await, 1);

    for to in [PartnerKeyState::Suspended, PartnerKeyState::Trusted] {
        let key = found().await.keys.remove(0);
        book.step(&partner, &key, to, audit(), NOW, &rig.random).await.unwrap();
    }
    for other in others {
        let other = Address::parse(other).unwrap();
        assert!(matches!(choose(&found().await, &other, &|_| true, NOW), Choice::Use(..)));
    }
}

/// Its holder can write any name into it, and the zone vouches for the one it examined.
#[tokio::test]
async fn a_person_s_key_that_takes_a_further_name_counts_for_the_one_that_a_zone_vouches_for() {
    let rig = Rig::new();
    let read = |text: &str| sealpost_seal::PartnerKey::read(text.as_bytes()).unwrap().remove(0);
    let [moor, ceo] = ["moor@clinic.example", "ceo@clinic.example"];
    let partner = rig.partner("clinic.example");
    let key = PartnerKey {
        reach: Reach::Named,
        key: read(MOOR),
        vouched_for: vec![DomainOrAddress::parse(moor).unwrap()],
        ..rig.key(moor, PartnerKeyState::Trusted)
    };
    let book = rig.book();
    book.add(&partner, std::slice::from_ref(&key), audit(), NOW, &rig.random).await.unwrap();
    let renewed = key.key.renewed_by(&read(MOOR_AND_CEO)).unwrap().unwrap();
    book.renew(&partner, &key, renewed, audit(), NOW, &rig.random).await.unwrap();

    let found = async || book.named("clinic.example").await.unwrap().unwrap();
    let believed =
        async |from: &str| book.trusted_for(&Address::parse(from).unwrap()).await.unwrap().unwrap().len();
    let is_used = |found: &PartnerWithKeys, address: &str| {
        matches!(choose(found, &Address::parse(address).unwrap(), &|_| true, NOW), Choice::Use(..))
    };
    assert!(found().await.keys[0].key.facts().names(&Address::parse(ceo).unwrap()));
    assert!(is_used(&found().await, moor));
    assert_eq!(believed(moor).await, 1);
    assert_eq!(why(&found().await, ceo, NOW), Why::OtherAddress);
    assert_eq!(believed(ceo).await, 0, "nor is what it signs");

    for to in [PartnerKeyState::Suspended, PartnerKeyState::Trusted] {
        let key = found().await.keys.remove(0);
        book.step(&partner, &key, to, audit(), NOW, &rig.random).await.unwrap();
    }
    assert!(is_used(&found().await, ceo), "somebody has compared it");
    assert_eq!(believed(ceo).await, 1);
}

/// The same certificate with capabilities announced in a signature.
fn says(key: &sealpost_seal::PartnerKey, capabilities: &[&str]) -> sealpost_seal::PartnerKey {
    let mut json: serde_json::Value = serde_json::from_slice(&key.to_bytes()).unwrap();
    json["facts"]["capabilities"] = capabilities.into();
    sealpost_seal::PartnerKey::from_bytes(json.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_trusted_key_is_raised_by_what_its_holder_says_and_never_lowered() {
    let rig = Rig::new();
    let (book, partner) = (rig.book(), rig.partner("clinic.example"));
    let at = "securemail@clinic.example";
    let (trusted, offered) = (rig.key(at, PartnerKeyState::Trusted), rig.key(at, PartnerKeyState::Offered));
    book.add(&partner, &[trusted.clone(), offered.clone()], audit(), NOW, &rig.random).await.unwrap();
    let from = Address::parse("doctor@clinic.example").unwrap();
    let raise = async |key: sealpost_seal::PartnerKey, from: &Address| {
        book.raise(from, &key, |_| audit(), NOW, &rig.random).await.unwrap()
    };
    let content = async || {
        let found = book.named("clinic.example").await.unwrap().unwrap();
        let of = |id: &str| found.keys.iter().find(|key| key.id == id).unwrap().key.facts().clone();
        [&trusted, &offered].map(|key| Profile::default().raised_by(&of(&key.id)).content)
    };
    let weaker = says(&trusted.key, &["aes256-cbc"]);
    let stronger = says(&trusted.key, &["aes256-cbc", "aes256-gcm"]);
    assert_eq!(raise(weaker.clone(), &from).await, Raised::No, "every partner's letters are closed so");
    // An untrusted key, a stranger's, and somebody else's address.
    let elsewhere = Address::parse("doctor@other.example").unwrap();
    for (key, from) in [
        (says(&offered.key, &["aes256-gcm"]), &from),
        (says(&rig.key(at, PartnerKeyState::Trusted).key, &["aes256-gcm"]), &from),
        (stronger.clone(), &elsewhere),
    ] {
        assert_eq!(raise(key, from).await, Raised::No);
    }
    assert_eq!(content().await, [Content::Aes256Cbc; 2]);
    assert_eq!(raise(stronger.clone(), &from).await, Raised::Yes(partner.id.clone()));
    for key in [stronger, weaker, says(&trusted.key, &[])] {
        assert_eq!(raise(key, &from).await, Raised::No);
    }
    assert_eq!(content().await, [Content::Aes256Gcm, Content::Aes256Cbc]);
}

#[test]
fn every_reason_is_said() {
    let rig = Rig::new();
    let found = |state, standing| PartnerWithKeys {
        partner: Partner { standing, ..rig.partner("clinic.example") },
        keys: vec![rig.key("securemail@clinic.example", state)],
        unreadable: 0,
    };
    let at = "doctor@clinic.example";
    let trusted = found(PartnerKeyState::Trusted, Standing::Active);
    assert_eq!(why(&found(PartnerKeyState::Offered, Standing::Active), at, NOW), Why::NotTrusted);
    assert_eq!(why(&found(PartnerKeyState::Suspended, Standing::Active), at, NOW), Why::Suspended);
    assert_eq!(why(&found(PartnerKeyState::Revoked, Standing::Active), at, NOW), Why::Revoked);
    assert_eq!(why(&found(PartnerKeyState::Expired, Standing::Active), at, NOW), Why::Expired);
    assert_eq!(why(&found(PartnerKeyState::Trusted, Standing::Suspended), at, NOW), Why::PartnerSuspended);
    assert_eq!(why(&trusted, "doctor@other.example", NOW), Why::OtherPartner);
    let late = NOW.plus(Duration::from_secs(2 * 366 * 86_400));
    assert_eq!(why(&trusted, at, late), Why::Objection(Objection::Expired));
    let mut named = trusted.clone();
    named.keys[0].reach = Reach::Named;
    assert_eq!(why(&named, at, NOW), Why::OtherAddress);
    let unsigned = choose(&trusted, &Address::parse(at).unwrap(), &|_| false, NOW);
    assert!(matches!(unsigned, Choice::Nothing(Why::NoOwnKey(Method::Smime))));
    assert_eq!(why(&PartnerWithKeys { keys: Vec::new(), ..trusted }, at, NOW), Why::NoKey);
}

#[tokio::test]
async fn our_keys_come_back_whole_and_a_private_part_beside_another_certificate_does_not() {
    let rig = Rig::new();
    let own = OwnKeys { store: &rig.store, rows: &rig.keys.rows, keyring: &rig.keys.keyring };
    let domain = Domain::parse("insurer.example").unwrap();
    for _ in 0..2 {
        let key = made("securemail@insurer.example");
        let public = Published {
            id: rig.random.id(),
            state: OwnKeyState::Current,
            domains: vec![domain.clone()],
            key: key.public().clone(),
            since: NOW,
        };
        own.add(&Own { public, key }, audit(), NOW, &rig.random).await.unwrap();
    }
    assert_eq!(own.all().await.unwrap().len(), 2);
    assert!(own.all().await.unwrap()[0].public.signs(&domain, Method::Smime, NOW));
    let rows = rig.store.own_keys().await.unwrap();
    let swapped =
        sealpost_store::OwnKeyRow { secret_sealed: rows[1].secret_sealed.clone(), ..rows[0].clone() };
    let _done = rig.store.change_own_key(&rows[0], &swapped, audit()).await.unwrap();
    let left = own.all().await.unwrap();
    assert_eq!(left.iter().map(|own| own.public.id.as_str()).collect::<Vec<_>>(), [rows[1].id.as_str()]);
}

#[tokio::test]
async fn open_keys_are_those_in_use_and_are_closed_when_no_letter_comes() {
    let rig = Rig::new();
    let own = OwnKeys { store: &rig.store, rows: &rig.keys.rows, keyring: &rig.keys.keyring };
    for state in [OwnKeyState::Current, OwnKeyState::Retired] {
        let key = made("securemail@insurer.example");
        let domains = vec![Domain::parse("insurer.example").unwrap()];
        let (id, public) = (rig.random.id(), key.public().clone());
        let public = Published { id, state, domains, key: public, since: NOW };
        own.add(&Own { public, key }, audit(), NOW, &rig.random).await.unwrap();
    }
    let opened = OpenedKeys::default();
    let first = opened.now(&own).await.unwrap();
    assert_eq!(first.iter().map(|own| own.public.state).collect::<Vec<_>>(), [OwnKeyState::Current]);
    assert!(Arc::ptr_eq(&first, &opened.now(&own).await.unwrap()), "opened once");
    // From here on time is simulated.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(9 * 60)).await;
    assert_eq!(Arc::strong_count(&first), 2, "ours, and what is kept for the next letter");
    tokio::time::sleep(Duration::from_secs(2 * 60)).await;
    assert_eq!(Arc::strong_count(&first), 1);
}
