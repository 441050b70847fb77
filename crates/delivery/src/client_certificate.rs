//! Our own certificate, for next hops that request one (RFC 8446 §4.3.2). Knows no SMTP, and no hop.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::error::DeliveryError;

/// Certificate and key, both PEM. Clones share them, so one [`Self::reload`] reaches all new connections.
#[derive(Clone)]
pub struct ClientCertificate {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
}

impl ClientCertificate {
    /// Reads the files.
    ///
    /// # Errors
    /// A file cannot be read, or certificate and key do not match.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, DeliveryError> {
        let pair = read(&certificate, &key)?;
        Ok(Self { certificate, key, current: Arc::new(Current(RwLock::new(pair))) })
    }

    /// Reads the files again. On an error the old certificate stays in use.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn reload(&self) -> Result<(), DeliveryError> {
        let pair = read(&self.certificate, &self.key)?;
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
        Ok(())
    }

    /// The path of the certificate.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.certificate
    }

    pub(crate) fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::clone(&self.current) as _
    }

    /// The paths of certificate and key, which identify the configuration.
    pub(crate) fn files(&self) -> (PathBuf, PathBuf) {
        (self.certificate.clone(), self.key.clone())
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, DeliveryError> {
    let wrong = |file: &Path, what: String| DeliveryError::Config(format!("{}: {what}", file.display()));
    let unreadable = |error: rustls::pki_types::pem::Error| wrong(certificate, error.to_string());
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .map_err(unreadable)?
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    if chain.is_empty() {
        return Err(wrong(certificate, "holds no certificate".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, error.to_string()))?;
    // `from_der` compares the public keys.
    CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider())
        .map(Arc::new)
        .map_err(|error| wrong(certificate, format!("it and its key cannot be used together: {error}")))
}

struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesClientCert for Current {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Sent whatever authorities the server names: it is configured for this hop, which rejects it if it
        // is not accepted.
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}
