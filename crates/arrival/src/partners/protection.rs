//! How a letter from outside was protected on arrival, as rules and rows need to know it. Examines nothing.

/// Whether it was encrypted, and the result of decrypting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// The letter was not encrypted.
    None,
    /// It was encrypted, and is decrypted.
    Opened,
    /// It is decrypted, but without proof that it is what was encrypted (EFAIL).
    Malleable,
    /// All or part of it could not be decrypted, or nothing could try.
    Unopened,
}

impl Encryption {
    /// Whether the letter was encrypted, decrypted or not.
    pub(crate) fn is_there(self) -> bool {
        match self {
            Self::None => false,
            Self::Opened | Self::Malleable | Self::Unopened => true,
        }
    }

    /// Whether an operator may want to look first. Both cases are treated alike: what AES-CBC does not protect can be
    /// modified until it decrypts, and whatever distinguishes the two, a report on one or a refusal of the other, tells
    /// the attacker who modifies a captured letter which change did (a padding oracle).
    pub(crate) fn is_uncertain(self) -> bool {
        match self {
            Self::None | Self::Opened => false,
            Self::Malleable | Self::Unopened => true,
        }
    }
}

/// Whether it was signed, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// The letter was not signed.
    None,
    /// It was signed, but the signer is not proven.
    Unproven,
    /// Signed as a whole by a partner, who is its stated sender.
    Proven,
}

impl Signature {
    /// Whether the letter was signed, proven or not.
    pub(crate) fn is_there(self) -> bool {
        match self {
            Self::None => false,
            Self::Unproven | Self::Proven => true,
        }
    }
}

/// Encryption and signature of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Protection {
    pub(crate) encryption: Encryption,
    pub(crate) signature: Signature,
}

impl Protection {
    /// Anybody could have read and written it.
    pub(crate) const NONE: Self = Self { encryption: Encryption::None, signature: Signature::None };
}

/// Whether it waits for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// The rules decide.
    No,
    /// It does, for every recipient.
    Everybody,
}
