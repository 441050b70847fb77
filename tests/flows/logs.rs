//! The log contains nothing that an operator must not read: for the whole life of a letter, including
//! replies, failures and attacks, at the most verbose level.

use base64::Engine as _;
use rig::http::Page;
use rig::letters::{self, field};
use rig::process::poll;
use rig::{Answer, Canary, Config, Gateway, Hop, Stage, Web, canary};

const PASSWORD: &str = "Kanarien-Passwort-8d21";
const SECOND: &str = "Zweitkanarie-Passwort-5f19";
const RECIPIENT: &str = "empfaengerkanarie-31c7@web.example";
const CLERK: &str = "sachbearbeiterkanarie-9e02@insurer.example";

/// Everything that people chose or wrote, in all places where something can be written.
fn canaries() -> Vec<Canary> {
    [
        "Betreffkanarie-1a77",
        "Textkanarie-2b88",
        "Dateikanarie-3c99",
        "Inhaltskanarie-4daa",
        "Kopfkanarie-5ebb",
        "Anzeigenamenkanarie-6fcc",
        "empfaengerkanarie-31c7",
        "sachbearbeiterkanarie-9e02",
        "Passwort-8d21",
        "Passwort-5f19",
        "Fragekanarie-7add",
        "Antwortkanarie-8bee",
        "Suchkanarie-9cff",
        "Notizkanarie-0d11",
        "Serverkanarie-1e22",
        "Befehlskanarie-2f33",
        "Pfadkanarie-3a44",
        "Keksksanarie-4b55",
        "Werkzeugkanarie-5c66",
    ]
    .map(Canary::new)
    .to_vec()
}

fn letter(confidential: bool) -> Vec<u8> {
    let tag = if confidential { "[vertraulich] " } else { "" };
    let mut letter = b"X-Intern: Kopfkanarie-5ebb\r\n".to_vec();
    letter.extend_from_slice(&letters::rich(
        &format!("{tag}Betreffkanarie-1a77"),
        "Textkanarie-2b88",
        "<p>Textkanarie-2b88 <img src=\"https://Pfadkanarie-3a44.example/x\"></p>",
        "Dateikanarie-3c99.pdf",
        &letters::pdf("Inhaltskanarie-4daa"),
    ));
    letter
}

fn first_letter(list: &Page) -> String {
    let text = list.text();
    let start = text.find("href=\"/m/").unwrap_or_else(|| panic!("no letter in:\n{text}")) + 6;
    text[start..].split(['"', '?']).next().unwrap().to_owned()
}

fn activate(web: &mut Web, link: &str) -> Page {
    let page = web.get(link);
    let own = [
        ("password", PASSWORD),
        ("repeat", PASSWORD),
        ("question", "own"),
        ("own_question", "Fragekanarie-7add?"),
        ("answer", "Antwortkanarie-8bee"),
        ("language", "de"),
    ];
    let page = web.submit(&page, link.rsplit_once("/a/").unwrap().1, &own);
    let inbox = web.follow(page);
    inbox.expect(200);
    inbox
}

/// Reads, exports, searches, and requests missing pages.
fn read(web: &mut Web, inbox: &Page) -> String {
    let path = first_letter(inbox);
    for view in
        ["", "?view=text", "/html", "/eml", "/msg", "/pdf", "/part/0", "/view/0", "/inline/9", "/inside/0"]
    {
        let page = web.get(&format!("{path}{view}"));
        assert!(page.status < 500, "{view}: {}", page.status);
    }
    let found = web.submit(inbox, "/search", &[("words", "Suchkanarie-9cff"), ("folder", "inbox")]);
    found.expect(200);
    web.get("/m/Pfadkanarie-3a44").expect(404);
    web.get("/Pfadkanarie-3a44?Pfadkanarie-3a44=Pfadkanarie-3a44").expect(404);
    web.get("/a/Pfadkanarie-3a44").expect(404);
    path
}

/// Answers twice: once refused by the insurer's server, once returned later.
fn answer(gateway: &Gateway, hop: &Hop, web: &mut Web, path: &str) {
    for to in ["fehlt@insurer.example", CLERK] {
        let page = web.get(path);
        let begun = web.submit(&page, "/write", &[("kind", "forward")]);
        let editor = web.follow(begun);
        let at = editor.form("").action;
        let at = if at.starts_with("/w/") { at } else { editor_path(&editor) };
        let fields =
            [("to", to), ("subject", "Betreffkanarie-1a77"), ("text", "Textkanarie-2b88"), ("do", "send")];
        web.submit(&editor, &at, &fields).expect(303);
    }
    poll("word of the refusal", || web.get("/inbox").text().contains("Nicht zugestellt").then_some(()));
    // Reports on the ordinary letters go to the same clerk.
    let returned = poll("the second answer", || {
        hop.delivered().into_iter().find(|mail| mail.to() == [CLERK] && mail.from().starts_with("bounce+"))
    });
    let report = format!(
        "From: mailer@insurer.example\r\nSubject: Undelivered Betreffkanarie-1a77\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.insurer.example\r\n\r\n\
         Final-Recipient: rfc822; {CLERK}\r\nAction: failed\r\nStatus: 5.2.2\r\n\
         Diagnostic-Code: smtp; 550 Serverkanarie-1e22\r\n\r\n--b--\r\n"
    );
    gateway.smtp().letter("", &[returned.from()], report.as_bytes()).expect("250 *");
}

fn editor_path(editor: &Page) -> String {
    let text = editor.text();
    let start = text.find("action=\"/w/").unwrap_or_else(|| panic!("no editor in:\n{text}")) + 8;
    text[start..].split('"').next().unwrap().to_owned()
}

/// Account, log-out, log-in, wrong passwords until it is locked, forgotten password, support.
fn account(gateway: &Gateway, hop: &Hop, web: &mut Web) -> String {
    let page = web.get("/account");
    web.submit(&page, "/account", &[("name", "Anzeigenamenkanarie-6fcc"), ("language", "de")]);
    web.get("/account").expect(200);
    let page = web.get("/account/password");
    web.submit(
        &page,
        "/account/password",
        &[("current", PASSWORD), ("password", "kurz"), ("repeat", "kurz")],
    );
    let page = web.get("/inbox");
    web.submit(&page, "/logout", &[]);
    let mut stranger = gateway.web();
    stranger.extra = vec!["User-Agent: Werkzeugkanarie-5c66".to_owned()];
    for password in [PASSWORD, SECOND, SECOND, SECOND] {
        let page = stranger.get("/");
        stranger.submit(&page, "/login", &[("address", RECIPIENT), ("password", password)]);
        stranger.cookies.retain(|name, _| !name.contains("session"));
    }
    let page = stranger.get("/forgot");
    stranger.submit(&page, "/forgot", &[("address", RECIPIENT)]);
    let reset = poll("the reset mail", || {
        hop.delivered().iter().find_map(|mail| {
            let text = mail_parser::MessageParser::default().parse(&mail.bytes)?.body_text(0)?.into_owned();
            let at = text.find("/r/")? + 3;
            Some(text[at..].split_whitespace().next()?.to_owned())
        })
    });
    let page = stranger.get(&format!("/r/{reset}"));
    let fields = [("answer", "Antwortkanarie-8bee"), ("password", SECOND), ("repeat", SECOND)];
    stranger.submit(&page, &reset, &fields);
    let page = stranger.get("/support");
    stranger.submit(&page, "/support", &[("address", RECIPIENT), ("note", "Notizkanarie-0d11")]);
    reset
}

/// What strangers send: broken, forged, smuggled.
fn attack(gateway: &Gateway) {
    let login =
        base64::engine::general_purpose::STANDARD.encode("\0empfaengerkanarie-31c7\0Kanarien-Passwort-8d21");
    for command in [
        "Befehlskanarie-2f33 x",
        "MAIL FROM:<Befehlskanarie-2f33@@x>",
        "MAIL FROM:<a@insurer.example> Befehlskanarie-2f33=1",
        "VRFY empfaengerkanarie-31c7@web.example",
        "EHLO Befehlskanarie-2f33..x",
        &format!("AUTH PLAIN {login}"),
    ] {
        let _ = gateway.smtp().say(command);
    }
    let mut client = gateway.smtp();
    client.envelope(CLERK, &[RECIPIENT]);
    client.say("DATA").expect("354 *");
    client.bytes(b"From: a@insurer.example\r\nSubject: Betreffkanarie-1a77\r\n\r\nTextkanarie-2b88\n.\r\nMAIL FROM:<Befehlskanarie-2f33@x.example>\r\n.\r\n");
    let _ = client.reply();
    let _ =
        gateway.smtp().letter(CLERK, &[RECIPIENT], b"Subject: Betreffkanarie-1a77\r\nKopfkanarie-5ebb\r\n");

    let mut web = gateway.web();
    web.extra = vec![
        "X-Forwarded-For: Pfadkanarie-3a44".to_owned(),
        "Referer: http://x.example/Pfadkanarie-3a44".to_owned(),
        "Cookie: session=Keksksanarie-4b55; visit=Keksksanarie-4b55; __Host-session=Keksksanarie-4b55"
            .to_owned(),
    ];
    for path in
        ["/inbox", "/m/Pfadkanarie-3a44/part/../../x", "/static/Pfadkanarie-3a44", "/%ffPfadkanarie-3a44"]
    {
        let page = web.get(path);
        assert!(page.status < 500, "{path}: {}", page.status);
    }
    for path in ["/login", "/search", "/forgot", "/w/Pfadkanarie-3a44", "/a/Pfadkanarie-3a44"] {
        let page =
            web.post(path, &[("address", RECIPIENT), ("password", PASSWORD), ("words", "Suchkanarie-9cff")]);
        assert!((400..500).contains(&page.status) || page.status == 303, "{path}: {}", page.status);
        let page = web.post_as(
            "multipart/form-data; boundary=Befehlskanarie-2f33",
            path,
            b"--Befehlskanarie-2f33\r\nx",
        );
        assert!((400..500).contains(&page.status) || page.status == 303, "{path}: {}", page.status);
    }
    let page = web.request("Befehlskanarie-2f33", "/", None);
    assert!((400..500).contains(&page.status), "{}", page.status);
}

#[test]
fn nothing_of_people_is_in_the_log_at_the_most_talkative_level() {
    let hop = Hop::new();
    hop.script(|stage, text| match stage {
        Stage::Rcpt if text.starts_with("fehlt@") => {
            Answer::say("550 5.1.1 <empfaengerkanarie-31c7@web.example> Serverkanarie-1e22")
        }
        Stage::Rcpt if text.starts_with("spaeter@") => Answer::say("451 4.7.1 Serverkanarie-1e22 later"),
        _ => Answer::Yes,
    });
    let mut config = Config::new(&hop);
    config
        .set("portal.write", "domains", r#"["insurer.example"]"#)
        .set("portal.write", "floor", r#""none""#)
        .set("portal", "trusted-proxies", r#"["127.0.0.1"]"#)
        .set("portal", "lock-after", "3")
        .set("log", "level", r#""debug""#);
    let mut gateway = Gateway::start(&config);
    gateway.smtp().letter(CLERK, &[RECIPIENT], &letter(true)).expect("250 *");
    gateway
        .smtp()
        .letter(CLERK, &["fehlt@web.example", "spaeter@web.example"], &letter(false))
        .expect("250 *");
    let notice = hop.wait_to(RECIPIENT);
    let link = letters::link(&notice.bytes);
    // What the log would say of the notice's own bounce.
    gateway.smtp().letter("", &[notice.from()], &letter(false)).expect("250 *");

    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    let path = read(&mut web, &inbox);
    answer(&gateway, &hop, &mut web, &path);
    let cookies: Vec<String> = web.cookies.values().filter(|value| value.len() > 20).cloned().collect();
    assert!(!cookies.is_empty());
    let reset = account(&gateway, &hop, &mut web);
    attack(&gateway);
    let message_id = field(&letter(true), "Message-ID").unwrap();
    gateway.stop();

    let log = gateway.log();
    for part in ["decided", "mailbox activated", "http.route=message", "relay denied", "login"] {
        // The log did say what it is for; else this test would prove nothing.
        let expected = part != "relay denied" && part != "login";
        assert!(!expected || log.contains(part), "{part} is missing in:\n{log}");
    }
    let mut secrets = canaries();
    let link_token = link.rsplit_once('/').unwrap().1;
    for secret in [link_token, &reset, message_id.trim_matches(['<', '>'])] {
        secrets.push(Canary::new(secret));
    }
    secrets.extend(cookies.iter().map(|cookie| Canary::new(cookie)));
    canary::assert_unseen(&gateway.home.data(), &log, &secrets);
}
