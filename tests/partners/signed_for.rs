//! Whom the gateway signs for: the single mailbox in From of letters from our own server, and no sender
//! that merely claims to be one.

use rig::{Gateway, Hop, Smtp};

use super::out::path;
use super::{insurer, openssl, sealpost};

fn letter(head: &str) -> Vec<u8> {
    format!(
        "{head}\r\nTo: doctor@clinic.example\r\nSubject: x\r\nDate: Fri, 20 Nov 2026 09:30:00 +0100\r\n\
         Message-ID: <{}@insurer.example>\r\n\r\nstreng geheim 4711\r\n",
        head.len()
    )
    .into_bytes()
}

#[test]
fn nothing_is_signed_for_a_sender_who_is_not_clear() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let clinic = openssl::House::new("securemail@clinic.example");
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&clinic), "--yes"]);
    let deposits = || gateway.count("SELECT count(*) FROM deposits");
    let from = "From: Erika <erika.muster@insurer.example>";
    for (at, head) in [
        "From: erika.muster@insurer.example, evil@evil.example".to_owned(),
        format!("{from}\r\nFrom: evil@evil.example"),
        format!("{from}\r\nSender: evil@evil.example"),
        format!("{from}\r\nSender: erika.muster@insurer.example\r\nSender: evil@evil.example"),
        "From: evil@evil.example".to_owned(),
        // The reverse-path is ours, and no reader sees it.
        "X-From: erika.muster@insurer.example".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let mut client = gateway.smtp();
        client
            .letter("erika.muster@insurer.example", &["doctor@clinic.example"], &letter(head))
            .expect("250 *");
        assert_eq!(deposits(), i64::try_from(at).unwrap() + 1, "{head}: not in the portal");
    }
    assert!(world.delivered().iter().all(|one| !one.text().contains("pkcs7")), "it was signed");
    // A colleague who sends for her is of the same house.
    let head = format!("{from}\r\nSender: max@insurer.example");
    gateway.smtp().letter("max@insurer.example", &["nurse@clinic.example"], &letter(&head)).expect("250 *");
    assert!(world.wait_to("nurse@clinic.example").text().contains("pkcs7"));
    gateway.sweep();
}

#[test]
fn a_letter_from_the_world_is_never_signed_as_ours() {
    let (world, inside) = (Hop::new(), Hop::new());
    let (mut config, at) = insurer(&world, &inside);
    config.rule("back", r#"{ listener = "world" }"#, r#""domain""#);
    let gateway = Gateway::start(&config);
    let ours = openssl::House::new("securemail@insurer.example");
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    sealpost(&gateway, &["partner", "add", "insurer.example", path(&ours), "--yes"]);
    let mut client = Smtp::connect(at);
    client.ehlo();
    client.envelope("moor@clinic.example", &["erika.muster@insurer.example"]);
    let reply = client.data(&letter("From: Chief <chief@insurer.example>"));
    assert!((500..600).contains(&reply.code), "{reply}");
    assert!(inside.delivered().is_empty());
    gateway.sweep();
}

#[test]
fn who_may_write_for_a_domain_is_asked_before_anything_is_signed() {
    let (world, inside) = (Hop::new(), Hop::new());
    let (mut config, _) = insurer(&world, &inside);
    // The client of this test comes from a network that is for another brand.
    config.set("partners", "writers", r#"[{ network = "127.0.0.0/8", domains = ["brand.example"] }]"#);
    let gateway = Gateway::start(&config);
    let clinic = openssl::House::new("securemail@clinic.example");
    for domain in ["insurer.example", "brand.example"] {
        sealpost(&gateway, &["domain-key", "make", domain, "--name", "Insurer", "--kind", "smime-p256"]);
    }
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&clinic), "--yes"]);
    let send = |from: &str, to: &str| {
        let head = format!("From: Erika <{from}>");
        gateway.smtp().letter(from, &[to], &letter(&head)).expect("250 *");
    };
    send("erika.muster@insurer.example", "doctor@clinic.example");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1, "signed for whom it may not write");
    gateway.wait_logged("may not write for the domain in From");
    send("erika@brand.example", "nurse@clinic.example");
    assert!(world.wait_to("nurse@clinic.example").text().contains("pkcs7"));
    gateway.sweep();
}
