//! Many letters for one mailbox: its owner is notified of the first, and of all others with one mail after the
//! interval; the owner of an activated mailbox chooses how often.

use rig::ill_clock::IllClock;
use rig::process::poll;
use rig::reader::{activate, letter_paths};
use rig::{Config, Delivered, Gateway, Hop, letters};

const KARL: &str = "k@web.example";
const HOUR: i64 = 3600;

fn send(gateway: &Gateway, nth: usize) {
    let letter = letters::plain(&format!("[vertraulich] Police {nth}"), "Text");
    gateway.smtp().letter("erika@insurer.example", &[KARL], &letter).expect("250 *");
}

/// Mails to its owner, once nothing is under way.
fn mails(gateway: &Gateway, hop: &Hop) -> Vec<Delivered> {
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    hop.delivered().into_iter().filter(|mail| mail.to() == [KARL]).collect()
}

/// The job has run at this hour, or later.
fn at_hour(gateway: &Gateway, clock: &IllClock, hour: i64) {
    clock.set(hour * HOUR);
    let since = (IllClock::right() + hour * HOUR - 60) * 1000;
    poll("letters to be looked for", || {
        let sql =
            "SELECT count(*) FROM job_runs WHERE job = 'digests' AND ended_at IS NOT NULL AND begun_at >= ";
        (gateway.count(&format!("{sql}{since}")) > 0).then_some(())
    });
}

fn start(pace: &str) -> (Hop, IllClock, Gateway) {
    let (hop, clock) = (Hop::new(), IllClock::new());
    let mut config = Config::by_clock(&hop, &clock);
    config.unset("notices", "pending-pace").set("notices", "pace", &format!("{pace:?}"));
    let gateway = Gateway::start_with(&config, &clock.environment());
    gateway.knows_its_jobs();
    (hop, clock, gateway)
}

#[test]
fn three_hundred_letters_for_somebody_who_is_not_there_are_two_mails() {
    let (hop, clock, gateway) = start("at-once");
    std::thread::scope(|scope| {
        // All at once: the second one to be processed checks again.
        for part in 0..4 {
            let gateway = &gateway;
            scope.spawn(move || (0..75).for_each(|nth| send(gateway, part * 75 + nth)));
        }
    });
    let first = mails(&gateway, &hop);
    assert_eq!(first.len(), 1, "one mail that invites");
    let link = letters::link(&first[0].bytes);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 300);
    assert_eq!(gateway.count("SELECT count(*) FROM unannounced"), 299);

    at_hour(&gateway, &clock, 2);
    let all = mails(&gateway, &hop);
    assert_eq!(all.len(), 2);
    let subject = letters::field(&all[1].bytes, "Subject").unwrap();
    assert!(subject.contains("299"), "{subject}");
    assert_eq!(letters::link(&all[1].bytes), link, "the same way in");
    assert_eq!(gateway.count("SELECT count(*) FROM unannounced"), 0);
    // Nothing new, so no mail.
    at_hour(&gateway, &clock, 4);
    assert_eq!(mails(&gateway, &hop).len(), 2);
    gateway.sweep();
}

#[test]
fn whoever_has_set_the_mailbox_up_chooses_how_often() {
    let (hop, clock, gateway) = start("at-once");
    send(&gateway, 0);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&mails(&gateway, &hop)[0].bytes));
    assert_eq!(letter_paths(&inbox).len(), 1);
    // As the operator says: each letter at once.
    send(&gateway, 1);
    send(&gateway, 2);
    assert_eq!(mails(&gateway, &hop).len(), 3);

    let account = web.get("/account");
    assert!(account.text().contains("E‑Mails über neue Nachrichten"), "{}", account.text());
    let saved = web.submit(&account, "/account", &[("pace", "daily"), ("zone", "Europe/Berlin")]);
    saved.expect(303);
    for nth in 3..6 {
        send(&gateway, nth);
    }
    at_hour(&gateway, &clock, 2);
    assert_eq!(mails(&gateway, &hop).len(), 3, "not before a day has passed since the first mail");
    at_hour(&gateway, &clock, 25);
    let all = mails(&gateway, &hop);
    assert_eq!(all.len(), 4);
    let subject = letters::field(&all[3].bytes, "Subject").unwrap().replace("_", " ");
    assert!(subject.contains("3 neue"), "{subject}");
    assert!(!String::from_utf8_lossy(&all[3].bytes).contains("Police"), "no letter's own words");

    gateway.sweep();
}

#[test]
fn whoever_wrote_a_letter_that_the_one_mail_spoke_of_hears_that_it_was_refused() {
    let (hop, clock, gateway) = start("at-once");
    let senders = ["erika@insurer.example", "paul@insurer.example", "vera@insurer.example"];
    for sender in senders {
        let letter = letters::plain("[vertraulich] Police", "Text");
        gateway.smtp().letter(sender, &[KARL], &letter).expect("250 *");
    }
    assert_eq!(mails(&gateway, &hop).len(), 1);
    hop.answer_rcpt(KARL, "550 5.1.1 no such mailbox");
    at_hour(&gateway, &clock, 2);
    // The sender of the first letter was notified.
    for sender in &senders[1..] {
        let report = hop.wait_where("a report", |mail| mail.to() == [*sender]);
        assert!(report.text().contains("Status: 5.1.1") && report.from().is_empty(), "{}", report.text());
    }
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    let told = hop.delivered().iter().filter(|mail| mail.to() == [senders[0]]).count();
    assert_eq!((told, hop.delivered().len()), (0, 3));
    gateway.sweep();
}

/// The dry run's lines for the one mailbox at this hour, and the total. The gateway's own clock is unchanged.
fn foreseen_at(gateway: &Gateway, hour: i64) -> String {
    let clock = IllClock::new();
    clock.set(hour * HOUR);
    let args = ["jobs", "run", "digests", "--dry-run"];
    let (code, out, err) = gateway.home.sealpost_with(&args, &clock.environment());
    assert_eq!(code, 0, "{out}{err}");
    out
}

#[test]
fn a_dry_run_says_which_letters_are_told_now_and_why_others_wait() {
    let (hop, clock, gateway) = start("hourly");
    send(&gateway, 0);
    activate(&mut gateway.web(), &letters::link(&mails(&gateway, &hop)[0].bytes));
    for nth in 1..3 {
        send(&gateway, nth);
    }
    let dry = foreseen_at(&gateway, 0);
    assert!(
        dry.contains("2 new letters of mailbox") && dry.contains("its pace allows the next mail in"),
        "{dry}"
    );
    assert!(dry.contains("0 in all; nothing was done"), "{dry}");
    let dry = foreseen_at(&gateway, 2);
    assert!(dry.contains("mail about 2 new letters of mailbox"), "{dry}");
    assert!(
        dry.contains("its pace allows another mail") && dry.contains("1 in all; nothing was done"),
        "{dry}"
    );

    gateway.said(&["mailbox", "lock", KARL, "--note", "the telephone was stolen"]);
    let told = mails(&gateway, &hop).len();
    let dry = foreseen_at(&gateway, 2);
    assert!(dry.contains("wait: support has locked it") && dry.contains("0 in all"), "{dry}");
    at_hour(&gateway, &clock, 2);
    assert_eq!(mails(&gateway, &hop).len(), told, "the run passes it by");

    gateway.said(&["mailbox", "unlock", KARL, "--note", "he called back"]);
    let told = mails(&gateway, &hop).len();
    let dry = foreseen_at(&gateway, 4);
    assert!(dry.contains("mail about ") && dry.contains("1 in all"), "{dry}");
    at_hour(&gateway, &clock, 4);
    assert_eq!(mails(&gateway, &hop).len(), told + 1);
    assert!(foreseen_at(&gateway, 6).contains("nothing is due\n0 in all"));
    gateway.sweep();
}
