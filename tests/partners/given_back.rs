//! An attacker resends a captured encrypted letter under their own reverse-path, hoping to get it back decrypted. They
//! get nothing, whatever they request and whatever the internal server replies; and honest senders are still notified
//! of failures.

use rig::process::poll;
use rig::{Answer, Delivered, Reply, Smtp, Stage, letters};

use super::inward::{ENTITY, HEAD, Scene};
use super::openssl;
use super::out::our_certificate;
use super::unopened::base64;

/// The text inside, the subject outside: neither may come back.
const WORDS: [&str; 4] = ["e: 4711", "Die Gr", "Befund", "X-Sealpost"];

impl Scene {
    /// A captured letter.
    fn caught(&self) -> Vec<u8> {
        openssl::House::new("moor@clinic.example").close(HEAD, ENTITY, &our_certificate(&self.gateway))
    }

    /// One that can be decrypted, one for another recipient, and one with an invalid padding: the last whole line of
    /// the base64 is changed.
    fn three_ways(&self) -> [Vec<u8>; 3] {
        let good = self.caught();
        let elsewhere = openssl::House::new("somebody@else.example");
        let key = std::fs::read_to_string(elsewhere.certificate()).unwrap();
        let foreign = elsewhere.close(HEAD, ENTITY, &key);
        let mut tampered = good.clone();
        let end = tampered.windows(4).rposition(|four| four == b"\r\n\r\n").unwrap();
        let at = end - 70;
        tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
        [good, foreign, tampered]
    }

    fn eve_sends(&self, to: &str, letter: &[u8]) -> Reply {
        let mut client = Smtp::connect(self.world);
        client.ehlo();
        client.say("MAIL FROM:<eve@elsewhere.example> RET=FULL ENVID=mine").expect("250 *");
        let rcpt = format!("RCPT TO:<{to}> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;mine@elsewhere.example");
        client.say(&rcpt).expect("250 *");
        client.data(letter)
    }

    fn eve_hears(&self, action: &str) -> Delivered {
        let report = self.outside.wait_where(action, |mail| {
            mail.to().contains(&"eve@elsewhere.example") && mail.text().contains(action)
        });
        let text = report.text();
        for word in WORDS {
            assert!(!text.contains(word), "{word} came back:\n{text}");
        }
        assert!(!text.contains("message/rfc822") && !text.contains("rfc822-headers"), "{text}");
        // Honest senders know which letter it was.
        assert!(text.contains("Original-Envelope-Id: mine"), "{text}");
        report
    }

    fn nothing_waits(&self) {
        poll("an empty queue", || (self.gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    }
}

#[test]
fn a_recipient_whom_the_server_inside_refuses_brings_nothing_back() {
    let scene = Scene::new(|_| {});
    scene.inside.answer_rcpt("nobody@insurer.example", "550 5.1.1 no such user");
    scene.eve_sends("nobody@insurer.example", &scene.caught()).expect("250 *");
    let text = scene.eve_hears("Action: failed").text();
    assert!(text.contains("Status: 5.1.1") && text.contains("nobody@insurer.example"), "{text}");
    scene.nothing_waits();
    scene.gateway.sweep();
}

#[test]
fn what_the_server_inside_says_of_the_letter_is_not_passed_on() {
    let scene = Scene::new(|_| {});
    scene.inside.script(|stage, _| match stage {
        Stage::Body => Answer::say("554 5.7.1 the size: 4711"),
        _ => Answer::Yes,
    });
    scene.eve_sends("erika.muster@insurer.example", &scene.caught()).expect("250 *");
    let text = scene.eve_hears("Action: failed").text();
    assert!(text.contains("Status: 5.0.0"), "{text}");
    scene.nothing_waits();
    scene.gateway.sweep();
}

#[test]
fn a_letter_given_up_after_a_restart_brings_nothing_back() {
    let mut scene = Scene::new(|config| {
        config.set("delivery", "delay-notice", r#""200 ms""#).set("delivery", "give-up", r#""6 s""#);
    });
    scene.inside.answer_rcpt("erika.muster@insurer.example", "450 4.2.1 mailbox busy");
    scene.eve_sends("erika.muster@insurer.example", &scene.caught()).expect("250 *");
    scene.inside.wait_stage(Stage::Rcpt, 1);
    scene.gateway.kill();
    scene.gateway.restart();
    scene.eve_hears("Action: failed");
    scene.nothing_waits();
    scene.gateway.sweep();
}

#[test]
fn the_server_inside_is_asked_to_return_nothing_and_success_is_told_by_us() {
    let scene = Scene::new(|_| {});
    scene.eve_sends("erika.muster@insurer.example", &scene.caught()).expect("250 *");
    let arrived = scene.inside.wait_to("erika.muster@insurer.example");
    assert!(arrived.text().contains("4711"), "it was opened");
    assert!(arrived.mail.contains(" RET=HDRS") && !arrived.mail.contains("ENVID"), "{}", arrived.mail);
    assert!(arrived.rcpts[0].ends_with(" NOTIFY=NEVER"), "{:?}", arrived.rcpts);
    scene.eve_hears("Action: relayed");
    scene.nothing_waits();
    scene.gateway.sweep();
}

#[test]
fn a_letter_that_came_in_clear_comes_back_as_it_was_asked_for() {
    let scene = Scene::new(|_| {});
    scene.inside.answer_rcpt("nobody@insurer.example", "550 5.1.1 no such user");
    scene.eve_sends("nobody@insurer.example", &letters::plain("Frage", "Text der Frage")).expect("250 *");
    let report = scene.outside.wait_to("eve@elsewhere.example").text();
    assert!(report.contains("Text der Frage") && report.contains("550 5.1.1 no such user"), "{report}");
    scene.gateway.sweep();
}

/// Decryptable, tampered with, and for another recipient: the peer gets the same replies, and so does the sender.
#[test]
fn neither_reply_nor_report_says_whether_a_letter_opened() {
    let scene = Scene::new(|_| {});
    scene.inside.answer_rcpt("nobody@insurer.example", "550 5.1.1 no such user");
    let mut heard = Vec::new();
    for (count, letter) in scene.three_ways().iter().enumerate() {
        let reply = scene.eve_sends("nobody@insurer.example", letter);
        let reports = scene.outside.wait(count + 1);
        let text = reports[count].text();
        let told: Vec<String> = text
            .lines()
            .filter(|line| {
                ["Action:", "Status:", "Diagnostic-Code:", "Content-Type: message"]
                    .iter()
                    .any(|field| line.starts_with(field))
            })
            .map(str::to_owned)
            .collect();
        heard.push((reply.code, told));
    }
    assert!(heard.windows(2).all(|two| two[0] == two[1]), "{heard:#?}");
    scene.gateway.sweep();
}

/// RFC 3834 suggests telling people how to reply safely: the author of an encrypted letter is told nothing, since the
/// text, and whether there is one, would depend on the content.
#[test]
fn our_own_address_answers_nobody_who_wrote_closed() {
    let scene = Scene::new(|config| {
        config.set("notices", "replies", r#""here""#);
    });
    for letter in scene.three_ways() {
        scene.eve_sends("securemail@insurer.example", &letter).expect("250 *");
    }
    let open = letters::plain("Re: Brief", "Wie antworte ich?");
    let mut client = Smtp::connect(scene.world);
    client.ehlo();
    client.letter("max@web.example", &["securemail@insurer.example"], &open).expect("250 *");
    let _ = scene.outside.wait_to("max@web.example");
    scene.nothing_waits();
    assert_eq!(scene.outside.delivered().len(), 1, "the sender of an encrypted letter got a report");
    scene.gateway.sweep();
}

/// What AES-CBC does not protect can be changed until it opens: a report on what went on would tell which change did.
#[test]
fn what_nothing_authenticates_waits_like_what_does_not_open() {
    let scene = Scene::new(|config| {
        config.set("partners", "unopened", r#""hold""#);
    });
    let house = openssl::House::new("moor@clinic.example");
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours.pem");
    std::fs::write(&ours, our_certificate(&scene.gateway)).unwrap();
    let closed = base64(&house.envelope(ENTITY.replace('\n', "\r\n").as_bytes(), &ours));
    let unsigned = format!(
        "{}MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{closed}",
        HEAD.replace('\n', "\r\n")
    );
    let [_signed, foreign, tampered] = scene.three_ways();
    for letter in [unsigned.as_bytes(), &foreign, &tampered] {
        scene.eve_sends("erika.muster@insurer.example", letter).expect("250 *");
    }
    assert_eq!(scene.gateway.count("SELECT count(*) FROM legs WHERE state = 'frozen'"), 3);
    scene.gateway.wait_logged("whole=unproven");
    assert!(scene.outside.delivered().is_empty() && scene.inside.delivered().is_empty());
    scene.gateway.sweep();
}
