//! Every treatment alone: which rows it leaves, and that it leaves no others.

use sealpost_delivery::{Hand, Hold, Purpose, Route};
use sealpost_mail::{BodyType, Envelope, Origin, Ret, TlsFloor};
use sealpost_notice::Notice;
use sealpost_store::{Folder, LegPurpose, LegState, MailboxState, WrapKind};

use crate::rig::{DAY, NOW, Opened, Rig, SENDER, envelope, letter, origin};

const STRANGER: &str = "max@a.web.example";

#[tokio::test]
async fn a_relayed_letter_is_one_leg_with_the_bytes_that_came() {
    let rig = Rig::new();
    let text = letter(&rig.random, "Gruss", "", "Guten Tag");
    let envelope = Envelope {
        envid: Some("QQ314159".to_owned()),
        ret: Some(Ret::Headers),
        body: BodyType::EightBitMime,
        ..envelope(SENDER, &["kunde@relay.example"])
    };
    let id = rig.send(envelope, origin(), &text).await.unwrap();
    let leg = rig.leg_to("kunde@relay.example").await;
    assert_eq!((leg.row.arrival_id.as_str(), leg.row.purpose), (id.as_str(), LegPurpose::Relay));
    assert_eq!((leg.row.state, leg.row.destination.as_str()), (LegState::Queued, "relay"));
    assert_eq!((leg.row.due_at, leg.row.expires_at), (NOW, NOW.plus(5 * DAY)));
    assert_eq!(leg.hold, Hold::Free);
    assert_eq!(leg.from(), SENDER);
    assert_eq!(leg.ticket.envid.as_deref(), Some("QQ314159"));
    assert_eq!((leg.ticket.ret, leg.ticket.body_type), (Some(Ret::Headers), BodyType::EightBitMime));
    assert_eq!((leg.ticket.tls, leg.ticket.hand), (TlsFloor::None, Hand::Passed));
    assert_eq!(leg.ticket.purpose, Purpose::Relay);
    assert_eq!(leg.ticket.route, Route::NextHop("relay".to_owned()));
    // Our trace field on top, and nothing else (invariant 6).
    let head = leg.head();
    let (trace, came) = head.split_once("From: Erika").unwrap();
    assert!(trace.starts_with("Received: from mail.insurer.example"), "{trace}");
    assert!(trace.contains(&id) && trace.contains("for <kunde@relay.example>"), "{trace}");
    let whole = format!("From: Erika{came}{}", rig.rest(&leg).await);
    assert_eq!(whole.as_bytes(), text);
    assert!(rig.mailbox("kunde@relay.example").await.is_none());
}

#[tokio::test]
async fn a_letter_to_a_stranger_makes_a_pending_mailbox_its_deposit_and_its_notice() {
    let rig = Rig::new();
    let id = rig.write(&[STRANGER], "[vertraulich] Ihr Unfall").await.unwrap();
    let row = rig.mailbox(STRANGER).await.unwrap();
    assert_eq!((row.state, row.language.as_str(), row.created_at), (MailboxState::Pending, "de", NOW));
    for kind in [WrapKind::Activation, WrapKind::Link, WrapKind::Escrow] {
        assert!(rig.has_wrap(&row.id, kind).await, "{kind:?}");
    }
    assert!(!rig.has_wrap(&row.id, WrapKind::Initial).await);

    let secret = rig.pending_secret(&row.id).await;
    let letters = rig.letters(&row.id, &secret, Folder::Inbox).await;
    let [Opened { row: deposit, summary, head, rest }] = letters.as_slice() else { panic!("one letter") };
    assert_eq!(summary.subject.as_deref(), Some("Ihr Unfall"), "the tag is cut out");
    assert!(head.contains("Subject: Ihr Unfall\r\n") && !head.contains("Received:"), "{head}");
    assert_eq!(rest, "Guten Tag\r\n");
    assert_eq!((deposit.received_at, deposit.read_at), (NOW, None));
    // Forty days, until the end of that day in the operator's time zone.
    let expires = deposit.expires_at.unwrap();
    assert!(expires >= NOW.plus(40 * DAY) && expires <= NOW.plus(41 * DAY), "{expires:?}");

    let leg = rig.leg_to(STRANGER).await;
    assert_eq!((leg.row.arrival_id.as_str(), leg.row.purpose), (id.as_str(), LegPurpose::Notice));
    assert_eq!((leg.row.body_id.as_deref(), leg.row.destination.as_str()), (None, "notices"));
    assert_eq!((leg.ticket.tls, leg.ticket.hand), (TlsFloor::Encrypted, Hand::Ours));
    assert!(leg.from().starts_with("bounce+") && !leg.from().contains(&deposit.id), "{}", leg.from());
    match &leg.ticket.purpose {
        Purpose::Notice { mailbox_id, deposit_id, sender, is_first, others, .. } => {
            assert_eq!((mailbox_id, deposit_id), (&row.id, &deposit.id));
            assert_eq!((sender.to_path().as_str(), *is_first, others.len()), (SENDER, true, 0));
        }
        other => panic!("{other:?}"),
    }
    let Notice::Activation { link, subject, from_name, from_address, .. } = leg.notice() else {
        panic!("not an activation")
    };
    assert_eq!((subject, from_name.as_deref()), (None, Some("Erika Muster")));
    assert_eq!(from_address, SENDER);
    assert!(!link.expose().contains('@') && !link.expose().contains("max"), "no address in the link");
    assert_eq!(rig.legs().await.len(), 1, "and nothing in clear");
    assert_eq!(rig.trail(&row.id).await, ["sender mailbox.created", "sender letter.deposited"]);
}

#[tokio::test]
async fn a_notice_says_where_the_letter_is_and_not_what_is_in_it() {
    let rig = Rig::new();
    rig.write(&[STRANGER], "[vertraulich] Befund-4711").await.unwrap();
    let leg = rig.leg_to(STRANGER).await;
    let Notice::Activation { link, .. } = leg.notice() else { panic!("not an activation") };
    let mail = rig.written(&leg);
    assert!(mail.contains(link.expose()) && mail.contains("Die Versicherung"), "{mail}");
    assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    assert!(!mail.contains("Befund-4711") && !mail.contains("Guten Tag,\r\nGuten"), "{mail}");

    let shown = Rig::with(|set| set.announcer.show_subject = true);
    shown.write(&[STRANGER], "[vertraulich] Befund-4711").await.unwrap();
    let mail = shown.written(&shown.leg_to(STRANGER).await);
    assert!(mail.contains("Befund-4711"), "the operator wants it shown: {mail}");
}

#[tokio::test]
async fn a_pending_mailbox_gets_the_same_link_again_for_longer() {
    let rig = Rig::new();
    rig.write(&[STRANGER], "[vertraulich] Eins").await.unwrap();
    let Notice::Activation { link: first, expires: before, .. } = rig.leg_to(STRANGER).await.notice() else {
        panic!("not an activation")
    };
    rig.let_go().await;
    rig.clock.advance(10 * DAY);
    rig.write(&[STRANGER], "[vertraulich] Zwei").await.unwrap();
    let Notice::Activation { link, expires, days, .. } = rig.leg_to(STRANGER).await.notice() else {
        panic!("not an activation")
    };
    assert_eq!(link.expose(), first.expose());
    assert!(expires >= before.plus(10 * DAY) && days >= 40, "{days}");
    let id = rig.mailbox_id(STRANGER).await;
    let secret = rig.pending_secret(&id).await;
    assert_eq!(rig.letters(&id, &secret, Folder::Inbox).await.len(), 2);
    // The link still works after its first expiry.
    rig.clock.advance(35 * DAY);
    rig.activate(&link).await;
    assert_eq!(rig.mailbox(STRANGER).await.unwrap().state, MailboxState::Active);
}

#[tokio::test]
async fn an_owner_is_told_of_a_letter_without_a_link_that_opens_anything() {
    let rig = Rig::new();
    let (id, secret) = rig.owner(STRANGER).await;
    rig.clock.advance(DAY);
    rig.write(&[STRANGER], "[vertraulich] Zweiter").await.unwrap();
    let letters = rig.letters(&id, &secret, Folder::Inbox).await;
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[1].summary.subject.as_deref(), Some("Zweiter"));
    assert_eq!(letters[1].row.expires_at, None, "kept until its owner deletes it");
    let Notice::NewMessage { link, deletion, .. } = rig.leg_to(STRANGER).await.notice() else {
        panic!("not of a new message")
    };
    assert!(link.expose().ends_with(&letters[1].row.id), "{}", link.expose());
    assert_eq!(deletion, None);
    let trail = rig.trail(&id).await;
    assert_eq!(trail.iter().filter(|line| *line == "sender mailbox.created").count(), 1, "{trail:?}");
}

#[tokio::test]
async fn a_held_letter_is_sealed_as_held_and_goes_nowhere() {
    let rig = Rig::new();
    rig.write(&["arzt@held.example"], "Gruss").await.unwrap();
    let leg = rig.leg_to("arzt@held.example").await;
    assert_eq!((leg.row.state, leg.hold), (LegState::Frozen, Hold::Held));
    assert_eq!(leg.ticket.tls, TlsFloor::Verified);
    assert_eq!(rig.rest(&leg).await, "Guten Tag\r\n");
    assert!(rig.mailbox("arzt@held.example").await.is_none());
}

#[tokio::test]
async fn a_refused_letter_leaves_nothing() {
    let rig = Rig::new();
    let reply = rig.write(&["arzt@refused.example"], "Gruss").await.unwrap_err();
    assert_eq!((reply.code(), reply.text().contains("Not there")), (550, true), "{}", reply.text());
    assert!(rig.legs().await.is_empty());
    assert!(rig.mailbox("arzt@refused.example").await.is_none());
}

#[tokio::test]
async fn without_a_key_a_letter_for_a_partner_goes_the_second_way_and_never_in_clear() {
    let rig = Rig::new();
    rig.write(&["arzt@clinic.example"], "Gruss").await.unwrap();
    assert_eq!(rig.leg_to("arzt@clinic.example").await.row.purpose, LegPurpose::Notice);
    assert_eq!(rig.mailbox("arzt@clinic.example").await.unwrap().state, MailboxState::Pending);

    rig.write(&["arzt@waits.example"], "Gruss").await.unwrap();
    assert_eq!(rig.leg_to("arzt@waits.example").await.hold, Hold::Held);

    let reply = rig.write(&["arzt@strict.example"], "Gruss").await.unwrap_err();
    assert_eq!(reply.code(), 550);
    assert!(reply.text().contains("must be encrypted"), "{}", reply.text());
    assert!(rig.mailbox("arzt@strict.example").await.is_none());
    assert_eq!(rig.queued_to().await, ["arzt@clinic.example", "arzt@waits.example"]);
}

#[tokio::test]
async fn a_rule_and_a_sender_may_shorten_what_a_mailbox_keeps() {
    let rig = Rig::with(|set| {
        let bounds = sealpost_mailbox::Bounds {
            least: sealpost_mail::Term::Days(1),
            most: sealpost_mail::Term::Days(30),
        };
        set.announcer.retention.asked = Some(bounds);
    });
    let expires = async |to: &str, fields: &str| {
        let text = letter(&rig.random, "[vertraulich] Brief", fields, "Text");
        rig.send(envelope(SENDER, &[to]), origin(), &text).await.unwrap();
        let id = rig.mailbox_id(to).await;
        let secret = rig.pending_secret(&id).await;
        rig.letters(&id, &secret, Folder::Inbox).await.pop().unwrap().row.expires_at.unwrap()
    };
    let short = expires("max@a.web.example", "Expires: Tue, 24 Nov 2026 12:00:00 +0000\r\n").await;
    assert!(short >= NOW.plus(6 * DAY) && short < NOW.plus(8 * DAY), "{short:?}");
    let long = expires("ida@a.web.example", "Expires: Fri, 24 Nov 2028 12:00:00 +0000\r\n").await;
    assert!(long <= NOW.plus(31 * DAY), "no longer than may be asked for: {long:?}");
    let plain = expires("udo@a.web.example", "").await;
    assert!(plain >= NOW.plus(40 * DAY), "{plain:?}");
}

#[tokio::test]
async fn the_tls_that_a_rule_asks_for_stands_in_the_ticket() {
    let rig = Rig::new();
    rig.write(&["max@safe.example", "max@relay.example"], "Gruss").await.unwrap();
    assert_eq!(rig.leg_to("max@safe.example").await.ticket.tls, TlsFloor::Encrypted);
    assert_eq!(rig.leg_to("max@relay.example").await.ticket.tls, TlsFloor::None);
}

#[tokio::test]
async fn whose_hand_was_on_a_letter_decides_what_may_be_signed() {
    use sealpost_arrival::{Who, Writer};
    let rig = Rig::with(|set| {
        let domains = vec![sealpost_mail::Domain::parse("insurer.example").unwrap()];
        set.routes.writers = vec![Writer { who: Who::Login("claims".to_owned()), domains }];
    });
    let hand = async |origin: Origin, subject: &str, fields: &str, to: &str| {
        let text = letter(&rig.random, subject, fields, "Text");
        rig.send(envelope(SENDER, &[to]), origin, &text).await.unwrap();
        rig.leg_to(to).await.ticket.hand
    };
    let claims = Origin { login: Some("claims".to_owned()), ..origin() };
    let world = Origin { listener: "world".to_owned(), login: Some("claims".to_owned()), ..origin() };
    assert_eq!(hand(claims.clone(), "Gruss", "", "a@relay.example").await, Hand::Passed);
    assert_eq!(hand(origin(), "Gruss", "", "b@relay.example").await, Hand::World, "it may not write for it");
    assert_eq!(hand(world, "Gruss", "", "c@relay.example").await, Hand::World, "anybody hands in there");
    // A forged field of ours is removed, and the letter no longer belongs to anybody.
    let forged = "X-Sealpost-Portal: authenticated\r\n";
    assert_eq!(hand(claims, "Gruss", forged, "d@relay.example").await, Hand::Passed);
    assert!(!rig.leg_to("d@relay.example").await.head().contains("X-Sealpost-Portal"));
}
