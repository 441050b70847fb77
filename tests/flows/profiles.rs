//! Both ready profiles, from the first mail to the last deletion and in both languages: months in seconds by a clock that is set,
//! every mail that is sent on the way, what pages say, and that nothing is left in the rows and in the files.

use std::path::Path;

use jiff::{Timestamp, ToSpan as _};
use rig::erased::{gone, pieces};
use rig::gateway::Home;
use rig::http::Page;
use rig::ill_clock::IllClock;
use rig::letters::{self, field, link};
use rig::process::poll;
use rig::reader::{ANSWER, PASSWORD, activate_in, letter_path};
use rig::{Config, Gateway, Hop, Web};

use crate::profile_words::Language;

const SENDER: &str = "erika@insurer.example";

/// A profile as an operator installs it, at the addresses of this test, and the days since it was.
struct Operator {
    hop: Hop,
    clock: IllClock,
    gateway: Gateway,
    begun: Timestamp,
    language: Language,
    /// How many mails somebody has been sent.
    seen: Vec<(String, usize)>,
}

impl Operator {
    fn install(profile: &str, language: Language) -> Self {
        let (hop, clock) = (Hop::new(), IllClock::new());
        let config = Config::by_clock(&hop, &clock);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/profiles").join(profile);
        let text = std::fs::read_to_string(file).unwrap();
        let text = text
            .replace("127.0.0.1:2525", &config.smtp.to_string())
            .replace("127.0.0.1:8080", &config.web.to_string())
            .replace("port = 10025", &format!("port = {}", hop.address().port()))
            .replace("floor = \"encrypted\"", "floor = \"none\"")
            .replace("language = \"de\"", &format!("language = {:?}", language.tag()))
            // Months go by at once here.
            .replace("[retention]\n", "[retention]\nclock-jump = \"4000 days\"\n");
        let home = Home::new(&config);
        home.write("gateway.toml", format!("{text}\n{}", config.section_text("store")).as_bytes());
        // Ten o'clock in the morning: people are awake.
        let begun = Timestamp::from_second(IllClock::right())
            .unwrap()
            .to_zoned(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
        let begun = begun.date().at(10, 0, 0, 0).to_zoned(begun.time_zone().clone()).unwrap();
        clock.set(begun.timestamp().as_second() - IllClock::right());
        let gateway = Gateway::start_in_with(home, &config, &clock.environment());
        gateway.knows_its_jobs();
        Self { hop, clock, gateway, begun: begun.timestamp(), language, seen: Vec::new() }
    }

    /// So many days later, at the same hour: every job has run since.
    fn day(&self, day: i64) {
        poll("an empty queue", || (self.gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        let at = self.begun.to_zoned(zone).checked_add(day.days()).unwrap().timestamp();
        self.clock.set(at.as_second() - IllClock::right());
        let since = at.as_millisecond() - 60_000;
        poll("every job to run", || {
            let sql = format!(
                "SELECT count(DISTINCT job) FROM job_runs WHERE begun_at > {since} AND ended_at IS NOT NULL"
            );
            (self.gateway.count(&sql) == rig::gateway::JOBS).then_some(())
        });
        poll("an empty queue", || (self.gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    }

    fn send(&self, to: &str, subject: &str) {
        let letter = letters::plain(subject, "Text");
        self.gateway.smtp().letter(SENDER, &[to], &letter).expect("250 *");
    }

    /// What somebody has been sent since they were asked last: subject and text of each.
    fn mails(&mut self, to: &str) -> Vec<String> {
        poll("an empty queue", || (self.gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
        let all: Vec<String> = self
            .hop
            .delivered()
            .iter()
            .filter(|mail| mail.to().iter().all(|one| *one == to))
            .map(|mail| words(&mail.bytes))
            .collect();
        let known = self.seen.iter().position(|(one, _)| one == to).unwrap_or_else(|| {
            self.seen.push((to.to_owned(), 0));
            self.seen.len() - 1
        });
        let seen = std::mem::replace(&mut self.seen[known].1, all.len());
        all[seen..].iter().for_each(|mail| self.language.is_spoken_in(mail));
        all[seen..].to_vec()
    }

    /// Whether a text says what is put in German here.
    fn says(&self, text: &str, german: &str) -> bool {
        text.contains(&self.language.words(german))
    }

    /// Exactly one mail since, and it says this.
    fn told(&mut self, to: &str, says: &[&str]) {
        let mails = self.mails(to);
        assert_eq!(mails.len(), 1, "{to}: {mails:#?}");
        for words in says {
            assert!(self.says(&mails[0], words), "{to}, {words}: {}", mails[0]);
        }
    }

    fn quiet(&mut self, who: &[&str]) {
        for to in who {
            let mails = self.mails(to);
            assert!(mails.is_empty(), "{to}: {mails:#?}");
        }
    }

    /// Nothing is left of so many mailboxes but that they were there.
    fn all_is_gone(&self, tombstones: i64) {
        assert_eq!(self.rows("mailboxes WHERE state <> 'deleted'"), 0);
        for table in
            ["deposits", "bodies", "wraps", "bounce_memos", "sessions", "reminded", "wished", "waits_from"]
        {
            assert_eq!(self.rows(table), 0, "{table}");
        }
        assert_eq!(self.rows("mailboxes"), tombstones, "tombstones");
        assert_eq!(self.rows("mailboxes WHERE length(address_sealed) > 0"), 0);
        poll("senders to be told", || (self.rows("gone_unread") == 0).then_some(()));
    }

    fn rows(&self, table: &str) -> i64 {
        self.gateway.count(&format!("SELECT count(*) FROM {table}"))
    }
}

fn words(mail: &[u8]) -> String {
    let parsed = mail_parser::MessageParser::default().parse(mail).unwrap();
    let text = parsed.body_text(0).unwrap();
    let text: Vec<&str> = text.split_whitespace().collect();
    format!("{}\n{}", parsed.subject().unwrap_or_default(), text.join(" "))
}

fn log_in(web: &mut Web, address: &str, password: &str) -> Page {
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", address), ("password", password)]);
    web.follow(page)
}

const SEALED: &str =
    "SELECT sealed FROM wraps UNION ALL SELECT address_sealed FROM mailboxes WHERE state = 'active'
    UNION ALL SELECT key_sealed FROM deposits UNION ALL SELECT head_sealed FROM deposits";

#[test]
fn an_accident_insurer_from_the_first_mail_to_the_last_deletion() {
    accident_insurer(Language::German);
}

#[test]
fn an_accident_insurer_whose_people_read_english() {
    accident_insurer(Language::English);
}

#[test]
fn a_pension_fund_from_the_first_mail_to_the_last_deletion() {
    pension_fund(Language::German);
}

#[test]
fn a_pension_fund_whose_people_read_english() {
    pension_fund(Language::English);
}

fn accident_insurer(language: Language) {
    let mut operator = Operator::install("accident-insurer.toml", language);
    let (anna, bert, cora) = ("anna@web.example", "bert@web.example", "cora@web.example");
    for to in [anna, bert, cora] {
        operator.send(to, "[vertraulich] Ihr Unfall");
    }
    // So soon after the first that it waits for the next mail.
    operator.send(cora, "[vertraulich] Nachtrag");
    let first = operator.hop.wait_to(bert).bytes;
    operator.told(anna, &["Vertrauliche Post für Sie", "noch 40 Tage"]);
    operator.told(cora, &["noch 40 Tage"]);
    operator.told(bert, &["noch 40 Tage"]);
    let mut web = operator.gateway.web();
    let inbox = activate_in(&mut web, &link(&first), language.tag());
    for never in ["wird in 40 Tagen gelöscht", "wird in 39 Tagen gelöscht"] {
        assert!(!operator.says(&inbox.text(), never), "{}", inbox.text());
    }
    web.get(&letter_path(&inbox)).expect(200);
    let first_cora = link(&operator.hop.wait_to(cora).bytes);

    operator.day(2);
    operator.told(cora, &["Neue vertrauliche Nachricht für Sie", "noch 38 Tage"]);
    operator.quiet(&[anna, bert, SENDER]);
    operator.day(3);
    operator.told(
        anna,
        &["Erinnerung", "in 37 Tagen", "noch 37 Tage", "Eine Nachricht für Sie ist noch ungelesen", "/a/"],
    );
    operator.told(cora, &["Erinnerung"]);
    operator.quiet(&[bert]);
    operator.send(anna, "[vertraulich] Noch etwas");
    operator.told(anna, &["Vertrauliche Post"]);
    // The second letter's third day.
    operator.day(6);
    operator.told(anna, &["2 Nachrichten für Sie", "noch 34 Tage"]);
    operator.day(13);
    operator.quiet(&[anna, cora, SENDER]);
    operator.day(14);
    operator.told(anna, &["2 Nachrichten für Sie", "noch 26 Tage"]);
    operator.told(cora, &["noch 26 Tage"]);
    let told = operator.mails(SENDER);
    assert_eq!(told.len(), 3, "of each letter that nobody fetched: {told:#?}");
    for mail in &told {
        for words in ["Noch nicht abgeholt", "seit 14 Tagen", "mit der Post"] {
            assert!(operator.says(mail, words) && !mail.contains("Unfall"), "{words}: {mail}");
        }
    }
    // The second letter's own days: the 17th is its fourteenth.
    operator.day(17);
    operator.told(anna, &["2 Nachrichten", "noch 23 Tage"]);
    operator.told(SENDER, &["Noch nicht abgeholt", anna]);

    // In use by log-in on day 20, and by a letter on day 50.
    operator.day(20);
    operator.quiet(&[anna, bert, cora]);
    let account = {
        log_in(&mut web, bert, PASSWORD).expect(200);
        web.get("/account")
    };
    assert!(operator.says(&account.text(), "wird Ihr Postfach nach dem"), "{}", account.text());
    operator.mails(bert);

    operator.day(33);
    operator.told(cora, &["noch 7 Tage"]);
    operator.told(anna, &["noch 7 Tage"]);
    operator.day(36);
    operator.told(anna, &["noch 4 Tage", "2 Nachrichten"]);
    // On the fortieth day all of it is still there; after it, nothing.
    operator.day(40);
    operator.quiet(&[anna, cora, bert]);
    let sealed = pieces(
        &operator.gateway,
        "SELECT key_sealed FROM deposits d JOIN mailboxes m ON m.id = d.mailbox_id WHERE m.state = 'pending'",
    );
    assert_eq!(operator.rows("deposits"), 5);
    operator.gateway.web().get(&first_cora).expect(200);
    operator.quiet(&[SENDER]);
    operator.day(41);
    assert_eq!(operator.rows("deposits"), 2, "what came on the first day, for those who never came");
    operator.day(42);
    let told = operator.mails(SENDER);
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told.iter().all(|mail| operator.says(mail, "Ungelesen gelöscht")), "{told:#?}");
    assert!(told.iter().any(|mail| mail.contains(anna)) && told.iter().any(|mail| mail.contains(cora)));
    assert_eq!(operator.rows("mailboxes WHERE state <> 'deleted'"), 2, "cora's mailbox has gone");
    let page = operator.gateway.web().get(&first_cora);
    assert!(!page.text().contains("Ihr Unfall"), "{}", page.text());
    operator.day(46);
    assert_eq!(operator.rows("mailboxes WHERE state <> 'deleted'"), 1, "and anna's");
    operator.day(47);
    operator.told(SENDER, &["Ungelesen gelöscht", anna]);
    gone(&operator.gateway, "letters nobody came for to go", &sealed);
    operator.quiet(&[anna, cora]);

    operator.day(50);
    operator.send(bert, "[vertraulich] Abschluss");
    operator.told(bert, &["Neue vertrauliche Nachricht"]);
    operator.day(64);
    operator.told(SENDER, &["Noch nicht abgeholt", bert]);
    // Eighteen months after that letter: 546 days or a few more.
    operator.day(560);
    operator.quiet(&[bert, SENDER]);
    operator.day(572);
    operator.told(bert, &["Ihr Postfach wird bald gelöscht", "Anmelden und behalten"]);
    operator.day(573);
    operator.quiet(&[bert]);
    operator.day(594);
    operator.told(bert, &["Ihr Postfach wird bald gelöscht"]);
    let sealed = pieces(&operator.gateway, SEALED);
    assert_eq!(operator.rows("mailboxes WHERE state = 'active'"), 1);
    operator.day(602);
    operator.day(603);
    operator.all_is_gone(3);
    gone(&operator.gateway, "a mailbox nobody used to go", &sealed);
    // What lay in it unread is not lost without a word.
    operator.told(SENDER, &["Ungelesen gelöscht", bert]);
    operator.quiet(&[anna, bert, cora]);
    operator.gateway.sweep();
}

fn pension_fund(language: Language) {
    let mut operator = Operator::install("pension-fund.toml", language);
    let (dora, emil) = ("dora@web.example", "emil@web.example");
    operator.send(dora, "[Webmailer] Ihr Antrag");
    operator.told(dora, &["Startpasswort kommt gesondert", "noch 60 Tage"]);
    let told = operator
        .hop
        .wait_where("the password", |mail| mail.to() == [SENDER] && field(&mail.bytes, "Subject").is_some());
    let initial = letters::initial_password(&told.bytes);
    operator.mails(SENDER);
    let mut web = operator.gateway.web();
    log_in(&mut web, dora, &initial).expect(200);
    let page = web.get("/first");
    let page = web.submit(
        &page,
        "/first",
        &[
            ("password", PASSWORD),
            ("repeat", PASSWORD),
            ("question", "0"),
            ("answer", ANSWER),
            ("language", language.tag()),
        ],
    );
    let inbox = web.follow(page);
    assert!(operator.says(&inbox.text(), "wird in 60 Tagen gelöscht"), "{}", inbox.text());
    web.get(&letter_path(&inbox)).expect(200);
    operator.send(emil, "[Webmailer] Ihr Antrag");
    operator.told(emil, &["Startpasswort"]);
    operator.mails(SENDER);

    operator.day(1);
    operator.mails(dora);
    operator.send(dora, "[Webmailer] Bescheid");
    operator.told(dora, &["noch 60 Tage"]);
    operator.day(3);
    operator.told(emil, &["Erinnerung", "noch 57 Tage", "Startpasswort"]);
    for (day, left) in [(14, 46), (33, 27), (53, 7)] {
        operator.day(day);
        operator.told(emil, &[&format!("noch {left} Tage")]);
    }
    operator.quiet(&[dora]);
    operator.day(54);
    operator.told(dora, &["Ungelesene vertrauliche Post", "noch 7 Tage"]);
    operator.mails(SENDER);
    operator.day(63);
    operator.day(64);
    assert_eq!(operator.rows("deposits"), 0);
    let told = operator.mails(SENDER);
    let unread = told.iter().filter(|mail| operator.says(mail, "Ungelesen gelöscht")).count();
    assert_eq!(unread, 2, "{told:#?}");
    assert_eq!(operator.rows("mailboxes WHERE state <> 'deleted'"), 1, "emil's has gone");
    // A year after the last letter.
    operator.day(340);
    operator.told(dora, &["Ihr Postfach wird bald gelöscht"]);
    operator.day(365);
    operator.told(dora, &["Ihr Postfach wird bald gelöscht"]);
    let sealed = pieces(&operator.gateway, SEALED);
    assert_eq!(operator.rows("mailboxes WHERE state = 'active'"), 1);
    operator.day(369);
    operator.all_is_gone(2);
    gone(&operator.gateway, "a mailbox nobody used to go", &sealed);
    operator.quiet(&[dora, emil]);
    operator.gateway.sweep();
}
