//! The next hop is down, busy or unreliable: everything waits, nothing is lost, nothing comes twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rig::letters::{self, without_trace};
use rig::process::poll;
use rig::{Answer, Config, Gateway, Hop, Stage};

#[test]
fn what_came_while_it_was_down_goes_out_when_it_is_up() {
    let mut hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    hop.close();
    let mut client = gateway.smtp();
    let letters: Vec<Vec<u8>> = (0..10).map(|n| letters::plain(&format!("Angebot {n}"), "x")).collect();
    for (n, letter) in letters.iter().enumerate() {
        client.letter("a@insurer.example", &[&format!("k{n}@web.example")], letter).expect("250 2.0.0 *");
    }
    poll("a first try", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") > 0).then_some(()));
    hop.open();
    for (n, letter) in letters.iter().enumerate() {
        assert_eq!(without_trace(&hop.wait_to(&format!("k{n}@web.example")).bytes), *letter);
    }
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(hop.delivered().len(), 10, "each once");
    gateway.sweep();
}

#[test]
fn a_restart_in_between_changes_nothing() {
    let mut hop = Hop::new();
    let mut gateway = Gateway::start(&Config::new(&hop));
    hop.close();
    let letter = letters::plain("Angebot", "x");
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 2.0.0 *");
    gateway.stop();
    hop.open();
    gateway.restart();
    assert_eq!(without_trace(&hop.wait_to("k@web.example").bytes), letter);
    gateway.sweep();
}

#[test]
fn one_busy_recipient_waits_alone() {
    let hop = Hop::new();
    hop.answer_rcpt("busy@web.example", "450 4.2.1 mailbox busy");
    let gateway = Gateway::start(&Config::new(&hop));
    let to = ["one@web.example", "busy@web.example", "two@web.example"];
    gateway.smtp().letter("a@insurer.example", &to, &letters::plain("Angebot", "x")).expect("250 2.0.0 *");
    let _ = (hop.wait_to("one@web.example"), hop.wait_to("two@web.example"));
    hop.be_kind();
    let _ = hop.wait_to("busy@web.example");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    let recipients: usize = hop.delivered().iter().map(|letter| letter.rcpts.len()).sum();
    assert_eq!(recipients, 3, "each once, no report");
    gateway.sweep();
}

#[test]
fn a_temporary_no_at_any_stage_is_tried_again() {
    for stage in [Stage::Connect, Stage::Hello, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Body] {
        let hop = Hop::new();
        let refusals = Arc::new(AtomicUsize::new(0));
        let seen = refusals.clone();
        hop.script(move |at, _| {
            if at == stage && seen.fetch_add(1, Ordering::SeqCst) == 0 {
                Answer::say("451 4.3.0 not now")
            } else {
                Answer::Yes
            }
        });
        let gateway = Gateway::start(&Config::new(&hop));
        gateway
            .smtp()
            .letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x"))
            .expect("250 *");
        let _ = hop.wait_to("k@web.example");
        poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
        assert_eq!(hop.delivered().len(), 1, "{stage:?}");
        assert!(refusals.load(Ordering::SeqCst) >= 1, "{stage:?} was never reached");
    }
}

#[test]
fn a_connection_cut_at_any_stage_is_tried_again() {
    for stage in [Stage::Connect, Stage::Hello, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Body] {
        let hop = Hop::new();
        let cuts = AtomicUsize::new(0);
        hop.script(move |at, _| {
            if at == stage && cuts.fetch_add(1, Ordering::SeqCst) == 0 { Answer::Drop } else { Answer::Yes }
        });
        let gateway = Gateway::start(&Config::new(&hop));
        gateway
            .smtp()
            .letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x"))
            .expect("250 *");
        let _ = hop.wait_to("k@web.example");
        poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
        assert_eq!(hop.delivered().len(), 1, "{stage:?}");
    }
}

#[test]
fn a_permanent_no_at_any_stage_ends_in_a_report() {
    for stage in [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Body] {
        let hop = Hop::new();
        let refusals = AtomicUsize::new(0);
        hop.script(move |at, _| {
            if at == stage && refusals.fetch_add(1, Ordering::SeqCst) == 0 {
                Answer::say("550 5.7.1 never")
            } else {
                Answer::Yes
            }
        });
        let gateway = Gateway::start(&Config::new(&hop));
        gateway
            .smtp()
            .letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x"))
            .expect("250 *");
        let report = hop.wait_to("a@insurer.example").text();
        assert!(report.contains("550 5.7.1 never"), "{stage:?}: {report}");
        assert_eq!(hop.delivered().len(), 1, "{stage:?}");
    }
}

#[test]
fn a_lost_reply_costs_at_most_a_second_copy_with_the_same_message_id() {
    let hop = Hop::new();
    let taken = AtomicUsize::new(0);
    hop.script(move |at, _| {
        if at == Stage::Body && taken.fetch_add(1, Ordering::SeqCst) == 0 {
            Answer::TakeAndDrop
        } else {
            Answer::Yes
        }
    });
    let gateway = Gateway::start(&Config::new(&hop));
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
    let got = hop.wait(2);
    assert_eq!(letters::field(&got[0].bytes, "Message-ID"), letters::field(&got[1].bytes, "Message-ID"));
    gateway.sweep();
}

#[test]
fn a_delay_is_told_once_and_giving_up_ends_in_a_report() {
    let hop = Hop::new();
    hop.answer_rcpt("busy@web.example", "450 4.2.1 mailbox busy");
    let mut config = Config::new(&hop);
    config.set("delivery", "delay-notice", r#""500 ms""#).set("delivery", "give-up", r#""3 s""#);
    let gateway = Gateway::start(&config);
    gateway
        .smtp()
        .letter("a@insurer.example", &["busy@web.example"], &letters::plain("x", "x"))
        .expect("250 *");
    let delayed = hop.wait(1)[0].text();
    assert!(delayed.contains("Action: delayed") && delayed.contains("450 4.2.1 mailbox busy"), "{delayed}");
    let all = hop.wait(2);
    let failed = all[1].text();
    assert!(failed.contains("Action: failed") && failed.contains("busy@web.example"), "{failed}");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!(hop.delivered().len(), 2, "one delay, one failure");
    gateway.sweep();
}

#[test]
fn connections_are_kept_for_the_next_letter() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    for n in 0..20 {
        let to = format!("k{n}@web.example");
        client.letter("a@insurer.example", &[&to], &letters::plain("x", "x")).expect("250 *");
        let _ = hop.wait_to(&to);
    }
    let sessions = hop.delivered().iter().map(|d| d.session).max().unwrap();
    assert!(sessions <= 3, "{sessions} connections for 20 letters one after the other");
}
