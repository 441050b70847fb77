//! What can be read and changed of a letter's head on the way to a partner: outside are the fields that
//! servers and threading need, everything is inside as well, and outside changes are reported.

use rig::{Config, Delivered, Gateway, Hop, Smtp, letters};

use super::inward::result;
use super::out::{our_certificate, path};
use super::{insurer, opened_for, openssl, sealpost};

/// Says what the letter is about, each in its own way.
const TELLING: &str = "Thread-Topic: Kuendigung 4711\r\nThread-Index: 4711\r\nKeywords: 4711\r\nComments: 4711\r\n\
     X-Vorgang: 4711\r\nSensitivity: private 4711\r\nIn-Reply-To: <question@clinic.example>\r\n";

fn head(letter: &Delivered) -> String {
    let text = letter.text();
    text.split_once("\r\n\r\n").map(|(head, _)| head.to_owned()).unwrap_or_default()
}

#[test]
fn fields_that_nobody_needs_outside_are_inside_only_and_the_subject_where_the_operator_says_so() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let clinic = openssl::House::new("securemail@clinic.example");
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    let said = sealpost(&gateway, &["partner", "add", "clinic.example", path(&clinic), "--yes"]);
    assert!(said.contains("subject    outside as well, readable on the way"), "{said}");
    let goes = |nth: usize| {
        let letter = letters::with_fields("Vorgang 4711", TELLING, "Text");
        gateway.smtp().letter("e@insurer.example", &["d@clinic.example"], &letter).expect("250 *");
        world.wait(nth).remove(nth - 1)
    };
    let shown = goes(1);
    let outside = head(&shown);
    assert!(
        outside.contains("\r\nSubject: Vorgang 4711") && outside.matches("4711").count() == 1,
        "{outside}"
    );
    assert!(outside.contains("In-Reply-To: <question@clinic.example>"), "{outside}");

    let said = sealpost(&gateway, &["partner", "set", "clinic.example", "--subject", "withheld"]);
    assert!(said.contains("withheld: [...] stands outside"), "{said}");
    let withheld = goes(2);
    let outside = head(&withheld);
    assert!(outside.contains("\r\nSubject: [...]") && !outside.contains("4711"), "{outside}");
    for letter in [&shown, &withheld] {
        let clear = clinic.open(&letter.bytes, &our_certificate(&gateway));
        for field in
            ["Subject: Vorgang 4711", "Thread-Topic: Kuendigung 4711", "X-Vorgang: 4711", "hp=\"cipher\""]
        {
            assert!(clear.contains(field), "{field} is lost:\n{clear}");
        }
    }
    let (code, _, err) = gateway.sealpost(&["partner", "set", "clinic.example"]);
    assert!(code != 0 && err.contains("--subject"), "{err}");
    gateway.sweep();
}

/// An organisation that receives letters from outside at `at`, and sends its own to `wire`.
fn house(domain: &str, wire: &Hop, inside: &Hop) -> (Gateway, std::net::SocketAddr) {
    let mut config = Config::new(wire);
    config.rule("partners", r#"{ recipient = "*" }"#, r#""domain""#);
    opened_for(&mut config, inside).set("partners", "subject-tag", r#""[secure]""#);
    let at = config.listener("world");
    config.set("[listener]", "domains", &format!("[\"{domain}\"]"));
    let gateway = Gateway::start(&config);
    sealpost(&gateway, &["domain-key", "make", domain, "--name", domain]);
    (gateway, at)
}

#[test]
fn a_from_or_subject_changed_on_the_way_is_not_the_partner_s() {
    let (wire, inside) = (Hop::new(), Hop::new());
    let (one, _) = house("insurer.example", &wire, &inside);
    let (other, at) = house("assurance.example", &wire, &inside);
    for (here, there, name) in [(&one, &other, "assurance.example"), (&other, &one, "insurer.example")] {
        let file = here.home.write("theirs.pem", our_certificate(there).as_bytes());
        sealpost(here, &["partner", "add", name, file.to_str().unwrap(), "--yes"]);
    }
    let letter = letters::plain("Frage", "Text");
    one.smtp().letter("erika.muster@insurer.example", &["max@assurance.example"], &letter).expect("250 *");
    let caught = wire.wait(1).remove(0).text();
    let arrives = |nth: usize, text: &str| {
        let mut client = Smtp::connect(at);
        client.ehlo();
        client.letter("x@insurer.example", &["max@assurance.example"], text.as_bytes()).expect("250 *");
        inside.wait(nth).remove(nth - 1)
    };
    let as_sent = arrives(1, &caught);
    let found = result(&as_sent);
    assert!(found.contains("signed=valid; by=erika.muster@insurer.example"), "{found}");
    assert!(as_sent.text().contains("Subject: [secure] Frage\r\n"), "{}", as_sent.text());

    let changed = caught.replace("\r\nSubject: Frage", "\r\nSubject: Bitte zahlen");
    assert_ne!(changed, caught);
    let arrived = arrives(2, &changed).text();
    assert!(arrived.contains("Subject: [secure] Frage\r\n") && !arrived.contains("zahlen"), "{arrived}");

    let changed = caught.replace("erika.muster@insurer.example", "chef@insurer.example");
    assert_ne!(changed, caught);
    let arrived = arrives(3, &changed);
    let found = result(&arrived);
    assert!(found.contains("signed=other-sender") && !found.contains("by="), "{found}");
    assert!(!arrived.text().contains("[secure]"), "{}", arrived.text());
    one.sweep();
    other.sweep();
}
