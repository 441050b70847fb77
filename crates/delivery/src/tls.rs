//! TLS on the way out: one configuration for each thing a certificate can be expected to be. Knows no SMTP; decides
//! nothing about floors.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{NextHop, Trust};
use crate::dane::Associations;
use crate::endpoint::{Endpoint, Expected};
use crate::error::DeliveryError;

/// Client configurations, made once: session tickets are shared by all connections.
pub(crate) struct TlsConfigs {
    provider: Arc<CryptoProvider>,
    any: Arc<ClientConfig>,
    verified: HashMap<Trust, Arc<ClientConfig>>,
    /// Of hops that are shown a certificate of ours.
    own: HashMap<(PathBuf, PathBuf, Trust), Own>,
}

struct Own {
    any: Arc<ClientConfig>,
    verified: Arc<ClientConfig>,
}

impl TlsConfigs {
    /// Reads the authorities of every trust in use.
    pub(crate) fn load<'a>(
        hops: impl Iterator<Item = &'a NextHop>,
        trust: &Trust,
    ) -> Result<Self, DeliveryError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut all = Self {
            provider: Arc::clone(&provider),
            any: Arc::new(without_authority(None, &provider)?.with_no_client_auth()),
            verified: HashMap::new(),
            own: HashMap::new(),
        };
        all.verified.insert(trust.clone(), Arc::new(verified(trust, &provider)?.with_no_client_auth()));
        for hop in hops {
            let config = verified(&hop.trust, &provider)?.with_no_client_auth();
            all.verified.insert(hop.trust.clone(), Arc::new(config));
            if let Some(identity) = &hop.identity {
                let show = |builder: rustls::ConfigBuilder<ClientConfig, WantsClientCert>| {
                    let mut config = builder.with_client_cert_resolver(identity.resolver());
                    // A session taken up again would still be that of a certificate that was replaced since.
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

    /// Shakes hands. `Err` is a sentence for the log and the report.
    pub(crate) async fn connect(
        &self,
        tcp: TcpStream,
        to: &Endpoint,
    ) -> Result<TlsStream<TcpStream>, String> {
        let name = &to.certificate_name;
        let own = match &to.identity {
            Some(identity) => {
                let (certificate, key) = identity.files();
                let own = self.own.get(&(certificate, key, to.trust.clone()));
                Some(own.ok_or("the certificate for this hop is not loaded")?)
            }
            None => None,
        };
        let matching;
        let config = match (&to.expected, own) {
            (Expected::Any, None) => &self.any,
            (Expected::Any, Some(own)) => &own.any,
            (Expected::Chain, None) => {
                self.verified.get(&to.trust).ok_or("its certificate authorities are not loaded")?
            }
            (Expected::Chain, Some(own)) => &own.verified,
            // No certificate of ours is for servers of others. Made for this connection: a session of another server,
            // or of before a key was exchanged, is not taken up again.
            (Expected::Match(associations), _) => {
                let config = without_authority(Some(associations.clone()), &self.provider);
                let config = config.map_err(|error| error.to_string())?;
                matching = Arc::new(config.with_no_client_auth());
                &matching
            }
        };
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| format!("{name} cannot be the name in a certificate: {error}"))?;
        let connector = TlsConnector::from(Arc::clone(config));
        connector.connect(name, tcp).await.map_err(|error| error.to_string())
    }
}

pub(crate) fn verified(
    trust: &Trust,
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, WantsClientCert>, DeliveryError> {
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(trust)?), Arc::clone(provider))
        .build()
        .map_err(|error| DeliveryError::Config(format!("{trust:?}: {error}")))?;
    Ok(builder(provider)?.with_webpki_verifier(verifier))
}

fn without_authority(
    associations: Option<Associations>,
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, WantsClientCert>, DeliveryError> {
    let verifier = Arc::new(WithoutAuthority { associations, provider: Arc::clone(provider) });
    Ok(builder(provider)?.dangerous().with_custom_certificate_verifier(verifier))
}

/// TLS 1.2 and 1.3 with the provider's suites: ephemeral keys and AEAD only, as BSI TR-02102-2 asks.
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

/// Whoever signed it: any certificate for the floors below `verified`, or one of the associations. The peer must hold its
/// key.
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
