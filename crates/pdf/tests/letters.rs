//! Letters of every kind through the real worker, checked with other programs: pdfinfo, pdfdetach and
//! pdftotext (poppler-utils), qpdf. Set `SEALPOST_KEEP` to a folder to look at the results.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use sealpost_export::{ExportError, Labels, Limits, Wording, Worker, pdf};
use sealpost_mail::Letter;

mod read_back;

use read_back::{NOW, Reader, corpus, german, labels, letter, made, patient, worker};

#[expect(dead_code, reason = "pages are for other tests")]
#[path = "../../../tests/pseudo/plain.rs"]
mod plain;

#[tokio::test]
async fn every_letter_of_the_corpus_becomes_a_sound_document() {
    let keep = std::env::var_os("SEALPOST_KEEP").map(PathBuf::from);
    let mut seen = 0;
    for entry in std::fs::read_dir(corpus()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "eml") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let labels = if name.starts_with("english") { labels("en") } else { german() };
        let pdf = made(&bytes, &labels, patient()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(folder) = &keep {
            std::fs::write(folder.join(&name).with_extension("pdf"), &pdf).unwrap();
        }
        let reader = Reader::of(&pdf);
        let checked = reader.run("qpdf", &["--check"], &[]);
        assert!(checked.contains("No syntax or stream encoding errors"), "{name}: {checked}");
        let text = reader.text();
        assert!(!text.contains("ließ sich nicht als Dokument"), "{name} was given up: {text}");

        // The seed's "PDF in the PDF": the original and every attachment, byte for byte.
        let letter = Letter::parse(&bytes).unwrap();
        let files = reader.files();
        let original = files.iter().find(|(name, _)| name == "original.eml").unwrap();
        assert!(original.1 == bytes, "{name}: the original is not the original");
        let attachments = letter.attachments();
        assert_eq!(
            files.len(),
            attachments.len() + 1,
            "{name}: {:?}",
            files.iter().map(|f| &f.0).collect::<Vec<_>>()
        );
        for attachment in &attachments {
            let data = letter.attachment_bytes(attachment.index).unwrap();
            assert!(
                files.iter().any(|(_, bytes)| bytes.as_slice() == &*data),
                "{name}: {:?} is missing",
                attachment.name.given()
            );
        }

        let info = reader.info();
        for expected in ["Title:", "Tagged:          yes", "595.276 x 841.89 pts (A4)"] {
            assert!(info.contains(expected), "{name}: {expected} is not in {info}");
        }
        // ISO 19005-3: output intent, marked content, language, every file associated and typed.
        let objects = reader.run("qpdf", &["--json", "--json-key=qpdf"], &[]);
        for key in [
            "\"/OutputIntents\"",
            "\"/GTS_PDFA1\"",
            "\"/MarkInfo\"",
            "\"/StructTreeRoot\"",
            "\"/Lang\": \"u:",
        ] {
            assert!(objects.contains(key), "{name}: no {key}");
        }
        assert_eq!(objects.matches("\"/AFRelationship\"").count(), attachments.len() + 1, "{name}");
        assert!(!objects.contains("\"/Encrypt\"") && !objects.contains("\"/JavaScript\""), "{name}");
        let claim = reader.run("pdfinfo", &["-meta"], &[]);
        assert!(claim.contains("<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B<"), "{name}: {claim}");
        let fonts = reader.run("pdffonts", &[], &[]);
        for line in fonts.lines().skip(2) {
            // columns emb, sub, uni
            assert!(line.contains(" yes yes yes"), "{name}: {line}");
        }
        seen += 1;
    }
    assert!(seen > 25);
}

#[tokio::test]
async fn a_german_letter_says_what_it_said() {
    let reader = Reader::of(&made(&letter("plain_german"), &german(), patient()).await.unwrap());
    let text = reader.text();
    for expected in [
        "Ihr Schaden Nr. 4711 – Rückfrage zur Größe der Wohnfläche",
        "Muster-Versicherung AG · SecureMail",
        "Jürgen Groß <j.gross@muster-versicherung.example>",
        "Makler, Łukasz Żółć <l.zolc@makler.example>",
        "Dienstag, 17. November 2026, 09:41 Uhr (UTC+1)",
        "die Größe der Wohnfläche in m²,",
        "150,00 €",
        "Ihre Police 4711 wurde verlängert.",
        "Seite 1 von 1",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    let info = reader.info();
    assert!(
        info.contains("Title:           Ihr Schaden Nr. 4711 – Rückfrage zur Größe der Wohnfläche"),
        "{info}"
    );
    assert!(info.contains("Author:          Jürgen Groß"), "{info}");
    // The catalog's language, for screen readers.
    let catalog = reader.run("qpdf", &["--json", "--json-key=qpdf"], &[]);
    assert!(catalog.contains("\"/Lang\": \"u:de\""), "no language");
}

#[tokio::test]
async fn labels_are_in_the_readers_language() {
    let text =
        Reader::of(&made(&letter("english_two_attachments"), &labels("en"), patient()).await.unwrap()).text();
    for expected in [
        "From",
        "Attachments",
        "Certificate.pdf",
        "Übersicht.csv",
        "Page 1 of 1",
        "Tuesday, 17 November 2026",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[tokio::test]
async fn european_scripts_are_all_there_and_nothing_is_replaced() {
    let text = Reader::of(&made(&letter("european_languages"), &german(), patient()).await.unwrap()).text();
    for expected in [
        "Zażółć gęślą jaźń",
        "Ξεσκεπάζω την ψυχοφθόρα",
        "Ἀθῆναι",
        "Съешь же ещё",
        "Ґанок",
        "ქართული",
        "Հայերեն",
        "€ £ §",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    assert!(!text.contains('▯') && !text.contains("Einzelne Zeichen"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_shown_is_said() {
    let text =
        Reader::of(&made(&letter("emoji_and_unknown_scripts"), &german(), patient()).await.unwrap()).text();
    assert!(text.contains('▯') && text.contains("Einzelne Zeichen"), "{text}");
    assert!(text.contains("👍") && text.contains("DE"), "{text}");
}

#[tokio::test]
async fn nothing_of_a_letter_is_ever_markup() {
    let reader = Reader::of(&made(&letter("hostile_html"), &german(), patient()).await.unwrap());
    let text = reader.text();
    assert!(text.contains("#set page(fill: red) – $x$ *feindlich* \"quote\""), "{text}");
    assert!(text.contains("#import \"@preview/evil:1.0.0\": * $ x^2 $ *nicht fett*"), "{text}");
    assert!(text.contains("#{read(\"/etc/passwd\")} #image(\"/etc/passwd\") //kein Kommentar"), "{text}");
    for gone in ["alert(", "rahmen", "root:", "javascript"] {
        assert!(!text.contains(gone), "{gone} is in {text}");
    }
    for kept in [
        "tief unten",
        "tief zitiert",
        "tief gelistet",
        "tief getafelt",
        "tief gestaltet",
        "weiß auf weiß",
        "‹evil.example/x›",
    ] {
        assert!(text.contains(kept), "{kept} is not in {text}");
    }
    let objects = reader.run("qpdf", &["--json", "--json-key=qpdf"], &[]);
    assert!(objects.contains("u:https://evil.example/x"), "links that may be followed are there");
    assert!(!objects.contains("u:https://bank.example"), "what stands before the @ is no place");
    for active in ["/JavaScript", "/Launch", "/OpenAction", "u:file:", "u:javascript:"] {
        assert!(!objects.contains(active), "{active}");
    }
}

#[tokio::test]
async fn good_pictures_are_shown_and_bad_ones_cost_nothing() {
    let reader = Reader::of(&made(&letter("hostile_images"), &german(), patient()).await.unwrap());
    let images = reader.run("pdfimages", &["-list"], &[]);
    let shown = images.lines().skip(2).filter(|line| line.contains(" image ")).count();
    assert!(shown >= 7, "{images}");
    let text = reader.text();
    for missing in ["[bombe.png]", "[kaputt.png]", "[leer.png]", "[zeichnung.svg]", "[fehlendes Bild]"] {
        assert!(text.contains(missing), "{missing} is not in {text}");
    }
}

#[tokio::test]
async fn a_worker_at_its_limits_still_gives_the_original() {
    // Too little time for this letter, enough for its cover.
    let limits = Limits { memory: 190 << 20, ..patient() };
    let mut big = letter("plain_german");
    let words = "Wort mit Länge und Sinn. ".repeat(40_000);
    big.extend(words.as_bytes());
    match made(&big, &german(), limits).await {
        Ok(pdf) => {
            let reader = Reader::of(&pdf);
            assert_eq!(reader.files()[0].1, big);
            assert!(reader.text().contains("original.eml"));
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn twenty_megabytes_fit_into_the_ordinary_limits() {
    // Bytes that do not compress, as of a photo or an archive.
    let mut seed = 1_u32;
    let mut byte = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from(seed >> 24).unwrap()
    };
    let data: Vec<u8> = (0..20 << 20).map(|_| byte()).collect();
    let mut letter = b"From: a@b.example\r\nSubject: large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n--b\r\n\
Content-Type: application/zip\r\nContent-Disposition: attachment; filename=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_vec();
    letter.extend(base64(&data));
    letter.extend(b"\r\n--b--\r\n");
    let limits = Limits { memory: Limits::default().memory, output: Limits::default().output, ..patient() };
    let files = Reader::of(&made(&letter, &german(), limits).await.unwrap()).files();
    assert!(files.iter().any(|(name, bytes)| name == "a.zip" && *bytes == data));
    assert!(files.iter().any(|(name, bytes)| name == "original.eml" && *bytes == letter));
}

/// Without line ends: a mail server would reject it, but a parser still reads it.
fn base64(data: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(data.len() * 4 / 3 + 4);
    for chunk in data.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { digit } else { b'=' });
        }
    }
    out
}

#[tokio::test]
async fn limits_end_the_worker() {
    let small = Limits { memory: 40 << 20, ..patient() };
    assert!(matches!(
        made(&letter("plain_german"), &german(), small).await,
        Err(ExportError::WorkerLimit(_) | ExportError::Worker(_))
    ));
    let short = Limits { wall: std::time::Duration::from_millis(1), ..patient() };
    assert!(matches!(
        made(&letter("plain_german"), &german(), short).await,
        Err(ExportError::WorkerStopped(_))
    ));
    let tight = Limits { output: 1000, ..patient() };
    assert!(matches!(
        made(&letter("plain_german"), &german(), tight).await,
        Err(ExportError::WorkerLimit(_))
    ));
    let nowhere = Worker::find(Some(Path::new("/nonexistent/sealpost-pdf")), patient());
    assert!(matches!(nowhere, Err(ExportError::WorkerMissing(_))));
}

/// The limits that the kernel enforces on the worker, read from outside while it waits for its input.
#[test]
fn nothing_can_be_opened_by_the_worker() {
    use std::io::BufRead as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_sealpost-pdf"))
        .args(["--memory", "1000000000", "--cpu", "7"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The limits of a process are set one by one; file size is the last.
    let limits = || std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let line = |limits: &str, name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        line.trim_start_matches(name).split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    };
    let mut seen = limits();
    while line(&seen, "Max file size") != "0 0" {
        std::thread::yield_now();
        seen = limits();
    }
    assert_eq!(line(&seen, "Max open files"), "3 3");
    assert_eq!(line(&seen, "Max core file size"), "0 0");
    assert_eq!(line(&seen, "Max address space"), "1000000000 1000000000");
    assert_eq!(line(&seen, "Max cpu time"), "7 8");
    drop(child.stdin.take());
    let mut said = String::new();
    std::io::BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.starts_with("sealpost-pdf: the input ends too early"), "{said}");
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn a_worker_without_limits_or_input_does_nothing() {
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_sealpost-pdf"))
            .args(arguments)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    };
    for arguments in [&[][..], &["--memory", "1"], &["--memory", "1000000000", "--cpu", "5"]] {
        let done = run(arguments);
        assert_eq!(done.status.code(), Some(2), "{arguments:?}");
        assert!(done.stdout.is_empty() && done.stderr.starts_with(b"sealpost-pdf: "));
    }
}

/// Labels of an invented language.
fn unspoken() -> Labels {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../webmail-ui/locales/en");
    let texts: String = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    Labels::of("en", |key| {
        let line = texts.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ")).unwrap();
        let text = line.replace("{ $", "{").replace(" }", "}").replace("{\"", "").replace("\"}", "");
        // Full-width letters are in none of our fonts; Cyrillic ones are.
        let shown = |c: char| match c {
            '\u{FF21}'..='\u{FF3A}' => char::from_u32(u32::from(c) - 0xFF21 + 0x410).unwrap(),
            '\u{FF41}'..='\u{FF5A}' => char::from_u32(u32::from(c) - 0xFF41 + 0x430).unwrap(),
            c => c,
        };
        plain::replaced(&text).chars().map(shown).collect()
    })
}

/// Letters, and a document of the operator's own such as the evidence about a letter, with numbers instead of
/// words: any other readable text did not come from a language folder.
#[tokio::test]
async fn a_document_says_nothing_that_is_not_in_a_language_folder() {
    let head = "From: 1 <a@9.example>\r\nTo: b@9.example\r\nDate: Thu, 19 Nov 2026 10:00:00 +0100\r\n";
    let files = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\
         <p>4711 <img src=\"cid:none\"></p><table border=1><tr><th>1</th></tr><tr><td>2</td></tr></table>\r\n\
         --b\r\nContent-Disposition: attachment; filename=\"11\"\r\n\r\n0\r\n--b--\r\n";
    let closed = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIAG\r\n";
    for (what, fields) in [
        ("without subject and text", "\r\n"),
        ("with files", files),
        ("encrypted", closed),
        ("plain", "Subject: 4711\r\nCc: c@9.example\r\nReply-To: d@9.example\r\n\r\n12345 \u{1F9FF}\r\n"),
    ] {
        let letter = format!("{head}{fields}");
        let labels = unspoken();
        let rows = [("1".to_owned(), "2".to_owned())];
        let wording =
            Wording { labels: &labels, zone: "Europe/Berlin", letterhead: Some("4710"), appointments: &rows };
        let document = pdf(letter.as_bytes(), &wording, NOW, &worker(patient())).await.unwrap();
        let text = Reader::of(&document).text();
        assert!(text.contains("4710"), "{what}: {text}");
        let known =
            ["a@9.example", "b@9.example", "c@9.example", "d@9.example", "original.eml", "smime.p7m", "UTC"];
        assert_eq!(plain::plain_words(&text, &known), Vec::<String>::new(), "{what}: {text}");
    }
}
