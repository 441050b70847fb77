//! Outgoing TLS: one configuration for each requirement on a certificate. Knows no SMTP; decides no minimum.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sealpost_mail::Timestamp;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{NextHop, Trust};
use crate::dane::{Associations, NONE_OF_THEM};
use crate::endpoint::{Endpoint, Expected};
use crate::error::DeliveryError;
use crate::tls_session::{ResultType, TlsTrouble, Trial};

/// Client configurations, made once: all connections share session tickets.
pub(crate) struct TlsConfigs {
    provider: Arc<CryptoProvider>,
    any: Arc<ClientConfig>,
    verified: HashMap<Trust, Arc<ClientConfig>>,
    /// For policies in testing mode: verifies what they would require of exchangers.
    exchangers: Arc<WebPkiServerVerifier>,
    /// For hops that get a certificate of ours.
    own: HashMap<(PathBuf, PathBuf, Trust), Own>,
}

struct Own {
    any: Arc<ClientConfig>,
    verified: Arc<ClientConfig>,
}

impl TlsConfigs {
    /// Loads the authorities of every trust in use.
    pub(crate) fn load<'a>(
        hops: impl Iterator<Item = &'a NextHop>,
        trust: &Trust,
    ) -> Result<Self, DeliveryError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut all = Self {
            provider: Arc::clone(&provider),
            any: Arc::new(without_authority(None, &provider)?.with_no_client_auth()),
            verified: HashMap::new(),
            exchangers: verifier(trust, &provider)?,
            own: HashMap::new(),
        };
        all.verified.insert(trust.clone(), Arc::new(verified(trust, &provider)?.with_no_client_auth()));
        for hop in hops {
            let config = verified(&hop.trust, &provider)?.with_no_client_auth();
            all.verified.insert(hop.trust.clone(), Arc::new(config));
            if let Some(identity) = &hop.identity {
                let show = |builder: rustls::ConfigBuilder<ClientConfig, WantsClientCert>| {
                    let mut config = builder.with_client_cert_resolver(identity.resolver());
                    // A resumed session would still be that of a certificate that was replaced since.
                    config.resumption = Resumption::disabled();
                    Arc::new(config)
                };
                let own = Own {
                    any: show(without_authority(None, &provider)?),
                    verified: show(verified(&hop.trust, &provider)?),
                };
                let (certificate, key) = identity.files();
                all.own.insert((certificate, key, hop.trust.clone()), own);
            }
        }
        Ok(all)
    }

    /// Connects and performs the handshake.
    pub(crate) async fn connect(
        &self,
        tcp: TcpStream,
        to: &Endpoint,
    ) -> Result<TlsStream<TcpStream>, TlsTrouble> {
        let ours = |cause: &str| TlsTrouble { result: None, cause: cause.to_owned() };
        let name = &to.certificate_name;
        let own = match &to.identity {
            Some(identity) => {
                let (certificate, key) = identity.files();
                let own = self.own.get(&(certificate, key, to.trust.clone()));
                Some(own.ok_or_else(|| ours("the certificate for this hop is not loaded"))?)
            }
            None => None,
        };
        let matching;
        let config = match (&to.expected, own) {
            (Expected::Any, None) => &self.any,
            (Expected::Any, Some(own)) => &own.any,
            (Expected::Chain, None) => {
                let loaded = self.verified.get(&to.trust);
                loaded.ok_or_else(|| ours("its certificate authorities are not loaded"))?
            }
            (Expected::Chain, Some(own)) => &own.verified,
            // Our certificate is not for other servers. Made for this connection: a session of another server, or from
            // before a key change, is not resumed.
            (Expected::Match(associations), _) => {
                let config = without_authority(Some(associations.clone()), &self.provider);
                let config = config.map_err(|error| ours(&error.to_string()))?;
                matching = Arc::new(config.with_no_client_auth());
                &matching
            }
        };
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| ours(&format!("{name} cannot be the name in a certificate: {error}")))?;
        let connector = TlsConnector::from(Arc::clone(config));
        connector.connect(name, tcp).await.map_err(|error| trouble(&error))
    }

    /// What a policy in testing mode would have reported of this session, which continues.
    pub(crate) fn tried(
        &self,
        tls: &TlsStream<TcpStream>,
        to: &Endpoint,
        now: Timestamp,
    ) -> Result<(), TlsTrouble> {
        let found = |result, cause: &str| Err(TlsTrouble { result: Some(result), cause: cause.to_owned() });
        match to.counted.as_ref().map(|counted| counted.trial) {
            None | Some(Trial::Nothing) => Ok(()),
            Some(Trial::Unnamed) => {
                found(ResultType::ValidationFailure, "the MTA-STS policy does not name this server")
            }
            Some(Trial::UnusableTlsa) => {
                found(ResultType::TlsaInvalid, "none of the TLSA records can be used")
            }
            Some(Trial::Certificate) => {
                let Some([certificate, chain @ ..]) = tls.get_ref().1.peer_certificates() else {
                    return found(ResultType::ValidationFailure, "the server showed no certificate");
                };
                let Ok(name) = ServerName::try_from(to.certificate_name.as_str()) else {
                    return found(ResultType::CertificateHostMismatch, "the server has no name");
                };
                let at = UnixTime::since_unix_epoch(Duration::from_millis(
                    u64::try_from(now.0).unwrap_or_default(),
                ));
                match self.exchangers.verify_server_cert(certificate, chain, &name, &[], at) {
                    Ok(_verified) => Ok(()),
                    Err(error) => found(kind(&error), &error.to_string()),
                }
            }
        }
    }
}

/// Why a handshake failed. An error that is not TLS is one of the network, and may be temporary.
fn trouble(error: &std::io::Error) -> TlsTrouble {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    TlsTrouble { result: tls.map(kind), cause: error.to_string() }
}

/// Whether a handshake failed because of a certificate.
pub(crate) fn is_about_a_certificate(error: &std::io::Error) -> bool {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    tls.is_some_and(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
}

/// The result type of RFC 8460 §4.3.1 for a TLS error.
#[expect(clippy::wildcard_enum_match_arm, reason = "both enums are rustls's, which adds to them at any time")]
fn kind(error: &rustls::Error) -> ResultType {
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => ResultType::CertificateExpired,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                ResultType::CertificateHostMismatch
            }
            // Every other flaw of a certificate, including future ones.
            _ => ResultType::CertificateNotTrusted,
        },
        rustls::Error::General(said) if said == NONE_OF_THEM => ResultType::CertificateNotTrusted,
        _ => ResultType::ValidationFailure,
    }
}

pub(crate) fn verified(
    trust: &Trust,
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, WantsClientCert>, DeliveryError> {
    Ok(builder(provider)?.with_webpki_verifier(verifier(trust, provider)?))
}

fn verifier(
    trust: &Trust,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, DeliveryError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots(trust)?), Arc::clone(provider))
        .build()
        .map_err(|error| DeliveryError::Config(format!("{trust:?}: {error}")))
}

fn without_authority(
    associations: Option<Associations>,
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, WantsClientCert>, DeliveryError> {
    let verifier = Arc::new(WithoutAuthority { associations, provider: Arc::clone(provider) });
    Ok(builder(provider)?.dangerous().with_custom_certificate_verifier(verifier))
}

/// TLS 1.2 and 1.3 with the provider's suites: ephemeral keys and AEAD only, as BSI TR-02102-2 requires.
fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, DeliveryError> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| DeliveryError::Config(error.to_string()))
}

impl Trust {
    /// Whether its authorities can be loaded, as [`crate::Runner::new`] loads them.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn check(&self) -> Result<(), DeliveryError> {
        roots(self).map(drop)
    }
}

fn roots(trust: &Trust) -> Result<RootCertStore, DeliveryError> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::WebPki => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Trust::File(path) => {
            let wrong = |what: String| DeliveryError::Config(format!("{}: {what}", path.display()));
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("holds no certificate".to_owned()));
            }
        }
    }
    Ok(roots)
}

/// Accepts any issuer: any certificate for minimums below `verified`, or one of the associations. The peer must have
/// its key.
#[derive(Debug)]
struct WithoutAuthority {
    associations: Option<Associations>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for WithoutAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(associations) = &self.associations {
            associations.judge(end_entity, intermediates, now, &self.provider)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
