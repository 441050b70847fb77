//! What follows from verdicts before any row is built: treatments by recipient, the client's reply, and the
//! result of examining a letter.

use sealpost_arrival::{Decided, Unclosable, Way, each, look, name, refuse_whole};
use sealpost_mail::{
    Direction, Envelope, Grounds, Head, Refusal, Reply, ReversePath, Signing, TlsFloor, Treatment,
};
use sealpost_mailbox::ReturnToken;
use sealpost_policy::{Facts, Known};
use sealpost_store::{MailboxState, Pace};

use crate::rig::{BOUNCES, OURS, Rig, SENDER, address, envelope, from_nobody, origin, rules};

const RULES: &str = r#"[
    {"name": "later", "when": {"recipient": "later.example"}, "then": {"refuse": {"text": "Not now"}}},
    {"name": "portal", "when": {"recipient": "web.example"}, "then": "portal"},
    {"name": "held", "when": {"recipient": "held.example"}, "then": "hold"},
    {"name": "closed", "when": {"recipient": "clinic.example"}, "then": "domain"}
]"#;

fn decided(rig: &Rig, envelope: &Envelope) -> Vec<Decided> {
    let head = Head::new(format!("From: {SENDER}\r\n\r\n").into_bytes()).unwrap();
    let facts = Facts {
        reverse_path: &envelope.reverse_path,
        origin: &origin(),
        head: &head,
        recipient: &address("nobody@x.example"),
        size: 100,
        deep: &Known::Unasked,
        heads: &Known::Unasked,
        thread: &Known::Unasked,
        closed_thread: &Known::Unasked,
        from_partner: false,
        unopened: false,
        direction: Direction::Outbound,
    };
    each(&rules(RULES), &rig.context().tenant.announcer, &facts, envelope).unwrap()
}

fn word(way: &Way) -> String {
    match way {
        Way::Judged(judgement) => name(&judgement.treatment).to_owned(),
        Way::Closed(_) => "closed".to_owned(),
        Way::Signed(..) => "signed".to_owned(),
        Way::Unclosable(_) => "unclosable".to_owned(),
        Way::Bounce(token) => format!("bounce {}", token.expose()),
        Way::ToUs => "to us".to_owned(),
    }
}

#[tokio::test]
async fn our_own_addresses_come_before_every_rule_and_each_recipient_keeps_its_verdict() {
    let rig = Rig::new();
    let to = [
        "a@web.example",
        "bounce+ABC@insurer.example",
        "b@relay.example",
        OURS,
        "SecureMail@Insurer.example",
        "c@held.example",
        "d@clinic.example",
        "e@later.example",
        BOUNCES,
        "bounce+abc@other.example",
    ];
    let ways: Vec<String> = decided(&rig, &envelope(SENDER, &to)).iter().map(|one| word(&one.way)).collect();
    assert_eq!(
        ways,
        ["portal", "bounce abc", "relay", "to us", "to us", "hold", "domain", "refuse", "relay", "relay"]
    );
    let off = Rig::with(|set| {
        set.announcer.bounces = None;
        set.announcer.replies_here = false;
    });
    for one in decided(&off, &envelope(SENDER, &[OURS, "bounce+ABC@insurer.example"])) {
        assert_eq!(word(&one.way), "relay", "{:?}", one.recipient.address);
    }
}

#[test]
fn one_answer_for_all_is_a_refusal_where_nobody_else_got_it_or_nobody_can_be_told() {
    let refused = |code: u16| {
        Way::Unclosable(Unclosable::Written(match code {
            451 => Reply::later(451, 7, 5, "Later"),
            _ => Reply::refuse(550, 7, 1, "No"),
        }))
    };
    let letters = |ways: Vec<Way>| -> Vec<Decided> {
        let one = |way| Decided { recipient: envelope(SENDER, &["a@b.example"]).recipients.remove(0), way };
        ways.into_iter().map(one).collect()
    };
    let (known, unknown) = (envelope(SENDER, &["a@b.example"]), from_nobody(&["a@b.example"]));
    for (what, envelope, ways, code) in [
        ("nobody is refused", &known, vec![Way::ToUs, Way::ToUs], None),
        ("one of two", &known, vec![Way::ToUs, refused(550)], None),
        ("all", &known, vec![refused(550), refused(550)], Some(550)),
        ("one for now", &known, vec![Way::ToUs, refused(451)], Some(451)),
        ("one for now, one for good", &known, vec![refused(550), refused(451)], Some(451)),
        ("one of two of a report", &unknown, vec![Way::ToUs, refused(550)], Some(550)),
        ("a report that is taken", &unknown, vec![Way::Bounce(ReturnToken::read("x"))], None),
    ] {
        let answer = refuse_whole(envelope, &letters(ways)).err().map(|reply| reply.code());
        assert_eq!(answer, code, "{what}");
    }
    assert_eq!(unknown.reverse_path, ReversePath::Null);
}

/// The scenario that checks a treatment's rows: a new treatment does not compile before it has one.
fn scenario(treatment: &Treatment) -> &'static str {
    match treatment {
        Treatment::Relay { .. } => "a_relayed_letter_is_one_leg_with_the_bytes_that_came",
        Treatment::Portal => "a_letter_to_a_stranger_makes_a_pending_mailbox_its_deposit_and_its_notice",
        Treatment::Domain { .. } => {
            "without_a_key_a_letter_for_a_partner_goes_the_second_way_and_never_in_clear"
        }
        Treatment::Refuse(_) => "a_refused_letter_leaves_nothing",
        Treatment::Hold { .. } => "a_held_letter_is_sealed_as_held_and_goes_nowhere",
    }
}

#[test]
fn every_treatment_has_a_word_of_its_own_and_a_scenario() {
    let tls = TlsFloor::None;
    let otherwise = sealpost_mail::Otherwise::Portal;
    let all = [
        Treatment::Relay { tls, sign: Signing::Off },
        Treatment::Portal,
        Treatment::Domain { partner: None, otherwise },
        Treatment::Refuse(Refusal { reply: Reply::refuse(550, 7, 1, "No"), grounds: Grounds::Written }),
        Treatment::Hold { tls },
    ];
    let words: Vec<&str> = all.iter().map(name).collect();
    assert_eq!(words, ["relay", "portal", "domain", "refuse", "hold"]);
    let scenarios = include_str!("treatments.rs");
    for treatment in &all {
        assert!(scenarios.contains(&format!("async fn {}()", scenario(treatment))), "{treatment:?}");
    }
}

#[test]
fn a_look_finds_texts_and_names_believes_no_type_and_says_when_it_cannot() {
    let mail =
        |kind: &str, rest: &str| format!("From: {SENDER}\r\nContent-Type: {kind}\r\n\r\n{rest}").into_bytes();
    let seen = |bytes: &[u8]| match look(bytes).0 {
        Known::Yes(deep) => deep,
        Known::Unasked | Known::Unanswerable(_) | Known::Never(_) => panic!("nothing was found"),
    };
    let plain = seen(&mail("text/plain", "Befund-4711"));
    assert!(plain.texts.iter().any(|text| text.contains("Befund-4711")));
    assert_eq!((plain.encrypted, plain.signed, plain.attachments.len()), (false, false, 0));

    let parts = "--b\r\nContent-Type: text/plain\r\n\r\nText\r\n--b\r\nContent-Type: application/pdf\r\n\
                 Content-Disposition: attachment; filename=\"Befund.pdf\"\r\n\r\n%PDF\r\n--b--\r\n";
    let mixed = seen(&mail("multipart/mixed; boundary=b", parts));
    assert_eq!(mixed.attachments.len(), 1, "{:?}", mixed.attachments);

    // Claiming to be encrypted does not make a letter encrypted: its content is read nevertheless.
    let lie = seen(&mail("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "Befund-4711"));
    assert!(!lie.encrypted);
    let pgp = "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b";
    let lie = "--b\r\nContent-Type: text/plain\r\n\r\nBefund-4711\r\n--b--\r\n";
    assert!(!seen(&mail(pgp, lie)).encrypted);

    let wide = "--b\r\nContent-Type: text/plain\r\n\r\nText\r\n".repeat(5000);
    assert!(
        matches!(look(&mail("multipart/mixed; boundary=b", &wide)).0, Known::Never(_)),
        "never answered for"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_cannot_be_answered_refuses_and_never_says_no() {
    let rules = r#"[{"name": "files", "when": {"attachment-name": "*.exe"}, "then": "refuse"}]"#;
    let rig = Rig::with(|set| set.rules = rules.to_owned());
    let wide = "--b\r\nContent-Type: text/plain\r\n\r\nText\r\n".repeat(5000);
    let bytes = format!("From: {SENDER}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{wide}--b--\r\n");
    let reply = rig.send(envelope(SENDER, &["a@relay.example"]), origin(), bytes.as_bytes()).await;
    assert!(reply.is_err(), "not relayed as if it held nothing");
    assert!(rig.legs().await.is_empty());
}

#[tokio::test]
async fn languages_and_paces_follow_from_what_the_operator_and_the_owner_say() {
    let rig = Rig::with(|set| {
        set.announcer.pace = Pace::Daily;
        set.announcer.pending_pace = Pace::Hourly;
    });
    let announcer = &rig.context().tenant.announcer;
    for (to, tag) in [
        ("a@en.web.example", "en"),
        ("a@deep.in.en.web.example", "en"),
        ("a@web.example", "de"),
        ("a@len.web.example", "de"),
        ("a@en.web.example.org", "de"),
    ] {
        assert_eq!(announcer.language(&address(to)).tag(), tag, "{to}");
    }
    let (pending, active) = (MailboxState::Pending, MailboxState::Active);
    for (state, request, pace) in [
        (pending, None, Pace::Hourly),
        (pending, Some(Pace::AtOnce), Pace::Hourly),
        (active, None, Pace::Daily),
        (active, Some(Pace::AtOnce), Pace::AtOnce),
        (MailboxState::Locked, Some(Pace::Hourly), Pace::Hourly),
    ] {
        assert_eq!(announcer.pace_of(state, request), pace, "{state:?} {request:?}");
    }
}
