//! What only a database in files does.

use sealpost_store::{Store, StoreOptions};

use crate::rig::Rig;

#[tokio::test]
async fn what_a_kill_leaves_in_the_log_goes_after_the_next_start() {
    let rig = Rig::new();
    rig.store.close().await;
    // Nobody asks for what was deleted before the kill: the files as they are then, with a log that is not empty.
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
