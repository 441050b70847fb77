//! A sender requests a read receipt: sent once, if the operator allows it, and only to the sender.

use rig::letters::{self, field};
use rig::process::poll;
use rig::reader::{activate, letter_paths};
use rig::{Config, Delivered, Gateway, Hop, Smtp};

fn is_receipt(mail: &Delivered) -> bool {
    field(&mail.bytes, "Content-Type").is_some_and(|kind| kind.contains("disposition-notification"))
}

/// Opens everything that waits, twice.
fn open_all(hop: &Hop, gateway: &Gateway, to: &str) {
    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&hop.wait_to(to).bytes));
    for path in letter_paths(&inbox).iter().chain(&letter_paths(&inbox)) {
        web.get(path).expect(200);
    }
}

fn send(gateway: &Gateway, fields: &str, nth: &str) {
    let letter = letters::with_fields(&format!("[vertraulich] GEHEIM {nth}"), fields, "Text");
    gateway.smtp().letter("erika.muster@insurer.example", &["max@web.example"], &letter).expect("250 *");
}

#[test]
fn the_first_opening_is_told_to_the_sender_who_asked() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("policy", "receipts", r#""on-open""#);
    let gateway = Gateway::start(&config);
    send(&gateway, "Disposition-Notification-To: Erika <erika.muster@insurer.example>\r\n", "1");
    send(&gateway, "Disposition-Notification-To: elsewhere@other.example\r\n", "2");
    send(&gateway, "", "3");
    for (nth, fields) in
        [("4", "List-Id: <all.insurer.example>\r\n"), ("5", "Auto-Submitted: auto-generated\r\n")]
    {
        let asks = "Disposition-Notification-To: erika.muster@insurer.example\r\n";
        send(&gateway, &format!("{fields}{asks}"), nth);
    }
    let letter = letters::with_fields(
        "[vertraulich] GEHEIM 6",
        "Disposition-Notification-To: erika.muster@insurer.example\r\n",
        "Text",
    );
    gateway.smtp().letter("", &["max@web.example"], &letter).expect("250 *");
    open_all(&hop, &gateway, "max@web.example");
    let told = hop.wait_where("a receipt", is_receipt);
    assert_eq!((told.from(), told.to()), ("", vec!["erika.muster@insurer.example"]));
    let text = told.text();
    for line in [
        "Final-Recipient: rfc822; max@web.example",
        "Disposition: manual-action/MDN-sent-automatically; displayed",
        "Original-Message-ID: <letter-",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(text.contains("report-type=\"disposition-notification\"") && !text.contains("GEHEIM"), "{text}");
    let parsed = mail_parser::MessageParser::default().parse(&told.bytes).unwrap();
    let words = parsed.body_text(0).unwrap();
    assert!(words.contains("geöffnet") && words.contains("has been opened"), "{words}");
    // Nothing is on its way any more, and there was one.
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(hop.delivered().iter().filter(|mail| is_receipt(mail)).count(), 1);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits WHERE read_at IS NULL"), 0);
    gateway.sweep();
}

/// Marking letters as read in the list does not open them, and no sender is notified; opening one afterwards does.
#[test]
fn letters_marked_as_read_are_told_of_when_they_are_opened() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("policy", "receipts", r#""on-open""#);
    let gateway = Gateway::start(&config);
    let asks = "Disposition-Notification-To: Erika <erika.muster@insurer.example>\r\n";
    send(&gateway, asks, "1");
    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&hop.wait_to("max@web.example").bytes));
    let path = letter_paths(&inbox).remove(0);
    let id = path.trim_start_matches("/m/");
    let marked = web.submit(&inbox, "/letters", &[("id", id), ("do", "read")]);
    let inbox = web.follow(marked);
    let shown = || -> serde_json::Value {
        let (code, out, err) = gateway.sealpost(&["letter", "show", id, "--json"]);
        assert_eq!(code, 0, "{err}");
        serde_json::from_str(&out).unwrap()
    };
    let evidence = || {
        let (code, out, err) = gateway.sealpost(&["letter", "evidence", id, "--json"]);
        assert_eq!(code, 0, "{err}");
        out
    };
    assert!(!inbox.text().contains("letter unread"), "shown as read: {}", inbox.text());
    assert!(shown()["opened"].is_null(), "{}", shown());
    assert!(!evidence().contains("letter.opened"), "{}", evidence());
    assert_eq!(gateway.count("SELECT count(*) FROM deposits WHERE read_at IS NULL"), 1);
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert!(!hop.delivered().iter().any(is_receipt));

    web.get(&path).expect(200);
    let told = hop.wait_where("a receipt", is_receipt);
    assert!(told.text().contains("displayed"), "{}", told.text());
    assert!(shown()["opened"].is_string(), "{}", shown());
    assert!(evidence().contains("letter.opened"), "{}", evidence());
    gateway.sweep();
}

#[test]
fn nobody_is_told_unless_the_operator_says_so() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    send(&gateway, "Disposition-Notification-To: erika.muster@insurer.example\r\n", "1");
    open_all(&hop, &gateway, "max@web.example");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert!(!hop.delivered().iter().any(is_receipt));
    gateway.sweep();
}

/// Outside senders may have letters in the portal, too: they do not learn what recipients do with them.
#[test]
fn nobody_in_the_world_hears_when_their_letter_is_opened() {
    let hop = Hop::new();
    let world = rig::ports::free();
    let mut config = Config::new(&hop);
    config
        .set("policy", "receipts", r#""on-open""#)
        .section("[listener]")
        .set("[listener]", "name", r#""world""#)
        .set("[listener]", "addresses", &format!("[\"{world}\"]"))
        .set("[listener]", "domains", r#"["web.example"]"#)
        .set("partners", "hop", r#""world""#)
        .rule("strangers", r#"{ listener = "world" }"#, r#""portal""#);
    let gateway = Gateway::start(&config);
    let asks = "Disposition-Notification-To: eve@elsewhere.example\r\n";
    let letter = letters::with_fields("[vertraulich] GEHEIM", asks, "Text");
    let mut client = Smtp::connect(world);
    client.ehlo();
    client.letter("eve@elsewhere.example", &["max@web.example"], &letter).expect("250 *");
    open_all(&hop, &gateway, "max@web.example");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(gateway.count("SELECT count(*) FROM deposits WHERE read_at IS NOT NULL"), 1);
    assert!(!hop.delivered().iter().any(is_receipt));
    gateway.sweep();
}
