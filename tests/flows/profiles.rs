//! Both ready-made profiles, from the first mail to the last deletion and in both languages: months in seconds by an adjustable
//! clock. Every mail that is sent is checked, and no others are sent; so is every page, and what pages say after the end; and
//! nothing is left in the rows and in the files.

use jiff::ToSpan as _;
use jiff::civil::Date;
use rig::erased::{gone, pieces};
use rig::letters;
use rig::reader::{ANSWER, PASSWORD, activate_in, letter_path};

use crate::profile_mails::{House, Language, Mail, Until};
use crate::profile_operator::{Operator, SENDER};

const SEALED: &str =
    "SELECT sealed FROM wraps UNION ALL SELECT address_sealed FROM mailboxes WHERE state = 'active'
    UNION ALL SELECT key_sealed FROM deposits UNION ALL SELECT head_sealed FROM deposits";

const GONE: [&str; 2] = ["Dieser Link funktioniert nicht", "This link does not work"];
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

/// The end of that day, said on the day `today`.
fn until(operator: &Operator, end: Date, today: i64) -> Until {
    let days = (end - operator.date(today)).get_days();
    Until { date: end, days: i64::from(days) }
}

fn accident_insurer(language: Language) {
    let house = House { brand: "Insurer", portal: "SecureMail" };
    let mut operator =
        Operator::install("accident-insurer.toml", house, "securemail@insurer.example", language);
    let (anna, bert, cora) = ("anna@web.example", "bert@web.example", "cora@web.example");
    let not_fetched = |operator: &Operator, recipient, sent: i64, last: Option<i64>| Mail::NotFetched {
        recipient,
        sent: operator.date(sent),
        waits: 14,
        until: last.map(|last| operator.date(last)),
        initial: false,
    };
    for to in [anna, bert, cora] {
        operator.send(to, "[vertraulich] Ihr Unfall");
    }
    // So soon after the first that it waits for the next mail.
    operator.send(cora, "[vertraulich] Nachtrag");
    let first = Mail::Activation { until: operator.until(40, 0) };
    let [link_anna, link_bert, link_cora] = [anna, bert, cora].map(|to| operator.told(to, first));
    operator.nothing_else();
    for link in [&link_anna, &link_bert, &link_cora] {
        operator.sets_up(link);
    }
    operator.lets_nobody_in(anna, PASSWORD);
    let mut web = operator.visitor();
    let inbox = activate_in(&mut web, &link_bert, language.tag());
    operator.shows(&inbox, 200, ["Ihr Unfall", "Ihr Unfall"]);
    for days in [39, 40] {
        // Letters in an active mailbox do not expire here.
        for never in [format!("in {days} Tagen gelöscht"), format!("deleted in {days} days")] {
            assert!(!inbox.text().contains(&never), "{}", inbox.text());
        }
    }
    let letter = letter_path(&inbox);
    operator.shows(&web.get(&letter), 200, ["Erika Muster", "Erika Muster"]);
    let used = ["Ihr Postfach ist schon eingerichtet", "Your mailbox is already set up"];
    operator.shows(&operator.visitor().get(&link_bert), 410, used);

    operator.day(2);
    let again = operator.told(cora, Mail::OneMore { until: operator.until(40, 2) });
    assert_eq!(again, link_cora, "the same way in");
    operator.nothing_else();
    operator.day(3);
    let one = Mail::Reminder { letters: 1, until: operator.until(40, 3) };
    let reminded = operator.told(anna, one);
    operator.sets_up(&reminded);
    operator.told(cora, Mail::Reminder { letters: 2, until: operator.until(40, 3) });
    operator.nothing_else();
    operator.send(anna, "[vertraulich] Noch etwas");
    let link_anna = operator.told(anna, Mail::Activation { until: operator.until(43, 3) });
    operator.nothing_else();
    // The second letter's third day.
    operator.day(6);
    operator.told(anna, Mail::Reminder { letters: 2, until: operator.until(40, 6) });
    operator.nothing_else();
    operator.day(13);
    operator.nothing_else();
    operator.day(14);
    let two = Mail::Reminder { letters: 2, until: operator.until(40, 14) };
    operator.told(anna, two);
    operator.told(cora, two);
    // For each letter that was not fetched.
    for recipient in [anna, cora, cora] {
        operator.told(SENDER, not_fetched(&operator, recipient, 0, Some(40)));
    }
    operator.nothing_else();
    // The second letter's own days: the 17th is its fourteenth.
    operator.day(17);
    operator.told(anna, Mail::Reminder { letters: 2, until: operator.until(40, 17) });
    operator.told(SENDER, not_fetched(&operator, anna, 3, Some(43)));
    operator.nothing_else();

    // In use by log-in on day 20, and by a letter on day 50.
    operator.day(20);
    operator.nothing_else();
    operator.shows(&web.get("/inbox"), 303, ["", ""]);
    let inbox = operator.log_in(&mut web, bert, PASSWORD);
    operator.shows(&inbox, 200, ["Ihr Unfall", "Ihr Unfall"]);
    operator.shows(&web.get(&letter), 200, ["Erika Muster", "Erika Muster"]);
    let end = language.day_in_full(operator.date(20).checked_add(18.months()).unwrap());
    let account = web.get("/account");
    let says = [
        format!("wird Ihr Postfach nach dem {end} endgültig gelöscht."),
        format!("your mailbox will be deleted permanently after {end}."),
    ];
    operator.shows(&account, 200, [&says[0], &says[1]]);
    operator.nothing_else();

    operator.day(33);
    let two = Mail::Reminder { letters: 2, until: operator.until(40, 33) };
    operator.told(anna, two);
    operator.told(cora, two);
    operator.nothing_else();
    operator.day(36);
    operator.told(anna, Mail::Reminder { letters: 2, until: operator.until(40, 36) });
    operator.nothing_else();
    // On the fortieth day all of it is still there; after it, nothing.
    operator.day(40);
    operator.nothing_else();
    let sealed = pieces(
        &operator.gateway,
        "SELECT key_sealed FROM deposits d JOIN mailboxes m ON m.id = d.mailbox_id WHERE m.state = 'pending'
         UNION ALL SELECT head_sealed FROM deposits d JOIN mailboxes m ON m.id = d.mailbox_id WHERE m.state = 'pending'
         UNION ALL SELECT sealed FROM wraps w JOIN mailboxes m ON m.id = w.mailbox_id WHERE m.state = 'pending'",
    );
    assert_eq!(operator.rows("deposits"), 5);
    operator.sets_up(&link_cora);
    operator.day(41);
    assert_eq!(operator.rows("deposits"), 2, "what came on the first day, for those who never came");
    operator.day(42);
    let gone_unread =
        |operator: &Operator, recipient, sent: i64| Mail::GoneUnread { recipient, sent: operator.date(sent) };
    for recipient in [anna, cora, cora] {
        operator.told(SENDER, gone_unread(&operator, recipient, 0));
    }
    operator.nothing_else();
    assert_eq!(operator.rows("mailboxes WHERE state <> 'deleted'"), 2, "cora's mailbox has gone");
    operator.has_run_out(&link_cora);
    operator.lets_nobody_in(cora, PASSWORD);
    // Anna's other letter waits still.
    operator.sets_up(&link_anna);
    // A request for a new link without a mailbox: the page says the same as always, and nothing happens.
    let mut stranger = operator.visitor();
    let page = stranger.get(&link_cora);
    let asked = stranger.submit(&page, "/renew", &[]);
    operator.shows(&asked, 200, ["Wir haben Ihre Anfrage weitergegeben.", "We have passed on your request."]);
    assert_eq!(operator.rows("requests"), 0);
    operator.day(46);
    assert_eq!(operator.rows("mailboxes WHERE state <> 'deleted'"), 1, "and anna's");
    operator.has_run_out(&link_anna);
    operator.day(47);
    operator.told(SENDER, gone_unread(&operator, anna, 3));
    operator.nothing_else();
    gone(&operator.gateway, "unclaimed letters to go", &sealed);

    operator.day(50);
    operator.nothing_else();
    operator.send(bert, "[vertraulich] Abschluss");
    operator.told(bert, Mail::Message { subject: Some("Abschluss"), until: None });
    operator.nothing_else();
    operator.day(64);
    operator.told(SENDER, not_fetched(&operator, bert, 50, None));
    operator.nothing_else();
    // Eighteen months after that letter: 546 days or a few more.
    let end = operator.date(50).checked_add(18.months()).unwrap();
    operator.day(560);
    operator.nothing_else();
    operator.day(572);
    operator.told(bert, Mail::Idle { until: until(&operator, end, 572) });
    operator.nothing_else();
    operator.day(573);
    operator.nothing_else();
    operator.day(594);
    operator.told(bert, Mail::Idle { until: until(&operator, end, 594) });
    operator.nothing_else();
    let sealed = pieces(&operator.gateway, SEALED);
    assert_eq!(operator.rows("mailboxes WHERE state = 'active'"), 1);
    operator.day(602);
    operator.day(603);
    operator.all_is_gone(3);
    gone(&operator.gateway, "an unused mailbox to go", &sealed);
    // What lay in it unread is not lost without a word.
    operator.told(SENDER, gone_unread(&operator, bert, 50));
    operator.nothing_else();

    // After the end there is no access, and no page shows that anybody was here.
    for link in [&link_anna, &link_bert, &link_cora] {
        operator.shows(&operator.visitor().get(link), 404, GONE);
    }
    for address in [anna, bert, cora] {
        operator.lets_nobody_in(address, PASSWORD);
    }
    for path in ["/inbox", &letter, "/account"] {
        let page = web.get(path);
        let page = web.follow(page);
        assert!(page.text().contains("action=\"/login\""), "{path}: {}", page.text());
        assert!(!page.text().contains("Ihr Unfall") && !page.text().contains("Erika"), "{}", page.text());
    }
    let mut stranger = operator.visitor();
    let page = stranger.get("/forgot");
    let asked = stranger.submit(&page, "/forgot", &[("address", bert)]);
    operator.shows(
        &asked,
        200,
        ["Wenn es zu dieser Adresse ein Postfach gibt", "If there is a mailbox for this address"],
    );
    operator.day(604);
    operator.nothing_else();
    operator.gateway.sweep();
}

fn pension_fund(language: Language) {
    let house = House { brand: "Pension Fund", portal: "Webmailer" };
    let mut operator = Operator::install("pension-fund.toml", house, "webmailer@pension.example", language);
    let (dora, emil) = ("dora@web.example", "emil@web.example");
    let first = |operator: &mut Operator, to: &str| {
        operator.send(to, "[Webmailer] Ihr Antrag");
        operator.told(to, Mail::Initial { until: operator.until(60, 0) });
        operator.told(SENDER, Mail::Password { recipient: to, until: operator.until(60, 0) });
        operator.nothing_else();
        let is_it = |mail: &rig::Delivered| mail.to() == [SENDER] && mail.text().contains(to);
        letters::initial_password(&operator.hop.wait_where("the password", is_it).bytes)
    };
    let initial = first(&mut operator, dora);
    operator.lets_nobody_in(dora, PASSWORD);
    let mut web = operator.visitor();
    let page = operator.log_in(&mut web, dora, &initial);
    operator.shows(&page, 200, ["Ihr Startpasswort stimmt.", "Your initial password is correct."]);
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
    operator.shows(&inbox, 200, ["wird in 60 Tagen gelöscht", "will be deleted in 60 days"]);
    let letter = letter_path(&inbox);
    operator.shows(&web.get(&letter), 200, ["Erika Muster", "Erika Muster"]);
    operator.told(dora, Mail::PasswordChanged);
    operator.nothing_else();
    operator.lets_nobody_in(dora, &initial);
    let initial_emil = first(&mut operator, emil);

    operator.day(1);
    operator.nothing_else();
    operator.send(dora, "[Webmailer] Bescheid");
    operator.told(dora, Mail::Message { subject: None, until: Some(operator.until(61, 1)) });
    operator.nothing_else();
    operator.day(3);
    operator.told(emil, Mail::InitialReminder { letters: 1, until: operator.until(60, 3) });
    operator.nothing_else();
    let not_fetched = |operator: &Operator, recipient, sent: i64, today: i64, initial| Mail::NotFetched {
        recipient,
        sent: operator.date(sent),
        waits: today - sent,
        until: Some(operator.date(sent + 60)),
        initial,
    };
    for day in [14, 33, 53] {
        operator.day(day);
        operator.told(emil, Mail::InitialReminder { letters: 1, until: operator.until(60, day) });
        match day {
            14 => drop(operator.told(SENDER, not_fetched(&operator, emil, 0, 14, true))),
            33 => drop(operator.told(SENDER, not_fetched(&operator, dora, 1, 33, false))),
            _ => {}
        }
        operator.nothing_else();
    }
    operator.day(54);
    operator.told(dora, Mail::Unread { letters: 1, until: operator.until(61, 54) });
    operator.nothing_else();
    let sealed = pieces(
        &operator.gateway,
        "SELECT key_sealed FROM deposits UNION ALL SELECT head_sealed FROM deposits",
    );
    operator.day(60);
    operator.nothing_else();
    assert_eq!(operator.rows("deposits"), 3);
    operator.day(63);
    operator.day(64);
    assert_eq!(operator.rows("deposits"), 0);
    for (recipient, sent) in [(emil, 0), (dora, 1)] {
        let sent = operator.date(sent);
        operator.told(SENDER, Mail::GoneUnread { recipient, sent });
    }
    operator.nothing_else();
    gone(&operator.gateway, "expired letters to go", &sealed);
    assert_eq!(operator.rows("mailboxes WHERE state <> 'deleted'"), 1, "emil's has gone");
    operator.lets_nobody_in(emil, &initial_emil);
    // A year after the last letter.
    let end = operator.date(1).checked_add(1.year()).unwrap();
    for day in [340, 365] {
        operator.day(day);
        operator.told(dora, Mail::Idle { until: until(&operator, end, day) });
        operator.nothing_else();
    }
    let sealed = pieces(&operator.gateway, SEALED);
    assert_eq!(operator.rows("mailboxes WHERE state = 'active'"), 1);
    operator.day(369);
    operator.all_is_gone(2);
    gone(&operator.gateway, "an unused mailbox to go", &sealed);
    operator.nothing_else();

    for (address, password) in [(dora, PASSWORD), (dora, &initial), (emil, &initial_emil)] {
        operator.lets_nobody_in(address, password);
    }
    for path in ["/inbox", &letter, "/account", "/first"] {
        let page = web.get(path);
        let page = web.follow(page);
        assert!(page.text().contains("action=\"/login\""), "{path}: {}", page.text());
        assert!(!page.text().contains("Ihr Antrag") && !page.text().contains("Erika"), "{}", page.text());
    }
    operator.day(370);
    operator.nothing_else();
    operator.gateway.sweep();
}
