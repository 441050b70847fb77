//! Letters of every kind are sent by a real Postfix and exported from the portal as eml, msg, pdf and zip; other
//! programs read them back: extract-msg, olefile, msgconvert, pdfinfo, pdfdetach, qpdf, pdf_oxide's PDF/A validator,
//! Python's zipfile.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rig::process::poll;
use rig::reader::{activate, letter_paths};
use rig::readers::{corpus, embedded, python, root, said};
use rig::{Config, Gateway, Hop, Postfix, Web, letters};

const MAX: &str = "max@web.example";
/// This department's mail is confidential without a tag, so nothing of it changes on the way.
const FROM: &str = "erika.muster@unfall.insurer.example";

/// The corpus, and what only a test can carry: a file of 20 MB.
fn letters_to_send() -> Vec<(String, Vec<u8>)> {
    let mut all = corpus();
    let mut state: u64 = 4711;
    let film: Vec<u8> = (0..20 << 20)
        .map(|_| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            state.to_le_bytes()[7]
        })
        .collect();
    all.push((
        "large".to_owned(),
        letters::rich("Φωτογραφίες, фото, Fotos", "Größe: 20 MB", "<p>Größe</p>", "Фото Ψ.bin", &film),
    ));
    all
}

/// Sends them by way of the insurer's own Postfix to one new mailbox and opens it.
fn delivered(letters: &[(String, Vec<u8>)]) -> (Gateway, Web) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    // The worker of a debug build is slow.
    config.set("[listener]", "max-size", r#""64 MiB""#).set("portal.export", "pdf-time", r#""10 min""#);
    let gateway = Gateway::start(&config);
    // An insurer's server that adds its trace and changes nothing.
    let postfix = Postfix::relaying_to(
        gateway.config.smtp,
        "message_size_limit = 70000000\nlocal_header_rewrite_clients =\n",
    );
    let mut client = postfix.smtp();
    for (name, letter) in letters {
        let reply = client.letter(FROM, &[MAX], letter);
        assert_eq!(reply.code, 250, "{name}: {reply}");
    }
    let wanted = i64::try_from(letters.len()).unwrap();
    poll("all letters in the mailbox", || {
        (gateway.count("SELECT count(*) FROM deposits") == wanted).then_some(())
    });
    let mut web = gateway.web();
    web.patience = std::time::Duration::from_secs(600);
    activate(&mut web, &letters::link(&hop.wait_to(MAX).bytes));
    (gateway, web)
}

/// Fetches every letter as it was sent, and says which is which.
fn as_sent(web: &mut Web, letters: &[(String, Vec<u8>)]) -> BTreeMap<String, (String, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for page in 1.. {
        let paths = letter_paths(&web.get(&format!("/inbox?page={page}")));
        let before = found.len();
        for path in paths {
            let eml = web.get(&format!("{path}/eml")).expect(200).body.clone();
            assert!(eml.starts_with(b"Received: from "), "Postfix left no trace in {path}");
            let same = letters.iter().find(|(_, letter)| letters::without_trace(&eml) == letter.as_slice());
            let (name, _) =
                same.unwrap_or_else(|| panic!("changed on the way:\n{}", String::from_utf8_lossy(&eml)));
            found.insert(name.clone(), (path, eml));
        }
        if found.len() == before {
            break;
        }
    }
    assert_eq!(found.len(), letters.len(), "not all came: {:?}", found.keys());
    found
}

/// A PDF that a letter was made into.
fn check_pdf(name: &str, file: &Path, eml: &[u8]) {
    let checked = said(Command::new("qpdf").arg("--check").arg(file));
    assert!(checked.contains("No syntax or stream encoding errors"), "{name}: {checked}");
    let info = said(Command::new("pdfinfo").args(["-enc", "UTF-8"]).arg(file));
    let meta = said(Command::new("pdfinfo").arg("-meta").arg(file));
    assert!(meta.contains("<pdfaid:part>3</pdfaid:part>"), "{name} does not say PDF/A-3: {meta}");
    let letter = mail_parser::MessageParser::default().parse(eml).unwrap();
    if let Some(subject) = letter.subject().filter(|s| s.is_ascii() && s.len() < 80) {
        assert!(info.contains(subject.trim()), "{name} is called otherwise: {info}");
    }
    let files = embedded(file);
    let original = files.iter().find(|(name, _)| name == "original.eml");
    assert!(original.is_some_and(|(_, bytes)| bytes == eml), "{name}: the letter itself is not in it");
    // The parts of this one are ambiguous.
    let clear = name != "broken_mime";
    for part in letter.attachments().filter(|part| clear && !part.is_message()) {
        let bytes = part.contents();
        let has = |(_, file): &(String, Vec<u8>)| file == bytes;
        assert!(
            bytes.is_empty() || files.iter().any(has),
            "{name}: a file of {} bytes is missing",
            bytes.len()
        );
    }
}

#[test]
fn letters_of_every_kind_are_read_back_by_others() {
    let letters = letters_to_send();
    let (gateway, mut web) = delivered(&letters);
    let all = as_sent(&mut web, &letters);
    let folder = tempfile::tempdir().unwrap();
    for (name, (path, eml)) in &all {
        let file = folder.path().join(name);
        std::fs::write(file.with_extension("eml"), eml).unwrap();
        std::fs::write(file.with_extension("msg"), &web.get(&format!("{path}/msg")).expect(200).body)
            .unwrap();
        let pdf = file.with_extension("pdf");
        std::fs::write(&pdf, &web.get(&format!("{path}/pdf")).expect(200).body).unwrap();
        check_pdf(name, &pdf, eml);
    }
    let told = said(python().arg(root().join("tests/exports/check_pdfa.py")).arg(folder.path()));
    assert!(told.contains(&format!("{} documents, 0 not PDF/A-3b", letters.len())), "{told}");
    let told =
        said(python().arg(root().join("tests/exports/read_msg.py")).arg(folder.path()).arg("--msgconvert"));
    assert!(told.contains(&format!("{} messages read, 0 differences", letters.len())), "{told}");

    // All at once: the same bytes, every one of them, under names that differ.
    let page = web.get("/export");
    for format in ["eml", "msg"] {
        let archive = web.submit(&page, "/export/zip", &[("format", format)]);
        archive.expect(200);
        let file = gateway.home.write("all.zip", &archive.body);
        let script = "import sys,zipfile,pathlib,collections\n\
            z = zipfile.ZipFile(sys.argv[1]); names = z.namelist()\n\
            assert z.testzip() is None and len(set(n.lower() for n in names)) == len(names), names\n\
            inside = collections.Counter(z.read(n) for n in names if n.endswith(sys.argv[3]))\n\
            single = collections.Counter(p.read_bytes() for p in pathlib.Path(sys.argv[2]).glob('*' + sys.argv[3]))\n\
            assert inside == single, (len(inside), len(single))\n\
            print('same', len(names))";
        let suffix = format!(".{format}");
        let told = said(python().args(["-c", script]).arg(&file).arg(folder.path()).arg(&suffix));
        assert!(told.contains("same"), "{told}");
    }
    gateway.sweep();
}
