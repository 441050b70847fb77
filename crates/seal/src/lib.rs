//! Signs and encrypts letters to partners, decrypts and verifies letters from them: S/MIME and OpenPGP; parses, makes
//! and judges keys.
//!
//! SECURITY: keys and letters come as arguments; this crate knows no storage, no SMTP, no HTTP, no SQL, no rules and
//! not where keys are stored. A letter counts as encrypted or signed only as a [`Closed`], which only [`close`] makes.
//! Untrusted input is parsed in a process of its own ([`Worker`], binary `sealpost-seal`) without files, network or
//! other people's keys.

mod algorithm_profile;
mod assemble;
mod base64_lines;
mod close;
mod closing;
mod distrusted;
mod error;
#[doc(hidden)]
pub mod hostile;
mod inline;
mod judge;
mod key_facts;
mod key_operations;
mod key_request;
mod keyfile;
mod lend;
mod list_source;
mod mime;
mod open;
mod open_result;
mod opening;
mod outgoing;
mod own_key;
mod partner_key;
mod pgp;
mod published_key;
mod recipient_key;
mod remote_content;
mod revocation;
mod server_certificate;
mod signable;
mod smime;
mod token;
mod token_decrypt;
mod token_trial;
mod unwrap;
mod warm_up;
mod worker;
mod worker_job;
mod worker_program;
mod worker_protocol;
mod worker_questions;

pub use algorithm_profile::{Content, Form, HeaderProtection, Profile, Signature, Transport};
pub use close::{Closed, OtherSignatures, Source, close};
pub use closing::Closing;
pub use error::{CloseError, KeyError, OpenError, WorkerError};
pub use judge::{Covers, Objection, Purpose, judge};
pub use key_facts::{Algorithm, Capability, Fingerprint, KeyFacts, Method};
pub use key_request::{Holder, Kind};
pub use lend::{Lends, MAX_LENT};
pub use list_source::ListSource;
pub use open_result::{
    Coverage, Distrust, FromMatch, Harvest, Layer, NotOpened, Note, Opened, SignatureFound, SignatureVerdict,
    SpeaksFor, Trust, Wholeness, Written,
};
pub use opening::{DistrustedKey, Lists, Opening, Sender, TrustedKey};
pub use own_key::OwnKey;
pub use partner_key::PartnerKey;
pub use published_key::{dane_name, wkd_name};
pub use recipient_key::RecipientKey;
pub use revocation::{ListSigner, RevocationIndex, RevocationList};
pub use server_certificate::ServerCertificate;
pub use smime::chain_verdict::ChainVerdict;
pub use smime::fetched_list::FetchedList;
pub use smime::ocsp::OcspAnswer;
pub use token::{KeyEncryption, NoTokens, Sha, TokenError, TokenKey, TokenPublic, TokenSignature, Tokens};
pub use token_trial::{TrialError, try_in_token};
pub use warm_up::warm_up;
pub use worker::{Limits, Worker};
pub use worker_job::work;

/// Bytes in JSON, as base64.
mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A secret in JSON, as base64.
mod base64_secret {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sealpost_mail::Secret;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use zeroize::Zeroizing;

    pub(crate) fn serialize<S: Serializer>(secret: &Secret<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Zeroizing::new(STANDARD.encode(secret.expose())))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret<Vec<u8>>, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        STANDARD.decode(text.as_bytes()).map(Secret::new).map_err(D::Error::custom)
    }
}

/// A list of bytes in JSON, each as base64.
mod base64_list {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(list: &[Vec<u8>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(|bytes| STANDARD.encode(bytes)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let list = Vec::<String>::deserialize(from)?;
        list.iter().map(|text| STANDARD.decode(text)).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}
