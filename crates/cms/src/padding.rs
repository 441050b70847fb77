//! The padding of RSAES-OAEP, taken off a block that was decrypted elsewhere. Knows no key.

use libc::c_int;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;

use crate::ffi::RSA_padding_check_PKCS1_OAEP_mgf1;

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
    let length = |octets: usize| c_int::try_from(octets).ok();
    let mut clear = vec![0_u8; modulus];
    // SAFETY: each pointer is valid for the length beside it during the call; the digests are static tables.
    let written = unsafe {
        RSA_padding_check_PKCS1_OAEP_mgf1(
            clear.as_mut_ptr(),
            length(modulus)?,
            block.as_ptr(),
            length(block.len())?,
            length(modulus)?,
            label.as_ptr(),
            length(label.len())?,
            digest.as_ptr(),
            mask.as_ptr(),
        )
    };
    // Why it failed is nobody's to know.
    let _ = ErrorStack::get();
    let written = usize::try_from(written).ok()?;
    clear.truncate(written);
    Some(clear)
}
