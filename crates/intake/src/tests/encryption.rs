//! TLS over loopback: the floor, STARTTLS, implicit TLS, reload, client certificates, and the listener.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CipherSuite, ClientConfig, DigitallySignedStruct, SignatureScheme};
use sealpost_mail::SystemClock;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::rig::{Memory, OneLogin, Remembering, memory};
use crate::access::{Access, ClientCertificates};
use crate::limits::{Limits, MemoryBudget};
use crate::listener::{Intake, IntakeError, ListenerConfig, Tls};
use crate::tls::{TlsFiles, TlsMinimum, TlsSource};

/// A certificate for `name` in `folder`; its DER.
fn make_certificate(folder: &Path, name: &str) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

fn source(folder: &Path, minimum: TlsMinimum) -> TlsSource {
    let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    TlsSource::load(files, minimum).unwrap()
}

fn config(tls: Tls) -> ListenerConfig {
    ListenerConfig {
        name: "inside".into(),
        addresses: vec!["127.0.0.1:0".parse().unwrap()],
        hostname: "gw.example".into(),
        tls,
        tls_required: false,
        access: Access { networks: vec!["127.0.0.0/8".parse().unwrap()], ..Access::default() },
        limits: Limits::default(),
    }
}

struct Running {
    address: SocketAddr,
    memory: Arc<Memory>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

fn bind(config: ListenerConfig, memory: &Arc<Memory>) -> Result<Intake, IntakeError> {
    Intake::bind(
        vec![config],
        Arc::new(Remembering(Arc::clone(memory))),
        Arc::new(OneLogin),
        Arc::new(SystemClock),
        Arc::new(sealpost_mail::SystemRandom),
        MemoryBudget::kib(4096),
    )
}

fn start(config: ListenerConfig) -> Running {
    let memory = memory();
    let intake = bind(config, &memory).unwrap();
    let address = intake.addresses().first().unwrap().1;
    let stop = CancellationToken::new();
    let task = tokio::spawn(intake.run(stop.clone()));
    Running { address, memory, stop, task }
}

/// Takes any server certificate.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

struct Caller {
    versions: &'static [&'static rustls::SupportedProtocolVersion],
    suites: fn(CipherSuite) -> bool,
    identity: Option<Identity>,
}

impl Default for Caller {
    fn default() -> Self {
        Self { versions: rustls::ALL_VERSIONS, suites: |_| true, identity: None }
    }
}

impl Caller {
    async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        stream: S,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<S>> {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.cipher_suites.retain(|suite| (self.suites)(suite.suite()));
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(self.versions)
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone));
        let config = match self.identity {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::try_from("gw.example").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, line: &str, start: &str) {
    if !line.is_empty() {
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut reply = String::new();
    loop {
        reply.clear();
        stream.read_line(&mut reply).await.unwrap();
        if reply.as_bytes().get(3) != Some(&b'-') {
            break;
        }
    }
    assert!(reply.starts_with(start), "{line}: expected {start}, got {reply:?}");
}

/// The whole of a letter over an encrypted session; gives the origin's client certificate.
async fn letter<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) {
    ask(stream, "EHLO mill.example", "250 ").await;
    ask(stream, "MAIL FROM:<a@b.example>", "250 2.1.0").await;
    ask(stream, "RCPT TO:<c@d.example>", "250 2.1.5").await;
    ask(stream, "DATA", "354").await;
    ask(stream, "x\r\n.", "250 2.0.0").await;
    ask(stream, "QUIT", "221").await;
}

#[tokio::test]
async fn starttls_begins_a_new_session_inside() {
    let folder = TempDir::new().unwrap();
    make_certificate(folder.path(), "gw.example");
    let running = start(ListenerConfig {
        tls_required: true,
        ..config(Tls::StartTls(source(folder.path(), TlsMinimum::Tls12)))
    });
    let mut clear = BufReader::new(TcpStream::connect(running.address).await.unwrap());
    ask(&mut clear, "", "220 gw.example ESMTP").await;
    ask(&mut clear, "STARTTLS", "503 5.5.1").await;
    ask(&mut clear, "EHLO mill.example", "250 ").await;
    ask(&mut clear, "MAIL FROM:<a@b.example>", "530 5.7.0").await;
    ask(&mut clear, "STARTTLS", "220 2.0.0").await;
    let mut secure = BufReader::new(Caller::default().secure(clear.into_inner()).await.unwrap());
    ask(&mut secure, "MAIL FROM:<a@b.example>", "503 5.5.1").await;
    ask(&mut secure, "EHLO mill.example", "250 ").await;
    ask(&mut secure, "STARTTLS", "503 5.5.1").await;
    letter(&mut secure).await;
    let letters = running.memory.letters.lock().unwrap();
    let tls = letters.first().unwrap().origin.tls.clone().unwrap();
    assert_eq!((tls.version.as_str(), tls.client_certificate), ("TLS1.3", None));
    assert_eq!(tls.cipher, "TLS_AES_256_GCM_SHA384");
}

async fn implicit(running: &Running, caller: Caller) -> std::io::Result<()> {
    let stream = TcpStream::connect(running.address).await?;
    let mut secure = BufReader::new(caller.secure(stream).await?);
    ask(&mut secure, "", "220 gw.example ESMTP").await;
    letter(&mut secure).await;
    Ok(())
}

/// BSI TR-02102-2: TLS 1.2 with ECDHE and AES-GCM, TLS 1.3 with AES-GCM, nothing below.
#[tokio::test]
async fn the_floor_holds() {
    let folder = TempDir::new().unwrap();
    make_certificate(folder.path(), "gw.example");
    let both = start(config(Tls::Implicit(source(folder.path(), TlsMinimum::Tls12))));
    static V12: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    let v12 = &V12[..];
    implicit(&both, Caller { versions: v12, ..Caller::default() }).await.unwrap();
    implicit(&both, Caller::default()).await.unwrap();
    let chacha = |suite: CipherSuite| suite.as_str().is_some_and(|name| name.contains("CHACHA20"));
    assert!(implicit(&both, Caller { suites: chacha, ..Caller::default() }).await.is_err());
    let versions: Vec<String> = both
        .memory
        .letters
        .lock()
        .unwrap()
        .iter()
        .map(|letter| letter.origin.tls.clone().unwrap().version)
        .collect();
    assert_eq!(versions, ["TLS1.2", "TLS1.3"]);

    let newest = start(config(Tls::Implicit(source(folder.path(), TlsMinimum::Tls13))));
    assert!(implicit(&newest, Caller { versions: v12, ..Caller::default() }).await.is_err());
    implicit(&newest, Caller::default()).await.unwrap();
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_restart_and_a_bad_one_is_not_taken() {
    let folder = TempDir::new().unwrap();
    let first = make_certificate(folder.path(), "gw.example");
    let source = source(folder.path(), TlsMinimum::Tls12);
    let running = start(config(Tls::Implicit(source.clone())));
    let shown = || async {
        let stream = TcpStream::connect(running.address).await.unwrap();
        let secure = Caller::default().secure(stream).await.unwrap();
        secure.get_ref().1.peer_certificates().unwrap().first().unwrap().clone().into_owned()
    };
    assert_eq!(shown().await, first);
    let second = make_certificate(folder.path(), "gw.example");
    assert_eq!(shown().await, first);
    source.reload().unwrap();
    assert_eq!(shown().await, second);
    let other = TempDir::new().unwrap();
    make_certificate(other.path(), "gw.example");
    std::fs::copy(other.path().join("key.pem"), folder.path().join("key.pem")).unwrap();
    assert!(source.reload().is_err(), "key and certificate do not fit");
    std::fs::remove_file(folder.path().join("cert.pem")).unwrap();
    assert!(source.reload().is_err());
    assert_eq!(shown().await, second);
}

fn identity(issuer: Option<&CertifiedIssuer<'_, KeyPair>>) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["mill.example".to_owned()]).unwrap();
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    (vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

fn sha256(certificate: &CertificateDer<'_>) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate).as_ref().try_into().unwrap()
}

/// Pinned or issued by the CA: a right. Any other: no right, but no broken connection either.
#[tokio::test]
async fn client_certificates_give_a_right() {
    let folder = TempDir::new().unwrap();
    make_certificate(folder.path(), "gw.example");
    let mut ca = CertificateParams::new(Vec::<String>::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
    let pinned = identity(None);
    let certificates = ClientCertificates {
        pins: vec![sha256(pinned.0.first().unwrap())],
        ca: Some(folder.path().join("ca.pem")),
    };
    let running = start(ListenerConfig {
        access: Access { certificates, ..Access::default() },
        ..config(Tls::Implicit(source(folder.path(), TlsMinimum::Tls12)))
    });
    for identity in [pinned, identity(Some(&ca))] {
        implicit(&running, Caller { identity: Some(identity), ..Caller::default() }).await.unwrap();
    }
    for identity in [None, Some(identity(None))] {
        let stream = TcpStream::connect(running.address).await.unwrap();
        let secure = Caller { identity, ..Caller::default() }.secure(stream).await.unwrap();
        let mut secure = BufReader::new(secure);
        ask(&mut secure, "", "220").await;
        ask(&mut secure, "EHLO x", "250 ").await;
        ask(&mut secure, "MAIL FROM:<a@b.example>", "530 5.7.0").await;
    }
    let letters = running.memory.letters.lock().unwrap();
    assert!(letters.iter().all(|letter| letter.origin.tls.as_ref().unwrap().client_certificate.is_some()));
}

#[tokio::test]
async fn too_many_connections_are_turned_away() {
    let mut config = config(Tls::Off);
    config.limits.per_client = 1;
    let running = start(config);
    let mut first = BufReader::new(TcpStream::connect(running.address).await.unwrap());
    ask(&mut first, "", "220").await;
    let mut second = BufReader::new(TcpStream::connect(running.address).await.unwrap());
    ask(&mut second, "", "421 4.7.0").await;
    drop(second);
    ask(&mut first, "QUIT", "221").await;
    first.read_to_end(&mut Vec::new()).await.unwrap();
    drop(first);
    // The slot is free once the session has seen our end.
    for _ in 0..100 {
        let mut third = BufReader::new(TcpStream::connect(running.address).await.unwrap());
        let mut reply = String::new();
        third.read_line(&mut reply).await.unwrap();
        if reply.starts_with("220") {
            return;
        }
    }
    panic!("the place was not given back");
}

#[tokio::test]
async fn a_stop_ends_run_and_frees_the_address() {
    let running = start(config(Tls::Off));
    let mut idle = BufReader::new(TcpStream::connect(running.address).await.unwrap());
    ask(&mut idle, "", "220").await;
    running.stop.cancel();
    ask(&mut idle, "", "421 4.3.2").await;
    drop(idle);
    tokio::time::timeout(Duration::from_secs(5), running.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn what_contradicts_itself_does_not_start() {
    let fails = |change: fn(&mut ListenerConfig)| {
        let mut config = config(Tls::Off);
        change(&mut config);
        bind(config, &memory()).unwrap_err().to_string()
    };
    assert!(fails(|config| config.access.auth = true).contains("TLS only"));
    assert!(fails(|config| config.tls_required = true).contains("TLS is required"));
    assert!(fails(|config| config.hostname = "not a host".into()).contains("hostname"));
    assert!(fails(|config| config.addresses = vec![]).contains("no address"));
    assert!(
        fails(|config| config.addresses = vec!["192.0.2.1:25".parse().unwrap()]).contains("192.0.2.1:25")
    );
}
