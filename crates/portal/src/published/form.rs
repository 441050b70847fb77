//! The file formats in which keys are published, and the bytes of each. Knows no request.

use sealpost_partner::{Method, Shown};

/// The formats in which a key is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A certificate, binary.
    Cer,
    /// The same as text.
    Pem,
    /// With the chain to its root.
    P7c,
    /// An OpenPGP key.
    Asc,
}

impl Form {
    /// The formats of a key of this kind.
    pub(crate) fn of(method: Method) -> &'static [Self] {
        match method {
            Method::Smime => &[Self::Cer, Self::Pem, Self::P7c],
            Method::OpenPgp => &[Self::Asc],
        }
    }

    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Cer => "cer",
            Self::Pem => "pem",
            Self::P7c => "p7c",
            Self::Asc => "asc",
        }
    }

    /// RFC 2585 §4, RFC 8551 §3.2.2, RFC 3156 §7.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Cer => "application/pkix-cert",
            Self::Pem => "application/x-pem-file",
            Self::P7c => "application/pkcs7-mime; smime-type=certs-only",
            Self::Asc => "application/pgp-keys",
        }
    }

    pub(crate) fn parse(ending: &str) -> Option<Self> {
        [Self::Cer, Self::Pem, Self::P7c, Self::Asc].into_iter().find(|form| form.ending() == ending)
    }

    pub(crate) fn bytes(self, shown: &Shown) -> Option<Vec<u8>> {
        match (self, shown.method()) {
            (Self::Cer, Method::Smime) => Some(shown.key.key.as_bytes().to_vec()),
            (Self::Pem, Method::Smime) | (Self::Asc, Method::OpenPgp) => {
                Some(shown.text.clone().into_bytes())
            }
            (Self::P7c, Method::Smime) => shown.certificates_only.clone(),
            (Self::Cer | Self::Pem | Self::P7c, Method::OpenPgp) | (Self::Asc, Method::Smime) => None,
        }
    }
}
