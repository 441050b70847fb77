//! Ordinary letters signed by us by rule: verified by openssl, readable without verification, and what cannot
//! be signed is only sent if the rule allows it.

use rig::{Config, Delivered, Gateway, Hop, letters};

use super::out::our_certificate;
use super::{openssl, sealpost};

fn gateway(world: &Hop, then: &str) -> Gateway {
    let mut config = Config::new(world);
    config.rule("signed", r#"{ recipient = "*@broker.example" }"#, then);
    Gateway::start(&config)
}

fn send(gateway: &Gateway, letter: &[u8]) -> rig::smtp::Reply {
    gateway.smtp().letter("erika.muster@insurer.example", &["max@broker.example"], letter)
}

/// What openssl finds signed in it, by this certificate.
fn verified(letter: &Delivered, certificate: &str) -> String {
    let house = openssl::House::new("reader@broker.example");
    let (mail, root, out) = (
        house.write("letter.eml", &letter.bytes),
        house.write("root.pem", certificate.as_bytes()),
        house.path("clear.txt"),
    );
    house.openssl(&["cms", "-verify", "-in", &mail, "-CAfile", &root, "-purpose", "any", "-out", &out]);
    std::fs::read_to_string(out).unwrap()
}

#[test]
fn a_rule_signs_what_leaves_and_what_came_signed_stays_as_it_is() {
    let world = Hop::new();
    let gateway = gateway(&world, r#""sign""#);
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    send(&gateway, &letters::plain("Angebot", "Der Beitrag: 4711 Euro")).expect("250 *");
    let letter = world.wait_to("max@broker.example");
    let text = letter.text();
    for said in ["multipart/signed", "Subject: Angebot", "From: Erika Muster", "4711 Euro"] {
        assert!(text.contains(said), "{said}:\n{text}");
    }
    assert!(verified(&letter, &our_certificate(&gateway)).contains("4711 Euro"));

    let own = openssl::House::new("erika.muster@insurer.example");
    let head = "From: erika.muster@insurer.example\nTo: max@broker.example\nSubject: Eigene\n";
    let signed = own.sign(head, "Content-Type: text/plain\n\n4712\n");
    send(&gateway, &signed).expect("250 *");
    let letter = world.wait_where("the signed one", |mail| mail.text().contains("4712"));
    assert_eq!(letter.text().matches("multipart/signed").count(), 1, "{}", letter.text());
    gateway.sweep();
}

/// RFC 1847 §2.1: the second part is of the type that `protocol` names, or a signature where that is missing.
#[test]
fn what_only_calls_itself_signed_is_signed_by_us() {
    let world = Hop::new();
    let gateway = gateway(&world, r#""sign""#);
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    let head = "From: erika.muster@insurer.example\nTo: max@broker.example\nSubject: Eigene\n";
    let calls_itself = format!(
        "{head}MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSatz-4711\n--b\n\
         Content-Type: text/plain\n\nx\n--b--\n"
    );
    send(&gateway, calls_itself.replace('\n', "\r\n").as_bytes()).expect("250 *");
    let letter = world.wait_where("the first", |mail| mail.text().contains("Satz-4711"));
    assert!(verified(&letter, &our_certificate(&gateway)).contains("Satz-4711"));

    // Nor does an armour in its text make it one.
    let calls_itself = calls_itself.replace("Satz-4711", "-----BEGIN PGP SIGNED MESSAGE-----\n\nSatz-4713");
    send(&gateway, calls_itself.replace('\n', "\r\n").as_bytes()).expect("250 *");
    let letter = world.wait_where("the armour", |mail| mail.text().contains("Satz-4713"));
    assert!(verified(&letter, &our_certificate(&gateway)).contains("Satz-4713"));

    let own = openssl::House::new("erika.muster@insurer.example");
    let signed = String::from_utf8(own.sign(head, "Content-Type: text/plain\n\nSatz-4712\n")).unwrap();
    let without = signed.replace("protocol=\"application/pkcs7-signature\"; ", "");
    assert_ne!(signed, without);
    send(&gateway, without.as_bytes()).expect("250 *");
    let letter = world.wait_where("the signed one", |mail| mail.text().contains("Satz-4712"));
    assert_eq!(letter.text().matches("multipart/signed").count(), 1, "{}", letter.text());
    gateway.sweep();
}

#[test]
fn without_a_key_it_is_refused_or_goes_as_it_is_as_the_rule_says() {
    let world = Hop::new();
    let strict = gateway(&world, r#""sign""#);
    send(&strict, &letters::plain("Angebot", "4711")).expect("550 5.7.5 *must be signed*S/MIME key*");
    assert!(world.delivered().is_empty());
    strict.sweep();
    let lenient = gateway(&world, r#"["sign", "relay"]"#);
    send(&lenient, &letters::plain("Angebot", "4711")).expect("250 *");
    assert!(!world.wait_to("max@broker.example").text().contains("multipart/signed"));
    let mail = lenient.home.write("mail.eml", &letters::plain("x", "y"));
    let args =
        ["explain", mail.to_str().unwrap(), "--from", "a@insurer.example", "--to", "max@broker.example"];
    assert!(sealpost(&lenient, &args).contains("signed, where a key of ours can, and relayed"));
    lenient.sweep();
}

#[test]
fn check_warns_of_a_rule_that_signs_while_nothing_of_ours_can() {
    let world = Hop::new();
    for (then, goes) in [(r#""sign""#, "are refused"), (r#"["sign", "relay"]"#, "leave unsigned")] {
        let gateway = gateway(&world, then);
        let warned = || {
            let (code, out, err) = gateway.sealpost(&["check"]);
            assert_eq!(code, 0, "{out}{err}");
            format!("{out}{err}")
        };
        let said = warned();
        assert!(said.contains(r#"rule "signed" signs"#) && said.contains(goes), "{said}");
        // Nothing that is only signed is signed with OpenPGP.
        sealpost(
            &gateway,
            &["domain-key", "make", "insurer.example", "--name", "Insurer", "--kind", "openpgp"],
        );
        assert!(warned().contains(r#"rule "signed" signs"#));
        let kind = ["--kind", "smime-p256"];
        let make = ["domain-key", "make", "insurer.example", "--name", "Insurer"];
        sealpost(&gateway, &[&make[..], &kind].concat());
        assert!(!warned().contains("signs, and there is no"), "{}", warned());
    }
}
