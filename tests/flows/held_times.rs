//! Deadlines stopped by a hold resume when it ends: reminders continue at their step, letters expire at the end of a
//! day; and no mail about a held mailbox names a day of deletion.

use jiff::tz::TimeZone;
use rig::Gateway;
use rig::letters::link;
use rig::reader::activate;
use serde_json::Value;

use crate::sender_told::{CUSTOMER, Office, SENDER, subject, text};

const OTHER: &str = "kundin@web.example";

fn office(language: &str) -> Office {
    Office::open(|config| {
        config
            .set("notices", "language", &format!("{language:?}"))
            .set("portal", "activation-within", r#""40 days""#)
            .set("retention", "letters", r#""60 days""#)
            .set("reminders", "unactivated", r#"["3 days", "14 days", "33 days"]"#)
            .set("senders", "unfetched", r#""14 days""#);
    })
}

fn letters_left(gateway: &Gateway) -> i64 {
    gateway.count("SELECT count(*) FROM deposits")
}

fn shown(office: &Office, whom: &str) -> Value {
    serde_json::from_str(&office.said(&["mailbox", "show", whom, "--json"])).unwrap()
}

#[test]
fn after_a_hold_the_whole_ladder_follows_and_letters_go_with_the_end_of_their_day() {
    let office = office("de");
    office.letter("eins");
    office.day(3);
    assert_eq!(office.to(CUSTOMER).len(), 2, "a notice, and the reminder of the third day");
    office.day(4);
    office.said(&["mailbox", "hold", CUSTOMER, "--note", "Verfahren"]);
    let held = shown(&office, CUSTOMER);
    assert!(held["goes"].is_null() && held["link_good_until"].is_null(), "{held}");
    office.day(100);
    assert_eq!(
        (office.to(CUSTOMER).len(), office.to(SENDER).len()),
        (2, 0),
        "no mail is sent while it lasts"
    );
    office.said(&["mailbox", "hold", CUSTOMER, "--end", "--note", "beendet"]);
    let freed = shown(&office, CUSTOMER);
    // 36 of 40 days are left, to the end of the last one; and the mailbox is deleted with its letter.
    let goes: jiff::Timestamp = freed["letters"][0]["goes"].as_str().unwrap().parse().unwrap();
    let goes = goes.to_zoned(TimeZone::get("Europe/Berlin").unwrap());
    assert_eq!((goes.hour(), goes.minute()), (23, 59), "{freed}");
    assert_eq!(freed["goes"], freed["letters"][0]["goes"], "{freed}");

    // It had waited for four days: the third-day reminder was sent, fourteen comes in ten days, thirty-three in
    // twenty-nine.
    office.day(109);
    assert_eq!((office.to(CUSTOMER).len(), office.to(SENDER).len()), (2, 0));
    office.day(110);
    let mails = office.to(CUSTOMER);
    assert_eq!(mails.len(), 3);
    assert!(text(&mails[2]).contains("noch 26 Tage"), "{}", text(&mails[2]));
    assert_eq!(office.to(SENDER).len(), 1, "not fetched for fourteen days");
    office.day(128);
    assert_eq!(office.to(CUSTOMER).len(), 3);
    office.day(129);
    let mails = office.to(CUSTOMER);
    assert_eq!(mails.len(), 4);
    assert!(text(&mails[3]).contains("noch 7 Tage"), "{}", text(&mails[3]));
    office.day(136);
    assert_eq!(letters_left(&office.gateway), 1, "the last day is its own");
    office.day(137);
    assert_eq!(letters_left(&office.gateway), 0);
    assert_eq!(office.gateway.count("SELECT count(*) FROM mailboxes WHERE state <> 'deleted'"), 0);
    office.gateway.sweep();
}

#[test]
fn no_mail_into_a_mailbox_that_is_held_names_a_day() {
    for (language, gone, left) in [("de", "gelöscht", "Tage"), ("en", "deleted", "days left")] {
        let office = office(language);
        office.letter("eins");
        activate(&mut office.gateway.web(), &link(&office.hop.wait_to(CUSTOMER).bytes));
        office.letter_to(OTHER, "eins");
        let first = text(&office.hop.wait_to(OTHER).bytes);
        assert!(first.contains(gone) && first.contains(left), "{first}");
        for whom in [CUSTOMER, OTHER] {
            office.said(&["mailbox", "hold", whom, "--note", "Verfahren"]);
            let before = office.to(whom).len();
            office.letter_to(whom, "zwei");
            office.is_quiet();
            let mails = office.to(whom);
            assert_eq!(mails.len(), before + 1, "{whom}");
            let said = format!("{} {}", subject(&mails[before]), text(&mails[before]));
            assert!(!said.contains(gone) && !said.contains(left), "{whom}: {said}");
        }
        office.gateway.sweep();
    }
}

#[test]
fn senders_are_told_nothing_at_night() {
    let office = office("de");
    office.letter("eins");
    // The machine was off: everything is due in the middle of the night.
    office.day_at(20, 3, "senders");
    assert!(office.to(SENDER).is_empty(), "three o'clock in the morning");
    let dry = office.said(&["jobs", "run", "senders", "--dry-run"]);
    assert!(dry.contains("08:00") && dry.contains("0 in all"), "{dry}");
    let dry = office.said(&["jobs", "run", "reminders", "--dry-run"]);
    assert!(dry.contains("08:00") && dry.contains("0 in all"), "{dry}");
    office.day_at(20, 9, "senders");
    assert_eq!(office.to(SENDER).len(), 1);
    office.gateway.sweep();
}
