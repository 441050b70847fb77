//! Statement rows: a row that we did not write is ignored, hides no row of ours, and does not become ours by what we do
//! next. A store opened without a key plays the part of somebody who writes to the database.

use sealpost_store::{
    ArrivalRows, ChangeSecrets, Committed, Ended, FactKind, FactRow, MailboxSizes, NewBounce, NewDeposit,
    NewSession, ProvenAnew, ProvenFact, RequestKind, RequestSelection, RequestState, Store, Unread,
};

use crate::rig::{LATER, NOW, Rig};
use crate::trail::proven;

fn bounce(mailbox_id: &str, status: &str) -> NewBounce {
    NewBounce { mailbox_id: mailbox_id.to_owned(), deposit_id: None, status: status.to_owned(), at: NOW }
}

/// How many rows of a kind there are, and how many of them have any proof.
async fn there(store: &Store, kind: FactKind) -> (usize, usize) {
    let rows = said(store, kind).await;
    (rows.len(), rows.iter().filter(|(_, proof)| !proof.is_empty()).count())
}

/// The rows of a kind, with their proofs.
async fn said(store: &Store, kind: FactKind) -> Vec<(ProvenFact, Vec<u8>)> {
    let rows = store.fact_rows(kind, None).await.unwrap().rows.into_iter();
    rows.map(|row| match row {
        FactRow::Says { said, proof } => (said, proof),
        FactRow::Unreadable { id } => unreachable!("{id}"),
    })
    .collect()
}

/// With the proof that the keeper of the rows would give them now, replacing this one.
fn anew(rows: &[(ProvenFact, Vec<u8>)], before: &[u8]) -> Vec<ProvenAnew> {
    let anew = |said: &ProvenFact| ProvenAnew {
        said: said.clone(),
        before: before.to_vec(),
        proof: format!("{said:?}").into_bytes(),
    };
    rows.iter().map(|(said, _)| anew(said)).collect()
}

async fn bounces(store: &Store, mailbox: &str, tag: u8) -> (Option<u32>, u32) {
    let alone = store.unreachable(mailbox).await.unwrap().map(|known| known.bounces);
    (alone, store.reach_mailboxes(&[[tag; 32]], MailboxSizes::NotAsked).await.unwrap()[0].bounces)
}

#[tokio::test]
async fn an_address_is_marked_by_us_alone_and_a_forged_count_is_not_counted_on() {
    let rig = Rig::new();
    let ours = proven(&rig, "intake");
    let (mailbox, letter) = rig.told_of_in_new(1).await;
    for status in ["5.1.1", "5.1.2", "5.1.3"] {
        rig.store.note_bounce(bounce(&mailbox, status)).await.unwrap();
    }
    assert_eq!(there(&ours, FactKind::CameBack).await, (1, 0), "the row is there");
    assert_eq!(bounces(&ours, &mailbox, 1).await, (None, 0), "and says nothing");
    let unfetched = ours.unfetched("", LATER, LATER, 3).await.unwrap();
    assert!(unfetched.iter().any(|one| one.deposit_id == letter && !one.came_back));

    // A real bounce.
    ours.note_bounce(bounce(&mailbox, "5.7.1")).await.unwrap();
    assert_eq!(bounces(&ours, &mailbox, 1).await, (Some(1), 1), "not four times");
    ours.note_bounce(bounce(&mailbox, "5.7.2")).await.unwrap();
    assert_eq!(bounces(&ours, &mailbox, 1).await, (Some(2), 2));
    assert_eq!(ours.unreachable(&mailbox).await.unwrap().unwrap().status, "5.7.2");
    let unfetched = ours.unfetched("", LATER, LATER, 2).await.unwrap();
    assert!(unfetched.iter().any(|one| one.deposit_id == letter && one.came_back));

    // Somebody increases the count without a valid proof.
    rig.store.note_bounce(bounce(&mailbox, "5.7.2")).await.unwrap();
    assert!(bounces(&ours, &mailbox, 1).await.0.is_none());
    assert!(ours.clear_unreachable(&mailbox).await.unwrap());
    assert_eq!(there(&ours, FactKind::CameBack).await, (0, 0));
    rig.clean().await;
}

#[tokio::test]
async fn owners_are_reminded_whatever_somebody_writes_of_their_addresses() {
    let rig = Rig::new();
    let ours = proven(&rig, "jobs");
    let (mailbox, letter) = rig.told_of_in_new(1).await;
    let waiting = async || {
        let found = ours.waiting_pending("", NOW, 1).await.unwrap();
        found.into_iter().find(|one| one.deposit_id == letter).unwrap().came_back
    };
    rig.store.note_bounce(bounce(&mailbox, "5.1.1")).await.unwrap();
    assert!(!waiting().await);
    ours.note_bounce(bounce(&mailbox, "5.1.1")).await.unwrap();
    assert!(waiting().await);
    rig.clean().await;
}

#[tokio::test]
async fn only_of_letters_that_we_have_seen_go_are_senders_told() {
    let rig = Rig::new();
    let ours = proven(&rig, "jobs");
    let (forged, forged_letter) = rig.told_of_in_new(1).await;
    assert!(rig.store.delete_mailbox(&forged, Unread::KeptForSenders, NOW).await.unwrap());
    assert_eq!(there(&ours, FactKind::GoneUnread).await, (1, 0), "the row is there");
    assert!(ours.gone_unread("").await.unwrap().is_empty(), "and says nothing");
    let (mailbox, letter) = rig.told_of_in_new(2).await;
    assert!(ours.delete_mailbox(&mailbox, Unread::KeptForSenders, LATER).await.unwrap());
    let told = ours.gone_unread("").await.unwrap();
    let [one] = &told[..] else { panic!("one letter, not {}", told.len()) };
    assert_eq!((&one.deposit_id, one.gone_at), (&letter, LATER));
    assert!(ours.gone_unread(&letter.clone().max(forged_letter)).await.unwrap().is_empty());
    rig.clean().await;
}

#[tokio::test]
async fn support_sees_requests_that_somebody_made_and_none_that_somebody_wrote() {
    let rig = Rig::new();
    let ours = proven(&rig, "portal");
    let mailbox = crate::mailboxes::active(&rig, 1).await;
    let note = |text: &str| Some(text.as_bytes().to_vec());
    for text in ["+43 1 666", "+43 1 667"] {
        assert!(rig.store.ask(&mailbox, RequestKind::Access, note(text), NOW).await.unwrap());
    }
    let (forged, _) = said(&rig.store, FactKind::Request).await.remove(0);
    let number = rig.store.requests(RequestSelection::Open).await.unwrap()[0].number;
    assert!(
        ours.requests(RequestSelection::All).await.unwrap().is_empty()
            && ours.requests_of(&mailbox).await.unwrap().is_empty()
    );
    assert!(ours.request(number).await.unwrap().is_none());
    assert_eq!(ours.mailbox_facts(&mailbox, NOW).await.unwrap().requests, 0);

    assert!(ours.ask(&mailbox, RequestKind::Access, note("+43 1 123"), NOW).await.unwrap());
    let open = ours.requests(RequestSelection::Open).await.unwrap();
    let [request] = &open[..] else { panic!("one request, not {}", open.len()) };
    assert_eq!(request.note_sealed, note("+43 1 123"));
    assert_eq!(ours.mailbox_facts(&mailbox, NOW).await.unwrap().requests, 1);
    assert!(ours.refuse_request(request, b"by telephone".to_vec(), LATER).await.unwrap());
    let decided = ours.request(request.number).await.unwrap().unwrap();
    assert_eq!((decided.state, decided.decided_at), (RequestState::Refused, Some(LATER)));

    // Refusing one that is not ours does not make it ours.
    let row = rig.store.request(number).await.unwrap().unwrap();
    assert!(ours.refuse_request(&row, b"x".to_vec(), LATER).await.unwrap());
    assert!(ours.request(number).await.unwrap().is_none());
    assert_eq!(forged.kind(), FactKind::Request);

    // A request for a new link beside one that somebody else wrote is entirely our own.
    assert!(rig.store.ask(&mailbox, RequestKind::Renewal, note("+43 1 668"), NOW).await.unwrap());
    assert!(ours.ask(&mailbox, RequestKind::Renewal, None, LATER).await.unwrap());
    let open = ours.requests(RequestSelection::Open).await.unwrap();
    let [renewal] = &open[..] else { panic!("one request, not {}", open.len()) };
    assert_eq!((renewal.created_at, renewal.note_sealed.as_ref()), (LATER, None));
    rig.clean().await;
}

#[tokio::test]
async fn whoever_vouches_for_rows_of_before_proves_them_as_they_are() {
    let rig = Rig::new();
    let ours = proven(&rig, "portal");
    let (mailbox, _) = rig.told_of_in_new(1).await;
    rig.store.note_bounce(bounce(&mailbox, "5.1.1")).await.unwrap();
    assert!(rig.store.ask(&mailbox, RequestKind::Renewal, None, NOW).await.unwrap());
    for kind in [FactKind::CameBack, FactKind::Request] {
        let rows = said(&ours, kind).await;
        assert_eq!(ours.prove_facts(anew(&rows, b"")).await.unwrap(), 1);
        assert_eq!(ours.prove_facts(anew(&rows, b"")).await.unwrap(), 0, "it has a proof by now");
    }
    assert_eq!(bounces(&ours, &mailbox, 1).await, (Some(1), 1));
    assert_eq!(ours.requests(RequestSelection::Open).await.unwrap().len(), 1);
    rig.clean().await;
}

/// The operator has seen the row, and its owner asks again before the proof is written.
#[tokio::test]
async fn a_proof_for_what_a_row_said_is_not_put_beside_what_it_says_now() {
    let rig = Rig::new();
    let ours = proven(&rig, "portal");
    let (mailbox, _) = rig.told_of_in_new(1).await;
    rig.store.note_bounce(bounce(&mailbox, "5.1.1")).await.unwrap();
    assert!(rig.store.ask(&mailbox, RequestKind::Renewal, None, NOW).await.unwrap());
    let (back, asked) = (said(&ours, FactKind::CameBack).await, said(&ours, FactKind::Request).await);

    assert!(ours.ask(&mailbox, RequestKind::Renewal, Some(b"0170".to_vec()), LATER).await.unwrap());
    ours.note_bounce(bounce(&mailbox, "5.1.2")).await.unwrap();
    for rows in [&back, &asked] {
        assert_eq!(ours.prove_facts(anew(rows, b"")).await.unwrap(), 0);
    }
    assert_eq!(
        ours.requests(RequestSelection::Open).await.unwrap()[0].created_at,
        LATER,
        "the genuine one is seen"
    );
    assert_eq!(bounces(&ours, &mailbox, 1).await, (Some(1), 1));

    // Nor if an earlier version, which proves nothing, has changed the fields.
    rig.store.note_bounce(bounce(&mailbox, "5.1.2")).await.unwrap();
    let read = said(&ours, FactKind::CameBack).await;
    let before = read[0].1.clone();
    rig.store.note_bounce(bounce(&mailbox, "5.1.3")).await.unwrap();
    assert_eq!(ours.prove_facts(anew(&read, &before)).await.unwrap(), 0);
    rig.clean().await;
}

#[tokio::test]
async fn nobody_can_vouch_that_a_letter_went_which_lies_in_its_mailbox() {
    let rig = Rig::new();
    let ours = proven(&rig, "portal");
    let (mailbox, letter) = rig.told_of_in_new(1).await;
    assert!(rig.store.delete_mailbox(&mailbox, Unread::KeptForSenders, NOW).await.unwrap());
    let rows = said(&ours, FactKind::GoneUnread).await;
    assert!(ours.are_there(std::slice::from_ref(&letter)).await.unwrap().is_empty());
    let (other, _) = rig.told_of_in_new(2).await;
    let body = rig.body(10).await;
    let mut there = ArrivalRows::new(NOW);
    there.deposits.push(NewDeposit { id: letter.clone(), ..rig.deposit(&other, body.id()) });
    there.body = Some(body);
    assert!(matches!(rig.store.commit_arrival(there).await.unwrap(), Committed::New(_)));
    let lies = ours.are_there(std::slice::from_ref(&letter)).await.unwrap();
    assert_eq!(lies.into_iter().collect::<Vec<_>>(), [letter]);
    assert_eq!(ours.prove_facts(anew(&rows, b"")).await.unwrap(), 0);
    assert!(ours.gone_unread("").await.unwrap().is_empty());
    rig.clean().await;
}

#[tokio::test]
async fn since_when_rows_are_proven_stands_in_the_schema() {
    let rig = Rig::new();
    let since = rig.store.proven_since().await.unwrap();
    assert!(since.is_some_and(|since| since.0 > 1_700_000_000_000), "{since:?}");
    rig.clean().await;
}

/// Both reports arrive in one letter.
#[tokio::test]
async fn each_of_two_bounces_of_one_batch_counts() {
    let rig = Rig::new();
    let ours = proven(&rig, "intake");
    let (mailbox, _) = rig.told_of_in_new(1).await;
    let mut rows = ArrivalRows::new(NOW);
    rows.bounced = vec![bounce(&mailbox, "5.1.1"), bounce(&mailbox, "5.1.2")];
    assert!(matches!(ours.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    assert_eq!(bounces(&ours, &mailbox, 1).await, (Some(2), 2));
    rig.clean().await;
}

/// A mailbox's sessions 1 and 2, ended by this store.
async fn sessions_ended_by(rig: &Rig, store: &Store) {
    let mailbox = crate::mailboxes::active(rig, 1).await;
    for hash in [1, 2] {
        let session = NewSession {
            hash: [hash; 32],
            mailbox_id: mailbox.clone(),
            secret_sealed: vec![hash],
            created_at: NOW,
            expires_at: LATER,
            device_sealed: b"device".to_vec(),
        };
        assert!(rig.store.begin_session(session).await.unwrap());
    }
    let old_address = rig.store.mailbox(&mailbox).await.unwrap().unwrap().address_sealed;
    let everywhere = ChangeSecrets {
        old_address,
        address_sealed: b"address again".to_vec(),
        epochs: "..one".to_owned(),
        mailbox_id: mailbox,
        now: NOW,
        wraps: Vec::new(),
        question_sealed: None,
        keep_session: None,
        why: Ended::Everywhere,
    };
    assert!(store.change_secrets(everywhere).await.unwrap());
}

#[tokio::test]
async fn a_browser_is_told_why_its_session_ended_by_us_alone() {
    let rig = Rig::new();
    let ours = proven(&rig, "portal");
    sessions_ended_by(&rig, &ours).await;
    assert_eq!(ours.ended_session(&[1; 32]).await.unwrap(), Some(Ended::Everywhere));
    let rows = said(&ours, FactKind::SessionEnded).await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    let words = |why: &str| ProvenFact::SessionEnded { hash: vec![2; 32], why: why.to_owned(), at: NOW };
    assert!(rows.iter().any(|(said, proof)| *said == words("everywhere") && !proof.is_empty()), "{rows:?}");

    let other = Rig::new();
    let theirs = proven(&other, "portal");
    sessions_ended_by(&other, &other.store).await;
    assert_eq!(there(&theirs, FactKind::SessionEnded).await, (2, 0), "the rows are there");
    assert_eq!(theirs.ended_session(&[1; 32]).await.unwrap(), None, "and say nothing");
}
