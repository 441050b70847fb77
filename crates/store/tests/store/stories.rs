//! A long random life of a store: whatever happens in whatever order, the sweep finds nothing.

use sealpost_mail::{Random as _, Timestamp};
use sealpost_store::{ArrivalRows, Committed, Folder, LegEnd, LegFilter, Page, Unread};

use crate::rig::{LARGE, NOW, Rig};

const ALL: Page = Page { offset: 0, limit: 1000 };

/// A number below `below`.
fn pick(rig: &Rig, below: u64) -> u64 {
    let mut raw = [0; 8];
    rig.ids.fill(&mut raw);
    u64::from_le_bytes(raw) % below
}

async fn arrive(rig: &Rig) {
    let large = pick(rig, 4) == 0;
    let body = rig.body(if large { LARGE } else { 500 }).await;
    let tag = u8::try_from(pick(rig, 5)).unwrap();
    let mut rows = ArrivalRows::new(NOW);
    let known = rig.store.mailboxes_by_tag(&[[tag; 32]]).await.unwrap();
    let mailbox_id = match known.first() {
        Some(mailbox) => mailbox.id.clone(),
        None => {
            let mut mailbox = rig.mailbox(tag);
            mailbox.token = None;
            rows.mailboxes.push(mailbox);
            rows.mailboxes[0].id.clone()
        }
    };
    match pick(rig, 3) {
        0 => rows.deposits.push(rig.deposit(&mailbox_id, body.id())),
        1 => rows.legs.push(rig.leg(body.id(), "a.example")),
        _ => {
            rows.deposits.push(rig.deposit(&mailbox_id, body.id()));
            rows.legs.push(rig.leg(body.id(), "b.example"));
        }
    }
    rows.body = Some(body);
    assert!(!matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::Duplicate));
}

async fn deliver(rig: &Rig, step: i64) {
    let now = Timestamp(NOW.0 + step);
    for leg in rig.lease("runner", now, Timestamp(now.0 + 5)).await {
        let end = match pick(rig, 4) {
            0 => LegEnd::Done,
            1 => LegEnd::Failed,
            2 => LegEnd::Frozen,
            _ => {
                LegEnd::Retry { due_at: Timestamp(now.0 + 3), code: None, enhanced: None, delay_noted: false }
            }
        };
        let _ = rig.store.finish_leg(&leg, end, Vec::new()).await.unwrap();
    }
}

async fn tidy(rig: &Rig) {
    let tag = u8::try_from(pick(rig, 5)).unwrap();
    let Some(mailbox) = rig.store.mailboxes_by_tag(&[[tag; 32]]).await.unwrap().pop() else { return };
    if pick(rig, 4) == 0 {
        rig.store.delete_mailbox(&mailbox.id, Unread::Forgotten, NOW).await.unwrap();
        return;
    }
    let deposits = rig.store.deposits(&mailbox.id, Folder::Inbox, ALL).await.unwrap();
    let ids: Vec<_> = deposits.into_iter().map(|row| row.id).take(3).collect();
    rig.store.delete_deposits(&mailbox.id, &ids).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_steps_by_three_at_once() {
    let mut rig = Rig::new();
    for step in 0..100 {
        tokio::join!(arrive(&rig), deliver(&rig, step), tidy(&rig));
        if step % 10 == 0 {
            rig.clean().await;
        }
        if step % 40 == 39 {
            rig.reopen().await;
        }
    }
    let counts = rig.clean().await;
    rig.wait_for_files(usize::try_from(counts.bodies_in_files).unwrap()).await;

    // And at the end everything can be removed.
    let legs = rig.store.list_legs(&LegFilter::default(), ALL).await.unwrap().legs;
    rig.store.remove_legs(&legs.into_iter().map(|leg| leg.id).collect::<Vec<_>>()).await.unwrap();
    for tag in 0..5 {
        for mailbox in rig.store.mailboxes_by_tag(&[[tag; 32]]).await.unwrap() {
            rig.store.delete_mailbox(&mailbox.id, Unread::Forgotten, NOW).await.unwrap();
        }
    }
    let counts = rig.clean().await;
    assert_eq!((counts.bodies_in_rows, counts.bodies_in_files, counts.body_bytes), (0, 0, 0));
    rig.wait_for_files(0).await;
}
