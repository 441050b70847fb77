//! What goes between the gateway and its worker, on two pipes, in both directions.
//!
//! ```text
//! sealpost-seal-1 <bytes of JSON>\n
//! <JSON: a Job, or an WorkerReply>
//! <bytes: as many as the JSON says>
//! ```
//!
//! Before it answers, the worker may ask for OpenPGP subkeys that decrypt, one key's after the other, and for content keys by
//! S/MIME keys.
//!
//! Knows no process.

use sealpost_mail::{Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::KeyError;
use crate::key_operations::ContentKeyTask;
use crate::open_result::{Opened, SpeaksFor};
use crate::opening::{DistrustedKey, Lists, Sender};
use crate::partner_key::PartnerKey;
use crate::recipient_key::RecipientKey;
use crate::smime::chain_verdict::ChainVerdict;
use crate::smime::fetched_list::FetchedList;
use crate::smime::ocsp::OcspAnswer;

/// The first word of every line that begins something.
pub(crate) const START: &str = "sealpost-seal-1 ";
/// The longest JSON: keys and certificates, not letters.
pub(crate) const MAX_JSON: usize = 64 * 1024 * 1024;

/// What the worker is to do.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Job {
    /// Open the letter that follows.
    Open {
        /// What letters name our keys by; what is private is asked for.
        own: Vec<RecipientKey>,
        trusted: Vec<Trusted>,
        distrusted: Vec<DistrustedKey>,
        roots: Vec<Bytes>,
        crls: Vec<Bytes>,
        lists: Lists,
        sender: Sender,
        now: Timestamp,
        /// Bytes of what may come out.
        most: u64,
        /// Bytes of the letter.
        letter: u64,
    },
    /// Read every key in the file that follows.
    Keys {
        /// Bytes of the file.
        file: u64,
    },
    /// Which of these keys the revocation certificate that follows takes back.
    Revocation {
        keys: Vec<PartnerKey>,
        /// Bytes of the file.
        file: u64,
    },
    /// What the OCSP response that follows says of a certificate.
    Ocsp {
        key: Box<PartnerKey>,
        roots: Vec<Bytes>,
        now: Timestamp,
        /// Bytes of the response.
        response: u64,
    },
    /// What the list of revoked certificates that follows is worth, and which of these it names.
    List {
        certificates: Vec<Bytes>,
        authority: Bytes,
        /// The list that is here.
        held: Option<Bytes>,
        now: Timestamp,
        /// Bytes of the list.
        list: u64,
    },
    /// Look at a chain.
    Chain { key: Box<PartnerKey>, roots: Vec<Bytes>, crls: Vec<Bytes>, now: Timestamp },
}

impl Job {
    /// Bytes that follow it.
    pub(crate) fn follows(&self) -> u64 {
        match self {
            Self::Open { letter, .. } => *letter,
            Self::Keys { file } | Self::Revocation { file, .. } => *file,
            Self::Ocsp { response, .. } => *response,
            Self::List { list, .. } => *list,
            Self::Chain { .. } => 0,
        }
    }
}

/// Bytes in JSON.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Bytes(#[serde(with = "crate::base64_bytes")] pub(crate) Vec<u8>);

/// A trusted key and for whom it speaks.
#[derive(Serialize, Deserialize)]
pub(crate) struct Trusted {
    pub(crate) key: PartnerKey,
    pub(crate) speaks_for: SpeaksFor,
}

/// What the worker gets when it has asked: subkeys as [`crate::pgp::key::lent`] wrote them, a content key, or nothing.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Loan(pub(crate) Option<LentBytes>);

/// What is lent, in JSON: nothing that it was made of or read from stays in memory.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LentBytes(#[serde(with = "crate::base64_secret")] pub(crate) Secret<Vec<u8>>);

/// What the worker asks of a private key that does not come to it. A [`Loan`] of the content key is the answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct Errand {
    /// The key's place in the list.
    pub(crate) at: usize,
    pub(crate) task: ContentKeyTask,
}

/// What the worker says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WorkerReply {
    /// It needs the decrypting subkeys of the OpenPGP key at that place in the list. A [`Loan`] is the answer; no bytes follow
    /// either.
    Needs(usize),
    /// It needs a content key.
    Asks(Errand),
    /// The letter was looked at; what was written follows.
    Opened(Opened),
    /// The keys in the file.
    Keys(Vec<PartnerKey>),
    /// The chain.
    Chain(ChainVerdict),
    /// The response.
    Ocsp(OcspAnswer),
    /// The list.
    List(FetchedList),
    /// It did not work.
    Refused(Refusal),
}

/// What of a [`KeyError`] can be wrong in the worker.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Refusal {
    Unknown,
    TooLarge,
    Library(String),
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unknown => Self::Unknown,
            KeyError::TooLarge => Self::TooLarge,
            KeyError::Passphrase
            | KeyError::NoPrivateKey
            | KeyError::NoCertificate
            | KeyError::OtherKey
            | KeyError::Unsupported(_)
            | KeyError::Library(_)
            | KeyError::Token(_)
            | KeyError::Worker(_) => Self::Library(error.to_string()),
        }
    }
}

impl From<Refusal> for KeyError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Self::Unknown,
            Refusal::TooLarge => Self::TooLarge,
            Refusal::Library(text) => Self::Library(text),
        }
    }
}
