//! Untrusted data about partners, for every parser: letters, key files, answers and lists of authorities, messages of a worker.
//! Nothing panics, and nothing unsigned counts as proven.

use std::sync::LazyLock;

use sealpost_mail::{Address, SequenceRandom, Timestamp};
use sealpost_seal::{
    Closing, Content, Form, HeaderProtection, Holder, Kind, NoTokens, OwnKey, PartnerKey, Profile,
    RevocationList, Signature, Transport, close, hostile,
};

/// The text of every letter that is signed here.
const TEXT: &str = "the text that was signed";
const NOW: Timestamp = Timestamp(1_795_000_000_000);

/// One key of each method.
static KEYS: LazyLock<[OwnKey; 2]> = LazyLock::new(|| {
    let address = Address::parse("a@b.example").unwrap();
    let holder = Holder { name: "B".to_owned(), address, domain: None, country: None };
    [Kind::SmimeP256, Kind::OpenPgpCurve25519].map(|kind| OwnKey::generate(kind, &holder, NOW, 2).unwrap())
});

/// What partners really send, to be changed: letters that are signed, encrypted and both, by each method, and keys in each form.
pub(crate) fn samples() -> Vec<Vec<u8>> {
    let letter = format!("From: a@b.example\r\nContent-Type: text/plain\r\n\r\n{TEXT}\r\n");
    let mut samples = Vec::new();
    let opaque = Profile {
        content: Content::Aes256Gcm,
        transport: Transport::Oaep,
        signature: Signature::Pss,
        form: Form::Opaque,
        headers: HeaderProtection::SubjectWithheld,
    };
    for (own, profile) in [(&KEYS[0], Profile::default()), (&KEYS[0], opaque), (&KEYS[1], Profile::default())]
    {
        let to = std::slice::from_ref(own.public());
        for (sign_with, to) in [(Some(own), &to[..0]), (None, to), (Some(own), to)] {
            let random = SequenceRandom::default();
            let closing = Closing { sign_with, to, tokens: &NoTokens, profile, now: NOW, random: &random };
            samples.push(close(&mut letter.as_bytes(), &closing, Vec::new()).unwrap().into_inner());
        }
        let (opened, _) = hostile::open(samples.last().unwrap(), KEYS.as_slice(), NOW);
        assert!(opened.proven_sender().is_some(), "the samples prove nothing: {opened:?}");
        samples.push(serde_json::json!({ "opened": opened }).to_string().into_bytes());
    }
    for own in KEYS.iter() {
        samples.push(own.public().to_text().unwrap().into_bytes());
        samples.push(own.public().as_bytes().to_vec());
    }
    samples
}

pub(crate) fn check(input: &[u8]) {
    letter(input);
    keys(input);
    if let Ok(lists) = RevocationList::read(input) {
        assert!(!lists.is_empty());
    }
    let certificate = KEYS[0].public();
    let _answer = hostile::ocsp(input, certificate, NOW);
    let _chain = hostile::chain(input, certificate, NOW);
    let _list = hostile::list(input, certificate, NOW);
    let _read = hostile::der(input);
    let size = input.first().map_or(1, |byte| usize::from(*byte));
    assert!(hostile::entity(input, size) <= input.len(), "a part is larger than the whole");
    let _said = hostile::reply(input);
}

fn letter(input: &[u8]) {
    // sequoia-openpgp 2.4.2 unwraps in `PacketParser::decrypt` when the data packet is cut within its prefix. In the product that
    // ends the worker process, and the letter counts as unopened. A fuzzer stops there.
    let opened = std::panic::catch_unwind(|| hostile::open(input, KEYS.as_slice(), NOW));
    let Ok((opened, left)) = opened else { return };
    if opened.proven_sender().is_some() {
        let shown = left.as_deref().unwrap_or(input);
        let is_there = shown.windows(TEXT.len()).any(|window| window == TEXT.as_bytes());
        assert!(is_there, "something else is proven");
    }
}

fn keys(input: &[u8]) {
    for key in PartnerKey::read(input).unwrap_or_default() {
        // What was read once is read again, and nothing but it.
        let again = PartnerKey::from_bytes(&key.to_bytes()).unwrap();
        assert!(again == key);
        if let Ok(text) = key.to_text() {
            assert!(!text.contains("PRIVATE"), "a private key is no partner's");
        }
    }
}
