//! Password and answer forgotten: a request, support's release, a mail, a new activation; the letters are
//! kept or lost as configured, and the old password opens nothing.

use rig::reader::{PASSWORD, activate, activate_with};
use rig::{Config, Gateway, Hop, Web, letters};

const NEW: &str = "Kirschkern-1953-Segel";

fn log_in(gateway: &Gateway, password: &str) -> (Web, u16) {
    let mut web = gateway.web();
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", "k@web.example"), ("password", password)]);
    let status = page.status;
    (web, status)
}

fn story(escrow: &str) -> (Gateway, Hop, Web) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("gateway", "escrow", &format!("{escrow:?}"));
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] Brief", "Inhalt-4711");
    gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
    let first = letters::link(&hop.wait(1)[0].bytes);
    let _inbox = activate(&mut gateway.web(), &first);

    let mut web = gateway.web();
    let page = web.get("/support");
    let note = [("address", "k@web.example"), ("note", "0170 1234567")];
    web.submit(&page, "/support", &note).expect(200);
    let (code, list, _) = gateway.home.sealpost(&["request", "list"]);
    assert!(code == 0 && list.contains("1 requests") && !list.contains("k@web.example"), "{list}");
    let (code, shown, _) = gateway.home.sealpost(&["request", "show", "1"]);
    assert!(code == 0 && shown.contains("k@web.example") && shown.contains("0170 1234567"), "{shown}");
    assert_ne!(gateway.home.sealpost(&["request", "release", "1", "--note", " "]).0, 0, "a note is needed");
    assert_ne!(gateway.home.sealpost(&["request", "release", "7", "--note", "x"]).0, 0, "no such request");
    let (code, out, err) = gateway.home.sealpost(&["request", "release", "1", "--note", "called back"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_ne!(gateway.home.sealpost(&["request", "release", "1", "--note", "again"]).0, 0, "only once");
    assert_eq!(log_in(&gateway, PASSWORD).1, 422, "the old password opens nothing");
    let mail = hop.wait(2)[1].bytes.clone();
    let again = letters::link(&mail);
    assert_ne!(first, again);
    gateway.web().get(&first).expect(410);
    let mut web = gateway.web();
    let _inbox = activate_with(&mut web, &again, NEW);
    assert_eq!(log_in(&gateway, NEW).1, 303);
    (gateway, hop, web)
}

#[test]
fn with_escrow_the_messages_are_kept() {
    let (gateway, _hop, mut web) = story("server");
    let inbox = web.get("/inbox");
    let text = inbox.text();
    let at = text.find("/m/").expect("the letter is still there");
    let path: String = text[at..].split('"').next().unwrap().to_owned();
    assert!(web.get(&path).text().contains("Inhalt-4711"), "and can be read");
    gateway.sweep();
}

#[test]
fn without_escrow_they_are_gone_and_new_ones_arrive() {
    let (gateway, hop, mut web) = story("none");
    assert!(!web.get("/inbox").text().contains("href=\"/m/"), "nothing is left");
    let letter = letters::plain("[vertraulich] Neu", "Inhalt-4712");
    gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
    let _ = hop.wait(3);
    assert!(web.get("/inbox").text().contains("href=\"/m/"));
    gateway.sweep();
}
