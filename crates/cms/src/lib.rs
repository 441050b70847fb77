//! Safe types for OpenSSL's CMS calls that the crate `openssl` lacks. Knows no mail, no MIME and no trust.
//!
//! SECURITY: `ffi.rs` is the only file of the workspace that calls C (`c_calls.rs` has the declarations): it states the
//! rules and exposes no pointer; each has one owner that frees it. No C code ever calls back into Rust: content is
//! passed in pieces.

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
