//! Matches a server's certificate with TLSA records (RFC 6698, RFC 7671, RFC 7672). Makes no queries; knows no SMTP.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{self, digest};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

/// The error for a certificate that matches no association.
pub(crate) const NONE_OF_THEM: &str =
    "its certificate is none of those that its domain publishes, or that are pinned";

/// A TLSA record as published in the DNS (RFC 6698 §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlsa {
    /// Certificate usage.
    pub usage: u8,
    /// Selector.
    pub selector: u8,
    /// Matching type.
    pub matching: u8,
    /// Certificate association data.
    pub data: Vec<u8>,
}

/// Which certificate of the chain a record refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Usage {
    /// DANE-TA(2): an issuer of the server's certificate.
    TrustAnchor,
    /// DANE-EE(3): the server's own certificate. Neither its names nor its validity dates count (RFC 7672 §3.1.1).
    EndEntity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Selector {
    Certificate,
    PublicKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Matching {
    Full,
    Sha256,
    Sha512,
}

/// A usable record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Association {
    usage: Usage,
    selector: Selector,
    matching: Matching,
    data: Vec<u8>,
}

impl Association {
    /// `None` for what RFC 7672 §3.1 treats as unusable: PKIX-TA and PKIX-EE, undefined values, digests of a wrong
    /// length.
    fn read(record: &Tlsa) -> Option<Self> {
        let usage = match record.usage {
            2 => Usage::TrustAnchor,
            3 => Usage::EndEntity,
            _ => return None,
        };
        let selector = match record.selector {
            0 => Selector::Certificate,
            1 => Selector::PublicKey,
            _ => return None,
        };
        let matching = match (record.matching, record.data.len()) {
            (0, 1..) => Matching::Full,
            (1, 32) => Matching::Sha256,
            (2, 64) => Matching::Sha512,
            _ => return None,
        };
        Some(Self { usage, selector, matching, data: record.data.clone() })
    }

    fn is_of(&self, certificate: &CertificateDer<'_>) -> bool {
        let key;
        let selected = match self.selector {
            Selector::Certificate => certificate.as_ref(),
            Selector::PublicKey => match ParsedCertificate::try_from(certificate) {
                Ok(parsed) => {
                    key = parsed.subject_public_key_info();
                    key.as_ref()
                }
                Err(_unreadable) => return false,
            },
        };
        match self.matching {
            Matching::Full => selected == self.data,
            Matching::Sha256 => digest(&digest::SHA256, selected).as_ref() == self.data,
            Matching::Sha512 => digest(&digest::SHA512, selected).as_ref() == self.data,
        }
    }
}

/// Maximum number of certificates of a server's chain that are compared: a real one has four.
const MAX_CHAIN: usize = 16;

/// The certificates that a server may show. Never empty; shared by all its addresses.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Associations {
    all: Arc<[Association]>,
    /// Names that a certificate below a trust anchor may have (RFC 7672 §3.2.3), for DANE-TA.
    names: Arc<[String]>,
}

impl Associations {
    /// From the records of a server, whose certificate may have one of these names; `None` if no record is usable.
    pub(crate) fn of(records: &[Tlsa], names: &[&str]) -> Option<Self> {
        let usable: Vec<Association> = records.iter().filter_map(Association::read).collect();
        // RFC 7671 §9: with the same usage and selector, only the strongest digest counts.
        let strongest = |one: &Association| {
            let alike = usable.iter().filter(|o| o.usage == one.usage && o.selector == one.selector);
            alike.map(|o| o.matching).max()
        };
        let counts =
            |one: &&Association| one.matching == Matching::Full || strongest(one) == Some(one.matching);
        let all: Arc<[Association]> = usable.iter().filter(counts).cloned().collect();
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        (!all.is_empty()).then_some(Self { all, names })
    }

    /// Public keys by the SHA-256 of their SubjectPublicKeyInfo.
    pub(crate) fn pinned(pins: &[[u8; 32]]) -> Option<Self> {
        let pin = |pin: &[u8; 32]| Tlsa { usage: 3, selector: 1, matching: 1, data: pin.to_vec() };
        Self::of(&pins.iter().map(pin).collect::<Vec<_>>(), &[])
    }

    /// Whether a server's certificate and chain match an association; no other authority counts.
    pub(crate) fn judge(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
        provider: &CryptoProvider,
    ) -> Result<(), Error> {
        let of = |usage| self.all.iter().filter(move |one| one.usage == usage);
        if of(Usage::EndEntity).any(|one| one.is_of(certificate)) {
            return Ok(());
        }
        let mut anchors = RootCertStore::empty();
        let chain = chain.get(..MAX_CHAIN).unwrap_or(chain);
        for one in chain.iter().filter(|one| of(Usage::TrustAnchor).any(|association| association.is_of(one)))
        {
            // A certificate that cannot be an anchor is skipped.
            let _unusable = anchors.add(one.clone().into_owned());
        }
        if anchors.is_empty() {
            return Err(Error::General(NONE_OF_THEM.to_owned()));
        }
        let parsed = ParsedCertificate::try_from(certificate)?;
        let algorithms = provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &anchors, chain, now, algorithms)?;
        let named = self.names.iter().any(|name| {
            ServerName::try_from(name.as_str()).is_ok_and(|name| verify_server_name(&parsed, &name).is_ok())
        });
        if named { Ok(()) } else { Err(Error::InvalidCertificate(CertificateError::NotValidForName)) }
    }
}

impl fmt::Debug for Associations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Associations({})", self.all.len())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData as _};
    use rustls::crypto::aws_lc_rs;

    use super::*;

    struct Server {
        authority: CertificateDer<'static>,
        certificate: CertificateDer<'static>,
        key: Vec<u8>,
    }

    fn server(name: &str) -> Server {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
        Server { authority, certificate, key: key.subject_public_key_info() }
    }

    fn tlsa(usage: u8, selector: u8, matching: u8, of: &[u8]) -> Tlsa {
        let data = match matching {
            1 => digest(&digest::SHA256, of).as_ref().to_vec(),
            2 => digest(&digest::SHA512, of).as_ref().to_vec(),
            _ => of.to_vec(),
        };
        Tlsa { usage, selector, matching, data }
    }

    fn holds(records: &[Tlsa], server: &Server) -> bool {
        let now = UnixTime::now();
        let associations = Associations::of(records, &["mx.clinic.example", "clinic.example"]).unwrap();
        let chain = [server.authority.clone()];
        associations.judge(&server.certificate, &chain, now, &aws_lc_rs::default_provider()).is_ok()
    }

    /// RFC 7672 §3.1.1: the server's own certificate or key, in each form; its name does not matter.
    #[test]
    fn the_servers_own_certificate_or_key() {
        let ours = server("another.example");
        let theirs = server("mx.clinic.example");
        for matching in [0, 1, 2] {
            assert!(holds(&[tlsa(3, 0, matching, &ours.certificate)], &ours), "{matching}");
            assert!(holds(&[tlsa(3, 1, matching, &ours.key)], &ours), "{matching}");
            assert!(!holds(&[tlsa(3, 0, matching, &theirs.certificate)], &ours), "{matching}");
            assert!(!holds(&[tlsa(3, 1, matching, &theirs.key)], &ours), "{matching}");
        }
        // During a key roll-over two are published.
        assert!(holds(&[tlsa(3, 1, 1, &theirs.key), tlsa(3, 1, 1, &ours.key)], &ours));
    }

    /// RFC 7672 §3.1.2: below a published authority, and with the right name.
    #[test]
    fn an_authority_in_the_chain_and_the_name() {
        let right = server("mx.clinic.example");
        assert!(holds(&[tlsa(2, 0, 1, &right.authority)], &right));
        let by_domain = server("clinic.example");
        assert!(holds(&[tlsa(2, 0, 2, &by_domain.authority)], &by_domain));
        let wrong_name = server("mx.other.example");
        assert!(!holds(&[tlsa(2, 0, 1, &wrong_name.authority)], &wrong_name));
        // A foreign authority in the chain signs nothing.
        let mixed = Server { certificate: wrong_name.certificate, ..server("mx.clinic.example") };
        assert!(!holds(&[tlsa(2, 0, 1, &mixed.authority)], &mixed));
    }

    #[test]
    fn no_more_of_a_chain_is_compared_than_any_server_has() {
        let ours = server("mx.clinic.example");
        let associations =
            Associations::of(&[tlsa(2, 0, 1, &ours.authority)], &["mx.clinic.example"]).unwrap();
        let judged = |before: usize| {
            let mut chain = vec![ours.certificate.clone(); before];
            chain.push(ours.authority.clone());
            let provider = aws_lc_rs::default_provider();
            associations.judge(&ours.certificate, &chain, UnixTime::now(), &provider).is_ok()
        };
        assert!(judged(MAX_CHAIN - 1) && !judged(MAX_CHAIN));
    }

    /// RFC 7671 §9.
    #[test]
    fn the_strongest_digest_counts_alone() {
        let (ours, theirs) = (server("mx.clinic.example"), server("mx.clinic.example"));
        assert!(!holds(&[tlsa(3, 1, 1, &ours.key), tlsa(3, 1, 2, &theirs.key)], &ours));
        assert!(holds(&[tlsa(3, 1, 1, &theirs.key), tlsa(3, 1, 2, &ours.key)], &ours));
    }

    #[test]
    fn what_cannot_be_used_is_no_record() {
        let ours = server("mx.clinic.example");
        let mut short = tlsa(3, 1, 1, &ours.key);
        short.data.pop();
        let useless = [
            tlsa(0, 0, 1, &ours.authority),
            tlsa(1, 1, 1, &ours.key),
            tlsa(3, 2, 1, &ours.key),
            tlsa(3, 1, 3, &ours.key),
            tlsa(3, 1, 0, b""),
            short,
        ];
        assert!(Associations::of(&useless, &["mx.clinic.example"]).is_none());
        assert!(Associations::of(&[], &[]).is_none() && Associations::pinned(&[]).is_none());
    }
}
