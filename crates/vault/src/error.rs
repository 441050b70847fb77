//! Errors of sealing and opening. Never reveals any content.

/// Why something could not be opened or sealed. A wrong password is not an error, see
/// [`Unwrapped`](crate::Unwrapped).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Too short, or an unknown magic or version.
    #[error("this is no {0} that this version of Sealpost can read")]
    Format(&'static str),
    /// The seal is invalid: changed, truncated, or moved elsewhere.
    #[error("the {0} is damaged, or belongs to something else")]
    Damaged(&'static str),
    /// Sealed under a server or escrow key other than the present one.
    #[error(
        "the {what} was sealed under another key (its id is {found:#04x}, the present one is \
         {present:#04x}); use the key file that was in force when it was made"
    )]
    OtherKey {
        /// The kind of object.
        what: &'static str,
        /// The key id in it.
        found: u8,
        /// The id of the present key.
        present: u8,
    },
    /// Cannot be sealed to this key: the key is invalid, or the machine is out of memory.
    #[error("the {0} cannot be made with this public key")]
    Unsealable(&'static str),
    /// Argon2 parameters that are too weak, too expensive or impossible.
    #[error(
        "the Argon2 cost is out of bounds (memory 8 KiB per lane to 131072 KiB, 1 to 16 passes, 1 to 4 lanes)"
    )]
    Cost,
    /// The machine has no memory for Argon2 at the moment.
    #[error("not enough memory to derive a key from a password now; try again")]
    Memory,
    /// An answer without any letter or digit.
    #[error("the answer needs at least one letter or digit")]
    EmptyAnswer,
    /// A key file is malformed.
    #[error("this is no {0}: expected one line \"{0}:\" followed by 44 characters of base64")]
    KeyText(&'static str),
    /// A role's key file is malformed.
    #[error("this is not the key file of the role {0}: `sealpost key split` makes it")]
    RoleKeyText(&'static str),
}
