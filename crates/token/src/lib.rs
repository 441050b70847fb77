//! Private keys in tokens that speak PKCS#11 (hardware security modules, smart cards, SoftHSM): found, made, used for
//! signatures and content keys.
//!
//! SECURITY: the module is C code of the token's maker and runs in this process, which holds keys anyway and never the
//! worker's; the calls into it are those of `cryptoki`, and no line here is unsafe. Must never know: letters, CMS, SQL, which
//! key is for whom.

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
