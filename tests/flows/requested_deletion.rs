//! An owner requests deletion of the mailbox by mail. Only a mail that is proven to be from the mailbox's address leads
//! to a link, only a ticked box behind it deletes, and writing does not reveal who has a mailbox.

use rig::dkim::Dkim;
use rig::dns::{Dns, Record};
use rig::erased::{gone, pieces};
use rig::letters::{self, field};
use rig::reader::activate;
use rig::{Config, Delivered, Gateway, Hop, Web};

const OURS: &str = "securemail@insurer.example";

fn configured(hop: &Hop, dns: &Dns) -> Config {
    let mut config = Config::new(hop);
    config.set("notices", "replies", r#""here""#).set("wishes", "deletion", "true").set(
        "wishes",
        "resolvers",
        &format!("[\"{}\"]", dns.address()),
    );
    config
}

/// A mail provider that signs what its customers send.
fn provider(dns: &Dns) -> Dkim {
    let dkim = Dkim::of("web.example");
    let (name, record) = dkim.published();
    dns.publish(&name, Record::Txt(record.to_owned()));
    dkim
}

fn request(from: &str, fields: &str) -> Vec<u8> {
    format!(
        "From: {from}\r\nTo: {OURS}\r\nSubject: SecureMail\r\nDate: {}\r\n\
         Message-ID: <{}@web.example>\r\n{fields}Content-Type: text/plain; charset=utf-8\r\n\r\n\
         Guten Tag,\r\nbitte löschen Sie mein Postfach. GEHEIM-4711\r\n",
        date(0),
        fields.len()
    )
    .into_bytes()
}

/// This many days ago, in the format of mail.
fn date(days: i64) -> String {
    let seconds = rig::ill_clock::IllClock::right() - days * 86_400;
    mail_parser::DateTime::from_timestamp(seconds).to_rfc822()
}

fn with_mailbox(gateway: &Gateway, hop: &Hop, address: &str) -> Web {
    let letter = letters::plain("[vertraulich] Brief", "Text");
    gateway.smtp().letter("erika@insurer.example", &[address], &letter).expect("250 *");
    let mut web = gateway.web();
    activate(&mut web, &letters::link(&hop.wait_to(address).bytes));
    web
}

fn is_answer(mail: &Delivered) -> bool {
    field(&mail.bytes, "Auto-Submitted").as_deref() == Some("auto-replied")
}

fn answers_to(hop: &Hop, to: &str) -> Vec<String> {
    let all = hop.delivered();
    all.iter().filter(|mail| mail.to() == [to] && is_answer(mail)).map(told).collect()
}

fn told(mail: &Delivered) -> String {
    let parsed = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
    let text = parsed.body_text(0).unwrap().into_owned();
    assert!(!text.contains("GEHEIM-4711"), "{text}");
    format!("{}\n{text}", parsed.subject().unwrap())
}

fn wait_answer(hop: &Hop, to: &str) -> String {
    told(&hop.wait_where("an answer", |mail| mail.to() == [to] && is_answer(mail)))
}

fn path(text: &str) -> String {
    let at = text.find("/d/").unwrap_or_else(|| panic!("no link in {text}"));
    text[at..].split(|c: char| c.is_whitespace() || c == '>').next().unwrap().to_owned()
}

#[test]
fn a_signed_request_is_confirmed_by_hand_and_then_the_mailbox_is_gone() {
    let (hop, dns) = (Hop::new(), Dns::new());
    let dkim = provider(&dns);
    let gateway = Gateway::start(&configured(&hop, &dns));
    with_mailbox(&gateway, &hop, "max@web.example");
    let signed = dkim.sign(&request("Max <MAX@web.example>", ""));
    gateway.smtp().letter("max@web.example", &[OURS], &signed).expect("250 *");
    let asked = wait_answer(&hop, "max@web.example");
    assert!(asked.contains("Postfach löschen: bitte bestätigen"), "{asked}");
    let link = path(&asked);
    let alive = || gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'active'");
    // Scanners look, and some send forms as they are.
    let mut scanner = gateway.web();
    let page = scanner.get(&link);
    page.expect(200);
    scanner.request("HEAD", &link, None).expect(200);
    scanner.submit(&page, &link, &[]).expect(422);
    assert_eq!(alive(), 1);
    // A second request on the same day says nothing new.
    let again = dkim.sign(&request("max@web.example", "X-Again: yes\r\n"));
    gateway.smtp().letter("max@web.example", &[OURS], &again).expect("250 *");
    let sealed = pieces(
        &gateway,
        "SELECT sealed FROM wraps UNION ALL SELECT key_sealed FROM deposits UNION ALL SELECT head_sealed FROM deposits
         UNION ALL SELECT address_sealed FROM mailboxes",
    );
    let mut web = gateway.web();
    let page = web.get(&link);
    assert!(page.text().contains("endgültig"), "{}", page.text());
    let done = web.submit(&page, &link, &[("sure", "yes")]);
    let done = web.follow(done);
    assert!(done.text().contains("Ihr Postfach ist gelöscht"), "{}", done.text());
    let _ = hop.wait_where("word of it", |mail| {
        mail.to() == ["max@web.example"] && !is_answer(mail) && told(mail).contains("gelöscht")
    });
    assert_eq!((alive(), gateway.count("SELECT count(*) FROM wraps")), (0, 0));
    gone(&gateway, "the mailbox to go from the files", &sealed);
    assert_eq!(gateway.count("SELECT count(*) FROM audit WHERE detail = 'why=wished-by-mail'"), 1);
    web.get(&link).expect(404);
    assert_eq!(answers_to(&hop, "max@web.example").len(), 1);
    assert!(!gateway.log().contains("GEHEIM-4711"));
    gateway.sweep();
}

#[test]
fn what_proves_nothing_gets_the_same_answer_whether_or_not_there_is_a_mailbox() {
    let (hop, dns) = (Hop::new(), Dns::new());
    let (dkim, other) = (provider(&dns), Dkim::of("other.example"));
    let (name, record) = other.published();
    dns.publish(&name, Record::Txt(record.to_owned()));
    let below = Dkim::of("customer.web.example");
    let (name, record) = below.published();
    dns.publish(&name, Record::Txt(record.to_owned()));
    let gateway = Gateway::start(&configured(&hop, &dns));
    with_mailbox(&gateway, &hop, "max@web.example");
    let send = |from: &str, mail: &[u8]| gateway.smtp().letter(from, &[OURS], mail).expect("250 *").clone();
    let mut broken = dkim.sign(&request("max@web.example", ""));
    let at = broken.len() - 8;
    broken[at] ^= 1;
    let two = request("max@web.example", "From: eva@other.example\r\n");
    for (nth, mail) in [
        request("max@web.example", ""),
        broken,
        other.sign(&request("max@web.example", "")),
        below.sign(&request("max@web.example", "")),
        // This server is not configured as trusted.
        request(
            "max@web.example",
            "Authentication-Results: mx.insurer.example; dmarc=pass header.from=web.example\r\n",
        ),
        request("nobody@web.example", ""),
    ]
    .iter()
    .enumerate()
    {
        let writer = format!("w{nth}@elsewhere.example");
        send(&writer, mail);
        let answer = wait_answer(&hop, &writer);
        assert!(answer.contains("So löschen Sie Ihr Postfach") && !answer.contains("/d/"), "{answer}");
        assert_eq!(answer, wait_answer(&hop, "w0@elsewhere.example"));
    }
    // Two senders are invalid.
    send("two@elsewhere.example", &dkim.sign(&two));
    assert!(!wait_answer(&hop, "two@elsewhere.example").contains("/d/"));
    // For an address without a mailbox, only its proven owner is told so.
    let eva = dkim.sign(&request("eva@web.example", ""));
    send("w9@elsewhere.example", &eva);
    assert!(wait_answer(&hop, "eva@web.example").contains("kein Postfach"));
    // Machines, lists and reports get nothing, signed or not.
    for fields in ["Auto-Submitted: auto-replied\r\n", "List-Id: <l.web.example>\r\n", "Precedence: bulk\r\n"]
    {
        send("max@web.example", &dkim.sign(&request("max@web.example", fields)));
    }
    send("", &dkim.sign(&request("max@web.example", "X-Null: yes\r\n")));
    send("last@elsewhere.example", &request("max@web.example", "X-Last: yes\r\n"));
    let _ = wait_answer(&hop, "last@elsewhere.example");
    assert!(
        answers_to(&hop, "max@web.example").is_empty() && answers_to(&hop, "w9@elsewhere.example").is_empty()
    );
    assert_eq!(gateway.count("SELECT count(*) FROM tokens WHERE purpose = 'deletion'"), 0);
    // A look-up that fails is retried later.
    dns.fail();
    let mail = dkim.sign(&request("max@web.example", "X-Dns: gone\r\n"));
    gateway.smtp().letter("max@web.example", &[OURS], &mail).expect("451 4.4.3 *");
    gateway.sweep();
}

#[test]
fn a_trusted_servers_word_counts_and_a_hold_stands_above_every_request() {
    let (hop, dns) = (Hop::new(), Dns::new());
    let mut config = configured(&hop, &dns);
    config.set("wishes", "upstream", r#""mx.insurer.example""#).set(
        "wishes",
        "upstream-networks",
        r#"["127.0.0.1/32"]"#,
    );
    let world = config.listener("world");
    config.set("[listener]", "domains", r#"["insurer.example"]"#);
    let gateway = Gateway::start(&config);
    with_mailbox(&gateway, &hop, "max@web.example");
    with_mailbox(&gateway, &hop, "eva@web.example");
    let says = |result: &str| format!("Authentication-Results: mx.insurer.example; {result}\r\n");
    let (pass, fail) =
        (says("dmarc=pass (p=none) header.from=web.example"), says("dmarc=fail header.from=web.example"));
    // Fields below that server's own were in the letter before.
    let forged = request("max@web.example", &format!("{fail}{pass}"));
    gateway.smtp().letter("forger@elsewhere.example", &[OURS], &forged).expect("250 *");
    assert!(!wait_answer(&hop, "forger@elsewhere.example").contains("/d/"));
    gateway.smtp().letter("max@web.example", &[OURS], &request("max@web.example", &pass)).expect("250 *");
    let link = path(&wait_answer(&hop, "max@web.example"));

    // Held after the link was sent: the page says so and nothing is deleted.
    let hold = |args: &[&str]| {
        let (code, out, err) = gateway.sealpost(args);
        assert_eq!(code, 0, "{out}{err}");
    };
    let mut web = gateway.web();
    let page = web.get(&link);
    page.expect(200);
    hold(&["mailbox", "hold", "max@web.example", "--note", "case 7"]);
    let held = web.submit(&page, &link, &[("sure", "yes")]);
    assert!(held.text().contains("aus rechtlichen Gründen"), "{}", held.text());
    // Held before: the answer says so, without a link.
    hold(&["mailbox", "hold", "eva@web.example", "--note", "case 8"]);
    // SPF: the client is the server that the domain sends from.
    dns.publish("web.example", Record::Txt("v=spf1 ip4:127.0.0.1 -all".to_owned()));
    let mut smtp = rig::Smtp::connect(world);
    smtp.ehlo();
    smtp.letter("eva@web.example", &[OURS], &request("eva@web.example", "")).expect("250 *");
    let answer = wait_answer(&hop, "eva@web.example");
    assert!(answer.contains("aufbewahrt") && !answer.contains("/d/"), "{answer}");
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'active'"), 2);
    hold(&["mailbox", "hold", "max@web.example", "--end", "--note", "case 7 closed"]);
    let page = web.get(&link);
    let done = web.submit(&page, &link, &[("sure", "yes")]);
    web.follow(done).expect(200);
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'active'"), 1);
    gateway.sweep();
}

#[test]
fn an_old_signed_mail_sent_once_more_and_one_of_another_customer_are_no_requests() {
    let (hop, dns) = (Hop::new(), Dns::new());
    let dkim = provider(&dns);
    let mut config = configured(&hop, &dns);
    let world = config.listener("world");
    config.set("[listener]", "domains", r#"["insurer.example"]"#);
    let gateway = Gateway::start(&config);
    with_mailbox(&gateway, &hop, "max@web.example");
    let text = String::from_utf8(request("max@web.example", "")).unwrap();
    let signed = |from: &str, to: &str| dkim.sign(text.replace(from, to).as_bytes());
    let to = format!("To: {OURS}");
    let (shop, today) = ("To: orders@shop.example", date(0));
    for (nth, replayed) in [
        signed(&today, &date(6)),
        signed(&to, shop),
        // The address of ours is put in front of what was signed.
        [format!("{to}\r\n").into_bytes(), signed(&to, shop)].concat(),
        // A signature over less says nothing of when and to whom.
        dkim.sign_fields(&["From", "Subject"], text.as_bytes()),
    ]
    .iter()
    .enumerate()
    {
        let writer = format!("r{nth}@elsewhere.example");
        gateway.smtp().letter(&writer, &[OURS], replayed).expect("250 *");
        assert!(!wait_answer(&hop, &writer).contains("/d/"), "{nth}");
    }
    // SPF lets each customer of the provider send; From is what each of them writes.
    dns.publish("web.example", Record::Txt("v=spf1 ip4:127.0.0.1 -all".to_owned()));
    let mut smtp = rig::Smtp::connect(world);
    smtp.ehlo();
    smtp.letter("mallory@web.example", &[OURS], text.as_bytes()).expect("250 *");
    assert!(!wait_answer(&hop, "mallory@web.example").contains("/d/"));
    assert_eq!(gateway.count("SELECT count(*) FROM tokens WHERE purpose = 'deletion'"), 0);
    // An author who was told today how to delete a mailbox is still told how to reply.
    let question = text.replace("bitte löschen Sie mein Postfach", "wann kommt die Police");
    gateway.smtp().letter("r0@elsewhere.example", &[OURS], question.as_bytes()).expect("250 *");
    let _ = hop.wait_where("how to answer", |mail| {
        mail.to() == ["r0@elsewhere.example"] && is_answer(mail) && !told(mail).contains("So löschen Sie")
    });
    gateway.sweep();
}

/// What a domain's owner publishes applies in addition to our own check: with `adkim=s` the provider's signature does
/// not count for a domain below its own.
#[test]
fn what_a_domain_publishes_under_dmarc_counts_for_requests() {
    let (hop, dns) = (Hop::new(), Dns::new());
    let dkim = provider(&dns);
    dns.publish("_dmarc.strict.web.example", Record::Txt("v=DMARC1; p=reject; adkim=s; aspf=s".to_owned()));
    let gateway = Gateway::start(&configured(&hop, &dns));
    for (from, is_proven) in [("max@strict.web.example", false), ("max@silent.web.example", true)] {
        with_mailbox(&gateway, &hop, from);
        gateway.smtp().letter(from, &[OURS], &dkim.sign(&request(from, ""))).expect("250 *");
        let answer = wait_answer(&hop, from);
        assert_eq!(answer.contains("/d/"), is_proven, "{from}: {answer}");
    }
    gateway.sweep();
}
