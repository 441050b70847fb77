//! Errors with keys, with encrypting and with decrypting, and who can fix them. Never contains a word of a
//! letter.

use thiserror::Error;

use crate::token::TokenError;

/// Why bytes are not a usable key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Not in a supported format.
    #[error(
        "this is no certificate and no key: expected PEM, DER, PKCS#7 (.p7c, .p7b), PKCS#12, an OpenPGP key (.asc, .gpg) or a .zip of these"
    )]
    Unknown,
    /// The passphrase is wrong or missing.
    #[error("the passphrase is missing or wrong")]
    Passphrase,
    /// It contains no private key.
    #[error(
        "there is no private key in it; a PKCS#12 file, a PEM file with key and certificate, or an OpenPGP secret key is needed"
    )]
    NoPrivateKey,
    /// A private key without the certificate that belongs to it.
    #[error("there is no certificate in it that belongs to the private key")]
    NoCertificate,
    /// A certificate for another key.
    #[error("the certificate belongs to another private key")]
    OtherKey,
    /// More or larger than any honest file.
    #[error("it has too many keys, or is too large")]
    TooLarge,
    /// Not possible with this kind of key.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The library's error; its text contains nothing of the key.
    #[error("the cryptographic library refused: {0}")]
    Library(String),
    /// The worker that reads untrusted keys failed.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The token with the private key failed.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Why a letter could not be signed and encrypted. Every variant means: refuse, hold or defer, never send in
/// clear.
#[derive(Debug, Error)]
pub enum CloseError {
    /// Neither a recipient key nor a signing key.
    #[error("no key was given to close the letter with")]
    NoKey,
    /// Keys of both methods in one request.
    #[error("S/MIME and OpenPGP keys in one closing; close once for each method")]
    MixedMethods,
    /// A key is not usable.
    #[error("the key {fingerprint} cannot be used: {why}")]
    Key {
        /// Its fingerprint.
        fingerprint: String,
        /// The reason.
        why: String,
    },
    /// The letter is malformed.
    #[error("the letter has no readable head")]
    Letter,
    /// Reading the letter or writing the result failed: temporary.
    #[error("reading or writing failed: {0}")]
    Io(#[from] std::io::Error),
    /// The library's error.
    #[error("the cryptographic library refused: {0}")]
    Library(String),
    /// The token with our private key failed: temporary.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Why a letter could not be processed at all. A letter that cannot be decrypted or verified is not an error:
/// [`crate::Opened`] reports that.
#[derive(Debug, Error)]
pub enum OpenError {
    /// More, longer or deeper nested than the limits.
    #[error("the letter is too deeply nested, has too many parts or is too large to be opened")]
    TooComplex,
    /// Reading the letter or writing the result failed: temporary.
    #[error("reading or writing failed: {0}")]
    Io(#[from] std::io::Error),
    /// The worker failed.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The token with our private key failed: temporary.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// How the worker process failed.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// It could not be started.
    #[error("the program sealpost-seal cannot be started ({0}); it belongs beside sealpost")]
    Missing(std::io::Error),
    /// It exceeded a limit: because of this letter, and permanent.
    #[error("opening was given up: {0}")]
    Limit(&'static str),
    /// It was killed from outside, which is not the letter's fault: to be retried.
    #[error("the program sealpost-seal was stopped: {0}")]
    Stopped(&'static str),
    /// Any other failure.
    #[error("the program sealpost-seal failed: {0}")]
    Failed(String),
}
