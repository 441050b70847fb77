//! A letter whose sealed bytes have changed: reported in words before anything is sent, without harm to other
//! letters.

use std::path::PathBuf;

use super::rig::{HOUR, Rig, sample};

/// The files of large letters.
fn bodies(rig: &Rig) -> Vec<PathBuf> {
    let shelves = std::fs::read_dir(rig.folder.path().join("bodies")).unwrap();
    let mut files: Vec<PathBuf> = shelves
        .flat_map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort_by_key(|file| std::fs::metadata(file).unwrap().len());
    files
}

fn large(subject: &str, lines: usize) -> Vec<u8> {
    sample::plain("Anna <anna@insurer.example>", subject, &"Eine Zeile wie jede andere.\n".repeat(lines))
}

fn change(file: &PathBuf, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    change(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_said_before_anything_is_promised() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let id = rig.world.letter(&made, &large("Groß", 12_000), HOUR, 9).await;
    let [file] = bodies(&rig).try_into().unwrap();
    let sound = std::fs::read(&file).unwrap();
    assert_eq!(browser.get(&format!("/m/{id}/eml")).await.status, 200);
    let len = sound.len();
    let first: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes[100] ^= 1;
    let last: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes[len - 20] ^= 1;
    let short: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes.truncate(len - 70_000);
    let header: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes[0] ^= 1;
    for (what, harm) in [("start", first), ("end", last), ("cut short", short), ("header", header)] {
        change(&file, harm);
        for path in ["", "/eml", "/msg", "/part/0"] {
            let reply = browser.get(&format!("/m/{id}{path}")).await;
            assert_eq!(reply.status, 500, "{what} {path}");
            let text = reply.text();
            assert!(text.contains("Diese Nachricht lässt sich nicht öffnen"), "{what} {path}: {text}");
            assert_eq!(reply.header("content-disposition"), "", "{what} {path}");
        }
        std::fs::write(&file, &sound).unwrap();
    }
    std::fs::remove_file(&file).unwrap();
    let gone = browser.get(&format!("/m/{id}/eml")).await;
    assert!(gone.status == 500 && gone.text().contains("lässt sich nicht öffnen"), "{}", gone.text());
    assert!(browser.get("/inbox").await.text().contains("Groß"), "the list still shows it");
    std::fs::write(&file, &sound).unwrap();

    // In the middle: the download is aborted short of its length, and never complete.
    change(&file, |bytes| bytes[len / 2] ^= 1);
    assert_eq!(browser.get(&format!("/m/{id}")).await.status, 500);
    let broken = browser.get(&format!("/m/{id}/eml")).await;
    assert_eq!(broken.status, 200);
    let promised: usize = broken.header("content-length").parse().unwrap();
    assert!(broken.body.len() < promised, "{} of {promised}", broken.body.len());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_loses_the_damaged_letter_only_and_says_how_far_it_is() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    rig.world.letter(&made, &large("Heil", 9_000), HOUR, 9).await;
    let id = rig.world.letter(&made, &large("Kaputt", 12_000), HOUR * 2, 9).await;
    rig.world.letter(&made, &sample::rich(), HOUR * 3, 9).await;
    let file = bodies(&rig).pop().unwrap();
    change(&file, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    let page = browser.get("/export").await;
    let watch = page.text().split("name=\"watch\" value=\"").nth(1).unwrap()[..32].to_owned();
    let path = format!("/export/progress/{watch}");
    assert_eq!(browser.get(&path).await.status, 404, "not begun");
    let fields = [
        ("form_token", page.form_token()),
        ("watch", watch.clone()),
        ("scope", "all".to_owned()),
        ("format", "eml".to_owned()),
    ];
    let archive = browser.send("/export/zip", &fields).await;
    assert_eq!(archive.status, 200);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(unchunked(&archive.body))).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().all(|name| !name.contains("Kaputt")), "{names:?}");
    let mut note = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("Hinweis.txt").unwrap(), &mut note).unwrap();
    assert!(note.contains("lassen sich nicht mehr öffnen") && note.contains(&id), "{note}");
    let stands = browser.get(&path).await;
    assert_eq!(stands.text(), r#"{"done":3,"all":3,"state":"done"}"#);
    let (_, mut eve) = rig.owner("eve@web.example").await;
    assert_eq!(eve.get(&path).await.status, 404, "somebody else's");
    rig.stop().await;
}

/// The body of a chunked response (RFC 9112 §7.1).
fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = bytes.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 2 + size + 2..];
    }
}
