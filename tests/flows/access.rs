//! Who may send: by network, by login over TLS, by client certificate; separately for each listener.

use std::sync::Arc;

use rig::gateway::Home;
use rig::{Authority, Config, Gateway, Hop, Smtp, letters, tls};

const NAME: &str = "mailgate.insurer.example";

/// A listener that gives rights to logins and to one certificate only.
struct Rig {
    hop: Hop,
    authority: Authority,
    client: tls::Identity,
    stranger: tls::Identity,
    gateway: Gateway,
}

fn start(mode: &str) -> Rig {
    let hop = Hop::new();
    let authority = Authority::new();
    let (client, stranger) =
        (authority.issue(&["exchange.insurer.example"]), authority.issue(&["other.example"]));
    let mut config = Config::new(&hop);
    config
        .set("[listener]", "networks", "[]")
        .set("[listener]", "auth", "true")
        .set("[listener]", "tls", &format!("{mode:?}"))
        .set("[listener]", "certificate", r#""gate.pem""#)
        .set("[listener]", "key", r#""gate.key""#)
        .set("[listener]", "client-certificates", &format!("[\"{}\"]", fingerprint(&client)))
        .section("[login]")
        .set("[login]", "name", r#""exchange""#)
        .set("[login]", "password", &format!("{:?}", rig::gateway::hash_password("Geheim-4711")));
    let home = Home::new(&config);
    let _ = authority.issue(&[NAME]).write(home.path(), "gate");
    let gateway = Gateway::start_in(home, &config);
    Rig { hop, authority, client, stranger, gateway }
}

fn fingerprint(identity: &tls::Identity) -> String {
    rig::tls::sha256_hex(&identity.certificate)
}

impl Rig {
    fn secure(&self) -> Smtp {
        let mut client = Smtp::connect(self.gateway.config.smtp);
        client.ehlo();
        client.starttls(self.authority.client(), NAME);
        client.ehlo();
        client
    }

    fn with_certificate(&self, identity: &tls::Identity) -> Smtp {
        let mut client = Smtp::connect(self.gateway.config.smtp);
        client.ehlo();
        client.starttls(self.authority.client_with(Some(identity), rustls::DEFAULT_VERSIONS), NAME);
        client.ehlo();
        client
    }
}

#[test]
fn a_login_over_tls_may_send() {
    let rig = start("starttls");
    let mut client = rig.secure();
    client.auth_plain("exchange", "Geheim-4711").expect("235 2.7.0 *");
    client.letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
    let got = rig.hop.wait_to("k@web.example");
    // RFC 3848: ESMTPSA = ESMTP with TLS and AUTH.
    assert!(letters::field(&got.bytes, "Received").unwrap().contains("with ESMTPSA"), "{}", got.text());
}

#[test]
fn auth_login_works_like_auth_plain() {
    let rig = start("starttls");
    let mut client = rig.secure();
    client.say("AUTH LOGIN").expect("334 VXNlcm5hbWU6");
    client.say("ZXhjaGFuZ2U=").expect("334 UGFzc3dvcmQ6");
    client.say("R2VoZWltLTQ3MTE=").expect("235 2.7.0 *");
    client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
    client.say("RCPT TO:<k@web.example>").expect("250 *");
}

#[test]
fn without_login_nothing_is_taken() {
    let rig = start("starttls");
    let mut client = rig.secure();
    let mail = client.say("MAIL FROM:<a@insurer.example>");
    let rcpt = client.say("RCPT TO:<k@web.example>");
    assert!(mail.code == 530 || rcpt.code == 550 || rcpt.code == 530, "{mail} / {rcpt}");
}

#[test]
fn a_wrong_password_is_refused_and_a_password_in_clear_is_not_even_read() {
    let rig = start("starttls");
    let mut client = rig.secure();
    client.auth_plain("exchange", "wrong").expect("535 5.7.8 *");
    client.auth_plain("nobody", "Geheim-4711").expect("535 5.7.8 *");
    let mut clear = rig.gateway.smtp();
    let reply = clear.auth_plain("exchange", "Geheim-4711");
    assert!([530, 538, 502, 503, 504].contains(&reply.code), "{reply}");
    assert!(!rig.gateway.log().contains("Geheim"), "{}", rig.gateway.log());
}

#[test]
fn auth_is_offered_only_under_tls() {
    let rig = start("starttls");
    assert!(!rig.gateway.smtp().ehlo().offers("AUTH *"));
    let mut client = rig.secure();
    assert!(client.ehlo().offers("AUTH *PLAIN*"));
}

#[test]
fn a_known_client_certificate_may_send_and_another_may_not() {
    let rig = start("starttls");
    let mut known = rig.with_certificate(&rig.client);
    known.letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
    let _ = rig.hop.wait_to("k@web.example");
    let mut other = rig.with_certificate(&rig.stranger);
    let mail = other.say("MAIL FROM:<a@insurer.example>");
    let rcpt = other.say("RCPT TO:<k@web.example>");
    assert!(mail.code == 530 || rcpt.code == 550 || rcpt.code == 530, "{mail} / {rcpt}");
}

#[test]
fn implicit_tls_speaks_from_the_first_byte() {
    let rig = start("implicit");
    let mut client = Smtp::connect_tls(rig.gateway.config.smtp, rig.authority.client(), NAME);
    assert!(!client.ehlo().offers("STARTTLS"));
    client.auth_plain("exchange", "Geheim-4711").expect("235 *");
    client.letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
    let _ = rig.hop.wait_to("k@web.example");
}

#[test]
fn a_tls_floor_refuses_older_versions() {
    let hop = Hop::new();
    let authority = Arc::new(Authority::new());
    let mut config = Config::new(&hop);
    config
        .set("[listener]", "tls", r#""starttls""#)
        .set("[listener]", "certificate", r#""gate.pem""#)
        .set("[listener]", "key", r#""gate.key""#)
        .set("[listener]", "tls-minimum", r#""1.3""#);
    let home = Home::new(&config);
    let _ = authority.issue(&[NAME]).write(home.path(), "gate");
    let gateway = Gateway::start_in(home, &config);
    let mut old = gateway.smtp();
    old.say("STARTTLS").expect("220 *");
    let config = authority.client_with(None, &[&rustls::version::TLS12]);
    assert!(old.secure(config, NAME).is_err(), "TLS 1.2 got through a floor of 1.3");
    let mut new = gateway.smtp();
    new.starttls(authority.client(), NAME);
    new.ehlo();
}

#[test]
fn tls_required_takes_no_mail_in_clear() {
    let hop = Hop::new();
    let authority = Authority::new();
    let mut config = Config::new(&hop);
    config
        .set("[listener]", "tls", r#""starttls""#)
        .set("[listener]", "tls-required", "true")
        .set("[listener]", "certificate", r#""gate.pem""#)
        .set("[listener]", "key", r#""gate.key""#);
    let home = Home::new(&config);
    let _ = authority.issue(&[NAME]).write(home.path(), "gate");
    let gateway = Gateway::start_in(home, &config);
    let mut client = gateway.smtp();
    // RFC 3207 §4: 530 to every command but NOOP, EHLO, STARTTLS and QUIT.
    client.say("MAIL FROM:<a@insurer.example>").expect("530 5.7.0 *");
    client.starttls(authority.client(), NAME);
    client.ehlo();
    client.letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
    let _ = hop.wait_to("k@web.example");
}
