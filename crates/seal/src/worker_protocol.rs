//! The protocol between the gateway and its worker, on two pipes, in both directions.
//!
//! ```text
//! sealpost-seal-1 <bytes of JSON>\n
//! <JSON: a Job, or an WorkerReply>
//! <bytes: as many as the JSON says>
//! ```
//!
//! Before it answers, the worker may request decryption subkeys of OpenPGP keys, one key at a time, and content keys by S/MIME
//! keys.
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

/// The first word of every header line.
pub(crate) const START: &str = "sealpost-seal-1 ";
/// The longest JSON: keys and certificates, not letters.
pub(crate) const MAX_JSON: usize = 64 * 1024 * 1024;

/// A job of the worker.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Job {
    /// Open the following letter.
    Open {
        /// The public sides of our keys; private parts are requested.
        own: Vec<RecipientKey>,
        trusted: Vec<Trusted>,
        distrusted: Vec<DistrustedKey>,
        roots: Vec<Bytes>,
        crls: Vec<Bytes>,
        lists: Lists,
        sender: Sender,
        now: Timestamp,
        /// Size limit of the result, in bytes.
        most: u64,
        /// Bytes of the letter.
        letter: u64,
    },
    /// Parse every key in the following file.
    Keys {
        /// Bytes of the file.
        file: u64,
    },
    /// Which of these keys the following revocation certificate revokes.
    Revocation {
        keys: Vec<PartnerKey>,
        /// Bytes of the file.
        file: u64,
    },
    /// What the following OCSP response says about a certificate.
    Ocsp {
        key: Box<PartnerKey>,
        roots: Vec<Bytes>,
        now: Timestamp,
        /// Bytes of the response.
        response: u64,
    },
    /// Whether the following revocation list is valid, and which of these certificates it names.
    List {
        certificates: Vec<Bytes>,
        authority: Bytes,
        /// The present list.
        held: Option<Bytes>,
        now: Timestamp,
        /// Bytes of the list.
        list: u64,
    },
    /// Verify a chain.
    Chain { key: Box<PartnerKey>, roots: Vec<Bytes>, crls: Vec<Bytes>, now: Timestamp },
}

impl Job {
    /// Number of bytes that follow it.
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

/// A trusted key and whom it speaks for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Trusted {
    pub(crate) key: PartnerKey,
    pub(crate) speaks_for: SpeaksFor,
}

/// The answer to a request: subkeys as written by [`crate::pgp::key::lent`], a content key, or nothing.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Loan(pub(crate) Option<LentBytes>);

/// The lent bytes in JSON: no copy of them stays in memory.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LentBytes(#[serde(with = "crate::base64_secret")] pub(crate) Secret<Vec<u8>>);

/// A request to use a private key. A [`Loan`] with the content key is the answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct Errand {
    /// The key's index in the list.
    pub(crate) at: usize,
    pub(crate) task: ContentKeyTask,
}

/// A message of the worker.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WorkerReply {
    /// It requests the decryption subkeys of the OpenPGP key at this index. A [`Loan`] is the answer; no further bytes follow
    /// either.
    Needs(usize),
    /// It requests a content key.
    Asks(Errand),
    /// The letter was opened; the result follows.
    Opened(Opened),
    /// The keys in the file.
    Keys(Vec<PartnerKey>),
    /// The verdict on the chain.
    Chain(ChainVerdict),
    /// The verdict on the response.
    Ocsp(OcspAnswer),
    /// The verdict on the list.
    List(FetchedList),
    /// It failed.
    Refused(Refusal),
}

/// The variants of [`KeyError`] that can occur in the worker.
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
