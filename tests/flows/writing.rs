//! A recipient replies: the letter goes to the insurer's server with the unchanged bytes of its file, is
//! kept, and the insurer's answer to it is confidential without a tag. Refusals and bounces come to the
//! inbox.

use rig::http::Page;
use rig::letters::{self, field};
use rig::process::poll;
use rig::reader::{activate, letter_path};
use rig::{Config, Gateway, Hop, Web};

pub(super) fn config(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config.set("portal.write", "domains", r#"["insurer.example"]"#).set("portal.write", "floor", r#""none""#);
    config
}

/// A letter of the insurer in a mailbox that is open: its owner's browser, and the letter's page.
pub(super) fn reader(gateway: &Gateway, hop: &Hop) -> (Web, Page, String) {
    let letter = letters::plain("[vertraulich] Ihr Unfall", "Sehr geehrter Herr Muster");
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 *");
    let link = letters::link(&hop.wait_to("max@web.example").bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    let page = web.get(&letter_path(&inbox));
    (web, page, field(&letter, "Message-ID").unwrap())
}

/// Sends the editor's form with a file in it, as a browser does.
fn attach(web: &mut Web, editor: &Page, name: &str, bytes: &[u8]) -> Page {
    let form = editor.form("");
    let path = editor_path(editor);
    let token = &form.hidden.iter().find(|(name, _)| name == "form_token").unwrap().1;
    let mut body = Vec::new();
    for (field, value) in [("form_token", token.as_str()), ("do", "attach")] {
        body.extend_from_slice(
            format!("--b0undary\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n")
                .as_bytes(),
        );
    }
    body.extend_from_slice(
        format!(
            "--b0undary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/pdf\r\n\r\n"
        )
        .as_bytes(),
    );
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--b0undary--\r\n");
    let page = web.post_as("multipart/form-data; boundary=b0undary", &path, &body);
    web.follow(page)
}

pub(super) fn editor_path(editor: &Page) -> String {
    let text = editor.text();
    let start = text.find("action=\"/w/").unwrap_or_else(|| panic!("no editor in:\n{text}")) + 8;
    text[start..].split('"').next().unwrap().to_owned()
}

pub(super) fn begin(web: &mut Web, page: &Page, kind: &str) -> Page {
    let begun = web.submit(page, "/write", &[("kind", kind)]);
    let editor = web.follow(begun);
    editor.expect(200);
    editor
}

#[test]
fn an_answer_arrives_with_its_file_and_its_answer_is_confidential() {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let (mut web, letter, first) = reader(&gateway, &hop);
    let account = web.get("/account");
    let named = [("name", "Max Müller-Lüdenscheidt"), ("language", "de"), ("zone", "")];
    web.submit(&account, "/account", &named).expect(303);
    let editor = begin(&mut web, &letter, "reply");
    let file: Vec<u8> = (0..5_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let editor = attach(&mut web, &editor, "Attest März.pdf", &file);
    assert!(editor.text().contains("Attest März.pdf"), "{}", editor.text());
    let path = editor_path(&editor);
    let fields = [("to", "erika@insurer.example"), ("text", "Danke,\r\nhier das Attest."), ("do", "send")];
    let sent = web.submit(&editor, &path, &fields);
    sent.expect(303);
    // Pressed twice.
    web.submit(&editor, &path, &fields).expect(303);
    // Back at the letter that was answered.
    let back = web.follow(sent);
    assert!(back.text().contains("Ihre Nachricht ist unterwegs"), "{}", back.text());
    let list = web.get("/sent");
    assert!(list.text().contains("AW: Ihr Unfall"));

    let arrived = hop.wait_to("erika@insurer.example");
    assert!(arrived.from().starts_with("bounce+") && arrived.from().ends_with("@portal.insurer.example"));
    assert!(field(&arrived.bytes, "From").unwrap().contains("max@web.example"));
    let shown = mail_parser::MessageParser::default().parse(&arrived.bytes).unwrap();
    let writer = shown.from().unwrap().first().unwrap();
    assert_eq!((writer.name(), writer.address()), (Some("Max Müller-Lüdenscheidt"), Some("max@web.example")));
    assert_eq!(field(&arrived.bytes, "In-Reply-To").as_deref(), Some(first.as_str()));
    assert_eq!(field(&arrived.bytes, "X-Sealpost-Portal").as_deref(), Some("authenticated"));
    let parsed = mail_parser::MessageParser::default().parse(&arrived.bytes).unwrap();
    assert_eq!(parsed.body_text(0).unwrap().trim_end().replace("\r\n", "\n"), "Danke,\nhier das Attest.");
    let attached = parsed.attachment(0).unwrap();
    assert!(attached.contents() == file.as_slice(), "the file has changed on the way");

    // Kept, and the same to the byte.
    let own = letter_path(&list);
    assert!(web.get(&format!("{own}/eml")).body == arrived.bytes, "kept otherwise");
    assert!(web.get(&format!("{own}/part/0")).body == file, "the kept file is another");

    // The insurer replies, without a tag; a false claim to be a portal user is not believed.
    let id = field(&arrived.bytes, "Message-ID").unwrap();
    let answer = letters::with_fields(
        "Re: Ihr Unfall",
        &format!("In-Reply-To: {id}\r\nX-Sealpost-Portal: authenticated\r\n"),
        "Vielen Dank\r\n",
    );
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &answer).expect("250 *");
    let inbox = web.get("/inbox");
    assert!(inbox.text().contains("Re: Ihr Unfall"), "{}", inbox.text());
    let stored = web.get(&format!("{}/eml", letter_path(&inbox)));
    assert!(field(&stored.body, "X-Sealpost-Portal").is_none(), "{}", stored.text());
    let relayed = hop.delivered().into_iter().filter(|mail| mail.text().contains("Vielen Dank")).count();
    assert_eq!(relayed, 0, "it left in clear");
    let arrivals = hop.delivered().iter().filter(|mail| mail.to() == ["erika@insurer.example"]).count();
    assert_eq!(arrivals, 1, "pressed twice, sent twice");
    gateway.sweep();
}

#[test]
fn what_comes_back_is_found_in_the_inbox() {
    let hop = Hop::new();
    hop.answer_rcpt("gone@insurer.example", "550 5.1.1 no such colleague");
    let gateway = Gateway::start(&config(&hop));
    let (mut web, letter, _) = reader(&gateway, &hop);
    for to in ["gone@insurer.example", "later@insurer.example"] {
        let editor = begin(&mut web, &letter, "forward");
        let path = editor_path(&editor);
        web.submit(&editor, &path, &[("to", to), ("text", "Weiter"), ("do", "send")]).expect(303);
    }
    // Refused at once.
    let inbox = poll("word of the refusal", || {
        let inbox = web.get("/inbox");
        inbox.text().contains("Nicht zugestellt").then_some(inbox)
    });
    let word = web.get(&format!("{}?view=text", letter_path(&inbox)));
    assert!(word.text().contains("550 5.1.1 no such colleague"), "{}", word.text());
    assert!(word.text().contains("gone@insurer.example"));
    // Returned later, to the letter's own reverse-path.
    let other = hop.wait_to("later@insurer.example");
    let report = "From: mailer@insurer.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
        Reporting-MTA: dns; mx.insurer.example\r\n\r\nFinal-Recipient: rfc822; later@insurer.example\r\n\
        Action: failed\r\nStatus: 5.2.2\r\n\r\n--b--\r\n";
    gateway.smtp().letter("", &[other.from()], report.as_bytes()).expect("250 *");
    let inbox = web.get("/inbox");
    let words = inbox.text().matches("\"what\">Nicht zugestellt").count();
    assert_eq!(words, 2, "{}", inbox.text());
    let word = web.get(&format!("{}?view=text", letter_path(&inbox)));
    assert!(
        word.text().contains("later@insurer.example") && word.text().contains("5.2.2"),
        "{}",
        word.text()
    );
    // By mail, the owner hears that there is word, and nothing of what or to whom.
    let told = poll("both mails", || {
        let told: Vec<_> = hop.delivered().into_iter().filter(|mail| mail.from().is_empty()).collect();
        (told.len() >= 2).then_some(told)
    });
    assert_eq!(told.len(), 2, "one mail for each, and no report");
    for mail in told {
        assert_eq!(mail.to(), ["max@web.example"]);
        let parsed = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
        assert_eq!(parsed.subject(), Some("Eine Nachricht von Ihnen ist nicht angekommen"));
        let said = format!("{}{}", parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap());
        assert!(said.contains("/m/"), "{said}");
        for not in ["gone@", "later@", "Unfall", "no such colleague", "Weiter", "5.1.1"] {
            assert!(!said.contains(not), "{not} is in {said}");
        }
    }
    gateway.sweep();
}

fn local(id: &str) -> &str {
    id.trim_matches(['<', '>']).split_once('@').unwrap().0
}

fn domain(id: &str) -> &str {
    id.trim_matches(['<', '>']).split_once('@').unwrap().1
}

/// The answer to a portal user is confidential however its thread is written, and however long it is.
#[test]
fn an_answer_is_recognised_in_any_thread() {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let (mut web, letter, _) = reader(&gateway, &hop);
    let editor = begin(&mut web, &letter, "reply");
    let path = editor_path(&editor);
    web.submit(&editor, &path, &[("to", "erika@insurer.example"), ("text", "Danke"), ("do", "send")])
        .expect(303);
    let id = field(&hop.wait_to("erika@insurer.example").bytes, "Message-ID").unwrap();
    let crowd = |many: usize| (0..many).map(|n| format!("<{n}@colleague.example>\r\n ")).collect::<String>();
    for (n, fields) in [
        format!("References: <first@insurer.example>{id}<last@insurer.example>\r\n"),
        format!("References: {}{id}\r\n", crowd(300)),
        format!("In-Reply-To: Your message of Monday {id}\r\n"),
        format!("In-Reply-To: {}\r\n", id.trim_matches(['<', '>'])),
        format!("In-Reply-To: <other@x.example> {}\r\n", id.trim_matches(['<', '>'])),
        format!("In-Reply-To: {}\r\n", id.to_uppercase()),
        format!("References: {}\r\n {}\r\n", &id[..20], &id[20..]),
        format!("In-Reply-To: <\"{}\"@{}>\r\n", local(&id), domain(&id)),
        format!("References: {}{id}\r\n", crowd(2500)),
        format!("References: {id}\r\n {}\r\n", crowd(2500).trim_end()),
    ]
    .iter()
    .enumerate()
    {
        let answer = letters::with_fields(&format!("Antwort {n}"), fields, "Vielen Dank\r\n");
        gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &answer).expect("250 *");
        assert!(web.get("/inbox").text().contains(&format!("Antwort {n}")), "{fields}");
    }
    assert!(hop.delivered().iter().all(|mail| !mail.text().contains("Vielen Dank")), "it left in clear");
    gateway.sweep();
}
