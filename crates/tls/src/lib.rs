//! TLS to a server whose certificate is issued by an authority: a public one, or the operator's own. Knows no protocol
//! above it and opens no connection; outgoing mail, where a certificate may also be pinned or published in the DNS, has
//! its own in delivery.
//!
//! SECURITY: the only place that decides which versions, suites and authorities are accepted for the database, the
//! bucket, webhooks and directories. There is no way to switch verification off.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// Which authorities are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The public ones.
    Public,
    /// Only the roots in this PEM file.
    File(PathBuf),
}

/// Why no authority can be trusted.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The file cannot be read, or contains something else.
    #[error("{path}: {source}")]
    File {
        /// Path of the file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The provider does not support what is required.
    #[error("{0}")]
    Provider(#[from] rustls::Error),
}

/// TLS 1.2 and 1.3 with the provider's suites: ephemeral keys and AEAD only, as BSI TR-02102-2 asks.
///
/// # Errors
/// The authorities cannot be read.
pub fn verified(trust: &Trust) -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(trust)?)
        .with_no_client_auth())
}

fn roots(trust: &Trust) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Public => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Trust::File(path) => {
            let all = certificates(path).map_err(|source| TrustError::File { path: path.clone(), source })?;
            // An unusable one does not make the others useless.
            let (added, _passed_over) = roots.add_parsable_certificates(all);
            if added == 0 {
                let none = "there is no certificate in it";
                let source = io::Error::new(io::ErrorKind::InvalidData, none);
                return Err(TrustError::File { path: path.clone(), source });
            }
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let pem = std::fs::read(path)?;
    CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_authority_is_trusted_by_nobody() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(verified(&Trust::Public).is_ok());
        for (file, said) in [("Cargo.toml", "no certificate in it"), ("gone.pem", "No such file")] {
            let error = verified(&Trust::File(here.join(file))).unwrap_err().to_string();
            assert!(error.contains(file) && error.contains(said), "{error}");
        }
    }
}
