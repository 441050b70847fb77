//! Keys at rest: the key hierarchy and every sealed format. Pure and synchronous; it knows nothing of SQL,
//! HTTP or the syntax of mail, opens no file and reads neither clock nor random source.
//!
//! SECURITY: every format starts with four letters and a version, every seal binds its kind and owner, every
//! key comes from HKDF under its own label, every nonce belongs to a key that is used once. The bytes are
//! described in `docs/formats.md`; `tests/formats/read.py` opens them without this crate. It is the only
//! crate that names hpke and argon2.

mod argon2_memory;
mod audit;
mod cost;
mod error;
mod hybrid;
mod initial_password;
mod key_text;
mod known_pairs;
mod label;
mod letter_signer;
mod lookup;
mod mailbox;
mod message;
mod normalize;
pub mod password_phc;
mod password_wrap;
mod pepper;
mod primitive;
mod proof;
mod record;
mod roles;
mod rotated;
mod salted;
mod sealed_header;
mod server;
mod session;
mod stream;
mod token;
mod webhook;
mod wrap;
mod xwing;

pub use argon2_memory::keeping_argon2_memory;
pub use audit::{AuditKey, AuditMaster, AuditProof, EventKey};
pub use cost::Argon2Cost;
pub use error::VaultError;
pub use initial_password::InitialPassword;
pub use known_pairs::KnownPairs;
pub use label::{Label, Part};
pub use letter_signer::{BodyHash, LetterSigner, LetterVerifier};
pub use lookup::{Fingerprinter, KnownDevice, TagKey};
pub use mailbox::{KeySeal, MailboxKeys, MailboxPublic, MailboxSecret};
pub use message::MessageKey;
pub use pepper::Pepper;
pub use proof::{Bearer, DepositAuth, Held, SessionAuth, UNPROVEN, is_of_former_version};
pub use record::{KeyringKey, RowKey, SpoolKey};
pub use roles::{
    AuditorRole, DeliveryRole, IntakeRole, JobsRole, PortalRole, QueueKeys, SupportRole, WayInKeys,
};
pub use rotated::Rotated;
pub use server::{Keys, ServerKey};
pub use session::{SessionHash, SessionSecret};
pub use stream::{
    CHUNK, ChunkPosition, SealedChunk, StreamOpener, StreamSealer, open_all, plain_len, seal_all,
    sealed_chunk, sealed_len,
};
pub use token::{ResetBound, Token, TokenHash, TokenKey, TokenPurpose};
pub use webhook::WebhookSecret;
pub use wrap::{EscrowPublic, EscrowSecret, Unwrapped};
