//! Scheduled actions when mail to a recipient bounces: senders are notified correctly and can identify the
//! letter, and no reminder is sent to a failing address.

use jiff::{Timestamp, ToSpan as _};
use rig::ill_clock::IllClock;
use rig::letters::{self, field};
use rig::process::poll;
use rig::reader::activate;
use rig::{Config, Gateway, Hop};

pub(crate) const SENDER: &str = "erika@insurer.example";
pub(crate) const CUSTOMER: &str = "kunde@web.example";

/// A gateway with an adjustable clock, started at ten in the morning.
pub(crate) struct Office {
    pub(crate) hop: Hop,
    clock: IllClock,
    pub(crate) gateway: Gateway,
    begun: Timestamp,
}

impl Office {
    /// Its mailbox was activated and is not used any more: it is deleted after eighteen months, with two
    /// reminders before.
    fn with_an_idle_mailbox() -> Self {
        let office = Self::open(|config| {
            config.set("retention", "mailbox", "\"18 months\"");
            config.set("reminders", "mailbox", r#"["30 days", "7 days"]"#);
        });
        office.letter("eins");
        let notice = office.hop.wait_to(CUSTOMER);
        activate(&mut office.gateway.web(), &letters::link(&notice.bytes));
        office
    }

    pub(crate) fn open(config: impl FnOnce(&mut Config)) -> Self {
        let (hop, clock) = (Hop::new(), IllClock::new());
        let mut settings = Config::by_clock(&hop, &clock);
        settings.set("notices", "bounces", "\"bounce@portal.insurer.example\"");
        settings.set("retention", "clock-jump", "\"4000 days\"");
        config(&mut settings);
        let begun = Timestamp::from_second(IllClock::right()).unwrap();
        let begun = begun.to_zoned(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
        let begun = begun.date().at(10, 0, 0, 0).to_zoned(begun.time_zone().clone()).unwrap().timestamp();
        clock.set(begun.as_second() - IllClock::right());
        let gateway = Gateway::start_with(&settings, &clock.environment());
        gateway.knows_its_jobs();
        Self { hop, clock, gateway, begun }
    }

    /// Sends one; its Message-ID.
    pub(crate) fn letter(&self, text: &str) -> String {
        self.letter_to(CUSTOMER, text)
    }

    /// To another recipient.
    pub(crate) fn letter_to(&self, customer: &str, text: &str) -> String {
        let letter = letters::plain("[vertraulich] geheim 4711", text);
        self.gateway.smtp().letter(SENDER, &[customer], &letter).expect("250 *");
        field(&letter, "Message-ID").unwrap()
    }

    pub(crate) fn is_quiet(&self) {
        poll("an empty queue", || (self.gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    }

    /// This many days later: every job has run since.
    pub(crate) fn day(&self, day: i64) {
        self.is_quiet();
        let at = self.begun.to_zoned(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
        let at = at.checked_add(day.days()).unwrap().timestamp();
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

    /// The same, as long as it takes until one job has run, at this hour of that day.
    pub(crate) fn day_at(&self, day: i64, hour: i8, job: &str) {
        self.is_quiet();
        let at = self.begun.to_zoned(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
        let at = at.date().checked_add(day.days()).unwrap().at(hour, 0, 0, 0);
        let at = at.to_zoned(jiff::tz::TimeZone::get("Europe/Berlin").unwrap()).unwrap().timestamp();
        self.clock.set(at.as_second() - IllClock::right());
        let since = at.as_millisecond() - 60_000;
        poll(job, || {
            let sql = "SELECT count(*) FROM job_runs WHERE ended_at IS NOT NULL AND";
            (self.gateway.count(&format!("{sql} job = '{job}' AND begun_at > {since}")) > 0).then_some(())
        });
        self.is_quiet();
    }

    /// What a command by the gateway's clock says.
    pub(crate) fn said(&self, args: &[&str]) -> String {
        let mut command = std::process::Command::new(rig::gateway::binary());
        command.args(args).arg("--config").arg(self.gateway.home.config());
        command.current_dir(self.gateway.home.path()).envs(self.clock.environment());
        let (code, out, err) = rig::process::run(&mut command);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        out
    }

    pub(crate) fn to(&self, whom: &str) -> Vec<Vec<u8>> {
        let mails = self.hop.delivered();
        mails.into_iter().filter(|mail| mail.to() == [whom]).map(|mail| mail.bytes).collect()
    }
}

pub(crate) fn text(mail: &[u8]) -> String {
    let parsed = mail_parser::MessageParser::default().parse(mail).unwrap();
    parsed.body_text(0).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn subject(mail: &[u8]) -> String {
    mail_parser::MessageParser::default().parse(mail).unwrap().subject().unwrap().to_owned()
}

#[test]
fn whoever_could_not_be_notified_is_not_called_notified_and_not_reminded() {
    let office = Office::open(|config| {
        config.set("senders", "unfetched", "\"14 days\"");
        config.set("reminders", "unactivated", r#"["3 days", "20 days"]"#);
    });
    office.hop.answer_rcpt(CUSTOMER, "550 5.1.1 no such user");
    let id = office.letter("eins");
    let bounced = office.hop.wait_to(SENDER).bytes;
    assert_eq!(field(&bounced, "In-Reply-To").as_deref(), Some(id.as_str()));
    assert_eq!(field(&bounced, "References").as_deref(), Some(id.as_str()));
    office.day(3);
    assert_eq!(office.gateway.count("SELECT bounces FROM unreachable"), 1, "no reminder was sent there");
    office.hop.be_kind();
    office.day(14);
    let told = office.to(SENDER);
    assert_eq!((told.len(), office.to(CUSTOMER).len()), (2, 0), "the sender hears, the recipient does not");
    let said = text(&told[1]);
    assert!(said.contains("sind zurückgekommen") && !said.contains("benachrichtigt"), "{said}");
    assert_eq!(field(&told[1], "In-Reply-To").as_deref(), Some(id.as_str()));
    assert_eq!(field(&told[1], "References").as_deref(), Some(id.as_str()));
    assert!(subject(&told[1]).contains("vertrauliche Nachricht vom "), "{}", subject(&told[1]));
    // A letter whose notice is delivered shows that mail arrives again.
    office.letter("zwei");
    let _ = office.hop.wait_to(CUSTOMER);
    office.day(20);
    assert_eq!(office.to(CUSTOMER).len(), 2, "a notice and a reminder");
    office.gateway.sweep();
}

#[test]
fn a_refused_reminder_of_a_mailbox_is_counted_and_noted() {
    let office = Office::with_an_idle_mailbox();
    office.is_quiet();
    office.hop.answer_rcpt(CUSTOMER, "550 5.1.1 no such user");
    let begun = office.begun.to_zoned(jiff::tz::TimeZone::get("Europe/Berlin").unwrap()).date();
    let days = i64::from(begun.until(begun.checked_add(18.months()).unwrap()).unwrap().get_days());
    office.day(days - 25);
    assert_eq!(office.gateway.count("SELECT bounces FROM unreachable"), 1);
    let (_, shown, _) = office.gateway.sealpost(&["mailbox", "show", CUSTOMER, "--json"]);
    assert!(shown.contains("\"mail_came_back\":1") && shown.contains("5.1.1"), "{shown}");
    let (_, trail, _) = office.gateway.sealpost(&["audit", "export"]);
    assert!(trail.contains("notice.failed") && trail.contains("550 5.1.1"), "{trail}");
    // It bounced: the next one does not go there.
    office.hop.be_kind();
    let before = office.to(CUSTOMER).len();
    office.day(days - 6);
    assert_eq!(office.to(CUSTOMER).len(), before);
    office.gateway.sweep();
}

#[test]
fn a_mailbox_whose_owner_nobody_could_tell_in_time_goes_after_they_were_told() {
    let office = Office::with_an_idle_mailbox();
    // As if the machine had been switched off for this time.
    office.day(580);
    let mails = office.to(CUSTOMER);
    assert_eq!(mails.len(), 2, "the notice, and that the mailbox will go");
    assert!(text(&mails[1]).contains("noch 7 Tage"), "{}", text(&mails[1]));
    let there = "SELECT count(*) FROM mailboxes WHERE state = 'active'";
    assert_eq!(office.gateway.count(there), 1);
    office.day(588);
    assert_eq!((office.gateway.count(there), office.to(CUSTOMER).len()), (0, 2));
    office.gateway.sweep();
}
