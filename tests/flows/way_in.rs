//! Changes of the access to a mailbox are reported: by mail to its owner, on the page to the affected user,
//! to support with the contact. And where the answer alone opens it, nothing reveals who has a mailbox.

use mail_parser::MessageParser;
use rig::reader::{PASSWORD, activate, activate_with};
use rig::{Config, Gateway, Hop, Web, letters};

const ANNA: &str = "anna@web.example";
const NEW: &str = "Kirschkern-1953-Segel";

fn letter(gateway: &Gateway) {
    let letter = letters::plain("[vertraulich] Brief", "Inhalt-4711");
    gateway.smtp().letter("erika@insurer.example", &[ANNA], &letter).expect("250 *");
}

fn log_in(gateway: &Gateway, password: &str) -> Web {
    let mut web = gateway.web();
    let page = web.get("/");
    web.submit(&page, "/login", &[("address", ANNA), ("password", password)]).expect(303);
    web
}

/// Subject and text of the newest mail, once there are this many.
fn mail(hop: &Hop, count: usize) -> (String, String) {
    let bytes = hop.wait(count)[count - 1].bytes.clone();
    let message = MessageParser::default().parse(&bytes).unwrap();
    (message.subject().unwrap().to_owned(), message.body_text(0).unwrap().into_owned())
}

/// A mail that says when and from where, and leads nowhere.
fn told(hop: &Hop, count: usize, subject: &str) {
    let (said, text) = mail(hop, count);
    assert!(said.contains(subject), "{said}");
    assert!(text.contains("127.0.0.x") && text.contains(" Uhr"), "{text}");
    assert!(!text.contains("/a/") && !text.contains("/r/"), "no link: {text}");
}

#[test]
fn owners_are_told_by_mail_and_other_browsers_on_the_page() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    letter(&gateway);
    let link = letters::link(&hop.wait(1)[0].bytes);
    let mut first = gateway.web();
    activate(&mut first, &link);

    let mut second = log_in(&gateway, PASSWORD);
    told(&hop, 2, "Neue Anmeldung");
    let page = second.get("/account/question");
    let fields = [("current", PASSWORD), ("question", "2"), ("own_question", ""), ("answer", "Lindenweg")];
    second.submit(&page, "/account/question", &fields).expect(303);
    told(&hop, 3, "Sicherheitsfrage");
    let over = first.get("/inbox");
    assert!(over.header("location").unwrap().contains("ended-question"), "{over:?}");
    assert!(first.follow(over).text().contains("Sicherheitsfrage dieses Postfachs"));

    // The browser is known now: no second mail.
    let page = second.get("/inbox");
    second.submit(&page, "/logout", &[]).expect(303);
    let page = second.get("/");
    second.submit(&page, "/login", &[("address", ANNA), ("password", PASSWORD)]).expect(303);
    let page = second.get("/account/password");
    let fields = [("current", PASSWORD), ("password", NEW), ("repeat", NEW)];
    second.submit(&page, "/account/password", &fields).expect(303);
    told(&hop, 4, "Passwort Ihres Postfachs");

    let mut third = log_in(&gateway, NEW);
    told(&hop, 5, "Neue Anmeldung");
    let page = third.get("/account/delete");
    third.submit(&page, "/account/delete", &[("current", NEW), ("sure", "yes")]).expect(303);
    told(&hop, 6, "gelöscht");
    let over = second.get("/inbox");
    assert!(second.follow(over).text().contains("Postfach in einem anderen Browser gelöscht"));
}

#[test]
fn after_support_a_link_lives_as_long_as_a_reset_link_and_an_older_one_says_that_there_is_a_newer() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    letter(&gateway);
    let link = letters::link(&hop.wait(1)[0].bytes);
    let mut owner = gateway.web();
    activate(&mut owner, &link);
    // Another person is first, and the owner's own contact is still read.
    for note in ["0900 666 666", "0170 1234567"] {
        let mut web = gateway.web();
        let page = web.get("/support");
        web.submit(&page, "/support", &[("address", ANNA), ("note", note)]).expect(200);
    }
    let list = gateway.sealpost(&["request", "list"]).1;
    assert!(list.contains("2 requests") && list.contains("one of 2 for this mailbox"), "{list}");
    let shown = gateway.sealpost(&["request", "show", "2"]).1;
    assert!(shown.contains("0170 1234567") && !shown.contains("0900"), "{shown}");
    assert!(shown.contains("2 open requests for this mailbox") && shown.contains("hours ago"), "{shown}");
    assert!(gateway.sealpost(&["request", "show", "1"]).1.contains("0900 666 666"));
    let before = gateway.count("SELECT max(expires_at) FROM tokens");
    assert_eq!(gateway.sealpost(&["request", "release", "2", "--note", "called back"]).0, 0);
    assert!(gateway.sealpost(&["request", "list"]).1.contains("0 requests"), "no other request is left open");
    let lives = "SELECT max(expires_at - created_at) FROM tokens WHERE spent_at IS NULL";
    assert_eq!(gateway.count(lives), 60 * 60 * 1000);
    assert!(before > gateway.count("SELECT max(expires_at) FROM tokens WHERE spent_at IS NULL"));
    let over = owner.get("/inbox");
    assert!(owner.follow(over).text().contains("unser Support den Zugang"));

    let (_, text) = mail(&hop, 2);
    assert!(text.contains("nur einmal"), "{text}");
    let again = letters::link(&hop.wait(2)[1].bytes);
    let page = gateway.web().get(&link);
    page.expect(410);
    assert!(page.text().contains("Es gibt einen neueren Link"), "{}", page.text());
    assert!(!page.text().contains("Ihrem Passwort an"), "it asks for no password that does not exist");
    let _ = activate_with(&mut gateway.web(), &again, NEW);
    let page = gateway.web().get(&again);
    assert!(page.text().contains("schon eingerichtet"), "{}", page.text());
}

#[test]
fn a_decoys_question_is_the_same_after_a_restart_and_closes_as_a_mailboxs_does() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal", "reset", r#""answer""#);
    let mut gateway = Gateway::start(&config);
    letter(&gateway);
    let link = letters::link(&hop.wait(1)[0].bytes);
    activate(&mut gateway.web(), &link);

    let ask = |gateway: &Gateway, address: &str| {
        let mut web = gateway.web();
        let page = web.get("/forgot");
        let away = web.submit(&page, "/forgot", &[("address", address)]);
        let link = away.header("location").unwrap().to_owned();
        let page = web.get(&link);
        (web, page, link)
    };
    let question = |gateway: &Gateway, address: &str| {
        let (_, page, _) = ask(gateway, address);
        page.expect(200);
        let text = page.text();
        let at = text.find("?</").unwrap_or_else(|| panic!("no question in {text}"));
        text[..at].rsplit('>').next().unwrap().to_owned()
    };
    let asked =
        |gateway: &Gateway| [ANNA, "nobody@web.example", "eva@web.example"].map(|who| question(gateway, who));
    let before = asked(&gateway);
    let (_, _, old_link) = ask(&gateway, "nobody@web.example");
    gateway.restart();
    assert_eq!(asked(&gateway), before);
    gateway.web().get(&old_link).expect(200);

    for who in [ANNA, "nobody@web.example"] {
        let mut statuses = Vec::new();
        for nth in 0..5 {
            let (mut web, page, link) = ask(&gateway, who);
            if nth == 3 {
                gateway.restart();
            }
            let path = link.rsplit('/').next().unwrap().to_owned();
            let fields = [("answer", "Falsche Straße"), ("password", NEW), ("repeat", NEW)];
            statuses.push(web.submit(&page, &path, &fields).status);
        }
        assert_eq!(statuses, [422, 422, 422, 422, 410], "{who}: not forgotten by a restart");
        assert_eq!(ask(&gateway, who).1.status, 410, "{who}");
    }
}
