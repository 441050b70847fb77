//! The padding of RSAES-OAEP, taken off a block that was decrypted elsewhere. Knows no key.

#![forbid(unsafe_code)]

use openssl::hash::MessageDigest;

use crate::ffi;

/// What was padded (RFC 8017 §7.1.2), in the same time whatever is wrong with it. `None`: it is no such block. `modulus`:
/// octets of the key's modulus.
#[must_use]
pub fn oaep_unpadded(
    block: &[u8],
    modulus: usize,
    label: &[u8],
    digest: MessageDigest,
    mask: MessageDigest,
) -> Option<Vec<u8>> {
    ffi::oaep_unpadded(block, modulus, label, digest, mask)
}
