//! A letter with a structure that no honest program produces: parsers are protected from it, and it is not
//! lost. It is listed, shown as far as possible, and can be downloaded unchanged.

use rig::letters::{self, field};
use rig::reader::activate;
use rig::{Config, Gateway, Hop};

fn activated(gateway: &Gateway, hop: &Hop) -> rig::Web {
    let mut web = gateway.web();
    let link = letters::link(&hop.wait_to("max@web.example").bytes);
    let _inbox = activate(&mut web, &link);
    web
}

#[test]
fn what_cannot_be_taken_apart_is_deposited_all_the_same() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let fields = |subject: &str| {
        format!(
            "From: =?utf-8?Q?Erika_M=C3=BCster?= <erika@insurer.example>\r\nTo: max@web.example\r\n\
             Subject: [vertraulich] {subject}\r\nDate: Fri, 20 Nov 2026 09:30:00 +0100\r\n\
             Message-ID: <{subject}@insurer.example>\r\nMIME-Version: 1.0\r\n"
        )
    };
    let parts = "--b\r\nContent-Type: text/plain\r\n\r\nLesbarer Teil\r\n".repeat(4000);
    let wide =
        format!("{}Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n", fields("Breit"));
    let nested: String =
        (0..300).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    let deep = format!("{}{nested}\r\nGanz unten\r\n", fields("Tief"));
    let long = format!("{}{}\r\nText darunter\r\n", fields("Lang"), "X-Padding: x\r\n".repeat(15_000));
    for letter in [&wide, &deep, &long] {
        gateway
            .smtp()
            .letter("erika@insurer.example", &["max@web.example"], letter.as_bytes())
            .expect("250 2.0.0 *");
    }
    let mut web = activated(&gateway, &hop);
    let list = web.get("/inbox").text();
    let mut letters_seen = 0;
    for entry in list.split("href=\"/m/").skip(1) {
        let id = &entry[..32];
        let subject = entry.split("what\">").nth(1).unwrap().split('<').next().unwrap();
        assert!(entry.contains("Erika Müster") || entry.contains("erika@insurer.example"), "{entry}");
        let page = web.get(&format!("/m/{id}"));
        page.expect(200);
        let shown = page.text();
        let (readable, letter) = match subject {
            "Breit" => ("Lesbarer Teil", &wide),
            "Tief" => ("Ganz unten", &deep),
            "Lang" => ("Text darunter", &long),
            other => panic!("a letter {other:?}"),
        };
        assert!(shown.contains(readable), "{subject}: {shown}");
        let original = web.get(&format!("/m/{id}/eml"));
        let sent = letter.replace("[vertraulich] ", "");
        assert!(original.body == sent.as_bytes(), "{subject} came out changed");
        assert!(field(&original.body, "Message-ID").unwrap().contains(subject));
        letters_seen += 1;
    }
    assert_eq!(letters_seen, 3, "{list}");
    gateway.sweep();
}
