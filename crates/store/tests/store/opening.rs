//! Opening and closing: nothing answered is lost, nothing lost was answered.

use sealpost_mail::Random as _;
use sealpost_store::{ArrivalRows, Committed, Store, StoreError, StoreOptions};

use crate::rig::{NOW, Rig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_answers_everyone_truthfully() {
    let mut rig = Rig::new();
    let mut arrivals = Vec::new();
    for at in 0..400 {
        let body = rig.body(if at % 50 == 0 { crate::rig::LARGE } else { 100 }).await;
        let id = body.id().to_owned();
        let mut rows = ArrivalRows::new(NOW);
        rows.legs.push(rig.leg(&id, "a.example"));
        rows.body = Some(body);
        let store = rig.store.clone();
        arrivals.push((id, tokio::spawn(async move { store.commit_arrival(rows).await })));
        if at == 200 {
            let store = rig.store.clone();
            tokio::spawn(async move { store.close().await });
        }
    }
    let mut promised = Vec::new();
    for (id, arrival) in arrivals {
        match arrival.await.unwrap() {
            Ok(Committed::New(_)) => promised.push(id),
            Ok(other) => unreachable!("{other:?}"),
            Err(error) => assert!(matches!(error, StoreError::Closed), "{error}"),
        }
    }
    assert!(!promised.is_empty() && promised.len() < 400, "closed in the middle: {}", promised.len());
    rig.reopen().await;
    for id in &promised {
        assert!(rig.store.body(id).await.unwrap().is_some());
    }
    let counts = rig.clean().await;
    assert_eq!(usize::try_from(counts.legs).unwrap(), promised.len());
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let rig = Rig::new();
    rig.store.close().await;
    rig.store.close().await;
    assert!(matches!(rig.store.body("x").await, Err(StoreError::Closed)));
    assert!(matches!(rig.store.sweep(NOW).await, Err(StoreError::Closed)));
    let leftover = rig.folder().join("rows.sqlite-wal");
    assert!(!leftover.exists(), "the log is folded into the database at an orderly end");
}

#[tokio::test]
async fn a_store_opens_again_as_it_was() {
    let mut rig = Rig::new();
    let id = rig.queue(10, &["a.example"]).await;
    for _ in 0..3 {
        rig.reopen().await;
        assert!(rig.store.body(&id).await.unwrap().is_some());
        assert_eq!(rig.clean().await.legs, 1);
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_named() {
    let rig = Rig::new();
    let file = rig.folder().join("lock").join("below");
    let error = Store::open(StoreOptions::new(&file)).unwrap_err();
    assert!(error.to_string().contains("lock/below"), "{error}");
}

#[tokio::test]
async fn many_readers_while_one_writes() {
    let rig = Rig::new();
    let id = rig.queue(60_000, &["a.example"]).await;
    let readers: Vec<_> = (0..500)
        .map(|_| {
            let (store, id) = (rig.store.clone(), id.clone());
            tokio::spawn(async move { store.body(&id).await.unwrap().unwrap().len() })
        })
        .collect();
    rig.queue(10, &["b.example"]).await;
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 60_000);
    }
    assert_ne!(rig.ids.id(), id);
}
