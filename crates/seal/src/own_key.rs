//! Our own key: private key with its certificate, or an OpenPGP secret key. Made, imported, stored as sealed bytes by
//! the caller; or its place in a token. Never printed.

use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::X509;
use sealpost_mail::{Address, Secret, Timestamp};
use sequoia_openpgp::Cert;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::error::KeyError;
use crate::key_facts::KeyFacts;
use crate::key_operations::{self, ContentKeyTask};
use crate::key_request::{Holder, Kind};
use crate::keyfile;
use crate::partner_key::PartnerKey;
use crate::pgp;
use crate::pgp::key::Subkeys;
use crate::smime::certificate::library;
use crate::smime::in_token;
use crate::smime::make::{self, SmimeKey, SmimePrivate};
use crate::token::{TokenKey, TokenPublic, Tokens};

/// A private key with its certificate, or an OpenPGP secret key.
#[derive(Clone)]
pub struct OwnKey {
    public: PartnerKey,
    private: PrivatePart,
}

#[derive(Clone)]
pub(crate) enum PrivatePart {
    Smime(SmimeKey),
    OpenPgp(Box<Cert>),
}

/// The stored form: JSON, so that it can be read without this program.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "method")]
enum StoredOwnKey {
    Smime {
        /// PKCS#8.
        #[serde(with = "crate::base64_bytes")]
        key: Vec<u8>,
        #[serde(with = "crate::base64_bytes")]
        certificate: Vec<u8>,
        #[serde(with = "crate::base64_list")]
        chain: Vec<Vec<u8>>,
    },
    /// Contains nothing secret: the private key does not leave its token.
    #[serde(rename = "smime-in-token")]
    SmimeInToken {
        place: TokenKey,
        #[serde(with = "crate::base64_bytes")]
        certificate: Vec<u8>,
        #[serde(with = "crate::base64_list")]
        chain: Vec<Vec<u8>>,
    },
    OpenPgp {
        /// Transferable secret key (RFC 9580 §10.2), binary.
        #[serde(with = "crate::base64_bytes")]
        key: Vec<u8>,
    },
}

impl Drop for StoredOwnKey {
    fn drop(&mut self) {
        match self {
            Self::Smime { key, .. } | Self::OpenPgp { key } => key.zeroize(),
            Self::SmimeInToken { .. } => {}
        }
    }
}

impl OwnKey {
    /// Makes a key. An S/MIME one gets a self-signed certificate, until a CA issues one ([`Self::with_certificate`]).
    /// Takes seconds for RSA: not on the event loop.
    ///
    /// # Errors
    /// The library failed.
    pub fn generate(kind: Kind, holder: &Holder, now: Timestamp, years: u32) -> Result<Self, KeyError> {
        let key = match kind {
            Kind::SmimeRsa3072 => make::rsa(3072)?,
            Kind::SmimeRsa4096 => make::rsa(4096)?,
            Kind::SmimeP256 => make::curve(Nid::X9_62_PRIME256V1)?,
            Kind::SmimeP384 => make::curve(Nid::SECP384R1)?,
            Kind::OpenPgpCurve25519 | Kind::OpenPgpRsa3072 | Kind::OpenPgpRsa4096 => {
                return Self::of_cert(pgp::key::generate(kind, holder, now, years)?);
            }
        };
        Self::of_smime(make::self_signed(key, holder, now, years)?)
    }

    /// A key pair in a token, with a self-signed certificate.
    ///
    /// # Errors
    /// The library or the token failed.
    pub fn in_token(
        place: TokenKey,
        public: &TokenPublic,
        holder: &Holder,
        now: Timestamp,
        years: u32,
        tokens: &dyn Tokens,
    ) -> Result<Self, KeyError> {
        Self::of_smime(in_token::self_signed(place, public, holder, now, years, tokens)?)
    }

    /// A key pair in a token, with an existing certificate for it (PEM, DER or PKCS#7 with its chain).
    ///
    /// # Errors
    /// It is for another key.
    pub fn certified_in_token(
        place: TokenKey,
        public: &TokenPublic,
        issued: &[u8],
    ) -> Result<Self, KeyError> {
        Self::of_smime(in_token::certified(place, public, keyfile::certificates(issued)?)?)
    }

    /// The place of the private key in a token; `None`: it is in memory.
    #[must_use]
    pub fn token(&self) -> Option<&TokenKey> {
        match &self.private {
            PrivatePart::Smime(SmimeKey { private: SmimePrivate::InToken(place), .. }) => Some(place),
            PrivatePart::Smime(SmimeKey { private: SmimePrivate::Here(_), .. }) | PrivatePart::OpenPgp(_) => {
                None
            }
        }
    }

    /// Reads a PKCS#12 file, PEM with key and certificate, or an OpenPGP secret key, by its format.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn import(bytes: &[u8], passphrase: Option<&Secret<String>>) -> Result<Self, KeyError> {
        if bytes.len() > keyfile::MAX_BYTES {
            return Err(KeyError::TooLarge);
        }
        let begins = |text: &[u8]| memchr::memmem::find(bytes, text).is_some();
        if begins(b"-----BEGIN PGP") {
            return Self::of_cert(pgp::key::import(bytes, passphrase)?);
        }
        if begins(b"-----BEGIN ") {
            return Self::of_smime(make::from_pem(bytes, passphrase)?);
        }
        match make::from_pkcs12(bytes, passphrase) {
            Ok(key) => Self::of_smime(key),
            Err(KeyError::Unknown) => Self::of_cert(pgp::key::import(bytes, passphrase)?),
            Err(error) => Err(error),
        }
    }

    /// A certificate signing request for a CA, as PEM. Signed by the token if the key is in one.
    ///
    /// # Errors
    /// OpenPGP keys have none.
    pub fn signing_request(&self, holder: &Holder, tokens: &dyn Tokens) -> Result<String, KeyError> {
        match &self.private {
            PrivatePart::Smime(own) => match &own.private {
                SmimePrivate::Here(key) => make::signing_request(key, holder),
                SmimePrivate::InToken(place) => in_token::signing_request(own, place, holder, tokens),
            },
            PrivatePart::OpenPgp(_) => Err(KeyError::Unsupported("OpenPGP keys are not certified by a CA")),
        }
    }

    /// The same private key with the certificate that a CA issued for it (PEM, DER or PKCS#7 with its chain).
    ///
    /// # Errors
    /// It is for another key.
    pub fn with_certificate(&self, issued: &[u8]) -> Result<Self, KeyError> {
        match &self.private {
            PrivatePart::Smime(own) => {
                let public = own.certificate.public_key().map_err(library)?;
                let (certificate, chain) = make::matched(&public, keyfile::certificates(issued)?)?;
                Self::of_smime(SmimeKey { private: own.private.clone(), certificate, chain })
            }
            PrivatePart::OpenPgp(_) => Err(KeyError::Unsupported("OpenPGP keys are not certified by a CA")),
        }
    }

    /// The same OpenPGP key under more addresses: programs find it for these as well.
    ///
    /// # Errors
    /// It is a certificate, or has too many addresses.
    pub fn with_addresses(&self, addresses: &[Address], now: Timestamp) -> Result<Self, KeyError> {
        match &self.private {
            PrivatePart::OpenPgp(cert) => Self::of_cert(pgp::key::with_addresses(cert, addresses, now)?),
            PrivatePart::Smime(_) => {
                Err(KeyError::Unsupported("a certificate names what its issuer has written"))
            }
        }
    }

    /// The public part, which may be published.
    #[must_use]
    pub fn public(&self) -> &PartnerKey {
        &self.public
    }

    /// The facts of its public part.
    #[must_use]
    pub fn facts(&self) -> &KeyFacts {
        self.public.facts()
    }

    /// Serialises it including the private key, for [`Self::from_bytes`]; to be sealed before it is stored.
    ///
    /// # Errors
    /// The library failed.
    pub fn to_bytes(&self) -> Result<Secret<Vec<u8>>, KeyError> {
        let kept = match &self.private {
            PrivatePart::Smime(own) => {
                let certificate = own.certificate.to_der().map_err(library)?;
                let chain = own.chain.iter().map(|one| one.to_der());
                let chain = chain.collect::<Result<_, _>>().map_err(library)?;
                match &own.private {
                    SmimePrivate::Here(key) => {
                        let key = key.private_key_to_pkcs8().map_err(library)?;
                        StoredOwnKey::Smime { key, certificate, chain }
                    }
                    SmimePrivate::InToken(place) => {
                        StoredOwnKey::SmimeInToken { place: place.clone(), certificate, chain }
                    }
                }
            }
            PrivatePart::OpenPgp(cert) => StoredOwnKey::OpenPgp { key: pgp::key::secret_bytes(cert)? },
        };
        serde_json::to_vec(&kept).map(Secret::new).map_err(|error| KeyError::Library(error.to_string()))
    }

    /// Deserialises the result of [`Self::to_bytes`].
    ///
    /// # Errors
    /// It is not such a result.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        // The error's text could contain a piece of the key.
        let kept: StoredOwnKey = serde_json::from_slice(bytes).map_err(|_secret| KeyError::Unknown)?;
        match &kept {
            StoredOwnKey::Smime { key, certificate, chain } => Self::of_smime(SmimeKey {
                private: SmimePrivate::Here(PKey::private_key_from_pkcs8(key).map_err(library)?),
                certificate: X509::from_der(certificate).map_err(library)?,
                chain: certificates(chain)?,
            }),
            StoredOwnKey::SmimeInToken { place, certificate, chain } => Self::of_smime(SmimeKey {
                private: SmimePrivate::InToken(place.clone()),
                certificate: X509::from_der(certificate).map_err(library)?,
                chain: certificates(chain)?,
            }),
            StoredOwnKey::OpenPgp { key } => Self::of_cert(pgp::key::from_secret_bytes(key)?),
        }
    }

    pub(crate) fn private(&self) -> &PrivatePart {
        &self.private
    }

    /// The decryption subkeys of an OpenPGP key.
    pub(crate) fn decrypting_subkeys(&self) -> Option<Subkeys> {
        match &self.private {
            PrivatePart::OpenPgp(cert) => Some(pgp::key::decrypting_pairs(cert)),
            PrivatePart::Smime(_) => None,
        }
    }

    /// What a worker is lent, for [`pgp::key::from_lent`]. An S/MIME key is not lent: the worker asks for its results.
    pub(crate) fn lent(&self) -> Option<Secret<Vec<u8>>> {
        match &self.private {
            PrivatePart::OpenPgp(cert) => pgp::key::lent(cert).ok(),
            PrivatePart::Smime(_) => None,
        }
    }

    /// Decrypts or unwraps a content key, with an S/MIME key in memory.
    pub(crate) fn content_key(&self, task: &ContentKeyTask) -> Option<Secret<Vec<u8>>> {
        let PrivatePart::Smime(SmimeKey { private: SmimePrivate::Here(key), .. }) = &self.private else {
            return None;
        };
        match task {
            ContentKeyTask::Decrypt { how, encrypted, length: _ } => {
                key_operations::decrypt(key, how, encrypted)
            }
            ContentKeyTask::Agree(agreement) => key_operations::agree(key, agreement),
        }
    }

    fn of_smime(key: SmimeKey) -> Result<Self, KeyError> {
        let public = PartnerKey::of_certificate(&key.certificate, &key.chain)?;
        Ok(Self { public, private: PrivatePart::Smime(key) })
    }

    fn of_cert(cert: Cert) -> Result<Self, KeyError> {
        Ok(Self { public: PartnerKey::of_cert(&cert)?, private: PrivatePart::OpenPgp(Box::new(cert)) })
    }
}

fn certificates(chain: &[Vec<u8>]) -> Result<Vec<X509>, KeyError> {
    chain.iter().map(|der| X509::from_der(der)).collect::<Result<_, _>>().map_err(library)
}

impl std::fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OwnKey({:?})", self.facts().fingerprint)
    }
}
