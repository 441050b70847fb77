//! What was found in a letter that was opened: layers, signatures, what is sure and what is not. Pure words; everything
//! in them that came from a key or a letter is another's and must be shown as such.

use sealpost_mail::Address;
use serde::{Deserialize, Serialize};

use crate::key_facts::{Fingerprint, Method};
use crate::partner_key::PartnerKey;

/// What opening a letter gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// From the outside in.
    pub layers: Vec<Layer>,
    /// Every signature found, from the outside in.
    pub signatures: Vec<SignatureFound>,
    /// Whether all of what was written is what somebody closed, undamaged.
    pub wholeness: Wholeness,
    /// What was written to the spool.
    pub written: Written,
    /// What an attentive reader should be told.
    pub notes: Vec<Note>,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Written {
    /// Nothing: the letter goes on as it came, byte for byte.
    Nothing,
    /// A letter of so many bytes.
    Letter(u64),
}

/// One layer that was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Encrypted, and opened.
    Decrypted {
        /// How.
        method: Method,
        /// Content encryption, such as `AES-256-CBC`.
        cipher: String,
        /// Key transport or agreement, such as `RSAES-OAEP`.
        transport: String,
        /// Which of our keys opened it.
        by: Fingerprint,
    },
    /// Encrypted, and not opened; it is written as it came.
    Closed {
        /// How.
        method: Method,
        /// Why.
        why: NotOpened,
    },
    /// Signed; the verdicts are in [`Opened::signatures`].
    Signed {
        /// How.
        method: Method,
        /// Whether the text around it covers it all.
        covers: Coverage,
    },
    /// Compressed (RFC 3274), and unfolded.
    Compressed,
}

/// Why a layer stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotOpened {
    /// None of our keys is among its recipients.
    NoKey,
    /// It was changed on its way, or is broken: what authenticates it does not fit.
    Tampered,
    /// An algorithm that is broken or unknown, or parameters that are not what they must be.
    Algorithm,
    /// It cannot be read.
    Malformed,
    /// Larger, deeper or more than the limits.
    TooMuch,
    /// It lies beside parts that anyone may have put there, which could carry its text away (EFAIL).
    Beside,
    /// It could have been changed on its way, and what is in it would ask the network for something when it is shown: how
    /// EFAIL carries text away. It was decrypted, and is not given out.
    ReachesOut,
    /// It is a file, or lies within another letter or a file: its recipient's to open.
    Within,
}

/// How much of the letter a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// All of it.
    Whole,
    /// A part: something beside it is signed by nobody.
    Part,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureFound {
    /// How.
    pub method: Method,
    /// What it is worth.
    pub verdict: SignatureVerdict,
    /// Who signed; `None`: nobody knows (unknown OpenPGP key, broken CMS).
    pub signer: Option<PartnerKey>,
    /// The key id that the signature names, where the key itself is not known.
    pub signer_id: Option<String>,
    /// Whether that is who the letter says it is from.
    pub from: FromMatch,
    /// How much it covers.
    pub covers: Coverage,
    /// Digest and algorithm, such as `SHA-256 with RSASSA-PSS`.
    pub algorithm: String,
}

/// What a signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureVerdict {
    /// The bytes are what the signer signed, and the signer is trusted so.
    Valid(Trust),
    /// The bytes are what the signer signed, but nobody vouches for the signer.
    Untrusted(Distrust),
    /// The bytes were changed, or the signature is broken.
    Invalid,
    /// An algorithm that proves nothing (MD5, SHA-1) or is unknown.
    WeakAlgorithm,
    /// The key that made it is not known to us.
    UnknownSigner,
}

/// Why a signer is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Its very key or certificate is among the trusted ones.
    Key,
    /// A chain that counts leads to a trusted root, the address in From belongs to a partner that is in use, and the
    /// certificate names that address, or its whole domain.
    Partner,
    /// A chain that counts leads to a trusted root, and nothing else is known of the signer: an authority gives
    /// certificates to everybody.
    Chain,
    /// A chain leads to a trusted root, and there is no list, or none that is current, to say whether it is revoked.
    ChainWithoutList,
}

/// Why a signer is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distrust {
    /// No chain to a trusted root, and the key itself is not trusted.
    NoChain,
    /// Expired, or not yet valid.
    Expired,
    /// Revoked, by its holder, its authority or the operator: no chain makes it good again.
    Revoked,
    /// The operator has put it, or the partner whose it is, out of use.
    Suspended,
    /// The key may not sign mail, or is too weak.
    Usage,
}

/// Whether the signer is who the letter says it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromMatch {
    /// The key names the very address in From.
    Address,
    /// The key is a trusted key of the domain in From, or a partner's certificate that names that domain as a whole.
    Domain,
    /// It names somebody else.
    Mismatch,
    /// From cannot be read in one way only, or the signer is not known.
    Unknown,
}

/// Which signers' certificates are kept as offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Harvest {
    /// None.
    #[default]
    Off,
    /// Those that an authority of the operator's vouches for.
    Vouched,
    /// Those that nobody vouches for, too.
    Any,
}

/// Whether what was written is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wholeness {
    /// Nothing was encrypted: nothing was written.
    Plain,
    /// Every encrypted layer authenticates itself (AES-GCM, MDC, AEAD), or a valid signature inside covers it all.
    Authenticated,
    /// An encrypted layer does not authenticate itself (AES-CBC) and nothing inside does: whoever carried it may have
    /// changed it (EFAIL). It must be shown so, and without active content.
    Malleable,
}

/// What an attentive reader should be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// Parts lie beside an encrypted or signed one.
    PartsBeside,
    /// The head inside named fields that were not taken over: so many.
    FieldsInsideIgnored(usize),
    /// The From inside is another one than outside; the outer one stands, and no signature is its own.
    OtherFromInside,
    /// The head inside is protected and has the From that stands outside: whoever signed it wrote it (RFC 9788).
    FromProtected,
    /// The subject was protected and is the one from inside (RFC 9788).
    SubjectFromInside,
    /// A certificate of another person came along and was not taken for the signer's (CVE-2026-29140).
    StrangersCertificates(usize),
}

impl Opened {
    /// The signer to show: a key that the operator trusts, or a partner's by a chain that counts, covering the whole,
    /// and the one in From. `None`: the letter is from no partner, whatever else was found.
    #[must_use]
    pub fn proven_sender(&self) -> Option<&SignatureFound> {
        self.signatures.iter().find(|found| {
            matches!(found.verdict, SignatureVerdict::Valid(Trust::Key | Trust::Partner))
                && matches!(found.from, FromMatch::Address | FromMatch::Domain)
                && found.covers == Coverage::Whole
        })
    }

    /// Whether the signer says by name who wrote the letter: the key names the address in From, or From is part of what was
    /// signed. Else a company's key says no more than that somebody of the company did.
    #[must_use]
    pub fn names_the_writer(&self, signature: &SignatureFound) -> bool {
        match signature.from {
            FromMatch::Address => true,
            FromMatch::Domain => self.notes.contains(&Note::FromProtected),
            FromMatch::Mismatch | FromMatch::Unknown => false,
        }
    }

    /// Signers whose key may be offered for use: the signature holds, covers the whole, and the key names the very
    /// address in From. Trust is the operator's to give.
    pub fn harvest(&self, harvest: Harvest) -> impl Iterator<Item = &PartnerKey> {
        let taken = move |found: &&SignatureFound| {
            let verdict = match (harvest, found.verdict) {
                (Harvest::Off, _) => false,
                (Harvest::Vouched | Harvest::Any, SignatureVerdict::Valid(_))
                | (Harvest::Any, SignatureVerdict::Untrusted(Distrust::NoChain)) => true,
                (
                    Harvest::Vouched | Harvest::Any,
                    SignatureVerdict::Untrusted(_)
                    | SignatureVerdict::Invalid
                    | SignatureVerdict::WeakAlgorithm
                    | SignatureVerdict::UnknownSigner,
                ) => false,
            };
            verdict && found.from == FromMatch::Address && found.covers == Coverage::Whole
        };
        self.signatures.iter().filter(taken).filter_map(|found| found.signer.as_ref())
    }

    /// Whether something encrypted was opened.
    #[must_use]
    pub fn was_decrypted(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::Decrypted { .. }))
    }

    /// Why something encrypted was not opened, if so.
    #[must_use]
    pub fn still_closed(&self) -> Option<NotOpened> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Closed { why, .. } => Some(*why),
            Layer::Decrypted { .. } | Layer::Signed { .. } | Layer::Compressed => None,
        })
    }
}

/// For whom a trusted key speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpeaksFor {
    /// The addresses it names.
    ItsAddresses,
    /// Everybody in this domain, because the operator said so.
    Domain(sealpost_mail::Domain),
    /// This one address, because the operator said so.
    Address(Address),
}
