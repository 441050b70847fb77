//! The result of opening a letter: layers, signatures, certain and uncertain facts. Data only; text from keys or
//! letters is untrusted and must be displayed as such.

use sealpost_mail::Address;
use serde::{Deserialize, Serialize};

use crate::key_facts::{Fingerprint, Method};
use crate::partner_key::PartnerKey;

/// The result of opening a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The layers, from the outside in.
    pub layers: Vec<Layer>,
    /// Every signature found, from the outside in.
    pub signatures: Vec<SignatureFound>,
    /// Whether everything written is authentic and complete.
    pub wholeness: Wholeness,
    /// What was written to the spool.
    pub written: Written,
    /// Remarks for attentive readers.
    pub notes: Vec<Note>,
}

/// The output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Written {
    /// Nothing: the letter is passed on unchanged, byte for byte.
    Nothing,
    /// A letter of this many bytes.
    Letter(u64),
}

/// A layer of the letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Encrypted, and decrypted here.
    Decrypted {
        /// The method.
        method: Method,
        /// Content encryption, such as `AES-256-CBC`.
        cipher: String,
        /// Key transport or agreement, such as `RSAES-OAEP`.
        transport: String,
        /// Fingerprint of our key that decrypted it.
        by: Fingerprint,
    },
    /// Encrypted, and not decrypted; written unchanged.
    Closed {
        /// The method.
        method: Method,
        /// The reason.
        why: NotOpened,
    },
    /// Signed; the verdicts are in [`Opened::signatures`].
    Signed {
        /// The method.
        method: Method,
        /// Whether it covers the whole text.
        covers: Coverage,
    },
    /// Compressed (RFC 3274), and decompressed.
    Compressed,
}

/// Why a layer was not decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotOpened {
    /// None of our keys is among its recipients.
    NoKey,
    /// It was changed in transit, or is damaged: its authentication fails.
    Tampered,
    /// A broken or unknown algorithm, or invalid parameters.
    Algorithm,
    /// It cannot be read.
    Malformed,
    /// It exceeds a limit of size, depth or number.
    TooMuch,
    /// It is beside parts that anyone may have added, which could exfiltrate its text (EFAIL).
    Beside,
    /// It may have been changed in transit, and its content would access the network when displayed: the way EFAIL
    /// exfiltrates text. It was decrypted, but is not passed on.
    ReachesOut,
    /// It is a file, or within another letter or a file: for its recipient to open.
    Within,
}

/// How much of the letter a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// All of it.
    Whole,
    /// A part: there is unsigned content beside it.
    Part,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureFound {
    /// The method.
    pub method: Method,
    /// The verdict.
    pub verdict: SignatureVerdict,
    /// The signer; `None`: unknown (unknown OpenPGP key, broken CMS).
    pub signer: Option<PartnerKey>,
    /// The key id that the signature names, if the key itself is unknown.
    pub signer_id: Option<String>,
    /// Whether the signer is the author named in From.
    pub from: FromMatch,
    /// How much it covers.
    pub covers: Coverage,
    /// Digest and algorithm, such as `SHA-256 with RSASSA-PSS`.
    pub algorithm: String,
}

/// The verdict on a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureVerdict {
    /// The bytes are what the signer signed, and the signer is trusted in this way.
    Valid(Trust),
    /// The bytes are what the signer signed, but the signer is not trusted.
    Untrusted(Distrust),
    /// The bytes were changed, or the signature is broken.
    Invalid,
    /// An insecure (MD5, SHA-1) or unknown algorithm.
    WeakAlgorithm,
    /// The signing key is unknown.
    UnknownSigner,
}

/// Why a signer is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// The key or certificate itself is trusted.
    Key,
    /// An accepted chain leads to a trusted root, the address in From belongs to a partner that is in use, and the
    /// certificate names that address, or its whole domain.
    Partner,
    /// An accepted chain leads to a trusted root, and nothing else is known about the signer: authorities issue
    /// certificates to everybody.
    Chain,
    /// A chain leads to a trusted root, but no current list says whether it is revoked.
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
    /// Revoked by its holder, its authority or the operator: no chain makes it valid again.
    Revoked,
    /// The operator has suspended it, or its partner.
    Suspended,
    /// The key may not sign mail, or is too weak.
    Usage,
}

/// Whether the signer is the author named in From.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromMatch {
    /// The key names exactly the address in From.
    Address,
    /// It is a trusted key for the domain in From, or a partner's certificate for that domain as a whole.
    Domain,
    /// It names another address.
    Mismatch,
    /// From is ambiguous, or the signer is unknown.
    Unknown,
}

/// Which signers' certificates are stored as proposals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Harvest {
    /// None.
    #[default]
    Off,
    /// Those issued by an authority of the operator's.
    Vouched,
    /// Also those without such an issuer.
    Any,
}

/// Whether the output is authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wholeness {
    /// Nothing was encrypted, nothing was written.
    Plain,
    /// Every encrypted layer is authenticated (AES-GCM, MDC, AEAD), or a valid signature inside covers everything.
    Authenticated,
    /// An encrypted layer is not authenticated (AES-CBC) and nothing inside is: it may have been changed in transit
    /// (EFAIL). It must be displayed as such, and without active content.
    Malleable,
}

/// A remark for attentive readers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// There are parts beside an encrypted or signed one.
    PartsBeside,
    /// Number of fields in the inner head that were not taken over.
    FieldsInsideIgnored(usize),
    /// The inner From differs from the outer one; the outer one is kept, and no signature counts for it.
    OtherFromInside,
    /// The inner head is protected and has the same From as outside: the signer wrote it (RFC 9788).
    FromProtected,
    /// The subject was protected and is the inner one (RFC 9788).
    SubjectFromInside,
    /// Number of certificates of other people, none of which was taken for the signer's (CVE-2026-29140).
    StrangersCertificates(usize),
}

impl Opened {
    /// The signer to display: a key that the operator trusts, or a partner's by an accepted chain, covering everything,
    /// and matching From. `None`: the letter is not from a partner, whatever else was found.
    #[must_use]
    pub fn proven_sender(&self) -> Option<&SignatureFound> {
        self.signatures.iter().find(|found| {
            matches!(found.verdict, SignatureVerdict::Valid(Trust::Key | Trust::Partner))
                && matches!(found.from, FromMatch::Address | FromMatch::Domain)
                && found.covers == Coverage::Whole
        })
    }

    /// Whether the signature identifies the author by name: the key names the address in From, or From was signed.
    /// Otherwise a company's key only proves that the company signed.
    #[must_use]
    pub fn names_the_writer(&self, signature: &SignatureFound) -> bool {
        match signature.from {
            FromMatch::Address => true,
            FromMatch::Domain => self.notes.contains(&Note::FromProtected),
            FromMatch::Mismatch | FromMatch::Unknown => false,
        }
    }

    /// Signers whose key may be proposed for use: the signature is valid, covers everything, and the key names exactly
    /// the address in From. Only the operator can trust it.
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

    /// Whether something was decrypted.
    #[must_use]
    pub fn was_decrypted(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::Decrypted { .. }))
    }

    /// Why something encrypted was not decrypted; `None`: nothing was left encrypted.
    #[must_use]
    pub fn still_closed(&self) -> Option<NotOpened> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Closed { why, .. } => Some(*why),
            Layer::Decrypted { .. } | Layer::Signed { .. } | Layer::Compressed => None,
        })
    }
}

/// Whom a trusted key speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpeaksFor {
    /// The addresses it names.
    ItsAddresses,
    /// Everybody in this domain, as configured by the operator.
    Domain(sealpost_mail::Domain),
    /// This one address, as configured by the operator.
    Address(Address),
}
