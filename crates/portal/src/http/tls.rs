//! Our own TLS: certificate and key from files, reloaded on demand without a restart.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, crypto};
use thiserror::Error;

/// What is wrong with a file for TLS.
#[derive(Debug, Error)]
#[error("TLS file {path}: {why}")]
pub(crate) struct TlsFileError {
    /// The path of the file.
    pub(crate) path: PathBuf,
    pub(crate) why: String,
}

/// The current certificate and its files.
#[derive(Debug)]
pub(crate) struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    pub(crate) fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsFileError> {
        let current = RwLock::new(read(&certificate, &key)?);
        Ok(Self { certificate, key, current })
    }

    /// Reloads the files; the old certificate stays in use if they are invalid.
    pub(crate) fn reload(&self) -> Result<(), TlsFileError> {
        let fresh = read(&self.certificate, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Checks whether they could be loaded now, as [`Certificate::load`] does.
pub(crate) fn check(certificate: &PathBuf, key: &PathBuf) -> Result<(), TlsFileError> {
    read(certificate, key).map(drop)
}

fn read(certificate: &PathBuf, key: &PathBuf) -> Result<Arc<CertifiedKey>, TlsFileError> {
    let bad = |path: &PathBuf, why: String| TlsFileError { path: path.clone(), why };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(bad(certificate, "there is no certificate in it".into()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, error.to_string()))?;
    let pair = CertifiedKey::from_der(chain, secret, &crypto::aws_lc_rs::default_provider())
        .map_err(|error| bad(key, format!("does not fit the certificate: {error}")))?;
    Ok(Arc::new(pair))
}

/// TLS 1.2 and 1.3 as rustls offers them: forward secrecy and AEAD only (BSI TR-02102-2).
pub(crate) fn server_config(certificate: Arc<Certificate>) -> Result<ServerConfig, TlsFileError> {
    let path = certificate.certificate.clone();
    let mut config = ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsFileError { path, why: error.to_string() })?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
