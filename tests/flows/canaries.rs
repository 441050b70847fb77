//! Nothing readable on disk or in the log: every file the process wrote is searched for the letters' content,
//! while it runs, after it stopped and after it was killed.

use rig::{Answer, Canary, Config, Gateway, Hop, Stage, canary, letters};

/// One text for every place in a letter.
fn canaries() -> Vec<Canary> {
    [
        "Betreff-Kanarie-4f1a9c",
        "Textkanarie-Größe-b77e21",
        "HtmlKanarie-0c93d5",
        "Dateiname-Kanarie-e61f08",
        "PdfKanarie-5a2b7c",
        "Absenderkanarie-91d3e4",
        "Kopffeld-Kanarie-77aa10",
        "empfaengerkanarie-3c5d",
    ]
    .map(Canary::new)
    .to_vec()
}

fn letter(confidential: bool, n: usize) -> Vec<u8> {
    let tag = if confidential { "[vertraulich] " } else { "" };
    let rich = letters::rich(
        &format!("{tag}Betreff-Kanarie-4f1a9c {n}"),
        "Textkanarie-Größe-b77e21",
        "<p>HtmlKanarie-0c93d5</p>",
        "Dateiname-Kanarie-e61f08.pdf",
        &letters::pdf("PdfKanarie-5a2b7c"),
    );
    let mut letter = b"X-Intern: Kopffeld-Kanarie-77aa10\r\n".to_vec();
    letter.extend_from_slice(&rich);
    letter
}

/// Sends ordinary and confidential letters, small ones (kept in rows) and large ones (kept in files).
fn send(gateway: &Gateway) {
    let mut client = gateway.smtp();
    for (n, confidential) in [true, false, true, false].into_iter().enumerate() {
        let mut letter = letter(confidential, n);
        if n >= 2 {
            let filler = "Textkanarie-Größe-b77e21 PdfKanarie-5a2b7c\r\n".repeat(20_000);
            letter.extend_from_slice(filler.as_bytes());
        }
        let to = format!("empfaengerkanarie-3c5d{n}@web.example");
        client.letter("absenderkanarie-91d3e4@insurer.example", &[&to], &letter).expect("250 2.0.0 *");
    }
}

#[test]
fn in_a_queue_that_waits_and_in_mailboxes_after_stop_and_after_kill() {
    let mut hop = Hop::new();
    let mut gateway = Gateway::start(&Config::new(&hop));
    hop.close();
    send(&gateway);
    let look = |gateway: &Gateway| {
        canary::assert_unseen(&gateway.home.data(), &gateway.log(), &canaries());
    };
    look(&gateway);
    gateway.kill();
    look(&gateway);
    gateway.restart();
    gateway.stop();
    look(&gateway);
    hop.open();
    gateway.restart();
    for n in 0..4 {
        let _ = hop.wait_to(&format!("empfaengerkanarie-3c5d{n}@web.example"));
    }
    look(&gateway);
    gateway.sweep();
}

#[test]
fn in_what_a_kill_during_data_and_during_delivery_leaves_behind() {
    let hop = Hop::new();
    hop.script(|stage, _| if stage == Stage::Body { Answer::Hang } else { Answer::Yes });
    let mut gateway = Gateway::start(&Config::new(&hop));
    send(&gateway);
    hop.wait_stage(Stage::Body, 1);
    let mut client = gateway.smtp();
    client.envelope("a@insurer.example", &["k@web.example"]);
    client.say("DATA").expect("354 *");
    client.bytes(&letter(true, 9));
    client.bytes("Textkanarie-Größe-b77e21\r\n".repeat(50_000).as_bytes());
    gateway.kill();
    canary::assert_unseen(&gateway.home.data(), &gateway.log(), &canaries());
    // And nothing outside the data folder either.
    canary::assert_unseen(gateway.home.path(), "", &canaries());
}

#[test]
fn in_reports_that_wait() {
    let hop = Hop::new();
    hop.script(|stage, text| match stage {
        Stage::Rcpt if text.starts_with("empfaengerkanarie") => Answer::say("550 5.1.1 no"),
        Stage::Rcpt => Answer::say("450 4.2.1 busy"),
        _ => Answer::Yes,
    });
    let gateway = Gateway::start(&Config::new(&hop));
    send(&gateway);
    rig::process::poll("the reports", || {
        (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") >= 4).then_some(())
    });
    canary::assert_unseen(&gateway.home.data(), &gateway.log(), &canaries());
}
