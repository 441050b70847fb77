//! Minimum TLS: what each level accepts, and what it never does.

use std::sync::{Arc, OnceLock};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use sealpost_delivery::{HopTls, Login, Trust};
use sealpost_mail::{Secret, TlsFloor};
use tokio_rustls::TlsAcceptor;

use crate::hop::{Hop, Script};
use crate::rig::{Fixture, Post, post};

/// A CA made for this run, and its certificate on disk.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) file: tempfile::NamedTempFile,
}

pub(crate) fn ca() -> &'static Ca {
    static CA: OnceLock<Ca> = OnceLock::new();
    CA.get_or_init(|| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), certificate.pem()).unwrap();
        Ca { issuer: Issuer::new(params, key), file }
    })
}

/// A server with a certificate of that CA for `name`.
pub(crate) fn acceptor(name: &str) -> TlsAcceptor {
    acceptor_with(name, &KeyPair::generate().unwrap())
}

/// The same with this key.
pub(crate) fn acceptor_with(name: &str, key: &KeyPair) -> TlsAcceptor {
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(key, &ca().issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn offers_tls(name: &str) -> Script {
    Script { tls: Some(acceptor(name)), ..Script::default() }
}

struct Case {
    script: Script,
    tls: HopTls,
    floor: TlsFloor,
    letter: TlsFloor,
    trust: bool,
    name: &'static str,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            script: Script::default(),
            tls: HopTls::StartTls,
            floor: TlsFloor::None,
            letter: TlsFloor::None,
            trust: true,
            name: "hop.example",
        }
    }
}

/// `Ok(encrypted)` if the letter arrived, or the enhanced code it waits with.
async fn run(case: Case) -> Result<bool, String> {
    let hop = Hop::start(case.script).await;
    let mut fixture = Fixture::new(&hop);
    let config = fixture.config.hops.get_mut("hop").unwrap();
    config.tls = case.tls;
    config.floor = case.floor;
    config.certificate_name = Some(case.name.to_owned());
    if case.trust {
        config.trust = Trust::File(ca().file.path().to_owned());
    }
    fixture.queue(Post { tls: case.letter, ..post("r@d.example") }).await;
    let running = fixture.start();
    let legs = fixture
        .until("delivered or tried", |legs| legs.iter().all(|leg| leg.attempts > 0 && leg.leased.is_none()))
        .await;
    running.stop().await;
    match legs.first() {
        None => Ok(hop.letters(1).await[0].encrypted),
        Some(leg) => {
            assert_eq!(hop.letter_count(), 0);
            Err(leg.last_enhanced.clone().unwrap())
        }
    }
}

#[tokio::test]
async fn without_a_floor_tls_is_used_if_offered_whoever_the_server_is() {
    assert_eq!(run(Case::default()).await, Ok(false));
    assert_eq!(
        run(Case { script: offers_tls("hop.example"), trust: false, ..Case::default() }).await,
        Ok(true)
    );
}

#[tokio::test]
async fn encrypted_means_tls_or_nothing() {
    let letter = TlsFloor::Encrypted;
    assert_eq!(run(Case { letter, ..Case::default() }).await, Err("4.7.4".to_owned()));
    assert_eq!(run(Case { floor: letter, ..Case::default() }).await, Err("4.7.4".to_owned()));
    let script = offers_tls("other.example");
    assert_eq!(run(Case { script, letter, trust: false, ..Case::default() }).await, Ok(true));
    let script = offers_tls("hop.example");
    assert_eq!(
        run(Case { script, letter, tls: HopTls::Clear, ..Case::default() }).await,
        Err("4.7.4".to_owned())
    );
}

#[tokio::test]
async fn verified_means_the_right_name_from_a_trusted_authority() {
    let letter = TlsFloor::Verified;
    assert_eq!(run(Case { script: offers_tls("hop.example"), letter, ..Case::default() }).await, Ok(true));
    assert_eq!(
        run(Case { script: offers_tls("other.example"), letter, ..Case::default() }).await,
        Err("4.7.5".to_owned())
    );
    let script = offers_tls("hop.example");
    assert_eq!(run(Case { script, letter, trust: false, ..Case::default() }).await, Err("4.7.5".to_owned()));
    assert_eq!(run(Case { letter, ..Case::default() }).await, Err("4.7.4".to_owned()));
}

#[tokio::test]
async fn a_letters_floor_only_raises_the_hops() {
    let case = Case {
        floor: TlsFloor::Verified,
        letter: TlsFloor::None,
        script: offers_tls("other.example"),
        ..Case::default()
    };
    assert_eq!(run(case).await, Err("4.7.5".to_owned()));
}

#[tokio::test]
async fn implicit_tls() {
    let script = Script { implicit: true, ..offers_tls("hop.example") };
    let case = Case { script, tls: HopTls::Implicit, letter: TlsFloor::Verified, ..Case::default() };
    assert_eq!(run(case).await, Ok(true));
}

/// RFC 3207 §6: cleartext after the reply to STARTTLS is not trusted.
#[tokio::test]
async fn text_injected_before_tls_is_not_believed() {
    let script = Script { injects: true, ..offers_tls("hop.example") };
    assert_eq!(
        run(Case { script, letter: TlsFloor::Verified, ..Case::default() }).await,
        Err("4.7.5".to_owned())
    );
}

fn login() -> Login {
    Login { name: "user".to_owned(), password: Secret::new("pass".to_owned()) }
}

async fn logging_in(script: Script) -> (Hop, Result<(), String>) {
    let hop = Hop::start(script).await;
    let mut fixture = Fixture::new(&hop);
    fixture.config.hops.get_mut("hop").unwrap().login = Some(login());
    fixture.queue(post("r@d.example")).await;
    let running = fixture.start();
    let legs = fixture
        .until("delivered or tried", |legs| legs.iter().all(|leg| leg.attempts > 0 && leg.leased.is_none()))
        .await;
    running.stop().await;
    (hop, legs.first().map_or(Ok(()), |leg| Err(leg.last_enhanced.clone().unwrap())))
}

#[tokio::test]
async fn logs_in_with_plain_or_login_inside_tls() {
    let plain = Script { offers: vec!["AUTH PLAIN LOGIN"], ..offers_tls("127.0.0.1") };
    let (hop, result) = logging_in(plain).await;
    assert_eq!(result, Ok(()));
    // \0user\0pass
    assert_eq!(hop.command("AUTH").await, "AUTH PLAIN AHVzZXIAcGFzcw==");
    let login = Script { offers: vec!["AUTH LOGIN"], ..offers_tls("127.0.0.1") };
    let (hop, result) = logging_in(login).await;
    assert_eq!(result, Ok(()));
    assert_eq!(hop.command("AUTH> ").await, "AUTH> dXNlcg==");
}

#[tokio::test]
async fn a_password_never_goes_in_the_clear() {
    let (hop, result) = logging_in(Script { offers: vec!["AUTH PLAIN LOGIN"], ..Script::default() }).await;
    assert_eq!(result, Err("4.7.0".to_owned()));
    assert!(!hop.commands().iter().any(|command| command.starts_with("AUTH")), "{:?}", hop.commands());
}
