//! A reply to a notice by ordinary mail: its author is told how to reply safely, once a day; machines and
//! lists are not; the text is stored nowhere.

use rig::letters::{self, field};
use rig::{Config, Gateway, Hop};

#[test]
fn who_answers_a_notice_is_told_how_to_answer_safely() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("notices", "replies", r#""here""#);
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] Brief", "Text");
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 *");
    let notice = hop.wait_to("max@web.example");
    let ours = field(&notice.bytes, "From").unwrap();
    assert!(ours.contains("securemail@insurer.example"), "{ours}");
    let answer = |from: &str, to: &str, fields: &str| {
        let mail = format!("From: {from}\r\nTo: {to}\r\nSubject: Re: Brief\r\n{fields}\r\nGEHEIM-4711\r\n");
        gateway.smtp().letter(from, &[to], mail.as_bytes()).expect("250 *");
    };
    answer("max@web.example", "securemail@insurer.example", "");
    let told = hop.wait_where("the answer", |mail| {
        mail.to() == ["max@web.example"]
            && field(&mail.bytes, "Auto-Submitted").as_deref() == Some("auto-replied")
    });
    assert!(told.mail.starts_with("<>"), "{}", told.mail);
    let text =
        mail_parser::MessageParser::default().parse(&told.bytes).unwrap().body_text(0).unwrap().into_owned();
    assert!(text.contains("Antworten") && text.contains(&config.web.to_string()), "{text}");
    assert!(!told.text().contains("GEHEIM-4711"));
    // Once a day; and not to machines or lists.
    answer("max@web.example", "securemail@insurer.example", "");
    answer("robot@web.example", "securemail@insurer.example", "Auto-Submitted: auto-generated\r\n");
    answer("liste@web.example", "securemail@insurer.example", "List-Id: <l.web.example>\r\n");
    // Also at the notice's return address, to which people do not write.
    let verp = notice.from().to_owned();
    answer("eva@web.example", &verp, "");
    let _ = hop.wait_to("eva@web.example");
    let count = |to: &str| hop.delivered().iter().filter(|mail| mail.to() == [to]).count();
    assert_eq!((count("max@web.example"), count("robot@web.example"), count("liste@web.example")), (2, 0, 0));
    assert_eq!(gateway.count("SELECT count(*) FROM bodies"), 1, "the letter's own");
    assert!(!gateway.log().contains("GEHEIM-4711"));
    gateway.sweep();
}
