//! Uploads in pieces: they continue where they stopped, are bounded like any other, and only their owner has
//! access.

use super::rig::{Browser, HOUR, Reply, Rig};
use super::writing::{begin, parts, post};

const PIECE: usize = 1024 * 1024;

fn noise(len: usize) -> Vec<u8> {
    (0..u32::try_from(len).unwrap()).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect()
}

async fn announce(browser: &mut Browser, path: &str, token: &str, name: &str, size: usize) -> Reply {
    let size = size.to_string();
    let fields =
        [("form_token", token), ("name", name), ("kind", "a/b"), ("size", &size), ("changed", "1700")];
    browser.send(&format!("{path}/u"), &fields).await
}

/// Sends the piece at `offset` of these bytes.
async fn piece(browser: &mut Browser, to: &str, token: &str, offset: usize, bytes: &[u8]) -> Reply {
    let end = bytes.len().min(offset + PIECE);
    let offset_text = offset.to_string();
    let fields = [("form_token", token), ("offset", offset_text.as_str())];
    post(browser, to, &parts(&fields, &[("piece", "application/octet-stream", &bytes[offset..end])])).await
}

fn stands(reply: &Reply) -> (u16, String, String) {
    let header = |name| reply.header(name).to_owned();
    (reply.status, header("upload-offset"), header("upload-complete"))
}

fn at(status: u16, offset: usize, complete: bool) -> (u16, String, String) {
    (status, offset.to_string(), if complete { "?1" } else { "?0" }.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_on_where_it_stopped_and_arrives_as_it_was() {
    let rig = Rig::start().await;
    let (_, mut browser) = rig.owner("max@web.example").await;
    let (path, token) = begin(&mut browser, "new", "").await;
    let file = noise(2 * PIECE + 4711);
    let begun = announce(&mut browser, &path, &token, "../Foto März.jpg", file.len()).await;
    assert_eq!(stands(&begun), at(200, 0, false));
    let to = begun.header("location").to_owned();
    assert_eq!(stands(&piece(&mut browser, &to, &token, 0, &file).await), at(200, PIECE, false));

    // The page shows the progress, and that the letter cannot be sent like this.
    let page = browser.get(&path).await.text();
    assert!(
        page.contains("Foto März.jpg") && page.contains("1\u{a0}MB von 2,1\u{a0}MB hochgeladen"),
        "{page}"
    );
    let fields =
        [("form_token", token.as_str()), ("to", "a@insurer.example"), ("text", "Hallo"), ("do", "send")];
    let early = browser.send(&path, &fields).await;
    assert_eq!(early.status, 422);
    assert!(early.text().contains("„Foto März.jpg“ ist noch nicht vollständig"), "{}", early.text());

    // The response was lost: repeating the piece does not store it twice, and the next offset is returned.
    assert_eq!(stands(&piece(&mut browser, &to, &token, 0, &file).await), at(409, PIECE, false));
    assert_eq!(stands(&piece(&mut browser, &to, &token, 2 * PIECE, &file).await), at(409, PIECE, false));
    // An hour later, on another page: announcing the same file returns its progress.
    rig.clock.advance(HOUR / 4);
    let again = announce(&mut browser, &path, &token, "../Foto März.jpg", file.len()).await;
    assert_eq!((stands(&again), again.header("location")), (at(200, PIECE, false), to.as_str()));
    let short = parts(&[("form_token", &token), ("offset", "1048576")], &[("piece", "a/b", b"too short")]);
    assert_eq!(post(&mut browser, &to, &short).await.status, 400);
    let long = vec![1; PIECE + 1];
    let long = parts(&[("form_token", &token), ("offset", "1048576")], &[("piece", "a/b", &long)]);
    assert_eq!(post(&mut browser, &to, &long).await.status, 400);
    assert_eq!(stands(&piece(&mut browser, &to, &token, PIECE, &file).await), at(200, 2 * PIECE, false));
    assert_eq!(stands(&piece(&mut browser, &to, &token, 2 * PIECE, &file).await), at(200, file.len(), true));
    assert_eq!(stands(&piece(&mut browser, &to, &token, 2 * PIECE, &file).await), at(409, file.len(), true));
    let known = announce(&mut browser, &path, &token, "../Foto März.jpg", file.len()).await;
    assert_eq!(stands(&known), at(200, file.len(), true), "it is not attached twice");
    let empty = announce(&mut browser, &path, &token, "leer.txt", 0).await;
    assert_eq!(stands(&empty), at(200, 0, true));

    assert_eq!(browser.send(&path, &fields).await.header("location"), "/sent?done=sent");
    let taken = rig.posted.1.taken.lock().unwrap().clone();
    let names: Vec<&str> = taken[0].files.iter().map(|(name, _, _)| name.as_str()).collect();
    assert_eq!(names, ["Foto März.jpg", "leer.txt"]);
    assert!(taken[0].files[0].2 == file, "the file has changed on the way");
    assert!(rig.world.store.sweep(rig.now()).await.unwrap().is_clean());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_announced_counts_and_what_stands_still_goes() {
    let rig = Rig::start_with(|config| config.write.max_size = 3 * 1024 * 1024).await;
    let (_, mut browser) = rig.owner("max@web.example").await;
    let (path, token) = begin(&mut browser, "new", "").await;
    let begun = announce(&mut browser, &path, &token, "a.bin", 2 * PIECE).await;
    let to = begun.header("location").to_owned();
    assert_eq!(piece(&mut browser, &to, &token, 0, &noise(2 * PIECE)).await.status, 200);
    assert!(browser.get(&path).await.text().contains("Noch frei: 1\u{a0}MB"), "its room is taken");
    let more = announce(&mut browser, &path, &token, "b.bin", PIECE + 1).await;
    assert_eq!(more.status, 413);
    assert!(more.text().contains("„b.bin“ ist zu groß") && more.text().contains("höchstens 3\u{a0}MB"));
    let form = parts(&[("form_token", &token), ("do", "attach")], &[("c.bin", "a/b", &noise(PIECE + 1))]);
    assert_eq!(post(&mut browser, &path, &form).await.status, 422, "the plain form minds it, too");
    // Its button removes the unfinished upload, and frees its room.
    let id = to.rsplit_once('/').unwrap().1;
    let remove = format!("remove:{id}");
    assert_eq!(browser.send(&path, &[("form_token", token.as_str()), ("do", &remove)]).await.status, 303);
    assert!(browser.get(&path).await.text().contains("Noch frei: 3\u{a0}MB"));
    assert_eq!(piece(&mut browser, &to, &token, PIECE, &noise(2 * PIECE)).await.status, 404);

    // One mailbox cannot fill the store: ten full letters in all drafts together.
    for _ in 0..10 {
        let (path, _) = begin(&mut browser, "new", "").await;
        assert_eq!(announce(&mut browser, &path, &token, "voll.bin", 3 * PIECE).await.status, 200);
    }
    let one_more = announce(&mut browser, &path, &token, "b.bin", 1).await;
    assert_eq!(one_more.status, 413);
    assert!(
        one_more.text().contains("In Ihren Entwürfen ist kein Platz für weitere Dateien"),
        "{}",
        one_more.text()
    );
    let store = &rig.world.store;
    assert_eq!(store.expire_uploads(rig.now().minus(sealpost_mailbox::UPLOAD_LIVES)).await.unwrap(), 0);
    rig.clock.advance(sealpost_mailbox::UPLOAD_LIVES + HOUR);
    assert_eq!(store.expire_uploads(rig.now().minus(sealpost_mailbox::UPLOAD_LIVES)).await.unwrap(), 10);
    assert!(store.sweep(rig.now()).await.unwrap().is_clean());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_reaches_an_upload() {
    let rig = Rig::start().await;
    let (_, mut browser) = rig.owner("max@web.example").await;
    let (path, token) = begin(&mut browser, "new", "").await;
    let file = noise(PIECE + 1);
    let to = announce(&mut browser, &path, &token, "a.bin", file.len()).await.header("location").to_owned();
    let (_, mut eve) = rig.owner("eve@web.example").await;
    let hers = eve.get("/inbox").await.form_token();
    assert_eq!(announce(&mut eve, &path, &hers, "a.bin", file.len()).await.status, 404);
    assert_eq!(piece(&mut eve, &to, &hers, 0, &file).await.status, 404);
    let (own, _) = begin(&mut eve, "new", "").await;
    let crossed = to.replace(&path, &own);
    assert_ne!(crossed, to);
    assert_eq!(piece(&mut eve, &crossed, &hers, 0, &file).await.status, 404, "by a draft of her own");
    let remove = format!("remove:{}", to.rsplit_once('/').unwrap().1);
    eve.send(&own, &[("form_token", hers.as_str()), ("do", &remove)]).await;
    assert_eq!(piece(&mut browser, &to, "AAAA", 0, &file).await.status, 403);
    assert_eq!(stands(&piece(&mut browser, &to, &token, 0, &file).await), at(200, PIECE, false));
    rig.stop().await;
}
