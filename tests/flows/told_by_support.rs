//! Owners are notified of support's actions on their mailbox by mail: in their language, without a link to
//! click, and once; of failed actions they are not.

use rig::letters;
use rig::process::poll;
use rig::reader::activate;
use rig::{Config, Delivered, Gateway, Hop};

const CUSTOMER: &str = "max@web.example";

fn support(gateway: &Gateway, verb: &str) -> i32 {
    gateway.sealpost(&["mailbox", verb, CUSTOMER, "--note", "auf Wunsch"]).0
}

/// Text and page of a mail, as its reader's program has them.
fn said(mail: &Delivered) -> (String, String) {
    let parsed = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
    let text = parsed.body_text(0).unwrap().into_owned();
    let html = parsed.body_html(0).unwrap().into_owned();
    (text, html)
}

#[test]
fn its_owner_is_told_when_a_mailbox_is_locked_unlocked_and_deleted() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let letter = letters::plain("[vertraulich] GEHEIM-4711", "GEHEIM-4711");
    gateway.smtp().letter("erika@insurer.example", &[CUSTOMER], &letter).expect("250 *");
    activate(&mut gateway.web(), &letters::link(&hop.wait_to(CUSTOMER).bytes));
    let before = hop.delivered().len();
    assert_ne!(support(&gateway, "unlock"), 0, "it is not locked");
    for (verb, heading) in [
        ("lock", "Ihr Postfach ist gesperrt"),
        ("unlock", "Ihr Postfach ist wieder offen"),
        ("delete", "Ihr Postfach wurde gelöscht"),
    ] {
        assert_eq!(support(&gateway, verb), 0, "{verb}");
        let mail = hop.wait_where(verb, |mail| said(mail).0.contains(heading));
        assert_eq!((mail.from(), mail.to()), ("", vec![CUSTOMER]));
        let (text, html) = said(&mail);
        assert!(text.contains("Unser Support") && !text.contains("4711"), "{text}");
        assert!(!text.contains("://") && !html.contains("href=\"http"), "a link: {text}{html}");
        assert_ne!(support(&gateway, verb), 0, "once is enough: {verb}");
    }
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(hop.delivered().len(), before + 3);
    gateway.sweep();
}
