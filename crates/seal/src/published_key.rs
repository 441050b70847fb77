//! The published forms of our keys: a certificate with its chain as one file, an OpenPGP key under an address's name
//! (Web Key Directory). Knows no private key and no HTTP.

use openssl::sha::{sha1, sha256};
use sealpost_mail::Address;
use sequoia_openpgp::serialize::SerializeInto as _;

use crate::error::KeyError;
use crate::key_facts::Method;
use crate::partner_key::PartnerKey;
use crate::pgp;

/// The name of an address in a Web Key Directory: SHA-1 over the local part, ASCII letters lowered, in z-base-32
/// (draft-koch-openpgp-webkey-service, 3.1). It neither hides nor proves anything.
#[must_use]
pub fn wkd_name(local: &str) -> String {
    z_base_32(&sha1(local.to_ascii_lowercase().as_bytes()))
}

/// The name of an address below `_openpgpkey` (RFC 7929 §3) and `_smimecert` (RFC 8162 §3): the first 28 octets of the
/// local part's SHA-256, in hex.
#[must_use]
pub fn dane_name(local: &str) -> String {
    sha256(local.as_bytes()).iter().take(28).map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 6189 §5.1.6. Five bits a character; 160 bits have no remainder.
fn z_base_32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let five = |from: usize| (from..from + 5).fold(0_usize, |value, at| value << 1 | usize::from(bit(at)));
    let letter = |from| ALPHABET.get(five(from)).copied().map_or('y', char::from);
    (0..bytes.len() * 8).step_by(5).map(letter).collect()
}

impl PartnerKey {
    /// The certificate with those that lead to its root: PKCS#7 without a signature (RFC 8551 §3.8), as `.p7c`. `None`
    /// for OpenPGP.
    #[must_use]
    pub fn certificates_only(&self) -> Option<Vec<u8>> {
        /// 1.2.840.113549.1.7.2 and 1.2.840.113549.1.7.1 (RFC 5652 §5.1, §4).
        const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
        const DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
        const VERSION_1: &[u8] = &[0x02, 0x01, 0x01];
        const NOTHING: &[u8] = &[0x31, 0x00];
        match self.method() {
            Method::OpenPgp => None,
            Method::Smime => {
                let all = [self.as_bytes(), &self.chain().concat()].concat();
                let content = [VERSION_1, NOTHING, &der(0x30, DATA), &der(0xa0, &all), NOTHING].concat();
                let explicit = der(0xa0, &der(0x30, &content));
                Some(der(0x30, &[SIGNED_DATA, &explicit].concat()))
            }
        }
    }

    /// The OpenPGP key with the user ids of one address alone, binary: a query for one address does not disclose
    /// others. `None` if it has none for it.
    ///
    /// # Errors
    /// The library failed.
    pub fn for_address(&self, address: &Address) -> Result<Option<Vec<u8>>, KeyError> {
        match self.method() {
            Method::Smime => Ok(None),
            Method::OpenPgp => {
                let is_its = |text: &str| {
                    Address::parse(text).is_ok_and(|own| {
                        own.domain() == address.domain() && own.local().eq_ignore_ascii_case(address.local())
                    })
                };
                let cert = self
                    .cert()?
                    .retain_userids(|user| user.userid().email().ok().flatten().is_some_and(is_its));
                if cert.userids().next().is_none() {
                    return Ok(None);
                }
                cert.export_to_vec().map(Some).map_err(|error| pgp::key::library(&error))
            }
        }
    }
}

/// One value in DER (X.690 §8.1).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => bytes.push(short),
        Ok(_) | Err(_) => {
            let long: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            bytes.push(0x80 | u8::try_from(long.len()).unwrap_or(0x7f));
            bytes.extend_from_slice(&long);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_request::{Holder, Kind};
    use crate::own_key::OwnKey;
    use sealpost_mail::{Domain, Timestamp};

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn key(kind: Kind) -> PartnerKey {
        let holder = Holder {
            name: "Insurer".into(),
            address: Address::parse("SecureMail@insurer.example").unwrap(),
            domain: Domain::parse("insurer.example").ok(),
            country: None,
        };
        OwnKey::generate(kind, &holder, NOW, 3).unwrap().public().clone()
    }

    #[test]
    fn names_are_those_of_the_draft() {
        // draft-koch-openpgp-webkey-service, 3.1: the example.
        assert_eq!(wkd_name("Joe.Doe"), "iy9q119eutrkn8s1mk4r39qejnbu3n5q");
        assert_eq!(wkd_name("joe.doe"), wkd_name("JOE.DOE"));
    }

    #[test]
    fn a_file_of_certificates_is_read_back() {
        let key = key(Kind::SmimeP256);
        let file = key.certificates_only().unwrap();
        assert_eq!(PartnerKey::read(&file).unwrap(), [key]);
    }

    #[test]
    fn an_openpgp_key_goes_out_under_the_address_that_was_asked_for() {
        let key = key(Kind::OpenPgpCurve25519);
        assert_eq!(key.certificates_only(), None);
        let own = Address::parse("securemail@insurer.example").unwrap();
        let [found] = PartnerKey::read(&key.for_address(&own).unwrap().unwrap()).unwrap().try_into().unwrap();
        assert_eq!(found.facts().fingerprint, key.facts().fingerprint);
        let other = Address::parse("other@insurer.example").unwrap();
        assert_eq!(key.for_address(&other).unwrap(), None);
    }
}
