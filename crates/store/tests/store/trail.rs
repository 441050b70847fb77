//! The audit trail: written with what it records or not at all, in one chain however many processes write.

use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::{Random as _, Timestamp};
use sealpost_store::{
    AnchorKind, ArrivalRows, AuditProver, AuditRow, ChainedRow, Committed, CountedRow, EventRow,
    EventSelection, EventState, EventWords, LegFilter, LetterEvent, NewDeposit, Page, ProvenFact, Store,
    StoreOptions, Unread,
};

use crate::mailboxes::active;
use crate::rig::{NOW, Rig, options};

/// A row.
pub(crate) fn row(action: &str, object: &str) -> AuditRow {
    AuditRow {
        at: NOW,
        actor: "system".to_owned(),
        action: action.to_owned(),
        object: object.to_owned(),
        mailbox: String::new(),
        network: String::new(),
        outcome: "done".to_owned(),
        detail: String::new(),
    }
}

/// The whole trail.
pub(crate) async fn read(store: &Store) -> Vec<ChainedRow> {
    store.audit_page(0).await.unwrap().0
}

async fn said(store: &Store) -> Vec<String> {
    read(store).await.into_iter().map(|row| format!("{} {}", row.row.action, row.row.object)).collect()
}

/// A proof that shows what it was made of.
#[derive(Debug)]
struct Plain(&'static str);

impl AuditProver for Plain {
    fn writer(&self) -> (&str, i64) {
        (self.0, 1)
    }

    fn row(&self, before: &[u8], seq: i64, row: &AuditRow) -> Vec<u8> {
        let before = String::from_utf8_lossy(before);
        let last = before.rsplit('|').next().unwrap_or_default();
        format!("{last}|{seq}{}", row.object).into_bytes()
    }

    fn event(&self, event: &EventWords<'_>) -> Vec<u8> {
        let EventWords { id, hook, kind, at, letter, mailbox, detail } = event;
        format!("{id}|{hook}|{kind}|{}|{letter}|{mailbox}|{detail}", at.0).into_bytes()
    }

    fn fact(&self, fact: &ProvenFact) -> Vec<u8> {
        format!("{fact:?}").into_bytes()
    }

    fn fact_holds(&self, fact: &ProvenFact, proof: &[u8]) -> bool {
        self.fact(fact) == proof
    }

    fn anchor(&self, kind: AnchorKind, seq: i64, _at: Timestamp, _proof: &[u8]) -> Vec<u8> {
        format!("{}{seq}", kind.as_str()).into_bytes()
    }
}

pub(crate) fn proven(rig: &Rig, writer: &'static str) -> Store {
    proven_in(options(&rig.scratch), writer)
}

/// The same for a store opened with other options.
pub(crate) fn proven_in(options: StoreOptions, writer: &'static str) -> Store {
    Store::open(StoreOptions { prover: Some(Arc::new(Plain(writer))), ..options }).unwrap()
}

fn sorted(mut events: Vec<(EventRow, EventState)>) -> Vec<(EventRow, EventState)> {
    events.sort_by_key(|(event, _)| event.kind.as_str());
    events
}

#[tokio::test]
async fn what_a_receiver_is_told_is_proven_by_whoever_does_it_and_counts_for_nothing_else() {
    let rig = Rig::new();
    let store = proven(&rig, "portal");
    let alone = store.alone("delivery").unwrap();
    let kinds = vec![LetterEvent::Activated, LetterEvent::Expired];
    store.set_hooks(&alone, &[("crm".to_owned(), kinds), ("other".to_owned(), vec![])]).await.unwrap();
    let id = active(&rig, 1).await;
    let body = rig.body(10).await;
    let mut rows = ArrivalRows::new(NOW);
    let deposit = NewDeposit { expires_at: Some(NOW), ..rig.deposit(&id, body.id()) };
    let letter = deposit.id.clone();
    rows.deposits.push(deposit);
    rows.body = Some(body);
    assert!(matches!(store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    assert_eq!(
        store.purge_letters(Unread::Forgotten, NOW).await.unwrap(),
        1,
        "one letter, and not its event"
    );
    let all = store.events("", EventSelection::All).await.unwrap();
    // The process that activated it had no key, and proved nothing.
    let [(activated, EventState::Queued), (event, EventState::Queued)] = &sorted(all)[..] else {
        panic!("two events")
    };
    assert_eq!((activated.kind, activated.proof.len()), (LetterEvent::Activated, 0));
    let at = NOW.0;
    let said = format!("{letter}-letter.expired-{at}-crm|crm|letter.expired|{at}|{letter}|{id}|unread");
    assert_eq!(String::from_utf8(event.proof.clone()).unwrap(), said);
}

#[tokio::test]
async fn a_row_rides_with_what_changes_something_and_with_nothing_else() {
    let rig = Rig::new();
    let id = active(&rig, 1).await;
    let noting = rig.store.audited([row("mailbox.held", &id)]);
    assert!(!noting.end_hold(&id, NOW, Vec::new(), NOW).await.unwrap());
    assert!(said(&rig.store).await.is_empty(), "nothing was changed");
    assert!(noting.hold_mailbox(&id, NOW).await.unwrap());
    assert!(!noting.hold_mailbox(&id, NOW).await.unwrap(), "refused");
    assert_eq!(said(&rig.store).await, [format!("mailbox.held {id}")]);
}

#[tokio::test]
async fn of_many_things_there_is_a_row_for_each_that_changed() {
    let rig = Rig::new();
    rig.queue(100, &["a.example", "b.example"]).await;
    let queued = rig.store.list_legs(&LegFilter::default(), Page { offset: 0, limit: 9 }).await.unwrap().legs;
    let legs = [queued[0].id.clone(), queued[1].id.clone()];
    let ids = [legs[0].clone(), rig.ids.id(), legs[1].clone()];
    assert_eq!(rig.store.audited([row("queue.removed", "")]).remove_legs(&ids).await.unwrap(), 2);
    let mut expected = legs.map(|id| format!("queue.removed {id}"));
    let mut found = said(&rig.store).await;
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn several_processes_write_one_chain() {
    let rig = Rig::new();
    let (one, other) = (proven(&rig, "intake"), proven(&rig, "portal"));
    for turn in 0..10 {
        let store = if turn % 3 == 0 { &one } else { &other };
        store.append_audit(vec![row("x", "a"), row("x", "b")]).await.unwrap();
    }
    let mut both = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = if n % 2 == 0 { one.clone() } else { other.clone() };
        both.spawn(async move { store.append_audit(vec![row("x", "c")]).await });
    }
    assert!(both.join_all().await.into_iter().all(|written| written.is_ok()));
    let rows = read(&one).await;
    let numbers: Vec<i64> = rows.iter().map(|row| row.seq).collect();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
    let mut before = String::new();
    for row in &rows {
        let (link, own) = (format!("{before}|"), format!("{}{}", row.seq, row.row.object));
        assert_eq!(String::from_utf8_lossy(&row.proof), format!("{link}{own}"));
        before = own;
    }
    assert!(rows.iter().any(|row| row.writer == "intake") && rows.iter().any(|row| row.writer == "portal"));
    let head = other.audit_anchors().await.unwrap().head.unwrap();
    assert_eq!((head.seq, head.anchor_proof.as_slice()), (60, &b"head60"[..]));
}

#[tokio::test]
async fn what_has_no_end_is_counted_and_folded_once() {
    let rig = Rig::new();
    let count = async |mailbox: Option<&str>, network: String| {
        rig.store.count_audit("credentials.wrong", mailbox, &network, NOW).await.unwrap();
    };
    for n in 0..100 {
        for _ in 0..2 {
            count(Some("m1"), format!("192.0.{n}.0/24")).await;
        }
    }
    count(Some("m2"), "192.0.0.0/24".to_owned()).await;
    count(None, "192.0.0.0/24".to_owned()).await;
    assert!(read(&rig.store).await.is_empty());
    let made = |counted: CountedRow| {
        Some(AuditRow {
            at: counted.minute,
            mailbox: counted.whose,
            network: counted.network,
            detail: counted.times.to_string(),
            ..row(&counted.action, "-")
        })
    };
    assert_eq!(rig.store.fold_audit(NOW, made).await.unwrap(), 0, "the minute is not over");
    let later = NOW.plus(Duration::from_secs(180));
    let second = Store::open(options(&rig.scratch)).unwrap();
    let (one, other) = tokio::join!(rig.store.fold_audit(later, made), second.fold_audit(later, made));
    assert!(one.unwrap().max(other.unwrap()) == 67);
    let rows: Vec<AuditRow> = read(&rig.store).await.into_iter().map(|row| row.row).collect();
    assert_eq!(rows.len(), 67, "sixty-four places, and the others of each mailbox and of none together");
    let counts: Vec<i64> = rows.iter().map(|row| row.detail.parse().unwrap()).collect();
    assert_eq!(counts.iter().sum::<i64>(), 202);
    let mut elsewhere: Vec<&str> =
        rows.iter().filter(|row| row.network == "other networks").map(|row| row.mailbox.as_str()).collect();
    elsewhere.sort_unstable();
    assert_eq!(elsewhere, ["", "m1", "m2"], "whoever comes from many places hides no mailbox");
}

#[tokio::test]
async fn whoever_knows_very_many_addresses_fills_no_trail() {
    let rig = Rig::new();
    for n in 0..1_100 {
        rig.store
            .count_audit("credentials.wrong", Some(&format!("m{n}")), "192.0.2.0/24", NOW)
            .await
            .unwrap();
    }
    let made = |counted: CountedRow| Some(AuditRow { mailbox: counted.whose, ..row(&counted.action, "-") });
    let later = NOW.plus(Duration::from_secs(180));
    while rig.store.fold_audit(later, made).await.unwrap() > 0 {}
    let rows = read(&rig.store).await;
    assert_eq!(rows.len(), 1_025);
    assert_eq!(rows.iter().filter(|row| row.row.mailbox.is_empty()).count(), 1);
}

#[tokio::test]
async fn what_nobody_counts_goes_without_a_row() {
    let rig = Rig::new();
    for action in ["credentials.wrong", "mailbox.opened"] {
        rig.store.count_audit(action, Some("m"), "192.0.2.0/24", NOW).await.unwrap();
    }
    let known =
        |counted: CountedRow| (counted.action == "credentials.wrong").then(|| row(&counted.action, "-"));
    let later = NOW.plus(Duration::from_secs(180));
    assert_eq!(rig.store.fold_audit(later, known).await.unwrap(), 2);
    assert_eq!(rig.store.fold_audit(later, known).await.unwrap(), 0);
    assert_eq!(read(&rig.store).await.len(), 1);
}

#[tokio::test]
async fn what_is_let_go_leaves_an_anchor() {
    let rig = Rig::new();
    let store = proven(&rig, "jobs");
    let at = |days: u64| NOW.plus(Duration::from_secs(days * 86_400));
    for days in [0, 1, 5, 2, 9] {
        store.append_audit(vec![AuditRow { at: at(days), ..row("x", "a") }]).await.unwrap();
    }
    assert_eq!(store.prune_audit(at(3)).await.unwrap(), 2, "up to the first that is not old");
    let pruned = store.audit_anchors().await.unwrap().pruned.unwrap();
    assert_eq!((pruned.seq, pruned.at, pruned.anchor_proof.as_slice()), (2, at(1), &b"pruned2"[..]));
    assert_eq!(store.prune_audit(at(99)).await.unwrap(), 2, "the last one stays");
    assert_eq!(read(&store).await.len(), 1);
}

#[tokio::test]
async fn the_end_that_is_said_to_others_is_the_last_row() {
    let rig = Rig::new();
    let store = proven(&rig, "jobs");
    assert_eq!(store.certain_audit_head().await.unwrap(), None);
    store.append_audit(vec![row("letter.deposited", "one"), row("letter.deposited", "two")]).await.unwrap();
    let head = store.certain_audit_head().await.unwrap();
    assert_eq!(head, store.audit_anchors().await.unwrap().head);
    let head = head.unwrap();
    assert!(store.make_audit_certain(head.seq, &head.proof).await.unwrap());
    assert!(!store.make_audit_certain(head.seq, b"another").await.unwrap());
    assert_eq!(store.certain_audit_head().await.unwrap(), Some(head), "it changes nothing");
    rig.clean().await;
}
