//! A portal letter that a mail server redirects unchanged, with its Message-ID and no reference to another
//! letter, stays in the portal; and the second copy of a letter that came once for each recipient is judged
//! separately.

use rig::letters::{field, link};
use rig::{Config, Gateway, Hop, letters, reader};

fn letter(fields: &str) -> Vec<u8> {
    format!(
        "From: Erika <erika@insurer.example>\r\nTo: k@web.example\r\n{fields}Date: Fri, 27 Nov 2026 10:00:00 +0100\r\n\r\nText\r\n"
    )
    .into_bytes()
}

#[test]
fn what_the_portal_wrote_is_known_by_its_id() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal.write", "domains", r#"["insurer.example"]"#).set("portal.write", "floor", r#""none""#);
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    let first = letters::plain("[vertraulich] eins", "Text");
    client.letter("erika@insurer.example", &["k@web.example"], &first).expect("250 *");
    let notice = hop.wait_to("k@web.example");
    let mut web = gateway.web();
    let _ = reader::activate(&mut web, &link(&notice.bytes));
    let inbox = web.get("/inbox");
    let begun = web.submit(&inbox, "/write", &[("kind", "new")]);
    let editor = web.follow(begun);
    let text = editor.text();
    let path =
        text.split("action=\"").find(|rest| rest.starts_with("/w/")).unwrap().split('"').next().unwrap();
    let fields = [
        ("to", "claims@insurer.example"),
        ("subject", "Aus dem Portal"),
        ("text", "GEHEIMTEXT"),
        ("do", "send"),
    ];
    web.submit(&editor, path, &fields).expect(303);
    let written = hop.wait_to("claims@insurer.example");
    assert!(written.text().contains("GEHEIMTEXT"));
    let id = field(&written.bytes, "Message-ID").unwrap();
    let before = gateway.count("SELECT count(*) FROM deposits");
    // As it came, as Sieve or `.forward` hand it on; and the same under the redirector's address.
    for (from, to) in [("k@web.example", "third@x.example"), ("claims@insurer.example", "fourth@x.example")] {
        client.letter(from, &[to], &written.bytes).expect("250 *");
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), before + 2, "{id}\n{}", gateway.log());
    assert!(
        hop.delivered().iter().all(|mail| mail.to().iter().all(|to| !to.contains("@x.example"))
            || !mail.text().contains("GEHEIMTEXT"))
    );
}

#[test]
fn what_was_deposited_is_known_where_it_says_that_it_was_sent_on() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("for the clinic", r#"{ recipient = "*@clinic.example" }"#, r#""portal""#);
    let gateway = Gateway::start(&config);
    let mut client = gateway.smtp();
    let plain = letter("Subject: x\r\nMessage-ID: <a@insurer.example>\r\n");
    client.letter("erika@insurer.example", &["eva@clinic.example"], &plain).expect("250 *");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1);
    // The second copy of the same letter, sent separately by its server.
    client.letter("erika@insurer.example", &["max@web.example"], &plain).expect("250 *");
    let _ = hop.wait_to("max@web.example");
    let mut deposits = 1;
    for mark in [
        "Resent-From: b@insurer.example",
        "Resent-Message-ID: <r@insurer.example>",
        "Delivered-To: b@insurer.example",
        "X-Forwarded-To: b@insurer.example",
        "X-MS-Exchange-Inbox-Rules-Loop: b@insurer.example",
    ] {
        let sent_on = letter(&format!("{mark}\r\nSubject: x\r\nMessage-ID: <A@Insurer.Example>\r\n"));
        client.letter("b@insurer.example", &["third@x.example"], &sent_on).expect("250 *");
        deposits += 1;
        assert_eq!(gateway.count("SELECT count(*) FROM deposits"), deposits, "{mark}\n{}", gateway.log());
    }
}
