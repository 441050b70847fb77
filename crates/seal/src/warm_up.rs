//! Encrypts and decrypts a letter of its own before the worker program forks, with temporary keys: what libraries set
//! up at first use is then present in every copy. Knows no other letter or key.

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{Signer, Verifier};
use sealpost_mail::{Address, SystemRandom, Timestamp};

use crate::algorithm_profile::Profile;
use crate::close::close;
use crate::closing::Closing;
use crate::key_request::{Holder, Kind};
use crate::lend::{InMemory, Lent};
use crate::open::{self, OpenParameters};
use crate::open_result::SpeaksFor;
use crate::opening::{Lists, Sender, TrustedKey};
use crate::own_key::OwnKey;
use crate::pgp;
use crate::recipient_key::RecipientKey;
use crate::token::NoTokens;

const LETTER: &[u8] = b"From: a@warm.invalid\r\nTo: b@warm.invalid\r\nSubject: x\r\n\r\nx\r\n";
/// An arbitrary time, which is never output.
const NOW: Timestamp = Timestamp(1_780_000_000_000);
/// The library's minimum: made in milliseconds, and not used for anything else.
const RSA_BITS: u32 = 1024;

/// Runs it. A failure will be reported by the first job.
#[doc(hidden)]
pub fn warm_up() {
    openssl::init();
    for kind in [Kind::SmimeP256, Kind::OpenPgpCurve25519] {
        let _ = there_and_back(kind);
    }
    let _ = rsa();
    take_up_gaps();
}

fn there_and_back(kind: Kind) -> Option<()> {
    let address = Address::parse("b@warm.invalid").ok()?;
    let holder = Holder { name: "x".to_owned(), address, domain: None, country: None };
    let own = OwnKey::generate(kind, &holder, NOW, 1).ok()?;
    let to = [own.public().clone()];
    let closing = Closing {
        sign_with: Some(&own),
        to: &to,
        tokens: &NoTokens,
        profile: Profile::default(),
        now: NOW,
        random: &SystemRandom,
    };
    let closed = close(&mut &LETTER[..], &closing, Vec::new()).ok()?.into_inner();
    let subkeys = own.lent();
    // As the worker reads them.
    let _ = subkeys.and_then(|lent| pgp::key::from_lent(lent.expose()));
    let asked = OpenParameters {
        trusted: vec![TrustedKey { key: own.public().clone(), speaks_for: SpeaksFor::ItsAddresses }],
        distrusted: Vec::new(),
        roots: Vec::new(),
        crls: Vec::new(),
        lists: Lists::Off,
        sender: Sender::Stranger,
        now: NOW,
        most: closed.len() * 2,
    };
    let recipients = vec![RecipientKey::of(own.public())];
    let own = [own];
    let _ = open::open(&closed, &asked, &mut Lent::new(recipients, &mut InMemory(&own)));
    Some(())
}

fn rsa() -> Result<(), openssl::error::ErrorStack> {
    let made = PKey::from_rsa(Rsa::generate(RSA_BITS)?)?.private_key_to_pkcs8()?;
    let key = PKey::private_key_from_pkcs8(&made)?;
    // As it lies in certificates: how a key of a kind is read, the library looks up once.
    let public = PKey::public_key_from_der(&key.public_key_to_der()?)?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(LETTER)?;
    let signature = signer.sign_to_vec()?;
    let mut verifier = Verifier::new(MessageDigest::sha256(), &public)?;
    verifier.update(LETTER)?;
    let _ = verifier.verify(&signature)?;
    let rsa = key.rsa()?;
    let mut closed = vec![0; usize::try_from(rsa.size()).unwrap_or_default()];
    let length = rsa.public_encrypt(b"x", &mut closed, Padding::PKCS1)?;
    let mut open = vec![0; closed.len()];
    let _ = rsa.private_decrypt(closed.get(..length).unwrap_or_default(), &mut open, Padding::PKCS1)?;
    Ok(())
}

/// The largest gap that is filled, and the maximum number of gaps.
const MAX_GAP: usize = 32 * 1024;
const MAX_GAPS: usize = 20_000;

/// Takes what is free among what is in use, for good. Each page that a copy writes to the kernel copies for it: what a copy asks for
/// comes in a row behind all that is here then, and not from a hundred pages with a little room in each.
fn take_up_gaps() {
    let mut taken: Vec<Vec<u8>> = Vec::with_capacity(MAX_GAPS);
    let end = Vec::<u8>::with_capacity(2 * MAX_GAP);
    let end = end.as_ptr().addr();
    let mut size = MAX_GAP;
    while size > 0 {
        while taken.len() < MAX_GAPS {
            let next = Vec::<u8>::with_capacity(size);
            let behind = next.as_ptr().addr() >= end;
            taken.push(next);
            if behind {
                break;
            }
        }
        // The allocator keeps small ones apart by every sixteen octets, and gives none of another size.
        size -= if size > 2048 { size / 8 } else { 16.min(size) };
    }
    std::mem::forget(taken);
}
