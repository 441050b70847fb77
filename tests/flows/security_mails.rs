//! Mails that warn an owner (a new browser, another password or question, too many wrong passwords, the end of the mailbox) have
//! the null reverse-path, as automatic mail should (RFC 3834 §3.3), and are marked as automatic (§5): nothing answers them, and
//! their bounces do not reach us.

use rig::letters::{self, field, link};
use rig::process::poll;
use rig::reader::{ANSWER, PASSWORD, activate};
use rig::{Config, Delivered, Gateway, Hop, Web};

const CUSTOMER: &str = "max@web.example";
const SECOND: &str = "Kirschkern-1953-Segel";

fn subject(mail: &Delivered) -> String {
    mail_parser::MessageParser::default().parse(&mail.bytes).unwrap().subject().unwrap_or_default().to_owned()
}

fn told(hop: &Hop, says: &str) {
    let mail = hop.wait_where(says, |mail| mail.to() == [CUSTOMER] && subject(mail).contains(says));
    assert_eq!(mail.from(), "", "{says}: {}", mail.mail);
    assert_eq!(field(&mail.bytes, "Auto-Submitted").as_deref(), Some("auto-generated"), "{says}");
    let suppress = field(&mail.bytes, "X-Auto-Response-Suppress").unwrap_or_default();
    assert!(suppress.contains("OOF") && suppress.contains("AutoReply"), "{says}: {suppress}");
}

fn log_in(gateway: &Gateway, password: &str) -> Web {
    let mut web = gateway.web();
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", CUSTOMER), ("password", password)]);
    web.follow(page);
    web
}

#[test]
fn warnings_to_owners_come_from_nobody_and_say_that_a_machine_wrote_them() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("notices", "bounces", r#""bounce@portal.insurer.example""#).set("portal", "lock-after", "1");
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] geheim", "Text");
    gateway.smtp().letter("erika@insurer.example", &[CUSTOMER], &letter).expect("250 *");
    let notice = hop.wait_to(CUSTOMER);
    // A letter's notice is different: its bounce is reported to the letter's sender.
    assert!(notice.from().starts_with("bounce+"), "{}", notice.mail);
    assert_eq!(field(&notice.bytes, "Auto-Submitted").as_deref(), Some("auto-generated"));
    activate(&mut gateway.web(), &link(&notice.bytes));

    let mut web = log_in(&gateway, PASSWORD);
    told(&hop, "Neue Anmeldung");
    let page = web.get("/account/question");
    let fields = [("current", PASSWORD), ("question", "2"), ("own_question", ""), ("answer", ANSWER)];
    web.submit(&page, "/account/question", &fields).expect(303);
    told(&hop, "Sicherheitsfrage Ihres Postfachs wurde geändert");
    let page = web.get("/account/password");
    let fields = [("current", PASSWORD), ("password", SECOND), ("repeat", SECOND)];
    web.submit(&page, "/account/password", &fields).expect(303);
    told(&hop, "Passwort Ihres Postfachs wurde geändert");
    let _stranger = log_in(&gateway, "falsch-4711-falsch");
    told(&hop, "Zu viele falsche Passwörter");
    let page = web.get("/account/delete");
    web.submit(&page, "/account/delete", &[("current", SECOND), ("sure", "yes")]).expect(303);
    told(&hop, "Ihr Postfach wurde gelöscht");

    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(hop.delivered().len(), 6, "each once");
    gateway.sweep();
}
