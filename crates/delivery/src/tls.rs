//! TLS on the way out: one configuration per floor and trust. Knows no SMTP; decides nothing about floors.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sealpost_mail::TlsFloor;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::Trust;
use crate::runner::DeliveryError;

/// Client configurations, made once: session tickets are shared by all connections.
pub(crate) struct TlsConfigs {
    any: Arc<ClientConfig>,
    verified: HashMap<Trust, Arc<ClientConfig>>,
}

impl TlsConfigs {
    /// Reads the authorities of every trust in use.
    pub(crate) fn load<'a>(trusts: impl Iterator<Item = &'a Trust>) -> Result<Self, DeliveryError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut verified = HashMap::new();
        for trust in trusts {
            let roots = roots(trust)?;
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                    .build()
                    .map_err(|error| DeliveryError::Config(format!("{trust:?}: {error}")))?;
            let config = builder(&provider)?.with_webpki_verifier(verifier).with_no_client_auth();
            verified.insert(trust.clone(), Arc::new(config));
        }
        let any = builder(&provider)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(Arc::clone(&provider))))
            .with_no_client_auth();
        Ok(Self { any: Arc::new(any), verified })
    }

    /// Shakes hands. `Err` is a sentence for the log and the report.
    pub(crate) async fn connect(
        &self,
        tcp: TcpStream,
        name: &str,
        floor: TlsFloor,
        trust: &Trust,
    ) -> Result<TlsStream<TcpStream>, String> {
        let config = match floor {
            TlsFloor::None | TlsFloor::Encrypted => &self.any,
            TlsFloor::Verified => {
                self.verified.get(trust).ok_or("its certificate authorities are not loaded")?
            }
        };
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| format!("{name} cannot be the name in a certificate: {error}"))?;
        let connector = TlsConnector::from(Arc::clone(config));
        connector.connect(name, tcp).await.map_err(|error| error.to_string())
    }
}

/// TLS 1.2 and 1.3 with the provider's suites: ephemeral keys and AEAD only, as BSI TR-02102-2 asks.
fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, DeliveryError> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| DeliveryError::Config(error.to_string()))
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

/// For the floors below `verified`: any certificate, but the peer must hold its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
