//! OpenSSL's CMS calls that the crate `openssl` lacks, behind safe types. Knows no mail, no MIME, no trust of ours.
//!
//! SECURITY: `ffi.rs` is the one file of the workspace with unsafe code. It declares the C functions, and gives each
//! pointer one owner that frees it. No C code ever calls back into Rust: content goes in and comes out by pieces.

mod ffi;

pub use ffi::{
    Cipher, Cms, CmsError, CmsKind, Digester, Encryptor, KeyTransport, OpaqueSigner, RecipientKind,
    SignPadding, SignerFound, crl_in_store, is_authority,
};
