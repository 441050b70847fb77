//! Letters from bug reports of other mail programs, and what a reader sees of them.

use std::path::Path;

use crate::Letter;
use crate::attached_name::tests::english;

fn stored(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reading").join(format!("{name}.eml"));
    std::fs::read(path).unwrap()
}

/// Text, page, and files by name and type.
fn seen(name: &str) -> (String, String, Vec<(String, String, u64)>) {
    let bytes = stored(name);
    let letter = Letter::parse(&bytes).unwrap();
    let files = letter
        .attachments()
        .into_iter()
        .map(|one| (english(&one.name), one.content_type, one.size))
        .collect();
    (letter.text().unwrap_or_default(), letter.html().unwrap_or_default(), files)
}

#[test]
fn the_body_is_the_one_that_says_something() {
    for (name, words) in [
        ("s-amp", "Text"),
        ("s-blankhtml", "Der Inhalt steht im Text."),
        ("s-emptyhtml", "Der Inhalt steht im Text."),
        ("s-emptyplain", "Der Inhalt steht im HTML."),
        ("s-enriched", "Text hier"),
        ("s-p7m-opaque", "Opak signierter Text"),
        ("s-related-start", "Hauptteil"),
        ("s-roottxtatt", "Inhalt der Datei"),
        ("w-html", "Nur im TNEF steht dieser Text"),
        ("t-cteodd", "Größe"),
        ("t-flowed", "Der Satz geht weiter und endet hier."),
        ("s-uu", "Anbei die Datei"),
        ("q-td", "Schadennummer 4711\nBetrag 100 EUR"),
        ("q-amounts", "10 100"),
        ("q-br", "Zeile eins\nZeile zwei\nZeile drei"),
        ("q-divs", "Hallo\n\nZeile zwei\nZeile drei"),
        ("q-li", "- eins\n- zwei"),
        ("q-link", "https://insurer.example/formular"),
        ("q-nohead", "Der ganze Brief"),
        ("q-xhtml", "Der ganze Brief"),
        ("cs-ansi", "Größe"),
        ("cs-iso88591", "Größe"),
        ("cs-unknown8", "Größe"),
        ("cs-usascii-8bit", "Größe"),
        ("cs-utf8-label-latin1", "Größe für Müller"),
        ("cs-latin1-label-utf8", "Größe für Müller"),
        ("cs-meta", "Žluťoučký kůň"),
    ] {
        let (text, html, _) = seen(name);
        assert!(text.contains(words), "{name}: {text:?}");
        assert!(!text.contains("begin 644") && !text.contains('\u{fffd}'), "{name}: {text:?}");
        let shown = crate::html_to_text(&html);
        assert!(html.is_empty() || name == "t-flowed" || !shown.trim().is_empty(), "{name}: an empty page");
    }
    for (name, page) in [
        ("s-emptyhtml", false),
        ("s-blankhtml", false),
        ("s-emptyplain", true),
        ("w-html", true),
        ("s-related-start", true),
    ] {
        assert_eq!(!seen(name).1.is_empty(), page, "{name}");
    }
    let (text, _, files) = seen("c-only");
    assert!(text.is_empty() && files.iter().any(|(_, kind, _)| kind == "text/calendar"), "{text} {files:?}");
}

#[test]
fn files_are_what_they_are() {
    for (name, file, kind, least) in [
        ("s-emloctet", "mail.eml", "message/rfc822", 100),
        ("eml-octet", "mail.eml", "message/rfc822", 100),
        ("s-uu", "bericht.txt", "text/plain", 11),
        ("s-roottxtatt", "brief.txt", "text/plain", 16),
        ("tnef-pdf", "Größe.pdf", "application/pdf", 100),
        ("w-embed", "Innerer Brief.eml", "message/rfc822", 100),
        ("c-appics", "", "text/calendar", 100),
        ("c-ics-text", "", "text/calendar", 100),
        ("n-2047split", "Größe.pdf", "application/pdf", 100),
        ("n-slash", "Schaden 12_2026.pdf", "application/pdf", 100),
        ("v-octjpg", "", "image/png", 50),
        ("v-xpdf", "", "application/pdf", 50),
    ] {
        let (_, _, files) = seen(name);
        let found = files
            .iter()
            .any(|(one, of, size)| (file.is_empty() || one == file) && of == kind && *size >= least);
        assert!(found, "{name}: {files:?}");
    }
    for name in ["s-amp", "s-enriched", "w-html", "s-emptyhtml", "s-emptyplain"] {
        let (_, _, files) = seen(name);
        assert!(files.iter().all(|(one, _, _)| !one.starts_with("attachment-")), "{name}: {files:?}");
    }
}

#[test]
fn a_picture_is_left_out_only_where_the_page_shows_it() {
    let inline = |name: &str| -> Vec<(String, Option<String>)> {
        let bytes = stored(name);
        let files = Letter::parse(&bytes).unwrap().attachments();
        files.into_iter().map(|one| (english(&one.name), one.inline_cid)).collect()
    };
    for name in ["i-exchatt", "i-unref", "i-bg", "i-nocid"] {
        assert!(inline(name).iter().any(|(_, cid)| cid.is_none()), "{name}: {:?}", inline(name));
    }
    for name in ["i-case", "i-dblbrackets", "i-enccid", "i-iphone"] {
        assert!(inline(name).iter().any(|(_, cid)| cid.is_some()), "{name}: {:?}", inline(name));
    }
    let both = inline("i-dup");
    assert_eq!((both.len(), both[0].1.is_some(), both[1].1.is_some()), (2, true, false), "{both:?}");
}

#[test]
fn a_message_in_a_winmail_dat_is_a_letter() {
    let bytes = stored("w-embed");
    let letter = Letter::parse(&bytes).unwrap();
    let files = letter.attachments();
    let inner = files.iter().find(|one| one.content_type == "message/rfc822").unwrap();
    assert!(inner.within);
    let inner = letter.attachment_bytes(inner.index).unwrap();
    let inner = Letter::parse(&inner).unwrap();
    assert_eq!(inner.summary().subject.as_deref(), Some("Innerer Brief"));
    assert!(inner.html().unwrap().contains("Nur im TNEF steht dieser Text"));
}

#[test]
fn names_subjects_and_dates_are_read() {
    let summary = |name: &str| Letter::parse(&stored(name)).unwrap().summary();
    assert_eq!(summary("h-split-from").from[0].name.as_deref(), Some("Jürgen Müller"));
    assert_eq!(summary("h-split-from").from[0].address.as_deref(), Some("j@unfall.insurer.example"));
    assert_eq!(summary("h-cs-unknown").subject.as_deref(), Some("h-cs-unknown Größe"));
    assert_eq!(summary("h-utf8lab-latin1").subject.as_deref(), Some("h-utf8lab-latin1 Größe"));
    for (name, hours) in [("h-date0", 10), ("h-date11", 9), ("h-date3", 10), ("h-date4", 10), ("h-date6", 9)]
    {
        let date = summary(name).date.unwrap_or_else(|| panic!("{name}: no date"));
        assert_eq!(date.seconds(), 1_795_737_600 + hours * 3600, "{name}");
    }
}
