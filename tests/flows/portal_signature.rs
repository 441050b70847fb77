//! A portal user's letter carries a signature that the insurer's server can verify: with our own command and
//! only a public key, and with any DKIM verifier that supports RFC 8463.

use std::process::Command;

use rig::dkim::verifies_with;
use rig::process::run;
use rig::reader::{activate, letter_path};
use rig::{Config, Gateway, Hop, Postfix, letters};

#[test]
fn a_letter_from_the_portal_is_known_by_its_signature() {
    let hop = Hop::new();
    // A real Postfix on the way: what it does to a letter must not break the signature.
    let postfix = Postfix::relaying_to(hop.address(), "");
    let mut config = Config::to(postfix.address);
    config.set("portal.write", "domains", r#"["insurer.example"]"#).set("portal.write", "floor", r#""none""#);
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] Größe Ihres Schadens", "Sehr geehrter Herr Muster");
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 *");
    let link = letters::link(&hop.wait_to("max@web.example").bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    let page = web.get(&letter_path(&inbox));
    let begun = web.submit(&page, "/write", &[("kind", "reply")]);
    let editor = web.follow(begun);
    let text = editor.text();
    let start = text.find("action=\"/w/").unwrap() + 8;
    let path = text[start..].split('"').next().unwrap().to_owned();
    let body = format!("Grüße\r\n.\r\nFrom hier\r\n{}\r\n\r\n", "lang ".repeat(400));
    let fields =
        [("to", "erika@insurer.example, hans@insurer.example"), ("text", body.as_str()), ("do", "send")];
    web.submit(&editor, &path, &fields).expect(303);
    let arrived = hop.wait_to("erika@insurer.example").bytes;

    let home = tempfile::tempdir().unwrap();
    let (key, mail) = (home.path().join("portal.key"), home.path().join("mail.eml"));
    let (code, line, error) = gateway.sealpost(&["portal-key"]);
    assert_eq!(code, 0, "{error}");
    assert!(
        line.starts_with("sealpost._domainkey.mailgate.insurer.example. IN TXT \"v=DKIM1; k=ed25519; p="),
        "{line}"
    );
    std::fs::write(&key, &line).unwrap();
    let verify = |bytes: &[u8]| {
        std::fs::write(&mail, bytes).unwrap();
        run(Command::new(rig::gateway::binary()).arg("verify-portal").arg(&mail).arg("--key").arg(&key))
    };
    let (code, told, error) = verify(&arrived);
    assert_eq!(code, 0, "{error}\n{}", String::from_utf8_lossy(&arrived));
    assert!(told.contains("genuine") && told.contains("max@web.example"), "{told}");
    // An independent verifier agrees.
    let record = line.split('"').nth(1).unwrap();
    assert!(verifies_with(record, &arrived), "{}", String::from_utf8_lossy(&arrived));
    // Saved with the line ends of a disk.
    let unix = String::from_utf8(arrived.clone()).unwrap().replace("\r\n", "\n");
    assert_eq!(verify(unix.as_bytes()).0, 0);

    // Nothing of it can be changed, added or borrowed.
    let text = String::from_utf8(arrived).unwrap();
    let forged = [
        text.replacen("max@web.example>", "eva@web.example>", 1),
        text.replacen("Message-ID: <", "Message-ID: <x", 1),
        text.replacen("Date: ", "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nX-Old-Date: ", 1),
        text.replacen("To: ", "Cc: <opfer@insurer.example>\r\nTo: ", 1),
        text.replacen("From: ", "From: <eva@web.example>\r\nFrom: ", 1),
        text.replacen("lang", "kurz", 1),
        format!("{text}more\r\n"),
        text.replacen("DKIM-Signature:", "X-Was:", 1),
        text.replacen("X-Sealpost-Portal: authenticated\r\n", "", 1),
        "From: max@web.example\r\nX-Sealpost-Portal: authenticated\r\n\r\nx\r\n".to_owned(),
    ];
    for (n, forged) in forged.iter().enumerate() {
        assert_ne!(*forged, text, "{n}");
        let (code, told, error) = verify(forged.as_bytes());
        assert_eq!(code, 1, "{n}: {told}");
        assert!(error.contains("not genuine"), "{n}: {error}");
    }
    gateway.sweep();
}
