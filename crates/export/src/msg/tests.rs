//! The content of a file, read back with the library that wrote it. Other readers: `tests/exports`.

use std::io::{Cursor, Read as _};

use super::*;
use crate::pdf::sample_labels::labels;

const LETTER: &str = "From: =?utf-8?q?J=C3=BCrgen?= <j@x.example>\r\nTo: \"Weiß, Anna\" <a@y.example>, b@y.example\r\nCc: c@y.example\r\n\
Subject: Re: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\nDate: Tue, 17 Nov 2026 09:41:00 +0100\r\nMessage-ID: <1@x.example>\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<b>ä</b><img src=\"cid:p\">\r\n\
--b\r\nContent-Type: image/png\r\nContent-ID: <p>\r\nContent-Disposition: inline; filename=p.png\r\n\r\nPNG\r\n\
--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: innen\r\nTo: z@z.example\r\n\r\ndrin\r\n--b--\r\n";

fn made(letter: &[u8]) -> Result<Vec<u8>, ExportError> {
    msg(letter, &labels("en").files)
}

fn open(bytes: &[u8]) -> CompoundFile<Cursor<Vec<u8>>> {
    CompoundFile::open_strict(Cursor::new(bytes.to_vec())).unwrap()
}

fn stream(file: &mut CompoundFile<Cursor<Vec<u8>>>, path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.open_stream(path).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn text(file: &mut CompoundFile<Cursor<Vec<u8>>>, path: &str) -> String {
    let units: Vec<u16> =
        stream(file, path).chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).unwrap()
}

#[test]
fn a_letter_becomes_a_message() {
    let bytes = made(LETTER.as_bytes()).unwrap();
    let mut file = open(&bytes);
    assert_eq!(file.version(), Version::V3);
    assert_eq!(*file.root_entry().clsid(), MESSAGE_CLASS);
    assert_eq!(text(&mut file, "/__substg1.0_0037001F"), "Re: Größe");
    assert_eq!(text(&mut file, "/__substg1.0_003D001F"), "Re: ");
    assert_eq!(text(&mut file, "/__substg1.0_0E1D001F"), "Größe");
    assert_eq!(text(&mut file, "/__substg1.0_0C1A001F"), "Jürgen");
    assert_eq!(text(&mut file, "/__substg1.0_0E04001F"), "Weiß, Anna; b@y.example");
    assert_eq!(text(&mut file, "/__substg1.0_1035001F"), "<1@x.example>");
    assert!(stream(&mut file, "/__substg1.0_10130102").starts_with("<b>ä</b>".as_bytes()));
    assert!(text(&mut file, "/__substg1.0_007D001F").contains("Message-ID: <1@x.example>\r\n"));
    assert_eq!(text(&mut file, "/__recip_version1.0_#00000002/__substg1.0_3003001F"), "c@y.example");
    // 32 bytes of header, then entries of 16 (MS-OXMSG §2.4)
    let table = stream(&mut file, "/__properties_version1.0");
    assert_eq!((table.len() - 32) % 16, 0);
    assert_eq!(table[8..24], [3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0]);
}

#[test]
fn pictures_are_hidden_and_letters_are_messages() {
    let mut file = open(&made(LETTER.as_bytes()).unwrap());
    assert_eq!(text(&mut file, "/__attach_version1.0_#00000000/__substg1.0_3712001F"), "p");
    let entries = stream(&mut file, "/__attach_version1.0_#00000000/__properties_version1.0");
    assert!(entries[8..].chunks(16).any(|entry| entry[..4] == [0x0b, 0, 0xfe, 0x7f] && entry[8] == 1));
    let inside = "/__attach_version1.0_#00000001/__substg1.0_3701000D";
    assert_eq!(text(&mut file, &format!("{inside}/__substg1.0_0037001F")), "innen");
    assert_eq!(
        text(&mut file, &format!("{inside}/__recip_version1.0_#00000000/__substg1.0_3003001F")),
        "z@z.example"
    );
    assert_eq!((stream(&mut file, &format!("{inside}/__properties_version1.0")).len() - 24) % 16, 0);
}

/// RFC 6854: a group may be the author, too.
#[test]
fn the_name_of_a_group_stands_before_its_first_member() {
    let letter = "From: Leistung: Anna <a@x.example>;\r\nTo: Beirat: b@x.example, Carla <c@x.example>;, d@x.example\r\n\r\nx\r\n";
    let mut file = open(&made(letter.as_bytes()).unwrap());
    assert_eq!(text(&mut file, "/__substg1.0_0C1A001F"), "Leistung: Anna");
    assert_eq!(text(&mut file, "/__substg1.0_0042001F"), "Leistung: Anna");
    assert_eq!(text(&mut file, "/__substg1.0_0E04001F"), "Beirat: b@x.example; Carla; d@x.example");
    assert_eq!(text(&mut file, "/__recip_version1.0_#00000001/__substg1.0_3001001F"), "Carla");
}

#[test]
fn the_same_letter_gives_the_same_bytes() {
    assert_eq!(made(LETTER.as_bytes()).unwrap(), made(LETTER.as_bytes()).unwrap());
}

#[test]
fn large_files_stay_where_they_are() {
    // Large enough that the container's own tables are in between.
    let file = |n: u8, bytes: usize| {
        let line: String = (0..76).map(|at| char::from(b'a' + (n + at) % 26)).collect();
        let text = format!("{line}\r\n").repeat(bytes / 78);
        format!(
            "--b\r\nContent-Type: application/pdf; name=f{n}.pdf\r\nContent-Disposition: attachment\r\n\r\n{text}\r\n"
        )
    };
    let letter = format!(
        "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n{}{}{}--b--\r\n",
        file(1, 300_000),
        file(2, 10_000),
        file(3, 9_000_000)
    );
    let pieces = msg_pieces(letter.as_bytes(), &labels("en").files).unwrap();
    let held: u64 = pieces.iter().filter(|p| matches!(p, MsgPiece::Bytes(_))).map(MsgPiece::size).sum();
    assert!(held < 300_000, "{held} bytes held");
    assert!(pieces.len() > 6, "the tables lie in between: {}", pieces.len());
    let whole = made(letter.as_bytes()).unwrap();
    assert_eq!(pieces.iter().map(MsgPiece::size).sum::<u64>(), whole.len() as u64);
    let parsed = Letter::parse(letter.as_bytes()).unwrap();
    let mut opened = open(&whole);
    for index in 0..3 {
        let path = format!("/__attach_version1.0_#{index:08X}/__substg1.0_37010102");
        let (read, wanted) = (stream(&mut opened, &path), parsed.attachment_bytes(index).unwrap());
        let differs = read.iter().zip(wanted.iter()).position(|(a, b)| a != b);
        assert_eq!((read.len(), differs), (wanted.len(), None), "file {index}");
    }
}

#[test]
fn letters_within_letters_end_somewhere() {
    let mut letter = "Subject: 0\r\n\r\nende\r\n".to_owned();
    for depth in 1..30 {
        letter = format!("Subject: {depth}\r\nContent-Type: message/rfc822\r\n\r\n{letter}");
    }
    let mut file = open(&made(letter.as_bytes()).unwrap());
    let path = "/__attach_version1.0_#00000000/__substg1.0_3701000D".repeat(4);
    assert_eq!(text(&mut file, &format!("{path}/__substg1.0_0037001F")), "25");
    let rest = stream(&mut file, &format!("{path}/__attach_version1.0_#00000000/__substg1.0_37010102"));
    assert!(rest.starts_with(b"Subject: 24\r\n"));
}

#[test]
fn what_is_no_letter_or_too_large_is_refused() {
    assert!(matches!(made(b""), Err(ExportError::Letter(_))));
    assert!(matches!(made(&vec![b'x'; MAX_MSG + 1]), Err(ExportError::TooLarge { .. })));
}

#[test]
fn every_letter_of_the_corpus_becomes_a_message() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            open(&made(&std::fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}")));
            seen += 1;
        }
    }
    assert!(seen > 25);
}

#[test]
fn a_text_of_many_megabytes_is_refused_before_it_is_multiplied() {
    let letter = format!("Subject: x\r\n\r\n{}", "Zeile\r\n".repeat(MAX_MSG_TEXT / 7 + 2));
    assert!(matches!(made(letter.as_bytes()), Err(ExportError::TooLarge { .. })));
    let letter = format!("Subject: x\r\n\r\n{}", "Zeile\r\n".repeat(1000));
    assert!(made(letter.as_bytes()).is_ok());
}
