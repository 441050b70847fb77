//! Wrong passwords and answers, and log-ins refused unchecked because of earlier ones, are in the audit trail with the
//! mailbox they were meant for. An attacker learns nothing: an address without a mailbox looks the same.

use rig::http::Page;
use rig::letters::link;
use rig::reader::activate;
use serde_json::Value;

use crate::sender_told::{CUSTOMER, Office};

const NOBODY: &str = "niemand@web.example";

fn exported(office: &Office, more: &[&str]) -> Vec<Value> {
    let (code, out, err) = office.gateway.sealpost(&[&["audit", "export"], more].concat());
    assert_eq!(code, 0, "{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How often this failed in these rows.
fn times(rows: &[Value], action: &str) -> u32 {
    let of = |row: &&Value| row["action"] == action;
    let times = |row: &Value| {
        assert_eq!(
            (row["actor"].as_str(), row["outcome"].as_str()),
            (Some("visitor"), Some("refused")),
            "{row}"
        );
        assert_eq!(row["network"], "127.0.0.0/24", "{row}");
        row["detail"].as_str().unwrap().strip_prefix("times=").unwrap().parse::<u32>().unwrap()
    };
    rows.iter().filter(of).map(times).sum()
}

/// What a stranger sees who tries three passwords.
fn tried(office: &Office, address: &str) -> Vec<(u16, String)> {
    let mut web = office.gateway.web();
    let seen = |page: &Page| {
        // Its own address, the token of its form and how long is left to wait.
        let text: String = page.text().replace(address, "ADDRESS");
        text.lines().filter(|line| !line.contains("form_token")).collect::<Vec<_>>().join("\n")
    };
    (0..3)
        .map(|_| {
            let page = web.get("/");
            let page =
                web.submit(&page, "/login", &[("address", address), ("password", "falsch-4711-falsch")]);
            (page.status, seen(&page))
        })
        .collect()
}

#[test]
fn wrong_and_refused_passwords_stand_in_the_trail_with_their_mailbox() {
    let office = Office::open(|config| {
        config.set("portal", "lock-after", "2");
    });
    office.letter("eins");
    let mut web = office.gateway.web();
    activate(&mut web, &link(&office.hop.wait_to(CUSTOMER).bytes));
    let (known, unknown) = (tried(&office, CUSTOMER), tried(&office, NOBODY));
    let statuses: Vec<u16> = known.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses[0], statuses[1]);
    assert_eq!(statuses[2], 429, "the third one is not looked at");
    assert_eq!(known, unknown, "nobody learns who has a mailbox");

    // An attacker at an unlocked screen, and one with a link and no answer.
    let page = web.get("/account/password");
    let fields = [
        ("current", "falsch-4711-falsch"),
        ("password", "Kastanie-1948-Treppe"),
        ("repeat", "Kastanie-1948-Treppe"),
    ];
    assert_ne!(web.submit(&page, "/account/password", &fields).status, 303);
    let mut other = office.gateway.web();
    let page = other.get("/forgot");
    other.submit(&page, "/forgot", &[("address", CUSTOMER)]);
    let reset =
        office.hop.wait_where("the link", |mail| mail.to() == [CUSTOMER] && mail.text().contains("/r/"));
    let reset = link(&reset.bytes);
    let page = other.get(&reset);
    let action = format!("/r/{}", reset.rsplit_once("/r/").unwrap().1);
    let fields = [
        ("answer", "falsche Antwort"),
        ("password", "Kastanie-1948-Treppe"),
        ("repeat", "Kastanie-1948-Treppe"),
    ];
    assert_ne!(other.submit(&page, &action, &fields).status, 303);

    // Once the minute has ended, they are rows.
    office.day(1);
    let (_, shown, _) = office.gateway.sealpost(&["mailbox", "show", CUSTOMER, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let mailbox = shown["id"].as_str().or_else(|| shown["mailbox"].as_str()).unwrap();
    let of_mailbox = exported(&office, &["--mailbox", mailbox]);
    assert_eq!(times(&of_mailbox, "credentials.wrong"), 4, "two at the door, one inside, one answer");
    assert_eq!(times(&of_mailbox, "credentials.refused"), 1);
    assert!(of_mailbox.iter().any(|row| row["action"] == "login.closed"));
    let all = exported(&office, &[]);
    let of_nobody: Vec<Value> = all.iter().filter(|row| row["mailbox"] == "").cloned().collect();
    assert_eq!((times(&of_nobody, "credentials.wrong"), times(&of_nobody, "credentials.refused")), (2, 1));
    assert!(of_nobody.iter().all(|row| !row.to_string().contains("niemand")), "no address stands there");
    let (code, said, err) = office.gateway.sealpost(&["audit", "verify"]);
    assert_eq!(code, 0, "{said}{err}");
    office.gateway.sweep();
}
