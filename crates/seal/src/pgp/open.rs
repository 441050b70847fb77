//! Opens OpenPGP messages: decrypts them with one of our keys, verifies signatures. In the worker only. Knows no MIME.

use std::borrow::Cow;
use std::io::Read as _;

use sealpost_mail::Timestamp;
use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::crypto::{KeyPair, SessionKey};
use sequoia_openpgp::packet::{PKESK, SKESK, Tag};
use sequoia_openpgp::parse::stream::{
    DecryptionHelper, DecryptorBuilder, DetachedVerifierBuilder, GoodChecksum, MessageLayer,
    MessageStructure, VerificationError, VerificationHelper, VerificationResult, VerifierBuilder,
};
use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse as _};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::{RevocationStatus, SymmetricAlgorithm};
use sequoia_openpgp::{Error, KeyHandle, KeyID, armor};

use super::system_time;
use crate::key_facts::Fingerprint;
use crate::lend::Keys;
use crate::open_result::{Distrust, NotOpened, SignatureVerdict, Trust};

/// Maximum number of recipients examined.
const MAX_PKESKS: usize = 1000;
/// Maximum number of packets in a message, in all its layers: for each packet the library checks the grammar of all before it again.
const MAX_PACKETS: usize = 2000;
/// Maximum number of hidden recipients: each costs an attempt with every key that may be tried.
const MAX_HIDDEN: usize = 32;

/// One signature, judged by cryptography and trusted keys.
pub(crate) struct Signer {
    /// Whose it is: one of the keys that were given.
    pub(crate) of: Option<sequoia_openpgp::Fingerprint>,
    pub(crate) id: Option<String>,
    /// The key that made it: mostly a subkey.
    pub(crate) made_by: Option<sequoia_openpgp::Fingerprint>,
    pub(crate) verdict: SignatureVerdict,
    pub(crate) algorithm: String,
}

/// The result of opening a message.
pub(crate) struct Message {
    pub(crate) content: Vec<u8>,
    pub(crate) cipher: String,
    pub(crate) by: Option<Fingerprint>,
    pub(crate) signers: Vec<Signer>,
}

struct Helper<'a> {
    /// Ids of our decryption subkeys, and their index in `keys`.
    ours: Vec<(KeyID, usize)>,
    keys: Option<&'a mut dyn Keys>,
    trusted: &'a [Cert],
    used: Option<Fingerprint>,
    encrypted: bool,
    cipher: String,
    signers: Vec<Signer>,
    /// Packets read so far.
    packets: usize,
}

impl VerificationHelper for Helper<'_> {
    fn inspect(&mut self, _packet: &PacketParser<'_>) -> Result<(), anyhow::Error> {
        self.packets = self.packets.saturating_add(1);
        if self.packets > MAX_PACKETS {
            return Err(Error::MalformedMessage(format!("more than {MAX_PACKETS} packets")).into());
        }
        Ok(())
    }

    fn get_certs(&mut self, _ids: &[KeyHandle]) -> Result<Vec<Cert>, anyhow::Error> {
        Ok(self.trusted.to_vec())
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> Result<(), anyhow::Error> {
        for (depth, layer) in structure.into_iter().enumerate() {
            match layer {
                MessageLayer::Compression { .. } => {}
                MessageLayer::Encryption { sym_algo, aead_algo } => {
                    self.encrypted |= depth == 0;
                    self.cipher = match aead_algo {
                        Some(aead) => format!("{sym_algo} with {aead}"),
                        None => format!("{sym_algo} with MDC"),
                    };
                }
                MessageLayer::SignatureGroup { results } => {
                    self.signers.extend(results.into_iter().take(16).map(signer));
                }
            }
        }
        // The verdict is reported, never decided here: reading continues.
        Ok(())
    }
}

impl DecryptionHelper for Helper<'_> {
    fn decrypt(
        &mut self,
        pkesks: &[PKESK],
        _skesks: &[SKESK],
        sym_algo: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> Result<Option<Cert>, anyhow::Error> {
        let Some(keys) = self.keys.as_deref_mut() else { return Err(none_opens()) };
        let pkesks = || pkesks.iter().take(MAX_PKESKS);
        let named = |pkesk: &&PKESK| pkesk.recipient().map(KeyID::from).filter(|id| !id.is_wildcard());
        let mut opens = |pkesk: &PKESK, at: usize, id: Option<&KeyID>| {
            let fingerprint = keys.recipients().get(at)?.fingerprint().clone();
            let mut pairs = keys.subkeys(at)?.into_iter().filter(|(of, _)| id.is_none_or(|id| id == of));
            let mut opened = |pair: &mut KeyPair| {
                pkesk.decrypt(pair, sym_algo).is_some_and(|(algo, key)| decrypt(algo, &key))
            };
            pairs.any(|(_, mut pair)| opened(&mut pair)).then_some(fingerprint)
        };
        for pkesk in pkesks() {
            let Some(id) = named(&pkesk) else { continue };
            for (_, at) in self.ours.iter().filter(|(ours, _)| *ours == id) {
                self.used = opens(pkesk, *at, Some(&id));
                if self.used.is_some() {
                    return Ok(None);
                }
            }
        }
        // A hidden recipient may be ourselves: as many of our keys are tried as the limit per letter allows.
        let mut holders: Vec<usize> = self.ours.iter().map(|(_, at)| *at).collect();
        holders.dedup();
        for pkesk in pkesks().filter(|pkesk| named(pkesk).is_none()).take(MAX_HIDDEN) {
            for at in &holders {
                self.used = opens(pkesk, *at, None);
                if self.used.is_some() {
                    return Ok(None);
                }
            }
        }
        Err(none_opens())
    }
}

fn none_opens() -> anyhow::Error {
    anyhow::anyhow!("none of our keys opens it")
}

fn helper<'a>(keys: Option<&'a mut dyn Keys>, trusted: &'a [Cert]) -> Helper<'a> {
    let ours = keys.as_ref().map(|keys| keys.recipients()).unwrap_or_default().iter().enumerate();
    Helper {
        ours: ours.flat_map(|(at, own)| own.key_ids().map(move |id| (id, at))).collect(),
        keys,
        trusted,
        used: None,
        encrypted: false,
        cipher: String::new(),
        signers: Vec::new(),
        packets: 0,
    }
}

/// Decrypts a message, armoured or binary. Nothing is returned before the whole was authenticated (MDC or AEAD): the library
/// refuses messages without either.
pub(crate) fn decrypt(
    message: &[u8],
    own: &mut dyn Keys,
    trusted: &[Cert],
    now: Timestamp,
    most: usize,
) -> Result<Message, NotOpened> {
    let policy = StandardPolicy::new();
    let helper = helper(Some(own), trusted);
    if helper.ours.is_empty() {
        return Err(NotOpened::NoKey);
    }
    let message = alone(message).ok_or(NotOpened::Beside)?;
    let builder = DecryptorBuilder::from_bytes(&message).map_err(|_format| NotOpened::Malformed)?;
    let mut decryptor = builder
        .with_policy(&policy, system_time(now), helper)
        // The library does not tell whether a key matched: mostly an undecryptable message is not for our keys.
        .map_err(|error| refused(&error))?;
    let mut content = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    (&mut decryptor).take(limit).read_to_end(&mut content).map_err(|_damaged| NotOpened::Tampered)?;
    if content.len() > most {
        return Err(NotOpened::TooMuch);
    }
    if !decryptor.message_processed() {
        return Err(NotOpened::Tampered);
    }
    let helper = decryptor.into_helper();
    // A message that is only signed, although declared as encrypted.
    if !helper.encrypted {
        return Err(NotOpened::Malformed);
    }
    Ok(Message { content, cipher: helper.cipher, by: helper.used, signers: helper.signers })
}

/// The message that is decrypted, without its armour, if there is nothing beside it: that would be lost, and others may read it.
fn alone(message: &[u8]) -> Option<Cow<'_, [u8]>> {
    let text = message.trim_ascii();
    let count = |mark: &[u8]| memchr::memmem::find_iter(text, mark).count();
    if count(ARMOUR.0) == 0 {
        // A line end may have been appended in transit.
        let ends = ends_with_message(message) || ends_with_message(message.trim_ascii_end());
        return ends.then_some(Cow::Borrowed(message));
    }
    let is_one = count(ARMOUR.0) == 1 && count(ARMOUR.1) <= 1;
    if !is_one || !is_bare(text) {
        return None;
    }
    // Undone once, for all who read it. Where that fails, the decryption reports the error.
    let mut bytes = Vec::with_capacity(text.len());
    let undone = armor::Reader::from_bytes(text, None).read_to_end(&mut bytes);
    let bytes = undone.map_or(Cow::Borrowed(message), |_| Cow::Owned(bytes));
    ends_with_message(&bytes).then_some(bytes)
}

/// Whether an armour only has lines that belong to it. A truncated one has no last line.
fn is_bare(armour: &[u8]) -> bool {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let end = memchr::memmem::find(armour, ARMOUR.1);
    let (inside, end) = end.and_then(|at| armour.split_at_checked(at)).unwrap_or((armour, b"".as_slice()));
    let mut lines = inside.split(is_end);
    lines.next().is_some_and(|first| is_mark(first, ARMOUR.0))
        && (end.is_empty() || (inside.last().is_some_and(is_end) && is_mark(end, ARMOUR.1)))
        && lines.all(is_usual)
}

/// Whether this is a first or last line, with nothing after it.
fn is_mark(line: &[u8], begins: &[u8]) -> bool {
    let kind = line.trim_ascii_end().strip_prefix(begins).and_then(|rest| rest.strip_suffix(b"-----"));
    kind.is_some_and(|kind| {
        kind.iter().all(|byte| byte.is_ascii_uppercase() || b" ,/0123456789".contains(byte))
    })
}

/// Whether a line is base64, or a header that programs write at the beginning (RFC 4880 §6.2).
fn is_usual(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let begins = |name: &&[u8]| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    line.iter().all(is_base64) || USUAL.iter().any(begins)
}

const USUAL: &[&[u8]] = &[b"Version:", b"Comment:", b"MessageID:", b"Hash:", b"Charset:"];

/// The beginnings of its lines (RFC 9580 §6.2), whatever its label.
const ARMOUR: (&[u8], &[u8]) = (b"-----BEGIN PGP ", b"-----END PGP ");

/// Whether the first encrypted packet is the last of all packets, except those without meaning (RFC 9580 §5.8, §5.14). Anything
/// that is not a message is left to decryption.
fn ends_with_message(message: &[u8]) -> bool {
    let mut over = false;
    let Ok(mut next) = PacketParser::from_bytes(message) else { return true };
    while let PacketParserResult::Some(mut packet) = next {
        match packet.packet.tag() {
            Tag::Marker | Tag::Padding => {}
            _ if over => return false,
            Tag::SEIP | Tag::SED | Tag::AED => over = true,
            _ => {}
        }
        // Truncated: not to be judged here.
        if packet.finish().is_err() {
            return true;
        }
        match packet.next() {
            Ok((_, behind)) => next = behind,
            Err(_no_packet) => return !over,
        }
    }
    true
}

fn refused(error: &anyhow::Error) -> NotOpened {
    let says = error.to_string();
    if says.contains("none of our keys") {
        return NotOpened::NoKey;
    }
    match error.downcast_ref::<Error>() {
        Some(Error::MissingSessionKey(_)) => NotOpened::NoKey,
        Some(Error::ManipulatedMessage) => NotOpened::Tampered,
        Some(
            Error::PolicyViolation(..)
            | Error::UnsupportedSymmetricAlgorithm(_)
            | Error::UnsupportedAEADAlgorithm(_),
        ) => NotOpened::Algorithm,
        _ => NotOpened::Malformed,
    }
}

/// Whether there is nothing around the armour, if it has one: the library skips unsigned text. It accepts armour lines with other
/// dashes, or none.
fn is_bare_signature(signature: &[u8]) -> bool {
    let text = signature.trim_ascii();
    memchr::memmem::find(text, b"BEGIN PGP ").is_none() || is_bare(text)
}

/// Verifies detached signatures over `content`.
pub(crate) fn verify_detached(
    signature: &[u8],
    content: &[u8],
    trusted: &[Cert],
    now: Timestamp,
) -> Result<Vec<Signer>, NotOpened> {
    if !is_bare_signature(signature) {
        return Err(NotOpened::Malformed);
    }
    let policy = StandardPolicy::new();
    let builder = DetachedVerifierBuilder::from_bytes(signature).map_err(|_format| NotOpened::Malformed)?;
    let mut verifier = builder
        .with_policy(&policy, system_time(now), helper(None, trusted))
        .map_err(|_format| NotOpened::Malformed)?;
    verifier.verify_bytes(content).map_err(|_format| NotOpened::Malformed)?;
    Ok(verifier.into_helper().signers)
}

/// Verifies a text in the cleartext framework (RFC 9580 §7) and returns the signed text.
pub(crate) fn verify_clear(
    message: &[u8],
    trusted: &[Cert],
    now: Timestamp,
) -> Result<(Vec<u8>, Vec<Signer>), NotOpened> {
    let policy = StandardPolicy::new();
    let builder = VerifierBuilder::from_bytes(message).map_err(|_format| NotOpened::Malformed)?;
    let mut verifier = builder
        .with_policy(&policy, system_time(now), helper(None, trusted))
        .map_err(|_format| NotOpened::Malformed)?;
    let mut text = Vec::new();
    verifier.read_to_end(&mut text).map_err(|_damaged| NotOpened::Malformed)?;
    Ok((text, verifier.into_helper().signers))
}

fn signer(result: VerificationResult<'_>) -> Signer {
    let algorithm =
        |sig: &sequoia_openpgp::packet::Signature| format!("{} with {}", sig.pk_algo(), sig.hash_algo());
    let id = |sig: &sequoia_openpgp::packet::Signature| sig.get_issuers().first().map(ToString::to_string);
    match result {
        Ok(GoodChecksum { sig, ka }) => Signer {
            of: Some(ka.cert().fingerprint()),
            id: id(sig),
            made_by: Some(ka.key().fingerprint()),
            verdict: SignatureVerdict::Valid(Trust::Key),
            algorithm: algorithm(sig),
        },
        Err(VerificationError::MissingKey { sig }) => Signer {
            of: None,
            id: id(sig),
            made_by: None,
            verdict: SignatureVerdict::UnknownSigner,
            algorithm: algorithm(sig),
        },
        Err(VerificationError::UnboundKey { sig, cert, .. }) => Signer {
            of: Some(cert.fingerprint()),
            id: id(sig),
            made_by: None,
            verdict: SignatureVerdict::Untrusted(Distrust::Usage),
            algorithm: algorithm(sig),
        },
        Err(VerificationError::BadKey { sig, ka, .. }) => {
            let policy = StandardPolicy::new();
            let known = RevocationStatus::NotAsFarAsWeKnow;
            let revoked = ka.cert().revocation_status(&policy, None) != known;
            let why = if revoked { Distrust::Revoked } else { Distrust::Expired };
            Signer {
                of: Some(ka.cert().fingerprint()),
                id: id(sig),
                made_by: Some(ka.key().fingerprint()),
                verdict: SignatureVerdict::Untrusted(why),
                algorithm: algorithm(sig),
            }
        }
        Err(VerificationError::BadSignature { sig, ka, .. }) => Signer {
            of: Some(ka.cert().fingerprint()),
            id: id(sig),
            made_by: Some(ka.key().fingerprint()),
            verdict: SignatureVerdict::Invalid,
            algorithm: algorithm(sig),
        },
        Err(_malformed) => Signer {
            of: None,
            id: None,
            made_by: None,
            verdict: SignatureVerdict::Invalid,
            algorithm: "an unknown algorithm".to_owned(),
        },
    }
}
