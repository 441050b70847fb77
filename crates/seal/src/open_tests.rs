//! What opening proves, and that no input breaks it.

use super::*;
use crate::algorithm_profile::Profile;
use crate::close::close;
use crate::closing::Closing;
use crate::key_operations::ContentKeyTask;
use crate::key_request::{Holder, Kind};
use crate::lend::{InMemory, Lender, Lent};
use crate::open_result::SpeaksFor;
use crate::own_key::OwnKey;
use crate::pgp::key::Subkeys;
use crate::recipient_key::RecipientKey;
use crate::token::NoTokens;
use proptest::prelude::*;
use sealpost_mail::{Clock as _, Secret, SequenceRandom, SystemClock};
use std::sync::LazyLock;

const LETTER: &[u8] = b"From: a@b.example\r\nContent-Type: text/plain\r\n\r\nthe text that was signed\r\n";

static KEYS: LazyLock<[OwnKey; 2]> = LazyLock::new(|| {
    let holder = Holder {
        name: "B".to_owned(),
        address: Address::parse("a@b.example").unwrap(),
        domain: None,
        country: None,
    };
    [Kind::SmimeP256, Kind::OpenPgpCurve25519]
        .map(|kind| OwnKey::generate(kind, &holder, SystemClock.now(), 2).unwrap())
});

fn asked() -> OpenParameters {
    let trusted =
        KEYS.iter().map(|key| TrustedKey { key: key.public().clone(), speaks_for: SpeaksFor::ItsAddresses });
    OpenParameters {
        trusted: trusted.collect(),
        distrusted: Vec::new(),
        roots: Vec::new(),
        crls: Vec::new(),
        lists: Lists::Require,
        sender: Sender::Stranger,
        now: SystemClock.now(),
        most: 1 << 20,
    }
}

fn opened(letter: &[u8]) -> (Opened, Option<Vec<u8>>) {
    let recipients = KEYS.iter().map(|key| RecipientKey::of(key.public())).collect();
    open(letter, &asked(), &mut Lent::new(recipients, &mut InMemory(KEYS.as_slice())))
}

/// Signed, encrypted, and both, with each method.
static SENT: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut sent = Vec::new();
    for key in KEYS.iter() {
        let to = std::slice::from_ref(key.public());
        for (sign_with, to) in [(Some(key), &to[..0]), (None, to), (Some(key), to)] {
            let random = SequenceRandom::default();
            let profile = Profile::default();
            let closing = Closing {
                sign_with,
                to,
                tokens: &NoTokens,
                profile,
                now: SystemClock.now(),
                random: &random,
            };
            sent.push(close(&mut &LETTER[..], &closing, Vec::new()).unwrap().into_inner());
        }
    }
    sent
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_changed_nothing_else_is_proven(
        which in 0..6_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let mut letter = SENT[which].clone();
        for (at, to) in changes {
            let at = at.index(letter.len());
            letter[at] = to;
        }
        if let Some(cut) = cut {
            letter.truncate(cut.index(letter.len()));
        }
        // sequoia-openpgp 2.4.2 unwraps in `PacketParser::decrypt` when the data packet is cut within its
        // prefix. In production that ends the worker process, and the letter counts as not opened.
        let Ok((opened, left)) = std::panic::catch_unwind(|| opened(&letter)) else { return Ok(()) };
        if opened.proven_sender().is_some() {
            let shown = left.unwrap_or(letter);
            prop_assert!(memchr::memmem::find(&shown, b"the text that was signed").is_some());
        }
    }

    #[test]
    fn no_letter_breaks_it(kind in 0..5_usize, bytes: Vec<u8>) {
        let heads = [
            "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: binary\r\n\r\n0\u{80}",
            "Content-Type: multipart/signed; boundary=b; protocol=\"application/pkcs7-signature\"\r\n\r\n--b\r\n",
            "Content-Type: multipart/encrypted; boundary=b; protocol=\"application/pgp-encrypted\"\r\n\r\n--b\r\n",
            "Content-Type: text/plain\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n",
            "Content-Type: text/plain\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n",
        ];
        let tails = ["", "\r\n--b\r\n\r\nx\r\n--b--\r\n", "\r\n--b\r\n\r\nx\r\n--b--\r\n",
            "\r\n-----END PGP MESSAGE-----", "\r\n-----END PGP SIGNATURE-----"];
        let letter = [heads[kind].as_bytes(), &bytes, tails[kind].as_bytes()].concat();
        let (opened, _) = opened(&letter);
        prop_assert!(opened.proven_sender().is_none() && !opened.was_decrypted());
    }
}

#[test]
fn only_the_key_that_a_letter_names_is_asked_for() {
    /// Records the requests.
    struct Noted(Vec<usize>);
    impl Lender for Noted {
        fn subkeys(&mut self, at: usize) -> Option<Subkeys> {
            self.0.push(at);
            InMemory(KEYS.as_slice()).subkeys(at)
        }

        fn content_key(&mut self, at: usize, task: &ContentKeyTask) -> Option<Secret<Vec<u8>>> {
            self.0.push(at);
            InMemory(KEYS.as_slice()).content_key(at, task)
        }
    }
    let recipients: Vec<RecipientKey> = KEYS.iter().map(|key| RecipientKey::of(key.public())).collect();
    // Signed, encrypted, both: first S/MIME, then OpenPGP.
    let wanted: [&[usize]; 6] = [&[], &[0], &[0], &[], &[1], &[1]];
    for (letter, wanted) in SENT.iter().zip(wanted) {
        let mut noted = Noted(Vec::new());
        let (opened, _) = open(letter, &asked(), &mut Lent::new(recipients.clone(), &mut noted));
        let asked_for = noted.0;
        assert_eq!((asked_for.as_slice(), opened.was_decrypted()), (wanted, !wanted.is_empty()));
    }
}
