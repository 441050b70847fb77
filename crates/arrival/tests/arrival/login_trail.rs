//! Successful SMTP AUTH log-ins while the store cannot write: they take bounded memory, and none is lost.

use std::net::IpAddr;

use sealpost_arrival::LoginTrail;
use sealpost_mail::{LoginNote, Timestamp};
use sealpost_store::{ELSEWHERE, Store, StoreOptions};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn right_ones_that_cannot_be_written_take_bounded_room_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreOptions::new(folder.path())).unwrap();
    store.close().await;
    let trail = LoginTrail::default();
    let at_once = CancellationToken::new();
    at_once.cancel();
    for n in 0..20_000_u32 {
        let client = IpAddr::from((n % 9_000).wrapping_mul(256).to_be_bytes());
        trail.note(LoginNote::Right, client, Some("mill"), Timestamp(60_000));
        if n % 5_000 == 0 {
            trail.keep(&store, at_once.clone()).await;
        }
    }
    drop(store);
    let store = Store::open(StoreOptions::new(folder.path())).unwrap();
    trail.keep(&store, at_once).await;
    let rows = store.audit_page(0).await.unwrap().0;
    let times = |network: &str| -> u64 {
        let rows = rows.iter().map(|row| &row.row).filter(|row| network.is_empty() || row.network == network);
        rows.map(|row| row.detail.strip_prefix("times=").unwrap().parse::<u64>().unwrap()).sum()
    };
    assert_eq!(times(""), 20_000);
    assert_eq!(times("0.15.159.0/24"), 2, "the last network that had room, each time it came");
    assert_eq!(rows.len(), 4_001, "the rest stands in one row");
    assert_eq!(times(ELSEWHERE), 10_000);
    store.close().await;
}
