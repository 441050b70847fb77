//! `activation = "initial-password"`: the first mail contains only the portal's address, the sender is told
//! the password, and it is valid for one log-in that requires a new one.

use rig::http::Page;
use rig::letters::{self, field};
use rig::reader::{ANSWER, PASSWORD};
use rig::{Config, Delivered, Gateway, Hop, Web};

const SENDER: &str = "erika.muster@insurer.example";

fn start(change: impl FnOnce(&mut Config)) -> (Gateway, Hop) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal", "activation", r#""initial-password""#);
    change(&mut config);
    (Gateway::start(&config), hop)
}

fn text(mail: &[u8]) -> String {
    let parsed = mail_parser::MessageParser::default().parse(mail).unwrap();
    format!("{}\n{}", parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap())
}

fn is_to(mail: &Delivered, address: &str) -> bool {
    mail.rcpts.iter().all(|rcpt| rcpt.starts_with(&format!("<{address}>")))
}

/// Four groups of four out of a text.
fn passwords(text: &str) -> Vec<String> {
    let is_one = |word: &str| {
        let groups: Vec<&str> = word.split('-').collect();
        let good = |group: &&str| {
            group.len() == 4 && group.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        };
        groups.len() == 4 && groups.iter().all(good)
    };
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let mut found: Vec<String> = words.filter(|word| is_one(word)).map(str::to_owned).collect();
    found.dedup();
    found
}

fn log_in(web: &mut Web, address: &str, password: &str) -> Page {
    let page = web.get("/");
    web.submit(&page, "/login", &[("address", address), ("password", password)])
}

fn choose(web: &mut Web, password: &str) -> Page {
    let page = web.get("/first");
    page.expect(200);
    let filled = [
        ("password", password),
        ("repeat", password),
        ("question", "0"),
        ("answer", ANSWER),
        ("language", "de"),
    ];
    web.submit(&page, "/first", &filled)
}

#[test]
fn the_password_goes_to_the_sender_and_the_recipient_gets_in_with_it_once() {
    let (gateway, hop) = start(|_| {});
    let letter = letters::plain("[vertraulich] Ihr Schaden 4711", "Inhalt-4711");
    gateway.smtp().letter(SENDER, &["k@web.example"], &letter).expect("250 *");
    let (told, notice) = (hop.wait_to(SENDER), hop.wait_to("k@web.example"));

    let words = text(&notice.bytes);
    assert!(words.contains("Ihr Schaden 4711") && words.contains("Startpasswort"), "{words}");
    assert!(passwords(&words).is_empty() && !words.contains("/a/"), "no way in: {words}");
    assert!(letters::link(&notice.bytes).starts_with(&format!("http://{}", gateway.config.web)));

    assert!(told.mail.starts_with("<>"), "no report if it cannot be delivered");
    assert_eq!(field(&told.bytes, "Auto-Submitted").as_deref(), Some("auto-generated"));
    let words = text(&told.bytes);
    assert!(words.contains("k@web.example") && words.contains("Telefon"), "{words}");
    let found = passwords(&words);
    let [initial, ..] = found.as_slice() else { panic!("no password in {words}") };
    assert!(found.iter().all(|one| one == initial), "{found:?}");

    let mut web = gateway.web();
    assert!(web.get("/").text().contains("Startpasswort"));
    log_in(&mut web, "k@web.example", "CCCC-CCCC-CCCC-CCCC").expect(422);
    let page = log_in(&mut web, "k@web.example", initial);
    assert_eq!((page.status, page.header("location")), (303, Some("/first")));
    for closed in ["/inbox", "/account", "/export", "/sent"] {
        let page = web.get(closed);
        assert!(page.status == 303 && page.body.is_empty(), "{closed}");
        assert!(web.follow(page).text().contains("action=\"/first\""), "{closed} leads to the one page");
    }
    choose(&mut web, initial).expect(422);
    let done = choose(&mut web, PASSWORD);
    assert_eq!(done.header("location"), Some("/inbox?welcome=1"));
    let inbox = web.get("/inbox").text();
    let at = inbox.find("/m/").expect("the letter");
    assert!(web.get(inbox[at..].split('"').next().unwrap()).text().contains("Inhalt-4711"));
    log_in(&mut gateway.web(), "k@web.example", initial).expect(422);
    log_in(&mut gateway.web(), "k@web.example", PASSWORD).expect(303);
    for secret in [initial.as_str(), &initial.replace('-', "")] {
        assert!(!gateway.log().contains(secret), "the password is in the log");
    }
    gateway.sweep();
}

#[test]
fn further_letters_bring_notices_and_no_further_password() {
    let (gateway, hop) = start(|_| {});
    for n in 0..3 {
        let letter = letters::plain(&format!("[vertraulich] Brief {n}"), "x");
        let sender = if n == 0 { SENDER } else { "otto@insurer.example" };
        gateway.smtp().letter(sender, &["k@web.example"], &letter).expect("250 *");
        let mails = hop.wait(n + 2);
        assert_eq!(mails.len(), n + 2);
    }
    let mails = hop.wait(4);
    let count = |address| mails.iter().filter(|mail| is_to(mail, address)).count();
    assert_eq!((count("k@web.example"), count(SENDER)), (3, 1));
    for mail in mails.iter().filter(|mail| is_to(mail, "k@web.example")) {
        assert!(passwords(&text(&mail.bytes)).is_empty());
        assert!(text(&mail.bytes).contains("Startpasswort"));
    }
}

#[test]
fn a_letter_that_nobody_can_tell_a_password_for_is_refused_whole() {
    let (gateway, hop) = start(|_| {});
    let letter = letters::plain("[vertraulich] Brief", "x");
    gateway.smtp().letter("", &["k@web.example"], &letter).expect("550 5.7.1 *");
    gateway.smtp().letter("", &["a@web.example", "k@web.example"], &letter).expect("550 5.7.1 *");
    // The recipient's own ordinary mail must not contain it.
    gateway.smtp().letter("K@web.example", &["K@WEB.example"], &letter).expect("550 5.7.1 *");
    gateway.smtp().letter(SENDER, &["k@web.example"], &letter).expect("250 *");
    assert_eq!(hop.wait(2).len(), 2, "only of the last one anybody hears");
    // Once there is a mailbox, a report may go into it.
    let report = letters::plain("[vertraulich] Bericht", "x");
    gateway.smtp().letter("", &["k@web.example"], &report).expect("250 *");
    assert!(is_to(&hop.wait(3)[2], "k@web.example"));
}

#[test]
fn each_recipient_of_one_letter_gets_a_password_of_their_own() {
    let (gateway, hop) = start(|config| {
        config.set("notices", "language", r#""en""#);
    });
    let letter = letters::plain("[vertraulich] An alle", "x");
    gateway.smtp().letter(SENDER, &["a@web.example", "b@web.example"], &letter).expect("250 *");
    let mails = hop.wait(4);
    let told: Vec<String> =
        mails.iter().filter(|mail| is_to(mail, SENDER)).map(|mail| text(&mail.bytes)).collect();
    assert_eq!(told.len(), 2);
    for address in ["a@web.example", "b@web.example"] {
        let words = told.iter().find(|words| words.contains(address)).unwrap();
        assert!(words.contains("initial password"), "{words}");
        let page = log_in(&mut gateway.web(), address, &passwords(words)[0]);
        assert_eq!(page.header("location"), Some("/first"), "{address}");
    }
    assert_ne!(passwords(&told[0])[0], passwords(&told[1])[0]);
}

/// The sender lost the mail, or it ran out: support gives a new one, and the old one ends.
#[test]
fn support_gives_a_new_password_and_the_letters_stay() {
    for escrow in ["server", "none"] {
        let (gateway, hop) = start(|config| {
            config.set("gateway", "escrow", &format!("{escrow:?}"));
        });
        let letter = letters::plain("[vertraulich] Brief", "Inhalt-4711");
        gateway.smtp().letter(SENDER, &["k@web.example"], &letter).expect("250 *");
        let old = passwords(&text(&hop.wait_to(SENDER).bytes))[0].clone();
        let mut begun = gateway.web();
        log_in(&mut begun, "k@web.example", &old).expect(303);

        let mut web = gateway.web();
        let page = web.get("/support");
        let note = [("address", "k@web.example"), ("note", "0170 1234567")];
        web.submit(&page, "/support", &note).expect(200);
        let (code, out, err) = gateway.home.sealpost(&["request", "release", "1", "--note", "called back"]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains("the messages are kept"), "{escrow}: {out}");
        let new = passwords(&out)[0].clone();
        let mail = hop.wait(3)[2].clone();
        assert!(is_to(&mail, "k@web.example"));
        let words = text(&mail.bytes);
        assert!(passwords(&words).is_empty() && !words.contains("/a/"), "{words}");
        assert!(words.contains("Startpasswort"), "{words}");
        log_in(&mut gateway.web(), "k@web.example", &old).expect(422);
        assert_eq!(begun.get("/first").status, 303, "what the old one began has ended");
        let mut web = gateway.web();
        log_in(&mut web, "k@web.example", &new).expect(303);
        choose(&mut web, PASSWORD).expect(303);
        let inbox = web.get("/inbox").text();
        let at = inbox.find("/m/").expect("the letter");
        assert!(web.get(inbox[at..].split('"').next().unwrap()).text().contains("Inhalt-4711"));

        // And for support by telephone.
        let (code, out, _) =
            gateway.home.sealpost(&["request", "ask", "k@web.example", "--note", "called, 0170 1234567"]);
        assert!(code == 0 && out.contains("request 2"), "{out}");
        assert_ne!(gateway.home.sealpost(&["request", "ask", "x@web.example", "--note", "x"]).0, 0);
        gateway.sweep();
    }
}
