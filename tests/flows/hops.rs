//! Difficult next hops and faults of the gateway: its clock, its lock, its second copy.

use std::process::Command;
use std::sync::{Mutex, mpsc};

use rig::gateway::{Home, binary, change};
use rig::ill_clock::IllClock;
use rig::letters::{self, without_trace};
use rig::process::{Process, poll};
use rig::{Answer, Authority, Config, Gateway, Hop, Stage};
use rustix::process::Signal;

fn send(gateway: &Gateway, to: &[&str], letter: &[u8]) {
    gateway.smtp().letter("a@insurer.example", to, letter).expect("250 *");
}

fn is_empty(gateway: &Gateway) {
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
}

/// 421 costs the connection. It is the trouble of the recipient it was said to, not of the hop.
#[test]
fn recipients_that_cost_a_connection_hold_up_nobody_else() {
    let hop = Hop::new();
    hop.script(|stage, text| match stage {
        Stage::Rcpt if text.starts_with("bad") => Answer::say("421 4.7.0 not this one"),
        _ => Answer::Yes,
    });
    let mut config = Config::new(&hop);
    config.set("delivery", "connections-per-destination", "4");
    // A deferred letter is not retried during the test: a good letter has one attempt.
    config.set("delivery", "retry", r#"["10 min"]"#);
    let gateway = Gateway::start(&config);
    let letter = letters::plain("Angebot", "x");
    let mut client = gateway.smtp();
    for n in 0..150 {
        let to = if n % 10 == 3 { format!("bad{n}@web.example") } else { format!("good{n}@web.example") };
        client.letter("a@insurer.example", &[&to], &letter).expect("250 *");
    }
    poll("the bad ones alone", || (gateway.count("SELECT count(*) FROM legs") == 15).then_some(()));
    let mut got: Vec<String> = hop.delivered().iter().flat_map(|d| d.rcpts.clone()).collect();
    got.sort();
    got.dedup();
    assert_eq!((got.len(), hop.delivered().len()), (135, 135), "each good one once");
    gateway.sweep();
}

/// What 50 transactions of one letter cost before: 50 times its bytes.
#[test]
fn a_large_letter_to_fifty_crosses_the_wire_once() {
    let hop = Hop::new();
    hop.answer_rcpt("k7@web.example", "550 5.1.1 no such user");
    let gateway = Gateway::start(&Config::new(&hop));
    let to: Vec<String> = (0..50).map(|n| format!("k{n}@web.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let letter = letters::sized("Rundschreiben", 2_000_000);
    send(&gateway, &to, &letter);
    let report = hop.wait_to("a@insurer.example").text();
    assert!(report.contains("k7@web.example") && !report.contains("k8@web.example"), "{report}");
    is_empty(&gateway);
    let delivered = hop.delivered();
    assert_eq!(delivered.iter().map(|d| d.rcpts.len()).collect::<Vec<_>>(), [49, 1]);
    assert_eq!(hop.events().iter().filter(|(stage, _)| *stage == Stage::Data).count(), 2);
    assert!(without_trace(&delivered[0].bytes) == letter, "the letter came out changed");
    gateway.sweep();
}

/// From the queue as well as straight on.
#[test]
fn recipients_share_a_transaction_when_they_come_from_the_queue() {
    let mut hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("delivery", "retry", r#"["2 s"]"#);
    let mut gateway = Gateway::start(&config);
    hop.close();
    let to: Vec<String> = (0..30).map(|n| format!("k{n}@web.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    send(&gateway, &to, &letters::plain("Rundschreiben", "x"));
    gateway.stop();
    hop.open();
    gateway.restart();
    assert_eq!(hop.wait(1)[0].rcpts.len(), 30);
    is_empty(&gateway);
    gateway.sweep();
    assert_eq!(hop.delivered().len(), 1);
}

/// A hop may stop at any number of recipients.
#[test]
fn a_hop_that_is_full_after_ten_gets_the_rest_in_further_transactions() {
    let hop = Hop::new();
    let taken = Mutex::new(0);
    hop.script(move |stage, _| {
        let mut taken = taken.lock().unwrap();
        match stage {
            Stage::Mail => *taken = 0,
            Stage::Rcpt if *taken == 10 => return Answer::say("452 4.5.3 too many recipients"),
            Stage::Rcpt => *taken += 1,
            Stage::Connect | Stage::Hello | Stage::Data | Stage::Body => {}
        }
        Answer::Yes
    });
    let mut config = Config::new(&hop);
    config.set("delivery", "retry", r#"["10 min"]"#);
    let gateway = Gateway::start(&config);
    let to: Vec<String> = (0..25).map(|n| format!("k{n}@web.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    send(&gateway, &to, &letters::plain("Rundschreiben", "x"));
    is_empty(&gateway);
    assert_eq!(hop.delivered().iter().map(|d| d.rcpts.len()).collect::<Vec<_>>(), [10, 10, 5]);
    gateway.sweep();
}

/// Two of them would send what the other has in hand.
#[test]
fn a_second_delivery_on_the_same_store_says_so_and_sends_nothing() {
    let hop = Hop::new();
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    hop.script(move |stage, _| {
        if stage == Stage::Body {
            let _ = wait.lock().unwrap().recv();
        }
        Answer::Yes
    });
    let gateway = Gateway::start(&Config::new(&hop));
    send(&gateway, &["k@web.example"], &letters::plain("x", "x"));
    hop.wait_stage(Stage::Data, 1);
    let mut command = Command::new(binary());
    command.args(["serve", "--role", "delivery", "--config"]).arg(gateway.home.config());
    let mut second = Process::start("a second one", command.current_dir(gateway.home.path()));
    let status = second.wait();
    let told = second.output.text();
    assert!(!status.success() && told.contains("another process runs delivery"), "{told}");
    drop(go);
    is_empty(&gateway);
    assert_eq!(hop.delivered().len(), 1, "once");
    gateway.sweep();
}

/// A letter deferred under a clock that was two days ahead, to a time that is two days away now.
#[test]
fn after_the_clock_was_set_back_what_waits_goes_by_itself() {
    let mut hop = Hop::new();
    let mut gateway = Gateway::start(&Config::new(&hop));
    hop.close();
    send(&gateway, &["k@web.example"], &letters::plain("x", "x"));
    poll("a try", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 1).then_some(()));
    gateway.stop();
    change(
        &gateway.home.data(),
        "UPDATE legs SET due_at = due_at + 2 * 86400000, created_at = created_at + 2 * 86400000",
    );
    hop.open();
    gateway.restart();
    let _ = hop.wait_to("k@web.example");
    is_empty(&gateway);
    gateway.sweep();
}

/// While it runs, and with what it has put off itself.
#[test]
fn when_the_running_clock_is_set_back_what_waits_goes_by_itself() {
    let (mut hop, clock) = (Hop::new(), IllClock::new());
    let mut config = Config::by_clock(&hop, &clock);
    config.set("delivery", "retry", r#"["5 s"]"#);
    let gateway = Gateway::start_with(&config, &clock.environment());
    send(&gateway, &["first@web.example"], &letters::plain("x", "x"));
    let _ = hop.wait_to("first@web.example");
    hop.close();
    send(&gateway, &["k@web.example"], &letters::plain("x", "x"));
    poll("a try", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 1).then_some(()));
    clock.set(-2 * 86_400);
    hop.open();
    let _ = hop.wait_to("k@web.example");
    is_empty(&gateway);
    // A new letter is sent, too.
    send(&gateway, &["after@web.example"], &letters::plain("x", "x"));
    let _ = hop.wait_to("after@web.example");
    is_empty(&gateway);
    let _ = gateway.process().output.wait("*the clock was set back*");
    gateway.sweep();
}

/// Exchange Online knows its connectors by certificate.
#[test]
fn a_hop_that_asks_who_we_are_is_shown_our_certificate() {
    let authority = Authority::new();
    let hop = Hop::with_tls(authority.server_for_known_clients(&authority.issue(&["127.0.0.1"])));
    let mut config = Config::new(&hop);
    config.set("hops.world", "tls", r#""starttls""#).set("hops.world", "floor", r#""verified""#).set(
        "hops.world",
        "ca",
        r#""ca.pem""#,
    );
    // Without one, nothing arrives.
    let home = Home::new(&config);
    let _ = authority.write(home.path());
    let gateway = Gateway::start_in(home, &config);
    send(&gateway, &["k@web.example"], &letters::plain("x", "x"));
    poll("a try", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 1).then_some(()));
    assert!(hop.delivered().is_empty());
    drop(gateway);

    config.begin_anew();
    config.set("hops.world", "certificate", r#""us.pem""#).set("hops.world", "key", r#""us.key""#);
    let home = Home::new(&config);
    let _ = authority.write(home.path());
    // A stranger's to begin with.
    let _ = Authority::new().issue(&["mailgate.insurer.example"]).write(home.path(), "us");
    let gateway = Gateway::start_in(home, &config);
    send(&gateway, &["k@web.example"], &letters::plain("x", "x"));
    poll("a try", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 1).then_some(()));
    assert!(hop.delivered().is_empty());
    // The right one is read again.
    let _ = authority.issue(&["mailgate.insurer.example"]).write(gateway.home.path(), "us");
    let before = gateway.process().output.lines().len();
    gateway.process().signal(Signal::HUP);
    gateway.process().output.wait_from(before, "*client certificate reloaded*").unwrap();
    assert!(hop.wait_to("k@web.example").tls);
    gateway.sweep();
}

#[test]
fn check_says_when_certificate_and_key_of_a_hop_do_not_belong_together() {
    let (hop, authority) = (Hop::new(), Authority::new());
    let mut config = Config::new(&hop);
    config.set("hops.world", "tls", r#""starttls""#).set("hops.world", "certificate", r#""us.pem""#).set(
        "hops.world",
        "key",
        r#""them.key""#,
    );
    let home = Home::new(&config);
    let _ = authority.issue(&["us.example"]).write(home.path(), "us");
    let _ = authority.issue(&["them.example"]).write(home.path(), "them");
    let (code, out, err) = home.sealpost(&["check"]);
    assert!(code != 0 && (out + &err).contains("us.pem: it and its key cannot be used together"), "{code}");
}
