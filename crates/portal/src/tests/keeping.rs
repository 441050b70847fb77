//! Managing letters: folders, search, order, trash, and exporting.

use std::io::{Cursor, Read as _};
use std::os::unix::fs::PermissionsExt as _;

use sealpost_store::Folder;

use super::rig::{Browser, HOUR, Reply, Rig, sample};

/// Sends a form of the inbox with its token.
async fn act(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Reply {
    let token = browser.get("/inbox").await.form_token();
    let mut all = vec![("form_token", token.as_str())];
    all.extend_from_slice(fields);
    browser.send(path, &all).await
}

/// A chunked body in one piece.
fn whole(reply: &Reply) -> Vec<u8> {
    assert_eq!(reply.header("transfer-encoding"), "chunked");
    let (mut rest, mut out) = (reply.body.as_slice(), Vec::new());
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return out;
        }
        out.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
}

fn unpacked(bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let files = archive.len();
    let read = |at| {
        let mut file = archive.by_index(at).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        (file.name().unwrap().into_owned(), content)
    };
    (0..files).map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_letters_wait_in_the_trash_and_come_back() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let mut ids = Vec::new();
    for n in 0..3_u32 {
        let letter = sample::plain("Anna <anna@insurer.example>", &format!("Nummer {n}"), "Text");
        ids.push(rig.world.letter(&made, &letter, HOUR * (n + 1), 50).await);
    }
    let none = act(&mut browser, "/letters", &[("folder", "inbox"), ("do", "trash")]).await;
    assert_eq!(none.header("location"), "/inbox?done=none");
    assert!(browser.get("/inbox?done=none").await.text().contains("Bitte wählen Sie zuerst"));
    let chosen = [("folder", "inbox"), ("do", "trash"), ("id", &*ids[0]), ("id", &*ids[2])];
    let gone = act(&mut browser, "/letters", &chosen).await;
    let at = gone.header("location").strip_prefix("/inbox?done=trashed&n=2&at=").unwrap().to_owned();
    let inbox = browser.get(gone.header("location")).await.text();
    assert!(inbox.contains("2 Nachrichten liegen jetzt im Papierkorb.") && inbox.contains("Nummer 1"));
    assert!(!inbox.contains("Nummer 0") && !inbox.contains("Nummer 2"));
    let trash = browser.get("/trash").await.text();
    assert!(
        trash.contains("Nummer 0") && trash.contains("Nummer 2") && trash.contains("in 14 Tagen"),
        "{trash}"
    );
    let letter = browser.get(&format!("/m/{}", ids[0])).await.text();
    assert!(letter.contains("Diese Nachricht liegt im Papierkorb") && letter.contains("href=\"/trash\""));
    let back =
        act(&mut browser, "/letters", &[("folder", "trash"), ("do", "restore"), ("id", &*ids[0])]).await;
    assert_eq!(back.header("location"), "/trash?done=restored&n=1");
    assert!(browser.get("/inbox").await.text().contains("Nummer 0"));
    // Undone: what was moved to the trash at that moment, and no other letter.
    let (_, mut other) = rig.owner("eve@web.example").await;
    let undo = [("folder", "inbox"), ("do", "undo"), ("at", &*at)];
    assert!(act(&mut other, "/letters", &undo).await.header("location").ends_with("done=restored&n=0"));
    assert_eq!(act(&mut browser, "/letters", &undo).await.header("location"), "/inbox?done=restored&n=1");
    assert!(browser.get("/inbox").await.text().contains("Nummer 2"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_means_all_that_had_come_when_the_page_was_made() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    for n in 0..30_u32 {
        let letter = sample::plain("Anna <anna@insurer.example>", &format!("Nummer {n}."), "Text");
        rig.world.letter(&made, &letter, HOUR + std::time::Duration::from_secs(n.into()), 50).await;
    }
    let page = browser.get("/inbox").await.text();
    let seen = page.split("name=\"seen\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    rig.clock.advance(HOUR / 60);
    let late = sample::plain("Anna <anna@insurer.example>", "Eben gekommen", "Text");
    rig.world.letter(&made, &late, std::time::Duration::ZERO, 50).await;
    let all = [("folder", "inbox"), ("all", "1"), ("seen", &*seen)];
    let with = |more: &[(&'static str, &'static str)]| {
        all.iter().copied().chain(more.iter().copied()).collect::<Vec<(&str, &str)>>()
    };
    let read = act(&mut browser, "/letters", &with(&[("do", "read")])).await;
    assert_eq!(read.header("location"), "/inbox?done=read&n=30");
    assert!(browser.get("/inbox").await.text().contains("eine ungelesen"));
    let some = act(&mut browser, "/letters", &with(&[("do", "unread"), ("words", "Nummer 7.")])).await;
    assert!(some.header("location").starts_with("/inbox?done=unread&n="), "{}", some.header("location"));
    let asked = act(&mut browser, "/letters", &with(&[("do", "trash")])).await;
    assert!(
        asked.status == 200 && asked.text().contains("Diese 30 Nachrichten löschen?"),
        "{}",
        asked.text()
    );
    let sure = with(&[("do", "trash"), ("sure", "yes"), ("page", "2")]);
    let gone = act(&mut browser, "/letters", &sure).await;
    assert!(
        gone.header("location").starts_with("/inbox?done=trashed&n=30&at="),
        "{}",
        gone.header("location")
    );
    // The page one was on no longer exists: the last one is shown, with the result.
    let last = browser.get(gone.header("location")).await;
    assert_eq!(last.status, 303);
    let inbox = browser.get(last.header("location")).await.text();
    assert!(inbox.contains("30 Nachrichten liegen jetzt im Papierkorb.") && inbox.contains("Eben gekommen"));
    assert!(!browser.get("/trash").await.text().contains("Nummer 29."), "it is on the second page");
    act(&mut browser, "/account", &[("size", "50"), ("keys", "1")]).await;
    assert!(browser.get("/trash").await.text().contains("Nummer 29."), "all on one page");
    act(&mut browser, "/account", &[("size", "7"), ("keys", "1")]).await;
    assert!(!browser.get("/trash").await.text().contains("Nummer 29."), "none of the sizes is the first");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_good_only_from_the_trash_and_only_when_sure() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let letter = sample::plain("Anna <anna@insurer.example>", "Nummer", "Text");
    let id = rig.world.letter(&made, &letter, HOUR, 50).await;
    let sure = [("folder", "inbox"), ("do", "destroy"), ("sure", "yes"), ("id", &*id)];
    assert!(act(&mut browser, "/letters", &sure).await.header("location").ends_with("n=0"));
    assert_eq!(browser.get(&format!("/m/{id}")).await.status, 200);
    // Another owner cannot move it either.
    let (_, mut other) = rig.owner("eve@web.example").await;
    for what in ["trash", "restore"] {
        let moved = act(&mut other, "/letters", &[("folder", "inbox"), ("do", what), ("id", &*id)]).await;
        assert!(moved.header("location").ends_with("n=0"), "{what}");
    }
    act(&mut browser, "/letters", &[("folder", "inbox"), ("do", "trash"), ("id", &*id)]).await;
    let asked = act(&mut browser, "/letters", &[("folder", "trash"), ("do", "empty")]).await;
    assert!(asked.status == 200 && asked.text().contains("Diese Nachricht endgültig löschen?"));
    assert_eq!(browser.get(&format!("/m/{id}")).await.status, 200, "asking deletes nothing");
    let gone = act(&mut browser, "/letters", &[("folder", "trash"), ("do", "empty"), ("sure", "yes")]).await;
    assert_eq!(gone.header("location"), "/trash?done=destroyed&n=1");
    assert_eq!(browser.get(&format!("/m/{id}")).await.status, 404);
    assert!(rig.world.store.sweep(rig.now()).await.unwrap().is_clean());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search_looks_into_sender_subject_and_text() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    for (from, subject, text) in [
        ("Sabine Krüger <sk@insurer.example>", "Ihr Vertrag", "Regenschirm"),
        ("Anna Muster <am@insurer.example>", "Ihr Vertrag", "Die Sturmhaube ist versichert."),
        ("Anna Muster <am@insurer.example>", "Termin", "Morgen <b>früh</b>"),
    ] {
        rig.world.letter(&made, &sample::plain(from, subject, text), HOUR, 50).await;
    }
    for (words, count) in [
        ("krüger", 1),
        ("VERTRAG", 2),
        ("vertrag sturmhaube", 1),
        ("anna", 2),
        ("regenschirm anna", 0),
        ("<b>früh</b>", 1),
        ("\"><script>", 0),
    ] {
        let page = act(&mut browser, "/search", &[("folder", "inbox"), ("words", words)]).await.text();
        assert_eq!(page.matches("<li class=\"letter").count(), count, "{words}");
        assert!(!page.contains("<script>"), "{words}");
    }
    let nothing = act(&mut browser, "/search", &[("folder", "sent"), ("words", " ")]).await;
    assert!(nothing.text().contains("name=\"unread\"") && !nothing.text().contains("<li class=\"letter"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_shown_in_the_order_asked_for() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    for (n, (from, subject, text)) in (1..).zip([
        ("Cäsar <c@insurer.example>", "Birne", "kurz"),
        ("anna <a@insurer.example>", "Zitrone", "etwas länger als kurz"),
        ("Berta <b@insurer.example>", "apfel", "x"),
    ]) {
        rig.world.letter(&made, &sample::plain(from, subject, text), HOUR * n, 50).await;
    }
    let mut order = async |sort: &str| {
        let page = browser.get(&format!("/inbox?sort={sort}")).await.text();
        let mut places: Vec<_> = ["Birne", "Zitrone", "apfel"]
            .map(|word| (page.find(&format!("\">{word}<")).unwrap(), word))
            .into();
        places.sort_unstable();
        places.into_iter().map(|(_, word)| word).collect::<Vec<_>>()
    };
    assert_eq!(order("newest").await, ["Birne", "Zitrone", "apfel"]);
    assert_eq!(order("oldest").await, ["apfel", "Zitrone", "Birne"]);
    assert_eq!(order("person").await, ["Zitrone", "apfel", "Birne"]);
    assert_eq!(order("subject").await, ["apfel", "Birne", "Zitrone"]);
    assert_eq!(order("largest").await, ["Zitrone", "Birne", "apfel"]);
    assert_eq!(order("x'--").await, ["Birne", "Zitrone", "apfel"]);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_letters_leave_in_one_archive_byte_for_byte() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let mut letters = Vec::new();
    for text in ["eins", "zwei", &"lang ".repeat(60_000)] {
        let letter = sample::plain("Anna <anna@insurer.example>", "Gleich/heißt es", text);
        let id = rig.world.letter(&made, &letter, HOUR, 50).await;
        letters.push((id, letter));
    }
    let own = sample::plain("Max <max@web.example>", "Meine Antwort", "Text");
    rig.world.letter_in(&made, Folder::Sent, &own, HOUR, 50).await;
    let mut fields: Vec<(&str, &str)> = letters.iter().map(|(id, _)| ("id", id.as_str())).collect();
    fields.extend([("folder", "inbox"), ("do", "export")]);
    let page = act(&mut browser, "/letters", &fields).await;
    assert!(page.status == 200 && page.text().contains("3 Nachrichten speichern"));
    assert!(page.text().contains("Die 3 Nachrichten hier löschen"), "deleting is offered");
    assert!(
        page.text().contains("Als PDF lässt sich hier zurzeit nichts speichern"),
        "there is no worker beside a test"
    );
    fields.push(("format", "eml"));
    let reply = act(&mut browser, "/export/zip", &fields).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/zip"));
    assert!(
        reply.header("content-disposition").starts_with("attachment; filename=\"SecureMail 2026-11-21.zip\"")
    );
    let files = unpacked(whole(&reply));
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "2026-11-21 Gleich heißt es.eml",
            "2026-11-21 Gleich heißt es (2).eml",
            "2026-11-21 Gleich heißt es (3).eml"
        ]
    );
    for ((_, content), (_, letter)) in files.iter().zip(&letters) {
        assert!(content == letter);
    }
    assert!(browser.get("/sent").await.text().contains("Meine Antwort"));
    assert!(browser.get("/export").await.text().contains("4 Nachrichten speichern"));
    let reply = act(&mut browser, "/export/zip", &[("scope", "all"), ("format", "msg")]).await;
    let files = unpacked(whole(&reply));
    assert_eq!(files.len(), 4);
    assert!(files.iter().any(|(name, _)| name == "Gesendet/2026-11-21 Meine Antwort.msg"));
    assert!(files.iter().all(|(_, content)| content.starts_with(b"\xd0\xcf\x11\xe0")), "compound files");
    // Another owner's letters are skipped like letters that do not exist.
    let (_, mut other) = rig.owner("eve@web.example").await;
    fields.retain(|(key, _)| *key == "id");
    fields.push(("format", "eml"));
    assert!(unpacked(whole(&act(&mut other, "/export/zip", &fields).await)).is_empty());
    assert_eq!(act(&mut other, "/export/zip", &[("format", "exe")]).await.status, 400);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_letter_leaves_in_every_format_and_a_missing_worker_explains_itself() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let id = rig.world.letter(&made, &sample::rich(), HOUR, 50).await;
    let page = browser.get(&format!("/m/{id}")).await.text();
    assert!(page.contains(&format!("href=\"/m/{id}/msg\"")) && !page.contains(&format!("/m/{id}/pdf")));
    assert!(page.contains("Als PDF lässt sich hier zurzeit nichts speichern"));
    let msg = browser.get(&format!("/m/{id}/msg")).await;
    assert_eq!((msg.status, msg.header("content-type")), (200, "application/vnd.ms-outlook"));
    assert!(msg.header("content-disposition").contains(".msg") && msg.body.starts_with(b"\xd0\xcf\x11\xe0"));
    let pdf = browser.get(&format!("/m/{id}/pdf")).await;
    assert!(pdf.status == 503 && pdf.text().contains(&format!("/m/{id}/eml")));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_makes_no_pdf_goes_into_the_archive_as_it_is() {
    let scripts = tempfile::tempdir().unwrap();
    let worker = scripts.path().join("worker");
    // Makes a "PDF" of letters that ask for it, and fails for the others.
    std::fs::write(
        &worker,
        "#!/bin/sh\ntr -d '\\0' | grep -q Gutartig && printf '%%PDF-1.7 gut' || exit 3\n",
    )
    .unwrap();
    std::fs::set_permissions(&worker, std::fs::Permissions::from_mode(0o755)).unwrap();
    let rig = Rig::start_with(|config| config.export.pdf_worker = Some(worker.clone())).await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    for subject in ["Gutartig", "Bösartig"] {
        let letter = sample::plain("Anna <anna@insurer.example>", subject, subject);
        rig.world.letter(&made, &letter, HOUR, 50).await;
    }
    let reply = act(&mut browser, "/export/zip", &[("scope", "all"), ("format", "pdf")]).await;
    let mut files = unpacked(whole(&reply));
    files.sort();
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    let bad = "Posteingang/2026-11-21 Bösartig.eml";
    assert_eq!(names, ["Hinweis.txt", bad, "Posteingang/2026-11-21 Gutartig.pdf"]);
    assert!(String::from_utf8(files[0].1.clone()).unwrap().contains(bad));
    assert_eq!(files[2].1, b"%PDF-1.7 gut");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_in_all_folders_what_people_type_and_filters_it() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let mut ids = Vec::new();
    for (hours, (from, subject, text)) in (1..).zip([
        ("Ayşe O\u{308}zdemir <a@insurer.example>", "Große Rechnung", "Ein Text."),
        ("Herr Weiß <w@insurer.example>", "Zusage", "Ein anderer Text."),
        ("Anna <n@insurer.example>", "Absage", "Ein dritter Text."),
    ]) {
        let letter = sample::plain(from, subject, text);
        ids.push(rig.world.letter(&made, &letter, HOUR * hours, 50).await);
    }
    browser.get(&format!("/m/{}", ids[1])).await;
    act(&mut browser, "/letters", &[("folder", "inbox"), ("do", "trash"), ("id", &*ids[1])]).await;
    // Twice: the first search extracts the words, the second finds them.
    for _ in 0..2 {
        for (words, more, count) in [
            ("oezdemir", &[][..], 1),
            ("Özdemir grosse", &[], 1),
            ("weiss", &[], 1),
            ("ＷＥＩＳＳ zusage", &[], 1),
            ("text", &[], 3),
            ("text", &[("unread", "1")], 2),
            ("", &[("unread", "1")], 2),
            ("text", &[("files", "1")], 0),
            ("text", &[("from", "2100-01-01")], 0),
            ("text", &[("to", "01.01.1999")], 0),
            ("text", &[("from", "1999-01-01"), ("to", "2100-01-01"), ("sort", "subject")], 3),
            ("text", &[("from", "yesterday")], 3),
        ] {
            let fields = [&[("folder", "inbox"), ("words", words)][..], more].concat();
            let page = act(&mut browser, "/search", &fields).await.text();
            assert_eq!(page.matches("<li class=\"letter").count(), count, "{words} {more:?}");
        }
        let fields = [("folder", "inbox"), ("words", "text"), ("sort", "subject")];
        let page = act(&mut browser, "/search", &fields).await.text();
        let at = |subject: &str| page.find(&format!("what\">{subject}")).unwrap();
        assert!(at("Absage") < at("Große Rechnung") && at("Große Rechnung") < at("Zusage"));
    }
    // Permanently deleted letters are not found, and nothing of them is left.
    act(
        &mut browser,
        "/letters",
        &[("folder", "trash"), ("do", "destroy"), ("sure", "yes"), ("id", &*ids[1])],
    )
    .await;
    let page = act(&mut browser, "/search", &[("folder", "inbox"), ("words", "weiss")]).await.text();
    assert_eq!(page.matches("<li class=\"letter").count(), 0);
    rig.stop().await;
}
