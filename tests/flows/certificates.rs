//! Certificates are replaced without a restart: by SIGHUP, while existing sessions continue.

use rig::gateway::Home;
use rig::process::poll;
use rig::{Authority, Config, Gateway, Hop, Smtp, letters};
use rustix::process::Signal;

const NAME: &str = "mailgate.insurer.example";

#[test]
fn a_new_certificate_is_shown_after_sighup() {
    let hop = Hop::new();
    let authority = Authority::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "tls", r#""starttls""#).set("[listener]", "certificate", r#""gate.pem""#).set(
        "[listener]",
        "key",
        r#""gate.key""#,
    );
    let home = Home::new(&config);
    let (first, second) = (authority.issue(&[NAME]), authority.issue(&[NAME]));
    let _ = first.write(home.path(), "gate");
    let gateway = Gateway::start_in(home, &config);
    let connect = || {
        let mut client = Smtp::connect(gateway.config.smtp);
        client.ehlo();
        client.starttls(authority.client(), NAME);
        client.ehlo();
        client
    };
    let mut under_way = connect();
    assert_eq!(under_way.peer_certificate().as_deref(), Some(first.certificate.as_ref()));
    under_way.envelope("a@insurer.example", &["k@web.example"]);

    let _ = second.write(gateway.home.path(), "gate");
    gateway.process().signal(Signal::HUP);
    poll("the new certificate", || {
        (connect().peer_certificate().as_deref() == Some(second.certificate.as_ref())).then_some(())
    });
    under_way.data(&letters::plain("x", "x")).expect("250 *");
    let _ = hop.wait_to("k@web.example");

    // A broken pair must not replace a good one.
    std::fs::write(gateway.home.path().join("gate.pem"), "nonsense").unwrap();
    let before = gateway.process().output.lines().len();
    gateway.process().signal(Signal::HUP);
    let told = gateway.process().output.wait_from(before, "*gate.pem*");
    assert!(told.is_ok(), "{}", told.unwrap_err());
    assert_eq!(connect().peer_certificate().as_deref(), Some(second.certificate.as_ref()));
}
