//! What an owner writes in the portal: stored in the sent folder, one signed leg per recipient, its draft
//! gone, and a report in the mailbox of what was not delivered.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use sealpost_delivery::{Hand, Purpose, Returns as _, UndeliveredReply};
use sealpost_mail::{DsnAction, EnhancedCode, Head, SystemRandom, TlsFloor};
use sealpost_mailbox::{Content, Drafts, Outbox as _, Sent, WriteRules, WrittenFile, WrittenLetter};
use sealpost_notice::Notice;
use sealpost_store::{Folder, LegPurpose, LetterEvent, SentDraft, Unread, UseLimits};
use sealpost_vault::MailboxSecret;

use crate::rig::{DAY, Leg, NOW, Rig, address, from_nobody, origin};

const OWNER: &str = "max@a.web.example";
const CLERK: &str = "erika@insurer.example";

struct Owner {
    rig: Rig,
    id: String,
    secret: MailboxSecret,
}

impl Owner {
    async fn of(rig: Rig) -> Self {
        let (id, secret) = rig.owner(OWNER).await;
        Self { rig, id, secret }
    }

    async fn new() -> Self {
        Self::of(Rig::new()).await
    }

    /// A saved draft, which can become a letter.
    async fn draft(&self) -> SentDraft {
        let drafts = Drafts {
            store: &self.rig.store,
            auth: &self.rig.keys.sessions,
            mailbox_id: &self.id,
            secret: &self.secret,
            quota: WriteRules::default().quota(),
            random: &SystemRandom,
            clock: &*self.rig.clock,
        };
        let draft = drafts.begin(Content::default()).await.unwrap().unwrap();
        let (row, _files) = self.rig.store.draft(&self.id, &draft.id).await.unwrap().unwrap();
        SentDraft {
            mailbox_id: self.id.clone(),
            draft_id: draft.id,
            files_version: row.files_version,
            body_ids: Vec::new(),
        }
    }

    async fn letter(&self, to: &[&str]) -> WrittenLetter {
        WrittenLetter {
            mailbox_id: self.id.clone(),
            from: address(OWNER),
            name: Some("Max Muster".to_owned()),
            to: to.iter().map(|to| address(to)).collect(),
            cc: Vec::new(),
            subject: "Rückfrage".to_owned(),
            text: "Guten Tag\nGeheim-1".to_owned(),
            in_reply_to: None,
            references: Vec::new(),
            files: Vec::new(),
            draft: self.draft().await,
            client: None,
        }
    }

    async fn send(&self, to: &[&str]) -> Sent {
        self.rig.outbox.send(self.letter(to).await).await.unwrap()
    }

    async fn sent(&self) -> Vec<crate::rig::Opened> {
        self.rig.letters(&self.id, &self.secret, Folder::Sent).await
    }

    /// The letters in the inbox besides the one that created the mailbox.
    async fn words(&self) -> Vec<crate::rig::Opened> {
        let mut letters = self.rig.letters(&self.id, &self.secret, Folder::Inbox).await;
        letters.retain(|one| one.summary.subject.as_deref() != Some("Erster Brief"));
        letters
    }

    async fn returned(&self, leg: &Leg, action: DsnAction) {
        let returned = UndeliveredReply {
            leg_id: &leg.row.id,
            ticket: &leg.ticket,
            action,
            status: EnhancedCode(5, 1, 1),
            said: Some("550 5.1.1 nobody of that name"),
        };
        self.rig.returns.tell(returned).await.unwrap();
    }
}

#[tokio::test]
async fn a_letter_of_an_owner_is_kept_signed_and_queued_for_each_recipient() {
    let owner = Owner::new().await;
    let Sent::Queued(deposit_id) = owner.send(&[CLERK, "claims@insurer.example"]).await else {
        panic!("not sent")
    };
    let rig = &owner.rig;
    let legs = rig.legs().await;
    assert_eq!(rig.queued_to().await, ["claims@insurer.example", CLERK]);
    for leg in &legs {
        assert_eq!((leg.row.purpose, leg.row.destination.as_str()), (LegPurpose::PortalReply, "insurer"));
        assert_eq!((leg.ticket.tls, leg.ticket.hand), (TlsFloor::Verified, Hand::Ours));
        assert!(leg.from().starts_with("bounce+") && !leg.from().contains(&deposit_id), "{}", leg.from());
        let head = leg.head();
        assert!(head.contains("X-Sealpost-Portal: authenticated"), "{head}");
        assert!(head.starts_with("DKIM-Signature:"), "{head}");
        assert!(rig.rest(leg).await.contains("Geheim-1"));
    }
    assert_ne!(legs[0].from(), legs[1].from(), "each copy has a way back of its own");
    let sent = owner.sent().await;
    let [one] = sent.as_slice() else { panic!("{} letters among the sent ones", sent.len()) };
    assert_eq!(
        (one.row.id.as_str(), one.summary.subject.as_deref()),
        (deposit_id.as_str(), Some("Rückfrage"))
    );
    assert_eq!(one.summary.to.len(), 2);
    let trail = rig.trail(&owner.id).await;
    assert!(trail.iter().any(|line| line.starts_with("owner ") && line.contains("sent")), "{trail:?}");
}

#[tokio::test]
async fn a_draft_is_sent_once() {
    let owner = Owner::new().await;
    let (first, mut second) = (owner.letter(&[CLERK]).await, owner.letter(&[CLERK]).await);
    second.draft = first.draft.clone();
    assert!(matches!(owner.rig.outbox.send(first).await.unwrap(), Sent::Queued(_)));
    assert_eq!(owner.rig.outbox.send(second).await.unwrap(), Sent::Stale);
    assert_eq!((owner.rig.legs().await.len(), owner.sent().await.len()), (1, 1));
}

#[tokio::test]
async fn files_stream_into_the_letter_and_its_list() {
    let owner = Owner::new().await;
    let mut letter = owner.letter(&[CLERK]).await;
    let pieces: Vec<Result<Bytes, String>> = (0..100).map(|_| Ok(Bytes::from(vec![b'x'; 1000]))).collect();
    letter.files.push(WrittenFile {
        name: "Bild.jpg".to_owned(),
        content_type: "image/jpeg".to_owned(),
        size: 100_000,
        bytes: stream::iter(pieces).boxed(),
    });
    assert!(matches!(owner.rig.outbox.send(letter).await.unwrap(), Sent::Queued(_)));
    let sent = owner.sent().await.pop().unwrap();
    let [file] = sent.summary.attachments.as_slice() else { panic!("{:?}", sent.summary.attachments) };
    assert_eq!((file.name.given(), file.size), (Some("Bild.jpg"), 100_000));
    let rest = owner.rig.rest(&owner.rig.leg_to(CLERK).await).await;
    assert_eq!(rest, sent.rest, "what leaves is what is kept");
    assert!(rest.matches("eHh4").count() > 20_000 && rest.contains("filename"), "in base64");
}

#[tokio::test]
async fn a_file_that_breaks_off_sends_nothing() {
    let owner = Owner::new().await;
    let mut letter = owner.letter(&[CLERK]).await;
    let pieces = [Ok(Bytes::from_static(b"half")), Err("the file is damaged".to_owned())];
    let (name, content_type) = ("Bild.jpg".to_owned(), "image/jpeg".to_owned());
    letter.files.push(WrittenFile { name, content_type, size: 8, bytes: stream::iter(pieces).boxed() });
    let draft = letter.draft.draft_id.clone();
    assert!(owner.rig.outbox.send(letter).await.is_err());
    assert!(owner.rig.legs().await.is_empty() && owner.sent().await.is_empty());
    assert!(owner.rig.store.draft(&owner.id, &draft).await.unwrap().is_some(), "the draft is still there");
}

#[tokio::test]
async fn nobody_outside_is_written_to_whatever_a_page_says() {
    let owner = Owner::new().await;
    for to in ["mallory@evil.example", "victim%evil.example@insurer.example"] {
        let letter = owner.letter(&[CLERK, to]).await;
        assert!(owner.rig.outbox.send(letter).await.is_err(), "{to}");
    }
    let nobody = owner.letter(&[]).await;
    assert!(owner.rig.outbox.send(nobody).await.is_err());
    assert!(owner.rig.legs().await.is_empty() && owner.sent().await.is_empty());
}

#[tokio::test]
async fn who_has_written_enough_or_has_no_room_keeps_the_draft() {
    let most = UseLimits { letters_hour: 1, letters_day: 9, recipients_hour: 2, recipients_day: 9 };
    let owner = Owner::of(Rig::with(|set| set.quotas.writing = Some(most))).await;
    assert!(matches!(owner.send(&[CLERK]).await, Sent::Queued(_)));
    let Sent::TooMany { from: Some(from) } = owner.send(&[CLERK]).await else { panic!("one an hour") };
    assert!(from > NOW && from <= NOW.plus(DAY / 12), "{from:?}");
    let many = ["a@insurer.example", "b@insurer.example", "c@insurer.example"];
    assert_eq!(owner.send(&many).await, Sent::TooMany { from: None }, "never so many at once");
    assert_eq!(owner.sent().await.len(), 1);

    let owner = Owner::of(Rig::with(|set| set.quotas.mailbox = Some(1000))).await;
    let mut letter = owner.letter(&[CLERK]).await;
    let (name, content_type) = ("Bild.jpg".to_owned(), "image/jpeg".to_owned());
    letter.files.push(WrittenFile { name, content_type, size: 5000, bytes: stream::empty().boxed() });
    assert_eq!(owner.rig.outbox.send(letter).await.unwrap(), Sent::Full);
    assert!(owner.rig.legs().await.is_empty());
}

#[tokio::test]
async fn word_of_what_did_not_arrive_is_in_the_mailbox_once() {
    let owner = Owner::new().await;
    let Sent::Queued(deposit_id) = owner.send(&[CLERK]).await else { panic!("not sent") };
    let leg = owner.rig.leg_to(CLERK).await;
    owner.rig.let_go().await;
    for _ in 0..2 {
        owner.returned(&leg, DsnAction::Failed).await;
    }
    let words = owner.words().await;
    let [word] = words.as_slice() else { panic!("{} words", words.len()) };
    assert!(word.rest.contains("nobody of that name") && word.rest.contains(CLERK), "{}", word.rest);
    assert_eq!(word.summary.in_reply_to.len(), 1, "it stands in the letter's thread");
    // Outside the mailbox, only that there is a report.
    let told = owner.rig.leg_to(OWNER).await;
    let Notice::ReplyCameBack { link, .. } = told.notice() else { panic!("not told") };
    assert!(link.expose().ends_with(&word.row.id), "{}", link.expose());
    assert!(!owner.rig.written(&told).contains(CLERK));
    assert_ne!(word.row.id, deposit_id);
}

#[tokio::test]
async fn a_delay_is_said_in_the_mailbox_and_worth_no_mail() {
    let owner = Owner::new().await;
    assert!(matches!(owner.send(&[CLERK]).await, Sent::Queued(_)));
    let leg = owner.rig.leg_to(CLERK).await;
    owner.rig.let_go().await;
    owner.returned(&leg, DsnAction::Delayed).await;
    assert_eq!((owner.words().await.len(), owner.rig.legs().await.len()), (1, 0));
    owner.returned(&leg, DsnAction::Failed).await;
    assert_eq!((owner.words().await.len(), owner.rig.queued_to().await), (2, vec![OWNER.to_owned()]));
}

#[tokio::test]
async fn a_reply_that_comes_back_later_is_found_by_its_return_path() {
    let owner = Owner::new().await;
    assert!(matches!(owner.send(&[CLERK]).await, Sent::Queued(_)));
    let back = Rig::return_path(&owner.rig.leg_to(CLERK).await).to_path();
    owner.rig.let_go().await;
    let report =
        b"From: MAILER-DAEMON@insurer.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\
        Content-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: 5.2.2\r\n--b--\r\n";
    owner.rig.send(from_nobody(&[&back]), origin(), report).await.unwrap();
    let words = owner.words().await;
    assert!(words.len() == 1 && words[0].rest.contains("5.2.2"), "{} words", words.len());
    assert_eq!(owner.rig.queued_to().await, [OWNER], "its writer, and no employee");
    assert!(owner.rig.store.unreachable(&owner.id).await.unwrap().is_none(), "their own address is well");
}

#[tokio::test]
async fn word_for_a_mailbox_that_is_gone_is_dropped() {
    let owner = Owner::new().await;
    assert!(matches!(owner.send(&[CLERK]).await, Sent::Queued(_)));
    let leg = owner.rig.leg_to(CLERK).await;
    owner.rig.let_go().await;
    assert!(owner.rig.store.delete_mailbox(&owner.id, Unread::Forgotten, NOW).await.unwrap());
    owner.returned(&leg, DsnAction::Failed).await;
    assert!(owner.rig.legs().await.is_empty());
    // A leg that is not a reply is a mistake that an operator must see.
    owner.rig.write(&["a@relay.example"], "Gruss").await.unwrap();
    let leg = owner.rig.leg_to("a@relay.example").await;
    assert_eq!(leg.ticket.purpose, Purpose::Relay);
    let returned = UndeliveredReply {
        leg_id: &leg.row.id,
        ticket: &leg.ticket,
        action: DsnAction::Failed,
        status: EnhancedCode(5, 0, 0),
        said: None,
    };
    assert!(owner.rig.returns.tell(returned).await.is_err());
}

#[tokio::test]
async fn a_notice_that_a_server_refuses_at_once_marks_its_address() {
    let owner = Owner::new().await;
    owner.rig.returns.notice_failed(&owner.id, &[], EnhancedCode(5, 1, 10)).await;
    let marked = owner.rig.store.unreachable(&owner.id).await.unwrap().unwrap();
    assert_eq!((marked.bounces, marked.status.as_str()), (1, "5.1.10"));
}

#[tokio::test]
async fn the_operator_s_systems_hear_that_a_letter_is_answered() {
    let owner = Owner::new().await;
    owner.rig.listen().await;
    let mut letter = owner.letter(&[CLERK]).await;
    letter.in_reply_to = Some("first@insurer.example".to_owned());
    assert!(matches!(owner.rig.outbox.send(letter).await.unwrap(), Sent::Queued(_)));
    let heard = owner.rig.heard().await;
    let [event] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((event.kind, event.mailbox.as_str()), (LetterEvent::Answered, owner.id.as_str()));
    let keys = owner.rig.keys.intake().queue;
    let sealpost_arrival::EventSaid::Proven(Some(facts)) = sealpost_arrival::event_said(&keys, event) else {
        panic!("not proven")
    };
    assert_eq!(facts.recipient, address(CLERK));
    assert_eq!(facts.sender, Some(address(OWNER)));
    assert_eq!(facts.message_id.as_deref(), Some("first@insurer.example"));
    let forged = sealpost_store::EventRow { detail: "5.1.1".to_owned(), ..event.clone() };
    assert_eq!(sealpost_arrival::event_said(&keys, &forged), sealpost_arrival::EventSaid::Unproven);
    let moved = sealpost_store::EventRow { letter: "other".to_owned(), ..event.clone() };
    assert_eq!(sealpost_arrival::event_said(&keys, &moved), sealpost_arrival::EventSaid::Unproven);
}

#[tokio::test]
async fn the_head_of_a_letter_from_the_portal_is_one_that_every_program_reads() {
    let owner = Owner::new().await;
    assert!(matches!(owner.send(&[CLERK]).await, Sent::Queued(_)));
    let leg = owner.rig.leg_to(CLERK).await;
    let head = Head::new(leg.head().into_bytes()).unwrap();
    assert_eq!(head.from_address().unwrap(), Some(address(OWNER)));
    assert_eq!(head.subject().as_deref(), Some("Rückfrage"));
    assert_eq!(head.count("Message-ID"), 1);
    assert!(head.first("Message-ID").unwrap().ends_with("@gw.example>"));
}
