//! Bodies: small ones in rows, large ones in files, none of them left behind.

use std::os::unix::fs::PermissionsExt as _;

use sealpost_mail::Random as _;
use sealpost_store::{ArrivalRows, Committed, StoreError};

use crate::rig::{LARGE, NOW, Rig, sample};

#[tokio::test]
async fn bodies_come_back_as_they_went_in_whole_and_in_ranges() {
    let rig = Rig::new();
    for len in [0, 1, 65_536, 65_537, 131_072, 131_073, LARGE] {
        let id = rig.queue(len, &["a.example"]).await;
        let body = rig.store.body(&id).await.unwrap().unwrap();
        let whole = sample(len);
        assert_eq!(body.len(), u64::try_from(len).unwrap());
        assert_eq!(body.inline().is_some(), len <= 65_536, "{len}");
        assert_eq!(body.read(0..u64::MAX).await.unwrap(), whole);
        let middle = body.read(7..70_000).await;
        if len < 7 {
            assert!(matches!(middle, Err(StoreError::OutOfRange)));
        } else {
            assert_eq!(middle.unwrap(), whole[7..len.min(70_000)]);
        }
        assert!(body.read(body.len()..u64::MAX).await.unwrap().is_empty());
    }
    assert_eq!(rig.body_files().len(), 4);
    assert!(rig.store.body("unknown").await.unwrap().is_none());
    let counts = rig.clean().await;
    assert_eq!((counts.bodies_in_rows, counts.bodies_in_files), (3, 4));
}

#[tokio::test]
async fn pieces_of_any_size_make_the_same_body() {
    let rig = Rig::new();
    for piece in [1000, 65_536, 65_552, 299_999] {
        let mut writer = rig.store.body_writer(rig.ids.id());
        for bytes in sample(LARGE).chunks(piece) {
            writer.push(bytes).await.unwrap();
        }
        let body = writer.finish().await.unwrap();
        let id = body.id().to_owned();
        let mut rows = ArrivalRows::new(NOW);
        rows.legs.push(rig.leg(&id, "a.example"));
        rows.body = Some(body);
        assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        let read = rig.store.body(&id).await.unwrap().unwrap().read(0..u64::MAX).await.unwrap();
        assert_eq!(read, sample(LARGE), "pieces of {piece}");
    }
    rig.clean().await;
}

#[tokio::test]
async fn an_unfinished_body_leaves_nothing() {
    let rig = Rig::new();
    let mut writer = rig.store.body_writer(rig.ids.id());
    writer.push(&sample(LARGE)).await.unwrap();
    assert_eq!(rig.body_files().len(), 1);
    drop(writer);
    rig.wait_for_files(0).await;
}

#[tokio::test]
async fn a_finished_body_that_no_row_takes_leaves_nothing() {
    let rig = Rig::new();
    let body = rig.body(LARGE).await;
    let kept = body.clone();
    drop(body);
    // In order: it is on its way to a commit.
    rig.clean().await;
    assert_eq!(rig.body_files().len(), 1);
    drop(kept);
    rig.wait_for_files(0).await;
    rig.clean().await;
}

#[tokio::test]
async fn what_a_crash_left_is_removed_at_open_and_nothing_else() {
    let mut rig = Rig::new();
    let id = rig.queue(LARGE, &["a.example"]).await;
    let shelf = rig.folder().join("bodies").join("ab");
    std::fs::create_dir_all(&shelf).unwrap();
    let orphan = shelf.join(format!("ab{}", rig.ids.id()));
    let unfinished = shelf.join(format!("ab{}#1", rig.ids.id()));
    std::fs::write(&orphan, "x").unwrap();
    std::fs::write(&unfinished, "x").unwrap();
    let report = rig.store.sweep(NOW).await.unwrap();
    assert_eq!(report.problems.len(), 1, "the sweep sees the complete one: {:?}", report.problems);

    rig.reopen().await;
    assert!(!orphan.exists() && !unfinished.exists());
    assert_eq!(rig.store.body(&id).await.unwrap().unwrap().read(0..9).await.unwrap(), sample(9));
    rig.clean().await;
}

#[tokio::test]
async fn a_second_process_does_not_clean_up_under_the_first_ones_hands() {
    let rig = Rig::new();
    let body = rig.body(LARGE).await;
    let second = rig.open_again();
    let id = body.id().to_owned();
    let mut rows = ArrivalRows::new(NOW);
    rows.legs.push(rig.leg(&id, "a.example"));
    rows.body = Some(body);
    assert!(matches!(rig.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    let seen = second.body(&id).await.unwrap().unwrap();
    assert_eq!(seen.read(0..u64::MAX).await.unwrap(), sample(LARGE));
    second.close().await;
    rig.clean().await;
}

#[tokio::test]
async fn a_missing_file_is_found_by_the_sweep() {
    let rig = Rig::new();
    let id = rig.queue(LARGE, &["a.example"]).await;
    std::fs::remove_file(&rig.body_files()[0]).unwrap();
    let report = rig.store.sweep(NOW).await.unwrap();
    assert_eq!(report.problems, [sealpost_store::Problem::BodyFileMissing(id)]);
}

#[tokio::test]
async fn nobody_else_can_read_the_store() {
    let rig = Rig::new();
    rig.queue(LARGE, &["a.example"]).await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&rig.folder()), 0o700);
    assert_eq!(mode(&rig.folder().join("bodies")), 0o700);
    let mut files = rig.body_files();
    let beside = std::fs::read_dir(rig.folder()).unwrap().map(|entry| entry.unwrap().path());
    files.extend(beside.filter(|path| path.is_file()));
    assert!(files.len() > 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn an_id_is_never_a_path() {
    let rig = Rig::new();
    for bad in ["", "../../etc/passwd", "a/b", "a#1", "ä", &"a".repeat(65)] {
        let mut writer = rig.store.body_writer(bad.to_owned());
        assert!(matches!(writer.push(&sample(LARGE)).await, Err(StoreError::BadId)), "{bad:?}");
        let small = rig.store.body_writer(bad.to_owned());
        assert!(matches!(small.finish().await, Err(StoreError::BadId)), "{bad:?}");
    }
}
