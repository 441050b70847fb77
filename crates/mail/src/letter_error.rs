//! Why a letter is not parsed. Knows nothing of how it is read.

use thiserror::Error;

/// Why a letter is not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LetterError {
    /// No header field at all.
    #[error("there is no header field in it")]
    NoHeader,
    /// More or deeper nested parts, or larger heads of parts, than any honest letter has.
    #[error("it has too many parts, parts nested too deeply, or too large header sections")]
    TooComplex,
}
