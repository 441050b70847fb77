//! What has expired is removed without anybody's help: letters, unclaimed mailboxes, rows that lead nowhere.
//! What somebody still waits for is kept.

use std::time::Duration;

use sealpost_mail::{Random as _, SystemRandom, Timestamp};
use sealpost_store::{
    Activate, Activation, ArrivalRows, Committed, DraftQuota, Folder, ForeseenForgotten, Forgotten,
    MailboxState, MemoKey, NewBounceMemo, NewDraft, NewNewcomer, NewSession, NewToken, NewUpload, Page,
    PendingEnd, Proof, RequestKind, RequestSelection, ResumedTime, StaleKind, TokenPurpose, Unread, WrapKind,
};

use crate::rig::{LARGE, LATER, NOW, Rig, no_rekey, wrap};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ALL: Page = Page { offset: 0, limit: 1000 };

fn activation(mailbox_id: &str, token: u8, now: Timestamp, letters_until: Option<Timestamp>) -> Activate {
    Activate {
        mailbox_id: mailbox_id.to_owned(),
        proof: Proof::Token([token; 32]),
        now,
        rekey: no_rekey(),
        wraps: vec![wrap(WrapKind::Password)],
        question_sealed: None,
        language: "de".to_owned(),
        letters_until,
    }
}

async fn expiry(rig: &Rig, mailbox: &str, id: &str) -> Option<Timestamp> {
    rig.store.deposit(mailbox, id).await.unwrap().unwrap().row.expires_at
}

#[tokio::test]
async fn a_letter_goes_with_its_body_when_its_time_is_over_and_not_before() {
    let rig = Rig::new();
    let (mailbox, id, _) = rig.deposit_in_new(1).await;
    // One body for a leg and two mailboxes: removed with the last of them.
    let body = rig.body(LARGE).await;
    let mut rows = ArrivalRows::new(NOW);
    let (first, mut second) = (rig.deposit(&mailbox, body.id()), rig.deposit(&mailbox, body.id()));
    second.expires_at = Some(LATER.plus(DAY));
    let kept = second.id.clone();
    rows.deposits = vec![first, second];
    rows.body = Some(body);
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));

    assert_eq!(rig.store.purge_letters(Unread::Forgotten, Timestamp(LATER.0 - 1)).await.unwrap(), 0);
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, LATER).await.unwrap(), 2);
    assert!(rig.store.deposit(&mailbox, &id).await.unwrap().is_none());
    assert!(rig.store.deposit(&mailbox, &kept).await.unwrap().is_some());
    assert_eq!(rig.body_files().len(), 1);
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, LATER.plus(DAY)).await.unwrap(), 1);
    rig.wait_for_files(0).await;
    assert_eq!(rig.clean().await.deposits, 0);
}

/// A draft with an upload under way.
async fn begun(rig: &Rig, mailbox: &str) {
    let quota = DraftQuota { bytes: 1 << 20, files: 10, in_mailbox: 1 << 20 };
    let draft = NewDraft {
        id: SystemRandom.id(),
        mailbox_id: mailbox.to_owned(),
        now: NOW,
        key_sealed: b"key".to_vec(),
        sealed_to: b"public".to_vec(),
        content_sealed: b"text".to_vec(),
    };
    let upload = NewUpload {
        id: SystemRandom.id(),
        mailbox_id: mailbox.to_owned(),
        draft_id: draft.id.clone(),
        size: 10,
        facts_sealed: b"name".to_vec(),
        now: NOW,
        quota,
    };
    assert!(rig.store.add_draft(draft).await.unwrap());
    assert!(rig.store.begin_upload(upload).await.unwrap());
}

#[tokio::test]
async fn what_is_foreseen_is_what_goes() {
    let rig = Rig::new();
    let store = &rig.store;
    // One whose letter expires, one whose letter leaves the trash, one whose letter stays, and one under a
    // hold.
    let mut ids = Vec::new();
    for tag in 1..=4 {
        let (mailbox, letter, _) = rig.deposit_in_new(tag).await;
        begun(&rig, &mailbox).await;
        ids.push((mailbox, letter));
    }
    let [(_, first), (second, thrown), (third, _), (fourth, _)] = &ids[..] else { panic!("four") };
    // Its own time is longer: it is extended by ending a hold that it was not under.
    assert!(store.hold_mailbox(third, NOW).await.unwrap());
    let held = store.held(third).await.unwrap().unwrap();
    let later = held.times.into_iter().map(|was| ResumedTime { at: was.at.plus(DAY * 100), was });
    assert!(store.end_hold(third, NOW, later.collect(), NOW).await.unwrap());
    assert_eq!(store.trash_deposits(second, std::slice::from_ref(thrown), NOW).await.unwrap(), 1);
    assert!(store.hold_mailbox(fourth, NOW).await.unwrap());
    let (now, trashed, touched) = (LATER, LATER, LATER);
    let seen = store.foresee_retention(now, trashed, touched, Timestamp(0)).await.unwrap();
    assert!(seen.letters.named.iter().any(|(letter, _)| letter == first));
    let foreseen = [
        seen.letters.all,
        seen.trash.all,
        seen.drafts.all,
        seen.mailboxes.all,
        seen.originals.all,
        seen.uploads.all,
    ];
    let gone = [
        store.purge_letters(Unread::Forgotten, now).await.unwrap(),
        store.purge_trash(trashed, Unread::Forgotten, now).await.unwrap(),
        store.purge_unattended_drafts(now, Timestamp(0)).await.unwrap(),
        store.purge_pending(now, Timestamp(0)).await.unwrap(),
        store.forget_originals(now).await.unwrap(),
        store.expire_uploads(touched).await.unwrap(),
    ];
    assert_eq!(foreseen.map(|count| usize::try_from(count).unwrap()), gone);
    assert!(gone[2] > 0 && gone[3] > 0, "{gone:?}");
    let after = store.foresee_retention(now, trashed, touched, Timestamp(0)).await.unwrap();
    assert_eq!((after.letters.all, after.mailboxes.all, after.drafts.all, after.uploads.all), (0, 0, 0, 0));
    assert_eq!(store.drafts(fourth).await.unwrap().len(), 1, "held");
    // What is left of the third is removed with its letter; its drafts are listed with their times.
    let letter = store.letters_of(third).await.unwrap().remove(0);
    assert_eq!(store.pending_end(third).await.unwrap(), PendingEnd::At(letter.expires_at.unwrap()));
    let times = store.other_times(third).await.unwrap();
    assert_eq!(times.iter().map(|time| time.what.as_str()).collect::<Vec<_>>(), ["draft"]);
    assert_eq!(times[0].first, Some(NOW));
    assert!(store.ask(third, RequestKind::Access, None, NOW).await.unwrap());
    let end = letter.expires_at.unwrap();
    let PendingEnd::Asked { last, link } = store.pending_end(third).await.unwrap() else { panic!("asked") };
    assert!(last == end && link <= end, "{last:?} {link:?}");
    // One of everything that is only counted.
    let later = now.plus(DAY * 4_000);
    let foreseen = store.foresee_forgotten(later).await.unwrap();
    let forgot = store.forget(later).await.unwrap();
    let ForeseenForgotten { stale, tokens, bounce_memos, threads, withdrawn, dead_events } = foreseen;
    let (withdrawn, dead_events) = (withdrawn.all, dead_events.all);
    assert_eq!(forgot, Forgotten { stale, tokens, bounce_memos, threads, withdrawn, dead_events });
    assert_eq!(
        (store.old_job_runs(later).await.unwrap(), store.old_audit_rows(later).await.unwrap()),
        (0, 0)
    );
    rig.clean().await;
}

#[tokio::test]
async fn more_letters_than_go_at_once_all_go() {
    let rig = Rig::new();
    let (mailbox, _, _) = rig.deposit_in_new(1).await;
    for _ in 0..5 {
        let mut rows = ArrivalRows::new(NOW);
        for _ in 0..100 {
            let body = rig.body(10).await;
            rows.deposits.push(rig.deposit(&mailbox, body.id()));
            rows.more_bodies.push(body);
        }
        assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    }
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, LATER).await.unwrap(), 501);
    let counts = rig.clean().await;
    assert_eq!((counts.deposits, counts.bodies_in_rows), (0, 0));
}

#[tokio::test]
async fn with_activation_the_time_of_the_letters_begins() {
    let rig = Rig::new();
    let (mailbox, id, _) = rig.deposit_in_new(1).await;
    // On its last day; kept for sixty days from then, not from its arrival.
    let (last_day, until) = (Timestamp(LATER.0 - 1), LATER.plus(DAY * 60));
    let done = rig.activate(activation(&mailbox, 1, last_day, Some(until))).await.unwrap();
    assert_eq!(done, Activation::Activated);
    assert_eq!(expiry(&rig, &mailbox, &id).await, Some(until));
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, LATER.plus(DAY * 59)).await.unwrap(), 0);
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, until).await.unwrap(), 1);

    let (mailbox, id, _) = rig.deposit_in_new(2).await;
    let done = rig.activate(activation(&mailbox, 2, NOW, None)).await.unwrap();
    assert_eq!(done, Activation::Activated);
    assert_eq!(expiry(&rig, &mailbox, &id).await, None, "kept until its owner deletes it");
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, Timestamp(i64::MAX)).await.unwrap(), 0);
    rig.clean().await;
}

#[tokio::test]
async fn the_trash_lets_go_whatever_comes_first() {
    let rig = Rig::new();
    let (mailbox, id, _) = rig.deposit_in_new(1).await;
    assert_eq!(rig.store.trash_deposits(&mailbox, &[id], NOW).await.unwrap(), 1);
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, LATER).await.unwrap(), 1, "its own time is over");
    assert!(rig.store.deposits(&mailbox, Folder::Trash, ALL).await.unwrap().is_empty());
    assert_eq!(rig.store.purge_trash(LATER, Unread::Forgotten, NOW).await.unwrap(), 0);
    rig.clean().await;
}

#[tokio::test]
async fn a_mailbox_nobody_came_for_goes_when_it_is_empty_and_its_link_has_run_out() {
    let rig = Rig::new();
    let (mailbox, id, _) = rig.deposit_in_new(1).await;
    let (asked, _, _) = rig.deposit_in_new(2).await;
    let (active, _, _) = rig.deposit_in_new(3).await;
    let done = rig.activate(activation(&active, 3, NOW, Some(LATER))).await.unwrap();
    assert_eq!(done, Activation::Activated);
    assert!(rig.store.ask(&asked, RequestKind::Renewal, None, NOW).await.unwrap());
    let notice = NewBounceMemo {
        number: 0,
        mailbox_id: mailbox.clone(),
        deposit_id: id.clone(),
        return_hash: [7; 32],
        memo_sealed: b"memo".to_vec(),
        created_at: NOW,
    };
    let mut rows = ArrivalRows::new(NOW);
    rows.bounce_memos.push(notice);
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));

    assert_eq!(
        rig.store.purge_pending(Timestamp(i64::MAX), Timestamp(0)).await.unwrap(),
        0,
        "letters wait in them"
    );
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, LATER).await.unwrap(), 3);
    assert_eq!(
        rig.store.purge_pending(Timestamp(LATER.0 - 1), Timestamp(0)).await.unwrap(),
        0,
        "the link is still good"
    );
    assert_eq!(
        rig.store.purge_pending(LATER, Timestamp(0)).await.unwrap(),
        1,
        "support has not decided on the other"
    );
    let row = rig.store.mailbox(&mailbox).await.unwrap().unwrap();
    assert_eq!(row.state, MailboxState::Deleted);
    assert!(row.address_sealed.is_empty() && row.public_key.is_empty());
    assert!(rig.store.mailboxes_by_tag(&[[1; 32]]).await.unwrap().is_empty());
    assert!(rig.store.wrap(&mailbox, WrapKind::Activation).await.unwrap().is_none());
    assert!(rig.store.bounce_memo(&MemoKey::first(&id)).await.unwrap().is_none());
    assert!(rig.store.token(&[1; 32]).await.unwrap().is_some(), "its link still explains itself");
    for id in [&asked, &active] {
        assert_ne!(rig.store.mailbox(id).await.unwrap().unwrap().state, MailboxState::Deleted);
    }
    // The next letter to that address creates a mailbox as if there had been none.
    let again = rig.deposit_in_new_with_token(1, 11).await;
    assert_ne!(again, mailbox);
    rig.clean().await;
}

#[tokio::test]
async fn an_open_request_keeps_a_mailbox_for_so_long_and_no_longer() {
    let rig = Rig::new();
    let store = &rig.store;
    let (asked, _, _) = rig.deposit_in_new(1).await;
    let (begun_in, _, _) = rig.deposit_in_new(2).await;
    begun(&rig, &begun_in).await;
    for mailbox in [&asked, &begun_in] {
        assert!(store.ask(mailbox, RequestKind::Access, None, NOW).await.unwrap());
        assert!(store.ask(mailbox, RequestKind::Renewal, None, NOW).await.unwrap());
    }
    let now = LATER.plus(DAY * 40);
    assert_eq!(store.purge_letters(Unread::Forgotten, now).await.unwrap(), 2);
    // Their links expired at `LATER`, and not a moment before.
    let before = Timestamp(LATER.0 - 1);
    let foreseen = async |asked| {
        let seen = store.foresee_retention(now, NOW, NOW, asked).await.unwrap();
        (seen.drafts.all, seen.mailboxes.all)
    };
    assert_eq!(foreseen(before).await, (0, 0));
    assert_eq!(store.purge_unattended_drafts(now, before).await.unwrap(), 0);
    assert_eq!(store.purge_pending(now, before).await.unwrap(), 0);
    // However often it is requested again.
    assert!(store.ask(&asked, RequestKind::Renewal, None, now).await.unwrap());
    assert_eq!(foreseen(LATER).await, (1, 2));
    assert_eq!(store.purge_unattended_drafts(now, LATER).await.unwrap(), 1);
    assert_eq!(store.purge_pending(now, LATER).await.unwrap(), 2);
    assert!(store.requests(RequestSelection::Open).await.unwrap().is_empty(), "they go with it");
    rig.clean().await;
}

#[tokio::test]
async fn a_letter_that_comes_while_its_mailbox_goes_finds_a_mailbox_or_is_told() {
    let rig = Rig::new();
    let (mailbox, _, _) = rig.deposit_in_new(1).await;
    assert_eq!(rig.store.purge_letters(Unread::Forgotten, LATER).await.unwrap(), 1);
    let body = rig.body(10).await;
    let mut rows = ArrivalRows::new(LATER);
    rows.deposits.push(rig.deposit(&mailbox, body.id()));
    rows.body = Some(body);
    let (purged, committed) =
        tokio::join!(rig.store.purge_pending(LATER, Timestamp(0)), rig.store.commit_arrival(rows));
    match (purged.unwrap(), committed.unwrap()) {
        (1, Committed::MailboxTaken) | (0, Committed::New(_)) => {}
        (purged, committed) => panic!("{purged} {committed:?}"),
    }
    rig.clean().await;
}

#[tokio::test]
async fn rows_that_lead_nowhere_are_forgotten_and_others_are_not() {
    let rig = Rig::new();
    let (mailbox, deposit, _) = rig.deposit_in_new(1).await;
    let done = rig.activate(activation(&mailbox, 1, NOW, None)).await.unwrap();
    assert_eq!(done, Activation::Activated);
    let reset = NewToken {
        hash: [9; 32],
        purpose: TokenPurpose::Reset,
        created_at: NOW,
        expires_at: LATER,
        deposit_id: None,
    };
    assert!(rig.store.begin_reset(&mailbox, reset, Timestamp(0)).await.unwrap());
    let session = NewSession {
        hash: [5; 32],
        mailbox_id: mailbox.clone(),
        secret_sealed: Vec::new(),
        created_at: NOW,
        expires_at: LATER,
        device_sealed: Vec::new(),
    };
    assert!(rig.store.begin_session(session).await.unwrap());
    let body = rig.body(10).await;
    let mut rows = ArrivalRows::new(NOW);
    let mut letter = rig.deposit(&mailbox, body.id());
    letter.thread_tags.push([4; 32]);
    letter.expires_at = None;
    rows.deposits.push(letter);
    rows.body = Some(body);
    rows.fingerprint = Some([3; 32]);
    rows.bounce_memos.push(NewBounceMemo {
        number: 0,
        mailbox_id: mailbox.clone(),
        deposit_id: deposit,
        return_hash: [7; 32],
        memo_sealed: Vec::new(),
        created_at: NOW,
    });
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));

    let now = rig.store.forget(NOW).await.unwrap();
    assert_eq!((now.tokens, now.bounce_memos, now.threads, now.of(StaleKind::Sessions)), (0, 0, 0, 0));
    let next_day = rig.store.forget(LATER.plus(DAY * 2)).await.unwrap();
    assert_eq!(
        (next_day.tokens, next_day.of(StaleKind::Sessions), next_day.of(StaleKind::Fingerprints)),
        (1, 1, 1),
        "the reset link"
    );
    assert_eq!(rig.store.forget(NOW.plus(DAY * 59)).await.unwrap().bounce_memos, 0);
    let later = rig.store.forget(NOW.plus(DAY * 61)).await.unwrap();
    assert_eq!(later.bounce_memos, 0, "its letter is there, and its sender may still have to be told");
    assert!(rig.store.token(&[1; 32]).await.unwrap().is_some(), "a used link says so for a year");
    assert_eq!(rig.store.forget(LATER.plus(DAY * 366)).await.unwrap().tokens, 1);
    assert!(rig.store.knows_thread(&[[4; 32]]).await.unwrap());
    assert_eq!(rig.store.forget(NOW.plus(DAY * 365 * 5 + DAY)).await.unwrap().threads, 1);
    assert!(rig.store.mailbox(&mailbox).await.unwrap().is_some(), "an active mailbox stays");
    rig.clean().await;
}

#[tokio::test]
async fn whoever_has_shown_an_initial_password_too_late_is_forgotten_with_the_mailbox() {
    let rig = Rig::new();
    let (mailbox, _, _) = rig.deposit_in_new(1).await;
    let token = NewToken {
        hash: [9; 32],
        purpose: TokenPurpose::Activation,
        created_at: NOW,
        expires_at: LATER,
        deposit_id: None,
    };
    let wraps = vec![wrap(WrapKind::Activation), wrap(WrapKind::Initial)];
    let _ = rig.store.renew_activation(&mailbox, token, wraps, None).await.unwrap();
    let newcomer = NewNewcomer {
        hash: [8; 32],
        mailbox_id: mailbox.clone(),
        secret_sealed: Vec::new(),
        expires_at: LATER.plus(DAY),
    };
    assert!(rig.store.begin_newcomer(newcomer).await.unwrap());
    let after = LATER.plus(DAY / 2);
    rig.store.purge_letters(Unread::Forgotten, after).await.unwrap();
    assert_eq!(rig.store.purge_pending(after, Timestamp(0)).await.unwrap(), 1);
    assert!(rig.store.newcomer(&[8; 32], after).await.unwrap().is_none());
    let report = rig.store.sweep(after).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
}
