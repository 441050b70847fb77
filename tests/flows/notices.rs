//! The mails we write: facts about the letter, in the recipient's language, nothing that helps an attacker.

use rig::letters::{self, field};
use rig::{Config, Delivered, Gateway, Hop};

fn notice(config: &Config, hop: &Hop, to: &str) -> (Gateway, Delivered) {
    let gateway = Gateway::start(config);
    let letter = letters::plain("[vertraulich] Ihr Schaden 4711", "x");
    gateway.smtp().letter("erika.muster@insurer.example", &[to], &letter).expect("250 *");
    let notice = hop.wait_to(to);
    (gateway, notice)
}

fn text(mail: &Delivered) -> String {
    let parsed = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
    parsed.body_text(0).unwrap().into_owned()
}

#[test]
fn say_who_what_when_and_where_in_german() {
    let hop = Hop::new();
    let (gateway, notice) = notice(&Config::new(&hop), &hop, "max@web.example");
    let text = text(&notice);
    for fact in ["Erika Muster", "erika.muster@insurer.example", "Ihr Schaden 4711", "Datum:"] {
        assert!(text.contains(fact), "no {fact} in:\n{text}");
    }
    assert!(!text.contains("[vertraulich]"), "the tag is ours, not the recipient's:\n{text}");
    assert!(letters::link(&notice.bytes).starts_with(&format!("http://{}/a/", gateway.config.web)));
    assert!(field(&notice.bytes, "From").unwrap().contains("securemail@insurer.example"));
    assert_eq!(field(&notice.bytes, "Auto-Submitted").as_deref(), Some("auto-generated"));
    let parsed = mail_parser::MessageParser::default().parse(&notice.bytes).unwrap();
    assert!(parsed.body_html(0).unwrap().contains("<html"), "text and HTML");
}

#[test]
fn are_english_where_the_configuration_says_so() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("notices", "languages", r#"{ "uk.example" = "en" }"#);
    let (_gateway, notice) = notice(&config, &hop, "max@mail.uk.example");
    assert!(text(&notice).contains("A confidential message"), "{}", text(&notice));
}

#[test]
fn carry_no_address_in_any_link() {
    let hop = Hop::new();
    let (_gateway, notice) = notice(&Config::new(&hop), &hop, "max.mustermann@web.example");
    let parsed = mail_parser::MessageParser::default().parse(&notice.bytes).unwrap();
    let whole = format!("{}{}", parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap());
    for url in whole.split("http").skip(1) {
        let url = url.split([' ', '"', '<', '\n']).next().unwrap();
        assert!(!url.contains("mustermann") && !url.contains('@') && !url.contains("%40"), "http{url}");
    }
}

#[test]
fn withhold_the_subject_if_the_operator_wants_it() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("notices", "show-subject", "false");
    let (_gateway, notice) = notice(&config, &hop, "max@web.example");
    let subject = field(&notice.bytes, "Subject").unwrap();
    assert!(!text(&notice).contains("4711") && !subject.contains("4711"), "{}", notice.text());
    assert!(!notice.text().contains("4711"));
}

#[test]
fn have_an_id_of_their_own_each() {
    let hop = Hop::new();
    let (gateway, first) = notice(&Config::new(&hop), &hop, "max@web.example");
    let letter = letters::plain("[vertraulich] zwei", "x");
    gateway.smtp().letter("e@insurer.example", &["max@web.example"], &letter).expect("250 *");
    let second = hop.wait(2)[1].clone();
    let ids = [&first, &second].map(|mail| field(&mail.bytes, "Message-ID").unwrap());
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.ends_with("mailgate.insurer.example>")), "{ids:?}");
}
