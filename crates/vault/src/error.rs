//! What can be wrong with something sealed. Never says a word of what is inside.

/// Why something could not be opened or made. A wrong password is not an error, see
/// [`Unwrapped`](crate::Unwrapped).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Too short, or another magic or version than this program writes.
    #[error("this is no {0} that this version of Sealpost can read")]
    Format(&'static str),
    /// The seal does not hold: changed, cut, or put in another place.
    #[error("the {0} is damaged, or belongs to something else")]
    Damaged(&'static str),
    /// Sealed under a server or escrow key that is not the present one.
    #[error(
        "the {what} was sealed under another key (its id is {found:#04x}, the present one is \
         {present:#04x}); use the key file that was in force when it was made"
    )]
    OtherKey {
        /// Which kind of thing.
        what: &'static str,
        /// The id it names.
        found: u8,
        /// The id of the key at hand.
        present: u8,
    },
    /// What should be sealed to this key cannot be: the key is none to seal to, or the machine has no memory.
    #[error("the {0} cannot be made with this public key")]
    Unsealable(&'static str),
    /// Argon2 parameters that would be too weak, too dear or impossible.
    #[error(
        "the Argon2 cost is out of bounds (memory 8 KiB per lane to 131072 KiB, 1 to 16 passes, 1 to 4 lanes)"
    )]
    Cost,
    /// The machine has no memory left for Argon2; later it may.
    #[error("not enough memory to derive a key from a password now; try again")]
    Memory,
    /// An answer without a single letter or digit.
    #[error("the answer needs at least one letter or digit")]
    EmptyAnswer,
    /// The text of a key file.
    #[error("this is no {0}: expected one line \"{0}:\" followed by 44 characters of base64")]
    KeyText(&'static str),
    /// The text of a role's key file.
    #[error("this is not the key file of the role {0}: `sealpost key split` makes it")]
    RoleKeyText(&'static str),
}
