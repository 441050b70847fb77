//! TLS sessions are counted, each domain gets one report per day, and a submission that has begun is not
//! begun again.

use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{ArrivalRows, Committed, NewTlsReport, NewTlsSubmission, TlsSessionRow};

use crate::rig::{NOW, Rig};

const DAY: i64 = NOW.0 / 86_400_000;

fn seen(tag: u8, report: u8, day: i64) -> TlsSessionRow {
    TlsSessionRow {
        tag: [tag; 32],
        report_tag: [report; 32],
        day,
        facts_sealed: vec![tag, report],
        sessions: 1,
    }
}

/// Waits until this report has this many rows: what was counted before is then written too.
async fn written(rig: &Rig, report: (i64, [u8; 32]), rows: usize) {
    let written = async {
        while rig.store.tls_sessions(report).await.unwrap().len() != rows {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), written).await.unwrap();
}

async fn told(rig: &Rig, report: u8, submissions: Vec<NewTlsSubmission>) -> Committed {
    let mut rows = ArrivalRows::new(NOW);
    rows.tls_reports.push(NewTlsReport { report_tag: [report; 32], day: DAY, submissions });
    rig.store.commit_arrival(rows).await.unwrap()
}

#[tokio::test]
async fn a_domain_is_told_once_of_what_was_counted() {
    let rig = Rig::new();
    for _ in 0..3 {
        rig.store.count_tls_sessions(seen(1, 7, DAY));
    }
    rig.store.count_tls_sessions(seen(2, 7, DAY));
    rig.store.count_tls_sessions(seen(3, 8, DAY));
    rig.store.count_tls_sessions(seen(4, 7, DAY + 1));
    written(&rig, (DAY + 1, [7; 32]), 1).await;
    let (first, second) = ((DAY, [7; 32]), (DAY, [8; 32]));
    let start = (i64::MIN, [0; 32]);
    assert_eq!(rig.store.tls_untold(DAY + 1, start).await.unwrap(), [first, second], "today is not over");
    assert_eq!(rig.store.tls_untold(DAY + 1, first).await.unwrap(), [second]);
    let rows = rig.store.tls_sessions(first).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.tag[0], row.sessions)).collect::<Vec<_>>(), [(1, 3), (2, 1)]);

    assert!(matches!(told(&rig, 7, Vec::new()).await, Committed::New(_)));
    assert!(matches!(told(&rig, 7, Vec::new()).await, Committed::Duplicate));
    // What comes late is not reported.
    rig.store.count_tls_sessions(seen(5, 7, DAY));
    rig.store.count_tls_sessions(seen(6, 8, DAY));
    written(&rig, second, 2).await;
    assert_eq!(rig.store.tls_untold(DAY + 1, start).await.unwrap(), [second]);
    assert_eq!(
        rig.store.tls_sessions((DAY + 1, [7; 32])).await.unwrap().len(),
        1,
        "another day is another report"
    );

    let _ = rig.store.sweep(NOW.plus(Duration::from_secs(6 * 86_400))).await.unwrap();
    for which in [first, second, (DAY + 1, [7; 32])] {
        assert_eq!(rig.store.tls_sessions(which).await.unwrap(), [], "nobody is told so late");
    }
    assert!(matches!(told(&rig, 7, Vec::new()).await, Committed::Duplicate), "remembered for longer");
    let _ = rig.clean().await;
}

#[tokio::test]
async fn who_began_to_hand_in_a_report_and_did_not_end_leaves_a_mark() {
    let rig = Rig::new();
    let expires_at = NOW.plus(Duration::from_secs(86_400));
    let new =
        |id: &str| NewTlsSubmission { id: id.to_owned(), report_sealed: b"r".to_vec(), at: NOW, expires_at };
    assert!(matches!(told(&rig, 7, vec![new("a"), new("b")]).await, Committed::New(_)));
    let due = rig.store.tls_submissions(NOW).await.unwrap();
    assert_eq!(
        due.iter().map(|one| (one.id.as_str(), one.begun_at)).collect::<Vec<_>>(),
        [("a", None), ("b", None)]
    );
    assert!(rig.store.begin_tls_submission("a", NOW).await.unwrap());
    assert!(!rig.store.begin_tls_submission("a", NOW).await.unwrap(), "somebody else has begun");
    assert_eq!(rig.store.tls_submissions(NOW).await.unwrap()[0].begun_at, Some(NOW));

    let later = Timestamp(NOW.0 + 1000);
    rig.store.retry_tls_submission("a", later).await.unwrap();
    assert_eq!(rig.store.tls_submissions(NOW).await.unwrap().len(), 1);
    let again = rig.store.tls_submissions(later).await.unwrap();
    let again = again.iter().find(|one| one.id == "a").unwrap();
    assert_eq!((again.attempts, again.begun_at, again.expires_at), (1, None, expires_at));
    rig.store.end_tls_submission("a").await.unwrap();
    rig.store.end_tls_submission("b").await.unwrap();
    assert_eq!(rig.store.tls_submissions(later).await.unwrap(), []);
    let _ = rig.clean().await;
}
