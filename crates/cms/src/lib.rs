//! OpenSSL's CMS calls that the crate `openssl` lacks, behind safe types. Knows no mail, no MIME, no trust of ours.
//!
//! SECURITY: the one crate of the workspace with unsafe code. `ffi.rs` declares the C functions and states the rules;
//! each pointer has one owner that frees it. No C code ever calls back into Rust: content goes in and comes out by pieces.

mod ffi;
mod padding;
mod read;
mod write;

pub use ffi::CmsError;
pub use padding::oaep_unpadded;
pub use read::{Cms, CmsKind, RecipientKind, SignerFound, crl_in_store, is_authority};
pub use write::{Cipher, Digester, Encryptor, KeyTransport, OpaqueSigner, SignPadding};
