//! Reading: hostile letters stay letters, files stay files, the original is unchanged.

use super::rig::{HOUR, Rig, sample};

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_shows_what_is_there_newest_first() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    assert!(browser.get("/inbox").await.text().contains("Noch keine Nachrichten"));
    for n in 0..30_u32 {
        let letter = sample::plain("Anna <anna@insurer.example>", &format!("Nummer <{n}>"), "Text");
        rig.world.letter(&made, &letter, HOUR * (n + 1), 5).await;
    }
    let rich = rig.world.letter(&made, &sample::rich(), HOUR / 2, 40).await;
    let first = browser.get("/inbox").await.text();
    let (at_rich, at_zero) =
        (first.find("Kostenübernahme").unwrap(), first.find("Nummer &#60;0&#62;").unwrap());
    assert!(at_rich < at_zero, "newest first");
    assert!(first.contains("31 Nachrichten, 31 ungelesen") && first.contains("wird in 40 Tagen gelöscht"));
    assert!(
        first.contains("2 Anhänge")
            && first.contains("Sabine Krüger")
            && !first.contains("Nummer &#60;29&#62;")
    );
    let second = browser.get("/inbox?page=2").await.text();
    assert!(
        second.contains("Nummer &#60;29&#62;")
            && second.contains("Seite 2")
            && !second.contains("Kostenübernahme")
    );
    // A letter leads back to the page of the list that it was opened from.
    let from = second.split("href=\"/m/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(from.ends_with("?page=2"), "{from}");
    let letter = browser.get(&format!("/m/{from}")).await.text();
    for way in [
        "class=\"back\"><a href=\"/inbox?page=2\"",
        "data-list=\"/inbox?page=2\"",
        "name=\"page\" value=\"2\"",
    ] {
        assert!(letter.contains(way), "{way}: {letter}");
    }
    assert!(!first.contains("?page=1"), "nothing is said of the first page");
    let sorted = browser.get("/inbox?sort=oldest&page=2").await.text();
    assert!(sorted.contains("?sort=oldest&#38;page=2\""), "{sorted}");
    for (beyond, last) in [
        ("/inbox?page=3", "/inbox?page=2"),
        ("/inbox?sort=oldest&page=3&done=read&n=2", "/inbox?sort=oldest&page=2&done=read&n=2"),
        ("/trash?page=2", "/trash"),
        ("/trash?page=2&done=restored&n=1", "/trash?done=restored&n=1"),
    ] {
        let reply = browser.get(beyond).await;
        assert_eq!((reply.status, reply.header("location")), (303, last), "{beyond}");
    }
    assert_eq!(browser.get("/inbox?page=x").await.status, 400);
    browser.get(&format!("/m/{rich}")).await;
    assert!(browser.get("/inbox").await.text().contains("31 Nachrichten, 29 ungelesen"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn html_is_shown_in_its_own_walled_frame() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let id = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let page = browser.get(&format!("/m/{id}")).await.text();
    assert!(
        page.contains(&format!("src=\"/m/{id}/html\""))
            && page.contains("sandbox=\"allow-same-origin allow-popups")
    );
    assert!(
        !page.contains("allow-scripts") && !page.contains("Sehr geehrter"),
        "the letter is in the frame only"
    );
    let frame = browser.get(&format!("/m/{id}/html")).await;
    let policy = frame.header("content-security-policy");
    assert!(policy.contains("sandbox allow-same-origin") && !policy.contains("allow-scripts"), "{policy}");
    assert!(!policy.contains("script-src") && policy.contains("form-action 'none'"), "{policy}");
    let text = frame.text();
    assert!(
        text.contains("<b>Schadenmeldung</b>")
            && text.contains("class=\"target\" dir=\"ltr\">insurer.example<")
    );
    assert!(!text.contains("<script") && !text.contains("track.example"), "{text}");
    assert!(text.contains("Ein Bild aus dem Internet wird nicht geladen"));
    let (_, after) = text.split_once("src=\"").unwrap();
    let picture = browser.get(after.split('"').next().unwrap()).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"));
    assert!(picture.body.starts_with(b"\x89PNG"));
    let as_text = browser.get(&format!("/m/{id}?view=text")).await.text();
    assert!(as_text.contains("Wir übernehmen 1.924,50") && !as_text.contains("class=\"frame\""));
    assert!(as_text.contains("<blockquote>anbei die Rechnungen."));
    assert!(as_text.contains("rel=\"noopener noreferrer nofollow\""));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_are_files_whatever_they_claim() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let id = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let page = browser.get(&format!("/m/{id}")).await.text();
    let mut found = Vec::new();
    let (files, pictures) = page.split_once("<details class=\"file-pictures").unwrap();
    assert!(
        pictures.contains(&format!("href=\"/m/{id}/part/")),
        "a picture that is shown can be saved as well"
    );
    for part in files.split(&format!("href=\"/m/{id}/part/")).skip(1) {
        let index = part.split('"').next().unwrap();
        let file = browser.get(&format!("/m/{id}/part/{index}")).await;
        let disposition = file.header("content-disposition").to_owned();
        assert!(disposition.starts_with("attachment; "), "{disposition}");
        assert!(!disposition.contains("..") && !disposition.contains('/'), "{disposition}");
        assert!(file.header("content-security-policy").contains("sandbox"));
        let inline = browser.get(&format!("/m/{id}/inline/{index}")).await;
        assert_eq!(inline.status, 404, "only the letter's own pictures are shown in place");
        found.push((file.header("content-type").to_owned(), disposition));
    }
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].0, "application/pdf");
    assert!(found[0].1.contains("filename*=UTF-8''Gutachten%20Dr.%20Wei%C3%9F.pdf"), "{}", found[0].1);
    assert_eq!(found[1].0, "application/octet-stream", "HTML is sent as bytes");
    assert_eq!(browser.get(&format!("/m/{id}/part/99")).await.status, 404);
    assert_eq!(browser.get(&format!("/m/{id}/part/-1")).await.status, 404);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_comes_back_byte_for_byte() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let line = "Zeile mit ümläuten und > Zeichen 0123456789\n";
    for text in ["", "kurz", &line.repeat(5000), &line.repeat(65_536 * 3 / line.len())] {
        let letter = sample::plain("a@insurer.example", "=?utf-8?Q?Pr=C3=BCfung/1?=", text);
        let id = rig.world.letter(&made, &letter, HOUR, 9).await;
        let file = browser.get(&format!("/m/{id}/eml")).await;
        assert_eq!(file.header("content-type"), "message/rfc822");
        assert_eq!(file.header("content-length"), letter.len().to_string());
        assert!(
            file.header("content-disposition").contains("filename*=UTF-8''2026-11-21%20Pr%C3%BCfung%201.eml")
        );
        assert!(file.body == letter, "{} bytes", letter.len());
        let head = browser.request("HEAD", &format!("/m/{id}/eml"), &[], b"").await;
        assert!(head.status == 200 && head.body.is_empty());
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_built_to_break_things_are_still_shown() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let html = |body: &str| {
        format!(
            "From: <script>alert(1)</script> <a@insurer.example>\r\nTo: b@web.example\r\n\
             Subject: <img src=x onerror=alert(1)>\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n{body}"
        )
        .into_bytes()
    };
    for letter in [
        html(&"<div>".repeat(20_000)),
        html(&"<b>".repeat(30_000)),
        html("</body></html></div></div><script>alert(1)</script><iframe src=//evil.example>"),
        html(""),
        b"From: a@insurer.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nno end"
            .to_vec(),
        b"From: a@insurer.example\r\nSubject: =?utf-8?B?////?=\r\n\r\n\xff\xfe\x00".to_vec(),
    ] {
        let id = rig.world.letter(&made, &letter, HOUR, 9).await;
        for path in [format!("/m/{id}"), format!("/m/{id}?view=text")] {
            let page = browser.get(&path).await;
            let text = page.text();
            assert_eq!(page.status, 200);
            assert!(
                !text.contains("<script>")
                    && !text.contains("<img src=x")
                    && !text.contains("evil.example\"")
            );
        }
        let frame = browser.get(&format!("/m/{id}/html")).await;
        assert!(frame.status == 200 || frame.status == 404);
        if frame.status == 404 {
            continue;
        }
        assert!(!frame.text().contains("<script") && !frame.text().contains("<iframe"));
        assert_eq!(browser.get("/inbox").await.status, 200);
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_stream_byte_for_byte_in_every_encoding() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let bytes: Vec<u8> = (0..700_001_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let (mut encoder, mut lines) = (sealpost_mail::MimeLines::default(), Vec::new());
    encoder.push(&bytes, &mut lines);
    encoder.finish(&mut lines);
    let lines = String::from_utf8(lines).unwrap();
    let head = "From: a@insurer.example\r\nSubject: Dateien\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    let part = |fields: &str, body: &str| format!("--b\r\n{fields}\r\n\r\n{body}\r\n");
    let plain = "Zeile um Zeile\r\n".repeat(20_000);
    let letter = [
        head.to_owned(),
        part("Content-Type: text/plain", "x"),
        part("Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64", &lines),
        part("Content-Type: application/x-y; name=b.txt\r\nContent-Disposition: attachment", &plain),
        part(
            "Content-Type: application/x-y; name=c.txt\r\nContent-Transfer-Encoding: quoted-printable",
            "Gr=C3=B6=\r\n=C3=9Fe",
        ),
        part("Content-Type: application/x-y; name=d.txt\r\nContent-Transfer-Encoding: base64", ""),
        "--b--\r\n".to_owned(),
    ]
    .concat();
    let id = rig.world.letter(&made, letter.as_bytes(), HOUR, 9).await;
    for (part, whole) in [&bytes[..], plain.as_bytes(), "Größe".as_bytes(), b""].into_iter().enumerate() {
        let reply = browser.get(&format!("/m/{id}/part/{part}")).await;
        assert_eq!((reply.status, reply.header("content-length")), (200, whole.len().to_string().as_str()));
        assert!(reply.body == whole, "part {part} came out changed");
    }
    // A letter that consists of a single file.
    let single = format!(
        "From: a@insurer.example\r\nContent-Type: application/zip; name=e.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        lines
    );
    let id = rig.world.letter(&made, single.as_bytes(), HOUR, 9).await;
    assert!(browser.get(&format!("/m/{id}/part/0")).await.body == bytes);
    rig.stop().await;
}
