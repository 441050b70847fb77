//! Writing: to the operator only, once only, with the exact bytes of the files.

use std::sync::{Mutex, OnceLock};

use futures_util::StreamExt as _;
use sealpost_mail::{Address, Letter, PortalLetter, Random as _, SystemRandom, Timestamp};
use sealpost_mailbox::{OutboxError, Sent, WrittenLetter};
use sealpost_store::{ArrivalRows, Committed, Folder, NewDeposit, Store};
use sealpost_vault::{DepositAuth, MailboxPublic, MessageKey, Part, StreamSealer};

use super::rig::{Browser, HOUR, Reply, Rig, sample};

/// What was handed over, and the store it is kept in.
#[derive(Default)]
pub(super) struct Letters {
    store: OnceLock<(Store, DepositAuth)>,
    pub(super) taken: Mutex<Vec<Taken>>,
}

#[derive(Clone)]
pub(super) struct Taken {
    to: Vec<String>,
    cc: Vec<String>,
    subject: String,
    text: String,
    in_reply_to: Option<String>,
    pub(super) files: Vec<(String, String, Vec<u8>)>,
}

impl Letters {
    pub(super) fn keep_in(&self, store: Store, auth: DepositAuth) {
        assert!(self.store.set((store, auth)).is_ok());
    }

    /// What the gateway does, except for the queue.
    pub(super) async fn take(&self, letter: WrittenLetter) -> Result<Sent, OutboxError> {
        let (store, auth) = self.store.get().unwrap();
        let mut files = Vec::new();
        for mut file in letter.files {
            let mut bytes = Vec::new();
            while let Some(piece) = file.bytes.next().await {
                bytes.extend_from_slice(&piece.map_err(|error| OutboxError(error.into()))?);
            }
            assert_eq!(bytes.len() as u64, file.size);
            files.push((file.name, file.content_type, bytes));
        }
        let pieces = PortalLetter {
            from: (letter.name, letter.from),
            to: letter.to.clone(),
            cc: letter.cc.clone(),
            subject: letter.subject.clone(),
            text: letter.text.clone(),
            message_id: "sent@gate.example".into(),
            in_reply_to: None,
            references: Vec::new(),
            at: Timestamp(0),
            files: Vec::new(),
        }
        .pieces()
        .unwrap();
        let bytes = pieces.opening;
        let split = sealpost_mail::Head::split(&bytes).unwrap();
        let row = store.mailbox(&letter.mailbox_id).await.unwrap().unwrap();
        let public = MailboxPublic::from_bytes(&row.public_key).unwrap();
        let (id, key) = (SystemRandom.id(), MessageKey::generate(&SystemRandom));
        let (mut sealed, mut sealer) = (Vec::new(), StreamSealer::new(&key, &SystemRandom));
        sealer.push(&bytes[split..], &mut sealed);
        sealer.finish(&mut sealed);
        let mut writer = store.body_writer(SystemRandom.id());
        writer.push(&sealed).await.unwrap();
        let body = writer.finish().await.unwrap();
        let summary = serde_json::to_vec(&Letter::parse(&bytes).unwrap().summary()).unwrap();
        let mut rows = ArrivalRows::new(Timestamp(0));
        rows.deposits.push(NewDeposit {
            key_sealed: public.seal_key(&letter.mailbox_id, &id, &key, &SystemRandom).unwrap(),
            sealed_to: public.to_bytes(),
            head_sealed: key.seal_part(Part::Head(&id), &bytes[..split], &SystemRandom),
            listing_sealed: auth.prove(
                &letter.mailbox_id,
                &id,
                &key.seal_part(Part::Listing(&id), &summary, &SystemRandom),
            ),
            id: id.clone(),
            mailbox_id: letter.mailbox_id,
            body_id: body.id().to_owned(),
            folder: Folder::Sent,
            size: 1,
            received_at: Timestamp(1_795_280_400_000),
            expires_at: None,
            requested_until: None,
            thread_tags: Vec::new(),
        });
        rows.body = Some(body);
        rows.sent = Some(letter.draft);
        match store.commit_arrival(rows).await.unwrap() {
            Committed::New(_) => {
                let list = |all: &[Address]| all.iter().map(Address::to_path).collect();
                self.taken.lock().unwrap().push(Taken {
                    to: list(&letter.to),
                    cc: list(&letter.cc),
                    subject: letter.subject,
                    text: letter.text,
                    in_reply_to: letter.in_reply_to,
                    files,
                });
                Ok(Sent::Queued(id))
            }
            Committed::Duplicate | Committed::MailboxTaken | Committed::TooMany => Ok(Sent::Stale),
        }
    }
}

/// A form with files, as a browser sends it.
pub(super) fn parts(fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend_from_slice(
            format!("--B0undary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .as_bytes(),
        );
    }
    for (name, kind, bytes) in files {
        body.extend_from_slice(
            format!(
                "--B0undary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 Content-Type: {kind}\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--B0undary--\r\n");
    body
}

const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");
const PARTS: (&str, &str) = ("content-type", "multipart/form-data; boundary=B0undary");

pub(super) async fn post(browser: &mut Browser, path: &str, body: &[u8]) -> Reply {
    browser.request("POST", path, &[OURS, PARTS], body).await
}

/// Begins a draft through the pages: its path and the form's token.
pub(super) async fn begin(browser: &mut Browser, kind: &str, letter: &str) -> (String, String) {
    let token = browser.get("/inbox").await.form_token();
    let begun =
        browser.send("/write", &[("form_token", token.as_str()), ("kind", kind), ("letter", letter)]).await;
    assert_eq!(begun.status, 303, "{}", begun.text());
    (begun.header("location").to_owned(), token)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_quotes_keeps_its_files_and_goes_once() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max.muster@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let shown = browser.get(&format!("/m/{letter}")).await.text();
    for kind in ["reply", "all", "forward"] {
        assert!(shown.contains(&format!("name=\"kind\" value=\"{kind}\"")), "{kind}");
    }
    let (path, token) = begin(&mut browser, "all", &letter).await;
    let page = browser.get(&path).await.text();
    assert!(page.contains("value=\"sabine.krueger@unfall.insurer.example\""), "{page}");
    assert!(page.contains("value=\"leistung@unfall.insurer.example\""), "{page}");
    assert!(
        page.contains("AW: Ihre Schadenmeldung")
            && page.contains("schrieb Sabine Krüger:\n&#62; Sehr geehrter")
    );
    assert!(page.contains("höchstens 20\u{a0}MB"), "the limit is said before");

    let large: Vec<u8> = (0..3_000_001_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let typed = [("form_token", token.as_str()), ("text", "Danke!\r\nMax"), ("subject", "Mein Unfall")];
    let two: [(&str, &str, &[u8]); 3] =
        [("../../Röntgen.png", "image/png", &large), ("leer.txt", "text/plain", b""), ("", "x/y", b"")];
    let attached = post(&mut browser, &path, &parts(&[&typed[..], &[("do", "attach")]].concat(), &two)).await;
    assert_eq!((attached.status, attached.header("location")), (303, format!("{path}#files").as_str()));
    let page = browser.get(&path).await.text();
    assert!(
        page.contains("Röntgen.png") && page.contains("3\u{a0}MB") && page.contains("leer.txt"),
        "{page}"
    );
    assert!(page.contains("Danke!\nMax") && page.contains("value=\"Mein Unfall\""), "typed text is kept");
    let remove = page.split("value=\"remove:").nth(2).unwrap().split('"').next().unwrap().to_owned();
    let gone =
        browser.send(&path, &[("form_token", token.as_str()), ("do", &format!("remove:{remove}"))]).await;
    assert_eq!(gone.status, 303);
    assert!(!browser.get(&path).await.text().contains("leer.txt"));

    assert!(browser.get("/drafts").await.text().contains("Mein Unfall"));
    let fields = [("form_token", token.as_str()), ("do", "send")];
    let sent = browser.send(&path, &fields).await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (303, &*format!("/m/{letter}?done=sent")),
        "{}",
        sent.text()
    );
    let again = browser.send(&path, &fields).await;
    assert_eq!((again.status, again.header("location")), (303, "/sent"));
    // The same text again: it is already under way.
    let twice = [&fields[..], &[("subject", "Mein Unfall"), ("text", "Danke!\r\nMax")]].concat();
    let again = browser.send(&path, &twice).await;
    assert_eq!((again.status, again.header("location")), (303, "/sent"));
    // Other text, into a deleted draft: nothing is sent, and nothing is lost.
    for act in ["send", "save", "attach"] {
        let other =
            [("form_token", token.as_str()), ("do", act), ("subject", "Nachtrag"), ("text", "Noch etwas")];
        for place in [path.as_str(), "/w/0123456789abcdef0123456789abcdef"] {
            let kept = browser.send(place, &other).await;
            let to = kept.header("location").to_owned();
            assert!(kept.status == 303 && to.ends_with("?note=anew"), "{act} {place}: {to}");
            let page = browser.get(&to).await.text();
            assert!(
                page.contains("Nicht gesendet:") && page.contains("Noch etwas") && page.contains("Nachtrag")
            );
        }
    }
    let scan: [(&str, &str, &[u8]); 1] = [("scan.pdf", "application/pdf", b"%PDF-")];
    let with_file = parts(&[("form_token", token.as_str()), ("do", "send"), ("text", "Mit Datei")], &scan);
    let kept = post(&mut browser, &path, &with_file).await;
    let page = browser.get(kept.header("location")).await.text();
    assert!(
        page.contains("Mit Datei") && page.contains("scan.pdf") && page.contains("Nicht gesendet:"),
        "{page}"
    );
    let taken = rig.posted.1.taken.lock().unwrap().clone();
    let [one] = taken.as_slice() else { panic!("sent {} times", taken.len()) };
    assert_eq!(one.to, ["sabine.krueger@unfall.insurer.example"]);
    assert_eq!(one.cc, ["leistung@unfall.insurer.example"]);
    assert_eq!((one.subject.as_str(), one.text.as_str()), ("Mein Unfall", "Danke!\nMax"));
    assert_eq!(one.in_reply_to.as_deref(), Some("rich@insurer.example"));
    assert_eq!(one.files.len(), 1);
    assert_eq!((one.files[0].0.as_str(), one.files[0].1.as_str()), ("Röntgen.png", "image/png"));
    assert!(one.files[0].2 == large, "the file has changed on the way");
    let list = browser.get("/sent?done=sent").await.text();
    assert!(list.contains("Mein Unfall") && list.contains("sabine.krueger@unfall.insurer.example"), "{list}");
    assert!(list.contains("Ihre Nachricht ist unterwegs"));
    assert_eq!(browser.get(&path).await.status, 404);
    assert!(rig.world.store.sweep(rig.now()).await.unwrap().is_clean());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_to_anybody_else() {
    let rig = Rig::start().await;
    let (_, mut browser) = rig.owner("max@web.example").await;
    let (path, token) = begin(&mut browser, "new", "").await;
    for (to, said) in [
        ("", "wer die Nachricht bekommen soll"),
        ("anna@evil.example", "An anna@evil.example können Sie"),
        ("anna@insurer.example, eve@insurer.example.evil.example", "An eve@insurer.example.evil.example"),
        ("nonsense", "keine E‑Mail-Adresse"),
        ("anna@insurer.example\r\nBcc: x@evil.example", "keine E‑Mail-Adresse"),
    ] {
        let fields =
            [("form_token", token.as_str()), ("to", to), ("cc", ""), ("text", "Hallo"), ("do", "send")];
        let reply = browser.send(&path, &fields).await;
        assert_eq!(reply.status, 422, "{to:?}");
        let text = reply.text();
        assert!(text.contains(said) && text.contains("role=\"alert\""), "{to:?}: {text}");
        assert!(text.contains("Hallo</textarea>"), "nothing typed is lost");
        let hidden = [
            ("form_token", token.as_str()),
            ("to", "anna@insurer.example"),
            ("cc", to),
            ("text", "Hallo"),
            ("do", "send"),
        ];
        if !to.is_empty() {
            assert_eq!(browser.send(&path, &hidden).await.status, 422, "cc {to:?}");
        }
    }
    let empty = [
        ("form_token", token.as_str()),
        ("to", "a@insurer.example"),
        ("cc", ""),
        ("text", " "),
        ("do", "send"),
    ];
    assert!(browser.send(&path, &empty).await.text().contains("noch leer"));
    assert!(rig.posted.1.taken.lock().unwrap().is_empty());
    // Saved by the script while writing: no page is returned.
    let kept = browser.send(&path, &[("form_token", token.as_str()), ("text", "Neu"), ("do", "keep")]).await;
    assert_eq!((kept.status, kept.body.len()), (204, 0));
    assert!(browser.get(&path).await.text().contains("Neu</textarea>"));
    let gone = browser.send(&path, &[("form_token", token.as_str()), ("do", "discard")]).await;
    assert_eq!(gone.header("location"), "/drafts?note=gone");
    assert_eq!(browser.get(&path).await.status, 404);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_beyond_the_limit_are_refused_with_words_and_the_rest_is_kept() {
    let rig = Rig::start_with(|config| config.write.max_size = 1024 * 1024).await;
    let (_, mut browser) = rig.owner("max@web.example").await;
    let (path, token) = begin(&mut browser, "new", "").await;
    let fields = [("form_token", token.as_str()), ("text", "Bleibt"), ("do", "attach")];
    let (fits, too_much) = (vec![1; 1024 * 1024 - 10], vec![2; 11]);
    let files: [(&str, &str, &[u8]); 3] =
        [("passt.bin", "a/b", &fits), ("zuviel.bin", "a/b", &too_much), ("klein.bin", "a/b", b"0123456789")];
    let reply = post(&mut browser, &path, &parts(&fields, &files)).await;
    assert_eq!(reply.status, 422);
    let text = reply.text();
    assert!(text.contains("„zuviel.bin“ ist zu groß") && text.contains("höchstens 1\u{a0}MB"), "{text}");
    assert!(text.contains("passt.bin") && text.contains("klein.bin") && text.contains("Bleibt</textarea>"));
    assert!(text.contains("Noch frei: 0\u{a0}B"), "{text}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_files_needs_both_proofs_and_the_own_mailbox() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let (path, token) = begin(&mut browser, "forward", &letter).await;
    assert!(browser.get(&path).await.text().contains("Gutachten Dr. Weiß.pdf"), "files go along");
    let file: [(&str, &str, &[u8]); 1] = [("x.txt", "text/plain", b"x")];
    for fields in [&[][..], &[("form_token", "AAAA")], &[("do", "attach")]] {
        assert_eq!(post(&mut browser, &path, &parts(fields, &file)).await.status, 403);
    }
    // The token after the file comes too late.
    let mut late = parts(&[], &file);
    late.truncate(late.len() - "--B0undary--\r\n".len());
    late.extend_from_slice(&parts(&[("form_token", &token)], &[]));
    assert_eq!(post(&mut browser, &path, &late).await.status, 403);
    let body = parts(&[("form_token", &token), ("do", "attach")], &file);
    let cross = [("sec-fetch-site", "cross-site"), PARTS];
    assert_eq!(browser.request("POST", &path, &cross, &body).await.status, 403);
    let (_, mut eve) = rig.owner("eve@web.example").await;
    let hers = eve.get("/inbox").await.form_token();
    assert_eq!(eve.get(&path).await.status, 404);
    let body = parts(&[("form_token", &hers), ("do", "attach")], &file);
    // What she types is saved in a draft of her own, as if that one had never existed.
    let with_file = post(&mut eve, &path, &body).await;
    let without = eve.send(&path, &[("form_token", hers.as_str()), ("text", "x")]).await;
    for kept in [with_file, without] {
        let to = kept.header("location");
        assert!(kept.status == 303 && to.ends_with("?note=anew") && !to.starts_with(&path), "{to}");
    }
    let keep = [("form_token", hers.as_str()), ("do", "keep"), ("text", "x")];
    assert_eq!(eve.send(&path, &keep).await.status, 404);
    let theirs = [("form_token", hers.as_str()), ("kind", "reply"), ("letter", letter.as_str())];
    assert_eq!(eve.send("/write", &theirs).await.status, 404);
    assert!(!browser.get(&path).await.text().contains("x.txt"));
    assert!(rig.world.store.sweep(rig.now()).await.unwrap().is_clean());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_may_be_written_to_nothing_is_offered() {
    let rig = Rig::start_with(|config| config.write.domains.clear()).await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let letter = rig.world.letter(&made, &sample::rich(), HOUR, 9).await;
    let page = browser.get(&format!("/m/{letter}")).await;
    assert!(!page.text().contains("/write"));
    let fields = [("form_token", page.form_token()), ("kind", "new".to_owned())];
    assert_eq!(browser.send("/write", &fields).await.status, 404);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarding_takes_everything_along_that_has_room() {
    let rig = Rig::start_with(|config| config.write.max_size = 1024 * 1024).await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    let inner = String::from_utf8(sample::plain("Bo <bo@web.example>", "Innen", "Im Inneren")).unwrap();
    let large = "QUFB".repeat(500_000);
    let outer = sample::plain("Anna <anna@insurer.example>", "Zum Weiterleiten", "x");
    let head = String::from_utf8(outer).unwrap().split("MIME-Version").next().unwrap().to_owned();
    let letter = format!(
        "{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
         Content-Type: text/plain\r\n\r\nSiehe Anlagen\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b\r\n\
         Content-Type: application/zip; name=\"gross.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{large}\r\n--b\r\n\
         Content-Type: image/png; name=\"bild.png\"\r\nContent-ID: <p>\r\nContent-Disposition: inline\r\n\r\nPNG\r\n--b--\r\n"
    );
    let id = rig.world.letter(&made, letter.as_bytes(), HOUR, 9).await;
    let (path, token) = begin(&mut browser, "forward", &id).await;
    assert!(path.ends_with("?note=left-out"));
    let page = browser.get(&path).await.text();
    assert!(page.contains("Nicht alle Anhänge") && !page.contains("gross.zip"), "{page}");
    assert!(
        page.contains("Innen.eml") && page.contains("bild.png") && page.contains("Siehe Anlagen"),
        "{page}"
    );
    let path = path.trim_end_matches("?note=left-out").to_owned();
    let fields = [("form_token", token.as_str()), ("to", "a@insurer.example"), ("do", "send")];
    assert_eq!(browser.send(&path, &fields).await.header("location"), format!("/m/{id}?done=sent"));

    // What cannot be parsed is attached whole.
    let parts = "--b\r\nContent-Type: text/plain\r\n\r\nTeil\r\n".repeat(3000);
    let wide = format!("{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n");
    let id = rig.world.letter(&made, wide.as_bytes(), HOUR, 9).await;
    let shown = browser.get(&format!("/m/{id}")).await.text();
    assert!(shown.contains("ungewöhnlich aufgebaut") && shown.contains("Teil"), "{shown}");
    let (path, _) = begin(&mut browser, "forward", &id).await;
    assert!(browser.get(&path).await.text().contains("Zum Weiterleiten.eml"));
    assert_eq!(browser.send(&path, &fields).await.header("location"), format!("/m/{id}?done=sent"));
    let taken = rig.posted.1.taken.lock().unwrap().clone();
    let names: Vec<&str> = taken[0].files.iter().map(|(name, _, _)| name.as_str()).collect();
    assert_eq!(names, ["Innen.eml", "bild.png"]);
    assert_eq!(taken[0].files[0].2, inner.as_bytes());
    assert!(taken[1].files[0].2 == wide.as_bytes(), "the original has changed on the way");
    rig.stop().await;
}
