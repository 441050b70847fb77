//! Line breaks in text that becomes part of a header field: recipients' subjects, names and file names, and
//! the Message-IDs of a hostile sender. None of it becomes a field of its own.

use rig::http::Page;
use rig::{Config, Gateway, Hop, letters};

use crate::portal::{activate, letter_path};

const PASSWORD: &str = rig::reader::PASSWORD;

fn editor_path(editor: &Page) -> String {
    let text = editor.text();
    let start = text.find("action=\"/w/").unwrap_or_else(|| panic!("no editor in:\n{text}")) + 8;
    text[start..].split('"').next().unwrap().to_owned()
}

#[test]
fn an_answer_has_the_fields_we_write_and_no_other() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal.write", "domains", r#"["insurer.example"]"#).set("portal.write", "floor", r#""none""#);
    let gateway = Gateway::start(&config);
    // The sender's side is hostile, too: what an answer takes over from the letter.
    let letter = "From: Erika <erika@insurer.example>\r\nTo: max@web.example\r\n\
        Subject: [vertraulich] =?utf-8?Q?a=0D=0ABcc:_evil@evil.example?=\r\n\
        Message-ID: <a@x=?utf-8?Q?=0D=0ABcc:_evil@evil.example?=>\r\n\
        References: <one@x>\r\n\t<two@x\r\n Bcc: evil@evil.example> <=?utf-8?Q?=0AX-Evil:_1?=@x>\r\n\
        Reply-To: =?utf-8?Q?=0D=0ABcc:_evil@evil.example?= <erika@insurer.example>\r\n\r\nx\r\n";
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], letter.as_bytes()).expect("250 *");
    let link = letters::link(&hop.wait_to("max@web.example").bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link, PASSWORD, &[]);
    let account = web.get("/account");
    web.submit(
        &account,
        "/account",
        &[("name", "Max\r\nBcc: evil@evil.example\r\n\r\nX"), ("language", "de")],
    );
    let page = web.get(&letter_path(&inbox));
    let begun = web.submit(&page, "/write", &[("kind", "reply")]);
    let editor = web.follow(begun);
    let path = editor_path(&editor);
    let token = editor.form("").hidden.into_iter().find(|(name, _)| name == "form_token").unwrap().1;
    let fields = [
        ("form_token", token.as_str()),
        ("to", "erika@insurer.example"),
        ("subject", "Hallo\r\nBcc: evil@evil.example\r\nX-Evil: 1\r\n\r\nText"),
        ("text", "Guten Tag\r\n.\r\nMAIL FROM:<evil@evil.example>\r\n"),
        ("do", "send"),
    ];
    let mut body = String::new();
    for (name, value) in &fields[..4] {
        body.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\\\"\r\n X-Evil: 1; b.pdf\"\r\n\
         Content-Type: text/html; charset=\"x\"\r\n\r\n<script>\r\n--b--evil\r\n",
    );
    body.push_str("--b\r\nContent-Disposition: form-data; name=\"do\"\r\n\r\nsend\r\n--b--\r\n");
    let sent = web.post_as("multipart/form-data; boundary=b", &path, body.as_bytes());
    if sent.status != 303 {
        // A name that is broken over lines may be refused as a whole; then without the file.
        assert!((400..500).contains(&sent.status), "{}", sent.text());
        web.submit(&web.clone().get(&path), &path, &fields[1..]).expect(303);
    }
    let arrived = hop.wait_to("erika@insurer.example");
    let text = arrived.text();
    let (head, rest) = text.split_once("\r\n\r\n").unwrap();
    let names: Vec<String> = head
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap().to_ascii_lowercase())
        .collect();
    for name in &names {
        let known = [
            "from",
            "to",
            "cc",
            "subject",
            "date",
            "message-id",
            "x-sealpost-portal",
            "dkim-signature",
            "in-reply-to",
            "references",
            "mime-version",
            "content-type",
            "content-transfer-encoding",
            "received",
        ];
        assert!(known.contains(&name.as_str()), "{name} in:\n{head}");
    }
    assert_eq!(arrived.to(), ["erika@insurer.example"], "{head}");
    let evil = rest.split("\r\n").find(|line| line.to_ascii_lowercase().starts_with("x-evil"));
    assert_eq!(evil, None, "{rest}");
    assert_eq!(
        hop.delivered().iter().filter(|mail| mail.to().iter().any(|to| to.contains("evil"))).count(),
        0
    );
    gateway.sweep();
}
