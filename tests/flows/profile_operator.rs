//! A ready-made profile as an operator installs it, at a test's addresses, with an adjustable clock: every mail sent, and every
//! page seen. Knows no scenario.

use std::path::Path;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use rig::gateway::Home;
use rig::http::Page;
use rig::ill_clock::IllClock;
use rig::letters::{self, field};
use rig::process::poll;
use rig::{Config, Delivered, Gateway, Hop, Web};

use crate::jobs::no_legs;
use crate::profile_mails::{House, Language, Leads, Mail, Until};

pub(crate) const SENDER: &str = "erika@insurer.example";

pub(crate) struct Operator {
    pub(crate) hop: Hop,
    clock: IllClock,
    pub(crate) gateway: Gateway,
    begun: Timestamp,
    pub(crate) language: Language,
    house: House,
    /// Who writes its mails.
    from: &'static str,
    /// The places of mails that were looked at, among those that were sent.
    seen: Vec<usize>,
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

impl Operator {
    pub(crate) fn install(profile: &str, house: House, from: &'static str, language: Language) -> Self {
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
        let begun = Timestamp::from_second(IllClock::right()).unwrap().to_zoned(berlin());
        let begun = begun.date().at(10, 0, 0, 0).to_zoned(begun.time_zone().clone()).unwrap();
        clock.set(begun.timestamp().as_second() - IllClock::right());
        let gateway = Gateway::start_in_with(home, &config, &clock.environment());
        gateway.knows_its_jobs();
        let begun = begun.timestamp();
        Self { hop, clock, gateway, begun, language, house, from, seen: Vec::new() }
    }

    /// This many days later.
    pub(crate) fn date(&self, day: i64) -> Date {
        self.begun.to_zoned(berlin()).date().checked_add(day.days()).unwrap()
    }

    /// The text for a deletion at the end of the day `last`, as of the day `today`.
    pub(crate) fn until(&self, last: i64, today: i64) -> Until {
        Until { date: self.date(last), days: last - today }
    }

    fn is_quiet(&self) {
        no_legs(&self.gateway);
    }

    /// This many days later, at the same hour: every job has run since.
    pub(crate) fn day(&self, day: i64) {
        self.is_quiet();
        let at = self.begun.to_zoned(berlin()).checked_add(day.days()).unwrap().timestamp();
        self.clock.set(at.as_second() - IllClock::right());
        let since = at.as_millisecond() - 60_000;
        poll("every job to run", || {
            let sql = format!(
                "SELECT count(DISTINCT job) FROM job_runs WHERE begun_at > {since} AND ended_at IS NOT NULL"
            );
            (self.gateway.count(&sql) == rig::gateway::JOBS).then_some(())
        });
        self.is_quiet();
    }

    pub(crate) fn send(&self, to: &str, subject: &str) {
        let letter = letters::plain(subject, "Geheim-4711");
        self.gateway.smtp().letter(SENDER, &[to], &letter).expect("250 *");
    }

    /// This person was sent this mail since, not checked before. Returns the link in it, if there is one.
    pub(crate) fn told(&mut self, to: &str, mail: Mail<'_>) -> String {
        self.is_quiet();
        let wording = mail.wording(self.language, self.house);
        let all = self.hop.delivered();
        let new = |at: &usize| !self.seen.contains(at) && all[*at].to() == [to];
        let candidates: Vec<usize> = (0..all.len()).filter(new).collect();
        let fits = |at: &&usize| {
            let (subject, text) = read(&all[**at]);
            wording.is(&subject, &text)
        };
        let Some(at) = candidates.iter().find(fits).copied() else {
            let there: Vec<_> = candidates.iter().map(|at| read(&all[*at])).collect();
            panic!("{to}: no mail like {wording:#?} among {there:#?}");
        };
        self.seen.push(at);
        self.is_one_of_ours(&all[at], to, &wording.subject);
        let link = link_in(&all[at]);
        let is_set_up = link.as_ref().is_some_and(|link| link.contains("/a/"));
        match wording.leads {
            Leads::ToSetUp => assert!(is_set_up, "{to}: {mail:?}: {link:?}"),
            Leads::ToLogIn => assert!(link.is_some() && !is_set_up, "{to}: {mail:?}: {link:?}"),
            Leads::Nowhere => assert!(!is_set_up, "{to}: {mail:?}: {link:?}"),
        }
        link.unwrap_or_default()
    }

    /// To one person, from the operator, in one language, marked as automatic, and containing nothing of a letter.
    fn is_one_of_ours(&self, mail: &Delivered, to: &str, subject: &str) {
        let header = |name: &str| field(&mail.bytes, name).unwrap_or_default();
        assert!(header("To").contains(to), "{to}: {}", mail.text());
        assert!(header("From").contains(self.from), "{subject}: {}", header("From"));
        assert!(header("Auto-Submitted").starts_with("auto-"), "{subject}: {}", mail.text());
        let (subject, text) = read(mail);
        assert!(!text.contains("Geheim-4711"), "{text}");
        self.language.is_spoken_in(&format!("{subject}\n{text}"));
    }

    /// Every mail that was sent has been looked at.
    pub(crate) fn nothing_else(&self) {
        self.is_quiet();
        let all = self.hop.delivered();
        let unseen = (0..all.len()).filter(|at| !self.seen.contains(at));
        let unseen: Vec<_> = unseen.map(|at| (all[at].rcpts.clone(), read(&all[at]))).collect();
        assert!(unseen.is_empty(), "{unseen:#?}");
    }

    /// A visitor who is not logged in, with a browser in the operator's language.
    pub(crate) fn visitor(&self) -> Web {
        let mut web = self.gateway.web();
        web.extra.push(format!("Accept-Language: {}", self.language.tag()));
        web
    }

    /// The page says this, in German and in English.
    pub(crate) fn shows(&self, page: &Page, status: u16, [german, english]: [&str; 2]) {
        let words = self.language.either(german, english);
        page.expect(status);
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }

    /// This link shows the page for activating a mailbox.
    pub(crate) fn sets_up(&self, link: &str) {
        let page = self.visitor().get(link);
        self.shows(&page, 200, ["Ihr Postfach einrichten", "Set up your mailbox"]);
    }

    /// This link shows that it has expired, and nothing about waiting letters.
    pub(crate) fn has_run_out(&self, link: &str) {
        let page = self.visitor().get(link);
        self.shows(&page, 410, ["Dieser Link ist abgelaufen", "This link has expired"]);
        self.tells_nothing(&page);
    }

    /// This password gives no access, with the same message as any other wrong one.
    pub(crate) fn lets_nobody_in(&self, address: &str, password: &str) {
        let mut web = self.visitor();
        let page = web.get("/");
        let page = web.submit(&page, "/login", &[("address", address), ("password", password)]);
        self.shows(
            &page,
            422,
            [
                "E‑Mail-Adresse oder Passwort stimmt nicht.",
                "The e‑mail address or the password is not correct.",
            ],
        );
        self.tells_nothing(&page);
    }

    /// No public page shows any letter's text, sender or recipient.
    fn tells_nothing(&self, page: &Page) {
        for word in ["Ihr Unfall", "Ihr Antrag", "Erika", "Geheim-4711"] {
            assert!(!page.text().contains(word), "{word}: {}", page.text());
        }
    }

    /// The log-in that gives access.
    pub(crate) fn log_in(&self, web: &mut Web, address: &str, password: &str) -> Page {
        let page = web.get("/");
        let page = web.submit(&page, "/login", &[("address", address), ("password", password)]);
        web.follow(page)
    }

    /// Nothing is left of this many mailboxes except that they existed.
    pub(crate) fn all_is_gone(&self, tombstones: i64) {
        assert_eq!(self.rows("mailboxes WHERE state <> 'deleted'"), 0);
        for table in [
            "deposits",
            "bodies",
            "wraps",
            "bounce_memos",
            "sessions",
            "reminded",
            "wished",
            "waits_from",
            "newcomers",
            "requests",
            "unannounced",
            "gone_unread",
            "told_unfetched",
            "pace",
            "trash",
            "drafts",
            "words",
            "own_folders",
            "withdrawn",
            "unreachable",
            "legs",
        ] {
            assert_eq!(self.rows(table), 0, "{table}");
        }
        assert_eq!(self.rows("mailboxes"), tombstones, "tombstones");
        let words = "mailboxes WHERE length(address_sealed) + length(public_key)
            + coalesce(length(question_sealed), 0) + coalesce(length(profile_sealed), 0) > 0";
        assert_eq!(self.rows(words), 0, "a tombstone says nothing");
        let trail = self.gateway.said(&["audit", "verify"]);
        assert!(trail.contains("each proven over the one before"), "{trail}");
    }

    pub(crate) fn rows(&self, table: &str) -> i64 {
        self.gateway.count(&format!("SELECT count(*) FROM {table}"))
    }
}

/// Subject and text, every blank one blank.
fn read(mail: &Delivered) -> (String, String) {
    let parsed = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
    let text = parsed.body_text(0).unwrap();
    let text: Vec<&str> = text.split_whitespace().collect();
    (parsed.subject().unwrap_or_default().to_owned(), text.join(" "))
}

/// The address of the button: the first one in the text that leads to the portal.
fn link_in(mail: &Delivered) -> Option<String> {
    let (_, text) = read(mail);
    text.split_whitespace()
        .map(|word| word.trim_matches(|c: char| ['<', '>', '.', ',', '(', ')'].contains(&c)))
        .find(|word| word.starts_with("http://127.0.0.1:"))
        .map(str::to_owned)
}
