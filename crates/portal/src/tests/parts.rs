//! The parts of a letter besides its text: letters, invitations, winmail.dat, and files to view in the page.

use super::rig::{HOUR, Rig, sample};

const FORWARDED: &[u8] = include_bytes!("../../../../tests/corpus/forwarded_letters.eml");
const WINMAIL: &[u8] = include_bytes!("../../../../tests/reading/tnef-pdf.eml");
const WINMAIL_BODY: &[u8] = include_bytes!("../../../../tests/reading/w-html.eml");
const EMBEDDED: &[u8] = include_bytes!("../../../../tests/reading/w-embed.eml");
const OPAQUE: &[u8] = include_bytes!("../../../../tests/reading/s-p7m-opaque.eml");
const UUENCODED: &[u8] = include_bytes!("../../../../tests/reading/s-uu.eml");
const RELATED: &[u8] = include_bytes!("../../../../tests/reading/s-related-start.eml");
const INVITATION: &[u8] = include_bytes!("../../../../tests/corpus/calendar_invitation.eml");

/// Bytes with the line ends of mail.
fn letter(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}

fn links(page: &str, to: &str) -> Vec<String> {
    let mark = format!("href=\"{to}");
    let found = page.split(mark.as_str()).skip(1);
    found.map(|rest| format!("{to}{}", rest.split('"').next().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn attached_letters_open_within_the_letter() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let id = rig.world.letter(&made, &letter(FORWARDED), HOUR, 9).await;
    let page = browser.get(&format!("/m/{id}")).await.text();
    let inside = links(&page, &format!("/m/{id}/inside/"));
    assert!(!inside.is_empty(), "{page}");
    for link in &inside {
        let inner = browser.get(link).await;
        assert!(inner.status == 200 && inner.text().contains("Angehängte Nachricht"), "{link}");
        // Its own files can be downloaded as well, and its frame has the same protection.
        for file in links(&inner.text(), &format!("/m/{id}/part/")) {
            assert!(
                browser.get(&file).await.header("content-disposition").starts_with("attachment"),
                "{file}"
            );
        }
        let frame = browser.get(&format!("{link}/html")).await;
        if frame.status == 200 {
            assert!(
                frame.header("content-security-policy").contains("sandbox allow-same-origin allow-popups")
            );
        }
    }
    for odd in ["9", "0.0.0.0.0.0.0.0", "x", "-1", "0."] {
        assert_eq!(browser.get(&format!("/m/{id}/inside/{odd}")).await.status, 404, "{odd}");
        assert_eq!(browser.get(&format!("/m/{id}/part/{odd}")).await.status, 404, "{odd}");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_and_winmail_dat_show_what_is_in_them() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let id = rig.world.letter(&made, &letter(INVITATION), HOUR, 9).await;
    let page = browser.get(&format!("/m/{id}")).await.text();
    assert!(page.contains("class=\"event\"") && page.contains("<dt>Beginn</dt>"), "{page}");
    let id = rig.world.letter(&made, &letter(WINMAIL), HOUR, 9).await;
    let page = browser.get(&format!("/m/{id}")).await.text();
    assert!(page.contains("ausgepackt"), "{page}");
    let file = browser.get(&links(&page, &format!("/m/{id}/part/0"))[0]).await;
    assert!(file.status == 200 && file.body.starts_with(b"%PDF-1.4"), "{}", file.text());
    assert!(file.header("content-disposition").contains("Gr%C3%B6%C3%9Fe.pdf"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrapped_is_read_like_any_other_letter() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    for (bytes, words) in [
        (WINMAIL_BODY, "Nur im TNEF steht dieser Text"),
        (OPAQUE, "Opak signierter Text"),
        (UUENCODED, "bericht.txt"),
        (RELATED, "Hauptteil"),
    ] {
        let id = rig.world.letter(&made, &letter(bytes), HOUR, 9).await;
        let page = browser.get(&format!("/m/{id}?view=text")).await.text();
        let frame = browser.get(&format!("/m/{id}/html")).await.text();
        assert!(page.contains(words) || frame.contains(words), "{words}: {page}");
        assert!(!page.contains("begin 644"), "{page}");
    }
    let id = rig.world.letter(&made, &letter(EMBEDDED), HOUR, 9).await;
    let page = browser.get(&format!("/m/{id}")).await.text();
    let inside = links(&page, &format!("/m/{id}/inside/"));
    assert_eq!(inside.len(), 1, "{page}");
    assert!(browser.get(&inside[0]).await.text().contains("Innerer Brief"));
    let frame = browser.get(&format!("{}/html", inside[0])).await.text();
    assert!(frame.contains("Nur im TNEF steht dieser Text"), "{frame}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_looked_at_behind_their_own_walls() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let mixed = "From: a@insurer.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\n\r\nText\r\n\
        --b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\n%PDF-1.4\r\n\
        --b\r\nContent-Type: text/plain; name=b.txt\r\nContent-Disposition: attachment\r\n\r\n<script>1</script>\r\n\
        --b\r\nContent-Type: text/html; name=c.html\r\nContent-Disposition: attachment\r\n\r\n<script>1</script>\r\n\
        --b\r\nContent-Type: image/svg+xml; name=d.svg\r\nContent-Disposition: attachment\r\n\r\n<svg/>\r\n\
        --b\r\nContent-Type: application/pdf; name=e.pdf\r\nContent-Disposition: attachment\r\n\r\n<script>\r\n--b--\r\n";
    let id = rig.world.letter(&made, mixed.as_bytes(), HOUR, 9).await;
    let mut view = async |part: usize| browser.get(&format!("/m/{id}/view/{part}")).await;
    let pdf = view(0).await;
    assert_eq!((pdf.status, pdf.header("content-type")), (200, "application/pdf"));
    let text = view(1).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert!(text.header("content-security-policy").ends_with("sandbox"));
    for reply in [&pdf, &text] {
        let policy = reply.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("script"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    for part in 2..5 {
        assert_eq!(view(part).await.status, 404, "{part}");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_still_shows_what_can_be_read() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let deep: String =
        (0..40).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    let good = sample::plain("Anna <anna@insurer.example>", "Tief", "Text");
    let head = String::from_utf8(good).unwrap().split("MIME-Version").next().unwrap().to_owned();
    let bad = format!("{head}{deep}Hier steht etwas <script>alert(1)</script>");
    let id = rig.world.letter(&made, bad.as_bytes(), HOUR, 9).await;
    let page = browser.get(&format!("/m/{id}")).await.text();
    assert!(
        page.contains("Hier steht, was sich lesen lässt") && page.contains("Hier steht etwas &lt;script")
    );
    rig.stop().await;
}
