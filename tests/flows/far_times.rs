//! Times of the far future and counts that cannot be, written into the database by somebody without keys: owners still log in and
//! are told of letters, senders still send.

use rig::config::is_on_postgres;
use rig::gateway::change;
use rig::process::poll;
use rig::reader::{PASSWORD, activate};
use rig::{Config, Gateway, Hop, letters};

const ANNA: &str = "anna@web.example";
const SENDER: &str = "erika@insurer.example";
/// The year 2500, and the largest number there is.
const FAR: [i64; 2] = [16_725_225_600_000, i64::MAX];

fn send(gateway: &Gateway) {
    let letter = letters::plain("[vertraulich] Brief", "Text");
    gateway.smtp().letter(SENDER, &[ANNA], &letter).expect("250 *");
}

fn notices(hop: &Hop) -> usize {
    hop.delivered().iter().filter(|mail| mail.to() == [ANNA]).count()
}

#[test]
fn wrong_passwords_of_the_far_future_keep_no_owner_out() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    send(&gateway);
    activate(&mut gateway.web(), &letters::link(&hop.wait_to(ANNA).bytes));
    // One wrong password makes a row.
    let mut web = gateway.web();
    let page = web.get("/");
    web.submit(&page, "/login", &[("address", ANNA), ("password", "ein falsches Wort")]);
    poll("a count", || (gateway.count("SELECT count(*) FROM tries") > 0).then_some(()));
    let mut forgeries: Vec<String> = FAR
        .iter()
        .map(|far| {
            format!("wrong = {far}, last_at = {far}, open_at = {far}, forget_at = {far}, told_at = {far}")
        })
        .collect();
    forgeries.push(format!("wrong = {}, open_at = 0, last_at = 0", i64::MIN));
    if !is_on_postgres() {
        forgeries.push("wrong = 'many', open_at = 'never'".to_owned());
    }
    for forged in forgeries {
        change(&gateway.home.data(), &format!("UPDATE tries SET {forged}"));
        let mut web = gateway.web();
        let page = web.get("/");
        let page = web.submit(&page, "/login", &[("address", ANNA), ("password", PASSWORD)]);
        let inside = page.header("location").is_some_and(|to| to.contains("/inbox"));
        assert!(page.status == 303 && inside, "{forged}: {}", page.status);
        // For the next.
        let mut web = gateway.web();
        let page = web.get("/");
        web.submit(&page, "/login", &[("address", ANNA), ("password", "ein falsches Wort")]);
    }
    gateway.sweep();
}

#[test]
fn a_notice_of_the_far_future_keeps_no_notice_back() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("notices", "pace", r#""hourly""#);
    let gateway = Gateway::start(&config);
    send(&gateway);
    activate(&mut gateway.web(), &letters::link(&hop.wait_to(ANNA).bytes));
    send(&gateway);
    poll("a note", || (gateway.count("SELECT count(*) FROM pace WHERE announced_at > 0") == 1).then_some(()));
    for far in FAR {
        change(
            &gateway.home.data(),
            &format!("UPDATE pace SET announced_at = {far}; DELETE FROM unannounced"),
        );
        let before = notices(&hop);
        send(&gateway);
        poll("a notice", || (notices(&hop) > before).then_some(()));
    }
    gateway.sweep();
}

#[test]
fn counts_that_cannot_be_count_as_the_most_that_can_and_end_with_the_day() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("limits.sender", "letters-per-hour", "5");
    let gateway = Gateway::start(&config);
    send(&gateway);
    if gateway.count("SELECT count(*) FROM sent_lately") == 0 {
        panic!("nothing is counted");
    }
    // No sum overflows: the sender hears that it is too much, and not that we have trouble.
    change(
        &gateway.home.data(),
        &format!(
            "UPDATE sent_lately SET letters = {max}, recipients = {max};
             INSERT INTO sent_lately (whose, slot, letters, recipients)
                 SELECT whose, slot - 300000, {max}, {max} FROM sent_lately",
            max = i64::MAX
        ),
    );
    let mut smtp = gateway.smtp();
    smtp.say(&format!("MAIL FROM:<{SENDER}>")).expect("250 *");
    smtp.say(&format!("RCPT TO:<{ANNA}>")).expect("250 *");
    smtp.say("DATA").expect("451 4.7.1 *");
    // Nothing is given back by what is less than nothing.
    change(
        &gateway.home.data(),
        &format!(
            "DELETE FROM sent_lately WHERE slot < (SELECT max(slot) FROM sent_lately);
                  UPDATE sent_lately SET letters = {}, recipients = {}",
            i64::MIN,
            i64::MIN
        ),
    );
    send(&gateway);
    assert_eq!(gateway.count("SELECT count(*) FROM sent_lately WHERE letters < 1"), 0);
    gateway.sweep();
}
