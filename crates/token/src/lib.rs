//! Private keys in PKCS#11 tokens (hardware security modules, smart cards, SoftHSM): finds and generates them, uses
//! them for signatures and content keys.
//!
//! SECURITY: the module is the vendor's C code and runs in this process, which has keys in memory anyway, and never in
//! the worker; it is called by `cryptoki`, and no line here is unsafe. Must never know: letters, CMS, SQL, whose key is
//! which.

mod connection;
mod failure;
mod keys;
mod module;
mod pool;
mod session;
mod settings;
mod tokens;

pub use keys::{FoundKey, NewKey};
pub use settings::{TokenPlace, TokenSettings};
pub use tokens::Pkcs11Tokens;
