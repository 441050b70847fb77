//! What only a database in files does.

use sealpost_store::{FactKind, FactRow, Keyed, NewBounce, Store, StoreOptions, Unread};

use crate::rig::{LATER, NOW, Rig};
use crate::trail::proven;

#[tokio::test]
async fn what_a_kill_leaves_in_the_log_goes_after_the_next_start() {
    let rig = Rig::new();
    rig.store.close().await;
    // Nobody requests erasure of what was deleted before the kill: the files as they are then, with a log that is not
    // empty.
    let database = rusqlite::Connection::open(rig.folder().join("rows.sqlite")).unwrap();
    database.execute("DELETE FROM wraps", []).unwrap();
    let insert =
        "INSERT INTO tries (whose, wrong, last_at, open_at, forget_at) VALUES (zeroblob(32), 1, 1, 1, 1)";
    database.execute(insert, []).unwrap();
    let killed = tempfile::tempdir().unwrap();
    for name in ["rows.sqlite", "rows.sqlite-wal"] {
        std::fs::copy(rig.folder().join(name), killed.path().join(name)).unwrap();
    }
    let log = killed.path().join("rows.sqlite-wal");
    let length = || std::fs::metadata(&log).map_or(0, |file| file.len());
    assert!(length() > 0);
    let store = Store::open(StoreOptions::new(killed.path())).unwrap();
    let emptied = async {
        while length() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), emptied)
        .await
        .expect("the log is never emptied");
    assert_eq!(store.tries(&[0; 32]).await.unwrap().map(|tries| tries.wrong), Some(1));
    store.close().await;
}

/// A column accepts what is not a number, or not text: anyone who can write the file can put it there. It hides nothing
/// of ours.
#[tokio::test]
async fn a_row_that_cannot_be_read_hides_no_other() {
    let rig = Rig::new();
    let ours = proven(&rig, "jobs");
    let mut letters = Vec::new();
    for tag in 1..=5 {
        letters.push(rig.told_of_in_new(tag).await);
    }
    for (mailbox, _) in &letters[..2] {
        assert!(ours.delete_mailbox(mailbox, Unread::KeptForSenders, NOW).await.unwrap());
    }
    for (mailbox, _) in &letters[3..] {
        let at = NOW;
        let status = "5.1.1".to_owned();
        ours.note_bounce(NewBounce { mailbox_id: mailbox.clone(), deposit_id: None, status, at })
            .await
            .unwrap();
    }
    let database = rusqlite::Connection::open(rig.folder().join("rows.sqlite")).unwrap();
    database
        .execute_batch(
            "INSERT INTO gone_unread (deposit_id, gone_at, received_at, memo_sealed, how)
                 VALUES ('0', 1, 1, 'text', 'deleted'), ('1', 'x', 1, x'01', 'deleted'), (x'ff', 1, 1, x'01', 'deleted')",
        )
        .unwrap();
    let change = |sql: &str, id: &str| assert_eq!(database.execute(sql, [id]).unwrap(), 1);
    change("UPDATE gone_unread SET memo_sealed = 'text' WHERE deposit_id = ?1", &letters[0].1);
    change("UPDATE unreachable SET bounces = 'x' WHERE mailbox_id = ?1", &letters[3].0);
    change("UPDATE deposits SET received_at = 'x' WHERE id = ?1", &letters[3].1);

    let told: Vec<String> =
        ours.gone_unread("").await.unwrap().into_iter().map(|one| one.deposit_id).collect();
    assert_eq!(told, [letters[1].1.clone()]);
    let mut waiting: Vec<String> =
        ours.unfetched("", LATER, LATER, 9).await.unwrap().into_iter().map(|one| one.deposit_id).collect();
    waiting.sort();
    let mut wanted = vec![letters[2].1.clone(), letters[4].1.clone()];
    wanted.sort();
    assert_eq!(waiting, wanted);
    let reminded = ours.waiting_pending("", NOW, 9).await.unwrap();
    assert_eq!(reminded.iter().filter(|one| wanted.contains(&one.deposit_id)).count(), 2);

    for (kind, unreadable, readable) in [
        (FactKind::GoneUnread, vec!["1".to_owned(), "ff".to_owned()], 3),
        (FactKind::CameBack, vec![letters[3].0.clone()], 1),
    ] {
        let page = ours.fact_rows(kind, None).await.unwrap();
        let named = page.rows.iter().filter_map(|row| match row {
            FactRow::Unreadable { id } => Some(id.clone()),
            FactRow::Says { .. } => None,
        });
        assert_eq!(named.collect::<Vec<_>>(), unreadable);
        assert_eq!(page.rows.len(), readable + unreadable.len());
        assert!(ours.fact_rows(kind, page.last.as_ref()).await.unwrap().last.is_none(), "that was all");
    }
    // Verification finds it, and a change of keys leaves it as it is.
    let sealed = ours.keyed_rows(Keyed::Unread, "").await.unwrap();
    assert!(sealed.iter().any(|row| row.id == "0" && row.sealed.is_empty()));
    ours.close().await;
    rig.store.close().await;
}
