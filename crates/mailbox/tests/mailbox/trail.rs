//! The audit row of each act of an owner, in the transaction of the act; the chain is valid, and changing,
//! cutting or adding a row is detected.

use std::collections::{BTreeMap, BTreeSet};

use sealpost_mail::{LoginNote, SystemRandom, Timestamp};
use sealpost_mailbox::audit::{
    Actor, AnchorWord, Arrived, Credentials, DkimKeyChange, Event, Failure, Finding, HopReply, JobOutcome,
    KeyChange, LetterGone, MailboxGone, OwnKeyChange, PartnerChange, ReleasedLetters, ReloadEnd, SessionEnd,
    StoreMove, Verified, Verifier, counted, logged_in, network,
};
use sealpost_mailbox::{LogInOutcome, NewCredential, Owner};
use sealpost_store::{Anchor, Anchors, AuditRow, ChainedRow, CountedRow, KeptSession};
use sealpost_vault::ServerKey;

use crate::access::{Door, Here, PASSWORD, secret};
use crate::rig::{ADDRESS, NOW, Rig};

/// Every event, with typical ids and codes.
fn every() -> Vec<Event<'static>> {
    let (mailbox, letter) = ("mailbox-id", "letter-id");
    let counts: &[(&str, u64)] = &[("letters", 3)];
    vec![
        Event::MailboxCreated { mailbox },
        Event::MailboxActivated { mailbox },
        Event::LinkRenewed { mailbox },
        Event::LoggedIn { mailbox },
        Event::CredentialsFailed { how: Failure::Wrong, mailbox: None, times: 3 },
        Event::CredentialsFailed { how: Failure::Refused, mailbox: Some(mailbox), times: 3 },
        Event::LogInClosed { mailbox },
        Event::SessionEnded { mailbox, why: SessionEnd::LoggedOut },
        Event::SessionEnded { mailbox, why: SessionEnd::Everywhere },
        Event::CredentialsChanged { mailbox, what: Credentials::Password },
        Event::CredentialsChanged { mailbox, what: Credentials::Question },
        Event::ResetAsked { mailbox },
        Event::DeletionAsked { mailbox },
        Event::PasswordReset { mailbox },
        Event::MailboxLocked { mailbox },
        Event::MailboxUnlocked { mailbox },
        Event::MailboxHeld { mailbox },
        Event::MailboxFreed { mailbox },
        Event::AddressCleared { mailbox },
        Event::MailboxDeleted { why: MailboxGone::Owner },
        Event::MailboxDeleted { why: MailboxGone::RequestedByMail },
        Event::MailboxDeleted { why: MailboxGone::Operator },
        Event::MailboxDeleted { why: MailboxGone::Abandoned },
        Event::MailboxDeleted { why: MailboxGone::Unused },
        Event::RequestMade { mailbox, kind: "locked-out" },
        Event::RequestReleased { mailbox, number: 7, letters: ReleasedLetters::KeptByLink },
        Event::RequestRefused { mailbox, number: 7 },
        Event::LetterDeposited {
            letter,
            mailbox,
            arrival: Some(Arrived { id: "arrival-id", sha256: [7; 32] }),
        },
        Event::LetterOpened { letter, mailbox },
        Event::LetterExported { letter, mailbox, format: "pdf" },
        Event::EvidenceMade { letter, mailbox },
        Event::FactsExported { mailbox },
        Event::OriginalOpened { original: "original-id" },
        Event::EventsRetried,
        Event::EventsDropped,
        Event::ArchiveExported { mailbox, letters: 12, format: "eml" },
        Event::LetterTrashed,
        Event::LetterRestored,
        Event::LetterGone { why: LetterGone::Deleted },
        Event::LetterGone { why: LetterGone::Expired },
        Event::LetterGone { why: LetterGone::Trash },
        Event::LetterGone { why: LetterGone::Recalled },
        Event::NoticeSent { letter, mailbox, reply: HopReply { code: Some(250), ..HopReply::default() } },
        Event::NoticeFailed { letter, mailbox, reply: HopReply::default() },
        Event::NoticeReturned { letter, mailbox },
        Event::ReplySent { letter, mailbox, recipients: 2 },
        Event::PartnerChanged { partner: "partner-id", what: PartnerChange::Added },
        Event::PartnerKeyChanged { partner: "partner-id", fingerprint: "ab", what: KeyChange::Trusted },
        Event::OwnKeyChanged { key: "key-id", fingerprint: "ab", what: OwnKeyChange::Retired },
        Event::LegRetried,
        Event::LegFrozen,
        Event::LegThawed,
        Event::LegRemoved,
        Event::JobRan { job: "letters", run: 4, counts, ended: JobOutcome::Done },
        Event::ClockBelieved,
        Event::DkimKeyChangeBegan { name: "s._domainkey.example", what: DkimKeyChange::Created },
        Event::DkimKeyChanged { name: "s._domainkey.example", what: DkimKeyChange::Created },
        Event::StoreMoveBegan,
        Event::BodiesMoveBegan,
        Event::StoreMoved { what: StoreMove::Whole, rows: 1, bodies: 2 },
        Event::Migrated { to: 7 },
        Event::KeyRotationBegan { from: 1, to: 2 },
        Event::KeyRotated { from: 1, to: 2 },
        Event::EscrowRotationBegan { to: 2 },
        Event::EscrowRotated { to: 2, mailboxes: 9 },
        Event::AdoptionBegan,
        Event::RowsAdopted { letters: 1, drafts: 2, others: 3 },
        Event::ConfigurationLoaded { hash: "ab", parts: "portal" },
        Event::ConfigurationReloaded { hash: "ab", end: ReloadEnd::Refused },
    ]
}

#[test]
fn every_event_is_a_dotted_word_with_ids_and_codes_and_can_be_told_from_the_others() {
    let mut seen = BTreeSet::new();
    for event in every() {
        let row = event.row(NOW, &Actor::System, None);
        let AuditRow { at, actor, action, object, mailbox, network, outcome, detail } = row;
        assert_eq!((at, actor.as_str(), network.as_str()), (NOW, "system", ""), "{event:?}");
        let is_word = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(action.split('.').count() == 2 && action.split('.').all(is_word), "{action}");
        assert!(!outcome.is_empty(), "{event:?}");
        for (text, most) in [(&object, 80), (&mailbox, 80), (&outcome, 80), (&detail, 120)] {
            assert!(text.len() < most && !text.contains(['@', '\n']), "{text}");
        }
        assert!(seen.insert((action, object, outcome, detail)), "{event:?} looks like another one");
    }
}

#[test]
fn who_did_it_is_a_word_and_from_where_a_network() {
    let event = Event::LoggedIn { mailbox: "m" };
    for (actor, word) in [
        (Actor::System, "system"),
        (Actor::Sender, "sender"),
        (Actor::Visitor, "visitor"),
        (Actor::Owner, "owner"),
        (Actor::Operator(1000), "operator:1000"),
    ] {
        assert_eq!(event.row(NOW, &actor, None).actor, word);
    }
    assert!(matches!(Actor::of_command(), Actor::Operator(_)));
    assert_eq!(network("192.0.2.7".parse().unwrap()), "192.0.2.0/24");
    let counts = |action: &str, whose: &str| CountedRow {
        minute: NOW,
        action: action.to_owned(),
        whose: whose.to_owned(),
        network: "192.0.2.0/24".to_owned(),
        times: 12,
    };
    for (how, mailbox, object) in [(Failure::Wrong, "m", "m"), (Failure::Refused, "", "-")] {
        let row = counted(counts(how.word(), mailbox)).unwrap();
        assert_eq!((row.action.as_str(), row.network.as_str()), (how.word(), "192.0.2.0/24"));
        assert_eq!((row.object.as_str(), row.mailbox.as_str()), (object, mailbox));
        assert!(format!("{} {}", row.outcome, row.detail).contains("12"));
    }
    for nobodys in ["smtp-login.right", "mailbox.opened", "credentials.reset", ""] {
        assert_eq!(counted(counts(nobodys, "m")), None, "{nobodys}");
    }
    for how in LoginNote::ALL {
        for (login, actor) in [("exchange", "login:exchange"), ("", "login")] {
            let row = logged_in(how, counts(how.word(), login));
            assert!(how == LoginNote::Right || counted(counts(how.word(), login)).as_ref() == Some(&row));
            assert_eq!((row.action.as_str(), row.actor.as_str()), (how.word(), actor));
            assert_eq!((row.network.as_str(), row.detail.as_str()), ("192.0.2.0/24", "times=12"));
            assert_eq!((row.object.as_str(), row.mailbox.as_str()), ("smtp", ""));
        }
    }
}

#[tokio::test]
async fn each_act_of_an_owner_leaves_its_row_and_what_does_nothing_leaves_none() {
    let door = Door::new().await;
    let (rig, id) = (&door.rig, &door.mailbox_id);
    let acts = async || {
        let trail = rig.trail(id).await;
        trail
            .into_iter()
            .map(|line| line.rsplit(' ').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let action = |event: Event<'_>| event.row(NOW, &Actor::Owner, None).action;
    assert!(acts().await.is_empty());
    let waiting = door.waiting().await;
    assert!(acts().await.is_empty(), "looking is no act");
    door.activate().await;
    let mut expected = vec![action(Event::MailboxActivated { mailbox: id })];
    assert_eq!(acts().await, expected);
    // Too late: nothing is done, and nothing recorded.
    let late = crate::access::chosen();
    let _late = door.access().activate(Here, Here, &waiting, late, &crate::rig::retention()).await.unwrap();
    assert_eq!(acts().await, expected);

    let LogInOutcome::Owner(opened) = door.comes_with(PASSWORD).await else { panic!("not in") };
    let row = door.row().await;
    let owner = Owner { mailbox: &row, secret: &opened, address: ADDRESS };
    let kept = |_: &str| Ok(KeptSession { hash: [7; 32], secret_sealed: Vec::new() });
    let new = || NewCredential::Password(secret("ein ganz anderes Wort"));
    assert!(door.access().change_credential(Here, owner, new(), kept).await.unwrap());
    expected.push(action(Event::CredentialsChanged { mailbox: id, what: Credentials::Password }));
    assert_eq!(acts().await, expected);
    assert!(!door.access().change_credential(Here, owner, new(), kept).await.unwrap());
    assert_eq!(acts().await, expected, "of a row that is no more");

    let row = door.row().await;
    let owner = Owner { mailbox: &row, secret: &opened, address: ADDRESS };
    assert!(door.access().leave_everywhere(owner).await.unwrap());
    expected.push(action(Event::SessionEnded { mailbox: id, why: SessionEnd::Everywhere }));
    assert_eq!(acts().await, expected);
    assert!(door.access().begin_reset(&door.row().await).await.unwrap().is_some());
    expected.push(action(Event::ResetAsked { mailbox: id }));
    assert_eq!(acts().await, expected);
    assert!(rig.trail(id).await.iter().all(|line| !line.contains('@')));
}

/// A trail of some rows in a store.
async fn trail() -> (Rig, Vec<ChainedRow>, Anchors) {
    let rig = Rig::new();
    for number in 0..5_i64 {
        let row = Event::RequestRefused { mailbox: "m", number }.row(Timestamp(number), &Actor::System, None);
        rig.store.append_audit(vec![row]).await.unwrap();
    }
    let (rows, anchors) = rig.store.audit_page(0).await.unwrap();
    assert_eq!(rows.len(), 5);
    (rig, rows, anchors)
}

fn verified(rig: &Rig, rows: &[ChainedRow], anchors: &Anchors, noted: Vec<AnchorWord>) -> Verified {
    let masters = [rig.keys.audit.clone()];
    let mut verifier = Verifier::new(&masters, anchors.pruned.clone(), noted, BTreeMap::new());
    rows.iter().for_each(|row| verifier.take(row));
    verifier.finish(anchors.head.as_ref())
}

#[tokio::test]
async fn a_trail_that_nobody_touched_is_whole() {
    let (rig, rows, anchors) = trail().await;
    let whole = verified(&rig, &rows, &anchors, Vec::new());
    assert_eq!((whole.rows, whole.unchained, whole.findings), (5, 0, Vec::new()));
    let head = whole.head.unwrap();
    assert_eq!(head.seq, rows[4].seq);
    let noted: AnchorWord = head.to_string().parse().unwrap();
    assert_eq!(verified(&rig, &rows, &anchors, vec![noted]).findings, Vec::new());
    for odd in ["", "5", "5:", "x:00", "5:zz", &format!("{head}0"), &head.to_string().replace(':', ";")] {
        assert!(odd.parse::<AnchorWord>().is_err(), "{odd}");
    }
}

#[tokio::test]
async fn whoever_changes_the_trail_is_found_out() {
    let (rig, rows, anchors) = trail().await;
    let (seq, last) = (rows[2].seq, rows[4].seq);
    type Change = fn(&mut Vec<ChainedRow>);
    let changes: [(&str, Change, Finding); 6] = [
        ("other words", |rows| rows[2].row.detail.push('9'), Finding::Broken { seq }),
        ("another actor", |rows| rows[2].row.actor = "owner".to_owned(), Finding::Broken { seq }),
        ("another writer", |rows| rows[2].writer = "intake".to_owned(), Finding::Broken { seq }),
        ("no proof", |rows| rows[2].proof.clear(), Finding::Unproven { seq }),
        ("a row is gone", |rows| drop(rows.remove(2)), Finding::Missing { after: seq - 1, before: seq + 1 }),
        ("the end is gone", |rows| drop(rows.pop()), Finding::TailCut { last: last - 1, head: last }),
    ];
    for (what, change, finding) in changes {
        let mut forged = rows.clone();
        change(&mut forged);
        let found = verified(&rig, &forged, &anchors, Vec::new()).findings;
        assert!(found.contains(&finding), "{what}: {found:?}");
        assert!(found.iter().all(|one| !one.to_string().is_empty()));
    }
    let mut swapped = rows.clone();
    (swapped[1].row, swapped[2].row) = (rows[2].row.clone(), rows[1].row.clone());
    assert_eq!(verified(&rig, &swapped, &anchors, Vec::new()).findings.len(), 2, "two changed places");
}

#[tokio::test]
async fn the_ends_of_the_trail_are_proven_and_what_was_noted_elsewhere_must_be_there() {
    let (rig, rows, anchors) = trail().await;
    let none = Anchors { head: None, pruned: None };
    assert_eq!(verified(&rig, &rows, &none, Vec::new()).findings, [Finding::NoHead]);
    let head = anchors.head.clone().unwrap();
    let moved = Anchors { head: Some(Anchor { at: Timestamp(9), ..head.clone() }), pruned: None };
    assert_eq!(verified(&rig, &rows, &moved, Vec::new()).findings, [Finding::AnchorBroken { kind: "head" }]);

    let noted = |seq: i64, proof: Vec<u8>| vec![AnchorWord { seq, proof }];
    let other = verified(&rig, &rows, &anchors, noted(rows[1].seq, vec![0; 32])).findings;
    assert_eq!(other, [Finding::NotAsNoted { seq: rows[1].seq }]);
    let gone = verified(&rig, &rows, &anchors, noted(99, vec![0; 32])).findings;
    assert_eq!(gone, [Finding::NotAsNoted { seq: 99 }]);

    let strange = [ServerKey::generate(&SystemRandom).keys().audit];
    let mut verifier = Verifier::new(&strange, None, Vec::new(), BTreeMap::new());
    rows.iter().for_each(|row| verifier.take(row));
    assert!(!verifier.finish(Some(&head)).findings.is_empty(), "another server's trail");
}

#[tokio::test]
async fn what_the_operator_let_go_leaves_a_proven_beginning() {
    let (rig, all, _) = trail().await;
    assert_eq!(rig.store.prune_audit(Timestamp(2)).await.unwrap(), 2);
    let (rows, anchors) = rig.store.audit_page(0).await.unwrap();
    assert_eq!((rows.len(), rows[0].seq), (3, all[2].seq));
    assert_eq!(verified(&rig, &rows, &anchors, Vec::new()).findings, Vec::new());
    // Noted rows that were pruned since can no longer be checked.
    let noted = vec![AnchorWord { seq: all[0].seq, proof: all[0].proof.clone() }];
    assert_eq!(verified(&rig, &rows, &anchors, noted).findings, Vec::new());
    let cut = Anchors { pruned: None, ..anchors.clone() };
    assert!(
        !verified(&rig, &rows, &cut, Vec::new()).findings.is_empty(),
        "nobody said that they were let go"
    );
    let forged = anchors.pruned.clone().map(|pruned| Anchor { proof: all[0].proof.clone(), ..pruned });
    let forged = Anchors { pruned: forged, ..anchors };
    assert!(
        verified(&rig, &rows, &forged, Vec::new())
            .findings
            .contains(&Finding::AnchorBroken { kind: "pruned" })
    );
}
