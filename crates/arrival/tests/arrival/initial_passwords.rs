//! If the operator uses initial passwords: the sender is told one, the recipient's mail contains nothing, and
//! nobody is told who cannot pass it on.

use sealpost_mail::ActivateBy;
use sealpost_notice::Notice;
use sealpost_store::{LegPurpose, WrapKind};
use sealpost_vault::{MailboxSecret, Unwrapped};

use crate::rig::{PORTAL, Rig, SENDER, envelope, from_nobody, letter, origin};

const TO: &str = "max@a.web.example";

fn rig() -> Rig {
    Rig::with(|set| set.announcer.activate_by = ActivateBy::InitialPassword)
}

#[tokio::test]
async fn the_sender_is_told_the_password_and_the_recipient_only_where_to_go() {
    let rig = rig();
    rig.write(&[TO], "[vertraulich] Geheim-1").await.unwrap();
    assert_eq!(rig.queued_to().await, [SENDER, TO]);
    let (to_sender, to_owner) = (rig.leg_to(SENDER).await, rig.leg_to(TO).await);
    let Notice::PasswordForSender { recipient, password, subject, .. } = to_sender.notice() else {
        panic!("the sender is not told")
    };
    assert_eq!((recipient.as_str(), subject), (TO, None));
    assert_eq!((to_sender.row.purpose, to_sender.row.destination.as_str()), (LegPurpose::Report, "insurer"));
    let Notice::InitialPassword { link, .. } = to_owner.notice() else { panic!("the owner is not told") };
    assert_eq!(link.expose(), PORTAL);
    assert!(!rig.written(&to_owner).contains(password.expose()));

    let id = rig.mailbox_id(TO).await;
    let wrap = rig.store.wrap(&id, WrapKind::Initial).await.unwrap().unwrap();
    let tried = |typed| MailboxSecret::unwrap_initial(&wrap, &id, typed, &rig.keys.pepper).unwrap();
    assert!(!matches!(tried(&password), Unwrapped::Wrong));
    let wrong = sealpost_mail::Secret::new("falsch-falsch-falsch".to_owned());
    assert!(matches!(tried(&wrong), Unwrapped::Wrong));
}

#[tokio::test]
async fn a_second_letter_tells_no_second_password() {
    let rig = rig();
    rig.write(&[TO], "[vertraulich] Eins").await.unwrap();
    rig.let_go().await;
    rig.write(&[TO], "[vertraulich] Zwei").await.unwrap();
    assert_eq!(rig.queued_to().await, [TO]);
    assert!(matches!(rig.leg_to(TO).await.notice(), Notice::InitialPassword { .. }));
}

#[tokio::test]
async fn nobody_opens_a_mailbox_whom_nobody_can_tell_the_password() {
    let rig = rig();
    let text = letter(&rig.random, "[vertraulich] Brief", "", "Text");
    for (what, envelope) in
        [("a report", from_nobody(&[TO])), ("a letter to themselves", envelope(TO, &["Max@A.web.example"]))]
    {
        let reply = rig.send(envelope, origin(), &text).await.unwrap_err();
        assert_eq!(reply.code(), 550, "{what}");
        assert!(rig.mailbox(TO).await.is_none() && rig.legs().await.is_empty(), "{what}");
    }
    // If there is a mailbox, they find it.
    rig.write(&[TO], "[vertraulich] Eins").await.unwrap();
    rig.let_go().await;
    rig.send(from_nobody(&[TO]), origin(), &text).await.unwrap();
    assert_eq!(rig.queued_to().await, [TO]);
}

#[tokio::test]
async fn a_mailbox_keeps_the_way_it_was_made_with() {
    let by_link = Rig::new();
    by_link.write(&[TO], "[vertraulich] Eins").await.unwrap();
    assert!(!by_link.has_wrap(&by_link.mailbox_id(TO).await, WrapKind::Initial).await);
    assert!(matches!(by_link.leg_to(TO).await.notice(), Notice::Activation { .. }));
}

#[tokio::test]
async fn without_escrow_nobody_but_the_owner_has_a_way_in() {
    let rig = Rig::with(|set| set.is_escrowed = false);
    rig.write(&[TO], "[vertraulich] Eins").await.unwrap();
    let id = rig.mailbox_id(TO).await;
    assert!(!rig.has_wrap(&id, WrapKind::Escrow).await);
    assert!(rig.has_wrap(&id, WrapKind::Activation).await);
}
