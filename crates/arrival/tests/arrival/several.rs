//! One letter to several people: each gets what the rules say for them, and the client gets the single reply that SMTP
//! has.

use sealpost_delivery::Hold;
use sealpost_mail::{Envelope, Notify, Origin, TlsFloor};
use sealpost_store::{Folder, LegPurpose};

use crate::rig::{Rig, SENDER, envelope, from_nobody, letter, origin, recipient};

#[tokio::test]
async fn each_recipient_is_treated_alone_and_the_body_is_kept_once() {
    let rig = Rig::new();
    let to =
        ["a@relay.example", "b@web.web.example", "c@held.example", "d@refused.example", "e@clinic.example"];
    rig.write(&to, "Gruss").await.unwrap();
    let relayed = rig.leg_to("a@relay.example").await;
    let held = rig.leg_to("c@held.example").await;
    assert_eq!((relayed.hold, held.hold), (Hold::Free, Hold::Held));
    assert_eq!(relayed.row.body_id, held.row.body_id, "one sealed body for all copies");
    assert!(!relayed.head().contains("for <"), "nobody learns who else got it");
    for portal in ["b@web.web.example", "e@clinic.example"] {
        assert_eq!(rig.leg_to(portal).await.row.purpose, LegPurpose::Notice, "{portal}");
        let id = rig.mailbox_id(portal).await;
        let secret = rig.pending_secret(&id).await;
        let letters = rig.letters(&id, &secret, Folder::Inbox).await;
        assert_eq!((letters.len(), letters[0].rest.as_str()), (1, "Guten Tag\r\n"));
        let kept = rig.store.deposit(&id, &letters[0].row.id).await.unwrap().unwrap();
        assert_eq!(Some(kept.body_id), relayed.row.body_id);
    }
    assert!(rig.mailbox("d@refused.example").await.is_none());
    // The recipient who does not get it is reported to the sender.
    let report = rig.leg_to(SENDER).await;
    assert_eq!((report.row.purpose, report.from().as_str()), (LegPurpose::Report, "<>"));
    assert_eq!(report.row.destination, "insurer");
}

#[tokio::test]
async fn a_report_on_a_refused_recipient_gives_back_nothing_of_a_confidential_letter() {
    let rig = Rig::new();
    rig.write(&["a@relay.example", "d@refused.example"], "Sichtbar-1").await.unwrap();
    let report = rig.rest(&rig.leg_to(SENDER).await).await;
    assert!(report.contains("Final-Recipient: rfc822; d@refused.example"), "{report}");
    assert!(report.contains("Action: failed") && report.contains("Not there"), "{report}");
    assert!(report.contains("Sichtbar-1"), "of a letter that anybody may read, its head: {report}");
    rig.let_go().await;

    rig.write(&["a@web.web.example", "d@refused.example"], "Geheim-1").await.unwrap();
    let report = rig.leg_to(SENDER).await;
    let text = rig.rest(&report).await;
    assert!(text.contains("d@refused.example") && !text.contains("Geheim-1"), "{text}");
    assert!(!report.head().contains("Geheim-1"));
}

#[tokio::test]
async fn a_report_that_gives_the_head_back_goes_as_safely_as_the_safest_copy() {
    let rig = Rig::new();
    rig.write(&["a@safe.example", "d@refused.example"], "Gruss").await.unwrap();
    assert_eq!(rig.leg_to(SENDER).await.ticket.tls, TlsFloor::Encrypted);
}

#[tokio::test]
async fn who_asked_for_no_report_gets_none() {
    let rig = Rig::new();
    let ask = |notify| {
        vec![recipient("a@relay.example", Notify::Unspecified), recipient("d@refused.example", notify)]
    };
    let on = |failure| Notify::On { success: true, failure, delay: false };
    for (notify, reports) in [(Notify::Never, 0), (on(false), 0), (on(true), 1), (Notify::Unspecified, 1)] {
        let envelope = Envelope { recipients: ask(notify), ..envelope(SENDER, &[]) };
        let text = letter(&rig.random, "Gruss", "", "Text");
        rig.send(envelope, origin(), &text).await.unwrap();
        let legs = rig.legs().await;
        assert_eq!(legs.iter().filter(|leg| leg.to() == SENDER).count(), reports, "{notify:?}");
        rig.let_go().await;
    }
}

#[tokio::test]
async fn a_deposit_is_reported_as_delivered_to_whoever_asked() {
    let rig = Rig::new();
    let notify = Notify::On { success: true, failure: false, delay: false };
    let envelope = Envelope {
        recipients: vec![recipient("b@web.web.example", notify)],
        envid: Some("QQ1".to_owned()),
        ..envelope(SENDER, &[])
    };
    let text = letter(&rig.random, "Geheim-2", "", "Text");
    rig.send(envelope, origin(), &text).await.unwrap();
    let report = rig.rest(&rig.leg_to(SENDER).await).await;
    for said in ["Action: delivered", "Status: 2.1.5", "Original-Envelope-Id: QQ1"] {
        assert!(report.contains(said), "{said}: {report}");
    }
    assert!(!report.contains("Geheim-2"), "{report}");
}

#[tokio::test]
async fn one_mailbox_named_twice_gets_one_copy() {
    let rig = Rig::new();
    rig.write(&["max@a.web.example", "Max@A.web.example", "ida@a.web.example"], "Gruss").await.unwrap();
    let id = rig.mailbox_id("max@a.web.example").await;
    let secret = rig.pending_secret(&id).await;
    assert_eq!(rig.letters(&id, &secret, Folder::Inbox).await.len(), 1);
    assert_eq!(rig.queued_to().await.len(), 2, "one notice for each owner");
}

#[tokio::test]
async fn where_everybody_is_refused_or_nobody_can_be_told_the_client_hears_it_at_once() {
    let rig = Rig::new();
    let both = rig.write(&["d@refused.example", "e@refused.example"], "Gruss").await.unwrap_err();
    assert_eq!(both.code(), 550);
    let text = letter(&rig.random, "Gruss", "", "Text");
    let told = rig.send(from_nobody(&["a@relay.example", "d@refused.example"]), origin(), &text).await;
    assert_eq!(told.unwrap_err().code(), 550, "a null reverse-path cannot be told later");
    assert!(rig.legs().await.is_empty(), "and nobody got it");
}

#[tokio::test]
async fn the_language_of_a_notice_follows_the_recipient_s_domain() {
    let rig = Rig::new();
    rig.write(&["max@de.web.example", "max@en.web.example", "max@x.en.web.example"], "Gruss").await.unwrap();
    for (to, language) in
        [("max@de.web.example", "de"), ("max@en.web.example", "en"), ("max@x.en.web.example", "en")]
    {
        assert_eq!(rig.mailbox(to).await.unwrap().language, language, "{to}");
    }
    let (german, english) = (
        rig.written(&rig.leg_to("max@de.web.example").await),
        rig.written(&rig.leg_to("max@en.web.example").await),
    );
    assert!(german.contains("Nachricht") && !english.contains("Nachricht"), "{german}\n{english}");
}

#[tokio::test]
async fn a_letter_without_recipients_or_that_goes_round_is_refused() {
    let rig = Rig::new();
    let text = letter(&rig.random, "Gruss", "", "Text");
    assert_eq!(rig.send(envelope(SENDER, &[]), origin(), &text).await.unwrap_err().code(), 554);
    let trace = "Received: from a by b; Wed, 18 Nov 2026 09:00:00 +0100\r\n";
    let of = |count: usize| [trace.repeat(count).into_bytes(), text.clone()].concat();
    let most = sealpost_arrival::MAX_RECEIVED;
    rig.send(envelope(SENDER, &["a@relay.example"]), origin(), &of(most)).await.unwrap();
    let round = rig.send(envelope(SENDER, &["a@relay.example"]), origin(), &of(most + 1)).await.unwrap_err();
    assert_eq!((round.code(), round.text().contains("loop")), (554, true));
    assert_eq!(rig.legs().await.len(), 1);
}

/// A letter refused by many uses one unit of its claimed sender's quota, and causes no more reports than that many
/// letters.
#[tokio::test]
async fn a_letter_that_many_refuse_keeps_its_sender_from_hearing_of_no_other() {
    let rules = r#"[{"name": "none", "when": {"listener": "world", "recipient": "refused.example"}, "then": "refuse"}]"#;
    let rig = Rig::with(|set| {
        set.rules = rules.to_owned();
        set.quotas.reports.address = 2;
    });
    let to = ["a@relay.example", "d@refused.example", "e@refused.example", "f@refused.example"];
    let world = Origin { listener: "world".to_owned(), ..origin() };
    for (subject, reports) in [("Frage 1", 2), ("Frage 2", 2), ("Frage 3", 0)] {
        let letter = letter(&rig.random, subject, "", "Text");
        rig.send(envelope("max@a.web.example", &to), world.clone(), &letter).await.unwrap();
        let legs = rig.legs().await;
        let sent = legs.iter().filter(|leg| leg.row.purpose == LegPurpose::Report).count();
        assert_eq!(sent, reports, "{subject}");
        rig.let_go().await;
    }
}
