//! Actions that leave one audit row each, performed with the real binary: actor, object, outcome and network,
//! and no user's text.

use rig::dkim::Dkim;
use rig::dns::{Dns, Record};
use rig::http::Page;
use rig::letters::{self, link};
use rig::process::poll;
use rig::reader::{PASSWORD, activate, letter_paths};
use rig::receiver::{Receiver, Verdict};
use rig::trail::{self, TrailRow, by_operator};
use rig::{Config, Gateway, Hop, Web};
use serde_json::Value;

use crate::escrow_in_safe;
use crate::saved_unread::shown;
use crate::sender_told::{CUSTOMER, Office, SENDER};
use crate::webhooks::webhook;

/// Words that must not occur in a row.
const WORDS: [&str; 5] = ["kunde", "erika", "geheim", "Max", PASSWORD];
const HERE: &str = "127.0.0.0/24";

fn by_owner(mailbox: &str) -> TrailRow<'_> {
    TrailRow { actor: "owner", object: mailbox, mailbox, network: HERE, outcome: "done", detail: "" }
}

fn mailbox_of(office: &Office) -> String {
    shown(office)["mailbox"].as_str().unwrap().to_owned()
}

/// Two letters in a mailbox whose owner is signed in.
fn at_home(office: &Office) -> (Web, Page) {
    for text in ["eins", "zwei"] {
        office.letter(text);
    }
    let mut web = office.gateway.web();
    let inbox = activate(&mut web, &link(&office.hop.wait_to(CUSTOMER).bytes));
    (web, inbox)
}

#[test]
fn archive_exported() {
    let office = Office::open(|_| {});
    let (mut web, inbox) = at_home(&office);
    let ids: Vec<String> =
        letter_paths(&inbox).iter().map(|path| path.trim_start_matches("/m/").to_owned()).collect();
    let page = web.get("/export");
    web.submit(&page, "/export/zip", &[("format", "eml"), ("scope", "all")]).expect(200);
    let mailbox = mailbox_of(&office);
    let said = TrailRow { detail: "letters=2 format=eml", ..by_owner(&mailbox) };
    trail::one(&office.gateway, "archive.exported", said, &WORDS);
    // And of each letter that it was among them.
    let each = trail::of(&office.gateway, "letter.exported");
    assert_eq!(each.len(), 2, "{each:?}");
    for row in &each {
        let letter = row["object"].as_str().unwrap();
        assert!(ids.iter().any(|id| id == letter), "{row}");
        trail::is(row, TrailRow { object: letter, detail: "format=eml", ..by_owner(&mailbox) }, &WORDS);
    }
    office.gateway.sweep();
}

#[test]
fn facts_exported() {
    let office = Office::open(|_| {});
    let (_web, _inbox) = at_home(&office);
    let facts = office.said(&["mailbox", "export-facts", CUSTOMER]);
    assert!(facts.contains(CUSTOMER), "{facts}");
    let mailbox = mailbox_of(&office);
    let said = TrailRow { mailbox: &mailbox, ..by_operator(&mailbox) };
    trail::one(&office.gateway, "mailbox.facts-exported", said, &WORDS);
    office.gateway.sweep();
}

#[test]
fn address_cleared_and_notice_returned() {
    let office = Office::open(|_| {});
    office.letter("eins");
    let verp = office.hop.wait_to(CUSTOMER).from().to_owned();
    let report = format!(
        "From: mailer-daemon@web.example\r\nTo: <{verp}>\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; web.example\r\n\r\n\
         Final-Recipient: rfc822; {CUSTOMER}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    );
    office.gateway.smtp().letter("", &[&verp], report.as_bytes()).expect("250 *");
    let facts = shown(&office);
    let (mailbox, letter) =
        (facts["mailbox"].as_str().unwrap(), facts["letters"][0]["letter"].as_str().unwrap());
    let returned = trail::of(&office.gateway, "notice.returned");
    assert_eq!(returned.len(), 1, "{returned:?}");
    let actor = returned[0]["actor"].as_str().unwrap().to_owned();
    let said =
        TrailRow { actor: &actor, object: letter, mailbox, network: "", outcome: "returned", detail: "" };
    trail::is(&returned[0], said, &WORDS);
    assert_eq!(actor, "system");

    office.said(&["mailbox", "clear", CUSTOMER, "--note", "Adresse stimmt wieder"]);
    let said = TrailRow { mailbox, detail: "note=Adresse stimmt wieder", ..by_operator(mailbox) };
    trail::one(&office.gateway, "mailbox.address-cleared", said, &WORDS);
    office.gateway.sweep();
}

#[test]
fn deletion_asked() {
    let (hop, dns, dkim) = (Hop::new(), Dns::new(), Dkim::of("web.example"));
    let (name, record) = dkim.published();
    dns.publish(&name, Record::Txt(record.to_owned()));
    let mut config = Config::new(&hop);
    config.set("notices", "replies", r#""here""#).set("wishes", "deletion", "true").set(
        "wishes",
        "resolvers",
        &format!("[\"{}\"]", dns.address()),
    );
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] geheim 4711", "Text");
    gateway.smtp().letter(SENDER, &[CUSTOMER], &letter).expect("250 *");
    activate(&mut gateway.web(), &link(&hop.wait_to(CUSTOMER).bytes));
    let now = mail_parser::DateTime::from_timestamp(rig::ill_clock::IllClock::right()).to_rfc822();
    let request = format!(
        "From: Max <{CUSTOMER}>\r\nTo: securemail@insurer.example\r\nSubject: SecureMail\r\nDate: {now}\r\n\
         Message-ID: <request@web.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Bitte l\u{f6}schen Sie mein Postfach. geheim 4711\r\n"
    );
    let signed = dkim.sign(request.as_bytes());
    gateway.smtp().letter(CUSTOMER, &["securemail@insurer.example"], &signed).expect("250 *");
    let _asked = hop.wait_where("the link", |mail| mail.to() == [CUSTOMER] && mail.text().contains("/d/"));
    let shown: Value = serde_json::from_str(&gateway.said(&["mailbox", "show", CUSTOMER, "--json"])).unwrap();
    let mailbox = shown["mailbox"].as_str().unwrap();
    // The author of the mail has proven an address, and is not signed in; the network is the mail server's.
    let said = TrailRow { actor: "visitor", network: "", ..by_owner(mailbox) };
    trail::one(&gateway, "deletion.asked", said, &WORDS);
    gateway.sweep();
}

#[test]
fn letter_left_trash() {
    let office = Office::open(|_| {});
    let (mut web, inbox) = at_home(&office);
    let letter = letter_paths(&inbox)[0].trim_start_matches("/m/").to_owned();
    let page = web.get("/inbox");
    web.submit(&page, "/letters", &[("id", &letter), ("do", "trash")]).expect(303);
    office.day(16);
    let mailbox = mailbox_of(&office);
    let said = TrailRow { actor: "system", object: &letter, network: "", ..by_owner(&mailbox) };
    trail::one(&office.gateway, "letter.left-trash", said, &WORDS);
    office.gateway.sweep();
}

#[test]
fn webhook_retried_and_dropped() {
    let (hop, receiver) = (Hop::new(), Receiver::new());
    let mut config = Config::new(&hop);
    webhook(&mut config, "crm", &receiver);
    let gateway = Gateway::start(&config);
    receiver.script(|_| Verdict::Status(410));
    let letter = letters::plain("[vertraulich] geheim 4711", "Text");
    gateway.smtp().letter(SENDER, &[CUSTOMER], &letter).expect("250 *");
    let dead = || gateway.count("SELECT count(*) FROM hook_events WHERE state = 'dead'");
    poll("the receiver to refuse both", || (dead() == 2).then_some(()));
    let listed = gateway.said(&["webhook", "list", "--dead", "--json"]);
    let event: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let event = event["id"].as_str().unwrap();
    gateway.said(&["webhook", "retry", event]);
    poll("it to be refused again", || (dead() == 2).then_some(()));
    gateway.said(&["webhook", "drop", "--webhook", "crm"]);
    assert_eq!(dead(), 0);
    trail::one(&gateway, "webhook.retried", by_operator(event), &WORDS);
    trail::one(&gateway, "webhook.dropped", by_operator("crm"), &WORDS);
    // What changes nothing leaves nothing.
    let (code, _, _) = gateway.sealpost(&["webhook", "drop", "--webhook", "crm"]);
    assert_ne!(code, 0);
    assert_eq!(trail::of(&gateway, "webhook.dropped").len(), 1);
    gateway.sweep();
}

#[test]
fn escrow_rotated() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    let mut gateway = escrow_in_safe::with_old_key(&mut config);
    let letter = letters::plain("[vertraulich] geheim 4711", "Text");
    gateway.smtp().letter(SENDER, &[CUSTOMER], &letter).expect("250 *");
    let _notice = hop.wait_to(CUSTOMER);
    escrow_in_safe::name_new_key(&gateway, &mut config);
    gateway.restart();
    let rotated = gateway.said(&["key", "rotate-escrow", "--escrow-key", "old/escrow.key"]);
    assert!(rotated.contains("1 escrow wraps"), "{rotated}");
    let said = TrailRow { detail: "mailboxes=1", ..by_operator("escrow-key") };
    trail::one(&gateway, "key.escrow-rotated", said, &WORDS);
    gateway.sweep();
}

#[test]
fn clock_believed() {
    let office = Office::open(|_| {});
    office.letter("eins");
    let _notice = office.hop.wait_to(CUSTOMER);
    office.said(&["jobs", "run", "retention", "--clock-is-right"]);
    trail::one(&office.gateway, "clock.believed", by_operator("clock"), &WORDS);
    office.gateway.sweep();
}

#[test]
fn link_renewed_and_reply_sent() {
    let office = Office::open(|config| {
        config.set("portal.write", "domains", r#"["insurer.example"]"#).set(
            "portal.write",
            "floor",
            r#""none""#,
        );
    });
    let (mut web, inbox) = at_home(&office);
    let path = letter_paths(&inbox).remove(0);
    let page = web.get(&path);
    let begun = web.submit(&page, "/write", &[("kind", "reply")]);
    let editor = web.follow(begun);
    let text = editor.text();
    let start = text.find("action=\"/w/").unwrap() + 8;
    let action = text[start..].split('"').next().unwrap().to_owned();
    let fields = [("to", "erika@insurer.example"), ("text", "geheim 4711"), ("do", "send")];
    web.submit(&editor, &action, &fields).expect(303);
    let mailbox = mailbox_of(&office);
    let row = poll("the reply in the trail", || trail::of(&office.gateway, "reply.sent").pop());
    let letter = row["object"].as_str().unwrap();
    assert_eq!(letter.len(), 32, "{row}");
    trail::is(&row, TrailRow { object: letter, detail: "recipients=1", ..by_owner(&mailbox) }, &WORDS);

    // Another one, whose link has expired.
    let other = "anna@web.example";
    office.letter_to(other, "drei");
    let first = link(&office.hop.wait_to(other).bytes);
    office.day(1);
    rig::gateway::change(
        &office.gateway.home.data(),
        "UPDATE tokens SET expires_at = created_at WHERE purpose = 'activation' AND spent_at IS NULL",
    );
    let mut stranger = office.gateway.web();
    let page = stranger.get(&first);
    let before = office.to(other).len();
    stranger.submit(&page, "/renew", &[]).expect(200);
    poll("the new link", || (office.to(other).len() > before).then_some(()));
    let facts: Value = serde_json::from_str(&office.said(&["mailbox", "show", other, "--json"])).unwrap();
    let mailbox = facts["mailbox"].as_str().unwrap();
    let said = TrailRow { actor: "visitor", ..by_owner(mailbox) };
    trail::one(&office.gateway, "mailbox.link-renewed", said, &WORDS);
    office.gateway.sweep();
}

#[test]
fn reset_asked() {
    let office = Office::open(|_| {});
    let (_web, _inbox) = at_home(&office);
    let mut stranger = office.gateway.web();
    let page = stranger.get("/forgot");
    stranger.submit(&page, "/forgot", &[("address", CUSTOMER)]).expect(200);
    let mailbox = mailbox_of(&office);
    trail::one(&office.gateway, "reset.asked", TrailRow { actor: "visitor", ..by_owner(&mailbox) }, &WORDS);
    office.gateway.sweep();
}
