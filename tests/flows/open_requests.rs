//! A support request for a pending mailbox keeps it for as long as a letter waits, from when its link has
//! expired, and no longer, however often it is repeated. A forged request keeps nothing.

use rig::gateway::change;
use rig::process::poll;

use crate::saved_unread::shown;
use crate::sender_told::{CUSTOMER, Office};

fn there(office: &Office) -> i64 {
    office.gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'pending'")
}

fn ask(office: &Office) {
    let mut web = office.gateway.web();
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", CUSTOMER), ("note", "0170 1234567")]).expect(200);
}

#[test]
fn an_open_request_keeps_a_mailbox_that_waits_for_so_long_and_no_longer() {
    let office = Office::open(|_config| {});
    office.letter("eins");
    let _notice = office.hop.wait_to(CUSTOMER);
    let goes = |office: &Office| shown(office)["goes"].as_str().unwrap().to_owned();
    let before = goes(&office);
    office.day(39);
    ask(&office);
    let mailbox = shown(&office)["mailbox"].as_str().unwrap().to_owned();
    assert_eq!(shown(&office)["open_requests"], 1);
    assert!(goes(&office) > before, "the request keeps it longer");
    office.day(42);
    assert_eq!(office.gateway.count("SELECT count(*) FROM deposits"), 0, "its letter has gone");
    assert_eq!(there(&office), 1, "support has not decided");
    // However often it is repeated.
    office.day(70);
    let end = goes(&office);
    ask(&office);
    assert_eq!((there(&office), goes(&office)), (1, end.clone()));
    office.day(80);
    assert_eq!(there(&office), 1, "the fortieth day after its link had run out: {end}");
    let dry = office.said(&["jobs", "run", "retention", "--dry-run"]);
    assert!(!dry.contains(&mailbox), "{dry}");
    office.day(81);
    poll("the mailbox to go", || (there(&office) == 0).then_some(()));
    assert_eq!(office.gateway.count("SELECT count(*) FROM requests"), 0, "they go with it");
    assert!(end.starts_with(&date(&office, 80)), "{end}");
    office.gateway.sweep();
}

/// The date of day `day` of the scenario: counted back from the deletion of the mailbox, day 81, by the audit trail.
fn date(office: &Office, day: i64) -> String {
    let row = rig::trail::of(&office.gateway, "mailbox.deleted").pop().unwrap();
    let at: jiff::Timestamp = row["at"].as_str().unwrap().parse().unwrap();
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let went = at.to_zoned(zone).date();
    use jiff::ToSpan as _;
    went.checked_sub((81 - day).days()).unwrap().to_string()
}

#[test]
fn a_request_that_nobody_made_keeps_no_mailbox() {
    let office = Office::open(|_config| {});
    office.letter("eins");
    let _notice = office.hop.wait_to(CUSTOMER);
    // By an attacker with write access to the database and without keys: dated in a hundred years.
    for number in [7, 8] {
        change(
            &office.gateway.home.data(),
            &format!(
                "INSERT INTO requests (number, mailbox_id, kind, state, created_at, note_sealed, proof)
                 SELECT {number}, id, 'access', 'open', created_at + 3155760000000, x'0102', x'0304' FROM mailboxes"
            ),
        );
    }
    let goes = shown(&office)["goes"].as_str().unwrap().to_owned();
    office.day(40);
    assert_eq!(there(&office), 1);
    office.day(42);
    poll("the mailbox to go by time", || (there(&office) == 0).then_some(()));
    assert_eq!(office.gateway.count("SELECT count(*) FROM requests"), 0);
    assert!(!goes.is_empty());
    office.gateway.wait_logged("rows that do not prove say nothing");
    office.gateway.sweep();
}
