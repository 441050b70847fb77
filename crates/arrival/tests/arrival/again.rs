//! The same letter repeated, two at once, and a store that closes in between: nothing twice, nothing half,
//! nothing lost.

use sealpost_intake::Reception as _;
use sealpost_mail::Envelope;
use sealpost_store::{Folder, LegFilter, Page};

use crate::rig::{Rig, SENDER, envelope, letter, origin};

const TO: &str = "max@a.web.example";
const ALL: Page = Page { offset: 0, limit: 100 };

#[tokio::test]
async fn a_letter_whose_250_was_lost_is_accepted_again_and_kept_once() {
    let rig = Rig::new();
    let text = letter(&rig.random, "Gruss", "", "Text");
    let both = || envelope(SENDER, &[TO, "a@relay.example"]);
    let first = rig.hand_in(both(), origin(), &text).await.unwrap();
    // Its session has ended without a sign that the reply was read.
    drop(first);
    rig.hand_in(both(), origin(), &text).await.unwrap();
    assert_eq!(rig.queued_to().await, ["a@relay.example", TO]);
    let id = rig.mailbox_id(TO).await;
    let secret = rig.pending_secret(&id).await;
    assert_eq!(rig.letters(&id, &secret, Folder::Inbox).await.len(), 1);
}

#[tokio::test]
async fn the_same_bytes_in_another_envelope_are_another_letter() {
    let rig = Rig::new();
    let text = letter(&rig.random, "Gruss", "", "Text");
    let mut other = text.clone();
    other.extend_from_slice(b"PS\r\n");
    for (envelope, bytes) in [
        (envelope(SENDER, &["a@relay.example"]), &text),
        (envelope(SENDER, &["b@relay.example"]), &text),
        (envelope("max@insurer.example", &["a@relay.example"]), &text),
        (envelope(SENDER, &["a@relay.example"]), &other),
    ] {
        let before = rig.legs().await.len();
        drop(rig.hand_in(envelope, origin(), bytes).await.unwrap());
        assert_eq!(rig.legs().await.len(), before + 1);
    }
}

#[tokio::test]
async fn two_living_sessions_with_the_same_bytes_bring_two_letters() {
    let rig = Rig::new();
    let text = letter(&rig.random, "Alles in Ordnung", "", "Text");
    let one = rig.hand_in(envelope(SENDER, &["a@relay.example"]), origin(), &text).await.unwrap();
    let two = rig.hand_in(envelope(SENDER, &["a@relay.example"]), origin(), &text).await.unwrap();
    assert_ne!(one.id, two.id);
    assert_eq!(rig.legs().await.len(), 2);
}

#[tokio::test]
async fn a_letter_that_comes_again_while_the_first_is_being_kept_is_one_letter() {
    let rig = Rig::new();
    let text = letter(&rig.random, "Gruss", "", "Text");
    let sent = || rig.hand_in(envelope(SENDER, &["a@relay.example"]), origin(), &text);
    // The client of the first has gone before its reply.
    let (first, again) = tokio::join!(async { drop(sent().await.unwrap()) }, sent());
    let ((), _receipt) = (first, again.unwrap());
    assert_eq!(rig.legs().await.len(), 1);
}

#[tokio::test]
async fn two_first_letters_at_once_make_one_mailbox_with_both() {
    let rig = Rig::new();
    let (one, two) = tokio::join!(rig.write(&[TO], "Eins"), rig.write(&[TO], "Zwei"));
    one.unwrap();
    two.unwrap();
    let id = rig.mailbox_id(TO).await;
    let secret = rig.pending_secret(&id).await;
    let letters = rig.letters(&id, &secret, Folder::Inbox).await;
    assert_eq!(letters.len(), 2, "and its one secret opens both");
    let links: Vec<String> = rig.legs().await.iter().map(|leg| rig.written(leg)).collect();
    assert_eq!(links.len(), 2);
}

#[tokio::test]
async fn a_store_that_ends_before_the_commit_leaves_nothing_and_the_client_comes_again() {
    let rig = Rig::new();
    let text = letter(&rig.random, "Gruss", "", &"Text\r\n".repeat(30_000));
    let mut incoming =
        rig.reception.begin(envelope(SENDER, &[TO, "a@relay.example"]), origin()).await.unwrap();
    for piece in text.chunks(60_000) {
        incoming.chunk(piece).await.unwrap();
    }
    let store = rig.reopened().await;
    let reply = incoming.finish().await.unwrap_err();
    assert_eq!((reply.code() / 100, reply.text().contains("gw.example")), (4, false), "{}", reply.text());
    assert!(store.list_legs(&LegFilter::default(), ALL).await.unwrap().is_empty());
    assert!(store.mailboxes_by_tag(&[rig.tag(TO)]).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_accepted_is_there_when_the_process_comes_back() {
    let rig = Rig::new();
    rig.write(&[TO, "a@relay.example"], "Gruss").await.unwrap();
    let store = rig.reopened().await;
    assert_eq!(store.list_legs(&LegFilter::default(), ALL).await.unwrap().len(), 2);
    assert_eq!(store.mailboxes_by_tag(&[rig.tag(TO)]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_letter_that_is_broken_off_leaves_nothing() {
    let rig = Rig::new();
    let text = letter(&rig.random, "Gruss", "", "Text");
    let mut incoming = rig.reception.begin(envelope(SENDER, &[TO]), origin()).await.unwrap();
    incoming.chunk(&text).await.unwrap();
    drop(incoming);
    assert!(rig.legs().await.is_empty() && rig.mailbox(TO).await.is_none());
    rig.send(envelope(SENDER, &[TO]), origin(), &text).await.unwrap();
    assert!(rig.mailbox(TO).await.is_some(), "and it is no letter of before when it comes whole");
}

#[tokio::test]
async fn new_rules_hold_for_the_next_letter() {
    let rig = Rig::new();
    rig.write(&["a@relay.example"], "Eins").await.unwrap();
    let rules = r#"[{"name": "nobody", "when": {"recipient": "*"}, "then": "refuse"}]"#;
    rig.context().tenant.set_rules(crate::rig::rules(rules));
    assert_eq!(rig.write(&["a@relay.example"], "Zwei").await.unwrap_err().code(), 550);
    assert_eq!(rig.legs().await.len(), 1);
}

#[tokio::test]
async fn a_key_that_somebody_put_into_a_mailbox_s_row_is_never_sealed_to() {
    let rig = Rig::new();
    let (id, _secret) = rig.owner(TO).await;
    let row = rig.mailbox(TO).await.unwrap();
    // As a lock in a row that is not ours would leave it: other epochs beside the seal.
    let forged = sealpost_store::Relock {
        mailbox_id: id.clone(),
        epochs_before: row.epochs.clone(),
        epochs: "forged.forged".to_owned(),
        address_sealed: row.address_sealed.clone(),
    };
    assert!(rig.store.lock_mailbox(forged, rig.now()).await.unwrap());
    let reply = rig.write(&[TO], "Geheim").await.unwrap_err();
    assert_eq!(reply.code(), 451, "nothing is lost, and an operator must look");
    assert!(rig.legs().await.is_empty());
    let elsewhere = Envelope { ..envelope(SENDER, &["ida@a.web.example"]) };
    let text = letter(&rig.random, "Gruss", "", "Text");
    rig.send(elsewhere, origin(), &text).await.unwrap();
}
