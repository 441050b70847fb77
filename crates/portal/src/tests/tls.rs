//! Our own TLS, and new certificates without a restart.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use super::rig::Rig;
use crate::config::{PortalError, PortalTls};

/// Writes a new certificate and key; returns the certificate.
fn renew(folder: &Path) -> CertificateDer<'static> {
    let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("chain.pem"), pair.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), pair.signing_key.serialize_pem()).unwrap();
    pair.cert.der().clone()
}

/// The first line of the response to a client that trusts `certificate` alone.
async fn ask(rig: &Rig, certificate: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = tokio::net::TcpStream::connect(rig.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
    tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = vec![0; 15];
    tls.read_exact(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_taken_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = renew(folder.path());
    let rig = Rig::start_with(|config| {
        config.public_url = "https://localhost".into();
        config.tls = PortalTls::Files {
            certificate: folder.path().join("chain.pem"),
            key: folder.path().join("key.pem"),
        };
    })
    .await;
    assert_eq!(ask(&rig, &first).await.unwrap(), "HTTP/1.1 200 OK");
    let second = renew(folder.path());
    assert!(ask(&rig, &second).await.is_err(), "files are read when told to");
    rig.reloader.reload().unwrap();
    assert_eq!(ask(&rig, &second).await.unwrap(), "HTTP/1.1 200 OK");
    assert!(ask(&rig, &first).await.is_err());
    // Half a renewal: a key that belongs to another certificate.
    let chain = std::fs::read(folder.path().join("chain.pem")).unwrap();
    renew(folder.path());
    std::fs::write(folder.path().join("chain.pem"), chain).unwrap();
    let error = rig.reloader.reload().unwrap_err();
    assert!(matches!(&error, PortalError::Tls { path, .. } if path.ends_with("key.pem")), "{error}");
    assert_eq!(ask(&rig, &second).await.unwrap(), "HTTP/1.1 200 OK");
    rig.stop().await;
}
