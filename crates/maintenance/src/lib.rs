//! Operations on a whole store: changing the server key, verifying every row. The caller (a command today, a console
//! later) reads keys and configuration and reports the result.
//!
//! SECURITY: the only crate whose functions are given all keys of the server at once, and only to renew what depends on
//! one under the next. Opens no letter. Knows no command line, no file and no HTTP.

mod rotate_server_key;
mod verify_rows;

pub use rotate_server_key::{Done, RotateError, Rotation, moved_escrow};
pub use verify_rows::{Proven, Prover};
