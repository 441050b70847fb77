//! Letters encrypted and decrypted with other programs, and attacks in transit.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod attacks;
mod bouncy_castle;
mod gnupg;
mod gpgsm;
mod keys;
mod lab;
mod list_sources;
mod many_packets;
mod many_signers;
mod matrix;
mod nss;
mod openpgpjs;
mod openssl;
mod public_cms;
mod public_samples;
mod public_smime;
mod resident;
mod sequoia_rnp;
mod several_signers;
mod shut_in;
mod smime_own;
mod speed;
mod token;
mod trailing_blanks;
