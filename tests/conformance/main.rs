//! The requirements of the standards, sentence by sentence: one file per standard, every test with its
//! sentence. Behaviour expected of any good server is also tested on Postfix, as the reference.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

mod junk;
mod reference;
mod rfc1870;
mod rfc2034;
mod rfc2920;
mod rfc3030;
mod rfc3207;
mod rfc3461;
mod rfc3464;
mod rfc4954;
mod rfc5321;
mod rfc6152;
mod rfc6531;
mod smuggling;
