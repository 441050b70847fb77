//! Failing disks: a process that cannot keep its promises any more ends and is restarted; a disk over its
//! quota or full defers letters and recovers; and a full disk can be freed, because deliveries, log-ins and
//! reading continue.

use rig::gateway::Home;
use rig::ill_disk::{IllDisk, SmallDisk};
use rig::letters::{self, without_trace};
use rig::process::poll;
use rig::reader::{PASSWORD, activate, letter_path};
use rig::{Config, Gateway, Hop, Smtp};

/// One attempt at a letter; the reply that ended it.
fn attempt(gateway: &Gateway, to: &str, letter: &[u8]) -> u16 {
    let mut client = Smtp::connect_silently(gateway.config.smtp);
    let Ok(greeting) = client.try_reply() else { return 421 };
    if greeting.code != 220 {
        return greeting.code;
    }
    client.ehlo();
    for command in ["MAIL FROM:<a@insurer.example>".to_owned(), format!("RCPT TO:<{to}>")] {
        let reply = client.say(&command);
        if reply.code != 250 {
            return reply.code;
        }
    }
    client.data(letter).code
}

#[test]
fn a_process_that_can_promise_nothing_more_ends_and_the_next_one_goes_on() {
    for how in ["fsync-eio", "write-eio", "write-erofs"] {
        let (hop, disk) = (Hop::new(), IllDisk::new());
        let config = Config::on_sqlite(&hop);
        let mut gateway = Gateway::start_with(&config, &disk.environment());
        let letter = letters::plain("Angebot", "x");
        assert_eq!(attempt(&gateway, "before@web.example", &letter), 250);
        let _ = hop.wait_to("before@web.example");
        // Otherwise the end of its delivery could fail, before the next letter.
        poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
        disk.fail(how);
        assert_eq!(attempt(&gateway, "during@web.example", &letter) / 100, 4, "{how}");
        let status = gateway.wait();
        assert!(!status.success(), "{how}: it must not look like an ordinary end: {status}");
        gateway.wait_logged("nothing more is promised");
        disk.heal(how);
        gateway.restart();
        assert_eq!(attempt(&gateway, "after@web.example", &letter), 250);
        assert_eq!(without_trace(&hop.wait_to("after@web.example").bytes), letter);
        gateway.sweep();
    }
}

#[test]
fn over_its_quota_a_disk_recovers_like_a_full_one() {
    let (hop, disk) = (Hop::new(), IllDisk::new());
    let gateway = Gateway::start_with(&Config::on_sqlite(&hop), &disk.environment());
    let letter = letters::plain("Angebot", "x");
    assert_eq!(attempt(&gateway, "before@web.example", &letter), 250);
    let _ = hop.wait_to("before@web.example");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    disk.fail("write-edquot");
    for _ in 0..3 {
        assert_eq!(attempt(&gateway, "during@web.example", &letter) / 100, 4);
    }
    disk.heal("write-edquot");
    // The same process.
    poll("room", || (attempt(&gateway, "after@web.example", &letter) == 250).then_some(()));
    let _ = hop.wait_to("after@web.example");
    gateway.sweep();
}

#[test]
fn a_full_disk_empties_itself() {
    let mut hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "max-size", r#""1 MiB""#).set("gateway", "minimum-free", r#""16 MiB""#);
    let home = Home::new(&config);
    let disk = SmallDisk::mount(&home.data(), 120);
    let mut gateway = Gateway::start_in(home, &config);
    let letter = letters::plain("[vertraulich] Ihr Unfall", "Sehr geehrte Frau Muster");
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 *");
    let link = letters::link(&hop.wait_to("k@web.example").bytes);
    let path = letter_path(&activate(&mut gateway.web(), &link));
    gateway.web().get("/ready").expect(200);

    hop.close();
    let waiting = letters::plain("Angebot", "x");
    gateway.smtp().letter("a@insurer.example", &["waiting@web.example"], &waiting).expect("250 *");
    poll("a first try", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") > 0).then_some(()));

    disk.fill();
    gateway.smtp().say("MAIL FROM:<a@insurer.example>").expect("452 4.3.1 *");
    gateway.web().get("/ready").expect(503);
    hop.open();
    assert_eq!(without_trace(&hop.wait_to("waiting@web.example").bytes), waiting);
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    let mut web = gateway.web();
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", "k@web.example"), ("password", PASSWORD)]);
    let inbox = web.follow(page);
    assert!(inbox.expect(200).text().contains("action=\"/logout\""));
    assert!(web.get(&path).expect(200).text().contains("Ihr Unfall"));
    assert_eq!(gateway.count("SELECT count(*) FROM deposits WHERE read_at IS NOT NULL"), 1);

    disk.clear();
    poll("room", || (gateway.smtp().say("MAIL FROM:<a@insurer.example>").code == 250).then_some(()));
    gateway.web().get("/ready").expect(200);
    gateway.stop();
    drop(gateway);
}
