//! How a letter from the world was protected when it came, as rules and rows need to know it. Looks at nothing.

/// Whether it was encrypted, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// The letter was not encrypted.
    None,
    /// It was, and is opened.
    Opened,
    /// It is opened, and nothing says that it is what was closed (EFAIL).
    Malleable,
    /// All or a part of it could not be opened, or nobody could look.
    Unopened,
}

impl Encryption {
    /// Whether the letter was encrypted, opened or not.
    pub(crate) fn is_there(self) -> bool {
        match self {
            Self::None => false,
            Self::Opened | Self::Malleable | Self::Unopened => true,
        }
    }

    /// Whether an operator may want to look first. As one: what AES-CBC does not protect can be changed until it opens, and
    /// whatever tells the two apart, a report on what went on or a refusal, tells whoever changes a caught letter which of their
    /// changes did (a padding oracle).
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
    /// Somebody signed it, and nothing proves who.
    Unproven,
    /// By a partner, whole, and by the one it says it is from.
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
    /// It does, whoever it is for.
    Everybody,
}
