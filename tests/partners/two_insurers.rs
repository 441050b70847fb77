//! Two organisations that both run the gateway, with nothing in common but what two administrators type: letters and
//! replies, and a key roll-over in between.

use std::net::SocketAddr;

use rig::{Config, Gateway, Hop, letters};

use super::out::our_certificate;
use super::{opened_for, sealpost};

pub(super) struct House {
    pub(super) gateway: Gateway,
    /// Its own mail server.
    pub(super) inside: Hop,
    pub(super) domain: &'static str,
}

impl House {
    /// An organisation whose outgoing letters go to `peer`, the other's listener for letters from outside.
    pub(super) fn new(domain: &'static str, peer: SocketAddr, at: SocketAddr) -> Self {
        let inside = Hop::new();
        let mut config = Config::to(peer);
        config.set("gateway", "name", &format!("\"gate.{domain}\"")).rule(
            "partners",
            r#"{ recipient = "*" }"#,
            r#""domain""#,
        );
        opened_for(&mut config, &inside);
        let _free = config.listener("world");
        config.set("[listener]", "addresses", &format!("[\"{at}\"]")).set(
            "[listener]",
            "domains",
            &format!("[\"{domain}\"]"),
        );
        let gateway = Gateway::start(&config);
        sealpost(&gateway, &["domain-key", "make", domain, "--name", domain]);
        Self { gateway, inside, domain }
    }

    /// What its administrator does with the file that the other one sent.
    pub(super) fn meet(&self, other: &House) {
        self.add(other, &["--yes"]);
    }

    /// The same, and nothing is encrypted before a test letter was answered.
    pub(super) fn meet_after_test(&self, other: &House) {
        self.add(other, &["--yes", "--after-test"]);
    }

    fn add(&self, other: &House, how: &[&str]) {
        let file = self.gateway.home.write("theirs.pem", our_certificate(&other.gateway).as_bytes());
        let add = ["partner", "add", other.domain, file.to_str().unwrap()];
        sealpost(&self.gateway, &[&add[..], how].concat());
    }

    pub(super) fn write(&self, to: &House, text: &str) {
        let letter = String::from_utf8(letters::plain("Frage", text)).unwrap();
        let letter = letter.replace("insurer.example", self.domain);
        let (from, to) = (format!("erika.muster@{}", self.domain), format!("max@{}", to.domain));
        self.gateway.smtp().letter(&from, &[&to], letter.as_bytes()).expect("250 *");
    }

    pub(super) fn gets(&self, text: &str) {
        let letter = self.inside.wait_where(text, |delivered| delivered.text().contains(text));
        let text = letter.text();
        let result =
            text.split("\r\n").find(|line| line.starts_with("X-Sealpost-Result:")).unwrap_or_default();
        assert!(result.contains("encrypted=yes") && result.contains("signed=valid"), "{text}");
    }
}

#[test]
fn two_insurers_write_and_answer_and_roll_a_key_over() {
    let (one_at, other_at) = (rig::ports::free(), rig::ports::free());
    let one = House::new("insurer.example", other_at, one_at);
    let other = House::new("assurance.example", one_at, other_at);
    one.meet(&other);
    other.meet(&one);
    one.write(&other, "Wie lautet die Nummer?");
    other.gets("Wie lautet die Nummer?");
    other.write(&one, "Sie lautet 4711.");
    one.gets("Sie lautet 4711.");

    // A new key here: what the other house still encrypts to the old one is opened, and what the new one signs counts
    // as soon as the other house has it.
    sealpost(&other.gateway, &["domain-key", "make", "assurance.example", "--name", "assurance"]);
    one.write(&other, "Noch an den alten Schluessel.");
    other.gets("Noch an den alten Schluessel.");
    one.meet(&other);
    one.write(&other, "An den neuen Schluessel.");
    other.gets("An den neuen Schluessel.");
    other.write(&one, "Mit dem neuen signiert.");
    one.gets("Mit dem neuen signiert.");
    one.gateway.sweep();
    other.gateway.sweep();
}
