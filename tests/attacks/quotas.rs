//! One recipient's account sends as much as it can, in parallel and in sequence, over several processes; a
//! mailbox is filled; a sender and a login do not stop. Each reaches its quota, and no other account is
//! affected.

use rig::http::Page;
use rig::letters;
use rig::reader::{activate, letter_path};
use rig::{Config, Gateway, Hop, Smtp, Web};

fn config(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config.set("portal.write", "domains", r#"["insurer.example"]"#).set("portal.write", "floor", r#""none""#);
    config
}

fn reader(gateway: &Gateway, hop: &Hop, who: &str) -> (Web, String) {
    let letter = letters::plain("[vertraulich] Ihr Unfall", "Sehr geehrter Herr Muster");
    gateway.smtp().letter("erika@insurer.example", &[who], &letter).expect("250 *");
    let link = letters::link(&hop.wait_to(who).bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    let path = letter_path(&inbox);
    (web, path)
}

fn editor(web: &mut Web, letter: &str) -> (Page, String) {
    let page = web.get(letter);
    let begun = web.submit(&page, "/write", &[("kind", "reply")]);
    let editor = web.follow(begun);
    editor.expect(200);
    let text = editor.text();
    let start = text.find("action=\"/w/").unwrap() + 8;
    let path = text[start..].split('"').next().unwrap().to_owned();
    (editor, path)
}

fn send(web: &mut Web, letter: &str, to: &str) -> Page {
    let (editor, path) = editor(web, letter);
    web.submit(&editor, &path, &[("to", to), ("text", "Hallo"), ("do", "send")])
}

#[test]
fn a_mailbox_sends_so_many_letters_and_no_more() {
    let hop = Hop::new();
    let mut config = config(&hop);
    config.set("portal.write.quota", "letters-per-hour", "5").set(
        "portal.write.quota",
        "recipients-per-hour",
        "8",
    );
    let mut gateway = Gateway::start(&config);
    let (mut web, page) = reader(&gateway, &hop, "max@web.example");
    for _ in 0..4 {
        send(&mut web, &page, "erika@insurer.example").expect(303);
    }
    // Too many recipients together with earlier ones; the letter stays a draft, and one to fewer is sent.
    let five =
        "a@insurer.example, b@insurer.example, c@insurer.example, d@insurer.example, e@insurer.example";
    let refused = send(&mut web, &page, five);
    refused.expect(422);
    assert!(refused.text().contains("Senden können Sie sie ab "), "{}", refused.text());
    send(&mut web, &page, "erika@insurer.example").expect(303);

    // From here on nothing is sent: neither after a restart of the process, nor after deleting the sent ones.
    gateway.restart();
    let refused = send(&mut web, &page, "erika@insurer.example");
    refused.expect(422);
    assert!(refused.text().contains("als Entwurf gespeichert"), "{}", refused.text());
    assert_eq!(gateway.count("SELECT count(*) FROM deposits WHERE folder = 'sent'"), 5);
    assert_eq!(gateway.count("SELECT sum(letters) FROM sent_lately"), 5);
    assert_eq!(gateway.count("SELECT sum(recipients) FROM sent_lately"), 5);
    // Others write as before.
    let (mut other, theirs) = reader(&gateway, &hop, "eva@web.example");
    send(&mut other, &theirs, "erika@insurer.example").expect(303);
    gateway.wait_logged("a mailbox has reached its sending limit");
    gateway.sweep();
}

#[test]
fn a_crowd_of_sends_at_once_does_not_get_past_the_quota() {
    let hop = Hop::new();
    let mut config = config(&hop);
    config.set("portal.write.quota", "letters-per-hour", "5");
    let gateway = Gateway::start(&config);
    let (mut web, page) = reader(&gateway, &hop, "max@web.example");
    let drafts: Vec<(Page, String)> = (0..20).map(|_| editor(&mut web, &page)).collect();
    let sent: usize = std::thread::scope(|scope| {
        let each: Vec<_> = drafts
            .iter()
            .map(|(editor, path)| {
                let mut own = web.clone();
                scope.spawn(move || {
                    let fields = [("to", "erika@insurer.example"), ("text", "Hallo"), ("do", "send")];
                    usize::from(own.submit(editor, path, &fields).status == 303)
                })
            })
            .collect();
        each.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(
        gateway.count("SELECT count(*) FROM deposits WHERE folder = 'sent'"),
        5,
        "{sent} were told yes"
    );
    assert_eq!(sent, 5);
    gateway.sweep();
}

#[test]
fn a_full_mailbox_takes_nothing_more_and_the_sender_hears_of_it() {
    let hop = Hop::new();
    let mut config = config(&hop);
    config.set("portal", "mailbox-size", r#""1 MiB""#).set("[listener]", "max-size", r#""800 KiB""#);
    let gateway = Gateway::start(&config);
    let (mut web, page) = reader(&gateway, &hop, "max@web.example");
    let large = letters::plain("[vertraulich] Akten", &format!("{}\n", "x".repeat(70)).repeat(8_000));
    assert!(large.len() > 550_000 && large.len() < 800_000, "{}", large.len());
    let mut smtp = gateway.smtp();
    smtp.letter("erika@insurer.example", &["max@web.example"], &large).expect("250 *");
    smtp.letter("erika@insurer.example", &["max@web.example"], &large).expect("552 5.2.2 *");
    // A letter with a null reverse-path is refused as a whole, since there is no sender to notify later.
    smtp.letter("", &["max@web.example", "eva@web.example"], &large).expect("552 5.2.2 *");
    // Others of the same letter get it, and the sender a report on the one.
    smtp.letter("erika@insurer.example", &["max@web.example", "eva@web.example"], &large).expect("250 *");
    let report = hop.wait_to("erika@insurer.example").text();
    assert!(report.contains("Status: 5.2.2") && report.contains("max@web.example"), "{report}");
    let _ = hop.wait_to("eva@web.example");
    assert!(!report.contains("eva@web.example"), "{report}");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 3);
    // Small ones still fit.
    let small = letters::plain("[vertraulich] klein", "x");
    smtp.letter("erika@insurer.example", &["max@web.example"], &small).expect("250 *");
    // Letters written there need space too; a small one has it.
    send(&mut web, &page, "erika@insurer.example").expect(303);
    gateway.sweep();
}

/// The refusal comes at DATA, before the letter.
fn refused(smtp: &mut Smtp, from: &str, to: &[&str], shape: &str) {
    smtp.say(&format!("MAIL FROM:<{from}>")).expect("250 *");
    for to in to {
        smtp.say(&format!("RCPT TO:<{to}>")).expect("250 *");
    }
    smtp.say("DATA").expect(shape);
}

#[test]
fn a_sender_meets_its_quota_and_reports_have_none() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("limits.sender", "letters-per-hour", "3").set("limits.sender", "recipients-per-hour", "6");
    let mut gateway = Gateway::start(&config);
    let mut smtp = gateway.smtp();
    let letter = |n: usize| letters::plain(&format!("Angebot {n}"), "x");
    smtp.letter("Erika@insurer.example", &["a@web.example"], &letter(1)).expect("250 *");
    smtp.letter("erika@insurer.example", &["a@web.example", "b@web.example"], &letter(2)).expect("250 *");
    let four = ["a@web.example", "b@web.example", "c@web.example", "d@web.example"];
    refused(&mut smtp, "erika@insurer.example", &four, "451 4.7.1 *come back after*UTC*");
    smtp.letter("erika@insurer.example", &["a@web.example"], &letter(3)).expect("250 *");
    refused(&mut smtp, "erika@insurer.example", &["a@web.example"], "451 4.7.1 *");
    let seven: Vec<String> = (0..7).map(|n| format!("{n}@web.example")).collect();
    let seven: Vec<&str> = seven.iter().map(String::as_str).collect();
    refused(&mut smtp, "hans@insurer.example", &seven, "550 5.5.3 *");
    gateway.restart();
    let mut smtp = gateway.smtp();
    refused(&mut smtp, "erika@insurer.example", &["a@web.example"], "451 4.7.1 *");
    for n in 7..12 {
        smtp.letter("", &["a@web.example"], &letter(n)).expect("250 *");
    }
    smtp.letter("hans@insurer.example", &["a@web.example"], &letter(13)).expect("250 *");
    gateway.sweep();
}
