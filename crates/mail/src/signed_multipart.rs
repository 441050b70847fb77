//! When a multipart/signed is valid (RFC 1847 §2.1): two parts, the second of which is a signature. Verifies nothing and reads no
//! part.

/// The kind of a detached signature, which decides what can verify it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetachedSignature {
    /// S/MIME (RFC 8551 §3.5.3).
    Smime,
    /// OpenPGP (RFC 3156 §5).
    OpenPgp,
}

impl DetachedSignature {
    /// By its media type.
    #[must_use]
    pub fn of_type(media_type: &str) -> Option<Self> {
        match media_type.trim().to_ascii_lowercase().as_str() {
            "application/pkcs7-signature" | "application/x-pkcs7-signature" => Some(Self::Smime),
            "application/pgp-signature" => Some(Self::OpenPgp),
            _ => None,
        }
    }

    /// The kind of signature of a multipart/signed with parts of these types. `protocol` names the type of the second part (RFC
    /// 1847 §2.1); many programs write `x-pkcs7-signature` in one place and not in the other, and some send signatures as untyped
    /// bytes. Any other type in that place would be displayed by readers that verify nothing, and is not a signature. Where
    /// `protocol` is missing, as in signed letters that Outlook attaches, the second part's type decides. `None`: nothing in it is
    /// signed, the parts are side by side (RFC 2046 §5.1.3).
    #[must_use]
    pub fn of_multipart<T: AsRef<str>>(protocol: Option<&str>, parts: &[T]) -> Option<Self> {
        let [_signed, signature] = parts else { return None };
        let is = Self::of_type(signature.as_ref());
        let Some(protocol) = protocol else { return is };
        let untyped = signature.as_ref().trim().eq_ignore_ascii_case("application/octet-stream");
        Self::of_type(protocol).filter(|said| untyped || is == Some(*said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocol_and_the_second_part_agree_or_the_second_part_says_it_alone() {
        use DetachedSignature::{OpenPgp, Smime};
        let (smime, old, pgp) =
            ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature");
        for (protocol, parts, found) in [
            (Some(smime), &["text/plain", old][..], Some(Smime)),
            (Some("Application/PGP-Signature "), &["text/plain", "application/octet-stream"], Some(OpenPgp)),
            (Some(smime), &["text/plain", "Application/Octet-Stream"], Some(Smime)),
            (Some(smime), &["text/plain", pgp], None),
            (Some(pgp), &["text/plain", "text/html"], None),
            (Some(pgp), &["text/plain", "text/plain"], None),
            (Some(smime), &["text/plain", "image/png"], None),
            (Some(smime), &["text/plain", "multipart/mixed"], None),
            (Some(pgp), &["text/plain", "message/rfc822"], None),
            (Some(pgp), &["text/plain", ""], None),
            (None, &["text/plain", "application/octet-stream"], None),
            (None, &["text/plain", smime], Some(Smime)),
            (None, &["text/plain", pgp], Some(OpenPgp)),
            (None, &[smime, "text/plain"], None),
            (None, &["text/plain", "text/html"], None),
            (Some("application/x-own"), &["text/plain", smime], None),
            (Some(""), &["text/plain", smime], None),
            (Some(smime), &["text/plain"], None),
            (Some(smime), &["text/plain", smime, "text/plain"], None),
        ] {
            assert_eq!(DetachedSignature::of_multipart(protocol, parts), found, "{protocol:?} {parts:?}");
        }
    }
}
