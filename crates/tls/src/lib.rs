//! TLS to a server that authorities vouch for: the world's, or the operator's own. Knows no protocol above it and connects to
//! nobody; mail's way out, where a certificate may also be pinned or published in the DNS, has its own in delivery.
//!
//! SECURITY: the one place that says which versions, suites and authorities count for the database, the bucket,
//! webhooks and directories. There is no way to switch verification off.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// Which authorities vouch for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The world's.
    Public,
    /// The roots in this PEM file alone.
    File(PathBuf),
}

/// Why nobody can be trusted.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The file cannot be read, or holds something else.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The provider cannot do what is asked of it.
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
            // One that cannot be used does not make the others useless.
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
