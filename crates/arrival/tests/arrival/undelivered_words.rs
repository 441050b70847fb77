//! The report in the mailbox of a reply that was not delivered: why, in its owner's language; the mail
//! server's text unchanged; and no report if the mailbox has changed.

use std::sync::Arc;

use sealpost_delivery::{Returns as _, UndeliveredReply};
use sealpost_mail::{DsnAction, EnhancedCode, Random, SystemRandom};
use sealpost_mailbox::{Content, Drafts, Outbox as _, Sent, WriteRules, WrittenLetter};
use sealpost_store::{Folder, SentDraft, Unread};
use sealpost_vault::MailboxSecret;

use crate::rig::{Leg, NOW, Rig, address};

const CLERK: &str = "erika@insurer.example";

/// An owner's letter under way to the clerk.
async fn sent(rig: &Rig, owner: &str) -> (String, MailboxSecret, Leg) {
    let (id, secret) = rig.owner(owner).await;
    let drafts = Drafts {
        store: &rig.store,
        auth: &rig.keys.sessions,
        mailbox_id: &id,
        secret: &secret,
        quota: WriteRules::default().quota(),
        random: &SystemRandom,
        clock: &*rig.clock,
    };
    let draft = drafts.begin(Content::default()).await.unwrap().unwrap();
    let (row, _files) = rig.store.draft(&id, &draft.id).await.unwrap().unwrap();
    let letter = WrittenLetter {
        mailbox_id: id.clone(),
        client: None,
        from: address(owner),
        name: None,
        to: vec![address(CLERK)],
        cc: Vec::new(),
        subject: "Rückfrage".to_owned(),
        text: "Guten Tag".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        files: Vec::new(),
        draft: SentDraft {
            mailbox_id: id.clone(),
            draft_id: draft.id,
            files_version: row.files_version,
            body_ids: Vec::new(),
        },
    };
    assert!(matches!(rig.outbox.send(letter).await.unwrap(), Sent::Queued(_)));
    let leg = rig.leg_to(CLERK).await;
    rig.let_go().await;
    (id, secret, leg)
}

fn returned<'a>(leg: &'a Leg, status: EnhancedCode, said: Option<&'a str>) -> UndeliveredReply<'a> {
    UndeliveredReply { leg_id: &leg.row.id, ticket: &leg.ticket, action: DsnAction::Failed, status, said }
}

/// The report that the owner reads, besides the letter that created the mailbox.
async fn word(rig: &Rig, id: &str, secret: &MailboxSecret) -> String {
    let letters = rig.letters(id, secret, Folder::Inbox).await;
    let word = letters.into_iter().find(|one| one.head.contains("auto-replied")).unwrap();
    let whole = format!("{}{}", word.head, word.rest);
    sealpost_mail::Letter::parse(whole.as_bytes()).unwrap().text().unwrap()
}

#[tokio::test]
async fn why_it_did_not_arrive_is_said_in_the_owners_language() {
    let status = EnhancedCode(4, 4, 1);
    for (language, said, other) in [
        ("de", "Server des Empfängers ist nicht erreichbar", "cannot be reached"),
        ("en", "server cannot be reached", "nicht erreichbar"),
    ] {
        let rig = Rig::new();
        let (id, secret, leg) = sent(&rig, "max@a.web.example").await;
        assert!(rig.store.set_language(&id, language).await.unwrap());
        rig.returns.tell(returned(&leg, status, None)).await.unwrap();
        let text = word(&rig, &id, &secret).await;
        assert!(text.contains(said) && !text.contains(other), "{text}");
        assert!(text.contains(CLERK), "{text}");
    }
}

#[tokio::test]
async fn what_a_server_said_stands_below_as_it_said_it() {
    let rig = Rig::new();
    let (id, secret, leg) = sent(&rig, "max@a.web.example").await;
    let said = Some("550 5.1.1 no such user\u{1b}[31m here");
    rig.returns.tell(returned(&leg, EnhancedCode(5, 1, 1), said)).await.unwrap();
    let text = word(&rig, &id, &secret).await;
    assert!(
        text.contains("Diese Adresse gibt es dort nicht.") && text.contains("550 5.1.1 no such user"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[tokio::test]
async fn a_mailbox_that_was_deleted_meanwhile_gets_no_word_and_delivery_goes_on() {
    let rig = Rig::new();
    let (id, _secret, leg) = sent(&rig, "max@a.web.example").await;
    assert!(rig.store.delete_mailbox(&id, Unread::Forgotten, NOW).await.unwrap());
    rig.returns.tell(returned(&leg, EnhancedCode(5, 1, 1), None)).await.unwrap();
    assert!(rig.legs().await.is_empty());
}

#[tokio::test]
async fn while_the_store_is_away_the_leg_must_not_end() {
    let rig = Rig::new();
    let (_id, _secret, leg) = sent(&rig, "max@a.web.example").await;
    rig.store.close().await;
    let told = rig.returns.tell(returned(&leg, EnhancedCode(5, 1, 1), None)).await;
    assert!(told.is_err(), "its writer would never hear of it");
}

#[tokio::test]
async fn two_copies_of_one_letter_are_told_of_each_for_itself() {
    let rig = Rig::new();
    let (id, secret, leg) = sent(&rig, "max@a.web.example").await;
    rig.returns.tell(returned(&leg, EnhancedCode(5, 1, 1), None)).await.unwrap();
    let random: Arc<dyn Random> = Arc::clone(&rig.random) as _;
    let other = random.id();
    let second = UndeliveredReply { leg_id: &other, ..returned(&leg, EnhancedCode(5, 2, 2), None) };
    rig.returns.tell(second.clone()).await.unwrap();
    rig.returns.tell(second).await.unwrap();
    let letters = rig.letters(&id, &secret, Folder::Inbox).await;
    let words = letters.iter().filter(|one| one.head.contains("auto-replied")).count();
    assert_eq!(words, 2, "of each copy once");
}
