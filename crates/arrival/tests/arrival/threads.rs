//! A reply to one of the portal's letters goes into the portal, however the reference is written.

use sealpost_store::LegPurpose;

use crate::rig::{Rig, SENDER, envelope, letter, origin};

const RULES: &str = r#"[
    {"name": "tagged", "when": {"subject-tag": "[vertraulich]"}, "then": "portal"},
    {"name": "thread", "when": {"reply": true}, "then": "portal"}
]"#;
const TO: &str = "max@relay.example";

/// A letter of the portal's; returns its Message-ID without brackets.
async fn first(rig: &Rig) -> String {
    let text = letter(&rig.random, "[vertraulich] Brief", "", "Text");
    let id = String::from_utf8(text.clone()).unwrap();
    let id = id.split("Message-ID: <").nth(1).unwrap().split('>').next().unwrap().to_owned();
    rig.send(envelope(SENDER, &["ida@relay.example"]), origin(), &text).await.unwrap();
    rig.let_go().await;
    id
}

/// The treatment of a letter with these fields.
async fn goes(rig: &Rig, fields: &str, text: &str) -> LegPurpose {
    let bytes = letter(&rig.random, "Aw: Brief", fields, text);
    rig.send(envelope(SENDER, &[TO]), origin(), &bytes).await.unwrap();
    let purpose = rig.leg_to(TO).await.row.purpose;
    rig.let_go().await;
    purpose
}

#[tokio::test]
async fn an_answer_is_known_by_every_field_and_spelling() {
    let rig = Rig::with(|set| set.rules = RULES.to_owned());
    let id = first(&rig).await;
    let (local, domain) = id.split_once('@').unwrap();
    for fields in [
        format!("In-Reply-To: <{id}>\r\n"),
        format!("References: <a@b.example> <{id}>\r\n"),
        format!("References: <a@b.example>\r\n <{id}>\r\n <c@d.example>\r\n"),
        format!("X-Forwarded-Message-Id: <{id}>\r\n"),
        format!("Supersedes: <{id}>\r\n"),
        format!("Obsoletes: <{id}>\r\n"),
        format!("X-References: <a@b.example> <{id}>\r\n"),
        format!("X-Forward-Of: <{id}>\r\n"),
        format!("In-Reply-To: {id}\r\n"),
        format!("In-Reply-To: Your letter <{id}> of today\r\n"),
        format!("In-Reply-To: <mid:{local}%40{domain}>\r\n"),
        format!("In-Reply-To: (an answer) <{id}>\r\n"),
        format!("References: &lt;{id}&gt;\r\n"),
    ] {
        assert_eq!(goes(&rig, &fields, "Text").await, LegPurpose::Notice, "{fields}");
    }
    for fields in ["In-Reply-To: <a@b.example>\r\n".to_owned(), format!("X-Other: <{id}>\r\n"), String::new()]
    {
        assert_eq!(goes(&rig, &fields, "Text").await, LegPurpose::Relay, "{fields}");
    }
}

#[tokio::test]
async fn a_letter_that_hands_one_of_the_portal_s_on_is_known_by_what_is_in_it() {
    let rig = Rig::with(|set| set.rules = RULES.to_owned());
    let id = first(&rig).await;
    let of = |id: &str| {
        format!(
            "From: {SENDER}\r\nMessage-ID: <f@insurer.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSiehe unten\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
             From: max@relay.example\r\nMessage-ID: <{id}>\r\n\r\nText\r\n--b--\r\n"
        )
    };
    rig.send(envelope(SENDER, &[TO]), origin(), of(&id).as_bytes()).await.unwrap();
    assert_eq!(rig.leg_to(TO).await.row.purpose, LegPurpose::Notice);
    rig.let_go().await;
    rig.send(envelope(SENDER, &[TO]), origin(), of("other@b.example").as_bytes()).await.unwrap();
    assert_eq!(rig.leg_to(TO).await.row.purpose, LegPurpose::Relay);
}

#[tokio::test]
async fn an_answer_in_a_long_thread_is_found_wherever_it_stands() {
    let rig = Rig::with(|set| set.rules = RULES.to_owned());
    let id = first(&rig).await;
    let many: String = (0..1500).map(|number| format!(" <{number}@b.example>\r\n")).collect();
    assert_eq!(goes(&rig, &format!("References: <{id}>\r\n{many}"), "x").await, LegPurpose::Notice);
    assert_eq!(goes(&rig, &format!("References:{many} <{id}>\r\n"), "x").await, LegPurpose::Notice);
    assert_eq!(goes(&rig, &format!("References:{many}"), "x").await, LegPurpose::Relay);
}
