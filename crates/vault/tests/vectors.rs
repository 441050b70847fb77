//! The test vectors in `tests/formats`: our output still matches them, and X-Wing matches the draft's.
//!
//! After an intended change of a format (and of its version): `SEALPOST_WRITE_VECTORS=1 cargo test -p
//! sealpost-vault --test vectors`, then `python3 tests/formats/read.py`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::convert::Infallible;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hpke::kem::{Kem, XWing};
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Serializable};
use sealpost_mail::{Secret, SequenceRandom};
use sealpost_vault::{
    Argon2Cost, AuditProof, Bearer, CHUNK, EscrowSecret, Held, InitialPassword, Label, MailboxKeys,
    MailboxPublic, MailboxSecret, MessageKey, Part, ResetBound, ServerKey, SessionSecret, StreamSealer,
    TokenPurpose, Unwrapped, open_all,
};
use serde_json::{Value, json};

const MAILBOX: &str = "6d61696c626f78000000000000000001";
const MESSAGE: &str = "6d657373616765000000000000000001";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats")
}

fn text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn is(verdict: Unwrapped, public: &MailboxPublic) {
    assert!(matches!(verdict, Unwrapped::Opened(secret) if secret.public() == *public));
}

/// One of everything, from a repeatable sequence, and opened again by us.
fn vectors() -> Value {
    let random = SequenceRandom::default();
    let server = ServerKey::generate(&random);
    let keys = server.keys();

    let ticket = keys.spool.seal(Label::Ticket, "leg-1", b"{\"recipient\":\"kunde@example.org\"}", &random);
    let address = keys.rows.seal(Label::Address, MAILBOX, "müller@example.org".as_bytes(), &random);
    assert!(keys.spool.open(Label::Ticket, "leg-1", &ticket).is_ok());
    assert!(keys.rows.open(Label::Address, MAILBOX, &address).is_ok());
    let mut fingerprint = keys.tags.fingerprint();
    fingerprint.update(b"From: a\r\n");
    fingerprint.update(b"\r\nbody\r\n");

    let (token, token_hash) = keys.tokens.issue(TokenPurpose::Activation, &random);
    let token_text = token.text();
    let reset_hash = keys.tokens.hash(TokenPurpose::Reset, token_text.expose()).unwrap();

    let key = MessageKey::generate(&random);
    let head = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n";
    let part = key.seal_part(Part::FormerHead, head, &random);
    assert_eq!(key.open_part(Part::FormerHead, &part).unwrap(), head);
    let streams: Vec<Value> = [0, 11, CHUNK + 1]
        .into_iter()
        .map(|len| {
            let plain: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let mut sealed = Vec::new();
            let mut sealer = StreamSealer::new(&key, &random);
            sealer.push(&plain, &mut sealed);
            sealer.finish(&mut sealed);
            assert!(open_all(&key, &sealed).unwrap() == plain);
            json!({ "plain_len": len, "sealed": text(&sealed) })
        })
        .collect();

    let (public, mailbox) = MailboxKeys::generate(&random);
    let sealed_key = public.seal_key(MAILBOX, MESSAGE, &key, &random).unwrap();
    assert_eq!(
        *mailbox.open_key(MAILBOX, MESSAGE, &sealed_key).unwrap().to_bytes().expose(),
        *key.to_bytes().expose()
    );

    let pepper = &keys.pepper;
    let cost = Argon2Cost::standard();
    // Composed here; the reader types it decomposed.
    let password = "Grüße aus Köln 7!";
    let answer = "  St. Pölten, Hauptstraße 5 ";
    let activation = mailbox.wrap_activation(MAILBOX, &token, pepper, &random);
    let by_password = mailbox.wrap_password(MAILBOX, &secret(password), pepper, &cost, &random).unwrap();
    let by_answer = mailbox.wrap_answer(MAILBOX, &secret(answer), pepper, &cost, &random).unwrap();
    let by_escrow = mailbox.wrap_escrow(MAILBOX, &keys.escrow.public(), &random).unwrap();
    is(MailboxSecret::unwrap_activation(&activation, MAILBOX, &token, pepper).unwrap(), &public);
    is(MailboxSecret::unwrap_password(&by_password, MAILBOX, &secret(password), pepper).unwrap(), &public);
    is(MailboxSecret::unwrap_answer(&by_answer, MAILBOX, &secret(answer), pepper).unwrap(), &public);
    assert!(MailboxSecret::unwrap_escrow(&by_escrow, MAILBOX, &keys.escrow).unwrap().public() == public);
    let offline = EscrowSecret::generate(&random);
    let by_offline = mailbox.wrap_escrow(MAILBOX, &offline.public(), &random).unwrap();

    let (cookie, session_hash) = SessionSecret::issue(&random);
    let session = SessionSecret::parse(cookie.expose()).unwrap();
    let held = Held { bearer: Bearer::Owner, mailbox_id: MAILBOX, since: 1_795_280_400_000, epochs: "p.a.s" };
    let in_session = session.seal_mailbox_secret(&mailbox, &held, &keys.sessions, &random);
    let writer = keys.audit.writer("portal");
    let audit_before: Vec<u8> = (0..32).collect();
    let (seq, at) = (2_i64.to_be_bytes(), 1_700_000_000_000_i64.to_be_bytes());
    let words = ["portal", "owner", "letter.opened", MESSAGE, MAILBOX, "192.0.2.0/24", "done", ""];
    let mut parts: Vec<&[u8]> = vec![&audit_before, &seq, &at];
    parts.extend(words.iter().map(|word| word.as_bytes()));
    let audit_row = writer.prove(AuditProof::Row, &parts);
    let audit_head = writer.prove(AuditProof::Head, &[&seq, &at, &audit_row]);

    let proven_listing = keys.deposits.prove(MAILBOX, MESSAGE, &part);

    let initial = InitialPassword::generate(&random);
    let by_initial = mailbox.wrap_initial(MAILBOX, &initial, pepper, &cost, &random).unwrap();
    let told = initial.text();
    is(MailboxSecret::unwrap_initial(&by_initial, MAILBOX, &told, pepper).unwrap(), &public);
    let (mine, device) = {
        let tag = keys.tags.address_tag("müller@example.org");
        let word = keys.tags.device_word(&public.to_bytes(), "p.a.s");
        (tag, keys.tags.know_device(&tag, &word, &random))
    };
    let known = keys.tags.known_device(&mine, device.expose()).unwrap();
    let created_at = 1_795_280_400_000;
    let reset_bytes = public.to_bytes();
    let reset = ResetBound {
        mailbox_id: MAILBOX,
        public_key: &reset_bytes,
        created_at,
        expires_at: created_at + 3_600_000,
    };
    let (reset_token, _) = keys.tokens.issue_reset(&reset);
    // Last, so that what is written before it does not change.
    let wrapped_key = mailbox.wrap_key(MAILBOX, MESSAGE, &key, &random);
    let opened = mailbox.open_key(MAILBOX, MESSAGE, &wrapped_key).unwrap().to_bytes();
    assert_eq!(*opened.expose(), *key.to_bytes().expose());
    let words = key.seal_part(Part::Words(MESSAGE), "\u{1}\u{2}unfall\nweiss".as_bytes(), &random);

    json!({
        "about": "Written by crates/vault/tests/vectors.rs from SequenceRandom; described in docs/formats.md; opened by read.py. Bytes are base64.",
        "server_key": server.to_file_text().expose(),
        "key_id": server.id(),
        "records": [
            { "key": "spool", "label": "ticket", "id": "leg-1", "plain": "{\"recipient\":\"kunde@example.org\"}", "sealed": text(&ticket) },
            { "key": "rows", "label": "address", "id": MAILBOX, "plain": "müller@example.org", "sealed": text(&address) },
        ],
        "tags": {
            "address": { "of": "müller@example.org", "tag": text(&keys.tags.address_tag("müller@example.org")) },
            "thread": { "of": "1@example.org", "tag": text(&keys.tags.thread_tag("1@example.org")) },
            "device": { "of": "müller@example.org", "epochs": "p.a.s", "cookie": device.expose(), "tag": text(&known.tag) },
            "fingerprint": { "of": "From: a\r\n\r\nbody\r\n", "tag": text(&fingerprint.finish()) },
        },
        "token": { "text": token_text.expose(), "activation_hash": text(&token_hash), "reset_hash": text(&reset_hash),
            "reset": { "created_at": reset.created_at, "expires_at": reset.expires_at, "text": reset_token.text().expose() } },
        "message": {
            "key": text(key.to_bytes().expose()),
            "part": { "label": "head", "plain": text(head), "sealed": text(&part) },
            "streams": streams,
        },
        "mailbox": {
            "id": MAILBOX,
            "public": text(&public.to_bytes()),
            "activation": text(&activation),
            "password": { "typed": password, "wrap": text(&by_password) },
            "initial": { "told": told.expose(), "wrap": text(&by_initial) },
            "answer": { "typed": answer, "wrap": text(&by_answer) },
            "escrow": text(&by_escrow),
            "offline_escrow": { "key": offline.to_file_text().expose(), "public": offline.public().to_file_text(), "wrap": text(&by_offline) },
            "sealed_key": { "message_id": MESSAGE, "sealed": text(&sealed_key) },
            "wrapped_key": { "message_id": MESSAGE, "sealed": text(&wrapped_key) },
        },
        "words": { "label": format!("words:{MESSAGE}"), "plain": "\u{1}\u{2}unfall\nweiss", "sealed": text(&words) },
        "session": { "cookie": cookie.expose(), "hash": text(&session_hash), "csrf": session.csrf(), "since": held.since, "epochs": held.epochs, "sealed": text(&in_session) },
        "audit": {
            "row": { "seq": 2, "at": 1_700_000_000_000_i64, "actor": "owner", "action": "letter.opened", "object": MESSAGE, "mailbox": MAILBOX, "network": "192.0.2.0/24", "outcome": "done", "detail": "" },
            "writer": "portal",
            "before": text(&audit_before),
            "proof": text(&audit_row),
            "head": text(&audit_head),
        },
        "proven": { "mailbox_id": MAILBOX, "deposit_id": MESSAGE, "listing": text(&proven_listing) },
    })
}

/// What was sealed to a key pair, with randomness of its own, so it is never the same twice.
const TO_KEYS: [&str; 3] = ["/mailbox/escrow", "/mailbox/offline_escrow/wrap", "/mailbox/sealed_key/sealed"];

#[test]
fn the_vectors_are_what_we_write() {
    let path = folder().join("vectors.json");
    let mut now = vectors();
    if std::env::var_os("SEALPOST_WRITE_VECTORS").is_some() {
        std::fs::write(&path, format!("{now:#}\n")).unwrap();
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for place in TO_KEYS {
        *now.pointer_mut(place).unwrap() = kept.pointer(place).unwrap().clone();
    }
    for (name, value) in now.as_object().unwrap() {
        assert!(kept[name] == *value, "{name}: the format has changed; stored mailboxes would not open");
    }
    assert_eq!(kept.as_object().unwrap().len(), now.as_object().unwrap().len());
}

#[test]
fn what_was_sealed_to_a_key_pair_still_opens() {
    let kept: Value = serde_json::from_slice(&std::fs::read(folder().join("vectors.json")).unwrap()).unwrap();
    let said = |place: &str| kept.pointer(place).unwrap().as_str().unwrap();
    let bytes = |place: &str| STANDARD.decode(said(place)).unwrap();
    let keys = ServerKey::parse(said("/server_key")).unwrap().keys();
    let public = MailboxPublic::from_bytes(&bytes("/mailbox/public")).unwrap();
    let secret = MailboxSecret::unwrap_escrow(&bytes("/mailbox/escrow"), MAILBOX, &keys.escrow).unwrap();
    assert!(secret.public() == public);
    let offline = EscrowSecret::parse(said("/mailbox/offline_escrow/key")).unwrap();
    let wrap = bytes("/mailbox/offline_escrow/wrap");
    assert!(MailboxSecret::unwrap_escrow(&wrap, MAILBOX, &offline).unwrap().public() == public);
    let key = secret.open_key(MAILBOX, MESSAGE, &bytes("/mailbox/sealed_key/sealed")).unwrap();
    assert_eq!(key.to_bytes().expose().as_slice(), bytes("/message/key"));
}

/// The randomness of a test vector.
struct Given(Vec<u8>);

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("encapsulation takes bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("encapsulation takes bytes")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Given {}

#[test]
fn x_wing_is_the_drafts() {
    let file: Value = serde_json::from_slice(&std::fs::read(folder().join("xwing.json")).unwrap()).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let field = |name: &str| unhex(vector[name].as_str().unwrap());
        let secret = <XWing as Kem>::PrivateKey::from_bytes(&field("sk")).unwrap();
        let public = XWing::sk_to_pk(&secret);
        assert_eq!(public.to_bytes().as_slice(), field("pk"));
        let (shared, key) = XWing::encap_with_rng(&public, None, &mut Given(field("eseed"))).unwrap();
        assert_eq!(key.to_bytes().as_slice(), field("ct"));
        assert_eq!(shared.0.as_slice(), field("ss"));
        assert_eq!(XWing::decap(&secret, None, &key).unwrap().0.as_slice(), field("ss"));
    }
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
