//! OpenSSL's CMS calls that the crate `openssl` lacks, behind safe types. Knows no mail, no MIME, no trust of ours.
//!
//! SECURITY: `ffi.rs` is the one file of the workspace that calls C (`c_calls.rs` declares what): it states the rules and hands out no
//! pointer; each has one owner that frees it. No C code ever calls back into Rust: content goes in and comes out by pieces.

mod algorithms;
#[expect(unsafe_code, reason = "C is declared as it is")]
mod c_calls;
#[expect(unsafe_code, reason = "the one file that calls C")]
mod ffi;
mod read;
mod write;

pub use algorithms::{Cipher, KeyTransport, SignPadding};
pub use ffi::{CmsError, crl_in_store, is_authority, oaep_unpadded};
pub use read::{Cms, CmsKind, SignerFound};
pub use write::{Digester, Encryptor, OpaqueSigner};
