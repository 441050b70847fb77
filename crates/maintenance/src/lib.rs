//! What operators have done to a whole store: another server key, every row held against its key. Whoever asks for it (a
//! command today, a console later) reads keys and configuration and says what came of it.
//!
//! SECURITY: the only crate whose functions are given all keys of the server at once, and only to make what stands under
//! one anew under the next. Opens no letter. Knows no command line, no file and no HTTP.

mod rotate_server_key;
mod verify_rows;

pub use rotate_server_key::{Done, RotateError, Rotation, moved_escrow};
pub use verify_rows::{Proven, Prover};
