//! A recipient is refused while others get the letter: its sender reads why in the languages of reports, not
//! in that of SMTP replies, which machines and postmasters read below.

use sealpost_mail::Notify;
use sealpost_notice::Language;

use crate::rig::{Rig, SENDER, Setting, envelope, letter, origin, recipient};

/// Reports in this language alone.
fn speaking(language: Language, set: impl FnOnce(&mut Setting)) -> Rig {
    Rig::with(|setting| {
        setting.routes.report_languages = vec![language];
        set(setting);
    })
}

/// The human-readable and the machine-readable part for a recipient, while another one gets the letter.
async fn report(rig: &Rig, refused: &str, bytes: &[u8]) -> (String, String) {
    rig.send(envelope(SENDER, &[refused, "a@relay.example"]), origin(), bytes).await.unwrap();
    let report = rig.rest(&rig.leg_to(SENDER).await).await;
    rig.let_go().await;
    let (people, machines) = report.split_once("message/delivery-status").unwrap();
    let in_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    (in_one_line(&decoded(people)), in_one_line(machines))
}

fn any(rig: &Rig) -> Vec<u8> {
    letter(&rig.random, "Gruss", "", "Text")
}

/// Quoted-printable, as far as these texts need it.
fn decoded(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, digits.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'=', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_german_sender_reads_german_and_the_reply_stays_english() {
    let rig = speaking(Language::De, |_| {});
    let (people, machines) = report(&rig, "arzt@strict.example", &any(&rig)).await;
    assert!(people.contains("Sie muss verschlüsselt werden."), "{people}");
    assert!(people.contains("Die Domain des Empfängers gehört zu keinem Partner."), "{people}");
    for english in ["must be", "not sent", "recipient's", "partner's", "Reason"] {
        assert!(!people.contains(english), "{english}: {people}");
    }
    assert!(machines.contains("550 5.7.5 This message must be encrypted"), "{machines}");

    let rig = speaking(Language::En, |_| {});
    let (people, _) = report(&rig, "arzt@strict.example", &any(&rig)).await;
    assert!(people.contains("It must be encrypted. The recipient’s domain does not belong"), "{people}");
    assert!(!people.contains("Sie muss"), "{people}");
}

#[tokio::test]
async fn the_words_of_a_rule_are_given_as_the_operator_wrote_them() {
    let rig = speaking(Language::De, |_| {});
    let (people, _) = report(&rig, "x@refused.example", &any(&rig)).await;
    assert!(people.contains("Grund: Not there"), "{people}");
}

#[tokio::test]
async fn a_rule_without_words_is_said_in_ours() {
    let rig = speaking(Language::De, |set| {
        set.rules = r#"[{"name": "no", "when": {"recipient": "no.example"}, "then": "refuse"}]"#.to_owned();
    });
    let (people, machines) = report(&rig, "x@no.example", &any(&rig)).await;
    assert!(people.contains("Grund: Eine Regel lässt sie nicht zu."), "{people}");
    assert!(machines.contains("not accepted here by policy"), "{machines}");
}

#[tokio::test]
async fn what_no_rule_can_judge_is_said_in_ours() {
    let rules = r#"[{"name": "whose", "when": {"recipient": "deep.example", "from": "x.example"}, "then": "portal"}]"#;
    let rig = speaking(Language::De, |set| set.rules = rules.to_owned());
    let two =
        String::from_utf8(any(&rig)).unwrap().replace(&format!("<{SENDER}>"), "<a@x.example>, b@y.example");
    let (people, machines) = report(&rig, "x@deep.example", two.as_bytes()).await;
    assert!(people.contains("Grund: Sie lässt sich nicht beurteilen"), "{people}");
    assert!(machines.contains("554 5.6.0"), "{machines}");
}

#[tokio::test]
async fn a_full_mailbox_is_said_in_ours() {
    let rig = speaking(Language::De, |set| set.quotas.mailbox = Some(2000));
    let large = "x".repeat(1800);
    let bytes = letter(&rig.random, "Eins", "", &large);
    rig.send(envelope(SENDER, &["max@a.web.example"]), origin(), &bytes).await.unwrap();
    rig.let_go().await;
    let bytes = letter(&rig.random, "Zwei", "", &large);
    let (people, machines) = report(&rig, "max@a.web.example", &bytes).await;
    assert!(people.contains("Grund: Das Postfach des Empfängers ist voll."), "{people}");
    assert!(machines.contains("552 5.2.2"), "{machines}");
}

#[tokio::test]
async fn who_asked_to_hear_of_no_failure_hears_of_none() {
    let rig = Rig::new();
    let mut to_both = envelope(SENDER, &["a@relay.example"]);
    to_both.recipients.push(recipient("x@refused.example", Notify::Never));
    to_both
        .recipients
        .push(recipient("y@refused.example", Notify::On { success: true, failure: false, delay: true }));
    let bytes = letter(&rig.random, "Gruss", "", "Text");
    rig.send(to_both, origin(), &bytes).await.unwrap();
    assert_eq!(rig.queued_to().await, ["a@relay.example"]);
}
