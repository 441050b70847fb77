//! Letters from outside: a partner's encrypted letter is decrypted and passed on in clear, with one field of
//! ours that states the result; a signed letter stays unchanged; an undecryptable one is marked, or waits.

use std::net::SocketAddr;

use rig::gateway::Home;
use rig::{Delivered, Gateway, Hop, Smtp};

use super::out::{our_certificate, path};
use super::{gpg, insurer, openssl, sealpost};

pub(super) const HEAD: &str = "From: Dr. Moor <moor@clinic.example>\nTo: Erika Muster <erika.muster@insurer.example>\n\
     Subject: Befund\nDate: Fri, 20 Nov 2026 09:30:00 +0100\nMessage-ID: <befund@clinic.example>\n";
pub(super) const ENTITY: &str = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\
     Die Größe: 4711\n";

pub(super) struct Scene {
    pub(super) world: SocketAddr,
    pub(super) inside: Hop,
    pub(super) gateway: Gateway,
    pub(super) outside: Hop,
}

impl Scene {
    pub(super) fn new(change: impl FnOnce(&mut rig::Config)) -> Self {
        Self::new_with(change, |_| {})
    }

    /// With files next to the configuration.
    pub(super) fn new_with(change: impl FnOnce(&mut rig::Config), files: impl FnOnce(&Home)) -> Self {
        let (outside, inside) = (Hop::new(), Hop::new());
        let (mut config, world) = insurer(&outside, &inside);
        change(&mut config);
        let home = Home::new(&config);
        files(&home);
        let gateway = Gateway::start_in(home, &config);
        sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
        Self { world, inside, gateway, outside }
    }

    /// A stranger hands in this letter.
    pub(super) fn hand_in(&self, letter: &[u8]) {
        let mut client = Smtp::connect(self.world);
        client.ehlo();
        client.letter("moor@clinic.example", &["erika.muster@insurer.example"], letter).expect("250 *");
    }

    pub(super) fn arrives(&self, letter: &[u8]) -> Delivered {
        let before = self.inside.delivered().len();
        self.hand_in(letter);
        self.inside.wait(before + 1).remove(before)
    }
}

pub(super) fn result(letter: &Delivered) -> String {
    let text = letter.text();
    let fields: Vec<&str> =
        text.split("\r\n").filter(|line| line.to_ascii_lowercase().starts_with("x-sealpost")).collect();
    assert!(fields.len() <= 1, "{fields:?}");
    fields.first().copied().unwrap_or_default().to_owned()
}

#[test]
fn what_openssl_encrypted_and_signed_is_handed_on_in_clear_with_its_result() {
    let scene = Scene::new(|_| {});
    let house = openssl::House::new("moor@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let forged = "X-Sealpost-Result: encrypted=yes; signed=valid; by=ceo@insurer.example\n\
                  X_Sealpost_Result: signed=valid\nX-Sealpost-Portal: authenticated\n";
    let head = HEAD.replace("Subject: Befund", "Subject: [secure] Befund");
    let letter = house.close(&format!("{forged}{head}"), ENTITY, &our_certificate(&scene.gateway));
    let arrived = scene.arrives(&letter);
    let (text, found) = (arrived.text(), result(&arrived));
    assert!(text.contains("Die Größe: 4711"), "{text}");
    assert!(!text.contains("pkcs7"), "{text}");
    for word in ["encrypted=yes", "signed=valid", "by=moor@clinic.example"] {
        assert!(found.contains(word), "{word}: {found}");
    }
    assert!(text.contains("Subject: [secure] Befund\r\n"), "one tag, and it is ours:\n{text}");
    assert_eq!(crate::out::uses(&scene.gateway, "own-key.opened"), 1);
    scene.gateway.sweep();
}

#[test]
fn a_tag_and_a_result_that_a_stranger_wrote_are_gone() {
    let scene = Scene::new(|_| {});
    let letter = format!(
        "X-Sealpost-Result: encrypted=yes; signed=valid\n{}{ENTITY}",
        HEAD.replace("Subject: Befund", "Subject: [ Secure ] Befund")
    );
    let arrived = scene.arrives(letter.replace('\n', "\r\n").as_bytes());
    assert_eq!(result(&arrived), "");
    assert!(arrived.text().contains("Subject: Befund\r\n"), "{}", arrived.text());
    scene.gateway.sweep();
}

#[test]
fn a_letter_by_somebody_else_is_not_called_the_partner_s() {
    let scene = Scene::new(|_| {});
    let (house, stranger) =
        (openssl::House::new("moor@clinic.example"), openssl::House::new("moor@clinic.example"));
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let arrived = scene.arrives(&stranger.close(HEAD, ENTITY, &our_certificate(&scene.gateway)));
    let found = result(&arrived);
    assert!(found.contains("encrypted=yes") && found.contains("signed=untrusted"), "{found}");
    assert!(arrived.text().contains("Subject: Befund\r\n"), "no tag for strangers");
    // The partner's own signature, under another name.
    let head = HEAD.replace("moor@clinic.example>\nTo", "boss@insurer.example>\nTo");
    let found = result(&scene.arrives(&house.close(&head, ENTITY, &our_certificate(&scene.gateway))));
    assert!(!found.contains("signed=valid"), "{found}");
    scene.gateway.sweep();
}

#[test]
fn what_is_only_signed_stays_byte_for_byte() {
    let scene = Scene::new(|_| {});
    let house = openssl::House::new("moor@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let letter = house.sign(HEAD, ENTITY);
    let arrived = scene.arrives(&letter);
    assert!(result(&arrived).contains("signed=valid"), "{}", result(&arrived));
    assert!(arrived.bytes.ends_with(&letter), "something was changed:\n{}", arrived.text());
    scene.gateway.sweep();
}

#[test]
fn what_cannot_be_opened_goes_on_with_a_note_or_waits() {
    let elsewhere = openssl::House::new("somebody@else.example");
    let house = openssl::House::new("moor@clinic.example");
    let key = std::fs::read_to_string(elsewhere.certificate()).unwrap();
    let letter = house.close(HEAD, ENTITY, &key);
    let scene = Scene::new(|_| {});
    let arrived = scene.arrives(&letter);
    assert!(result(&arrived).contains("encrypted=not-opened; why=no-key"), "{}", result(&arrived));
    assert!(arrived.bytes.ends_with(&letter), "{}", arrived.text());
    scene.gateway.sweep();

    let scene = Scene::new(|config| {
        config.set("partners", "unopened", r#""hold""#);
    });
    scene.hand_in(&letter);
    assert_eq!(scene.gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'"), 1);
    scene.gateway.sweep();
}

#[test]
fn a_retired_key_still_opens() {
    let scene = Scene::new(|_| {});
    let house = openssl::House::new("moor@clinic.example");
    let old = our_certificate(&scene.gateway);
    let listed = sealpost(&scene.gateway, &["domain-key", "list", "--json"]);
    let first: serde_json::Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    sealpost(&scene.gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    sealpost(&scene.gateway, &["domain-key", "retire", first["fingerprint"].as_str().unwrap()]);
    let new = our_certificate(&scene.gateway);
    assert_ne!(old, new);
    for key in [&old, &new] {
        let arrived = scene.arrives(&house.close(HEAD, ENTITY, key));
        assert!(
            arrived.text().contains("4711") && result(&arrived).contains("encrypted=yes"),
            "{}",
            arrived.text()
        );
    }
    scene.gateway.sweep();
}

#[test]
fn what_gnupg_encrypted_and_signed_is_handed_on_in_clear() {
    let scene = Scene::new(|_| {});
    let house = gpg::House::new("moor@clinic.example");
    sealpost(
        &scene.gateway,
        &["domain-key", "make", "insurer.example", "--name", "Insurer", "--kind", "openpgp"],
    );
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", house.key().to_str().unwrap(), "--yes"]);
    house.import(&our_certificate(&scene.gateway));
    let arrived = scene.arrives(&house.close(HEAD, ENTITY, "securemail@insurer.example"));
    let found = result(&arrived);
    assert!(arrived.text().contains("4711"), "{}", arrived.text());
    assert!(found.contains("encrypted=yes") && found.contains("signed=valid"), "{found}");
    scene.gateway.sweep();
}

#[test]
fn nobody_sends_through_the_listener_for_the_world() {
    let scene = Scene::new(|_| {});
    let mut client = Smtp::connect(scene.world);
    client.ehlo();
    client.say("MAIL FROM:<moor@clinic.example>").expect("250 *");
    let reply = client.say("RCPT TO:<victim@web.example>");
    assert!((500..600).contains(&reply.code), "{reply}");
    scene.gateway.sweep();
}
