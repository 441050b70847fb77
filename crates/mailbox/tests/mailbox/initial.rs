//! Initial passwords: a pending mailbox opens with what its owner was told, once, in time, and never again.

use std::time::Duration;

use sealpost_mail::{Secret, SystemRandom};
use sealpost_mailbox::{
    Activated, ActivationLink, Chosen, LogInOutcome, NewOwner, NewPending, WaysIn, initial_wrap,
};
use sealpost_store::{
    ArrivalRows, Committed, MailboxState, NewNewcomer, NewToken, Proof, TokenPurpose, WrapKind,
};
use sealpost_vault::{InitialPassword, TokenPurpose as VaultPurpose};

use crate::access::{Door, Here, PASSWORD, chosen, secret};
use crate::rig::{NOW, retention};

const TO: &str = "ida@web.example";
const HASH: [u8; 32] = [5; 32];

/// A mailbox that an initial password opens; its id and that password.
async fn made(door: &Door) -> (String, Secret<String>) {
    let (rig, keys) = (&door.rig, &door.rig.keys);
    let (token, hash) = keys.tokens.issue(VaultPurpose::Activation, &SystemRandom);
    let ways = WaysIn { rows: &keys.rows, pepper: &keys.pepper, token: &token };
    let mut new = NewPending::new(&ways, None, &SystemRandom).unwrap();
    let initial = InitialPassword::generate(&SystemRandom);
    let wrap = initial_wrap(new.id(), new.secret(), &initial, &keys.pepper, &SystemRandom).unwrap();
    new.add_initial(wrap);
    let id = new.id().to_owned();
    let owner = NewOwner { tag: rig.tag(TO), address: TO, language: "de".to_owned() };
    let row = NewToken {
        hash,
        purpose: TokenPurpose::Activation,
        created_at: NOW,
        expires_at: retention().link(NOW),
        deposit_id: None,
    };
    let mut rows = ArrivalRows::new(NOW);
    rows.mailboxes.push(new.row(&keys.rows, owner, row, NOW, &SystemRandom));
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    (id, initial.text())
}

async fn comes(door: &Door, id: &str, password: &str) -> LogInOutcome {
    let row = door.rig.store.mailbox(id).await.unwrap().unwrap();
    door.access().try_password(Here, Some(&row), secret(password)).await.unwrap()
}

/// A newcomer session, as the portal stores it.
async fn newcomer(door: &Door, id: &str) {
    let newcomer = NewNewcomer {
        hash: HASH,
        mailbox_id: id.to_owned(),
        secret_sealed: vec![1],
        expires_at: NOW.plus(Duration::from_secs(3600)),
    };
    assert!(door.rig.store.begin_newcomer(newcomer).await.unwrap());
}

#[tokio::test]
async fn who_was_told_the_password_is_a_newcomer_and_not_yet_an_owner() {
    let door = Door::new().await;
    let (id, initial) = made(&door).await;
    assert!(matches!(comes(&door, &id, initial.expose()).await, LogInOutcome::Newcomer(_)));
    // As people type what they were told by telephone.
    let typed = initial.expose().to_lowercase().replace('-', " ");
    assert!(matches!(comes(&door, &id, &typed).await, LogInOutcome::Newcomer(_)), "{}", typed.len());
    for wrong in ["", PASSWORD, "aaaa-aaaa-aaaa-aaaa"] {
        assert!(matches!(comes(&door, &id, wrong).await, LogInOutcome::Stranger), "{wrong}");
    }
    // Another mailbox's password does not work here.
    let other = door.row().await;
    let came = door.access().try_password(Here, Some(&other), initial.clone()).await.unwrap();
    assert!(matches!(came, LogInOutcome::Stranger));
}

#[tokio::test]
async fn an_initial_password_ends_with_the_time_of_its_mailbox() {
    let door = Door::new().await;
    let (id, initial) = made(&door).await;
    door.clock.advance(Duration::from_secs(50 * 86_400));
    assert!(matches!(comes(&door, &id, initial.expose()).await, LogInOutcome::Stranger));
}

/// A hold preserves remaining time, but does not revive what had expired.
#[tokio::test]
async fn a_hold_brings_back_no_initial_password_and_no_link_that_was_over_before_it() {
    let door = Door::new().await;
    let (id, initial) = made(&door).await;
    let day = |days: u64| NOW.plus(Duration::from_secs(days * 86_400));
    let link = async || door.access().activation_link(door.token.text().expose()).await.unwrap();
    // Held in time: valid as long as the hold lasts.
    for mailbox in [&id, &door.mailbox_id] {
        assert!(door.rig.store.hold_mailbox(mailbox, day(1)).await.unwrap());
    }
    door.clock.advance(Duration::from_secs(50 * 86_400));
    assert!(matches!(comes(&door, &id, initial.expose()).await, LogInOutcome::Newcomer(_)));
    assert!(matches!(link().await, ActivationLink::Good(_)));
    // Held after it had expired.
    for mailbox in [&id, &door.mailbox_id] {
        assert!(door.rig.store.end_hold(mailbox, day(1), Vec::new(), day(49)).await.unwrap());
        assert!(door.rig.store.hold_mailbox(mailbox, day(49)).await.unwrap());
    }
    assert!(matches!(comes(&door, &id, initial.expose()).await, LogInOutcome::Stranger));
    assert!(matches!(link().await, ActivationLink::Expired));
}

#[tokio::test]
async fn a_newcomer_makes_the_mailbox_theirs_and_the_initial_password_is_gone() {
    let door = Door::new().await;
    let (id, initial) = made(&door).await;
    newcomer(&door, &id).await;
    let LogInOutcome::Newcomer(opened) = comes(&door, &id, initial.expose()).await else {
        panic!("a stranger")
    };
    let row = door.rig.store.mailbox(&id).await.unwrap().unwrap();
    let waiting = door.access().first_log_in(row, opened, HASH).unwrap();
    assert_eq!((waiting.address.as_str(), waiting.language.as_str()), (TO, "de"));
    assert!(matches!(waiting.proof, Proof::Newcomer(HASH)));
    // It must be changed: it may be on paper, and somebody else knows it.
    assert!(door.access().is_initial(Here, &waiting, &initial).await.unwrap());
    assert!(!door.access().is_initial(Here, &waiting, &secret(PASSWORD)).await.unwrap());

    let done = door.access().activate(Here, Here, &waiting, chosen(), &retention()).await.unwrap();
    assert!(matches!(done, Activated::Done(_)));
    assert!(matches!(comes(&door, &id, PASSWORD).await, LogInOutcome::Owner(_)));
    assert!(matches!(comes(&door, &id, initial.expose()).await, LogInOutcome::Stranger));
    assert!(door.rig.store.wrap(&id, WrapKind::Initial).await.unwrap().is_none());
    let again = Chosen { password: secret("noch ein Wort"), ..chosen() };
    let late = door.access().activate(Here, Here, &waiting, again, &retention()).await.unwrap();
    assert!(matches!(late, Activated::TooLate));
}

#[tokio::test]
async fn a_newcomer_whom_nobody_remembers_activates_nothing() {
    let door = Door::new().await;
    let (id, initial) = made(&door).await;
    let LogInOutcome::Newcomer(opened) = comes(&door, &id, initial.expose()).await else {
        panic!("a stranger")
    };
    let row = door.rig.store.mailbox(&id).await.unwrap().unwrap();
    let waiting = door.access().first_log_in(row.clone(), opened.clone(), [6; 32]).unwrap();
    let done = door.access().activate(Here, Here, &waiting, chosen(), &retention()).await.unwrap();
    assert!(matches!(done, Activated::TooLate));
    assert_eq!(door.rig.store.mailbox(&id).await.unwrap().unwrap().state, MailboxState::Pending);
    // A forged row is refused before anything is sealed to it.
    let forged = sealpost_store::MailboxRow { tag: door.rig.tag("mallory@web.example"), ..row };
    assert!(door.access().first_log_in(forged, opened, HASH).is_err());
}
