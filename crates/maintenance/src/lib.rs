//! What operators and support have done to a store, or want to know of it: another server key, every row held against its
//! key, a recipient let in again, whether the audit trail is whole and what it says of a letter. Whoever asks for it (a command today, a console later) reads keys and configuration and says what came of it.
//!
//! SECURITY: the only crate whose functions are given all keys of the server at once, and only to make what stands under
//! one anew under the next. Opens no letter. Knows no command line, no file and no HTTP.

mod letter_evidence;
mod release_request;
mod rotate_server_key;
mod verify_rows;
mod verify_trail;

pub use letter_evidence::{Document, EvidenceError, LetterEvidence};
pub use release_request::{LetIn, Messages, ReleaseError, Releasing, seal_note};
pub use rotate_server_key::{Done, RotateError, Rotation, moved_escrow};
pub use verify_rows::{Proven, Prover};
pub use verify_trail::verify_trail;
