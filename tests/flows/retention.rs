//! Letters are kept for as long as configured: the notice names the day, inbox and letter the days left.

use rig::reader::activate;
use rig::{Config, Gateway, Hop, letters};

fn send(gateway: &Gateway, hop: &Hop, subject: &str) -> String {
    let before = hop.delivered().len();
    gateway
        .smtp()
        .letter("erika@insurer.example", &["k@web.example"], &letters::plain(subject, "x"))
        .expect("250 *");
    let notice = hop.wait(before + 1)[before].bytes.clone();
    let parsed = mail_parser::MessageParser::default().parse(&notice).unwrap();
    parsed.body_text(0).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn recipients_are_told_how_long_their_letters_are_kept() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("retention", "letters", r#""60 days""#);
    let gateway = Gateway::start(&config);
    let first = send(&gateway, &hop, "[vertraulich] eins");
    assert!(first.contains("(noch 40 Tage). Danach wird die Nachricht gelöscht"), "{first}");
    let link = letters::link(&hop.delivered()[0].bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    // What waited for the activation has its sixty days from now, like what comes later.
    // They end with the last of these days; in between the clocks may change.
    let hours = gateway.count("SELECT (expires_at - received_at) / 3600000 FROM deposits");
    assert!((60 * 24 - 1..61 * 24 + 1).contains(&hours), "{hours}");
    assert!(inbox.text().contains("wird in 60 Tagen gelöscht"), "{}", inbox.text());
    let second = send(&gateway, &hop, "[vertraulich] zwei");
    assert!(second.contains("gelöscht (noch 60 Tage)"), "{second}");
    let inbox = web.get("/inbox");
    assert_eq!(inbox.text().matches("wird in 60 Tagen gelöscht").count(), 2, "{}", inbox.text());
    gateway.sweep();
}

#[test]
fn without_a_time_they_are_kept_and_nothing_else_is_said() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    send(&gateway, &hop, "[vertraulich] eins");
    let link = letters::link(&hop.delivered()[0].bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    assert!(!inbox.text().contains("Tagen gelöscht"), "{}", inbox.text());
    let second = send(&gateway, &hop, "[vertraulich] zwei");
    assert!(!second.contains("gelöscht"), "{second}");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits WHERE expires_at IS NULL"), 2);
    gateway.sweep();
}
