//! What can go wrong with keys, closing and opening, and whose fault it is. Never holds a word of a letter.

use thiserror::Error;

use crate::token::TokenError;

/// Why bytes are no usable key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// None of the formats we read.
    #[error(
        "this is no certificate and no key: expected PEM, DER, PKCS#7 (.p7c, .p7b), PKCS#12, an OpenPGP key (.asc, .gpg) or a .zip of these"
    )]
    Unknown,
    /// The passphrase does not fit, or one is needed.
    #[error("the passphrase is missing or wrong")]
    Passphrase,
    /// There is no private key in it.
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
    /// More or larger than any honest file has.
    #[error("it has too many keys, or is too large")]
    TooLarge,
    /// This cannot be made with this kind of key.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The library refused; nothing of the key is in the text.
    #[error("the cryptographic library refused: {0}")]
    Library(String),
    /// The worker that reads what strangers sent.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The token that has the private part.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Why a letter could not be closed. All of them mean: refuse, hold or defer, never send in clear.
#[derive(Debug, Error)]
pub enum CloseError {
    /// Nobody to close it to and nobody to sign it.
    #[error("no key was given to close the letter with")]
    NoKey,
    /// Keys of both methods in one closing.
    #[error("S/MIME and OpenPGP keys in one closing; close once for each method")]
    MixedMethods,
    /// A key is not usable.
    #[error("the key {fingerprint} cannot be used: {why}")]
    Key {
        /// Which.
        fingerprint: String,
        /// Why.
        why: String,
    },
    /// The letter is no letter.
    #[error("the letter has no readable head")]
    Letter,
    /// Reading the letter or writing the closed one failed: temporary.
    #[error("reading or writing failed: {0}")]
    Io(#[from] std::io::Error),
    /// The library refused.
    #[error("the cryptographic library refused: {0}")]
    Library(String),
    /// The token that has our private key: temporary.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Why a letter could not be opened at all. A letter that cannot be decrypted or does not verify is no error: that is
/// what [`crate::Opened`] says.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Deeper, longer or more than we take apart.
    #[error("the letter is too deeply nested, has too many parts or is too large to be opened")]
    TooComplex,
    /// Reading the letter or writing the opened one failed: temporary.
    #[error("reading or writing failed: {0}")]
    Io(#[from] std::io::Error),
    /// The worker failed: see there.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The token that has our private key: temporary.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// What became of the worker process.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// It could not be started.
    #[error("the program sealpost-seal cannot be started ({0}); it belongs beside sealpost")]
    Missing(std::io::Error),
    /// It reached a limit: this letter's fault, and permanent.
    #[error("opening was given up: {0}")]
    Limit(&'static str),
    /// It was ended from outside, which is not the letter's fault: worth another try.
    #[error("the program sealpost-seal was stopped: {0}")]
    Stopped(&'static str),
    /// It failed otherwise.
    #[error("the program sealpost-seal failed: {0}")]
    Failed(String),
}
