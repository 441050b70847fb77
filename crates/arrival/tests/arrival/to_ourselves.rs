//! Mail to the notices' sender address: people are told how to reply safely, once a day, machines nothing;
//! and a request to delete a mailbox is answered according to its authentication.

use sealpost_mail::{Envelope, ReversePath};
use sealpost_notice::Notice;
use sealpost_store::{LegPurpose, TokenPurpose};
use sealpost_vault::TokenPurpose as VaultPurpose;

use crate::rig::{DAY, NOW, OURS, PORTAL, Rig, address, envelope, from_nobody, origin};

const WRITER: &str = "max@a.web.example";
const TRUSTED: &str = "Authentication-Results: mx.insurer.example; dmarc=pass header.from=a.web.example\r\n";

fn mail(fields: &str, subject: &str, text: &str) -> Vec<u8> {
    format!(
        "{fields}From: Max <{WRITER}>\r\nTo: {OURS}\r\nSubject: {subject}\r\n\
         Date: Wed, 18 Nov 2026 09:00:00 +0100\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

async fn writes(rig: &Rig, fields: &str, subject: &str, text: &str) {
    rig.send(envelope(WRITER, &[OURS]), origin(), &mail(fields, subject, text)).await.unwrap();
}

/// The notice queued to the author, if any; afterwards the queue is empty.
async fn answer(rig: &Rig) -> Option<Notice> {
    let mut legs = rig.legs().await;
    assert!(legs.len() <= 1, "{:?}", rig.queued_to().await);
    rig.let_go().await;
    let leg = legs.pop()?;
    assert_eq!((leg.to().as_str(), leg.from().as_str()), (WRITER, "<>"), "no loop can come of it");
    assert_eq!(leg.row.purpose, LegPurpose::Notice);
    Some(leg.notice())
}

#[tokio::test]
async fn people_are_told_once_a_day_how_to_answer_safely() {
    let rig = Rig::new();
    writes(&rig, "", "Re: Neue Nachricht", "Vielen Dank").await;
    let Some(Notice::ReplySafely { link, .. }) = answer(&rig).await else { panic!("nobody is told") };
    assert_eq!(link.expose(), PORTAL);
    writes(&rig, "", "Noch etwas", "Vielen Dank").await;
    assert!(answer(&rig).await.is_none(), "told today");
    rig.clock.advance(DAY + DAY);
    writes(&rig, "", "Und noch etwas", "Vielen Dank").await;
    assert!(answer(&rig).await.is_some());
    assert!(rig.mailbox(OURS).await.is_none(), "what they wrote is not kept");
}

#[tokio::test]
async fn machines_lists_and_reports_are_told_nothing() {
    let rig = Rig::new();
    for fields in ["Auto-Submitted: auto-replied\r\n", "List-Id: <l.web.example>\r\n", "Precedence: bulk\r\n"]
    {
        writes(&rig, fields, "Neues", "Text").await;
        assert!(answer(&rig).await.is_none(), "{fields}");
    }
    rig.send(from_nobody(&[OURS]), origin(), &mail("", "Bericht", "Text")).await.unwrap();
    assert!(answer(&rig).await.is_none());
    let daemon = Envelope {
        reverse_path: ReversePath::Address(address("mailer-daemon@a.web.example")),
        ..envelope(WRITER, &[OURS])
    };
    rig.send(daemon, origin(), &mail("", "Bericht zwei", "Text")).await.unwrap();
    assert!(answer(&rig).await.is_none());
}

#[tokio::test]
async fn where_replies_do_not_end_here_they_are_relayed() {
    let rig = Rig::with(|set| set.announcer.replies_here = false);
    writes(&rig, "", "Re: Neue Nachricht", "Vielen Dank").await;
    assert_eq!(rig.leg_to(OURS).await.row.purpose, LegPurpose::Relay);
}

#[tokio::test]
async fn a_proven_request_is_answered_by_a_link_to_the_mailbox_s_own_address() {
    let rig = Rig::new();
    let (id, _secret) = rig.owner(WRITER).await;
    writes(&rig, TRUSTED, "Postfach", "Bitte löschen Sie mein Postfach.").await;
    let Some(Notice::DeletionRequest { link, expires }) = answer(&rig).await else { panic!("no link") };
    assert_eq!(expires, NOW.plus(4 * DAY));
    let token = link.expose().rsplit('/').next().unwrap();
    let hash = rig.keys.tokens.hash(VaultPurpose::Deletion, token).unwrap();
    let row = rig.store.token(&hash).await.unwrap().unwrap();
    assert_eq!(
        (row.mailbox_id.as_str(), row.purpose, row.expires_at),
        (id.as_str(), TokenPurpose::Deletion, expires)
    );
    assert!(
        rig.trail(&id).await.iter().any(|line| line.starts_with("visitor ")),
        "{:?}",
        rig.trail(&id).await
    );
    assert!(rig.mailbox(WRITER).await.is_some(), "a mail deletes nothing");

    writes(&rig, TRUSTED, "Postfach, nochmals", "Bitte löschen Sie mein Postfach.").await;
    assert!(answer(&rig).await.is_none(), "one a day");
}

#[tokio::test]
async fn an_old_request_and_one_to_somebody_else_get_the_same_words_whoever_has_a_mailbox() {
    let request = "Bitte löschen Sie mein Postfach.";
    let good = String::from_utf8(mail(TRUSTED, "Postfach", request)).unwrap();
    let mails =
        [good.replace("18 Nov", "01 Nov"), good.replace(&format!("To: {OURS}"), "To: shop@shop.example")];
    for bytes in mails {
        for has_mailbox in [true, false] {
            let rig = Rig::new();
            if has_mailbox {
                rig.owner(WRITER).await;
            }
            rig.send(envelope(WRITER, &[OURS]), origin(), bytes.as_bytes()).await.unwrap();
            let Some(Notice::DeletionUnproven { link }) = answer(&rig).await else { panic!("{bytes}") };
            assert_eq!(link.expose(), PORTAL, "no link that deletes");
        }
    }
}

#[tokio::test]
async fn forged_requests_take_one_place_a_day_from_the_address_that_they_name() {
    let rig = Rig::with(|set| set.quotas.reports.address = 2);
    for n in 0..4 {
        writes(&rig, "", &format!("Postfach {n}"), "Bitte löschen Sie mein Postfach.").await;
        assert_eq!(answer(&rig).await.is_some(), n == 0, "{n}");
    }
    writes(&rig, "", "Re: Neue Nachricht", "Vielen Dank").await;
    assert!(matches!(answer(&rig).await, Some(Notice::ReplySafely { .. })));
}

#[tokio::test]
async fn a_proven_request_without_a_mailbox_or_with_a_held_one_says_so() {
    let rig = Rig::new();
    writes(&rig, TRUSTED, "Postfach", "Bitte löschen Sie mein Postfach.").await;
    assert!(matches!(answer(&rig).await, Some(Notice::DeletionNothing)));

    let rig = Rig::new();
    let (id, _secret) = rig.owner(WRITER).await;
    assert!(rig.store.hold_mailbox(&id, rig.now()).await.unwrap());
    writes(&rig, TRUSTED, "Postfach", "Please delete my mailbox.").await;
    assert!(matches!(answer(&rig).await, Some(Notice::DeletionHeld)));
}

#[tokio::test]
async fn what_is_no_request_is_answered_like_any_mail() {
    let rig = Rig::new();
    // Quoted, and in the subject replied to: none of it is their own text.
    writes(&rig, TRUSTED, "Re: Konto löschen", "Danke\r\n> Bitte löschen").await;
    assert!(matches!(answer(&rig).await, Some(Notice::ReplySafely { .. })));
    let off = Rig::with(|set| set.announcer.requests = None);
    writes(&off, TRUSTED, "Postfach", "Bitte löschen Sie mein Postfach.").await;
    assert!(matches!(answer(&off).await, Some(Notice::ReplySafely { .. })));
}
