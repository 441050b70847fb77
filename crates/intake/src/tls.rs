//! TLS of a listener: certificate with reload, minimum version and suites, and what a client certificate
//! proves. Knows nothing of SMTP.
//!
//! The minimum follows BSI TR-02102-2: TLS 1.2 with ephemeral ECDH and AES-GCM, or TLS 1.3 with AES-GCM.
//! ChaCha20-Poly1305 is not among its recommendations and left out. Key exchange is the provider's, with
//! X25519MLKEM768 first.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem, pem::PemObject};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{
    CipherSuite, DigitallySignedStruct, DistinguishedName, ProtocolVersion, RootCertStore, ServerConfig,
    ServerConnection, SignatureScheme, SupportedProtocolVersion, version,
};
use sealpost_mail::{Clock, TlsFacts};
use thiserror::Error;

use crate::access::ClientCertificates;

/// Paths of certificate and key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Our certificate, then its issuers.
    pub certificate: PathBuf,
    /// The private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// The oldest TLS version that is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMinimum {
    /// TLS 1.2 with ECDHE and AES-GCM only, or 1.3.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl TlsMinimum {
    fn versions(self) -> &'static [&'static SupportedProtocolVersion] {
        static FROM_12: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];
        static FROM_13: [&SupportedProtocolVersion; 1] = [&version::TLS13];
        match self {
            Self::Tls12 => &FROM_12,
            Self::Tls13 => &FROM_13,
        }
    }
}

/// Why TLS cannot start (or a reload is rejected).
#[derive(Debug, Error)]
pub enum TlsError {
    /// The file is not readable, or does not contain what is expected.
    #[error("{file}: {source}; it must be a readable PEM file with the {what}")]
    File {
        /// The path of the file.
        file: PathBuf,
        /// What it should contain.
        what: &'static str,
        /// The cause.
        source: pem::Error,
    },
    /// No certificate in the file.
    #[error("{0}: no certificate in it; it must be a PEM file with the certificate first")]
    Empty(PathBuf),
    /// Key and certificate do not match, or an algorithm is not supported.
    #[error("{file}: certificate and key cannot be used together: {source}")]
    Pair {
        /// The path of the certificate.
        file: PathBuf,
        /// The cause.
        source: rustls::Error,
    },
    /// The CA file for client certificates is not usable.
    #[error("{file}: not usable as CA for client certificates: {cause}")]
    ClientCa {
        /// The path of the file.
        file: PathBuf,
        /// The cause.
        cause: String,
    },
}

/// Certificate and key of a listener. Clones share them, so one [`Self::reload`] reaches all new sessions;
/// existing sessions keep those they began with.
#[derive(Clone)]
pub struct TlsSource {
    files: TlsFiles,
    minimum: TlsMinimum,
    current: Arc<Current>,
}

impl TlsSource {
    /// Reads the files.
    ///
    /// # Errors
    /// A file cannot be read, or certificate and key do not match.
    pub fn load(files: TlsFiles, minimum: TlsMinimum) -> Result<Self, TlsError> {
        let pair = read_pair(&files)?;
        Ok(Self { files, minimum, current: Arc::new(Current(RwLock::new(pair))) })
    }

    /// Reads the files again. On an error the old certificate stays in use.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let pair = read_pair(&self.files)?;
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
        Ok(())
    }

    /// The files it reads.
    #[must_use]
    pub fn files(&self) -> &TlsFiles {
        &self.files
    }

    pub(crate) fn server_config(
        &self,
        certificates: &ClientCertificates,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<ServerConfig>, TlsError> {
        let pair_error = |source| TlsError::Pair { file: self.files.certificate.clone(), source };
        let builder = ServerConfig::builder_with_details(provider(), Arc::new(ClockTime(clock)))
            .with_protocol_versions(self.minimum.versions())
            .map_err(pair_error)?;
        let builder = if certificates.is_empty() {
            builder.with_no_client_auth()
        } else {
            builder.with_client_cert_verifier(Arc::new(AskOnly::new(provider())))
        };
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&self.current) as _;
        Ok(Arc::new(builder.with_cert_resolver(resolver)))
    }
}

impl fmt::Debug for TlsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSource")
            .field("files", &self.files)
            .field("minimum", &self.minimum)
            .finish_non_exhaustive()
    }
}

fn read_pair(files: &TlsFiles) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = read_certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|source| TlsError::File {
        file: files.key.clone(),
        what: "private key",
        source,
    })?;
    let pair_error = |source| TlsError::Pair { file: files.certificate.clone(), source };
    // `from_der` compares the public keys.
    CertifiedKey::from_der(chain, key, &provider()).map(Arc::new).map_err(pair_error)
}

fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let error = |source| TlsError::File { file: file.to_owned(), what: "certificate", source };
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(file).map_err(error)?.collect::<Result<_, _>>().map_err(error)?;
    if chain.is_empty() { Err(TlsError::Empty(file.to_owned())) } else { Ok(chain) }
}

/// aws-lc-rs with the permitted suites.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| {
        matches!(
            suite.suite(),
            CipherSuite::TLS13_AES_256_GCM_SHA384
                | CipherSuite::TLS13_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        )
    });
    Arc::new(provider)
}

struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

/// Lets rustls read our clock.
struct ClockTime(Arc<dyn Clock>);

impl fmt::Debug for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockTime")
    }
}

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(&*self.0))
    }
}

fn unix_time(clock: &dyn Clock) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(clock.now().seconds()).unwrap_or(0)))
}

/// Requests a certificate and verifies only that the client has its key: mail servers present whatever
/// certificate they have, and one that gives no right must not cost them the connection. [`CertificateJudge`]
/// decides what it proves.
#[derive(Debug)]
struct AskOnly(WebPkiSupportedAlgorithms);

impl AskOnly {
    fn new(provider: Arc<CryptoProvider>) -> Self {
        Self(provider.signature_verification_algorithms)
    }
}

impl ClientCertVerifier for AskOnly {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[] // any: a pinned certificate may come from any CA or none
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// Decides whether a certificate gives its holder a right.
#[derive(Debug)]
pub(crate) struct CertificateJudge {
    pins: Vec<[u8; 32]>,
    ca: Option<Arc<dyn ClientCertVerifier>>,
}

impl CertificateJudge {
    pub(crate) fn new(certificates: &ClientCertificates) -> Result<Self, TlsError> {
        let ca = match &certificates.ca {
            None => None,
            Some(file) => {
                let failed = |cause: &dyn fmt::Display| TlsError::ClientCa {
                    file: file.clone(),
                    cause: cause.to_string(),
                };
                let mut roots = RootCertStore::empty();
                for certificate in read_certificates(file)? {
                    roots.add(certificate).map_err(|error| failed(&error))?;
                }
                Some(
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
                        .build()
                        .map_err(|error| failed(&error))?,
                )
            }
        };
        Ok(Self { pins: certificates.pins.clone(), ca })
    }

    /// What a finished handshake proved.
    pub(crate) fn facts(&self, connection: &ServerConnection, clock: &dyn Clock) -> TlsFacts {
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLS1.2",
            _ => "TLS",
        };
        let suite = connection.negotiated_cipher_suite().map(|suite| suite.suite());
        let cipher = suite.and_then(|suite| suite.as_str()).unwrap_or_default();
        TlsFacts {
            version: version.to_owned(),
            // rustls writes TLS13_AES_…; IANA calls it TLS_AES_….
            cipher: cipher.replacen("TLS13_", "TLS_", 1),
            client_certificate: self.proven(connection.peer_certificates().unwrap_or_default(), clock),
        }
    }

    /// SHA-256 (lower-case hex) of the certificate, if it is pinned or issued by the CA.
    fn proven(&self, chain: &[CertificateDer<'_>], clock: &dyn Clock) -> Option<String> {
        let (certificate, issuers) = chain.split_first()?;
        let digest = sha256(certificate);
        let pinned = self.pins.iter().any(|pin| pin.as_slice() == digest.as_ref());
        let issued = || {
            let ca = self.ca.as_ref()?;
            ca.verify_client_cert(certificate, issuers, unix_time(clock)).ok()
        };
        (pinned || issued().is_some()).then(|| sealpost_mail::hex(digest.as_ref()))
    }
}

fn sha256(certificate: &CertificateDer<'_>) -> ::aws_lc_rs::digest::Digest {
    ::aws_lc_rs::digest::digest(&::aws_lc_rs::digest::SHA256, certificate)
}
