//! Confidential mail: stored encrypted in a mailbox, never sent; the recipient gets a notice instead.

use rig::letters::{self, field, without_trace};
use rig::{Config, Gateway, Hop};

/// What must never leave.
const SECRET: &str = "Diagnose-7731-vertraulich";

#[test]
fn to_one_recipient_makes_a_mailbox_and_a_notice() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let letter = letters::plain("[vertraulich] Ihr Schaden", SECRET);
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 2.0.0 *");
    let notice = hop.wait_to("max@web.example");
    assert!(!notice.text().contains(SECRET));
    assert!(letters::link(&notice.bytes).starts_with(&format!("http://{}/", gateway.config.web)));
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes"), 1);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1);
    assert_eq!(hop.delivered().len(), 1, "the notice and nothing else");
    gateway.sweep();
}

#[test]
fn by_subject_tag_by_sensitivity_and_by_sender() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let marked = letters::with_fields("Ihr Schaden", "Sensitivity: company-confidential\r\n", SECRET);
    let marked_in_capitals =
        letters::with_fields("Ihr Schaden", "SENSITIVITY:\r\n Company-Confidential\r\n", SECRET);
    let cases: [(&str, &str, Vec<u8>); 5] = [
        ("a@web.example", "erika@insurer.example", letters::plain("[vertraulich] Ihr Schaden", SECRET)),
        ("b@web.example", "erika@insurer.example", letters::plain("AW: [VERTRAULICH] Ihr Schaden", SECRET)),
        ("c@web.example", "erika@insurer.example", marked),
        ("d@web.example", "erika@unfall.insurer.example", letters::plain("Ihr Unfall", SECRET)),
        ("e@web.example", "erika@insurer.example", marked_in_capitals),
    ];
    for (to, from, letter) in &cases {
        gateway.smtp().letter(from, &[to], letter).expect("250 2.0.0 *");
        let got = hop.wait_to(to);
        assert!(!got.text().contains(SECRET), "{to} got it in clear:\n{}", got.text());
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 5);
    gateway.sweep();
}

#[test]
fn a_tag_hidden_in_encoded_words_counts() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    // RFC 2047: "[vertraulich] Größe" as B and as Q, and split over two words.
    for (n, subject) in [
        "=?utf-8?B?W3ZlcnRyYXVsaWNoXSBHcsO2w59l?=",
        "=?iso-8859-1?Q?=5Bvertraulich=5D_Gr=F6=DFe?=",
        "=?utf-8?Q?=5Bvertrau?=\r\n =?utf-8?Q?lich=5D_Gr=C3=B6=C3=9Fe?=",
    ]
    .iter()
    .enumerate()
    {
        let to = format!("word{n}@web.example");
        gateway
            .smtp()
            .letter("erika@insurer.example", &[&to], &letters::plain(subject, SECRET))
            .expect("250 2.0.0 *");
        assert!(!hop.wait_to(&to).text().contains(SECRET), "{subject}");
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 3);
}

#[test]
fn to_many_the_body_is_kept_once() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let to: Vec<String> = (0..20).map(|n| format!("kunde{n}@web.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let letter = letters::sized("[vertraulich] Rundschreiben", 200_000);
    gateway.smtp().letter("erika@insurer.example", &to, &letter).expect("250 2.0.0 *");
    for to in &to {
        let _ = hop.wait_to(to);
    }
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes"), 20);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 20);
    assert_eq!(gateway.count("SELECT count(DISTINCT body_id) FROM deposits"), 1);
    gateway.sweep();
}

#[test]
fn one_message_may_part_into_several_ways() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("customers abroad", r#"{ recipient = "*@portal.example" }"#, r#""portal""#);
    let gateway = Gateway::start(&config);
    let letter = letters::plain("Angebot", SECRET);
    gateway
        .smtp()
        .letter("erika@insurer.example", &["open@web.example", "closed@portal.example"], &letter)
        .expect("250 2.0.0 *");
    assert_eq!(without_trace(&hop.wait_to("open@web.example").bytes), letter);
    assert!(!hop.wait_to("closed@portal.example").text().contains(SECRET));
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1);
    gateway.sweep();
}

#[test]
fn the_tag_is_cut_out_where_a_tagged_letter_is_relayed() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.rule("marked for partners", r#"{ subject-tag = "[partner]" }"#, r#""relay""#);
    let gateway = Gateway::start(&config);
    let letter = letters::plain("AW: [Partner] Ihr Angebot", "Guten Tag");
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 2.0.0 *");
    let got = hop.wait_to("max@web.example");
    assert_eq!(field(&got.bytes, "Subject").as_deref(), Some("AW: Ihr Angebot"));
    // Nothing but the tag and one space is gone.
    let want = String::from_utf8(letter).unwrap().replace("AW: [Partner] ", "AW: ");
    assert_eq!(String::from_utf8_lossy(without_trace(&got.bytes)), want);
}

#[test]
fn a_second_letter_goes_into_the_same_mailbox() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    for (subject, to) in [("eins", "Max.Kunde@web.example"), ("zwei", "max.kunde@WEB.example")] {
        let letter = letters::plain(&format!("[vertraulich] {subject}"), SECRET);
        gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 2.0.0 *");
    }
    let _ = hop.wait(2);
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes"), 1, "addresses are known without case");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 2);
    gateway.sweep();
}
