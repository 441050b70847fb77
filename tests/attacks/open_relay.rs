//! A recipient writes to `victim%evil.example@insurer.example` and the like from the portal; a colleague's compromised
//! machine sends there by SMTP. With a real Postfix behind the gateway, in its default configuration and with our
//! snippets, nothing is sent on to evil.example.

use rig::letters::{self, field};
use rig::process::poll;
use rig::reader::{activate, letter_path};
use rig::{Config, Gateway, Hop, Postfix};

const SNIPPETS: [&str; 2] = [
    include_str!("../../deploy/postfix/main.cf.relayhost"),
    include_str!("../../deploy/postfix/main.cf.filter"),
];

/// All ways to write an address within an ASCII address.
const ROUTES: [&str; 8] = [
    "victim%evil.example@insurer.example",
    "evil.example!victim@insurer.example",
    "\"victim@evil.example\"@insurer.example",
    "\"victim%evil.example\"@insurer.example",
    "\"evil.example!victim\"@insurer.example",
    "\"@evil.example:victim\"@insurer.example",
    "victim%evil.example%insurer.example@insurer.example",
    "imceasmtp-victim+40evil+2Eexample@insurer.example",
];

/// The insurer's Postfix: its own domain also goes to the sink, so that everything it lets through is seen.
fn insurer(sink: &Hop, more: &str) -> Postfix {
    let to = sink.address();
    let own = format!("local_transport = smtp:[{}]:{}\n", to.ip(), to.port());
    Postfix::relaying_to(to, &format!("mydestination = insurer.example\n{own}{more}"))
}

fn went_elsewhere(sink: &Hop) -> Vec<String> {
    let mails = sink.delivered();
    let all = mails.iter().flat_map(|mail| mail.to().into_iter().map(str::to_owned).collect::<Vec<_>>());
    all.filter(|to| to.ends_with("@evil.example")).collect()
}

/// Waits until everything sent before has left Postfix.
fn settled(postfix: &Postfix, sink: &Hop, mark: &str) {
    let mark = format!("{mark}@insurer.example");
    postfix.smtp().letter("a@insurer.example", &[&mark], &letters::plain("mark", "x")).expect("250 *");
    let _ = sink.wait_to(&mark);
}

#[test]
fn a_postfix_as_it_comes_is_an_open_relay_for_whoever_may_send_and_the_snippets_close_it() {
    let sink = Hop::new();
    let postfix = insurer(&sink, "");
    let letter = letters::plain("x", "x");
    postfix.smtp().letter("a@insurer.example", &[ROUTES[0]], &letter).expect("250 *");
    let _ = sink.wait_to("victim@evil.example");

    for snippet in SNIPPETS {
        let closed: String = snippet
            .lines()
            .filter(|line| {
                ["allow_percent_hack", "swap_bangpath", "resolve_dequoted_address"]
                    .iter()
                    .any(|name| line.starts_with(name))
            })
            .fold(String::new(), |all, line| format!("{all}{line}\n"));
        let sink = Hop::new();
        let postfix = insurer(&sink, &closed);
        for route in ROUTES {
            // Refused or kept: both are well.
            let _ = postfix.smtp().letter("a@insurer.example", &[route], &letter);
        }
        settled(&postfix, &sink, "mark");
        // What was taken has all been tried by now: it is in the log with a status.
        poll("every recipient tried", || {
            let log = postfix.log();
            let taken = log.matches("message-id=").count();
            (log.matches("removed").count() >= taken).then_some(())
        });
        assert_eq!(went_elsewhere(&sink), Vec::<String>::new(), "{closed}\n{}", postfix.log());
    }
}

#[test]
fn nobody_writes_through_the_portal_to_elsewhere() {
    let sink = Hop::new();
    // Out of the box: the operator has not read our snippets.
    let postfix = insurer(&sink, "");
    let mut config = Config::to(postfix.address);
    config
        .set("portal.write", "domains", r#"["insurer.example", "*.insurer.example"]"#)
        .set("portal.write", "addresses", r#"["desk!vienna@insurer.example"]"#)
        .set("portal.write", "floor", r#""none""#);
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] Ihr Unfall", "Sehr geehrter Herr Muster");
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 *");
    let link = letters::link(&sink.wait_to("max@web.example").bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    let page = web.get(&letter_path(&inbox));
    let begun = web.submit(&page, "/write", &[("kind", "reply")]);
    let editor = web.follow(begun);
    editor.expect(200);
    let text = editor.text();
    let start = text.find("action=\"/w/").unwrap() + 8;
    let path = text[start..].split('"').next().unwrap().to_owned();

    let unicode = [
        "victim\u{ff05}evil.example@insurer.example",
        "evil.example\u{ff01}victim@insurer.example",
        "victim\u{ff20}evil.example@insurer.example",
        "victim\u{fe6b}evil.example@insurer.example",
        "/etc/passwd@insurer.example",
        "|sh@insurer.example",
        "-oQ/tmp@insurer.example",
        "victim%evil.example@sub.insurer.example",
    ];
    for route in ROUTES.iter().copied().chain(unicode) {
        for field in ["to", "cc"] {
            let to = if field == "to" { route } else { "erika@insurer.example" };
            let cc = if field == "cc" { route } else { "" };
            let answer = web.submit(
                &editor,
                &path,
                &[("to", to), ("cc", cc), ("subject", "x"), ("text", "Kauf!"), ("do", "send")],
            );
            answer.expect(422);
            assert!(!answer.text().contains("unterwegs"), "{route}");
        }
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits WHERE folder = 'sent'"), 0);

    // The way is open for people, and for the very address that the operator wrote down.
    for to in ["erika@insurer.example", "desk!vienna@insurer.example"] {
        let sent = web.submit(&editor, &path, &[("to", to), ("cc", ""), ("text", "Danke"), ("do", "send")]);
        sent.expect(303);
        if to.starts_with("erika") {
            let mail = sink.wait_to(to);
            assert_eq!(field(&mail.bytes, "X-Sealpost-Portal").as_deref(), Some("authenticated"));
        }
    }
    settled(&postfix, &sink, "mark");
    assert_eq!(went_elsewhere(&sink), Vec::<String>::new());
    gateway.sweep();
}

#[test]
fn nobody_sends_by_smtp_to_elsewhere_through_a_domain_of_ours() {
    let sink = Hop::new();
    let mut config = Config::new(&sink);
    config.set("portal.write", "domains", r#"["insurer.example", "*.insurer.example"]"#).set(
        "portal.write",
        "floor",
        r#""none""#,
    );
    let gateway = Gateway::start(&config);
    let mut smtp = gateway.smtp();
    smtp.say("MAIL FROM:<max@web.example> SMTPUTF8").expect("250 *");
    for route in ROUTES {
        smtp.say(&format!("RCPT TO:<{route}>")).expect("553 5.1.3 *");
        let below = route.replace("@insurer.example", "@unfall.insurer.example");
        smtp.say(&format!("RCPT TO:<{below}>")).expect("553 5.1.3 *");
        // Too many errors end the session.
        smtp = gateway.smtp();
        smtp.say("MAIL FROM:<max@web.example> SMTPUTF8").expect("250 *");
    }
    smtp.say("RCPT TO:<victim\u{ff05}evil.example@insurer.example>").expect("553 5.1.3 *");
    // The return address of notices is ours as well.
    smtp.say("RCPT TO:<bounce+x%evil.example@portal.insurer.example>").expect("553 5.1.3 *");
    smtp.say("RCPT TO:<\"bounce+x@evil.example\"@portal.insurer.example>").expect("553 5.1.3 *");
    // A source route is ignored (RFC 5321 §4.1.1.3), and what others do in their domains is theirs.
    smtp.say("RCPT TO:<@evil.example:erika@insurer.example>").expect("250 *");
    smtp.say("RCPT TO:<a!b@partner.example>").expect("250 *");
    smtp.data(&letters::plain("x", "x")).expect("250 *");
    let _ = sink.wait_to("erika@insurer.example");
    let _ = sink.wait_to("a!b@partner.example");
    assert_eq!(went_elsewhere(&sink), Vec::<String>::new());
    gateway.sweep();
}
